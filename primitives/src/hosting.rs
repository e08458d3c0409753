//! Hosts: who stakes on models, to keep them available and to answer jobs.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_runtime::{DispatchError, DispatchResult, Weight};

use crate::model::{Cost, ModelId, ModelReport};

/// A host that may be drawn for a job.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct Candidate<AccountId, Balance> {
	/// The host.
	pub host: AccountId,
	/// What of its commitment to the model stands behind no open job: its weight in the draw,
	/// before the cap for each operator.
	pub free: Balance,
	/// What it asks for one job on this model.
	pub price: Balance,
}

/// What jobs need of hosting. Amounts that are locked can be neither unbonded, nor committed
/// elsewhere, nor locked again, until they are unlocked or slashed.
pub trait JobStake<AccountId, Balance> {
	/// The hosts committed to `model` that take jobs now, have at least `stake` free and capacity
	/// left, and ask at most `max_price`. At most [`MAX_CANDIDATES`], in a canonical order.
	fn candidates(
		model: &ModelId,
		cost: &Cost,
		stake: Balance,
		max_price: Balance,
	) -> Vec<Candidate<AccountId, Balance>>;

	/// Locks `stake` of the host's commitment to `model`, and one place of its capacity.
	fn lock(host: &AccountId, model: &ModelId, stake: Balance) -> DispatchResult;

	/// Gives both back.
	fn unlock(host: &AccountId, model: &ModelId, stake: Balance);

	/// Takes `amount`, at most `locked`, of what is locked, unlocks the rest, and gives the place of
	/// capacity back. The host's own bond and its backers lose pro rata. `reward` of what was taken,
	/// but no more than half of what the host itself has lost, goes to `beneficiaries` in equal parts,
	/// rounded down; all else is burnt. Returns what was taken in all.
	fn slash(
		host: &AccountId,
		model: &ModelId,
		locked: Balance,
		amount: Balance,
		reward: Balance,
		beneficiaries: &[AccountId],
	) -> Balance;

	/// Credits `amount`, which has been moved to [`pot`](Self::pot), to the host and its backers.
	fn credit(host: &AccountId, amount: Balance);

	/// The account in which earnings wait to be claimed.
	fn pot() -> AccountId;
}

/// The most candidates that a draw looks at.
pub const MAX_CANDIDATES: u32 = 128;

/// What the registry of models needs of hosting: whether there is stake behind a model.
pub trait ModelStake {
	/// Whether stake decides which models are callable. If not, every model is once it has
	/// matured, and one that finds no room is turned away.
	fn decides() -> bool {
		true
	}

	/// Whether enough is committed to `model` for it to be callable in a block.
	fn is_covered(model: &ModelId, report: &ModelReport) -> bool;

	/// What is committed to the model, for comparisons of stake by byte.
	fn committed(model: &ModelId) -> u128;

	/// A model was admitted: hosts with a standing commitment take it up. The registry asks
	/// [`is_covered`](Self::is_covered) next, so it is not told of that stake by
	/// [`ModelCatalog::stake_changed`].
	fn on_admitted(model: &ModelId, report: &ModelReport);

	/// A model is gone, and with it what is committed to it.
	fn on_removed(model: &ModelId);

	/// The most that [`on_admitted`](Self::on_admitted) weighs.
	fn admission_weight() -> Weight {
		Weight::zero()
	}

	/// What [`on_removed`](Self::on_removed) weighs for this model; zero if nothing is committed
	/// to it.
	fn removal_weight(_model: &ModelId) -> Weight {
		Weight::zero()
	}

	/// The most that [`on_removed`](Self::on_removed) weighs.
	fn heaviest_removal() -> Weight {
		Weight::zero()
	}
}

/// Every model is callable once it has matured: for chains, and tests, without hosting.
impl ModelStake for () {
	fn decides() -> bool {
		false
	}

	fn is_covered(_: &ModelId, _: &ModelReport) -> bool {
		true
	}

	fn committed(_: &ModelId) -> u128 {
		0
	}

	fn on_admitted(_: &ModelId, _: &ModelReport) {}

	fn on_removed(_: &ModelId) {}
}

/// What hosting and jobs need of the registry of models.
pub trait ModelCatalog<AccountId> {
	/// The report of an admitted model, as long as its bytes are kept: also of one that its
	/// uploader has removed while jobs still need it.
	fn report(model: &ModelId) -> Option<ModelReport>;

	/// Where its bytes lie.
	fn location(model: &ModelId) -> Option<crate::ModelLocation>;

	/// Keeps the bytes until [`unpin`](Self::unpin), even if the uploader asks for removal
	/// meanwhile. Fails if the model is not admitted, or on its way out: removal ends when the
	/// pins that it has met are gone.
	fn pin(model: &ModelId) -> DispatchResult;

	/// Ends one [`pin`](Self::pin).
	fn unpin(model: &ModelId);

	/// Stake has come to a model, or left it: see [`ModelStake::is_covered`]. Costs a few reads
	/// and writes; what follows for other models is the work of later blocks.
	fn stake_changed(model: &ModelId);
}

/// What inference in a block needs of hosting: the hosts' share of the fee.
pub trait HostShare<AccountId, Balance> {
	/// What a run of this cost earns the model's hosts.
	fn share(cost: &Cost) -> Balance;

	/// Takes the share from `payer` for the hosts of `model`.
	fn pay(payer: &AccountId, model: &ModelId, share: Balance) -> Result<(), DispatchError>;
}

/// Hosts earn nothing from inference in a block.
impl<AccountId, Balance: Default> HostShare<AccountId, Balance> for () {
	fn share(_: &Cost) -> Balance {
		Balance::default()
	}

	fn pay(_: &AccountId, _: &ModelId, _: Balance) -> Result<(), DispatchError> {
		Ok(())
	}
}

/// A host as the chain knows it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct HostInfo<AccountId, Balance, BlockNumber> {
	/// Its account.
	pub host: AccountId,
	/// Its own bond.
	pub bond: Balance,
	/// What others have put behind it.
	pub backing: Balance,
	/// What is on its way out: amount, and the block from which on it may be withdrawn.
	pub unbonding: Vec<(Balance, BlockNumber)>,
	/// What it asks for a second of computing on the reference machine (10^12 of `ref_time`).
	pub price: Balance,
	/// How many open jobs it takes at a time.
	pub capacity: u32,
	/// Open jobs.
	pub assigned: u32,
	/// Until when it is drawn for no job, if it was chilled.
	pub chilled_until: Option<BlockNumber>,
	/// What it has committed to each model, and what of that is locked.
	pub commitments: Vec<Commitment<Balance>>,
	/// What it may claim.
	pub claimable: Balance,
	/// What it has earned in all.
	pub earned: Balance,
	/// What it has lost in all, its backers' part included.
	pub slashed: Balance,
}

/// What a host has committed to a model.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Commitment<Balance> {
	/// The model.
	pub model: ModelId,
	/// Stake behind it.
	pub stake: Balance,
	/// What of that stands behind open jobs.
	pub locked: Balance,
}
