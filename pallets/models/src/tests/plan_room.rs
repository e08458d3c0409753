use frame_support::assert_ok;
use noema_primitives::{ModelId, ModelStage};

use crate::{mock::*, Event, Reports, WorkingBytes, WorkingModels};

fn maturing(id: ModelId) -> bool {
	matches!(stage(id), Some(ModelStage::Maturing { .. }))
}

#[test]
fn a_model_waits_until_there_is_room_to_mature() {
	new_test(|| {
		let first = submit(ALICE, &model(0, 300));
		let second = submit(ALICE, &model(1, 200));
		let third = submit(ALICE, &model(2, 1));
		let due = 1 + ADMISSION_DELAY;
		let asked = admissions();
		run_to(due + 1);
		assert!(maturing(first));
		assert_eq!(stage(second), Some(ModelStage::Queued { admission: due }));
		// It keeps its place before those that would fit.
		assert_eq!(stage(third), Some(ModelStage::Queued { admission: due }));
		assert_eq!(
			events().pop(),
			Some(Event::AdmissionDeferred { model: second })
		);
		assert!(Reports::<Test>::contains_key(second));
		check_invariants();

		next_block();
		assert_eq!(events(), vec![], "it is told once");
		run_to(due + MATURITY_PERIOD);
		assert_eq!(stage(first), Some(ModelStage::Resident));
		assert!(maturing(second) && !maturing(third));
		next_block();
		assert!(maturing(third));
		assert_eq!(admissions() - asked, 3, "each file is looked at once");
	});
}

#[test]
fn a_model_that_finds_no_room_goes_back_and_may_try_again() {
	new_test(|| {
		let ids: Vec<ModelId> = (0..3)
			.map(|seed| make_resident(ALICE, &model(seed, 300)))
			.collect();
		assert_eq!(WorkingBytes::<Test>::get(), 900);

		let id = submit(BOB, &model(9, 101));
		let due = System::block_number() + ADMISSION_DELAY;
		run_to(due);
		let expires = due + UPLOAD_LIFETIME;
		assert_eq!(stage(id), Some(ModelStage::Uploading { expires }));
		assert_eq!(
			events(),
			vec![Event::NoRoom {
				model: id,
				plan_bytes: 101,
				expires
			}]
		);
		assert!(!Reports::<Test>::contains_key(id));
		check_invariants();

		assert_ok!(ModelsPallet::remove_model(
			RuntimeOrigin::signed(ALICE),
			ids[0]
		));
		assert_ok!(ModelsPallet::submit(RuntimeOrigin::signed(BOB), id));
		run_to(due + ADMISSION_DELAY);
		assert!(maturing(id));
	});
}

#[test]
fn room_that_is_exactly_enough_is_enough() {
	new_test(|| {
		for seed in 0..2 {
			make_resident(ALICE, &model(seed, MAX_MATURING_BYTES));
		}
		let last = MAX_RESIDENT_BYTES - 2 * MAX_MATURING_BYTES;
		make_resident(ALICE, &model(3, last));
		assert_eq!(WorkingBytes::<Test>::get(), MAX_RESIDENT_BYTES);
	});
}

#[test]
fn a_plan_that_could_never_mature_goes_back() {
	new_test(|| {
		for plan_bytes in [MAX_MATURING_BYTES + 1, MAX_RESIDENT_BYTES + 1, u64::MAX] {
			let id = submit(ALICE, &model(plan_bytes, plan_bytes));
			run_to(System::block_number() + ADMISSION_DELAY);
			assert!(matches!(stage(id), Some(ModelStage::Uploading { .. })));
		}
	});
}

#[test]
fn the_number_of_models_is_bounded() {
	new_test(|| {
		for seed in 0..u64::from(MAX_RESIDENT_MODELS) {
			make_resident(ALICE, &model(seed, 0));
		}
		assert_eq!(
			WorkingModels::<Test>::get().len(),
			MAX_RESIDENT_MODELS as usize
		);
		let id = submit(ALICE, &model(99, 0));
		run_to(System::block_number() + ADMISSION_DELAY);
		assert!(matches!(stage(id), Some(ModelStage::Uploading { .. })));
	});
}

#[test]
fn a_waiting_model_goes_back_if_the_room_is_taken_meanwhile() {
	new_test(|| {
		make_resident(ALICE, &model(0, 400));
		make_resident(ALICE, &model(1, 200));
		// 400 are left: the first takes 300 of them, and the second would need more.
		let first = submit(ALICE, &model(2, 300));
		let second = submit(ALICE, &model(3, 100));
		let third = submit(ALICE, &model(4, 1));
		run_to(System::block_number() + ADMISSION_DELAY + 2);
		assert!(maturing(first) && maturing(second));
		assert!(matches!(stage(third), Some(ModelStage::Uploading { .. })));
		assert_eq!(WorkingBytes::<Test>::get(), MAX_RESIDENT_BYTES);
	});
}
