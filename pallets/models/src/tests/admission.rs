use frame_support::{traits::Hooks, weights::Weight};
use noema_primitives::{ModelId, ModelStage, RefusalCode, CHUNK_SIZE, PROFILE_1};

use crate::{
	mock::*, weights::WeightInfo, AdmissionQueue, Chunks, Config, Event, Refusals, Reports,
	Subtrees,
};

type Weights = <Test as Config>::WeightInfo;

#[test]
fn a_model_is_admitted_then_resident_at_their_blocks() {
	new_test(|| {
		let file = model_sized(0, 7, CHUNK_SIZE + 1);
		let id = submit(ALICE, &file);
		let due = 1 + ADMISSION_DELAY + 1;
		run_to(due - 1);
		assert_eq!(stage(id), Some(ModelStage::Queued { admission: due }));
		assert!(!Reports::<Test>::contains_key(id));

		next_block();
		let resident = due + MATURITY_PERIOD;
		assert_eq!(stage(id), Some(ModelStage::Maturing { resident }));
		assert_eq!(
			events(),
			vec![Event::ModelAdmitted {
				model: id,
				resident,
				plan_bytes: 7
			}]
		);
		let report = Reports::<Test>::get(id).expect("reported");
		assert_eq!((report.profile, report.plan_bytes), (PROFILE_1, 7));
		assert!(!Subtrees::<Test>::contains_key(id));
		assert_eq!(Chunks::<Test>::iter_key_prefix(id).count(), 2);
		check_invariants();

		run_to(resident - 1);
		assert_eq!(stage(id), Some(ModelStage::Maturing { resident }));
		next_block();
		assert_eq!(stage(id), Some(ModelStage::Resident));
		assert_eq!(events(), vec![Event::ModelResident { model: id }]);
	});
}

#[test]
fn a_refused_file_goes_and_its_reason_stays_a_while() {
	new_test(|| {
		let before = Balances::free_balance(ALICE);
		let file = no_model(0);
		let id = submit(ALICE, &file);
		run_to(1 + ADMISSION_DELAY);
		assert_eq!(Balances::free_balance(ALICE), before);
		let refusal = ModelsPallet::refusal(id).expect("kept");
		assert_eq!(
			(refusal.code, &refusal.subject[..]),
			(RefusalCode::NotOnnx, &b"file"[..])
		);
		assert_eq!(events()[0], Event::ModelRefused { model: id, refusal });
		assert_eq!(Refusals::<Test>::get()[0].block, 1 + ADMISSION_DELAY);
		// It had one chunk.
		assert_eq!(stage(id), None);
		check_invariants();

		// The same bytes may be tried again: another runtime may know more.
		submit(ALICE, &file);
		run_until(id, |stage| stage.is_none());
		assert_eq!(Refusals::<Test>::get().len(), 2);

		for seed in 1..=u64::from(REFUSALS_KEPT) {
			let id = submit(ALICE, &no_model(seed));
			run_until(id, |stage| stage.is_none());
		}
		assert_eq!(Refusals::<Test>::get().len(), REFUSALS_KEPT as usize);
		assert_eq!(ModelsPallet::refusal(id), None);
		assert!(ModelsPallet::refusal(ModelId::of(&no_model(1))).is_some());
	});
}

#[test]
fn a_fault_loses_no_model() {
	new_test(|| {
		let ids = [submit(ALICE, &model(0, 1)), submit(ALICE, &model(1, 1))];
		break_admission(true);
		run_to(10 + ADMISSION_DELAY);
		for id in ids {
			assert_eq!(
				stage(id),
				Some(ModelStage::Queued {
					admission: 1 + ADMISSION_DELAY
				})
			);
		}
		check_invariants();
		break_admission(false);
		next_block();
		for id in ids {
			assert!(matches!(stage(id), Some(ModelStage::Maturing { .. })));
		}
	});
}

#[test]
fn a_block_takes_a_bounded_number_and_the_weight_says_so() {
	new_test(|| {
		let ids: Vec<ModelId> = (0..6).map(|seed| submit(ALICE, &model(seed, 1))).collect();
		let due = 1 + ADMISSION_DELAY;
		let queued = || {
			let queued = |id: &&ModelId| matches!(stage(**id), Some(ModelStage::Queued { .. }));
			ids.iter().filter(queued).count()
		};
		assert_eq!(queued(), 6);
		run_to(due - 1);
		let idle = ModelsPallet::on_initialize(due - 1);
		assert_eq!(idle, Weights::on_initialize_idle());

		System::set_block_number(due);
		let weight = ModelsPallet::on_initialize(due);
		assert_eq!(queued(), 2);
		let expected = (0..4).fold(idle, |sum, _| sum.saturating_add(Weights::admit(HEADER)));
		assert_eq!(weight, expected);
		next_block();
		assert_eq!(queued(), 0);
	});
}

#[test]
fn a_block_takes_a_bounded_number_of_bytes_but_one_file_of_any_size() {
	new_test(|| {
		// Uploaded over some blocks, then submitted in one, so that all are due together.
		let large = model_sized(0, 1, 3 * CHUNK_SIZE);
		let files: Vec<Vec<u8>> = [large]
			.into_iter()
			.chain((1..3).map(|i| model(i, 1)))
			.collect();
		let ids: Vec<ModelId> = files.iter().map(|file| ModelId::of(file)).collect();
		for (id, file) in ids.iter().zip(&files) {
			upload_as(ALICE, *id, file);
		}
		let due = |id: ModelId| match stage(id) {
			Some(ModelStage::Queued { admission }) => admission,
			other => panic!("{other:?}"),
		};
		assert!(ModelsPallet::submit(RuntimeOrigin::signed(ALICE), ids[0]).is_ok());
		run_to(due(ids[0]) - ADMISSION_DELAY);
		for id in &ids[1..] {
			assert!(ModelsPallet::submit(RuntimeOrigin::signed(ALICE), *id).is_ok());
			assert_eq!(due(*id), due(ids[0]));
		}
		run_to(due(ids[0]));
		let queued: Vec<ModelId> = AdmissionQueue::<Test>::get().iter().map(|q| q.id).collect();
		assert_eq!(queued, ids[1..], "the large one filled the block");
		next_block();
		assert!(AdmissionQueue::<Test>::get().is_empty());
	});
}

#[test]
fn refusals_count_against_the_block_too() {
	new_test(|| {
		for seed in 0..6 {
			submit(ALICE, &no_model(seed));
		}
		run_to(1 + ADMISSION_DELAY);
		assert_eq!(AdmissionQueue::<Test>::get().len(), 2);
	});
}

#[test]
fn maturities_are_bounded_per_block() {
	new_test(|| {
		// Ten mature at the same block, as they might after a change of the period.
		let ids: Vec<ModelId> = (0..2)
			.flat_map(|round| (0..5).map(move |i| round * 5 + i))
			.map(|seed| {
				let id = submit(ALICE, &model(seed, 1));
				run_until(id, |stage| {
					matches!(stage, Some(ModelStage::Maturing { .. }))
				});
				id
			})
			.collect();
		let resident = System::block_number() + 2;
		crate::MaturingQueue::<Test>::kill();
		for id in &ids {
			crate::Models::<Test>::mutate(id, |record| {
				record.as_mut().expect("known").stage = ModelStage::Maturing { resident };
			});
			let maturing = crate::MaturingModel {
				id: *id,
				resident,
				plan_bytes: 1,
			};
			crate::MaturingQueue::<Test>::try_append(maturing).expect("there is place");
		}
		run_to(resident - 1);
		check_invariants();
		System::set_block_number(resident);
		let weight = ModelsPallet::on_initialize(resident);
		assert_eq!(weight, Weights::on_initialize_idle() + Weights::mature(8));
		let left: Weight = Weights::on_initialize_idle() + Weights::mature(2);
		System::set_block_number(resident + 1);
		assert_eq!(ModelsPallet::on_initialize(resident + 1), left);
		assert!(ids
			.iter()
			.all(|id| stage(*id) == Some(ModelStage::Resident)));
	});
}
