//! Earnings: the fees of inferences in a block, pay for jobs, and their way to the host.

use frame_support::traits::{
	fungible::{Balanced, Mutate},
	tokens::{Fortitude, Precision, Preservation},
	Get,
};
use noema_primitives::{
	hosting::{HostShare, ModelCatalog},
	Cost, ModelId,
};
use sp_runtime::{
	traits::{AccountIdConversion, Convert, SaturatedConversion, Saturating, Zero},
	DispatchError,
};

use crate::{
	math::{share_down, share_up, FEE_UNIT, SECOND},
	types::{BalanceOf, CommitmentRecordOf, HostRecordOf, ModelPoolOf},
	Commitments, Config, Error, Event, HostsOf, ModelPools, Pallet,
};

impl<T: Config> Pallet<T> {
	/// The account that has what backers have put up, and all that waits to be claimed.
	pub fn pot_account() -> T::AccountId {
		T::PalletId::get().into_account_truncating()
	}

	/// An amount as a number.
	pub(crate) fn to_u128(amount: BalanceOf<T>) -> u128 {
		amount.saturated_into()
	}

	/// A number as an amount.
	pub(crate) fn from_u128(amount: u128) -> BalanceOf<T> {
		amount.saturated_into()
	}

	/// Picoseconds of a run on the reference machine.
	pub(crate) fn ref_time(cost: &Cost) -> u128 {
		T::CostToWeight::convert(*cost).ref_time().into()
	}

	/// Takes `amount` out of the pot and out of existence.
	fn burn(amount: BalanceOf<T>) {
		let burnt = T::Currency::withdraw(
			&Self::pot_account(),
			amount,
			Precision::Exact,
			Preservation::Preserve,
			Fortitude::Force,
		);
		if burnt.is_err() {
			frame_support::defensive!("the pot lacks what it should hold");
		}
	}

	/// Shares what has come to the pot among those who are committed to a model now.
	fn distribute(pool: &mut ModelPoolOf<T>, amount: BalanceOf<T>) {
		pool.held = pool.held.saturating_add(amount);
		pool.carry = pool.carry.saturating_add(amount);
		let committed = Self::to_u128(pool.committed);
		// Without anybody, or beyond the last number, it waits.
		let step = share_down(Self::to_u128(pool.carry), FEE_UNIT, committed);
		let Some(per_unit) = pool.per_unit.checked_add(step) else {
			return;
		};
		pool.per_unit = per_unit;
		let shared = Self::from_u128(share_up(step, committed, FEE_UNIT));
		pool.carry = pool.carry.saturating_sub(shared);
	}

	/// Credits a host with what its commitment has earned since it was settled last.
	pub(crate) fn settle(
		who: &T::AccountId,
		host: &mut HostRecordOf<T>,
		commitment: &mut CommitmentRecordOf<T>,
		pool: &mut ModelPoolOf<T>,
	) {
		let gain = Self::earned_since(commitment, pool).min(pool.held);
		commitment.paid = pool.per_unit;
		pool.held = pool.held.saturating_sub(gain);
		Self::credit_to(who, host, gain);
	}

	/// What a commitment has earned since it was settled last.
	pub(crate) fn earned_since(
		commitment: &CommitmentRecordOf<T>,
		pool: &ModelPoolOf<T>,
	) -> BalanceOf<T> {
		let per_unit = pool.per_unit.saturating_sub(commitment.paid);
		let gain = share_down(Self::to_u128(commitment.stake), per_unit, FEE_UNIT);
		Self::from_u128(gain)
	}

	/// What of `amount` is the host's own; the rest is its backers'.
	pub(crate) fn own_part(host: &HostRecordOf<T>, amount: BalanceOf<T>) -> BalanceOf<T> {
		let all = Self::to_u128(host.at_risk());
		let backers = share_down(Self::to_u128(amount), host.pool.value, all);
		amount.saturating_sub(Self::from_u128(backers))
	}

	/// Shares what has come to the pot between a host and its backers.
	pub(crate) fn credit_to(who: &T::AccountId, host: &mut HostRecordOf<T>, amount: BalanceOf<T>) {
		if amount.is_zero() {
			return;
		}
		let own = Self::own_part(host, amount);
		host.pool.earn(Self::to_u128(amount.saturating_sub(own)));
		host.claimable = host.claimable.saturating_add(own);
		host.earned = host.earned.saturating_add(amount);
		Self::deposit_event(Event::Earned {
			host: who.clone(),
			amount,
			own,
		});
	}

	/// Keeps the fees of a model to which nobody is committed any more for those who come, or burns
	/// what is left of them if the model is gone.
	pub(crate) fn last_host_left(model: &ModelId) {
		let mut pool = ModelPools::<T>::get(model);
		let is_gone = T::Catalog::report(model).is_none();
		if is_gone && !pool.held.is_zero() {
			Self::burn(pool.held);
		}
		if is_gone || pool.held.is_zero() {
			return ModelPools::<T>::remove(model);
		}
		pool.carry = pool.held;
		ModelPools::<T>::insert(model, pool);
	}

	/// Pays a host out. Returns how many commitments it has.
	pub(crate) fn do_claim(who: T::AccountId) -> Result<u32, DispatchError> {
		let mut host = Self::host_record(&who)?;
		let all: alloc::vec::Vec<_> = Commitments::<T>::iter_prefix(&who)
			.take(T::MaxCommitments::get() as usize)
			.collect();
		for (model, commitment) in &all {
			let mut pool = ModelPools::<T>::get(model);
			if commitment.paid == pool.per_unit {
				continue;
			}
			let mut commitment = *commitment;
			Self::settle(&who, &mut host, &mut commitment, &mut pool);
			Commitments::<T>::insert(&who, model, commitment);
			ModelPools::<T>::insert(model, pool);
		}
		let amount = core::mem::take(&mut host.claimable);
		frame_support::ensure!(!amount.is_zero(), Error::<T>::NothingToClaim);
		T::Currency::transfer(&Self::pot_account(), &who, amount, Preservation::Preserve)?;
		Self::put_host(&who, host);
		Self::deposit_event(Event::Claimed { host: who, amount });
		Ok(all.len() as u32)
	}
}

impl<T: Config> HostShare<T::AccountId, BalanceOf<T>> for Pallet<T> {
	fn share(cost: &Cost) -> BalanceOf<T> {
		let fee = Self::to_u128(T::FeePerSecond::get());
		Self::from_u128(share_down(Self::ref_time(cost), fee, SECOND))
	}

	/// The share of a model to which nobody is committed now waits for those who will be.
	fn pay(
		payer: &T::AccountId,
		model: &ModelId,
		share: BalanceOf<T>,
	) -> Result<(), DispatchError> {
		if share.is_zero() {
			return Ok(());
		}
		T::Currency::transfer(payer, &Self::pot_account(), share, Preservation::Preserve)?;
		ModelPools::<T>::mutate(model, |pool| Self::distribute(pool, share));
		Self::deposit_event(Event::FeePaid {
			model: *model,
			amount: share,
		});
		Ok(())
	}
}

impl<T: Config> Pallet<T> {
	/// Whether nobody is committed to a model and no fees of it are kept.
	pub(crate) fn is_untouched(model: &ModelId) -> bool {
		!HostsOf::<T>::contains_key(model) && !ModelPools::<T>::contains_key(model)
	}
}
