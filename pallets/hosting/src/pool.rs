//! What backers have put behind a host: a pool, and their shares in it.
//!
//! Pay raises the value of a share, a slash lowers it. Nothing here depends on who owns a share, so
//! neither costs more for a host with many backers.
//!
//! Shares on their way out stay in the pool, and so share pay and slashes, until they are redeemed.
//! They do not count as stake that a host may commit.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::math::{share_down, share_up};

/// A pool.
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
pub struct Pool {
	/// What all shares together are worth, in the smallest unit of the currency.
	pub value: u128,
	/// All shares.
	pub shares: u128,
	/// Those of them that are on their way out.
	pub leaving: u128,
}

impl Pool {
	/// What so many shares are worth, rounded down.
	pub fn worth(&self, shares: u128) -> u128 {
		if shares >= self.shares {
			return self.value;
		}
		share_down(shares, self.value, self.shares)
	}

	/// What the shares are worth that are not on their way out.
	pub fn active(&self) -> u128 {
		self.worth(self.shares.saturating_sub(self.leaving))
	}

	/// Whether there are shares, and a slash has made them worthless. Nobody can join then.
	pub fn is_worthless(&self) -> bool {
		self.shares > 0 && self.value == 0
	}

	/// The least number of shares that is worth `amount`.
	pub(crate) fn shares_for(&self, amount: u128) -> u128 {
		share_up(amount, self.shares, self.value).min(self.shares)
	}

	/// Takes `amount` in, and returns the shares for it; `None`, and nothing is taken, if it is too
	/// small for a share, or there are too many shares.
	pub(crate) fn join(&mut self, amount: u128) -> Option<u128> {
		if self.is_worthless() {
			return None;
		}
		let shares = if self.shares == 0 {
			amount
		} else {
			share_down(amount, self.shares, self.value)
		};
		let value = self.value.checked_add(amount)?;
		let all = self.shares.checked_add(shares)?;
		if shares == 0 {
			return None;
		}
		self.value = value;
		self.shares = all;
		Some(shares)
	}

	/// Puts shares on their way out.
	pub(crate) fn leave(&mut self, shares: u128) {
		self.leaving = self.leaving.saturating_add(shares).min(self.shares);
	}

	/// Takes shares that were on their way out of the pool, and returns what they are worth.
	pub(crate) fn redeem(&mut self, shares: u128) -> u128 {
		let shares = shares.min(self.leaving);
		let worth = self.worth(shares);
		self.value = self.value.saturating_sub(worth);
		self.shares = self.shares.saturating_sub(shares);
		self.leaving = self.leaving.saturating_sub(shares);
		worth
	}

	/// Shares pay among all.
	pub(crate) fn earn(&mut self, amount: u128) {
		self.value = self.value.saturating_add(amount);
	}

	/// Shares a loss of at most the pool's value among all.
	pub(crate) fn lose(&mut self, amount: u128) {
		self.value = self.value.saturating_sub(amount);
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn pay_and_slashes_change_what_a_share_is_worth() {
		let mut pool = Pool::default();
		assert_eq!(pool.join(100), Some(100));
		pool.earn(50);
		assert_eq!((pool.worth(50), pool.active()), (75, 150));
		// Who joins now pays for what the others have earned.
		assert_eq!(pool.join(30), Some(20));
		assert_eq!(pool.worth(20), 30);
		pool.lose(90);
		assert_eq!((pool.worth(100), pool.worth(20)), (75, 15));
		pool.leave(60);
		assert_eq!((pool.active(), pool.value), (45, 90));
		// Pay goes to those who leave, too.
		pool.earn(12);
		assert_eq!(pool.redeem(60), 51);
		assert_eq!((pool.value, pool.shares, pool.leaving), (51, 60, 0));
	}

	#[test]
	fn the_last_one_takes_all_and_a_worthless_pool_takes_nobody() {
		let mut pool = Pool::default();
		pool.join(3);
		pool.earn(4);
		pool.leave(3);
		assert_eq!(pool.redeem(3), 7);
		assert_eq!(pool, Pool::default());

		pool.join(3);
		pool.lose(3);
		assert!(pool.is_worthless());
		assert_eq!(pool.join(5), None);
		pool.leave(3);
		assert_eq!(pool.redeem(3), 0);
		assert_eq!(pool.join(5), Some(5));
	}

	#[test]
	fn what_is_too_small_or_too_large_is_not_taken() {
		let mut pool = Pool::default();
		pool.join(1);
		pool.earn(9);
		let before = pool;
		assert_eq!(pool.join(9), None);
		assert_eq!(pool.join(u128::MAX), None);
		assert_eq!(pool, before);
		assert_eq!(pool.join(10), Some(1));
	}

	proptest! {
		/// No share is worth more than its part, and nobody's joining or leaving takes from the
		/// others.
		#[test]
		fn nobody_gains_by_joining_or_leaving(
			first in 1u128..1 << 70,
			pay in 0u128..1 << 70,
			loss in 0u128..1 << 70,
			second in 1u128..1 << 70,
			part in 1u128..1 << 70,
		) {
			let mut pool = Pool::default();
			let mine = pool.join(first).expect("joins");
			pool.earn(pay);
			pool.lose(loss);
			let before = pool.worth(mine);
			if let Some(theirs) = pool.join(second) {
				prop_assert!(pool.worth(theirs) <= second);
				prop_assert!(pool.worth(mine) >= before);
				prop_assert!(pool.worth(mine) + pool.worth(theirs) <= pool.value);
				let part = part.min(theirs);
				let active = pool.worth(pool.shares - part);
				pool.leave(part);
				prop_assert_eq!(pool.active(), active);
				prop_assert!(pool.redeem(part) <= second);
				prop_assert!(pool.active() >= active);
				prop_assert!(pool.worth(mine) >= before);
			}
		}

		/// A loss takes no more from the active shares than it is.
		#[test]
		fn active_stake_falls_by_no_more_than_the_loss(
			value in 0u128..1 << 80,
			shares in 1u128..1 << 80,
			leaving in 0u128..1 << 80,
			loss in 0u128..1 << 80,
		) {
			let leaving = leaving.min(shares);
			let mut pool = Pool { value, shares, leaving };
			let before = pool.active();
			pool.lose(loss);
			prop_assert!(pool.active() + loss >= before);
		}

		/// Shares for an amount are worth it, and one share less is not.
		#[test]
		fn shares_for_an_amount_are_the_least(
			value in 1u128..1 << 80,
			shares in 1u128..1 << 80,
			amount in 1u128..1 << 80,
		) {
			let pool = Pool { value, shares, leaving: 0 };
			let amount = amount.min(value);
			let wanted = pool.shares_for(amount);
			prop_assert!(pool.worth(wanted) >= amount);
			prop_assert!(pool.worth(wanted - 1) < amount);
		}
	}
}
