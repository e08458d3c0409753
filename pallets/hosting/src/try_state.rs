//! The invariants of the pallet's storage.

use alloc::{
	collections::{BTreeMap, BTreeSet},
	vec::Vec,
};
use frame_support::{
	ensure,
	traits::{
		fungible::{Inspect, InspectHold},
		Get,
	},
};
use noema_primitives::ModelId;
use sp_runtime::{
	traits::{Saturating, Zero},
	TryRuntimeError,
};

use crate::{
	types::{BalanceOf, CommitmentRecordOf, HostRecordOf, MAX_UNBONDING},
	Backings, Commitments, Config, HoldReason, Hosts, HostsOf, ModelPools, Pallet, StandingHosts,
};

/// Commitments by model, then by host.
type ByModel<T> =
	BTreeMap<ModelId, BTreeMap<<T as frame_system::Config>::AccountId, CommitmentRecordOf<T>>>;

impl<T: Config> Pallet<T> {
	/// Checks that what is stored fits together.
	///
	/// * **Bonds**: what is on hold of each host's is its bond. What is on its way out is a part of
	///   it.
	/// * **Pools**: a pool's shares, and those on their way out, are the sums over its backers. No
	///   shares are worth nothing.
	/// * **Commitments**: a host's sums and counts are those of its commitments. Each is more than
	///   nothing, and what is locked is a part of it. They are at most what the host has, or none of
	///   them is free.
	/// * **Locks**: what is locked is at most what a slash could take.
	/// * **Models**: what is committed to one, and the list of its hosts, are what the commitments
	///   say; the list is in order. A record is there for those with hosts or fees, and for no other.
	/// * **Fees**: what the hosts of a model have earned, and what waits, is no more than what is
	///   held.
	/// * **Pot**: it has what backers have put up, what may be claimed and what is held, beside what
	///   an account must have to exist.
	/// * **Standing commitments**: the list has those who have set one, once each.
	/// * **Hosts**: each has something left that somebody may want.
	/// * **Bounds**: all lists and numbers are within their limits.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let hosts: BTreeMap<T::AccountId, HostRecordOf<T>> = Hosts::<T>::iter().collect();
		let mut commitments: ByModel<T> = BTreeMap::new();
		for (host, model, commitment) in Commitments::<T>::iter() {
			commitments
				.entry(model)
				.or_default()
				.insert(host, commitment);
		}
		Self::check_bonds(&hosts)?;
		Self::check_pools(&hosts)?;
		Self::check_commitments(&hosts, &commitments)?;
		Self::check_models(&commitments)?;
		Self::check_pot(&hosts)?;
		Self::check_standing(&hosts)
	}

	fn check_bonds(hosts: &BTreeMap<T::AccountId, HostRecordOf<T>>) -> Result<(), TryRuntimeError> {
		for (who, host) in hosts {
			let held = T::Currency::balance_on_hold(&HoldReason::Bond.into(), who);
			ensure!(held == host.bond, "what is on hold is not the bond");
			let leaving = host
				.unbonding
				.iter()
				.fold(BalanceOf::<T>::zero(), |sum, leaving| {
					sum.saturating_add(leaving.amount)
				});
			ensure!(leaving <= host.bond, "more leaves than is bonded");
			ensure!(
				host.unbonding.len() <= MAX_UNBONDING as usize,
				"too much is on its way out"
			);
			ensure!(
				host.unbonding
					.iter()
					.all(|leaving| !leaving.amount.is_zero()),
				"nothing is on its way out"
			);
			ensure!(
				host.terms.capacity <= T::MaxCapacity::get(),
				"a capacity is too large"
			);
			ensure!(!host.is_over(), "a host of whom nothing is left");
		}
		Ok(())
	}

	fn check_pools(hosts: &BTreeMap<T::AccountId, HostRecordOf<T>>) -> Result<(), TryRuntimeError> {
		let mut sums: BTreeMap<T::AccountId, (u128, u128)> = BTreeMap::new();
		for (host, _, backing) in Backings::<T>::iter() {
			let leaving = backing.shares.saturating_sub(backing.active());
			let all: u128 = backing.leaving.iter().map(|leaving| leaving.amount).sum();
			ensure!(leaving == all, "more shares leave than there are");
			ensure!(backing.shares > 0, "a backer without shares");
			let sum = sums.entry(host).or_default();
			sum.0 = sum.0.saturating_add(backing.shares);
			sum.1 = sum.1.saturating_add(leaving);
		}
		for (who, host) in hosts {
			let (shares, leaving) = sums.remove(who).unwrap_or_default();
			ensure!(
				host.pool.shares == shares && host.pool.leaving == leaving,
				"a pool's shares are not its backers'"
			);
			ensure!(
				shares > 0 || host.pool.value == 0,
				"a pool without shares is worth something"
			);
		}
		ensure!(sums.is_empty(), "somebody backs who is no host");
		Ok(())
	}

	fn check_commitments(
		hosts: &BTreeMap<T::AccountId, HostRecordOf<T>>,
		commitments: &ByModel<T>,
	) -> Result<(), TryRuntimeError> {
		let mut sums: BTreeMap<T::AccountId, (BalanceOf<T>, BalanceOf<T>, u32)> = BTreeMap::new();
		for (who, commitment) in commitments.values().flatten() {
			ensure!(!commitment.stake.is_zero(), "a commitment to nothing");
			ensure!(
				commitment.locked <= commitment.stake,
				"more is locked than is committed"
			);
			let sum = sums.entry(who.clone()).or_default();
			sum.0 = sum.0.saturating_add(commitment.stake);
			sum.1 = sum.1.saturating_add(commitment.locked);
			sum.2 = sum.2.saturating_add(1);
		}
		for (who, host) in hosts {
			let (committed, locked, count) = sums.remove(who).unwrap_or_default();
			ensure!(
				(host.committed, host.locked, host.commitments) == (committed, locked, count),
				"a host's sums are not those of its commitments"
			);
			ensure!(
				count <= T::MaxCommitments::get(),
				"too many commitments of a host"
			);
			ensure!(
				committed <= host.active() || committed == locked,
				"a host has committed more than it has"
			);
			ensure!(
				locked <= host.at_risk(),
				"more is locked than a slash could take"
			);
		}
		ensure!(sums.is_empty(), "somebody is committed who is no host");
		Ok(())
	}

	fn check_models(commitments: &ByModel<T>) -> Result<(), TryRuntimeError> {
		let none = BTreeMap::new();
		let models: BTreeSet<ModelId> = HostsOf::<T>::iter_keys()
			.chain(ModelPools::<T>::iter_keys())
			.chain(commitments.keys().copied())
			.collect();
		for model in models {
			let pool = ModelPools::<T>::get(model);
			let commitments = commitments.get(&model).unwrap_or(&none);
			let places: Vec<_> = HostsOf::<T>::get(model)
				.into_iter()
				.map(|place| (place.host, place.stake))
				.collect();
			let expected: Vec<_> = commitments
				.iter()
				.map(|(who, commitment)| (who.clone(), commitment.stake))
				.collect();
			ensure!(
				places == expected,
				"the hosts of a model are not those who are committed to it"
			);
			let mut committed = BalanceOf::<T>::zero();
			let mut owed = pool.carry;
			for commitment in commitments.values() {
				ensure!(
					commitment.paid <= pool.per_unit,
					"a commitment has been paid too much"
				);
				committed = committed.saturating_add(commitment.stake);
				owed = owed.saturating_add(Self::earned_since(commitment, &pool));
			}
			ensure!(
				pool.committed == committed,
				"what is committed to a model is not the sum"
			);
			ensure!(owed <= pool.held, "more fees are owed than are held");
			ensure!(
				ModelPools::<T>::contains_key(model),
				"a model with hosts has no record"
			);
			ensure!(
				!places.is_empty() || !pool.held.is_zero(),
				"a record of a model without hosts and fees"
			);
			ensure!(
				!places.is_empty() || pool.carry == pool.held,
				"fees of a model without hosts are shared"
			);
		}
		Ok(())
	}

	fn check_pot(hosts: &BTreeMap<T::AccountId, HostRecordOf<T>>) -> Result<(), TryRuntimeError> {
		let owed = Self::owed(hosts.values());
		if owed.is_zero() {
			return Ok(());
		}
		let pot = T::Currency::balance(&Self::pot_account());
		ensure!(
			pot >= owed.saturating_add(T::Currency::minimum_balance()),
			"the pot lacks what it owes"
		);
		Ok(())
	}

	/// All that the pot owes to backers, hosts and models.
	pub(crate) fn owed<'a>(hosts: impl Iterator<Item = &'a HostRecordOf<T>>) -> BalanceOf<T>
	where
		HostRecordOf<T>: 'a,
	{
		let of_hosts = hosts.fold(BalanceOf::<T>::zero(), |sum, host| {
			sum.saturating_add(host.claimable)
				.saturating_add(Self::from_u128(host.pool.value))
		});
		ModelPools::<T>::iter_values().fold(of_hosts, |sum, pool| sum.saturating_add(pool.held))
	}

	fn check_standing(
		hosts: &BTreeMap<T::AccountId, HostRecordOf<T>>,
	) -> Result<(), TryRuntimeError> {
		let listed = StandingHosts::<T>::get();
		let set: BTreeSet<_> = listed.iter().collect();
		ensure!(
			set.len() == listed.len(),
			"a standing commitment is listed twice"
		);
		let standing: BTreeSet<_> = hosts
			.iter()
			.filter(|(_, host)| host.terms.standing.is_some())
			.map(|(who, _)| who)
			.collect();
		ensure!(
			set == standing,
			"the list of standing commitments is not theirs"
		);
		Ok(())
	}
}
