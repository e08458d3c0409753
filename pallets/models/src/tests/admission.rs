use frame_support::{assert_ok, traits::Hooks, weights::Weight};
use noema_primitives::{ModelId, ModelStage, RefusalCode, CHUNK_SIZE, PROFILE_1};

use crate::{
	mock::*, weights::WeightInfo, AdmissionQueue, Chunks, Config, Event, Refusals, Reports,
	Subtrees, WorkingStage,
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
			vec![
				Event::ModelAdmitted {
					model: id,
					plan_bytes: 7
				},
				Event::ModelMaturing {
					model: id,
					resident
				}
			]
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
		for id in ids {
			next_block();
			assert!(matches!(stage(id), Some(ModelStage::Maturing { .. })));
		}
	});
}

#[test]
fn a_block_takes_one_and_the_weight_says_so() {
	new_test(|| {
		// Every other file is refused: that counts, too.
		let file = |seed| match seed % 2 {
			0 => model(seed, 1),
			_ => no_model(seed),
		};
		let files: Vec<Vec<u8>> = (0..6).map(file).collect();
		let ids: Vec<ModelId> = files.iter().map(|file| submit(ALICE, file)).collect();
		let due = 1 + ADMISSION_DELAY;
		let queued = || {
			let queued = |id: &&ModelId| matches!(stage(**id), Some(ModelStage::Queued { .. }));
			ids.iter().filter(queued).count()
		};
		assert_eq!(queued(), 6);
		run_to(due - 1);
		let idle = ModelsPallet::on_initialize(due - 1);
		assert_eq!(idle, Weights::on_initialize_idle());

		// Up to the block in which the first one is resident.
		for (block, file) in (due..due + MATURITY_PERIOD).zip(&files) {
			let before = (queued(), admissions());
			System::set_block_number(block);
			let weight = ModelsPallet::on_initialize(block);
			assert_eq!((queued(), admissions()), (before.0 - 1, before.1 + 1));
			let removed = Weights::remove_chunks(u32::from(!file.starts_with(b"M")));
			let expected = idle + Weights::admit(file.len() as u32) + removed;
			assert_eq!(weight, expected);
			check_invariants();
		}
		assert_eq!(queued(), 1);
	});
}

#[test]
fn a_large_file_takes_the_place_of_those_that_as_many_blocks_could_take() {
	new_test(|| {
		let first = model_sized(0, 1, 3 * CHUNK_SIZE);
		let second = model(1, 1);
		for file in [&first, &second] {
			upload_as(ALICE, ModelId::of(file), file);
		}
		let ids = [ModelId::of(&first), ModelId::of(&second)];
		let admission = |id: ModelId| match stage(id) {
			Some(ModelStage::Queued { admission }) => admission,
			other => panic!("{other:?}"),
		};
		assert_ok!(ModelsPallet::submit(RuntimeOrigin::signed(ALICE), ids[0]));
		let due = admission(ids[0]);
		run_to(due - ADMISSION_DELAY);
		assert_ok!(ModelsPallet::submit(RuntimeOrigin::signed(ALICE), ids[1]));
		assert_eq!(admission(ids[1]), due);

		run_to(due);
		assert!(matches!(stage(ids[0]), Some(ModelStage::Maturing { .. })));
		// The block of the file itself, and one for each chunk that it is beyond the first.
		for _ in 0..3 {
			next_block();
			assert_eq!(admission(ids[1]), due);
			check_invariants();
		}
		next_block();
		assert!(matches!(stage(ids[1]), Some(ModelStage::Maturing { .. })));
	});
}

#[test]
fn a_model_that_waits_for_room_weighs_little_and_is_not_paced() {
	new_test(|| {
		submit(ALICE, &model(0, MAX_MATURING_BYTES));
		let large = model_sized(1, 1, 5 * CHUNK_SIZE);
		let id = submit(ALICE, &large);
		let deferred =
			|id| AdmissionQueue::<Test>::get()[0].id == id && Reports::<Test>::contains_key(id);
		for _ in 0..20 {
			if AdmissionQueue::<Test>::get().len() == 1 && deferred(id) {
				break;
			}
			// Keeps the room taken.
			crate::MaturingQueue::<Test>::mutate(|maturing| {
				maturing.iter_mut().for_each(|model| model.resident = 99);
			});
			let now = System::block_number() + 1;
			System::set_block_number(now);
			ModelsPallet::on_initialize(now);
		}
		assert!(deferred(id));
		let now = System::block_number() + 1;
		System::set_block_number(now);
		let weight = ModelsPallet::on_initialize(now);
		assert_eq!(
			weight,
			Weights::on_initialize_idle() + Weights::admit_waiting()
		);
		assert!(crate::NextAdmission::<Test>::get().is_some_and(|next| next > now + 1));

		crate::MaturingQueue::<Test>::mutate(|maturing| {
			maturing
				.iter_mut()
				.for_each(|model| model.resident = now + 1);
		});
		for model in crate::MaturingQueue::<Test>::get() {
			let resident = model.resident;
			crate::Models::<Test>::mutate(model.id, |record| {
				record.as_mut().expect("known").stage = ModelStage::Maturing { resident };
			});
		}
		next_block();
		assert!(matches!(stage(id), Some(ModelStage::Maturing { .. })));
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
			ModelsPallet::change_working(*id, |model| model.stage = WorkingStage::Maturing);
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
