//! What the pallet stores.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	traits::{fungible::Inspect, ConstU32},
	BoundedVec,
};
use frame_system::pallet_prelude::BlockNumberFor;
use scale_info::TypeInfo;
use sp_runtime::traits::{AtLeast32BitUnsigned, SaturatedConversion};

use crate::{pool::Pool, Config};

/// The most amounts of one bond, and of one backer's stake, that are on their way out at a time.
/// Those of one block count as one.
pub const MAX_UNBONDING: u32 = 16;

/// The balance of the pallet's currency.
pub type BalanceOf<T> =
	<<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

/// [`HostRecord`] of a runtime.
pub type HostRecordOf<T> = HostRecord<BalanceOf<T>, BlockNumberFor<T>>;

/// [`BackingRecord`] of a runtime.
pub type BackingRecordOf<T> = BackingRecord<BlockNumberFor<T>>;

/// [`CommitmentRecord`] of a runtime.
pub type CommitmentRecordOf<T> = CommitmentRecord<BalanceOf<T>>;

/// [`ModelPool`] of a runtime.
pub type ModelPoolOf<T> = ModelPool<BalanceOf<T>>;

/// [`Place`] of a runtime.
pub type PlaceOf<T> = Place<<T as frame_system::Config>::AccountId, BalanceOf<T>>;

/// A genesis host: account, bond, price, capacity and standing commitment, as in
/// [`Terms`].
pub type GenesisHostOf<T> = (
	<T as frame_system::Config>::AccountId,
	BalanceOf<T>,
	BalanceOf<T>,
	u32,
	Option<BalanceOf<T>>,
);

/// An amount on its way out.
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
pub struct Unbonding<Amount, BlockNumber> {
	/// How much: of a bond tokens, of a pool shares.
	pub amount: Amount,
	/// The block from which on it may be withdrawn.
	pub at: BlockNumber,
}

/// What of one stake is on its way out, in the order in which it may be withdrawn.
pub type UnbondingQueue<Amount, BlockNumber> =
	BoundedVec<Unbonding<Amount, BlockNumber>, ConstU32<MAX_UNBONDING>>;

/// Under which terms a host takes jobs and models.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Terms<Balance> {
	/// What it asks for a second of computing on the reference machine (10^12 of `ref_time`).
	pub price: Balance,
	/// How many open jobs it takes at a time; with 0 it is drawn for none.
	pub capacity: u32,
	/// What it commits to each model that is admitted from now on, while it has that much free.
	pub standing: Option<Balance>,
}

/// A host.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct HostRecord<Balance, BlockNumber> {
	/// What is on hold of its own, what is on its way out included.
	pub bond: Balance,
	/// What of that is on its way out.
	pub unbonding: UnbondingQueue<Balance, BlockNumber>,
	/// What others have put behind it.
	pub pool: Pool,
	/// Its terms.
	pub terms: Terms<Balance>,
	/// The sum of its commitments.
	pub committed: Balance,
	/// How many these are.
	pub commitments: u32,
	/// What of them stands behind open jobs.
	pub locked: Balance,
	/// Open jobs.
	pub assigned: u32,
	/// The first block in which it may be drawn again, if it was chilled.
	pub chilled_until: Option<BlockNumber>,
	/// What it may claim.
	pub claimable: Balance,
	/// What it has earned in all, its backers' part included.
	pub earned: Balance,
	/// What it has lost in all, its backers' part included.
	pub slashed: Balance,
}

impl<Balance: Default, BlockNumber> Default for HostRecord<Balance, BlockNumber> {
	fn default() -> Self {
		Self {
			bond: Default::default(),
			unbonding: Default::default(),
			pool: Default::default(),
			terms: Default::default(),
			committed: Default::default(),
			commitments: 0,
			locked: Default::default(),
			assigned: 0,
			chilled_until: None,
			claimable: Default::default(),
			earned: Default::default(),
			slashed: Default::default(),
		}
	}
}

impl<Balance, BlockNumber> HostRecord<Balance, BlockNumber>
where
	Balance: AtLeast32BitUnsigned + Copy,
	BlockNumber: PartialOrd + Copy,
{
	/// Its own bond, without what is on its way out.
	pub fn own(&self) -> Balance {
		self.unbonding.iter().fold(self.bond, |rest, leaving| {
			rest.saturating_sub(leaving.amount)
		})
	}

	/// What may be committed: its own bond and what others have put behind it, without what is on
	/// its way out.
	pub fn active(&self) -> Balance {
		self.own()
			.saturating_add(self.pool.active().saturated_into())
	}

	/// What may be committed and is not.
	pub fn free(&self) -> Balance {
		self.active().saturating_sub(self.committed)
	}

	/// What a slash may take: all that has not been withdrawn.
	pub fn at_risk(&self) -> Balance {
		self.bond.saturating_add(self.pool.value.saturated_into())
	}

	/// Whether it is drawn for no job in block `now`.
	pub fn is_chilled(&self, now: BlockNumber) -> bool {
		self.chilled_until.is_some_and(|until| now < until)
	}

	/// Whether nothing of it is left that somebody may still want.
	pub(crate) fn is_over(&self) -> bool {
		self.bond.is_zero()
			&& self.pool.shares == 0
			&& self.commitments == 0
			&& self.assigned == 0
			&& self.claimable.is_zero()
	}
}

/// A backer's part of a host's pool.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct BackingRecord<BlockNumber> {
	/// Shares in the pool, those on their way out included.
	pub shares: u128,
	/// Shares on their way out.
	pub leaving: UnbondingQueue<u128, BlockNumber>,
}

impl<BlockNumber> Default for BackingRecord<BlockNumber> {
	fn default() -> Self {
		Self {
			shares: 0,
			leaving: Default::default(),
		}
	}
}

impl<BlockNumber> BackingRecord<BlockNumber> {
	/// Shares that are not on their way out.
	pub fn active(&self) -> u128 {
		self.leaving.iter().fold(self.shares, |rest, leaving| {
			rest.saturating_sub(leaving.amount)
		})
	}
}

/// What a host has committed to a model.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct CommitmentRecord<Balance> {
	/// Stake behind the model.
	pub stake: Balance,
	/// What of that stands behind open jobs.
	pub locked: Balance,
	/// The model's fees for a unit of stake ([`ModelPool::per_unit`]) up to which this commitment
	/// has been paid.
	pub paid: u128,
}

impl<Balance: AtLeast32BitUnsigned + Copy> CommitmentRecord<Balance> {
	/// What stands behind no open job.
	pub fn free(&self) -> Balance {
		self.stake.saturating_sub(self.locked)
	}
}

/// The stake behind a model, and the fees that it has earned.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct ModelPool<Balance> {
	/// The sum of the commitments to it.
	pub committed: Balance,
	/// The fees that a unit of stake has earned since the first one, in units of 2^-64.
	pub per_unit: u128,
	/// Fees that are not in `per_unit` yet: what rounding has left, or all if nobody was committed.
	pub carry: Balance,
	/// Fees in the pot that no host has been credited with yet, `carry` among them.
	pub held: Balance,
}

/// A host's place among those that are committed to a model.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Place<AccountId, Balance> {
	/// The host.
	pub host: AccountId,
	/// What it has committed.
	pub stake: Balance,
}

/// Why a commitment has changed.
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
pub enum Cause {
	/// The host wanted it so.
	#[codec(index = 0)]
	Host,
	/// Its standing commitment took up a model.
	#[codec(index = 1)]
	Standing,
	/// Backers have left, so that it had more committed than it has.
	#[codec(index = 2)]
	BackersLeft,
	/// A part of it was slashed.
	#[codec(index = 3)]
	Slashed,
	/// Another host has committed more to a model that has all the hosts it may have.
	#[codec(index = 4)]
	Displaced,
	/// The model is gone.
	#[codec(index = 5)]
	ModelGone,
}

/// Puts `amount` into a queue, behind all that may be withdrawn before, or says that it is full.
pub(crate) fn enqueue<Amount: AtLeast32BitUnsigned + Copy, BlockNumber: PartialEq + Copy>(
	queue: &mut UnbondingQueue<Amount, BlockNumber>,
	amount: Amount,
	at: BlockNumber,
) -> Result<(), ()> {
	if let Some(last) = queue.last_mut().filter(|last| last.at == at) {
		last.amount = last.amount.saturating_add(amount);
		return Ok(());
	}
	queue.try_push(Unbonding { amount, at }).map_err(|_| ())
}

/// Takes what may be withdrawn in block `now` out of a queue, and returns the sum.
pub(crate) fn take_due<Amount: AtLeast32BitUnsigned + Copy, BlockNumber: PartialOrd + Copy>(
	queue: &mut UnbondingQueue<Amount, BlockNumber>,
	now: BlockNumber,
) -> Amount {
	let mut due = Amount::zero();
	queue.retain(|leaving| {
		let stays = leaving.at > now;
		if !stays {
			due = due.saturating_add(leaving.amount);
		}
		stays
	});
	due
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_queue_joins_what_leaves_in_one_block_and_gives_out_what_is_due() {
		let mut queue = UnbondingQueue::<u64, u64>::default();
		for at in 1..=u64::from(MAX_UNBONDING) {
			assert_eq!(enqueue(&mut queue, 1, at), Ok(()));
			assert_eq!(enqueue(&mut queue, 2, at), Ok(()));
		}
		assert_eq!(enqueue(&mut queue, 1, 99), Err(()));
		assert_eq!(take_due(&mut queue, 0), 0);
		assert_eq!(take_due(&mut queue, 2), 6);
		assert_eq!(queue.len(), MAX_UNBONDING as usize - 2);
		assert_eq!(enqueue(&mut queue, 1, 99), Ok(()));
	}

	#[test]
	fn what_is_on_its_way_out_is_at_risk_and_not_active() {
		let mut host = HostRecord::<u64, u64> {
			bond: 100,
			committed: 80,
			..Default::default()
		};
		enqueue(&mut host.unbonding, 30, 5).expect("there is place");
		host.pool.join(50).expect("joins");
		host.pool.leave(20);
		assert_eq!((host.own(), host.active(), host.at_risk()), (70, 100, 150));
		assert_eq!(host.free(), 20);
	}
}
