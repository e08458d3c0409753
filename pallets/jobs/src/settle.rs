//! The end of a job: who is paid, what returns, what is kept.

use alloc::vec::Vec;
use frame_support::{
	traits::{
		fungible::{Mutate, MutateHold},
		tokens::{Fortitude, Precision, Preservation, Restriction},
		Consideration,
	},
	weights::Weight,
};
use noema_primitives::{
	hosting::{JobStake, ModelCatalog},
	jobs::{Ending, Phase},
	JobId,
};
use sp_runtime::traits::{Saturating, Zero};

use crate::{
	types::{AnswerRecord, BalanceOf, JobOf, SeatOf, Seats, MAX_SEATS},
	weights::WeightInfo,
	Answers, Assignments, ClaimsOf, Config, Event, HoldReason, Inputs, Jobs, Leaves, Members,
	OldestJob, OpenJobs, Order, Outputs, Pallet, Params,
};

/// The most removed jobs that one removal skips in search of the oldest one that is kept.
const SKIPPED_PER_REMOVAL: u32 = 16;

impl<T: Config> Pallet<T> {
	/// Takes up the deadline of a job. Returns the weight of that.
	pub(crate) fn advance(id: JobId) -> Weight {
		let Some(job) = Jobs::<T>::get(id) else {
			frame_support::defensive!("a task for a job that is unknown", id);
			return T::WeightInfo::advance(0);
		};
		let members = Members::<T>::decode_len(id).unwrap_or_default();
		let weight = T::WeightInfo::advance(u32::try_from(members).unwrap_or(u32::MAX));
		match job.phase.clone() {
			Phase::Drawing { from } => {
				Self::draw(id, job, from);
				return T::WeightInfo::draw();
			}
			Phase::Committing { .. } => Self::close_commits(id, job),
			Phase::Revealing { .. } => Self::close_reveals(id, job),
			Phase::Challengeable { .. } => Self::close_window(id, job),
			Phase::Posting { .. } => Self::close_posting(id, job),
			Phase::Refereeing { .. } => Self::close_refereeing(id, job),
			Phase::Done => Self::remove(id, job),
		}
		weight
	}

	/// The most that a deadline of a job weighs.
	pub(crate) fn heaviest_advance() -> Weight {
		T::WeightInfo::draw().max(T::WeightInfo::advance(MAX_SEATS))
	}

	/// The one claim that is left is right: pays for it.
	pub(crate) fn end_answered(id: JobId, mut job: JobOf<T>) {
		let claims = ClaimsOf::<T>::take(id).into_inner();
		let Some(claim) = claims.into_iter().next() else {
			frame_support::defensive!("an answer that nobody claims", id);
			return Self::end_unanswered(id, job);
		};
		let root = claim.root;
		Leaves::<T>::remove(id, root);
		let ending = match Answers::<T>::get(id, root) {
			Some(AnswerRecord::Failed(failure)) => Ending::Failed(failure),
			_ => Ending::Answered,
		};
		job.answer = Some(root);
		let members = Members::<T>::get(id);
		for seat in &members {
			job.backing = job.backing.saturating_add(seat.member.stake);
			Self::unseat(id, &job, seat);
			Self::pay(id, &mut job, seat);
		}
		if let Some((_, bond)) = &claim.challenger {
			job.backing = job.backing.saturating_add(*bond);
		}
		Self::pay_royalty(&mut job);
		let challenger = claim.challenger.map(|(challenger, bond)| {
			Self::release_bond(&challenger, bond);
			challenger
		});
		Self::pay_bounty(id, &mut job, challenger, &members);
		Self::close(id, job, ending);
	}

	/// Ends a job without an answer: what is still locked, bonded or in escrow returns.
	pub(crate) fn finish(id: JobId, mut job: JobOf<T>, ending: Ending) {
		for seat in Members::<T>::take(id) {
			Self::unseat(id, &job, &seat);
		}
		for claim in ClaimsOf::<T>::take(id) {
			if let Some((challenger, bond)) = claim.challenger {
				Self::release_bond(&challenger, bond);
			}
			Self::drop_answer(id, claim.root);
			Leaves::<T>::remove(id, claim.root);
		}
		// Nobody was right.
		let bounty = core::mem::take(&mut job.bounty);
		Self::burn_bounty(bounty);
		Self::close(id, job, ending);
	}

	/// What all endings have in common.
	fn close(id: JobId, mut job: JobOf<T>, ending: Ending) {
		let refund = core::mem::take(&mut job.escrow);
		let released = T::Currency::release(
			&HoldReason::Escrow.into(),
			&job.requester,
			refund,
			Precision::BestEffort,
		);
		if released != Ok(refund) {
			frame_support::defensive!("an escrow that was not held", id);
		}
		if let Some(inputs) = Inputs::<T>::take(id) {
			Self::release_tensors(&inputs);
		}
		Order::<T>::remove(id);
		Outputs::<T>::remove(id);
		OpenJobs::<T>::remove(id);
		T::Models::unpin(&job.model);
		job.ending = Some(ending);
		job.split = None;
		job.phase = Phase::Done;
		Self::deposit_event(Event::JobDone {
			job: id,
			ending,
			refund,
		});
		match ending {
			Ending::Voided => crate::Callbacks::<T>::remove(id),
			_ => Self::queue_callback(id),
		}
		let due = Self::now().saturating_add(Params::<T>::get().result_window);
		Self::put_job(id, &mut job, due);
	}

	/// Unlocks what a member has put at risk.
	fn unseat(id: JobId, job: &JobOf<T>, seat: &SeatOf<T>) {
		T::Hosting::unlock(&seat.member.host, &job.model, seat.member.stake);
		Assignments::<T>::remove(&seat.member.host, id);
	}

	/// Takes up to `amount` from the escrow and moves it. What cannot be moved returns to the
	/// requester in the end.
	fn spend(job: &mut JobOf<T>, to: &T::AccountId, amount: BalanceOf<T>) -> BalanceOf<T> {
		let amount = amount.min(job.escrow);
		if amount.is_zero() {
			return amount;
		}
		let moved = T::Currency::transfer_on_hold(
			&HoldReason::Escrow.into(),
			&job.requester,
			to,
			amount,
			Precision::BestEffort,
			Restriction::Free,
			Fortitude::Force,
		)
		.unwrap_or_default();
		job.escrow = job.escrow.saturating_sub(moved);
		moved
	}

	fn pay(id: JobId, job: &mut JobOf<T>, seat: &SeatOf<T>) {
		let amount = Self::spend(job, &T::Hosting::pot(), seat.member.price);
		let host = seat.member.host.clone();
		T::Hosting::credit(&host, amount);
		Self::deposit_event(Event::HostPaid {
			job: id,
			host,
			amount,
		});
	}

	fn pay_royalty(job: &mut JobOf<T>) {
		let owner = job.release.owner.clone();
		let royalty = job.royalty;
		Self::spend(job, &owner, royalty);
	}

	/// Gives the bounty to the challenger who was right or, without one, to the members in equal
	/// parts. What cannot be divided is burnt.
	fn pay_bounty(
		id: JobId,
		job: &mut JobOf<T>,
		challenger: Option<T::AccountId>,
		members: &Seats<T>,
	) {
		let bounty = core::mem::take(&mut job.bounty);
		let mut left = bounty;
		let mut give = |to: &T::AccountId, account: &T::AccountId, amount: BalanceOf<T>| {
			let moved =
				T::Currency::transfer(&Self::pot(), account, amount, Preservation::Preserve);
			if moved.is_ok() {
				left = left.saturating_sub(amount);
				Self::deposit_event(Event::BountyPaid {
					job: id,
					to: to.clone(),
					amount,
				});
			}
			moved.is_ok()
		};
		match challenger {
			Some(challenger) if !bounty.is_zero() => {
				give(&challenger, &challenger, bounty);
			}
			None if !bounty.is_zero() && !members.is_empty() => {
				let count: BalanceOf<T> = (members.len() as u32).into();
				let part = bounty / count;
				let pot = T::Hosting::pot();
				for seat in members {
					let host = &seat.member.host;
					if !part.is_zero() && give(host, &pot, part) {
						T::Hosting::credit(host, part);
					}
				}
			}
			_ => {}
		}
		Self::burn_bounty(left);
	}

	/// Burns what nobody has earned.
	fn burn_bounty(amount: BalanceOf<T>) {
		if amount.is_zero() {
			return;
		}
		let burnt = T::Currency::burn_from(
			&Self::pot(),
			amount,
			Preservation::Preserve,
			Precision::BestEffort,
			Fortitude::Force,
		);
		if burnt != Ok(amount) {
			frame_support::defensive!("a bounty that was not in the pot");
		}
	}

	/// Forgets a job whose result's window is over.
	fn remove(id: JobId, job: JobOf<T>) {
		if let Some(root) = job.answer {
			Self::drop_answer(id, root);
		}
		Members::<T>::remove(id);
		Jobs::<T>::remove(id);
		if let Err(error) = job.ticket.drop(&job.requester) {
			log::error!(
				target: crate::LOG_TARGET,
				"the deposit for job {id} could not be returned: {error:?}"
			);
		}
		OldestJob::<T>::mutate(|oldest| {
			let next = crate::NextJob::<T>::get();
			for _ in 0..SKIPPED_PER_REMOVAL {
				if *oldest >= next || Jobs::<T>::contains_key(*oldest) {
					break;
				}
				*oldest = oldest.saturating_add(1);
			}
		});
		Self::deposit_event(Event::JobRemoved { job: id });
	}

	/// The hosts that were right, of a job that is over; all members, of an open one.
	pub(crate) fn seats(id: JobId) -> Vec<SeatOf<T>> {
		Members::<T>::get(id).into_inner()
	}
}
