use frame_support::{
	assert_noop, assert_ok,
	dispatch::{DispatchClass, GetDispatchInfo, Pays},
	traits::Get,
};
use frame_system::limits::BlockWeights;
use noema_primitives::{ModelId, ModelStage, CHUNK_SIZE};

use crate::{mock::*, weights::WeightInfo, AdmissionQueue, Config, Error, Event, Expiries};

type Weights = <Test as Config>::WeightInfo;

#[test]
fn a_complete_file_is_queued_later_if_it_is_larger() {
	new_test(|| {
		let small = submit(ALICE, &model(0, 1));
		let due = 1 + ADMISSION_DELAY;
		assert_eq!(stage(small), Some(ModelStage::Queued { admission: due }));
		assert_eq!(
			events().pop(),
			Some(Event::ModelQueued {
				model: small,
				admission: due
			})
		);
		assert_eq!(Expiries::<Test>::iter().count(), 0);

		let file = model_sized(1, 1, 3 * CHUNK_SIZE);
		let id = ModelId::of(&file);
		upload_as(BOB, id, &file);
		assert_eq!(System::block_number(), 2);
		let info = ModelsPallet::submit(RuntimeOrigin::signed(BOB), id).expect("submits");
		assert_eq!(
			stage(id),
			Some(ModelStage::Queued {
				admission: 2 + ADMISSION_DELAY + 3
			})
		);
		// All that was declared.
		assert_eq!((info.actual_weight, info.pays_fee), (None, Pays::Yes));

		// A small file that comes later is due earlier.
		let third = submit(ALICE, &model(2, 1));
		let queue: Vec<ModelId> = AdmissionQueue::<Test>::get().iter().map(|q| q.id).collect();
		assert_eq!(queue, [small, third, id]);
	});
}

#[test]
fn it_weighs_as_much_as_the_admission_that_it_asks_for() {
	new_test(|| {
		let weight = |id| {
			let call = crate::Call::<Test>::submit { model_id: id };
			call.get_dispatch_info().call_weight
		};
		for size in [HEADER, CHUNK_SIZE + 1] {
			let file = model_sized(u64::from(size), 1, size);
			let id = ModelId::of(&file);
			let call = Weights::submit(size.div_ceil(CHUNK_SIZE));
			upload_as(ALICE, id, &file);
			let expected = call.saturating_add(Weights::admit(size));
			assert_eq!(weight(id), expected);

			// What is not queued asks for no admission.
			let failed = ModelsPallet::submit(RuntimeOrigin::signed(BOB), id);
			let post_info = failed.expect_err("not Bob's").post_info;
			assert_eq!(post_info.actual_weight, Some(call));
			let done = ModelsPallet::submit(RuntimeOrigin::signed(ALICE), id);
			assert_eq!(done.expect("queued").actual_weight, None);
		}
		let unknown = Weights::submit(0).saturating_add(Weights::admit(0));
		assert_eq!(weight(ModelId::of(b"unknown")), unknown);
	});
}

#[test]
fn it_never_weighs_more_than_half_of_what_an_extrinsic_may() {
	new_test(|| {
		let file = ModelId::of(b"a");
		assert_ok!(ModelsPallet::begin_upload(
			RuntimeOrigin::signed(ALICE),
			file,
			MAX_MODEL_SIZE
		));
		// As if the chain admitted larger files.
		crate::Models::<Test>::mutate(file, |record| {
			record.as_mut().expect("known").size = u32::MAX;
		});
		let weights: BlockWeights = <Test as frame_system::Config>::BlockWeights::get();
		let max = weights
			.get(DispatchClass::Normal)
			.max_extrinsic
			.expect("there is one");
		let weight = ModelsPallet::submit_weight(file);
		assert_eq!(weight.ref_time(), max.ref_time() / 2);
		crate::Models::<Test>::mutate(file, |record| {
			record.as_mut().expect("known").size = MAX_MODEL_SIZE;
		});
	});
}

#[test]
fn all_chunks_must_be_there() {
	new_test(|| {
		let file = model_sized(0, 1, 2 * CHUNK_SIZE);
		let id = ModelId::of(&file);
		let (first, second) = file.split_at(CHUNK_SIZE as usize);
		let origin = RuntimeOrigin::signed(ALICE);
		assert_ok!(ModelsPallet::begin_upload(
			origin.clone(),
			id,
			file.len() as u32
		));
		assert_noop!(
			ModelsPallet::submit(origin.clone(), id).map_err(|e| e.error),
			Error::<Test>::IncompleteUpload
		);
		assert_ok!(upload_chunk(ALICE, id, 1, second));
		assert_noop!(
			ModelsPallet::submit(origin.clone(), id).map_err(|e| e.error),
			Error::<Test>::IncompleteUpload
		);
		assert_ok!(upload_chunk(ALICE, id, 0, first));
		assert_ok!(ModelsPallet::submit(origin, id));
	});
}

#[test]
fn the_bytes_must_hash_to_the_id() {
	new_test(|| {
		for size in [HEADER, CHUNK_SIZE, CHUNK_SIZE + 1, 2 * CHUNK_SIZE] {
			let file = model_sized(u64::from(size), 1, size);
			let id = ModelId::of(b"another file");
			let origin = RuntimeOrigin::signed(ALICE);
			upload_as(ALICE, id, &file);
			assert_noop!(
				ModelsPallet::submit(origin.clone(), id).map_err(|e| e.error),
				Error::<Test>::HashMismatch
			);
			assert_ok!(ModelsPallet::cancel_upload(origin, id));
			run_until(id, |stage| stage.is_none());
		}
	});
}

#[test]
fn only_the_uploader_submits_and_only_uploads() {
	new_test(|| {
		let submit_as =
			|who, id| ModelsPallet::submit(RuntimeOrigin::signed(who), id).map_err(|e| e.error);
		let file = model(0, 1);
		let id = ModelId::of(&file);
		assert_noop!(submit_as(ALICE, id), Error::<Test>::UnknownModel);
		upload_as(ALICE, id, &file);
		assert_noop!(submit_as(BOB, id), Error::<Test>::NotUploader);
		assert_ok!(submit_as(ALICE, id));
		assert_noop!(submit_as(ALICE, id), Error::<Test>::NotUploading);
		run_until(id, |stage| stage == Some(ModelStage::Resident));
		assert_noop!(submit_as(ALICE, id), Error::<Test>::NotUploading);
	});
}

#[test]
fn the_queue_has_an_end() {
	new_test(|| {
		for seed in 0..u64::from(MAX_QUEUE) {
			submit(ALICE, &model(seed, 1));
		}
		let file = model(100, 1);
		let id = ModelId::of(&file);
		upload_as(ALICE, id, &file);
		assert_noop!(
			ModelsPallet::submit(RuntimeOrigin::signed(ALICE), id).map_err(|e| e.error),
			Error::<Test>::QueueFull
		);
		run_to(1 + ADMISSION_DELAY);
		assert_ok!(ModelsPallet::submit(RuntimeOrigin::signed(ALICE), id));
	});
}
