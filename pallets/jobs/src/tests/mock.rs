//! The runtime of the tests, and steps that many of them take.

#![allow(unreachable_pub)]

use codec::Encode;
use core::cell::RefCell;
use frame_support::{
	assert_ok, derive_impl, parameter_types,
	traits::{
		fungible::{HoldConsideration, Inspect, InspectHold},
		ConstU32, ConstU64, Contains, Get, Hooks, LinearStoragePrice,
	},
	weights::Weight,
	PalletId,
};
use frame_system::EnsureRoot;
use noema_primitives::{
	jobs::{commitment, Answer, JobParams, OperandData, Payload, Phase},
	trace::Proof,
	Cost, JobId, Leaf, ModelId, ReleaseId, CHUNK_SIZE,
};
use sp_core::H256;
use sp_runtime::{traits::Convert, BuildStorage, DispatchResult, Perbill};

use super::{
	fake::{tensor, Data, Fake, FakeReferee, Trace},
	world::{self, Commitments, Pins, Releases, Reports, Terms, POT},
};
use crate::{ClaimsOf, Event, HoldReason, JobOf, Jobs as JobsOf, Members};

type Block = frame_system::mocking::MockBlock<Test>;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system,
		Balances: pallet_balances,
		Utility: pallet_utility,
		World: world,
		Jobs: crate,
	}
);

parameter_types! {
	pub BlockWeights: frame_system::limits::BlockWeights =
		frame_system::limits::BlockWeights::simple_max(
			Weight::from_parts(1_000_000_000_000, u64::MAX)
		);
	pub const MaxRefereeWeight: Weight = Weight::from_parts(1_000_000, u64::MAX);
	pub const MaxCallbackWeight: Weight = Weight::from_parts(1_000_000_000, u64::MAX);
	pub const JobHold: RuntimeHoldReason = RuntimeHoldReason::Jobs(HoldReason::Job);
	pub const BlobHold: RuntimeHoldReason = RuntimeHoldReason::Jobs(HoldReason::Blob);
	pub const Base: u64 = 10;
	pub const Slope: u64 = 1;
	pub const PotId: PalletId = PalletId(*b"nm/jobs!");
	/// Whether finality lags.
	pub static Lags: bool = false;
	/// How many validators take turns.
	pub static ValidatorCount: u32 = 5;
	/// What tells the randomness of one test from that of another.
	pub static Luck: u64 = 0;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type BlockWeights = BlockWeights;
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

impl world::Config for Test {
	type Currency = Balances;
}

/// Every block has an author, by turns.
#[derive(Debug)]
pub struct Author;
impl Get<Option<u64>> for Author {
	fn get() -> Option<u64> {
		let count = u64::from(ValidatorCount::get());
		System::block_number().checked_rem(count)
	}
}

/// Blake2 of the parent's number, and of the luck of the test.
#[derive(Debug)]
pub struct ParentRandomness;
impl Get<Option<[u8; 32]>> for ParentRandomness {
	fn get() -> Option<[u8; 32]> {
		let parent = System::block_number().saturating_sub(1);
		Some(sp_io::hashing::blake2_256(&(Luck::get(), parent).encode()))
	}
}

/// A picosecond for each unit of work.
#[derive(Debug)]
pub struct CostToWeight;
impl Convert<Cost, Weight> for CostToWeight {
	fn convert(cost: Cost) -> Weight {
		Weight::from_parts(cost.macs.saturating_add(cost.bytes), 0)
	}
}

/// Remarks, and batches of them.
#[derive(Debug)]
pub struct CallbackFilter;
impl Contains<RuntimeCall> for CallbackFilter {
	fn contains(call: &RuntimeCall) -> bool {
		matches!(
			call,
			RuntimeCall::System(_) | RuntimeCall::Utility(_) | RuntimeCall::Jobs(_)
		)
	}
}

impl crate::Config for Test {
	type WeightInfo = crate::weights::SubstrateWeight<Test>;
	type Currency = Balances;
	type Hosting = World;
	type Models = World;
	type Releases = World;
	type Referee = FakeReferee;
	type CostToWeight = CostToWeight;
	type Author = Author;
	type ParentRandomness = ParentRandomness;
	type Validators = ValidatorCount;
	type FinalityLags = Lags;
	type AdminOrigin = EnsureRoot<u64>;
	type JobConsideration =
		HoldConsideration<u64, Balances, JobHold, LinearStoragePrice<Base, Slope, u64>>;
	type BlobConsideration =
		HoldConsideration<u64, Balances, BlobHold, LinearStoragePrice<Base, Slope, u64>>;
	type Callback = RuntimeCall;
	type CallbackFilter = CallbackFilter;
	type MaxCallbackWeight = MaxCallbackWeight;
	type CallbackDelay = ConstU64<3>;
	type MaxRefereeWeight = MaxRefereeWeight;
	type MaxStepBytes = ConstU64<{ 4 * CHUNK_SIZE as u64 }>;
	type MaxPayloadBytes = ConstU32<{ 2 * CHUNK_SIZE }>;
	type MaxInlineBytes = ConstU32<200>;
	type MaxBlobSize = ConstU32<{ 10 * CHUNK_SIZE }>;
	type BlobLifetime = ConstU64<BLOB_LIFETIME>;
	type MaxOpenJobs = ConstU32<MAX_OPEN_JOBS>;
	type PotId = PotId;
}

/// The existential deposit.
pub const ED: u64 = 10;
/// Blocks that an unused blob lives.
pub const BLOB_LIFETIME: u64 = 30;
/// The most open jobs.
pub const MAX_OPEN_JOBS: u32 = 50;
/// Asks.
pub const REQUESTER: u64 = 1;
/// Owns the releases.
pub const OWNER: u64 = 2;
/// Looks, and challenges what is wrong.
pub const WATCHER: u64 = 3;
/// Somebody else with money.
pub const STRANGER: u64 = 4;
/// Has next to nothing.
pub const POOR: u64 = 5;
/// The first host.
pub const HOST: u64 = 100;
/// How many hosts there are.
pub const HOSTS: u64 = 12;
/// What each has committed to each model.
pub const STAKE: u64 = 1_000_000_000;
/// What a host asks.
pub const PRICE: u64 = 1_000;
/// What the owner of a release asks.
pub const ROYALTY: u64 = 77;
/// What a challenger risks.
pub const BOND: u64 = 5_000;
/// What a member risks at least.
pub const JOB_STAKE: u64 = 10_000;
/// What each account has.
pub const PLENTY: u64 = 1 << 50;
/// The model of most tests, and another one.
pub const MODEL: Fake = Fake(7);
/// See [`MODEL`].
pub const OTHER: Fake = Fake(8);

/// Short windows, and audits only where a test wants them.
pub fn params() -> JobParams<u64, u64> {
	JobParams {
		commit_period: 4,
		reveal_period: 3,
		challenge_period: 6,
		renewed_period: 5,
		posting_period: 4,
		referee_period: 4,
		result_window: 12,
		refills: 2,
		min_committee: 1,
		max_committee: 8,
		auditors: 2,
		audit_rate: Perbill::zero(),
		no_show_penalty: Perbill::from_percent(1),
		burnt_share: Perbill::from_percent(5),
		operator_cap: Perbill::from_percent(25),
		challenge_bond: BOND,
		min_job_stake: JOB_STAKE,
	}
}

/// All that was burnt and paid since genesis, by the events.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ledger {
	/// Shares of escrows.
	pub shares: u64,
	/// Stakes and bonds.
	pub slashed: u64,
	/// What of these was paid to those who were right.
	pub bounties: u64,
}

std::thread_local! {
	static LEDGER: RefCell<Ledger> = RefCell::default();
	static EVENTS: RefCell<Vec<Event<Test>>> = RefCell::default();
	static ISSUED: RefCell<u64> = RefCell::default();
}

/// The events of jobs since the last [`forget_events`], this block's included.
pub fn events() -> Vec<Event<Test>> {
	collect_events();
	EVENTS.with_borrow(Clone::clone)
}

/// Begins a new list of events.
pub fn forget_events() {
	collect_events();
	EVENTS.take();
}

/// Takes this block's events into the ledger.
fn collect_events() {
	for record in System::events() {
		let RuntimeEvent::Jobs(event) = record.event else {
			continue;
		};
		LEDGER.with_borrow_mut(|ledger| match &event {
			Event::ShareBurnt { amount, .. } => ledger.shares += amount,
			Event::HostSlashed { amount, .. } | Event::ChallengerSlashed { amount, .. } => {
				ledger.slashed += amount;
			}
			Event::BountyPaid { amount, .. } => ledger.bounties += amount,
			_ => {}
		});
		EVENTS.with_borrow_mut(|events| events.push(event));
	}
	System::reset_events();
}

/// Externalities at block 1, with hosts behind both models.
pub fn new_test_ext() -> sp_io::TestExternalities {
	Lags::set(false);
	ValidatorCount::set(5);
	Luck::set(0);
	LEDGER.take();
	EVENTS.take();
	let mut storage = frame_system::GenesisConfig::<Test>::default()
		.build_storage()
		.expect("builds");
	let mut balances: Vec<(u64, u64)> = [REQUESTER, OWNER, WATCHER, STRANGER]
		.into_iter()
		.chain(HOST..HOST + HOSTS)
		.map(|who| (who, PLENTY))
		.collect();
	balances.push((POOR, 5 * ED));
	balances.push((POT, ED));
	pallet_balances::GenesisConfig::<Test> {
		balances,
		..Default::default()
	}
	.assimilate_storage(&mut storage)
	.expect("builds");
	crate::GenesisConfig::<Test> { params: params() }
		.assimilate_storage(&mut storage)
		.expect("builds");
	let mut ext = sp_io::TestExternalities::new(storage);
	ext.execute_with(|| {
		ISSUED.set(Balances::total_issuance());
		System::set_block_number(1);
		for model in [MODEL, OTHER] {
			Reports::<Test>::insert(model.id(), model.report());
			Releases::<Test>::insert(release_of(model), (model.id(), ROYALTY, false));
			for host in hosts() {
				World::join(host, model.id(), STAKE, PRICE + host - HOST, 1_000);
			}
		}
		System::reset_events();
	});
	ext
}

/// Runs a test from block 1 on, and checks at its end what must always hold.
pub fn run<R>(test: impl FnOnce() -> R) -> R {
	new_test_ext().execute_with(|| {
		let result = test();
		check_invariants();
		result
	})
}

/// All hosts.
pub fn hosts() -> impl Iterator<Item = u64> {
	HOST..HOST + HOSTS
}

/// The pallet's invariants, those of the hosts' stake, and that nothing was made or lost.
pub fn check_invariants() {
	collect_events();
	Jobs::do_try_state().expect("the invariants hold");
	// What is locked is what stands behind open jobs.
	let mut locked = std::collections::BTreeMap::<(ModelId, u64), u64>::new();
	let mut pinned = std::collections::BTreeMap::<ModelId, u32>::new();
	let mut bounties = 0;
	for (id, job) in JobsOf::<Test>::iter().filter(|(_, job)| job.ending.is_none()) {
		*pinned.entry(job.model).or_default() += 1;
		bounties += job.bounty;
		for seat in Members::<Test>::get(id) {
			*locked.entry((job.model, seat.member.host)).or_default() += seat.member.stake;
		}
	}
	for (model, host, commitment) in Commitments::<Test>::iter() {
		let behind = locked.get(&(model, host)).copied().unwrap_or_default();
		assert_eq!(
			commitment.locked, behind,
			"{host} has locked something else"
		);
	}
	for (model, pins) in Pins::<Test>::iter() {
		assert_eq!(pins, pinned.get(&model).copied().unwrap_or_default());
	}
	for host in hosts() {
		let open = crate::Assignments::<Test>::iter_key_prefix(host).count();
		assert_eq!(Terms::<Test>::get(host).2 as usize, open);
	}
	// To the last unit.
	let ledger = LEDGER.with_borrow(|ledger| *ledger);
	let burnt = ledger.shares + ledger.slashed - ledger.bounties - bounties;
	let issued = ISSUED.with_borrow(|issued| *issued);
	assert_eq!(Balances::total_issuance(), issued - burnt);
	assert_eq!(Balances::balance(&Jobs::pot()), ED + bounties);
	let earned: u64 = world::Earned::<Test>::iter_values().sum();
	assert_eq!(Balances::balance(&POT), ED + earned);
}

/// Ends this block and begins the next.
pub fn next_block() {
	collect_events();
	let next = System::block_number() + 1;
	System::finalize();
	System::initialize(&next, &Default::default(), &Default::default());
	Jobs::on_initialize(next);
	check_invariants();
}

/// Runs to a block.
pub fn run_to(block: u64) {
	while System::block_number() < block {
		next_block();
	}
}

/// Runs until a job is in a phase that `wanted` accepts.
pub fn run_until(id: JobId, wanted: impl Fn(&Phase<u64>) -> bool) {
	for _ in 0..300 {
		if wanted(&phase(id)) {
			return;
		}
		next_block();
	}
	panic!("job {id} is in {:?} after 300 blocks", phase(id));
}

pub fn job(id: JobId) -> JobOf<Test> {
	JobsOf::<Test>::get(id).expect("it is kept")
}

pub fn phase(id: JobId) -> Phase<u64> {
	job(id).phase
}

pub fn release_of(model: Fake) -> ReleaseId<u64> {
	ReleaseId {
		owner: OWNER,
		name: format!("model-{}", model.0)
			.into_bytes()
			.try_into()
			.expect("short"),
		version: b"1".to_vec().try_into().expect("short"),
	}
}

/// The tensors of a call.
pub fn inline(name: &str, data: &Data) -> Payload {
	Payload::Inline(vec![tensor(name, data)].try_into().expect("one"))
}

/// An input that no other number gives.
pub fn input(number: u64) -> Data {
	let mut data = number.to_be_bytes();
	data[0] &= 0x7f;
	data
}

/// Asks `k` hosts to run [`MODEL`]. Returns the job.
pub fn ask(k: u8, data: &Data) -> JobId {
	ask_with(k, data, 0, 2 * PRICE)
}

/// Asks with other terms.
pub fn ask_with(k: u8, data: &Data, min_stake: u64, max_price: u64) -> JobId {
	let id = crate::NextJob::<Test>::get();
	assert_ok!(Jobs::request(
		RuntimeOrigin::signed(REQUESTER),
		release_of(MODEL),
		inline("x", data),
		k,
		min_stake,
		max_price,
		None,
	));
	id
}

/// The members that have not committed, or else those that have not revealed.
pub fn members(id: JobId) -> Vec<u64> {
	Members::<Test>::get(id)
		.into_iter()
		.map(|seat| seat.member.host)
		.collect()
}

/// The salt of a host for a job.
pub fn salt(host: u64, id: JobId) -> [u8; 32] {
	sp_io::hashing::blake2_256(&(host, id).encode())
}

pub fn commit_to(host: u64, id: JobId, root: &H256) -> DispatchResult {
	let hash = commitment(id, &host, root, &salt(host, id));
	call(|| Jobs::commit(RuntimeOrigin::signed(host), id, hash))
}

/// What a trace answers.
pub fn answer_of(trace: &Trace) -> Answer {
	match &trace.leaves[super::fake::LAST as usize] {
		Leaf::Failed(failure) => Answer::Failed(*failure),
		Leaf::Tensors(_) => Answer::Outputs(Payload::Inline(
			trace
				.outputs()
				.expect("it has not failed")
				.try_into()
				.expect("one"),
		)),
	}
}

pub fn reveal(host: u64, id: JobId, trace: &Trace) -> DispatchResult {
	let answer = answer_of(trace);
	reveal_with(host, id, &trace.root, answer, trace.proof())
}

pub fn reveal_with(
	host: u64,
	id: JobId,
	root: &H256,
	answer: Answer,
	proof: Proof,
) -> DispatchResult {
	let origin = RuntimeOrigin::signed(host);
	call(|| Jobs::reveal(origin, id, *root, salt(host, id), answer, proof))
}

pub fn challenge(who: u64, id: JobId, trace: &Trace) -> DispatchResult {
	let (answer, proof) = (answer_of(trace), trace.proof());
	call(|| Jobs::challenge(RuntimeOrigin::signed(who), id, trace.root, answer, proof))
}

pub fn post(who: u64, id: JobId, trace: &Trace) -> DispatchResult {
	let leaves = trace.hashes.clone().try_into().expect("few");
	call(|| Jobs::post_leaves(RuntimeOrigin::signed(who), id, trace.root, leaves))
}

/// Brings the step in dispute before the referee, with what a trace says of the leaves before it.
pub fn referee(who: u64, id: JobId, model: Fake, trace: &Trace) -> DispatchResult {
	let Phase::Refereeing { step, .. } = phase(id) else {
		return Err(crate::Error::<Test>::WrongPhase.into());
	};
	referee_at(who, id, model, trace, step)
}

/// As [`referee`], for a step of one's choice.
pub fn referee_at(who: u64, id: JobId, model: Fake, trace: &Trace, step: u32) -> DispatchResult {
	let operands = model.operands(step);
	let failed = trace.data[step as usize - 1].is_none();
	let sources: Vec<(u32, Leaf)> = operands
		.iter()
		.flatten()
		.map(|leaf| (*leaf, trace.leaves[*leaf as usize].clone()))
		.collect();
	let data: Vec<OperandData<u64>> = match step == super::fake::LAST || failed {
		true => vec![],
		false => operands
			.iter()
			.map(|operand| {
				let data = match operand {
					Some(leaf) => trace.data[*leaf as usize].expect("it has not failed"),
					None => model.constant(),
				};
				OperandData::Inline(data.to_vec())
			})
			.collect(),
	};
	call(|| {
		Jobs::referee(
			RuntimeOrigin::signed(who),
			id,
			Box::new(model.step(step)),
			model.step_proof(step),
			sources.try_into().expect("few"),
			data.try_into().expect("few"),
		)
	})
}

/// Calls as an extrinsic does: what fails leaves nothing behind.
pub fn call(f: impl FnOnce() -> DispatchResult) -> DispatchResult {
	frame_support::storage::with_storage_layer(f)
}

/// Draws, commits and reveals: each member says what `says` has it say.
pub fn answer(id: JobId, says: impl Fn(u64) -> Trace) {
	run_until(id, |phase| matches!(phase, Phase::Committing { .. }));
	let committee = members(id);
	for host in &committee {
		assert_ok!(commit_to(*host, id, &says(*host).root));
	}
	for host in &committee {
		assert_ok!(reveal(*host, id, &says(*host)));
	}
}

/// The trace that is right.
pub fn truth(data: &Data) -> Trace {
	MODEL.run(data, None)
}

/// What an account holds in all, hold or no hold.
pub fn wealth(who: u64) -> u64 {
	Balances::total_balance(&who)
}

/// What an account has on hold for a reason of the pallet.
pub fn held(who: u64, reason: HoldReason) -> u64 {
	Balances::balance_on_hold(&reason.into(), &who)
}

/// How many roots are claimed.
pub fn claims(id: JobId) -> usize {
	ClaimsOf::<Test>::get(id).len()
}
