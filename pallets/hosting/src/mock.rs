//! A small chain with a catalog of models that lives beside the state.

use alloc::{collections::BTreeMap, vec::Vec};
use core::cell::RefCell;
use frame_support::{
	derive_impl, parameter_types,
	storage::with_storage_layer,
	traits::{
		fungible::{Inspect, InspectHold},
		ConstU32, ConstU64,
	},
	weights::Weight,
	PalletId,
};
use noema_primitives::{
	hosting::{HostShare, JobStake, ModelCatalog, ModelStake},
	Cost, ModelId, ModelLocation, ModelReport, PROFILE_1,
};
use sp_runtime::{traits::Convert, BuildStorage, DispatchError, DispatchResult};

use crate::{
	self as pallet_hosting, types::CommitmentRecordOf, Commitments, HoldReason, HostRecordOf, Hosts,
};

pub(crate) type AccountId = u64;
type Block = frame_system::mocking::MockBlock<Test>;

/// Hosts.
pub(crate) const ALICE: AccountId = 1;
pub(crate) const BOB: AccountId = 2;
pub(crate) const CAROL: AccountId = 3;
pub(crate) const DAVE: AccountId = 4;
/// Backers.
pub(crate) const EVE: AccountId = 11;
pub(crate) const FRED: AccountId = 12;
/// Pays fees.
pub(crate) const GINA: AccountId = 21;
/// Has no account.
pub(crate) const NOBODY: AccountId = 99;

/// What each account has.
pub(crate) const PLENTY: u64 = 100_000;
pub(crate) const ED: u64 = 10;
pub(crate) const MIN_BOND: u64 = 100;
pub(crate) const MIN_BACKING: u64 = 20;
pub(crate) const MAX_LEVERAGE: u32 = 4;
pub(crate) const MIN_COMMITMENT: u64 = 10;
pub(crate) const MAX_COMMITMENTS: u32 = 4;
pub(crate) const MAX_HOSTS_PER_MODEL: u32 = 3;
pub(crate) const MAX_STANDING_HOSTS: u32 = 2;
pub(crate) const MAX_CAPACITY: u32 = 8;
pub(crate) const UNBONDING_PERIOD: u64 = 20;
/// The hosts' share of a run of [`COST`].
pub(crate) const FEE: u64 = 50;
/// Bytes of the plan of each model.
pub(crate) const PLAN_BYTES: u64 = 30;
/// What must be committed to a model.
pub(crate) const REQUIREMENT: u64 = PLAN_BYTES + 100;
/// A tenth of a second.
pub(crate) const COST: Cost = Cost {
	macs: 100,
	bytes: 0,
	steps: 0,
	transcendentals: 0,
};

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
	pub type Hosting = pallet_hosting;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type ExistentialDeposit = ConstU64<ED>;
}

parameter_types! {
	pub const HostingPalletId: PalletId = PalletId(*b"hosting!");
}

/// A millisecond for each multiply-accumulate.
// Public as the runtime that has it as an associated type.
#[allow(unreachable_pub)]
#[derive(Debug)]
pub struct CostToWeight;

impl Convert<Cost, Weight> for CostToWeight {
	fn convert(cost: Cost) -> Weight {
		Weight::from_parts(cost.macs.saturating_mul(1_000_000_000), 0)
	}
}

impl pallet_hosting::Config for Test {
	type WeightInfo = crate::weights::SubstrateWeight<Test>;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Currency = Balances;
	type Catalog = MockCatalog;
	type CostToWeight = CostToWeight;
	type PalletId = HostingPalletId;
	type MinBond = ConstU64<MIN_BOND>;
	type MinBacking = ConstU64<MIN_BACKING>;
	type MaxLeverage = ConstU32<MAX_LEVERAGE>;
	type MinCommitment = ConstU64<MIN_COMMITMENT>;
	type MaxCommitments = ConstU32<MAX_COMMITMENTS>;
	type MaxHostsPerModel = ConstU32<MAX_HOSTS_PER_MODEL>;
	type MaxStandingHosts = ConstU32<MAX_STANDING_HOSTS>;
	type MaxCapacity = ConstU32<MAX_CAPACITY>;
	type UnbondingPeriod = ConstU64<UNBONDING_PERIOD>;
	type LongestJob = ConstU64<{ UNBONDING_PERIOD - 1 }>;
	type StakePerPlanByte = ConstU64<1>;
	type StakePerSecond = ConstU64<1_000>;
	type FeePerSecond = ConstU64<500>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = MockCatalog;
}

std::thread_local! {
	static MODELS: RefCell<BTreeMap<ModelId, ModelReport>> = const { RefCell::new(BTreeMap::new()) };
	static CHANGES: RefCell<Vec<ModelId>> = const { RefCell::new(Vec::new()) };
}

/// The models that tests admit.
#[allow(unreachable_pub)]
#[derive(Debug)]
pub struct MockCatalog;

impl ModelCatalog<AccountId> for MockCatalog {
	fn report(model: &ModelId) -> Option<ModelReport> {
		MODELS.with_borrow(|models| models.get(model).cloned())
	}

	fn location(_: &ModelId) -> Option<ModelLocation> {
		None
	}

	fn pin(_: &ModelId) -> DispatchResult {
		Ok(())
	}

	fn unpin(_: &ModelId) {}

	fn stake_changed(model: &ModelId) {
		CHANGES.with_borrow_mut(|changes| changes.push(*model));
	}
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper for MockCatalog {
	fn admit(seed: u32) -> ModelId {
		let model = model(seed as u8);
		MODELS.with_borrow_mut(|models| models.insert(model, report()));
		model
	}
}

/// The models of whose stake the catalog has been told since the last time.
pub(crate) fn changes() -> Vec<ModelId> {
	CHANGES.take()
}

pub(crate) fn report() -> ModelReport {
	ModelReport {
		profile: PROFILE_1,
		inputs: Default::default(),
		outputs: Default::default(),
		cost: COST,
		plan_bytes: PLAN_BYTES,
		peak_bytes: 0,
		node_count: 1,
		plan: Default::default(),
	}
}

pub(crate) fn model(seed: u8) -> ModelId {
	ModelId([seed; 32])
}

/// Admits a model, as the registry does.
pub(crate) fn admit(seed: u8) -> ModelId {
	let model = model(seed);
	MODELS.with_borrow_mut(|models| models.insert(model, report()));
	Hosting::on_admitted(&model, &report());
	model
}

/// Removes a model, as the registry does.
pub(crate) fn remove(model: ModelId) {
	forget(model);
	Hosting::on_removed(&model);
}

/// Has the registry know a model no more, before it says so.
pub(crate) fn forget(model: ModelId) {
	MODELS.with_borrow_mut(|models| models.remove(&model));
}

pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
	ext_with(vec![])
}

/// With genesis hosts.
pub(crate) fn ext_with(hosts: Vec<crate::GenesisHostOf<Test>>) -> sp_io::TestExternalities {
	MODELS.take();
	CHANGES.take();
	let mut storage = frame_system::GenesisConfig::<Test>::default()
		.build_storage()
		.expect("builds");
	pallet_balances::GenesisConfig::<Test> {
		balances: [ALICE, BOB, CAROL, DAVE, EVE, FRED, GINA]
			.map(|who| (who, PLENTY))
			.to_vec(),
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.expect("builds");
	pallet_hosting::GenesisConfig::<Test> { hosts }
		.assimilate_storage(&mut storage)
		.expect("builds");
	let mut ext = sp_io::TestExternalities::new(storage);
	ext.execute_with(|| System::set_block_number(1));
	ext
}

/// Runs a test from block 1 on, and checks the invariants at its end.
pub(crate) fn new_test<R>(test: impl FnOnce() -> R) -> R {
	new_test_ext().execute_with(|| {
		let result = test();
		check_invariants();
		result
	})
}

/// The pallet's invariants; that the pot has what it owes and not a unit more; and that the accounts
/// have what was issued.
pub(crate) fn check_invariants() {
	Hosting::do_try_state().expect("the invariants hold");
	let hosts: Vec<HostRecordOf<Test>> = Hosts::<Test>::iter_values().collect();
	let pot = Balances::balance(&Hosting::pot());
	assert_eq!(pot, ED + Hosting::owed(hosts.iter()));
	let accounts: u64 = frame_system::Account::<Test>::iter_values()
		.map(|account| account.data.free + account.data.reserved)
		.sum();
	assert_eq!(Balances::total_issuance(), accounts);
}

/// The events of this pallet since the last time.
pub(crate) fn events() -> Vec<pallet_hosting::Event<Test>> {
	let events = System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Hosting(event) => Some(event),
			_ => None,
		})
		.collect();
	System::reset_events();
	events
}

/// As a block runs a call: what fails changes nothing.
pub(crate) fn atomic<R>(
	call: impl FnOnce() -> Result<R, DispatchError>,
) -> Result<R, DispatchError> {
	with_storage_layer(call)
}

pub(crate) fn signed(who: AccountId) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

/// Makes an account a host that takes jobs for nothing.
pub(crate) fn host(who: AccountId, bond: u64) {
	Hosting::bond(signed(who), bond).expect("bonds");
	Hosting::set_terms(signed(who), 0, MAX_CAPACITY, None).expect("sets its terms");
}

pub(crate) fn commit(who: AccountId, model: ModelId, stake: u64) {
	Hosting::commit(signed(who), model, stake).expect("commits");
}

pub(crate) fn back(who: AccountId, host: AccountId, amount: u64) {
	Hosting::back(signed(who), host, amount).expect("backs");
}

pub(crate) fn unback(who: AccountId, host: AccountId, amount: u64) -> DispatchResult {
	Hosting::unback(signed(who), host, amount)
		.map(|_| ())
		.map_err(|error| error.error)
}

pub(crate) fn claim(who: AccountId) -> DispatchResult {
	atomic(|| {
		Hosting::claim(signed(who))
			.map(|_| ())
			.map_err(|error| error.error)
	})
}

pub(crate) fn lock(who: AccountId, model: ModelId, stake: u64) -> DispatchResult {
	<Hosting as JobStake<_, _>>::lock(&who, &model, stake)
}

pub(crate) fn unlock(who: AccountId, model: ModelId, stake: u64) {
	<Hosting as JobStake<_, _>>::unlock(&who, &model, stake);
}

/// Slashes all that is locked, and burns it.
pub(crate) fn slash(who: AccountId, model: ModelId, locked: u64) -> u64 {
	<Hosting as JobStake<_, _>>::slash(&who, &model, locked, locked, 0, &[])
}

/// An inference of a model, paid by Gina.
pub(crate) fn infer(model: ModelId) {
	let share = <Hosting as HostShare<_, u64>>::share(&COST);
	Hosting::pay(&GINA, &model, share).expect("Gina can pay");
}

pub(crate) fn record(who: AccountId) -> HostRecordOf<Test> {
	Hosts::<Test>::get(who).expect("a host")
}

pub(crate) fn commitment(who: AccountId, model: ModelId) -> Option<CommitmentRecordOf<Test>> {
	Commitments::<Test>::get(who, model)
}

/// What a host has committed to a model.
pub(crate) fn stake(who: AccountId, model: ModelId) -> u64 {
	commitment(who, model).map_or(0, |commitment| commitment.stake)
}

pub(crate) fn held(who: AccountId) -> u64 {
	Balances::balance_on_hold(&HoldReason::Bond.into(), &who)
}

pub(crate) fn free(who: AccountId) -> u64 {
	Balances::balance(&who)
}

/// Enters the block from which on may be withdrawn what leaves now.
pub(crate) fn wait() {
	System::set_block_number(System::block_number() + UNBONDING_PERIOD);
}
