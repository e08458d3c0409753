//! Authoring, finality, sessions and offences.

use alloc::vec::Vec;
use frame_support::{
	parameter_types,
	traits::{ConstU128, ConstU32},
};
use sp_consensus_babe::{AllowedSlots, BabeEpochConfiguration};
use sp_runtime::{
	traits::{Convert, ConvertInto, OpaqueKeys},
	transaction_validity::TransactionPriority,
};

use crate::{
	constants::time::{BLOCK_TIME_MS, DAYS, EPOCH_SLOTS, PRIMARY_PROBABILITY},
	AccountId, Babe, Balances, BlockNumber, Historical, Offences, Runtime, RuntimeCall,
	RuntimeEvent, Session, SessionKeys, TxExtension, UncheckedExtrinsic,
};

/// BABE from genesis on: slots without a primary author have a secondary one, who proves a VRF
/// output too.
pub const EPOCH_CONFIGURATION: BabeEpochConfiguration = BabeEpochConfiguration {
	c: PRIMARY_PROBABILITY,
	allowed_slots: AllowedSlots::PrimaryAndSecondaryVRFSlots,
};

parameter_types! {
	/// Slots of an epoch.
	pub const EpochDuration: u64 = EPOCH_SLOTS as u64;
	/// Milliseconds from block to block.
	pub const ExpectedBlockTime: u64 = BLOCK_TIME_MS;
	/// For how many slots an equivocation may be reported: two weeks.
	pub const ReportLongevity: u64 = 14 * DAYS as u64;
	/// GRANDPA authority sets that may be told apart, for equivocation reports.
	pub const MaxSetIdSessionEntries: u64 = 14 * DAYS as u64 / EPOCH_SLOTS as u64;
	/// Reports of equivocation go first.
	pub const ReportPriority: TransactionPriority = TransactionPriority::MAX;
}

impl pallet_babe::Config for Runtime {
	type EpochDuration = EpochDuration;
	type ExpectedBlockTime = ExpectedBlockTime;
	type EpochChangeTrigger = pallet_babe::ExternalTrigger;
	type DisabledValidators = Session;
	type WeightInfo = ();
	type MaxAuthorities = ConstU32<256>;
	type MaxNominators = ConstU32<0>;
	type KeyOwnerProof = sp_session::MembershipProof;
	type EquivocationReportSystem =
		pallet_babe::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
}

impl pallet_grandpa::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
	type MaxAuthorities = ConstU32<256>;
	type MaxNominators = ConstU32<0>;
	type MaxSetIdSessionEntries = MaxSetIdSessionEntries;
	type KeyOwnerProof = sp_session::MembershipProof;
	type EquivocationReportSystem =
		pallet_grandpa::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
}

impl pallet_authorship::Config for Runtime {
	type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Babe>;
	type EventHandler = ();
}

/// The validators are those of genesis: every account whose keys the genesis sets.
#[derive(Debug)]
pub struct GenesisAuthorities;

impl pallet_session::SessionManager<AccountId> for GenesisAuthorities {
	fn new_session(_: u32) -> Option<Vec<AccountId>> {
		Some(Session::validators())
	}

	fn new_session_genesis(_: u32) -> Option<Vec<AccountId>> {
		Some(pallet_session::NextKeys::<Runtime>::iter_keys().collect())
	}

	fn start_session(_: u32) {}

	fn end_session(_: u32) {}
}

impl pallet_session::historical::SessionManager<AccountId, ()> for GenesisAuthorities {
	fn new_session(index: u32) -> Option<Vec<(AccountId, ())>> {
		<Self as pallet_session::SessionManager<_>>::new_session(index).map(identified)
	}

	fn new_session_genesis(index: u32) -> Option<Vec<(AccountId, ())>> {
		<Self as pallet_session::SessionManager<_>>::new_session_genesis(index).map(identified)
	}

	fn start_session(_: u32) {}

	fn end_session(_: u32) {}
}

fn identified(validators: Vec<AccountId>) -> Vec<(AccountId, ())> {
	validators
		.into_iter()
		.map(|validator| (validator, ()))
		.collect()
}

/// A validator without stake is known by its account alone.
#[derive(Debug)]
pub struct NoFurtherIdentification;

impl Convert<AccountId, Option<()>> for NoFurtherIdentification {
	fn convert(_: AccountId) -> Option<()> {
		Some(())
	}
}

impl pallet_session::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type ShouldEndSession = Babe;
	type NextSessionRotation = Babe;
	type SessionManager = pallet_session::historical::NoteHistoricalRoot<Self, GenesisAuthorities>;
	type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
	type Keys = SessionKeys;
	type DisablingStrategy = ();
	type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
	type Currency = Balances;
	type KeyDeposit = ConstU128<{ crate::constants::money::deposit(1, 128) }>;
}

impl pallet_session::historical::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type FullIdentification = ();
	type FullIdentificationOf = NoFurtherIdentification;
}

parameter_types! {
	/// How many notes of authors count.
	pub const MaxNotes: u32 = 15;
	/// How many blocks finality may be behind before windows of jobs pause. GRANDPA is three or four
	/// behind, and the median of the notes half of their number more.
	pub const MaxLag: BlockNumber = 30;
}

impl pallet_finality::Config for Runtime {
	type MaxNotes = MaxNotes;
	type MaxLag = MaxLag;
}

impl pallet_offences::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type IdentificationTuple = pallet_session::historical::IdentificationTuple<Self>;
	// Offences are recorded. Authorities without stake have none to lose.
	type OnOffenceHandler = ();
}

impl<C> frame_system::offchain::CreateTransactionBase<C> for Runtime
where
	RuntimeCall: From<C>,
{
	type Extrinsic = UncheckedExtrinsic;
	type RuntimeCall = RuntimeCall;
}

impl<C> frame_system::offchain::CreateTransaction<C> for Runtime
where
	RuntimeCall: From<C>,
{
	type Extension = TxExtension;

	fn create_transaction(call: RuntimeCall, extension: TxExtension) -> UncheckedExtrinsic {
		UncheckedExtrinsic::new_transaction(call, extension)
	}
}

impl<C> frame_system::offchain::CreateBare<C> for Runtime
where
	RuntimeCall: From<C>,
{
	fn create_bare(call: RuntimeCall) -> UncheckedExtrinsic {
		UncheckedExtrinsic::new_bare(call)
	}
}
