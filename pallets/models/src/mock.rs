//! A small chain with an admission that reads what a file wants to be out of the file.

mod hosting;

use alloc::vec::Vec;
use codec::{Decode, Encode};
use core::cell::Cell;
use frame_support::{
	derive_impl, parameter_types,
	traits::{
		fungible::{HoldConsideration, InspectHold},
		ConstU16, ConstU32, ConstU64, Hooks, LinearStoragePrice,
	},
};
use frame_system::EnsureRoot;
use noema_primitives::{
	Cost, DType, InferError, ModelAdmission, ModelId, ModelLocation, ModelReport, ModelStage,
	Refusal, RefusalCode, ReleaseId, TensorSchema, CHUNK_SIZE, PROFILE_1,
};
use sp_runtime::{
	traits::DispatchTransaction,
	transaction_validity::{TransactionSource, TransactionValidityError, ValidTransaction},
	BuildStorage, DispatchResult,
};

pub(crate) use hosting::{
	ban, commit, end_job, jobs, open_job, stake_decides, standing, told, MockHosting, MockJobs,
	JOB_WEIGHT, REMOVAL_WEIGHT,
};

use crate::{self as pallet_models, types::Chunk, CheckUploads, Models, Releases, Reports};

pub(crate) type AccountId = u64;
type Block = frame_system::mocking::MockBlock<Test>;

pub(crate) const ALICE: AccountId = 1;
pub(crate) const BOB: AccountId = 2;
/// Has next to nothing.
pub(crate) const POOR: AccountId = 3;

pub(crate) const MAX_MODEL_SIZE: u32 = 5 * CHUNK_SIZE;
pub(crate) const MAX_TOTAL_BYTES: u64 = 4 * MAX_MODEL_SIZE as u64;
pub(crate) const UPLOAD_LIFETIME: u64 = 20;
pub(crate) const UPLOAD_IDLE_TIMEOUT: u64 = 8;
pub(crate) const ADMISSION_DELAY: u64 = 3;
pub(crate) const MATURITY_PERIOD: u64 = 5;
pub(crate) const RESIDENCY_NOTICE: u64 = 4;
pub(crate) const MAX_RESIDENT_BYTES: u64 = 1_000;
pub(crate) const MAX_MATURING_BYTES: u64 = 400;
pub(crate) const MAX_RESIDENT_MODELS: u32 = 10;
pub(crate) const MAX_QUEUE: u32 = 6;
pub(crate) const REFUSALS_KEPT: u32 = 3;

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeTask
	)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(1)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(2)]
	pub type Utility = pallet_utility;
	#[runtime::pallet_index(3)]
	pub type ModelsPallet = pallet_models;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
}

impl pallet_utility::Config for Test {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type PalletsOrigin = OriginCaller;
	type WeightInfo = ();
}

parameter_types! {
	pub const ModelHold: RuntimeHoldReason =
		RuntimeHoldReason::ModelsPallet(pallet_models::HoldReason::Model);
	pub const ReleaseHold: RuntimeHoldReason =
		RuntimeHoldReason::ModelsPallet(pallet_models::HoldReason::Release);
	pub const Base: u64 = 10;
	pub const Slope: u64 = 1;
	pub const ReleaseBase: u64 = 100;
}

/// What a model of `size` bytes costs its owner while it is known, before it has a report.
pub(crate) fn model_deposit(size: u32) -> u64 {
	plan_deposit(size, 0)
}

/// What a model of `size` bytes with a plan of `plan_bytes` costs its owner.
pub(crate) fn plan_deposit(size: u32, plan_bytes: u64) -> u64 {
	10 + plan_bytes.max(size.into())
}

/// Bytes of a release's record: model, royalty, block and whether it is retired; cost; deposit.
const RELEASE_RECORD: u64 = (32 + 8 + 8 + 1) + (3 * 8 + 4 + 3 * 4) + 8;

/// What a release costs its owner until it is retired: its record, and twice the owner, the name
/// and the version, at their largest.
pub(crate) const RELEASE_DEPOSIT: u64 = 100 + RELEASE_RECORD + 2 * (8 + (2 + 64) + (1 + 32));

/// What the tombstone of a release costs its owner.
pub(crate) fn tombstone_deposit(name: &[u8], version: &[u8]) -> u64 {
	let id = 8 + name.encoded_size() + version.encoded_size();
	100 + RELEASE_RECORD + 2 * id as u64
}

impl pallet_models::Config for Test {
	type WeightInfo = crate::weights::SubstrateWeight<Test>;
	type Currency = Balances;
	type UploadConsideration =
		HoldConsideration<AccountId, Balances, ModelHold, LinearStoragePrice<Base, Slope, u64>>;
	type ReleaseConsideration = HoldConsideration<
		AccountId,
		Balances,
		ReleaseHold,
		LinearStoragePrice<ReleaseBase, Slope, u64>,
	>;
	type Admission = MockAdmission;
	type Hosting = MockHosting;
	type Voiding = MockJobs;
	type AdminOrigin = EnsureRoot<AccountId>;
	type Profile = ConstU16<PROFILE_1>;
	type MaxModelSize = ConstU32<MAX_MODEL_SIZE>;
	type MaxTotalBytes = ConstU64<MAX_TOTAL_BYTES>;
	type MaxResidentBytes = ConstU64<MAX_RESIDENT_BYTES>;
	type MaxMaturingBytes = ConstU64<MAX_MATURING_BYTES>;
	type MaxResidentModels = ConstU32<MAX_RESIDENT_MODELS>;
	type MaxUploadBytesPerBlock = ConstU32<{ 2 * CHUNK_SIZE }>;
	type UploadLifetime = ConstU64<UPLOAD_LIFETIME>;
	type UploadIdleTimeout = ConstU64<UPLOAD_IDLE_TIMEOUT>;
	type AdmissionDelay = ConstU64<ADMISSION_DELAY>;
	type AdmissionBytesPerBlock = ConstU32<CHUNK_SIZE>;
	type MaturityPeriod = ConstU64<MATURITY_PERIOD>;
	type ResidencyNotice = ConstU64<RESIDENCY_NOTICE>;
	type MaxQueue = ConstU32<MAX_QUEUE>;
	type RefusalsKept = ConstU32<REFUSALS_KEPT>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = Helper;
}

#[cfg(feature = "runtime-benchmarks")]
#[allow(unreachable_pub)]
#[derive(Debug)]
pub struct Helper;

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper for Helper {
	fn model_file(min_size: u32) -> Vec<u8> {
		model_sized(1, 1, min_size.max(HEADER))
	}

	fn dearest_file(min_size: u32) -> Vec<u8> {
		Self::model_file(min_size)
	}
}

std::thread_local! {
	static BROKEN: Cell<bool> = const { Cell::new(false) };
	static ADMISSIONS: Cell<u32> = const { Cell::new(0) };
}

/// Whether admission meets an internal fault from now on.
pub(crate) fn break_admission(broken: bool) {
	BROKEN.set(broken);
}

/// How often admission was asked.
pub(crate) fn admissions() -> u32 {
	ADMISSIONS.get()
}

/// Reads the file as the precompile would: out of the state, by the keys of the location.
pub(crate) fn read_model(location: &ModelLocation) -> Option<Vec<u8>> {
	let mut file = Vec::new();
	for index in 0..location.size.div_ceil(CHUNK_SIZE) {
		let key = [&location.chunk_prefix[..], &index.to_le_bytes()].concat();
		let value = sp_io::storage::get(&key)?;
		file.extend(Vec::<u8>::decode(&mut &value[..]).ok()?);
	}
	(file.len() == location.size as usize).then_some(file)
}

/// Admits a file that begins with `M` and the bytes of its plan, and refuses all others.
// Public as the runtime that has it as an associated type.
#[allow(unreachable_pub)]
#[derive(Debug)]
pub struct MockAdmission;

impl ModelAdmission for MockAdmission {
	fn admit(
		location: &ModelLocation,
		profile: u16,
	) -> Result<Result<ModelReport, Refusal>, InferError> {
		if BROKEN.get() {
			return Err(InferError::InternalFault);
		}
		ADMISSIONS.set(ADMISSIONS.get() + 1);
		let file = read_model(location).ok_or(InferError::ModelMissing)?;
		assert_eq!(
			ModelId::of(&file),
			location.id,
			"the chunks are those of the model"
		);
		let plan = file
			.strip_prefix(b"M")
			.and_then(|rest| rest.first_chunk::<8>());
		let Some(plan) = plan else {
			return Ok(Err(Refusal::new(RefusalCode::NotOnnx, "file")));
		};
		let schema = TensorSchema {
			name: b"x".to_vec().try_into().expect("short"),
			dtype: DType::F32,
			shape: vec![1, 2].try_into().expect("short"),
		};
		Ok(Ok(ModelReport {
			profile,
			inputs: vec![schema.clone()].try_into().expect("one"),
			outputs: vec![schema].try_into().expect("one"),
			cost: Cost {
				macs: 1,
				bytes: 2,
				steps: 3,
				transcendentals: 4,
			},
			plan_bytes: u64::from_le_bytes(*plan),
			peak_bytes: 5,
			node_count: 6,
			plan: Default::default(),
		}))
	}
}

/// Bytes of the smallest model.
pub(crate) const HEADER: u32 = 17;

/// A file that admission takes: with a plan of `plan_bytes`, told apart by `seed`.
pub(crate) fn model_sized(seed: u64, plan_bytes: u64, size: u32) -> Vec<u8> {
	let mut file = b"M".to_vec();
	file.extend(plan_bytes.to_le_bytes());
	file.extend(seed.to_le_bytes());
	assert!(size >= HEADER);
	let mut state = seed;
	while file.len() < size as usize {
		state = state
			.wrapping_mul(6_364_136_223_846_793_005)
			.wrapping_add(1);
		file.push((state >> 56) as u8);
	}
	file
}

/// The smallest such file.
pub(crate) fn model(seed: u64, plan_bytes: u64) -> Vec<u8> {
	model_sized(seed, plan_bytes, HEADER)
}

/// A file that admission refuses.
pub(crate) fn no_model(seed: u64) -> Vec<u8> {
	[b"no model", &seed.to_le_bytes()[..]].concat()
}

/// Runs a test from block 1 on, and checks the invariants at its end.
pub(crate) fn new_test<R>(test: impl FnOnce() -> R) -> R {
	let mut ext = new_test_ext();
	ext.execute_with(|| {
		let result = test();
		check_invariants();
		result
	})
}

pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
	break_admission(false);
	hosting::reset();
	let mut storage = frame_system::GenesisConfig::<Test>::default()
		.build_storage()
		.expect("builds");
	pallet_balances::GenesisConfig::<Test> {
		balances: vec![(ALICE, 1 << 40), (BOB, 1 << 40), (POOR, 50)],
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.expect("builds");
	let mut ext = sp_io::TestExternalities::new(storage);
	ext.execute_with(|| System::set_block_number(1));
	ext
}

/// The pallet's invariants, that every account holds exactly what it has to, and that jobs and hosting
/// have been told what they must know.
pub(crate) fn check_invariants() {
	ModelsPallet::do_try_state().expect("the invariants hold");
	hosting::check();
	for who in [ALICE, BOB, POOR] {
		let models: u64 = Models::<Test>::iter()
			.filter(|(_, record)| record.owner == who && record.stage != ModelStage::Removing)
			.map(|(id, record)| {
				let plan = Reports::<Test>::get(id).map_or(0, |report| report.plan_bytes);
				plan_deposit(record.size, plan)
			})
			.sum();
		assert_eq!(Balances::balance_on_hold(&ModelHold::get(), &who), models);
		let releases: u64 = Releases::<Test>::iter_prefix(who)
			.map(|((name, version), record)| match record.info.retired {
				true => tombstone_deposit(&name, &version),
				false => RELEASE_DEPOSIT,
			})
			.sum();
		assert_eq!(
			Balances::balance_on_hold(&ReleaseHold::get(), &who),
			releases
		);
	}
}

/// Ends this block and begins the next.
pub(crate) fn next_block() {
	let now = System::block_number();
	ModelsPallet::on_finalize(now);
	System::finalize();
	System::reset_events();
	System::initialize(&(now + 1), &Default::default(), &Default::default());
	ModelsPallet::on_initialize(now + 1);
}

pub(crate) fn run_to(block: u64) {
	while System::block_number() < block {
		next_block();
	}
}

/// Runs until a model is in a stage that `wanted` accepts, for at most 200 blocks.
pub(crate) fn run_until(id: ModelId, wanted: impl Fn(Option<ModelStage<u64>>) -> bool) {
	for _ in 0..200 {
		if wanted(stage(id)) {
			return;
		}
		next_block();
	}
	panic!("{id} is {:?} after 200 blocks", stage(id));
}

pub(crate) fn stage(id: ModelId) -> Option<ModelStage<u64>> {
	Models::<Test>::get(id).map(|record| record.stage)
}

/// The events of this pallet in this block.
pub(crate) fn events() -> Vec<pallet_models::Event<Test>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::ModelsPallet(event) => Some(event),
			_ => None,
		})
		.collect()
}

pub(crate) fn chunk_call(id: ModelId, index: u32, bytes: &[u8]) -> RuntimeCall {
	let bytes = Chunk::try_from(bytes.to_vec()).expect("a chunk");
	RuntimeCall::ModelsPallet(crate::Call::upload_chunk {
		model_id: id,
		index,
		bytes,
	})
}

/// Applies a signed extrinsic through the transaction extension, as a block does.
pub(crate) fn apply(
	who: AccountId,
	call: RuntimeCall,
) -> Result<DispatchResult, TransactionValidityError> {
	use frame_support::dispatch::GetDispatchInfo;
	let info = call.get_dispatch_info();
	let len = codec::Encode::encoded_size(&call);
	// As the client does with an extrinsic that does not get into the block.
	frame_support::storage::with_transaction(|| {
		let origin = RuntimeOrigin::signed(who);
		let result = CheckUploads::<Test>::new().dispatch_transaction(origin, call, &info, len, 0);
		let result = result.map(|outcome| outcome.map(|_| ()).map_err(|error| error.error));
		match result {
			Ok(outcome) => sp_runtime::TransactionOutcome::Commit(Ok::<
				_,
				frame_support::sp_runtime::DispatchError,
			>(Ok(outcome))),
			Err(error) => sp_runtime::TransactionOutcome::Rollback(Ok(Err(error))),
		}
	})
	.expect("transactions nest deeply enough")
}

/// Validates a signed extrinsic for the pool.
pub(crate) fn validate(
	who: AccountId,
	call: &RuntimeCall,
) -> Result<ValidTransaction, TransactionValidityError> {
	use frame_support::dispatch::GetDispatchInfo;
	let info = call.get_dispatch_info();
	let len = codec::Encode::encoded_size(call);
	CheckUploads::<Test>::new()
		.validate_only(
			RuntimeOrigin::signed(who),
			call,
			&info,
			len,
			TransactionSource::External,
			0,
		)
		.map(|(validity, _, _)| validity)
}

/// Uploads one chunk of a file, in a later block if this one is full.
pub(crate) fn upload_chunk(
	who: AccountId,
	id: ModelId,
	index: u32,
	bytes: &[u8],
) -> DispatchResult {
	loop {
		match apply(who, chunk_call(id, index, bytes)) {
			Ok(result) => return result,
			Err(error) if error.exhausted_resources() => next_block(),
			Err(error) => panic!("not applied: {error:?}"),
		}
	}
}

/// Begins an upload of a file under an id, and uploads all chunks.
pub(crate) fn upload_as(who: AccountId, id: ModelId, file: &[u8]) {
	ModelsPallet::begin_upload(RuntimeOrigin::signed(who), id, file.len() as u32).expect("begins");
	for (index, chunk) in (0..).zip(file.chunks(CHUNK_SIZE as usize)) {
		upload_chunk(who, id, index, chunk).expect("uploads");
	}
}

/// Uploads and submits a file.
pub(crate) fn submit(who: AccountId, file: &[u8]) -> ModelId {
	let id = ModelId::of(file);
	upload_as(who, id, file);
	ModelsPallet::submit(RuntimeOrigin::signed(who), id).expect("submits");
	id
}

/// Uploads a file and waits until it is resident.
pub(crate) fn make_resident(who: AccountId, file: &[u8]) -> ModelId {
	let id = submit(who, file);
	run_until(id, |stage| stage == Some(ModelStage::Resident));
	id
}

pub(crate) fn release_id(owner: AccountId, name: &str, version: &str) -> ReleaseId<AccountId> {
	ReleaseId {
		owner,
		name: name.as_bytes().to_vec().try_into().expect("short"),
		version: version.as_bytes().to_vec().try_into().expect("short"),
	}
}

pub(crate) fn release(
	who: AccountId,
	id: ModelId,
	name: &str,
	version: &str,
	royalty: u64,
) -> DispatchResult {
	let ReleaseId { name, version, .. } = release_id(who, name, version);
	ModelsPallet::release(RuntimeOrigin::signed(who), id, name, version, royalty)
}

pub(crate) fn retire(who: AccountId, name: &str, version: &str) -> DispatchResult {
	let ReleaseId { name, version, .. } = release_id(who, name, version);
	ModelsPallet::retire(RuntimeOrigin::signed(who), name, version)
}
