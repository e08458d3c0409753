use frame_support::{assert_noop, assert_ok};
use noema_primitives::{ModelId, ModelStage, CHUNK_SIZE};
use sp_runtime::{traits::BadOrigin, TokenError};

use crate::{mock::*, Error, Event, Subtrees, TotalBytes};

fn begin(who: AccountId, id: ModelId, size: u32) -> frame_support::dispatch::DispatchResult {
	ModelsPallet::begin_upload(RuntimeOrigin::signed(who), id, size)
}

#[test]
fn it_deposits_and_makes_places_for_chunks() {
	new_test(|| {
		let id = ModelId::of(b"a");
		let size = 2 * CHUNK_SIZE + 1;
		let before = Balances::free_balance(ALICE);
		assert_ok!(begin(ALICE, id, size));

		assert_eq!(before - Balances::free_balance(ALICE), model_deposit(size));
		let expires = 1 + UPLOAD_IDLE_TIMEOUT;
		assert_eq!(stage(id), Some(ModelStage::Uploading { expires }));
		assert_eq!(Subtrees::<Test>::get(id).to_vec(), vec![None; 3]);
		assert_eq!(TotalBytes::<Test>::get(), u64::from(size));
		let event = Event::UploadStarted {
			model: id,
			owner: ALICE,
			size,
			expires,
		};
		assert_eq!(events(), vec![event]);
	});
}

#[test]
fn sizes_have_limits() {
	new_test(|| {
		let id = ModelId::of(b"a");
		assert_noop!(begin(ALICE, id, 0), Error::<Test>::EmptyModel);
		assert_noop!(
			begin(ALICE, id, MAX_MODEL_SIZE + 1),
			Error::<Test>::ModelTooLarge
		);
		assert_noop!(begin(ALICE, id, u32::MAX), Error::<Test>::ModelTooLarge);
		assert_ok!(begin(ALICE, id, MAX_MODEL_SIZE));
	});
}

#[test]
fn a_known_model_is_not_begun_again_by_anybody() {
	new_test(|| {
		let id = ModelId::of(b"a");
		assert_ok!(begin(ALICE, id, 1));
		assert_noop!(begin(ALICE, id, 1), Error::<Test>::ModelExists);
		assert_noop!(begin(BOB, id, 2), Error::<Test>::ModelExists);

		let resident = make_resident(ALICE, &model(0, 1));
		assert_noop!(begin(BOB, resident, HEADER), Error::<Test>::ModelExists);
	});
}

#[test]
fn a_model_on_its_way_out_is_not_begun_again_before_it_is_gone() {
	new_test(|| {
		let file = model_sized(0, 1, 3 * CHUNK_SIZE);
		let id = ModelId::of(&file);
		upload_as(ALICE, id, &file);
		assert_ok!(ModelsPallet::cancel_upload(
			RuntimeOrigin::signed(ALICE),
			id
		));
		assert_noop!(begin(BOB, id, 1), Error::<Test>::RemovalInProgress);
		next_block();
		assert_ok!(begin(BOB, id, 1));
	});
}

#[test]
fn the_chain_stores_no_more_than_its_total() {
	new_test(|| {
		let ids: Vec<ModelId> = (0..5u8).map(|i| ModelId::of(&[i])).collect();
		for id in &ids[..4] {
			assert_ok!(begin(ALICE, *id, MAX_MODEL_SIZE));
		}
		assert_eq!(TotalBytes::<Test>::get(), MAX_TOTAL_BYTES);
		assert_noop!(begin(ALICE, ids[4], 1), Error::<Test>::NoStorageRoom);
		assert_ok!(ModelsPallet::cancel_upload(
			RuntimeOrigin::signed(ALICE),
			ids[0]
		));
		assert_ok!(begin(ALICE, ids[4], 1));
	});
}

#[test]
fn no_funds_no_upload() {
	new_test(|| {
		let id = ModelId::of(b"a");
		assert_noop!(begin(POOR, id, 1000), TokenError::FundsUnavailable);
		assert_ok!(begin(POOR, id, 1));
	});
}

#[test]
fn it_takes_a_signer() {
	new_test(|| {
		let id = ModelId::of(b"a");
		assert_noop!(
			ModelsPallet::begin_upload(RuntimeOrigin::root(), id, 1),
			BadOrigin
		);
	});
}
