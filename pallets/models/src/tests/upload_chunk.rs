use frame_support::{assert_noop, assert_ok};
use noema_primitives::{ModelId, CHUNK_SIZE};
use sp_runtime::traits::Dispatchable;

use crate::{mock::*, Chunks, Error, Event, Subtrees, UploadPermit};

/// Who uploads what, and how it fails: account, model, index, bytes, error.
type Case<'a> = (AccountId, ModelId, u32, &'a [u8], Error<Test>);

const CHUNK: usize = CHUNK_SIZE as usize;

/// Dispatches as if the extension had let the call pass.
fn permitted(who: AccountId, id: ModelId, index: u32, bytes: &[u8]) -> sp_runtime::DispatchResult {
	UploadPermit::<Test>::put(());
	let result = chunk_call(id, index, bytes).dispatch(RuntimeOrigin::signed(who));
	result.map(|_| ()).map_err(|error| error.error)
}

fn begin(file: &[u8]) -> ModelId {
	let id = ModelId::of(file);
	assert_ok!(ModelsPallet::begin_upload(
		RuntimeOrigin::signed(ALICE),
		id,
		file.len() as u32
	));
	id
}

#[test]
fn it_stores_the_chunk_and_its_subtree_value() {
	new_test(|| {
		let file = model_sized(0, 1, 2 * CHUNK_SIZE + 7);
		let id = begin(&file);
		for (index, chunk) in [(2, &file[2 * CHUNK..]), (0, &file[..CHUNK])] {
			assert_ok!(apply(ALICE, chunk_call(id, index, chunk)).expect("applied"));
			assert_eq!(
				Chunks::<Test>::get(id, index).expect("stored").to_vec(),
				chunk
			);
			assert_eq!(
				events().pop(),
				Some(Event::ChunkUploaded { model: id, index })
			);
		}
		let values = Subtrees::<Test>::get(id);
		assert_eq!(
			values.iter().map(Option::is_some).collect::<Vec<_>>(),
			[true, false, true]
		);
		assert_eq!(
			values[0],
			Some(crate::upload::subtree_value(0, false, &file[..CHUNK]))
		);
	});
}

#[test]
fn one_permit_lets_one_chunk_pass() {
	new_test(|| {
		let file = model_sized(0, 1, 2 * CHUNK_SIZE);
		let id = begin(&file);
		assert_ok!(permitted(ALICE, id, 0, &file[..CHUNK]));
		assert!(!UploadPermit::<Test>::exists());
		assert_noop!(
			chunk_call(id, 1, &file[CHUNK..])
				.dispatch(RuntimeOrigin::signed(ALICE))
				.map_err(|e| e.error),
			Error::<Test>::NestedUpload
		);
	});
}

#[test]
fn wrong_chunks_have_their_errors_and_leave_no_trace() {
	new_test(|| {
		let file = model_sized(0, 1, 2 * CHUNK_SIZE + 7);
		let id = begin(&file);
		let unknown = ModelId::of(b"unknown");
		let (first, last) = (&file[..CHUNK], &file[2 * CHUNK..]);
		assert_ok!(permitted(ALICE, id, 1, first));

		let cases: [Case<'_>; 10] = [
			(ALICE, unknown, 0, first, Error::UnknownModel),
			(BOB, id, 0, first, Error::NotUploader),
			(ALICE, id, 3, first, Error::ChunkIndexOutOfRange),
			(ALICE, id, u32::MAX, first, Error::ChunkIndexOutOfRange),
			(ALICE, id, 0, &first[1..], Error::WrongChunkLength),
			(ALICE, id, 0, &[], Error::WrongChunkLength),
			(ALICE, id, 2, first, Error::WrongChunkLength),
			(ALICE, id, 2, &last[1..], Error::WrongChunkLength),
			(ALICE, id, 2, &[], Error::WrongChunkLength),
			(ALICE, id, 1, first, Error::ChunkExists),
		];
		for (who, id, index, bytes, error) in cases {
			UploadPermit::<Test>::put(());
			assert_noop!(
				chunk_call(id, index, bytes)
					.dispatch(RuntimeOrigin::signed(who))
					.map_err(|e| e.error),
				error
			);
		}
		UploadPermit::<Test>::kill();
	});
}

#[test]
fn a_complete_model_takes_no_chunks() {
	new_test(|| {
		let file = model(0, 1);
		let id = submit(ALICE, &file);
		let check = || {
			UploadPermit::<Test>::put(());
			assert_noop!(
				chunk_call(id, 0, &file)
					.dispatch(RuntimeOrigin::signed(ALICE))
					.map_err(|e| e.error),
				Error::<Test>::NotUploading
			);
			UploadPermit::<Test>::kill();
		};
		check();
		run_to(1 + ADMISSION_DELAY);
		check();
		run_to(1 + ADMISSION_DELAY + MATURITY_PERIOD);
		check();
	});
}
