//! Bonds: what hosts put up themselves.

use frame_support::{
	ensure,
	traits::{fungible::MutateHold, tokens::Precision, Get},
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{
	traits::{Saturating, Zero},
	DispatchResult,
};

use crate::{
	types::{enqueue, take_due, BalanceOf, HostRecord, HostRecordOf},
	Config, Error, Event, HoldReason, Hosts, Pallet, StandingHosts,
};

impl<T: Config> Pallet<T> {
	/// The record of a host.
	pub(crate) fn host_record(who: &T::AccountId) -> Result<HostRecordOf<T>, Error<T>> {
		Hosts::<T>::get(who).ok_or(Error::<T>::NotHost)
	}

	/// Stores a host, or forgets it if nothing of it is left.
	pub(crate) fn put_host(who: &T::AccountId, host: HostRecordOf<T>) {
		if !host.is_over() {
			return Hosts::<T>::insert(who, host);
		}
		Self::end_standing(who, &host);
		Hosts::<T>::remove(who);
	}

	/// Takes a host off the list of those with a standing commitment.
	pub(crate) fn end_standing(who: &T::AccountId, host: &HostRecordOf<T>) {
		if host.terms.standing.is_some() {
			StandingHosts::<T>::mutate(|hosts| hosts.retain(|host| host != who));
		}
	}

	/// The block from which on what begins to leave now may be withdrawn.
	pub(crate) fn withdrawable_at() -> BlockNumberFor<T> {
		Self::now().saturating_add(T::UnbondingPeriod::get())
	}

	/// The present block.
	pub(crate) fn now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number()
	}

	/// Whether others have put more behind a host than its own bond `own` allows.
	pub(crate) fn is_overbacked(host: &HostRecordOf<T>, own: BalanceOf<T>) -> bool {
		let most = own.saturating_mul(T::MaxLeverage::get().into());
		let backing: BalanceOf<T> = Self::from_u128(host.pool.active());
		backing > most
	}

	/// Makes an account a host.
	pub(crate) fn do_bond(who: T::AccountId, amount: BalanceOf<T>) -> DispatchResult {
		ensure!(!Hosts::<T>::contains_key(&who), Error::<T>::AlreadyHost);
		ensure!(amount >= T::MinBond::get(), Error::<T>::BondTooSmall);
		T::Currency::hold(&HoldReason::Bond.into(), &who, amount)?;
		let host = HostRecord {
			bond: amount,
			..Default::default()
		};
		Hosts::<T>::insert(&who, host);
		Self::deposit_event(Event::Bonded {
			host: who,
			amount,
			bond: amount,
		});
		Ok(())
	}

	/// Adds to a bond.
	pub(crate) fn do_bond_extra(who: T::AccountId, amount: BalanceOf<T>) -> DispatchResult {
		let mut host = Self::host_record(&who)?;
		ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
		let bond = host.own().saturating_add(amount);
		ensure!(bond >= T::MinBond::get(), Error::<T>::BondTooSmall);
		T::Currency::hold(&HoldReason::Bond.into(), &who, amount)?;
		host.bond = host.bond.saturating_add(amount);
		Hosts::<T>::insert(&who, host);
		Self::deposit_event(Event::Bonded {
			host: who,
			amount,
			bond,
		});
		Ok(())
	}

	/// Puts a part of a bond on its way out.
	pub(crate) fn do_unbond(who: T::AccountId, amount: BalanceOf<T>) -> DispatchResult {
		let mut host = Self::host_record(&who)?;
		ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
		let own = host.own();
		ensure!(amount <= own, Error::<T>::NotEnoughBond);
		ensure!(amount <= host.free(), Error::<T>::NotEnoughFree);
		let rest = own.saturating_sub(amount);
		if rest.is_zero() {
			// Else its backers alone would answer for what it does.
			ensure!(host.commitments == 0, Error::<T>::StakeCommitted);
			Self::end_standing(&who, &host);
			host.terms.standing = None;
		} else {
			ensure!(rest >= T::MinBond::get(), Error::<T>::BondTooSmall);
			ensure!(
				!Self::is_overbacked(&host, rest),
				Error::<T>::BackingTooLarge
			);
		}
		let at = Self::withdrawable_at();
		enqueue(&mut host.unbonding, amount, at).map_err(|()| Error::<T>::TooManyUnbonding)?;
		Hosts::<T>::insert(&who, host);
		Self::deposit_event(Event::Unbonding {
			host: who,
			amount,
			at,
		});
		Ok(())
	}

	/// Gives back what is due.
	pub(crate) fn do_withdraw_unbonded(who: T::AccountId) -> DispatchResult {
		let mut host = Self::host_record(&who)?;
		let amount = take_due(&mut host.unbonding, Self::now());
		// What was slashed on its way may have left nothing but the entry.
		ensure!(!amount.is_zero(), Error::<T>::NothingToWithdraw);
		host.bond = host.bond.saturating_sub(amount);
		ensure!(host.at_risk() >= host.locked, Error::<T>::StakeLocked);
		T::Currency::release(&HoldReason::Bond.into(), &who, amount, Precision::Exact)?;
		Self::put_host(&who, host);
		Self::deposit_event(Event::Withdrawn { host: who, amount });
		Ok(())
	}
}
