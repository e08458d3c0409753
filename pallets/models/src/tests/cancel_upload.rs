use frame_support::{assert_noop, assert_ok};
use noema_primitives::{ModelId, ModelStage, CHUNK_SIZE};

use crate::{mock::*, AdmissionQueue, Error, Event, Reports};

fn cancel(who: AccountId, id: ModelId) -> sp_runtime::DispatchResult {
	ModelsPallet::cancel_upload(RuntimeOrigin::signed(who), id)
}

#[test]
fn an_upload_without_chunks_is_gone_at_once() {
	new_test(|| {
		let before = Balances::free_balance(ALICE);
		let id = ModelId::of(b"a");
		let begin = || ModelsPallet::begin_upload(RuntimeOrigin::signed(ALICE), id, MAX_MODEL_SIZE);
		assert_ok!(begin());
		assert_ok!(cancel(ALICE, id));
		assert_eq!(stage(id), None);
		assert_eq!(Balances::free_balance(ALICE), before);
		let last = [
			Event::UploadCancelled { model: id },
			Event::ModelRemoved { model: id },
		];
		assert_eq!(events()[1..], last);
		// Neither the first nor the second one's expiry is lost or left behind.
		assert_ok!(begin());
	});
}

#[test]
fn the_deposit_returns_at_once_and_the_chunks_go() {
	new_test(|| {
		let before = Balances::free_balance(ALICE);
		let file = model_sized(0, 1, 2 * CHUNK_SIZE);
		let id = ModelId::of(&file);
		upload_as(ALICE, id, &file);
		assert_ok!(cancel(ALICE, id));
		assert_eq!(stage(id), Some(ModelStage::Removing));
		assert_eq!(Balances::free_balance(ALICE), before);
		check_invariants();
		next_block();
		assert_eq!(stage(id), None);
	});
}

#[test]
fn a_queued_model_leaves_the_queue() {
	new_test(|| {
		let first = submit(ALICE, &model(0, 1));
		let second = submit(ALICE, &model(1, 1));
		assert_ok!(cancel(ALICE, first));
		assert_eq!(AdmissionQueue::<Test>::get().len(), 1);
		run_to(2 + ADMISSION_DELAY);
		assert_eq!(stage(first), None);
		assert!(matches!(stage(second), Some(ModelStage::Maturing { .. })));
	});
}

#[test]
fn a_model_that_waits_for_room_leaves_the_queue_with_its_report() {
	new_test(|| {
		submit(ALICE, &model(0, MAX_MATURING_BYTES));
		let waiting = submit(ALICE, &model(1, 1));
		run_to(2 + ADMISSION_DELAY);
		assert!(Reports::<Test>::contains_key(waiting));
		assert_ok!(cancel(ALICE, waiting));
		assert!(!Reports::<Test>::contains_key(waiting));
	});
}

#[test]
fn only_the_uploader_cancels_and_only_before_admission() {
	new_test(|| {
		let file = model(0, 1);
		let id = ModelId::of(&file);
		assert_noop!(cancel(ALICE, id), Error::<Test>::UnknownModel);
		upload_as(ALICE, id, &file);
		assert_noop!(cancel(BOB, id), Error::<Test>::NotUploader);
		assert_ok!(ModelsPallet::submit(RuntimeOrigin::signed(ALICE), id));
		assert_noop!(cancel(BOB, id), Error::<Test>::NotUploader);
		run_to(1 + ADMISSION_DELAY);
		assert_noop!(cancel(ALICE, id), Error::<Test>::NotUploading);
	});
}

#[test]
fn it_is_not_cancelled_twice() {
	new_test(|| {
		let file = model(0, 1);
		let id = ModelId::of(&file);
		upload_as(ALICE, id, &file);
		assert_ok!(cancel(ALICE, id));
		assert_noop!(cancel(ALICE, id), Error::<Test>::NotUploading);
	});
}
