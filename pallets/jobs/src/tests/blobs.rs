//! Blobs: chunks in order, deposits, expiry, removal step by step.

use frame_support::{assert_noop, assert_ok, traits::fungible::InspectHold};
use noema_primitives::CHUNK_SIZE;
use sp_runtime::DispatchResult;

use super::mock::*;
use crate::{BlobChunks, Blobs, Error};

const HASH: [u8; 32] = [7; 32];

fn upload(size: u32, index: u32, len: u32) -> DispatchResult {
	call(|| {
		Jobs::upload_blob(
			RuntimeOrigin::signed(STRANGER),
			HASH,
			size,
			index,
			vec![0; len as usize].try_into().expect("a chunk"),
		)
	})
}

fn deposit() -> u64 {
	Balances::balance_on_hold(&BlobHold::get(), &STRANGER)
}

#[test]
fn chunks_come_in_order_and_fill_the_blob() {
	run(|| {
		type E = Error<Test>;
		let size = 2 * CHUNK_SIZE + 5;
		assert_noop!(upload(0, 0, 0), E::EmptyBlob);
		assert_noop!(upload(10 * CHUNK_SIZE + 1, 0, CHUNK_SIZE), E::BlobTooLarge);
		assert_noop!(upload(size, 1, CHUNK_SIZE), E::ChunkOutOfOrder);
		assert_noop!(upload(size, 0, CHUNK_SIZE - 1), E::WrongChunkLength);
		assert_ok!(upload(size, 0, CHUNK_SIZE));
		assert_eq!(deposit(), 10 + u64::from(size));
		assert_noop!(upload(size, 0, CHUNK_SIZE), E::ChunkOutOfOrder);
		assert_noop!(upload(size + 1, 1, CHUNK_SIZE), E::WrongBlobSize);
		assert_eq!(Jobs::blob(STRANGER, HASH).expect("kept").missing, Some(1));
		assert_ok!(upload(size, 1, CHUNK_SIZE));
		assert_noop!(upload(size, 2, 6), E::WrongChunkLength);
		assert_ok!(upload(size, 2, 5));
		assert_eq!(Jobs::blob(STRANGER, HASH).expect("kept").missing, None);
		assert_noop!(upload(size, 3, 5), E::ChunkOutOfOrder);
	});
}

#[test]
fn a_blob_expires_after_its_last_chunk() {
	run(|| {
		assert_ok!(upload(CHUNK_SIZE + 1, 0, CHUNK_SIZE));
		run_to(BLOB_LIFETIME);
		assert_ok!(upload(CHUNK_SIZE + 1, 1, 1));
		run_to(2 * BLOB_LIFETIME - 1);
		assert!(Blobs::<Test>::contains_key(STRANGER, HASH));
		run_to(2 * BLOB_LIFETIME);
		assert!(!Blobs::<Test>::contains_key(STRANGER, HASH));
		assert_eq!(deposit(), 0);
	});
}

#[test]
fn a_large_blob_goes_step_by_step() {
	run(|| {
		let size = 10 * CHUNK_SIZE;
		for index in 0..10 {
			assert_ok!(upload(size, index, CHUNK_SIZE));
		}
		assert_noop!(
			Jobs::remove_blob(RuntimeOrigin::signed(REQUESTER), HASH),
			Error::<Test>::UnknownBlob
		);
		assert_ok!(Jobs::remove_blob(RuntimeOrigin::signed(STRANGER), HASH));
		assert_noop!(
			Jobs::remove_blob(RuntimeOrigin::signed(STRANGER), HASH),
			Error::<Test>::BlobGoing
		);
		assert_noop!(upload(size, 0, CHUNK_SIZE), Error::<Test>::BlobGoing);
		for left in [6, 2] {
			next_block();
			assert_eq!(BlobChunks::<Test>::iter_keys().count(), left);
			assert_eq!(deposit(), 10 + u64::from(size));
		}
		next_block();
		assert_eq!(deposit(), 0);
		assert_ok!(upload(size, 0, CHUNK_SIZE));
	});
}

#[test]
fn the_deposit_must_be_there() {
	run(|| {
		let origin = RuntimeOrigin::signed(POOR);
		let chunk = vec![0; 100].try_into().expect("a chunk");
		assert!(call(|| Jobs::upload_blob(origin, HASH, 100, 0, chunk)).is_err());
	});
}
