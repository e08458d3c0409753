//! Backers: others who stand behind a host.

use frame_support::{
	ensure,
	traits::{fungible::Mutate, tokens::Preservation, Get},
};
use sp_runtime::{traits::Zero, DispatchError, DispatchResult};

use crate::{
	types::{enqueue, take_due, BalanceOf},
	Backings, Config, Error, Event, Pallet,
};

impl<T: Config> Pallet<T> {
	/// Takes tokens into the pot, for shares in the host's pool.
	pub(crate) fn do_back(
		who: T::AccountId,
		host_id: T::AccountId,
		amount: BalanceOf<T>,
	) -> DispatchResult {
		let mut host = Self::host_record(&host_id)?;
		ensure!(who != host_id, Error::<T>::SelfBacking);
		ensure!(amount >= T::MinBacking::get(), Error::<T>::BackingTooSmall);
		ensure!(!host.pool.is_worthless(), Error::<T>::BackingWorthless);
		let shares = host
			.pool
			.join(Self::to_u128(amount))
			.ok_or(Error::<T>::BackingTooSmall)?;
		ensure!(
			!Self::is_overbacked(&host, host.own()),
			Error::<T>::BackingTooLarge
		);
		T::Currency::transfer(&who, &Self::pot_account(), amount, Preservation::Preserve)?;
		Backings::<T>::mutate(&host_id, &who, |backing| {
			let backing = backing.get_or_insert_with(Default::default);
			backing.shares = backing.shares.saturating_add(shares);
		});
		Self::put_host(&host_id, host);
		Self::deposit_event(Event::Backed {
			host: host_id,
			backer: who,
			amount,
			shares,
		});
		Ok(())
	}

	/// Puts shares on their way out. Returns how many commitments of the host have shrunk.
	pub(crate) fn do_unback(
		who: T::AccountId,
		host_id: T::AccountId,
		amount: BalanceOf<T>,
	) -> Result<u32, DispatchError> {
		let mut host = Self::host_record(&host_id)?;
		let mut backing = Backings::<T>::get(&host_id, &who).ok_or(Error::<T>::NotBacker)?;
		ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
		let active = backing.active();
		ensure!(active > 0, Error::<T>::NotBacker);

		let pool = &mut host.pool;
		let wanted = Self::to_u128(amount);
		let mut shares = if wanted >= pool.worth(active) {
			active
		} else {
			pool.shares_for(wanted).min(active)
		};
		let rest = pool.worth(active.saturating_sub(shares));
		if rest < Self::to_u128(T::MinBacking::get()) {
			shares = active;
		}
		let worth = Self::from_u128(pool.worth(shares));
		pool.leave(shares);
		let at = Self::withdrawable_at();
		enqueue(&mut backing.leaving, shares, at).map_err(|()| Error::<T>::TooManyUnbonding)?;
		Backings::<T>::insert(&host_id, &who, backing);
		let shrunk = Self::fit(&host_id, &mut host);
		Self::put_host(&host_id, host);
		Self::deposit_event(Event::Unbacking {
			host: host_id,
			backer: who,
			shares,
			amount: worth,
			at,
		});
		Ok(shrunk)
	}

	/// Pays out what is due.
	pub(crate) fn do_withdraw(who: T::AccountId, host_id: T::AccountId) -> DispatchResult {
		let mut host = Self::host_record(&host_id)?;
		let mut backing =
			Backings::<T>::get(&host_id, &who).ok_or(Error::<T>::NothingToWithdraw)?;
		let shares = take_due(&mut backing.leaving, Self::now());
		ensure!(shares > 0, Error::<T>::NothingToWithdraw);
		backing.shares = backing.shares.saturating_sub(shares);
		let amount: BalanceOf<T> = Self::from_u128(host.pool.redeem(shares));
		ensure!(host.at_risk() >= host.locked, Error::<T>::StakeLocked);
		// Shares that are worth nothing go all the same, so that others may come.
		if !amount.is_zero() {
			T::Currency::transfer(&Self::pot_account(), &who, amount, Preservation::Preserve)?;
		}
		if backing.shares == 0 {
			Backings::<T>::remove(&host_id, &who);
		} else {
			Backings::<T>::insert(&host_id, &who, backing);
		}
		Self::put_host(&host_id, host);
		Self::deposit_event(Event::BackingWithdrawn {
			host: host_id,
			backer: who,
			amount,
		});
		Ok(())
	}
}
