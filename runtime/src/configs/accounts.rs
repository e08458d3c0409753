//! What accounts may do beside their own calls: batches, proxies, multisigs, schedules.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	parameter_types,
	traits::{
		fungible::HoldConsideration, ConstU32, EqualPrivilegeOnly, InstanceFilter,
		LinearStoragePrice,
	},
	weights::Weight,
};
use frame_system::EnsureRoot;
use scale_info::TypeInfo;
use sp_runtime::{traits::BlakeTwo256, Perbill};

use crate::{
	constants::{
		block::RuntimeBlockWeights,
		money::{deposit, MICRO_NOE},
	},
	AccountId, Balance, Balances, OriginCaller, Preimage, Runtime, RuntimeCall, RuntimeEvent,
	RuntimeHoldReason, RuntimeOrigin, System,
};

impl pallet_utility::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type PalletsOrigin = OriginCaller;
	type WeightInfo = pallet_utility::weights::SubstrateWeight<Runtime>;
}

parameter_types! {
	/// Deposit of an account with proxies.
	pub const ProxyDepositBase: Balance = deposit(1, 8);
	/// Deposit of each proxy.
	pub const ProxyDepositFactor: Balance = deposit(0, 33);
	/// Deposit of an account with announcements.
	pub const AnnouncementDepositBase: Balance = deposit(1, 8);
	/// Deposit of each announcement.
	pub const AnnouncementDepositFactor: Balance = deposit(0, 66);
	/// Deposit of a multisig operation.
	pub const MultisigDepositBase: Balance = deposit(1, 88);
	/// Deposit of each signatory.
	pub const MultisigDepositFactor: Balance = deposit(0, 32);
}

/// What a proxy may call on behalf of another account.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum ProxyKind {
	/// Everything.
	#[default]
	Any,
	/// Everything that moves no balance by itself.
	NonTransfer,
	/// Models: uploads, releases, their retirement.
	Models,
	/// Inference.
	Inference,
}

impl InstanceFilter<RuntimeCall> for ProxyKind {
	fn filter(&self, call: &RuntimeCall) -> bool {
		match self {
			Self::Any => true,
			// An inference pays a royalty, and a batch or a proxied call is filtered again inside.
			Self::NonTransfer => matches!(
				call,
				RuntimeCall::System(_)
					| RuntimeCall::Session(_)
					| RuntimeCall::Utility(_)
					| RuntimeCall::Proxy(_)
					| RuntimeCall::Multisig(_)
					| RuntimeCall::Models(_)
			),
			Self::Models => matches!(call, RuntimeCall::Models(_) | RuntimeCall::Utility(_)),
			Self::Inference => matches!(call, RuntimeCall::Inference(_) | RuntimeCall::Utility(_)),
		}
	}

	fn is_superset(&self, other: &Self) -> bool {
		match (self, other) {
			(Self::Any, _) => true,
			(Self::NonTransfer, Self::Models) => true,
			(this, other) => this == other,
		}
	}
}

impl pallet_proxy::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type Currency = Balances;
	type ProxyType = ProxyKind;
	type ProxyDepositBase = ProxyDepositBase;
	type ProxyDepositFactor = ProxyDepositFactor;
	type MaxProxies = ConstU32<32>;
	type WeightInfo = pallet_proxy::weights::SubstrateWeight<Runtime>;
	type MaxPending = ConstU32<32>;
	type CallHasher = BlakeTwo256;
	type AnnouncementDepositBase = AnnouncementDepositBase;
	type AnnouncementDepositFactor = AnnouncementDepositFactor;
	type BlockNumberProvider = System;
}

impl pallet_multisig::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type Currency = Balances;
	type DepositBase = MultisigDepositBase;
	type DepositFactor = MultisigDepositFactor;
	type MaxSignatories = ConstU32<100>;
	type WeightInfo = pallet_multisig::weights::SubstrateWeight<Runtime>;
	type BlockNumberProvider = System;
}

parameter_types! {
	/// Deposit of a preimage, whatever its size.
	pub const PreimageBaseDeposit: Balance = deposit(1, 0);
	/// Deposit of each byte of a preimage.
	pub const PreimageByteDeposit: Balance = MICRO_NOE;
	/// Why a preimage's deposit is held.
	pub const PreimageHoldReason: RuntimeHoldReason =
		RuntimeHoldReason::Preimage(pallet_preimage::HoldReason::Preimage);
}

impl pallet_preimage::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_preimage::weights::SubstrateWeight<Runtime>;
	type Currency = Balances;
	type ManagerOrigin = EnsureRoot<AccountId>;
	type Consideration = HoldConsideration<
		AccountId,
		Balances,
		PreimageHoldReason,
		LinearStoragePrice<PreimageBaseDeposit, PreimageByteDeposit, Balance>,
	>;
}

parameter_types! {
	/// What scheduled calls may weigh in a block.
	pub MaximumSchedulerWeight: Weight =
		Perbill::from_percent(50) * RuntimeBlockWeights::get().max_block;
}

impl pallet_scheduler::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeOrigin = RuntimeOrigin;
	type PalletsOrigin = OriginCaller;
	type RuntimeCall = RuntimeCall;
	type MaximumWeight = MaximumSchedulerWeight;
	type ScheduleOrigin = EnsureRoot<AccountId>;
	type OriginPrivilegeCmp = EqualPrivilegeOnly;
	type MaxScheduledPerBlock = ConstU32<50>;
	type WeightInfo = pallet_scheduler::weights::SubstrateWeight<Runtime>;
	type Preimages = Preimage;
	type BlockNumberProvider = System;
}

impl pallet_sudo::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type WeightInfo = pallet_sudo::weights::SubstrateWeight<Runtime>;
}
