//! Penalties: what liars and absentees lose, and where it goes.
//!
//! At least half of each is burnt, so that nobody gains by slashing itself. The rest of what is taken
//! for a lie waits in the pallet's pot, as the job's bounty: who was right is known for certain only
//! at the end.

use alloc::vec::Vec;
use frame_support::traits::{
	fungible::{Inspect, Mutate, MutateHold},
	tokens::{Fortitude, Precision, Restriction},
	Get,
};
use noema_primitives::{hosting::JobStake, JobId};
use sp_runtime::traits::{AccountIdConversion, Saturating, Zero};

use crate::{
	types::{BalanceOf, ClaimOf, Claims, JobOf, SeatOf, Seats},
	Assignments, ClaimsOf, Config, Event, HoldReason, Leaves, Members, Pallet, Params,
};

impl<T: Config> Pallet<T> {
	/// The account in which bounties lie.
	pub fn pot() -> T::AccountId {
		T::PotId::get().into_account_truncating()
	}

	/// Gives the pot what an account needs to exist, so that it can take any amount.
	pub(crate) fn found_pot() {
		let pot = Self::pot();
		let least = T::Currency::minimum_balance();
		let missing = least.saturating_sub(T::Currency::balance(&pot));
		if !missing.is_zero() && T::Currency::mint_into(&pot, missing).is_err() {
			frame_support::defensive!("the pot of bounties could not be founded");
		}
	}

	/// Takes `amount` of what a member, who has lost its seat, has locked, and unlocks the rest. Half
	/// of it goes to the bounty if `rewarded`.
	pub(crate) fn slash_seat(
		id: JobId,
		job: &mut JobOf<T>,
		seat: &SeatOf<T>,
		amount: BalanceOf<T>,
		rewarded: bool,
	) {
		let host = seat.member.host.clone();
		let reward = match rewarded {
			true => amount / 2u32.into(),
			false => Zero::zero(),
		};
		let pot = Self::pot();
		let before = T::Currency::balance(&pot);
		let beneficiaries: &[T::AccountId] = match reward.is_zero() {
			true => &[],
			false => core::slice::from_ref(&pot),
		};
		let taken = T::Hosting::slash(
			&host,
			&job.model,
			seat.member.stake,
			amount,
			reward,
			beneficiaries,
		);
		let gained = T::Currency::balance(&pot).saturating_sub(before);
		job.bounty = job.bounty.saturating_add(gained);
		Assignments::<T>::remove(&host, id);
		Self::deposit_event(Event::HostSlashed {
			job: id,
			host,
			amount: taken,
		});
	}

	/// Takes `amount` of a challenger's bond, half of it for the bounty if `rewarded`, and gives the
	/// rest back.
	pub(crate) fn slash_bond(
		id: JobId,
		job: &mut JobOf<T>,
		challenger: T::AccountId,
		bond: BalanceOf<T>,
		amount: BalanceOf<T>,
		rewarded: bool,
	) {
		let reason = HoldReason::Challenge.into();
		let amount = amount.min(bond);
		let mut taken: BalanceOf<T> = Zero::zero();
		let reward: BalanceOf<T> = amount / 2u32.into();
		if rewarded && !reward.is_zero() {
			let moved = T::Currency::transfer_on_hold(
				&reason,
				&challenger,
				&Self::pot(),
				reward,
				Precision::BestEffort,
				Restriction::Free,
				Fortitude::Force,
			);
			taken = moved.unwrap_or_default();
			job.bounty = job.bounty.saturating_add(taken);
		}
		let burnt = T::Currency::burn_held(
			&reason,
			&challenger,
			amount.saturating_sub(taken),
			Precision::BestEffort,
			Fortitude::Force,
		);
		taken = taken.saturating_add(burnt.unwrap_or_default());
		Self::release_bond(&challenger, bond.saturating_sub(amount));
		Self::deposit_event(Event::ChallengerSlashed {
			job: id,
			challenger,
			amount: taken,
		});
	}

	/// Gives a bond, or a part of one, back.
	pub(crate) fn release_bond(challenger: &T::AccountId, amount: BalanceOf<T>) {
		let released = T::Currency::release(
			&HoldReason::Challenge.into(),
			challenger,
			amount,
			Precision::BestEffort,
		);
		if released != Ok(amount) {
			frame_support::defensive!("a bond that was not held");
		}
	}

	/// Puts claims out: all who hold them lose what they have put at risk. Returns the claims that
	/// are left.
	pub(crate) fn refute(
		id: JobId,
		job: &mut JobOf<T>,
		is_wrong: impl Fn(&ClaimOf<T>) -> bool,
	) -> Claims<T> {
		let (wrong, kept): (Vec<_>, Vec<_>) =
			ClaimsOf::<T>::take(id).into_iter().partition(is_wrong);
		let mut seats = Members::<T>::take(id).into_inner();
		for claim in wrong {
			let root = claim.root;
			Self::deposit_event(Event::ClaimRefuted {
				job: id,
				trace_root: root,
			});
			let (out, rest): (Vec<_>, Vec<_>) = seats
				.into_iter()
				.partition(|seat| seat.member.revealed == Some(root));
			seats = rest;
			for seat in out {
				Self::slash_seat(id, job, &seat, seat.member.stake, true);
			}
			if let Some((challenger, bond)) = claim.challenger {
				Self::slash_bond(id, job, challenger, bond, bond, true);
			}
			Self::drop_answer(id, root);
			Leaves::<T>::remove(id, root);
		}
		Members::<T>::insert(id, Seats::<T>::truncate_from(seats));
		let kept = Claims::<T>::truncate_from(kept);
		ClaimsOf::<T>::insert(id, &kept);
		kept
	}

	/// The end of the period for the referee: nobody has shown who is right, so nobody is paid, and
	/// all parties lose a little.
	pub(crate) fn close_refereeing(id: JobId, mut job: JobOf<T>) {
		let penalty = Params::<T>::get().no_show_penalty;
		for seat in Members::<T>::take(id) {
			let amount = penalty.mul_ceil(seat.member.stake);
			Self::slash_seat(id, &mut job, &seat, amount, false);
		}
		for claim in ClaimsOf::<T>::take(id) {
			if let Some((challenger, bond)) = claim.challenger {
				let amount = penalty.mul_ceil(bond);
				Self::slash_bond(id, &mut job, challenger, bond, amount, false);
			}
			Self::drop_answer(id, claim.root);
			Leaves::<T>::remove(id, claim.root);
		}
		Self::end_unanswered(id, job);
	}
}
