use frame_support::{assert_noop, assert_ok};
use noema_primitives::{ModelId, ModelStage, CHUNK_SIZE};

use crate::{mock::*, Error, Event, MaturingQueue, Reports, WorkingBytes, WorkingModels};

fn remove(who: AccountId, id: ModelId) -> sp_runtime::DispatchResult {
	ModelsPallet::remove_model(RuntimeOrigin::signed(who), id)
}

#[test]
fn deposit_and_room_return_at_once_and_the_chunks_go() {
	new_test(|| {
		let before = Balances::free_balance(ALICE);
		let other = make_resident(ALICE, &model(0, 11));
		let id = make_resident(ALICE, &model_sized(1, 7, 5 * CHUNK_SIZE));
		assert_eq!(WorkingBytes::<Test>::get(), 18);
		assert_ok!(remove(ALICE, id));
		assert_eq!(stage(id), Some(ModelStage::Removing));
		assert_eq!(
			events().pop(),
			Some(Event::ModelRemovalStarted { model: id })
		);
		assert_eq!(WorkingBytes::<Test>::get(), 11);
		let working = WorkingModels::<Test>::get();
		assert_eq!((working.len(), working[0].id), (1, other));
		assert!(!Reports::<Test>::contains_key(id));
		assert_eq!(
			before - Balances::free_balance(ALICE),
			model_deposit(HEADER)
		);
		check_invariants();
		next_block();
		assert_eq!(stage(id), None);
		assert_eq!(events(), vec![Event::ModelRemoved { model: id }]);
	});
}

#[test]
fn a_maturing_model_stops_maturing() {
	new_test(|| {
		let id = submit(ALICE, &model(0, 1));
		run_to(1 + ADMISSION_DELAY);
		assert_eq!(MaturingQueue::<Test>::get().len(), 1);
		assert_ok!(remove(ALICE, id));
		assert!(MaturingQueue::<Test>::get().is_empty());
		run_to(2 + ADMISSION_DELAY + MATURITY_PERIOD);
		assert_eq!(stage(id), None);
	});
}

#[test]
fn only_the_uploader_and_only_without_releases() {
	new_test(|| {
		let id = make_resident(ALICE, &model(0, 1));
		assert_ok!(release(BOB, id, "a", "1", 0));
		assert_noop!(remove(BOB, id), Error::<Test>::NotUploader);
		assert_noop!(remove(ALICE, id), Error::<Test>::ModelHasReleases);
		assert_ok!(retire(BOB, "a", "1"));
		assert_ok!(remove(ALICE, id));
		assert_noop!(remove(ALICE, id), Error::<Test>::ModelNotAdmitted);
	});
}

#[test]
fn only_admitted_models() {
	new_test(|| {
		let file = model(0, 1);
		let id = ModelId::of(&file);
		assert_noop!(remove(ALICE, id), Error::<Test>::UnknownModel);
		upload_as(ALICE, id, &file);
		assert_noop!(remove(ALICE, id), Error::<Test>::ModelNotAdmitted);
		assert_ok!(ModelsPallet::submit(RuntimeOrigin::signed(ALICE), id));
		assert_noop!(remove(ALICE, id), Error::<Test>::ModelNotAdmitted);
	});
}
