//! Benchmarks of calls and hook steps, and what other pallets' benchmarks need of this one.

mod onnx;
mod room;

use alloc::{vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::{
	assert_ok,
	dispatch::{DispatchInfo, GetDispatchInfo},
	traits::{fungible::Inspect, Consideration, EnsureOrigin, Get, Hooks, IsSubType},
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use noema_primitives::{
	hosting::{ModelCatalog, ModelStake},
	ModelAdmission, ModelId, ModelStage, ReleaseId, ReleaseName, ReleaseVersion, CHUNK_SIZE,
};
use sp_runtime::traits::{
	AsSystemOriginSigner, AsTransactionAuthorizedOrigin, DispatchTransaction, Dispatchable, One,
	Saturating, Zero,
};

pub use onnx::{BenchmarkHelper, OnnxFiles};
use room::{contest, set_working, working};

use crate::{
	types::{Cause, Chunk, MaturingModel, MaxChunks, SubtreeValue, WorkingStage},
	upload::{merge, model_footprint},
	AdmissionQueue, Banned, Call, CheckUploads, Config, Expiries, MaturingQueue, Models, Notices,
	Pallet, Pins, Releases, Reports, StakeChanges, Subtrees, TotalBytes, UploadPermit, Voids,
	WorkingModels,
};

/// More than the plan of any file here takes.
const PLAN_BYTES: u64 = 64 * 1024 * 1024;

/// The present block, which is not the first: releases must have been made before it.
fn now<T: Config>() -> BlockNumberFor<T> {
	let now = frame_system::Pallet::<T>::block_number();
	if !now.is_zero() {
		return now;
	}
	frame_system::Pallet::<T>::set_block_number(One::one());
	One::one()
}

/// Uploads `file` under `id`, to be paid for by `who`.
fn upload<T: Config>(who: &T::AccountId, id: ModelId, file: &[u8]) {
	now::<T>();
	let size = file.len() as u32;
	T::UploadConsideration::ensure_successful(who, model_footprint(size, None));
	assert_ok!(Pallet::<T>::do_begin_upload(who.clone(), id, size));
	for (index, chunk) in (0..).zip(file.chunks(CHUNK_SIZE as usize)) {
		UploadPermit::<T>::put(());
		let chunk = Chunk::truncate_from(chunk.to_vec());
		assert_ok!(Pallet::<T>::do_upload_chunk(who.clone(), id, index, chunk));
	}
}

/// Uploads and submits `file`; it is due for admission at once.
fn queue<T: Config>(who: &T::AccountId, file: &[u8]) -> ModelId {
	let id = ModelId::of(file);
	upload::<T>(who, id, file);
	assert_ok!(Pallet::<T>::do_submit(who.clone(), id));
	// Admission raises the deposit to what the plan takes.
	let plan = model_footprint(file.len() as u32, Some(PLAN_BYTES));
	T::UploadConsideration::ensure_successful(who, plan);
	let due = now::<T>();
	AdmissionQueue::<T>::mutate(|queue| queue.iter_mut().for_each(|queued| queued.due = due));
	set_stage::<T>(id, ModelStage::Queued { admission: due });
	id
}

/// Brings `file` to residence through admission.
fn make_resident<T: Config>(who: &T::AccountId, file: &[u8]) -> ModelId {
	let id = queue::<T>(who, file);
	let due = now::<T>();
	Pallet::<T>::process_admission(due);
	let record = Models::<T>::get(id).expect("known");
	// Where stake decides, nobody stands behind it.
	if record.stage == ModelStage::Dormant {
		let plan_bytes = Reports::<T>::get(id).expect("admitted").plan_bytes;
		Pallet::<T>::start_maturity(due, id, record, plan_bytes, 0);
	}
	MaturingQueue::<T>::mutate(|maturing| maturing.retain(|model| model.id != id));
	set_working::<T>(id, WorkingStage::Resident);
	set_stage::<T>(id, ModelStage::Resident);
	let stage = Models::<T>::get(id).map(|record| record.stage);
	assert_eq!(
		stage,
		Some(ModelStage::Resident),
		"the file must be admitted"
	);
	id
}

fn set_stage<T: Config>(id: ModelId, stage: ModelStage<BlockNumberFor<T>>) {
	Models::<T>::mutate(id, |record| record.as_mut().expect("known").stage = stage);
}

/// Makes a release of `file` that can be called in this block.
pub(crate) fn make_callable<T: Config>(release: &ReleaseId<T::AccountId>, file: &[u8]) {
	let id = ModelId::of(file);
	if !Models::<T>::contains_key(id) {
		make_resident::<T>(&release.owner, file);
	}
	let ReleaseId {
		owner,
		name,
		version,
	} = release.clone();
	T::ReleaseConsideration::ensure_successful(&owner, Pallet::<T>::release_footprint());
	let royalty = T::Currency::minimum_balance();
	let key = (name.clone(), version.clone());
	assert_ok!(Pallet::<T>::do_release(
		owner.clone(),
		id,
		name,
		version,
		royalty
	));
	Releases::<T>::mutate(owner, key, |record| {
		let record = record.as_mut().expect("released");
		record.info.created = now::<T>().saturating_sub(One::one());
	});
}

/// A file of one chunk that is no model, told apart by `seed`.
fn bytes(seed: u32, len: u32) -> Vec<u8> {
	let mut bytes = vec![7; len as usize];
	let head = seed.to_le_bytes();
	let end = head.len().min(bytes.len());
	bytes[..end].copy_from_slice(&head[..end]);
	bytes
}

fn long_name() -> (ReleaseName, ReleaseVersion) {
	(
		ReleaseName::truncate_from(vec![b'a'; 64]),
		ReleaseVersion::truncate_from(vec![b'1'; 32]),
	)
}

fn release<T: Config>(who: &T::AccountId, id: ModelId) {
	T::ReleaseConsideration::ensure_successful(who, Pallet::<T>::release_footprint());
	let (name, version) = long_name();
	let royalty = T::Currency::minimum_balance();
	assert_ok!(Pallet::<T>::do_release(
		who.clone(),
		id,
		name,
		version,
		royalty
	));
}

#[benchmarks(where
	T: Send + Sync,
	T::RuntimeCall: Dispatchable<Info = DispatchInfo>
		+ GetDispatchInfo
		+ From<Call<T>>
		+ IsSubType<Call<T>>,
	<T::RuntimeCall as Dispatchable>::PostInfo: Default,
	<T::RuntimeCall as Dispatchable>::RuntimeOrigin:
		AsSystemOriginSigner<T::AccountId> + AsTransactionAuthorizedOrigin + Clone,
)]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn begin_upload() {
		let who: T::AccountId = whitelisted_caller();
		let size = T::MaxModelSize::get();
		T::UploadConsideration::ensure_successful(&who, model_footprint(size, None));
		let id = ModelId([1; 32]);

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id, size);

		assert!(Models::<T>::contains_key(id));
	}

	#[benchmark]
	fn upload_chunk(b: Linear<1, 524_288>) {
		let who: T::AccountId = whitelisted_caller();
		// The second chunk of the largest file, or its only one.
		let size = T::MaxModelSize::get().min(CHUNK_SIZE.saturating_add(b));
		T::UploadConsideration::ensure_successful(&who, model_footprint(size, None));
		let id = ModelId([1; 32]);
		assert_ok!(Pallet::<T>::do_begin_upload(who.clone(), id, size));
		let index = size.saturating_sub(1) / CHUNK_SIZE;
		let len = size.saturating_sub(index * CHUNK_SIZE);
		UploadPermit::<T>::put(());
		// In a later block, so that the expiry moves.
		frame_system::Pallet::<T>::set_block_number(now::<T>().saturating_add(One::one()));

		#[extrinsic_call]
		_(
			RawOrigin::Signed(who),
			id,
			index,
			Chunk::truncate_from(bytes(1, len)),
		);

		assert!(crate::Chunks::<T>::contains_key(id, index));
	}

	#[benchmark]
	fn submit(c: Linear<1, { MaxChunks::<T>::get() }>) {
		let who: T::AccountId = whitelisted_caller();
		let size = T::MaxModelSize::get().min(c.saturating_mul(CHUNK_SIZE));
		let values: Vec<SubtreeValue> = (0..c).map(|i| ModelId::of(&i.to_le_bytes()).0).collect();
		let id = ModelId(merge(&values).expect("there is a chunk"));
		T::UploadConsideration::ensure_successful(&who, model_footprint(size, None));
		assert_ok!(Pallet::<T>::do_begin_upload(who.clone(), id, size));
		Subtrees::<T>::mutate(id, |places| {
			for (place, value) in places.iter_mut().zip(values) {
				*place = Some(value);
			}
		});

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id);

		assert_eq!(AdmissionQueue::<T>::get().len(), 1);
	}

	#[benchmark]
	fn cancel_upload() {
		let who: T::AccountId = whitelisted_caller();
		let id = queue::<T>(&who, &bytes(1, 100));

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id);

		assert_eq!(
			Models::<T>::get(id).expect("known").stage,
			ModelStage::Removing
		);
	}

	#[benchmark]
	fn release() {
		let who: T::AccountId = whitelisted_caller();
		let id = make_resident::<T>(&who, &T::BenchmarkHelper::model_file(1));
		T::ReleaseConsideration::ensure_successful(&who, Pallet::<T>::release_footprint());
		let (name, version) = long_name();

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id, name, version, Zero::zero());

		assert_eq!(Models::<T>::get(id).expect("known").releases, 1);
	}

	#[benchmark]
	fn retire() {
		let who: T::AccountId = whitelisted_caller();
		let id = make_resident::<T>(&who, &T::BenchmarkHelper::model_file(1));
		super::release::<T>(&who, id);
		let (name, version) = long_name();

		#[extrinsic_call]
		_(RawOrigin::Signed(who), name, version);

		assert_eq!(Models::<T>::get(id).expect("known").releases, 0);
	}

	#[benchmark]
	fn remove_model() {
		let who: T::AccountId = whitelisted_caller();
		let id = make_resident::<T>(&who, &T::BenchmarkHelper::model_file(1));

		#[extrinsic_call]
		_(RawOrigin::Signed(who), id);

		assert_eq!(
			Models::<T>::get(id).expect("known").stage,
			ModelStage::Removing
		);
	}

	/// Of a pinned model, after the longest list of others on which jobs are open.
	#[benchmark]
	fn remove_content() {
		let who: T::AccountId = whitelisted_caller();
		let id = make_resident::<T>(&who, &T::BenchmarkHelper::model_file(1));
		assert_ok!(<Pallet<T> as ModelCatalog<T::AccountId>>::pin(&id));
		for seed in 1..crate::content::MAX_VOIDS {
			Voids::<T>::try_append(ModelId::of(&seed.to_le_bytes())).expect("there is place");
		}
		let origin = T::AdminOrigin::try_successful_origin().expect("there is one");

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, id);

		assert_eq!(
			Models::<T>::get(id).expect("known").stage,
			ModelStage::Removing
		);
		assert_eq!(Voids::<T>::get().len(), crate::content::MAX_VOIDS as usize);
	}

	#[benchmark]
	fn lift_ban() {
		let id = ModelId([1; 32]);
		assert_ok!(Pallet::<T>::do_remove_content(id));
		let origin = T::AdminOrigin::try_successful_origin().expect("there is one");

		#[extrinsic_call]
		_(origin as T::RuntimeOrigin, id);

		assert!(!Banned::<T>::contains_key(id));
	}

	#[benchmark]
	fn check_uploads() {
		let who: T::AccountId = whitelisted_caller();
		let bytes = Chunk::truncate_from(bytes(1, CHUNK_SIZE));
		let call: T::RuntimeCall = Call::<T>::upload_chunk {
			model_id: ModelId([1; 32]),
			index: 0,
			bytes,
		}
		.into();
		let info = call.get_dispatch_info();
		let origin = RawOrigin::Signed(who).into();

		let outcome;
		#[block]
		{
			outcome = CheckUploads::<T>::new()
				.test_run(origin, &call, &info, 0, 0, |_| Ok(Default::default()))
				.expect("the block has room for a chunk");
		}

		assert!(outcome.is_ok());
		assert!(!UploadPermit::<T>::exists());
	}

	#[benchmark]
	fn on_initialize_idle() {
		let now = now::<T>();

		#[block]
		{
			Pallet::<T>::on_initialize(now);
			Pallet::<T>::on_finalize(now);
		}
	}

	#[benchmark]
	fn mature(m: Linear<0, { crate::residency::MATURITIES_PER_BLOCK }>) {
		let who: T::AccountId = whitelisted_caller();
		contest::<T>(&who, m);
		for i in 0..m {
			working::<T>(&who, i, WorkingStage::Maturing);
		}
		let resident = now::<T>().saturating_add(T::MaturityPeriod::get());

		let done;
		#[block]
		{
			done = Pallet::<T>::process_maturities(resident);
		}

		assert_eq!(done, m);
		assert!(MaturingQueue::<T>::get().is_empty());
	}

	#[benchmark]
	fn look(l: Linear<0, { crate::residency::LOOKS_PER_BLOCK }>) {
		let who: T::AccountId = whitelisted_caller();
		contest::<T>(&who, l);
		for i in 0..l {
			let id = working::<T>(&who, i, WorkingStage::Resident);
			Pallet::<T>::queue_look(&id);
		}
		let now = now::<T>();

		let done;
		#[block]
		{
			done = Pallet::<T>::process_stake_changes(now);
		}

		assert_eq!(done, l);
		assert_eq!(StakeChanges::<T>::iter_keys().count(), 0);
	}

	#[benchmark]
	fn end_notice(n: Linear<0, { crate::residency::NOTICES_PER_BLOCK }>) {
		let who: T::AccountId = whitelisted_caller();
		contest::<T>(&who, n);
		for i in 0..n {
			working::<T>(&who, i, WorkingStage::Leaving(Cause::Displaced));
		}
		let now = now::<T>();

		let done;
		#[block]
		{
			done = Pallet::<T>::process_notices(now);
		}

		assert_eq!(done, n);
		assert!(Notices::<T>::get().is_empty());
	}

	#[benchmark]
	fn contend() {
		let who: T::AccountId = whitelisted_caller();
		contest::<T>(&who, 0);
		let now = now::<T>();

		let looked;
		#[block]
		{
			looked = Pallet::<T>::process_contenders(now);
		}

		assert!(looked);
	}

	#[benchmark]
	fn void() {
		for seed in 0..crate::content::MAX_VOIDS {
			let id = ModelId::of(&seed.to_le_bytes());
			Pins::<T>::insert(id, 1);
			Voids::<T>::try_append(id).expect("there is place");
		}

		#[block]
		{
			Pallet::<T>::process_voids();
		}

		assert_eq!(Voids::<T>::get().len(), crate::content::MAX_VOIDS as usize);
	}

	#[benchmark]
	fn expire(e: Linear<0, { crate::upload::EXPIRIES_PER_BLOCK }>) {
		let who: T::AccountId = whitelisted_caller();
		for i in 0..e {
			let file = bytes(i, 100);
			upload::<T>(&who, ModelId::of(&file), &file);
		}
		let expiry = Pallet::<T>::upload_expiry(Pallet::<T>::upload_deadline());

		let steps;
		#[block]
		{
			steps = Pallet::<T>::process_expiries(expiry);
		}

		assert_eq!(steps, e);
		assert_eq!(Expiries::<T>::iter().count(), 0);
	}

	#[benchmark]
	fn admit(b: Linear<0, 2_097_152>) {
		let who: T::AccountId = whitelisted_caller();
		let id = queue::<T>(&who, &T::BenchmarkHelper::dearest_file(b));
		let now = now::<T>();
		// A node that has not prepared for it.
		T::Admission::forget();

		#[block]
		{
			Pallet::<T>::process_admission(now);
		}

		assert!(Reports::<T>::contains_key(id), "the file must be admitted");
		let stage = Models::<T>::get(id).expect("known").stage;
		assert!(stage.is_admitted());
	}

	#[benchmark]
	fn admit_waiting() {
		let who: T::AccountId = whitelisted_caller();
		let id = queue::<T>(&who, &T::BenchmarkHelper::model_file(1));
		let now = now::<T>();
		// As much matures as may, so that the model waits; then it does not any more.
		let maturing = MaturingModel {
			id: ModelId([1; 32]),
			resident: now,
			plan_bytes: T::MaxMaturingBytes::get(),
		};
		MaturingQueue::<T>::try_append(maturing).expect("there is place");
		if !T::Hosting::decides() {
			Pallet::<T>::process_admission(now);
			assert!(Reports::<T>::contains_key(id));
			assert!(WorkingModels::<T>::get().is_empty());
		}
		MaturingQueue::<T>::kill();

		#[block]
		{
			Pallet::<T>::process_admission(now);
		}

		let stage = Models::<T>::get(id).expect("known").stage;
		assert!(stage.is_admitted());
	}

	#[benchmark]
	fn remove_chunks(c: Linear<0, { crate::removal::REMOVALS_PER_BLOCK }>) {
		let who: T::AccountId = whitelisted_caller();
		for i in 0..c {
			let file = bytes(i, CHUNK_SIZE);
			let id = ModelId::of(&file);
			upload::<T>(&who, id, &file);
			assert_ok!(Pallet::<T>::do_cancel_upload(who.clone(), id));
		}

		let removed;
		#[block]
		{
			removed = Pallet::<T>::process_removals(true);
		}

		assert_eq!(removed.chunks, c);
		assert_eq!(TotalBytes::<T>::get(), 0);
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
