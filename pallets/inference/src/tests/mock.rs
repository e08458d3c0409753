//! The runtime of the tests.

#![allow(unreachable_pub)]

use frame_support::{
	derive_impl, parameter_types,
	traits::ConstU64,
	weights::{constants::ParityDbWeight, Weight},
};
use noema_primitives::{
	tensor::named, Cost, DType, ModelId, ModelReport, NamedTensor, ReleaseId, TensorSchema,
	PROFILE_1,
};
use sp_runtime::{traits::Convert, BuildStorage};

use super::{
	executor::{self, Behaviour, MockExecutor},
	hosts_share::Hosts,
	oracle,
	registry::{self, Entry, Releases},
};

type Block = frame_system::mocking::MockBlock<Test>;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Utility: pallet_utility,
		Registry: registry,
		Inference: crate,
		Oracle: oracle,
	}
);

parameter_types! {
	pub BlockWeights: frame_system::limits::BlockWeights =
		frame_system::limits::BlockWeights::simple_max(Weight::MAX);
	pub const MaxInferenceWeight: Weight = Weight::from_parts(200_000_000_000, u64::MAX);
	pub const MaxOutputBytes: u32 = 16 * 1024;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type BlockWeights = BlockWeights;
	type DbWeight = ParityDbWeight;
	type Block = Block;
	type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type ExistentialDeposit = ConstU64<ED>;
}

impl pallet_utility::Config for Test {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type PalletsOrigin = OriginCaller;
	type WeightInfo = ();
}

impl registry::Config for Test {}

impl oracle::Config for Test {
	type Inference = Inference;
}

/// Prices a cost so that each part shows.
#[derive(Debug)]
pub struct CostToWeight;
impl Convert<Cost, Weight> for CostToWeight {
	fn convert(cost: Cost) -> Weight {
		let ref_time = cost
			.macs
			.saturating_mul(1_000)
			.saturating_add(cost.bytes.saturating_mul(100))
			.saturating_add(u64::from(cost.steps).saturating_mul(10_000))
			.saturating_add(cost.transcendentals.saturating_mul(7));
		Weight::from_parts(ref_time, 0)
	}
}

impl crate::Config for Test {
	type Registry = Registry;
	type Executor = MockExecutor;
	type Hosts = Hosts;
	type Currency = Balances;
	type CostToWeight = CostToWeight;
	type MaxInferenceWeight = MaxInferenceWeight;
	type MaxOutputBytes = MaxOutputBytes;
	type MaxReceipts = ConstU64<WINDOW>;
	type WeightInfo = ();
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = MockModel;
}

/// A model of the mock registry, whose file is its report.
#[cfg(feature = "runtime-benchmarks")]
#[derive(Debug)]
pub struct MockModel;

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper for MockModel {
	fn model(input_bytes: u32, output_bytes: u32) -> (Vec<u8>, Vec<NamedTensor>) {
		let report = report(
			vec![schema("x", DType::U8, &[input_bytes])],
			vec![schema("y", DType::U8, &[output_bytes])],
		);
		let x = named(
			"x",
			DType::U8,
			&[input_bytes],
			vec![0; input_bytes as usize],
		)
		.unwrap();
		(codec::Encode::encode(&report), vec![x])
	}
}

/// The existential deposit.
pub const ED: u64 = 10;
/// How many receipts are kept.
pub const WINDOW: u64 = 4;
/// Calls; has plenty.
pub const ALICE: u64 = 1;
/// Calls; has the existential deposit and a little.
pub const BOB: u64 = 2;
/// Owns the releases.
pub const OWNER: u64 = 3;
/// What Alice has.
pub const PLENTY: u64 = 1_000_000;
/// What an inference earns the owner of [`classifier`].
pub const ROYALTY: u64 = 100;

/// Externalities at block 1.
pub fn new_test_ext() -> sp_io::TestExternalities {
	executor::reset();
	let mut storage = frame_system::GenesisConfig::<Test>::default()
		.build_storage()
		.unwrap();
	pallet_balances::GenesisConfig::<Test> {
		balances: vec![(ALICE, PLENTY), (BOB, ED + ROYALTY - 1), (OWNER, ED)],
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.unwrap();
	let mut ext = sp_io::TestExternalities::new(storage);
	ext.execute_with(|| System::set_block_number(1));
	ext
}

/// Runs a test at block 1 and checks afterwards what must always hold.
pub fn run(test: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		test();
		Inference::do_try_state().unwrap();
	});
}

pub fn schema(name: &str, dtype: DType, shape: &[u32]) -> TensorSchema {
	TensorSchema {
		name: name.as_bytes().to_vec().try_into().unwrap(),
		dtype,
		shape: shape.to_vec().try_into().unwrap(),
	}
}

pub fn report(inputs: Vec<TensorSchema>, outputs: Vec<TensorSchema>) -> ModelReport {
	ModelReport {
		profile: PROFILE_1,
		inputs: inputs.try_into().unwrap(),
		outputs: outputs.try_into().unwrap(),
		cost: Cost {
			macs: 1_000,
			bytes: 200,
			steps: 3,
			transcendentals: 40,
		},
		plan_bytes: 100,
		peak_bytes: 100,
		node_count: 3,
		plan: Default::default(),
	}
}

pub fn f32s(name: &str, shape: &[u32], values: &[f32]) -> NamedTensor {
	let data = values
		.iter()
		.flat_map(|value| value.to_le_bytes())
		.collect();
	named(name, DType::F32, shape, data).unwrap()
}

pub fn release_id(name: &str) -> ReleaseId<u64> {
	ReleaseId {
		owner: OWNER,
		name: name.as_bytes().to_vec().try_into().unwrap(),
		version: b"1.0.0".to_vec().try_into().unwrap(),
	}
}

/// A release that is callable from block 1 on, of a model that takes an image and a bias and
/// returns scores.
pub fn classifier_entry() -> Entry {
	let model = ModelId::of(b"classifier");
	executor::teach(model, Behaviour::Classify);
	Entry {
		model,
		report: report(
			vec![
				schema("image", DType::F32, &[1, 3]),
				schema("bias", DType::F32, &[3]),
			],
			vec![schema("scores", DType::F32, &[1, 3])],
		),
		royalty: ROYALTY,
		created: 0,
		retired: false,
		resident: 1,
	}
}

/// Makes a release of the classifier.
pub fn classifier() -> ReleaseId<u64> {
	install("classifier", classifier_entry())
}

/// Makes a release.
pub fn install(name: &str, entry: Entry) -> ReleaseId<u64> {
	let id = release_id(name);
	Releases::<Test>::insert(&id, entry);
	id
}

pub fn image() -> NamedTensor {
	f32s("image", &[1, 3], &[0.25, 2.0, -1.0])
}

pub fn bias() -> NamedTensor {
	f32s("bias", &[3], &[0.5, 0.5, 8.0])
}

/// What the classifier answers to [`image`] and [`bias`].
pub fn scores() -> NamedTensor {
	f32s("scores", &[1, 3], &[0.75, 2.5, 7.0])
}

/// Calls `infer` as an account.
pub fn infer(
	caller: u64,
	release: &ReleaseId<u64>,
	inputs: Vec<NamedTensor>,
) -> sp_runtime::DispatchResult {
	Inference::infer(
		RuntimeOrigin::signed(caller),
		release.clone(),
		inputs.try_into().unwrap(),
	)
	.map(|_| ())
	.map_err(|e| e.error)
}

/// The call that [`infer`] makes.
pub fn infer_call(release: &ReleaseId<u64>, inputs: Vec<NamedTensor>) -> RuntimeCall {
	crate::Call::<Test>::infer {
		release: release.clone(),
		inputs: inputs.try_into().unwrap(),
	}
	.into()
}
