//! Models and inference in the block.

use frame_support::{
	parameter_types,
	traits::{fungible::HoldConsideration, ConstU16, ConstU32, ConstU64, LinearStoragePrice},
	weights::Weight,
};
use frame_system::EnsureRoot;
use noema_precompile_inference::NativeEngine;
use noema_primitives::PROFILE_1;

use crate::{
	constants::{
		block::{MAX_WEIGHT, NORMAL_RATIO},
		money::{deposit, MICRO_NOE},
		time::{HOURS, MINUTES},
	},
	weights::CostToWeight,
	AccountId, Balance, Balances, BlockNumber, Hosting, Jobs, Models, Runtime, RuntimeHoldReason,
};

const MIB: u64 = 1024 * 1024;

parameter_types! {
	/// Why a model's deposit is held.
	pub const ModelHoldReason: RuntimeHoldReason =
		RuntimeHoldReason::Models(pallet_models::HoldReason::Model);
	/// Why a release's deposit is held.
	pub const ReleaseHoldReason: RuntimeHoldReason =
		RuntimeHoldReason::Models(pallet_models::HoldReason::Release);
	/// Deposit of a model or a release, whatever its size.
	pub const BaseDeposit: Balance = deposit(1, 0);
	/// Deposit of each byte of a model's file or plan, whichever is larger, and of a release:
	/// about one NOE for a MiB.
	pub const ByteDeposit: Balance = MICRO_NOE;
	/// An upload must be complete within this time.
	pub const UploadLifetime: BlockNumber = 2 * HOURS;
	/// A chunk must come within this time.
	pub const UploadIdleTimeout: BlockNumber = 5 * MINUTES;
	/// Time to work out the report of a small file.
	pub const AdmissionDelay: BlockNumber = 2;
	/// Time to build the plan of an admitted model.
	pub const MaturityPeriod: BlockNumber = MINUTES / 5;
	/// Time for a model's hosts, and those who call it, to see that it is about to leave.
	pub const ResidencyNotice: BlockNumber = HOURS;
}

/// A deposit for what is stored, held for this reason.
pub(super) type StorageDeposit<Reason> = HoldConsideration<
	AccountId,
	Balances,
	Reason,
	LinearStoragePrice<BaseDeposit, ByteDeposit, Balance>,
>;

impl pallet_models::Config for Runtime {
	type WeightInfo = pallet_models::weights::SubstrateWeight<Runtime>;
	type Currency = Balances;
	type UploadConsideration = StorageDeposit<ModelHoldReason>;
	type ReleaseConsideration = StorageDeposit<ReleaseHoldReason>;
	type Admission = NativeEngine;
	type Hosting = Hosting;
	type Voiding = Jobs;
	type AdminOrigin = EnsureRoot<AccountId>;
	type Profile = ConstU16<PROFILE_1>;
	type MaxModelSize = ConstU32<{ 128 * MIB as u32 }>;
	// State sync holds all state in memory.
	type MaxTotalBytes = ConstU64<{ 2048 * MIB }>;
	// Every validator keeps the plans of all resident models in memory.
	type MaxResidentBytes = ConstU64<{ 1024 * MIB }>;
	// The largest plan that the engine admits.
	type MaxMaturingBytes = ConstU64<{ 512 * MIB }>;
	type MaxResidentModels = ConstU32<256>;
	type MaxUploadBytesPerBlock = ConstU32<{ 2 * MIB as u32 }>;
	type UploadLifetime = UploadLifetime;
	type UploadIdleTimeout = UploadIdleTimeout;
	type AdmissionDelay = AdmissionDelay;
	type AdmissionBytesPerBlock = ConstU32<{ 16 * MIB as u32 }>;
	type MaturityPeriod = MaturityPeriod;
	type ResidencyNotice = ResidencyNotice;
	type MaxQueue = ConstU32<64>;
	type RefusalsKept = ConstU32<64>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = pallet_models::OnnxFiles;
}

parameter_types! {
	/// One inference may take half of what Normal extrinsics may fill.
	pub MaxInferenceWeight: Weight = NORMAL_RATIO * MAX_WEIGHT / 2;
}

impl pallet_inference::Config for Runtime {
	type Registry = Models;
	type Executor = NativeEngine;
	type Hosts = Hosting;
	type Currency = Balances;
	type CostToWeight = CostToWeight;
	type MaxInferenceWeight = MaxInferenceWeight;
	type MaxOutputBytes = ConstU32<{ 16 * 1024 }>;
	type MaxReceipts = ConstU64<8192>;
	type WeightInfo = pallet_inference::weights::SubstrateWeight<Runtime>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = pallet_inference::HeadModel;
}
