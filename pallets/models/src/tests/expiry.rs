use frame_support::{assert_noop, assert_ok, traits::Hooks};
use noema_primitives::{ModelId, ModelStage, CHUNK_SIZE};

use crate::{mock::*, upload::EXPIRIES_PER_BLOCK, Error, Event, Expiries, ExpiryBacklog};

#[test]
fn an_upload_without_new_chunks_is_dropped_and_refunded() {
	new_test(|| {
		let before = Balances::free_balance(ALICE);
		let file = model_sized(0, 1, 2 * CHUNK_SIZE);
		let id = ModelId::of(&file);
		let origin = RuntimeOrigin::signed(ALICE);
		assert_ok!(ModelsPallet::begin_upload(origin, id, file.len() as u32));
		assert_ok!(upload_chunk(ALICE, id, 1, &file[CHUNK_SIZE as usize..]));
		run_to(UPLOAD_IDLE_TIMEOUT);
		assert_eq!(
			stage(id),
			Some(ModelStage::Uploading {
				expires: 1 + UPLOAD_IDLE_TIMEOUT
			})
		);
		next_block();
		let expected = vec![
			Event::UploadExpired { model: id },
			Event::ModelRemoved { model: id },
		];
		assert_eq!(events(), expected);
		assert_eq!(stage(id), None);
		assert_eq!(Balances::free_balance(ALICE), before);
	});
}

#[test]
fn each_chunk_puts_the_expiry_off_but_not_for_ever() {
	new_test(|| {
		let file = model_sized(0, 1, 5 * CHUNK_SIZE);
		let id = ModelId::of(&file);
		let origin = RuntimeOrigin::signed(ALICE);
		assert_ok!(ModelsPallet::begin_upload(origin, id, file.len() as u32));
		let chunks: Vec<&[u8]> = file.chunks(CHUNK_SIZE as usize).collect();
		let deadline = 1 + UPLOAD_LIFETIME;
		// The last block in which a chunk can come, again and again.
		for index in 0..3 {
			run_to(1 + u64::from(index + 1) * (UPLOAD_IDLE_TIMEOUT - 1));
			assert_ok!(upload_chunk(ALICE, id, index, chunks[index as usize]));
			let expires = (System::block_number() + UPLOAD_IDLE_TIMEOUT).min(deadline);
			assert_eq!(stage(id), Some(ModelStage::Uploading { expires }));
			assert_eq!(
				Expiries::<Test>::iter_keys().collect::<Vec<_>>(),
				[(expires, id)]
			);
			check_invariants();
			if expires == deadline {
				break;
			}
		}
		run_to(deadline - 1);
		assert_eq!(stage(id), Some(ModelStage::Uploading { expires: deadline }));
		assert_ok!(upload_chunk(ALICE, id, 4, chunks[4]));
		assert_eq!(stage(id), Some(ModelStage::Uploading { expires: deadline }));
		next_block();
		assert_eq!(events()[0], Event::UploadExpired { model: id });
	});
}

#[test]
fn a_chunk_that_fails_puts_nothing_off() {
	new_test(|| {
		let id = ModelId::of(b"a");
		let origin = RuntimeOrigin::signed(ALICE);
		assert_ok!(ModelsPallet::begin_upload(origin, id, 5));
		next_block();
		assert!(upload_chunk(BOB, id, 0, b"chunk").is_err());
		assert!(upload_chunk(ALICE, id, 0, b"longer chunk").is_err());
		let expires = 1 + UPLOAD_IDLE_TIMEOUT;
		assert_eq!(stage(id), Some(ModelStage::Uploading { expires }));
	});
}

/// Whoever begins uploads and sends no chunks keeps the others out for that long only.
#[test]
fn room_that_nobody_fills_comes_back_soon() {
	new_test(|| {
		for i in 0..4u8 {
			let origin = RuntimeOrigin::signed(BOB);
			assert_ok!(ModelsPallet::begin_upload(
				origin,
				ModelId::of(&[i]),
				MAX_MODEL_SIZE
			));
		}
		let file = model(0, 1);
		let id = ModelId::of(&file);
		let begin =
			|| ModelsPallet::begin_upload(RuntimeOrigin::signed(ALICE), id, file.len() as u32);
		assert_noop!(begin(), Error::<Test>::NoStorageRoom);
		run_to(1 + UPLOAD_IDLE_TIMEOUT);
		assert_ok!(begin());
	});
}

#[test]
fn an_upload_with_the_wrong_hash_is_dropped_too() {
	new_test(|| {
		let id = ModelId::of(b"another");
		upload_as(ALICE, id, &model(0, 1));
		assert!(ModelsPallet::submit(RuntimeOrigin::signed(ALICE), id).is_err());
		run_to(1 + UPLOAD_IDLE_TIMEOUT);
		assert_eq!(stage(id), None);
	});
}

#[test]
fn what_is_submitted_does_not_expire() {
	new_test(|| {
		let id = submit(ALICE, &model(0, 1));
		run_to(2 + UPLOAD_LIFETIME);
		assert_eq!(stage(id), Some(ModelStage::Resident));
	});
}

#[test]
fn many_at_once_take_several_blocks() {
	new_test(|| {
		let count = 2 * EXPIRIES_PER_BLOCK + 3;
		let begin = |i: u32| {
			let id = ModelId::of(&i.to_le_bytes());
			assert_ok!(ModelsPallet::begin_upload(
				RuntimeOrigin::signed(ALICE),
				id,
				1
			));
		};
		(0..count).for_each(begin);
		let left = || Expiries::<Test>::iter().count() as u32;
		next_block();
		begin(1000);
		run_to(UPLOAD_IDLE_TIMEOUT);
		assert_eq!(left(), count + 1);
		next_block();
		assert_eq!(left(), 2 * EXPIRIES_PER_BLOCK + 3 + 1 - EXPIRIES_PER_BLOCK);
		assert_eq!(ExpiryBacklog::<Test>::get(), Some(1 + UPLOAD_IDLE_TIMEOUT));
		next_block();
		assert_eq!(left(), 4);
		// The rest of the first block, the one of the second, and the backlog is dealt with.
		next_block();
		assert_eq!(left(), 0);
		assert_eq!(ExpiryBacklog::<Test>::get(), None);
		check_invariants();
	});
}

#[test]
fn a_long_backlog_of_empty_blocks_is_walked_step_by_step() {
	new_test(|| {
		System::set_block_number(50);
		let id = ModelId::of(b"a");
		assert_ok!(ModelsPallet::begin_upload(
			RuntimeOrigin::signed(ALICE),
			id,
			1
		));
		// As if the hooks had not run for a long time.
		ExpiryBacklog::<Test>::put(2);
		System::set_block_number(100);
		ModelsPallet::on_initialize(100);
		assert_eq!(
			ExpiryBacklog::<Test>::get(),
			Some(2 + u64::from(EXPIRIES_PER_BLOCK))
		);
		run_until(id, |stage| stage.is_none());
		run_to(System::block_number() + 20);
		assert_eq!(ExpiryBacklog::<Test>::get(), None);
	});
}
