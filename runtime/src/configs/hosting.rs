//! Hosts, their stake, and what it is worth.

use frame_support::{
	parameter_types,
	traits::{ConstU128, ConstU32},
	PalletId,
};

use crate::{
	constants::{
		money::{MICRO_NOE, NOE},
		time::DAYS,
	},
	weights::CostToWeight,
	Balance, Balances, BlockNumber, Models, Runtime, RuntimeHoldReason,
};

/// What a model's hosts earn from a second of computing in a block: a quarter of what its weight
/// costs. Validators, who compute it too, are not paid from it.
pub const FEE_PER_SECOND: Balance = NOE / 4;

parameter_types! {
	/// From which the account of hosts' earnings and backings is made.
	pub const HostingPalletId: PalletId = PalletId(*b"nm/hosts");
	/// Stake on its way out is at risk for four weeks.
	pub const UnbondingPeriod: BlockNumber = 28 * DAYS;
	/// A job with several disputes, of many parties each, and finality that lags now and then.
	pub const LongestJob: BlockNumber = 14 * DAYS;
}

impl pallet_hosting::Config for Runtime {
	type WeightInfo = pallet_hosting::weights::SubstrateWeight<Runtime>;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Currency = Balances;
	type Catalog = Models;
	type CostToWeight = CostToWeight;
	type PalletId = HostingPalletId;
	type MinBond = ConstU128<{ 100 * NOE }>;
	type MinBacking = ConstU128<NOE>;
	// Above one, a host could rob its backers: see docs/hosting-economics.md.
	type MaxLeverage = ConstU32<1>;
	type MinCommitment = ConstU128<{ 10 * NOE }>;
	// As many as models may be resident.
	type MaxCommitments = ConstU32<256>;
	type MaxHostsPerModel = ConstU32<64>;
	type MaxStandingHosts = ConstU32<16>;
	type MaxCapacity = ConstU32<256>;
	type UnbondingPeriod = UnbondingPeriod;
	type LongestJob = LongestJob;
	// Ten NOE for a MiB, which every validator keeps in memory.
	type StakePerPlanByte = ConstU128<{ 10 * MICRO_NOE }>;
	type StakePerSecond = ConstU128<{ 1_000 * NOE }>;
	type FeePerSecond = ConstU128<FEE_PER_SECOND>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = crate::benchmarks::AdmittedModels;
}
