//! Commitments: stake of a host behind a model.
//!
//! Of a host, the sum of its commitments is at most its active stake, or nothing of them is free:
//! then backers have left while all that remains stands behind open jobs, whose end will free it.

use alloc::vec::Vec;
use frame_support::{ensure, traits::Get};
use noema_primitives::{hosting::ModelCatalog, ModelId};
use sp_runtime::{
	traits::{Saturating, Zero},
	DispatchError, DispatchResult,
};

use crate::{
	math::share_up,
	types::{BalanceOf, Cause, CommitmentRecord, CommitmentRecordOf, HostRecordOf, Place},
	Commitments, Config, Error, Event, Hosts, HostsOf, ModelPools, Pallet,
};

impl<T: Config> Pallet<T> {
	/// Commits `stake` more to a model.
	pub(crate) fn do_commit(
		who: T::AccountId,
		model: ModelId,
		stake: BalanceOf<T>,
	) -> DispatchResult {
		let mut host = Self::host_record(&who)?;
		ensure!(!stake.is_zero(), Error::<T>::ZeroAmount);
		ensure!(
			T::Catalog::report(&model).is_some(),
			Error::<T>::ModelNotAdmitted
		);
		ensure!(host.own() >= T::MinBond::get(), Error::<T>::BondTooSmall);
		ensure!(stake <= host.free(), Error::<T>::NotEnoughFree);
		let known = Commitments::<T>::get(&who, model);
		let total = known.map_or(stake, |known| known.stake.saturating_add(stake));
		ensure!(
			total >= T::MinCommitment::get(),
			Error::<T>::CommitmentTooSmall
		);
		if known.is_none() {
			ensure!(
				host.commitments < T::MaxCommitments::get(),
				Error::<T>::TooManyCommitments
			);
			Self::make_room(&model, total)?;
		}
		Self::change_commitment(&who, &mut host, &model, Cause::Host, |commitment| {
			commitment.stake = total;
		});
		Self::put_host(&who, host);
		T::Catalog::stake_changed(&model);
		Ok(())
	}

	/// Takes `stake` of a commitment back.
	pub(crate) fn do_uncommit(
		who: T::AccountId,
		model: ModelId,
		stake: BalanceOf<T>,
	) -> DispatchResult {
		let mut host = Self::host_record(&who)?;
		ensure!(!stake.is_zero(), Error::<T>::ZeroAmount);
		let commitment = Commitments::<T>::get(&who, model).ok_or(Error::<T>::NotCommitted)?;
		ensure!(stake <= commitment.stake, Error::<T>::NotEnoughCommitted);
		ensure!(stake <= commitment.free(), Error::<T>::StakeLocked);
		let rest = commitment.stake.saturating_sub(stake);
		ensure!(
			rest.is_zero() || rest >= T::MinCommitment::get(),
			Error::<T>::CommitmentTooSmall
		);
		Self::change_commitment(&who, &mut host, &model, Cause::Host, |commitment| {
			commitment.stake = rest;
		});
		Self::put_host(&who, host);
		T::Catalog::stake_changed(&model);
		Ok(())
	}

	/// Makes sure that one host more, with `stake`, has a place at a model.
	fn make_room(model: &ModelId, stake: BalanceOf<T>) -> DispatchResult {
		let places = HostsOf::<T>::get(model);
		if places.len() < T::MaxHostsPerModel::get() as usize {
			return Ok(());
		}
		let least = places
			.into_iter()
			.min_by(|a, b| a.stake.cmp(&b.stake))
			.filter(|least| least.stake < stake)
			.ok_or(Error::<T>::ModelFull)?;
		let at_work =
			Commitments::<T>::get(&least.host, model).is_none_or(|least| !least.locked.is_zero());
		ensure!(!at_work, Error::<T>::ModelFull);
		let mut other = Self::host_record(&least.host)?;
		Self::change_commitment(&least.host, &mut other, model, Cause::Displaced, |least| {
			least.stake = Zero::zero();
		});
		Self::put_host(&least.host, other);
		Ok(())
	}

	/// Settles the fees of a commitment, then changes it, and all sums that it is part of. The
	/// caller stores the host, and tells the registry.
	pub(crate) fn change_commitment(
		who: &T::AccountId,
		host: &mut HostRecordOf<T>,
		model: &ModelId,
		cause: Cause,
		change: impl FnOnce(&mut CommitmentRecordOf<T>),
	) {
		let mut pool = ModelPools::<T>::get(model);
		let known = Commitments::<T>::get(who, model);
		let mut commitment = known.unwrap_or(CommitmentRecord {
			paid: pool.per_unit,
			..Default::default()
		});
		Self::settle(who, host, &mut commitment, &mut pool);
		let before = commitment;
		change(&mut commitment);

		let replace = |sum: BalanceOf<T>, before: BalanceOf<T>, after: BalanceOf<T>| {
			sum.saturating_sub(before).saturating_add(after)
		};
		host.committed = replace(host.committed, before.stake, commitment.stake);
		host.locked = replace(host.locked, before.locked, commitment.locked);
		pool.committed = replace(pool.committed, before.stake, commitment.stake);
		let is_gone = commitment.stake.is_zero();
		match (known, is_gone) {
			(None, false) => host.commitments = host.commitments.saturating_add(1),
			(Some(_), true) => host.commitments = host.commitments.saturating_sub(1),
			_ => {}
		}
		if is_gone {
			Commitments::<T>::remove(who, model);
		} else {
			Commitments::<T>::insert(who, model, commitment);
		}
		ModelPools::<T>::insert(model, pool);
		if commitment.stake != before.stake {
			Self::set_place(who, model, commitment.stake);
			Self::deposit_event(Event::CommitmentChanged {
				host: who.clone(),
				model: *model,
				stake: commitment.stake,
				cause,
			});
		}
	}

	/// Keeps the list of a model's hosts as the commitments are.
	fn set_place(who: &T::AccountId, model: &ModelId, stake: BalanceOf<T>) {
		let mut places = HostsOf::<T>::get(model);
		match places.binary_search_by(|place| place.host.cmp(who)) {
			Ok(index) if stake.is_zero() => {
				places.remove(index);
			}
			Ok(index) => {
				if let Some(place) = places.get_mut(index) {
					place.stake = stake;
				}
			}
			Err(index) => {
				let host = who.clone();
				// `make_room` has made sure of it.
				if places.try_insert(index, Place { host, stake }).is_err() {
					frame_support::defensive!("no place for a host", model);
				}
			}
		}
		if places.is_empty() {
			HostsOf::<T>::remove(model);
			Self::last_host_left(model);
		} else {
			HostsOf::<T>::insert(model, places);
		}
	}

	/// Shrinks a host's commitments, in proportion and but for what is locked, to what it has.
	/// Returns how many there were to look at.
	pub(crate) fn fit(who: &T::AccountId, host: &mut HostRecordOf<T>) -> u32 {
		let excess = host.committed.saturating_sub(host.active());
		let free = host.committed.saturating_sub(host.locked);
		let whole = Self::to_u128(excess.min(free));
		if whole == 0 {
			return 0;
		}
		let all: Vec<(ModelId, u128)> = Commitments::<T>::iter_prefix(who)
			.take(T::MaxCommitments::get() as usize)
			.map(|(model, commitment)| (model, Self::to_u128(commitment.free())))
			.collect();
		let mut rest = whole;
		for (model, part) in &all {
			let cut = share_up(*part, whole, Self::to_u128(free)).min(rest);
			if cut == 0 {
				continue;
			}
			rest = rest.saturating_sub(cut);
			Self::shrink(who, host, model, Self::from_u128(cut));
		}
		all.len() as u32
	}

	/// Shrinks one commitment, of which something may have become free, if the host has more
	/// committed than it has.
	pub(crate) fn trim(who: &T::AccountId, host: &mut HostRecordOf<T>, model: &ModelId) {
		let excess = host.committed.saturating_sub(host.active());
		let free = Commitments::<T>::get(who, model).map_or(Zero::zero(), |known| known.free());
		let cut = excess.min(free);
		if !cut.is_zero() {
			Self::shrink(who, host, model, cut);
		}
	}

	fn shrink(who: &T::AccountId, host: &mut HostRecordOf<T>, model: &ModelId, cut: BalanceOf<T>) {
		Self::change_commitment(who, host, model, Cause::BackersLeft, |commitment| {
			Self::reduce(commitment, cut);
		});
		T::Catalog::stake_changed(model);
	}

	/// Takes `cut` off a commitment, and all of it if less is left than a commitment must be.
	pub(crate) fn reduce(commitment: &mut CommitmentRecordOf<T>, cut: BalanceOf<T>) {
		commitment.stake = commitment.stake.saturating_sub(cut);
		if commitment.locked.is_zero() && commitment.stake < T::MinCommitment::get() {
			commitment.stake = Zero::zero();
		}
	}

	/// Commits what a host commits to every new model, if it can.
	pub(crate) fn commit_standing(
		who: &T::AccountId,
		model: &ModelId,
	) -> Result<(), DispatchError> {
		let mut host = Self::host_record(who)?;
		let stake = host.terms.standing.unwrap_or_default();
		let places = HostsOf::<T>::decode_len(model).unwrap_or(0);
		let can = !stake.is_zero()
			&& host.own() >= T::MinBond::get()
			&& stake <= host.free()
			&& host.commitments < T::MaxCommitments::get()
			&& places < T::MaxHostsPerModel::get() as usize
			&& !Commitments::<T>::contains_key(who, model);
		if can {
			Self::change_commitment(who, &mut host, model, Cause::Standing, |commitment| {
				commitment.stake = stake;
			});
			Hosts::<T>::insert(who, host);
		}
		Ok(())
	}
}
