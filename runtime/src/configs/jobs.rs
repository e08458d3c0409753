//! Jobs: inference off the block, and what its draws and windows rest on.

use codec::Encode;
use frame_support::{
	parameter_types,
	traits::{ConstU32, ConstU64, Contains, Get},
	weights::Weight,
	PalletId,
};
use frame_system::EnsureRoot;
use noema_precompile_inference::NativeEngine;
use sp_runtime::Perbill;

use super::model::StorageDeposit;
use crate::{
	constants::{
		block::MAX_WEIGHT,
		time::{HOURS, MINUTES},
	},
	weights::CostToWeight,
	AccountId, Authorship, Babe, Balances, BlockNumber, Hosting, Models, Runtime, RuntimeCall,
	RuntimeHoldReason, System,
};

const KIB: u32 = 1024;
const MIB: u32 = 1024 * KIB;

parameter_types! {
	/// From which the account of bounties is made.
	pub const JobsPalletId: PalletId = PalletId(*b"nm/jobs!");
	/// Why the deposit of a job is held.
	pub const JobHoldReason: RuntimeHoldReason =
		RuntimeHoldReason::Jobs(pallet_jobs::HoldReason::Job);
	/// Why the deposit of a blob is held.
	pub const BlobHoldReason: RuntimeHoldReason =
		RuntimeHoldReason::Jobs(pallet_jobs::HoldReason::Blob);
	/// What a referee may compute at a time.
	pub MaxRefereeWeight: Weight = Perbill::from_percent(5) * MAX_WEIGHT;
	/// What a callback may weigh.
	pub MaxCallbackWeight: Weight = Perbill::from_percent(2) * MAX_WEIGHT;
	/// By then the end of a job is final, unless finality lags.
	pub const CallbackDelay: BlockNumber = MINUTES;
	/// How long a blob lives that nobody uses.
	pub const BlobLifetime: BlockNumber = 12 * HOURS;
}

/// The account of this block's author, from its digest.
#[derive(Debug)]
pub struct Author;

impl Get<Option<AccountId>> for Author {
	fn get() -> Option<AccountId> {
		Authorship::author()
	}
}

/// The VRF output of the parent block's author.
///
/// Every block of BABE has one, secondary slots included. Those that a development node seals at will
/// have none; there the parent's hash takes its place.
#[derive(Debug)]
pub struct ParentRandomness;

impl Get<Option<[u8; 32]>> for ParentRandomness {
	fn get() -> Option<[u8; 32]> {
		let sealed_at_will =
			|| sp_io::hashing::blake2_256(&(b"noema/sealed", System::parent_hash()).encode());
		Some(Babe::author_vrf_randomness().unwrap_or_else(sealed_at_will))
	}
}

/// How many validators take turns in this session.
#[derive(Debug)]
pub struct ValidatorCount;

impl Get<u32> for ValidatorCount {
	fn get() -> u32 {
		pallet_session::Validators::<Runtime>::decode_len().unwrap_or(0) as u32
	}
}

/// What the end of a job may call. A pallet that wants to be told, and admits
/// [`EnsureCallback`](pallet_jobs::EnsureCallback), belongs here.
#[derive(Debug)]
pub struct CallbackFilter;

impl Contains<RuntimeCall> for CallbackFilter {
	fn contains(call: &RuntimeCall) -> bool {
		matches!(call, RuntimeCall::System(frame_system::Call::remark { .. }))
	}
}

impl pallet_jobs::Config for Runtime {
	type WeightInfo = pallet_jobs::weights::SubstrateWeight<Runtime>;
	type Currency = Balances;
	type Hosting = Hosting;
	type Models = Models;
	type Releases = Models;
	type Referee = NativeEngine;
	type CostToWeight = CostToWeight;
	type Author = Author;
	type ParentRandomness = ParentRandomness;
	type Validators = ValidatorCount;
	type FinalityLags = pallet_finality::Lagging<Runtime>;
	type AdminOrigin = EnsureRoot<AccountId>;
	type JobConsideration = StorageDeposit<JobHoldReason>;
	type BlobConsideration = StorageDeposit<BlobHoldReason>;
	type Callback = RuntimeCall;
	type CallbackFilter = CallbackFilter;
	type MaxCallbackWeight = MaxCallbackWeight;
	type CallbackDelay = CallbackDelay;
	type MaxRefereeWeight = MaxRefereeWeight;
	type MaxStepBytes = ConstU64<{ 64 * MIB as u64 }>;
	type MaxPayloadBytes = ConstU32<{ 8 * MIB }>;
	type MaxInlineBytes = ConstU32<{ 256 * KIB }>;
	type MaxBlobSize = ConstU32<{ 64 * MIB }>;
	type BlobLifetime = BlobLifetime;
	// As many as a watcher sees in one answer.
	type MaxOpenJobs = ConstU32<256>;
	type PotId = JobsPalletId;
}
