//! What jobs ask of hosts: candidates, locks, slashes, pay.

use alloc::vec::Vec;
use frame_support::{
	ensure,
	traits::{
		fungible::{Balanced, BalancedHold, Credit},
		tokens::{Fortitude, Precision, Preservation},
		Get, Imbalance,
	},
};
use noema_primitives::{
	hosting::{Candidate, JobStake, ModelCatalog},
	Cost, ModelId,
};
use sp_runtime::{
	traits::{Saturating, Zero},
	DispatchResult,
};

use crate::{
	math::{share_down, share_up, SECOND},
	types::{BalanceOf, Cause, HostRecordOf},
	Commitments, Config, Error, Event, HoldReason, Hosts, HostsOf, Pallet,
};

impl<T: Config> Pallet<T> {
	/// What a host asks for a run of this cost, rounded up.
	pub(crate) fn price(host: &HostRecordOf<T>, cost: &Cost) -> BalanceOf<T> {
		let price = Self::to_u128(host.terms.price);
		Self::from_u128(share_up(price, Self::ref_time(cost), SECOND))
	}

	/// Takes `amount` of what a host and its backers have put up, pro rata. Returns it, and what of
	/// it was the host's own.
	fn take(
		who: &T::AccountId,
		host: &mut HostRecordOf<T>,
		amount: BalanceOf<T>,
	) -> (Credit<T::AccountId, T::Currency>, BalanceOf<T>) {
		let (bond, all) = (Self::to_u128(host.bond), Self::to_u128(host.at_risk()));
		let amount = Self::to_u128(amount).min(all);
		// What a division leaves is the host's to bear.
		let own = share_up(amount, bond, all);
		let backers = amount.saturating_sub(own);

		let mut taken = Credit::<T::AccountId, T::Currency>::zero();
		if own > 0 {
			let (credit, missing) =
				T::Currency::slash(&HoldReason::Bond.into(), who, Self::from_u128(own));
			if !missing.is_zero() {
				frame_support::defensive!("a bond is not on hold");
			}
			taken.subsume(credit);
		}
		if backers > 0 {
			match T::Currency::withdraw(
				&Self::pot_account(),
				Self::from_u128(backers),
				Precision::Exact,
				Preservation::Preserve,
				Fortitude::Force,
			) {
				Ok(credit) => taken.subsume(credit),
				Err(_) => {
					frame_support::defensive!("the pot lacks what backers have put up");
				}
			}
		}
		host.pool.lose(backers);
		let left = bond.saturating_sub(own);
		host.bond = Self::from_u128(left);
		// What is on its way out loses as the rest does.
		host.unbonding.iter_mut().for_each(|leaving| {
			let amount = share_down(Self::to_u128(leaving.amount), left, bond);
			leaving.amount = Self::from_u128(amount);
		});
		host.unbonding.retain(|leaving| !leaving.amount.is_zero());
		(taken, Self::from_u128(own))
	}
}

impl<T: Config> JobStake<T::AccountId, BalanceOf<T>> for Pallet<T> {
	fn candidates(
		model: &ModelId,
		cost: &Cost,
		stake: BalanceOf<T>,
		max_price: BalanceOf<T>,
	) -> Vec<Candidate<T::AccountId, BalanceOf<T>>> {
		let now = Self::now();
		HostsOf::<T>::get(model)
			.into_iter()
			.filter_map(|place| {
				let host = Hosts::<T>::get(&place.host)?;
				let free = Commitments::<T>::get(&place.host, model)?.free();
				let price = Self::price(&host, cost);
				let fits = !host.is_chilled(now)
					&& host.assigned < host.terms.capacity
					&& host.own() >= T::MinBond::get()
					&& !free.is_zero()
					&& free >= stake
					&& price <= max_price;
				fits.then_some(Candidate {
					host: place.host,
					free,
					price,
				})
			})
			.collect()
	}

	fn lock(host_id: &T::AccountId, model: &ModelId, stake: BalanceOf<T>) -> DispatchResult {
		let mut host = Self::host_record(host_id)?;
		let mut commitment =
			Commitments::<T>::get(host_id, model).ok_or(Error::<T>::NotCommitted)?;
		ensure!(stake <= commitment.free(), Error::<T>::NotEnoughCommitted);
		ensure!(host.assigned < host.terms.capacity, Error::<T>::NoCapacity);
		commitment.locked = commitment.locked.saturating_add(stake);
		host.locked = host.locked.saturating_add(stake);
		host.assigned = host.assigned.saturating_add(1);
		Commitments::<T>::insert(host_id, model, commitment);
		Hosts::<T>::insert(host_id, host);
		Self::deposit_event(Event::Locked {
			host: host_id.clone(),
			model: *model,
			stake,
		});
		Ok(())
	}

	fn unlock(host_id: &T::AccountId, model: &ModelId, stake: BalanceOf<T>) {
		let Some(mut host) = Hosts::<T>::get(host_id) else {
			frame_support::defensive!("a lock of nobody", model);
			return;
		};
		host.assigned = host.assigned.saturating_sub(1);
		if let Some(mut commitment) = Commitments::<T>::get(host_id, model) {
			let stake = stake.min(commitment.locked);
			commitment.locked = commitment.locked.saturating_sub(stake);
			host.locked = host.locked.saturating_sub(stake);
			Commitments::<T>::insert(host_id, model, commitment);
			Self::deposit_event(Event::Unlocked {
				host: host_id.clone(),
				model: *model,
				stake,
			});
			Self::after_lock(host_id, &mut host, model);
		}
		Self::put_host(host_id, host);
	}

	fn slash(
		host_id: &T::AccountId,
		model: &ModelId,
		locked: BalanceOf<T>,
		amount: BalanceOf<T>,
		reward: BalanceOf<T>,
		beneficiaries: &[T::AccountId],
	) -> BalanceOf<T> {
		let Some(mut host) = Hosts::<T>::get(host_id) else {
			frame_support::defensive!("a slash of nobody", model);
			return Zero::zero();
		};
		host.assigned = host.assigned.saturating_sub(1);
		let Some(known) = Commitments::<T>::get(host_id, model) else {
			frame_support::defensive!("a slash of nothing", model);
			Self::put_host(host_id, host);
			return Zero::zero();
		};
		let locked = locked.min(known.locked);
		// What its stake has earned so far, it has earned with all of it.
		Self::change_commitment(host_id, &mut host, model, Cause::Slashed, |_| {});
		let (mut credit, own) = Self::take(host_id, &mut host, amount.min(locked));
		let taken = credit.peek();
		host.slashed = host.slashed.saturating_add(taken);
		Self::change_commitment(host_id, &mut host, model, Cause::Slashed, |commitment| {
			commitment.locked = commitment.locked.saturating_sub(locked);
			Self::reduce(commitment, taken);
		});

		// What was to be burnt at least is burnt first.
		let burnt = amount.saturating_sub(reward);
		// Whoever lies may be the beneficiary as well. It must lose of its own what it gains, and more:
		// else it would lie for what its backers lose.
		let most = own / 2u32.into();
		let reward = taken.saturating_sub(burnt).min(reward).min(most);
		let parts = beneficiaries.len() as u128;
		let part = Self::from_u128(share_down(1, Self::to_u128(reward), parts));
		if !part.is_zero() {
			for beneficiary in beneficiaries {
				// An account that could not live on its part gets none.
				if let Err(part) = T::Currency::resolve(beneficiary, credit.extract(part)) {
					credit.subsume(part);
				}
			}
		}
		Self::deposit_event(Event::Slashed {
			host: host_id.clone(),
			model: *model,
			amount: taken,
			own,
			burnt: credit.peek(),
		});
		drop(credit);

		Self::after_lock(host_id, &mut host, model);
		Self::put_host(host_id, host);
		T::Catalog::stake_changed(model);
		taken
	}

	fn credit(host_id: &T::AccountId, amount: BalanceOf<T>) {
		let mut host = Hosts::<T>::get(host_id).unwrap_or_default();
		Self::credit_to(host_id, &mut host, amount);
		Self::put_host(host_id, host);
	}

	fn pot() -> T::AccountId {
		Self::pot_account()
	}
}

impl<T: Config> Pallet<T> {
	/// What follows when a lock has ended: backers may have left meanwhile, or the model.
	fn after_lock(who: &T::AccountId, host: &mut HostRecordOf<T>, model: &ModelId) {
		Self::trim(who, host, model);
		if T::Catalog::report(model).is_none() {
			Self::let_go(who, host, model);
		}
	}
}
