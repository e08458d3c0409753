use frame_support::{assert_ok, traits::Hooks, weights::Weight};
use noema_primitives::{ModelId, CHUNK_SIZE};
use sp_runtime::{
	traits::{DispatchTransaction, TransactionExtension},
	transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError},
	DispatchError,
};

use crate::{
	extension::rejection, mock::*, weights::WeightInfo, BlockUploadBytes, CheckUploads, Chunks,
	Config, Error, UploadPermit,
};

const CHUNK: usize = CHUNK_SIZE as usize;
const EXHAUSTED: TransactionValidityError =
	TransactionValidityError::Invalid(InvalidTransaction::ExhaustsResources);

fn custom(code: u8) -> TransactionValidityError {
	InvalidTransaction::Custom(code).into()
}

fn begin(who: AccountId, file: &[u8]) -> ModelId {
	let id = ModelId::of(file);
	assert_ok!(ModelsPallet::begin_upload(
		RuntimeOrigin::signed(who),
		id,
		file.len() as u32
	));
	id
}

#[test]
fn a_chunk_that_does_not_fit_the_block_waits_for_the_next() {
	new_test(|| {
		let file = model_sized(0, 1, 3 * CHUNK_SIZE);
		let id = begin(ALICE, &file);
		let chunk = |i: usize| chunk_call(id, i as u32, &file[i * CHUNK..(i + 1) * CHUNK]);
		assert_ok!(apply(ALICE, chunk(0)).expect("applied"));
		assert_ok!(apply(ALICE, chunk(1)).expect("applied"));
		assert_eq!(BlockUploadBytes::<Test>::get(), 2 * CHUNK_SIZE);
		assert_eq!(apply(ALICE, chunk(2)), Err(EXHAUSTED));
		assert!(!Chunks::<Test>::contains_key(id, 2));
		// Other calls are not concerned.
		let remark = frame_system::Call::remark {
			remark: vec![0; CHUNK],
		};
		assert_ok!(apply(ALICE, remark.into()).expect("applied"));

		// The pool looks at the state after the block: there is room.
		ModelsPallet::on_finalize(1);
		assert!(validate(ALICE, &chunk(2)).is_ok());
		next_block();
		assert_ok!(apply(ALICE, chunk(2)).expect("applied"));
		assert_ok!(ModelsPallet::submit(RuntimeOrigin::signed(ALICE), id));
	});
}

#[test]
fn a_small_chunk_fills_only_its_bytes() {
	new_test(|| {
		let large = model_sized(0, 1, CHUNK_SIZE);
		let small = [model(1, 1), model(2, 1)];
		let large_id = begin(ALICE, &large);
		let small_ids = [begin(ALICE, &small[0]), begin(ALICE, &small[1])];
		assert_ok!(apply(ALICE, chunk_call(small_ids[0], 0, &small[0])).expect("applied"));
		assert_ok!(apply(ALICE, chunk_call(large_id, 0, &large)).expect("applied"));
		assert_ok!(apply(ALICE, chunk_call(small_ids[1], 0, &small[1])).expect("applied"));
		assert_eq!(BlockUploadBytes::<Test>::get(), CHUNK_SIZE + 2 * HEADER);
		next_block();
		assert_eq!(BlockUploadBytes::<Test>::get(), 0);
	});
}

#[test]
fn nested_chunks_fail_whatever_they_are_nested_in() {
	new_test(|| {
		let file = model(0, 1);
		let id = begin(ALICE, &file);
		let chunk = || chunk_call(id, 0, &file);
		let batch = |calls| pallet_utility::Call::batch_all { calls };
		let nested = Ok(Err(Error::<Test>::NestedUpload.into()));
		assert_eq!(apply(ALICE, batch(vec![chunk()]).into()), nested);
		let derivative = || pallet_utility::Call::as_derivative {
			index: 0,
			call: Box::new(chunk()),
		};
		assert_eq!(apply(ALICE, derivative().into()), nested);
		assert_eq!(
			apply(ALICE, batch(vec![derivative().into()]).into()),
			nested
		);
		assert_eq!(Chunks::<Test>::iter_keys().count(), 0);

		// Neither does a permit of an earlier extrinsic help.
		let remark = frame_system::Call::remark { remark: vec![] };
		assert_eq!(
			apply(BOB, chunk()),
			Ok(Err(Error::<Test>::NotUploader.into()))
		);
		assert_eq!(
			apply(ALICE, batch(vec![remark.into(), chunk()]).into()),
			nested
		);
		assert_ok!(apply(ALICE, chunk()).expect("applied"));
	});
}

#[test]
fn a_call_that_fails_leaves_no_permit_but_has_filled_the_block() {
	new_test(|| {
		let file = model_sized(0, 1, CHUNK_SIZE);
		let id = begin(ALICE, &file);
		let error: DispatchError = Error::<Test>::NotUploader.into();
		assert_eq!(apply(BOB, chunk_call(id, 0, &file)), Ok(Err(error)));
		assert!(!UploadPermit::<Test>::exists());
		assert_eq!(BlockUploadBytes::<Test>::get(), CHUNK_SIZE);
	});
}

#[test]
fn only_signers_get_a_permit() {
	new_test(|| {
		use frame_support::dispatch::GetDispatchInfo;
		let file = model(0, 1);
		let call = chunk_call(begin(ALICE, &file), 0, &file);
		let info = call.get_dispatch_info();
		let (permit, _) = CheckUploads::<Test>::new()
			.validate_and_prepare(RuntimeOrigin::root(), &call, &info, 0, 0)
			.expect("passes");
		assert!(!permit);
		assert!(!UploadPermit::<Test>::exists());
	});
}

#[test]
fn the_pool_takes_chunks_before_it_knows_their_upload() {
	new_test(|| {
		let file = model(0, 1);
		let validity = validate(ALICE, &chunk_call(ModelId::of(&file), 0, &file)).expect("valid");
		assert_eq!(validity.longevity, UPLOAD_LIFETIME);
		// In a block it fails, and is paid for.
		let error: DispatchError = Error::<Test>::UnknownModel.into();
		assert_eq!(
			apply(ALICE, chunk_call(ModelId::of(&file), 0, &file)),
			Ok(Err(error))
		);
	});
}

#[test]
fn what_no_file_can_have_is_refused_everywhere() {
	new_test(|| {
		let id = ModelId::of(b"unknown");
		let chunks = MAX_MODEL_SIZE / CHUNK_SIZE;
		for (index, bytes, code) in [
			(chunks, &b"a"[..], rejection::CHUNK_INDEX_OUT_OF_RANGE),
			(u32::MAX, b"a", rejection::CHUNK_INDEX_OUT_OF_RANGE),
			(0, b"", rejection::WRONG_CHUNK_LENGTH),
		] {
			let call = || chunk_call(id, index, bytes);
			assert_eq!(validate(ALICE, &call()), Err(custom(code)));
			assert_eq!(apply(ALICE, call()), Err(custom(code)));
		}
		assert!(validate(ALICE, &chunk_call(id, chunks - 1, b"a")).is_ok());
	});
}

#[test]
fn the_pool_refuses_what_a_known_upload_cannot_take() {
	new_test(|| {
		let file = model_sized(0, 1, CHUNK_SIZE + 7);
		let (first, last) = file.split_at(CHUNK);
		let id = begin(ALICE, &file);
		let check = |who, index, bytes, code, error: Error<Test>| {
			assert_eq!(
				validate(who, &chunk_call(id, index, bytes)),
				Err(custom(code))
			);
			// What has got into a block nevertheless is paid for.
			assert_eq!(
				apply(who, chunk_call(id, index, bytes)),
				Ok(Err(error.into()))
			);
			next_block();
		};
		check(BOB, 0, first, rejection::NOT_UPLOADER, Error::NotUploader);
		check(
			ALICE,
			1,
			first,
			rejection::WRONG_CHUNK_LENGTH,
			Error::WrongChunkLength,
		);
		check(
			ALICE,
			0,
			last,
			rejection::WRONG_CHUNK_LENGTH,
			Error::WrongChunkLength,
		);
		let beyond = rejection::CHUNK_INDEX_OUT_OF_RANGE;
		check(ALICE, 2, last, beyond, Error::ChunkIndexOutOfRange);
		assert!(validate(ALICE, &chunk_call(id, 1, last)).is_ok());
		assert_ok!(upload_chunk(ALICE, id, 1, last));
		check(ALICE, 1, last, rejection::CHUNK_EXISTS, Error::ChunkExists);
		assert_ok!(upload_chunk(ALICE, id, 0, first));
		assert_ok!(ModelsPallet::submit(RuntimeOrigin::signed(ALICE), id));
		check(
			ALICE,
			0,
			first,
			rejection::NOT_UPLOADING,
			Error::NotUploading,
		);
	});
}

#[test]
fn it_weighs_only_on_chunks_and_carries_nothing() {
	new_test(|| {
		let extension = CheckUploads::<Test>::default();
		let chunk = chunk_call(ModelId::of(b"a"), 0, b"a");
		let weight = <Test as Config>::WeightInfo::check_uploads();
		assert_eq!(extension.weight(&chunk), weight);
		let remark = frame_system::Call::remark { remark: vec![] }.into();
		assert_eq!(extension.weight(&remark), Weight::zero());
		assert!(codec::Encode::encode(&extension).is_empty());
		assert_eq!(format!("{extension:?}"), "CheckUploads");
		assert_ok!(extension
			.validate_only(
				RuntimeOrigin::signed(ALICE),
				&remark,
				&Default::default(),
				0,
				TransactionSource::External,
				0,
			)
			.map(|(validity, ..)| assert_eq!(validity, Default::default())));
	});
}
