//! Reveals, and what follows from them.

use alloc::vec::Vec;
use frame_support::ensure;
use noema_primitives::{
	jobs::{commitment, Answer, Phase},
	trace::Proof,
	JobId,
};
use sp_core::H256;
use sp_runtime::{traits::Saturating, DispatchResult};

use crate::{
	types::{Audit, Claim, JobOf, Seats},
	ClaimsOf, Config, Error, Event, Members, Pallet, Params,
};

impl<T: Config> Pallet<T> {
	/// Takes the answer of a member that fits its commitment.
	pub(crate) fn do_reveal(
		who: T::AccountId,
		id: JobId,
		root: H256,
		salt: [u8; 32],
		answer: Answer,
		proof: Proof,
	) -> DispatchResult {
		let mut job = Self::job_of(id)?;
		let Phase::Revealing { until } = job.phase else {
			return Err(Error::<T>::WrongPhase.into());
		};
		ensure!(Self::now() <= until, Error::<T>::TooLate);
		let mut seats = Members::<T>::get(id);
		let seat = seats
			.iter_mut()
			.find(|seat| seat.member.host == who)
			.ok_or(Error::<T>::NotMember)?;
		let committed = seat.member.commitment.ok_or(Error::<T>::NotCommitted)?;
		ensure!(seat.member.revealed.is_none(), Error::<T>::AlreadyRevealed);
		ensure!(
			commitment(id, &who, &root, &salt) == committed,
			Error::<T>::CommitmentMismatch
		);
		Self::take_answer(&who, id, &job, root, answer, &proof)?;
		seat.member.revealed = Some(root);
		ClaimsOf::<T>::try_mutate(id, |claims| {
			if claims.iter().any(|claim| claim.root == root) {
				return Ok(());
			}
			claims
				.try_push(Claim {
					root,
					posted: false,
					challenger: None,
				})
				.map_err(|_| Error::<T>::TooManyClaims)
		})?;
		Self::deposit_event(Event::Revealed {
			job: id,
			host: who,
			trace_root: root,
		});
		let complete = seats.iter().all(|seat| seat.member.revealed.is_some());
		Members::<T>::insert(id, seats);
		if complete {
			Self::weigh_claims(id, &mut job);
		}
		Ok(())
	}

	/// The end of the period for reveals: who has committed and not revealed loses its stake.
	pub(crate) fn close_reveals(id: JobId, mut job: JobOf<T>) {
		let seats = Members::<T>::take(id);
		let (kept, gone): (Vec<_>, Vec<_>) = seats
			.into_iter()
			.partition(|seat| seat.member.revealed.is_some());
		for seat in gone {
			let host = seat.member.host.clone();
			Self::deposit_event(Event::NotRevealed { job: id, host });
			// All of it is burnt: nobody gains by keeping another from revealing.
			Self::slash_seat(id, &mut job, &seat, seat.member.stake, false);
		}
		Members::<T>::insert(id, Seats::<T>::truncate_from(kept));
		if ClaimsOf::<T>::decode_len(id).unwrap_or_default() == 0 {
			return Self::end_unanswered(id, job);
		}
		Self::weigh_claims(id, &mut job);
	}

	/// Goes on with what is claimed: one root stands, two or more are in dispute.
	pub(crate) fn weigh_claims(id: JobId, job: &mut JobOf<T>) {
		let claims = ClaimsOf::<T>::get(id);
		let audit = job.audit;
		if audit == Audit::Running {
			job.audit = Audit::Over;
		}
		match &claims[..] {
			[] => {
				frame_support::defensive!("nothing is claimed", id);
			}
			[only] => {
				let period = match audit {
					Audit::Open => Params::<T>::get().challenge_period,
					// Everybody had a window, and the auditors agree: it ends with this block.
					Audit::Running | Audit::Over => 0u32.into(),
				};
				let until = Self::now().saturating_add(period);
				Self::open_window(id, job, only.root, until);
			}
			_ => Self::open_dispute(id, job, claims.len() as u32),
		}
	}

	/// Lets the one answer that is claimed be challenged.
	pub(crate) fn open_window(
		id: JobId,
		job: &mut JobOf<T>,
		root: H256,
		until: frame_system::pallet_prelude::BlockNumberFor<T>,
	) {
		job.split = None;
		job.phase = Phase::Challengeable { until };
		Self::deposit_event(Event::Answered {
			job: id,
			trace_root: root,
			until: Self::block_at(until),
		});
		Self::put_job(id, job, until.saturating_add(1u32.into()));
	}

	/// Lets the leaves of all claims be posted.
	pub(crate) fn open_dispute(id: JobId, job: &mut JobOf<T>, claims: u32) {
		let until = Self::now().saturating_add(Params::<T>::get().posting_period);
		job.split = None;
		job.phase = Phase::Posting { until };
		Self::deposit_event(Event::DisputeOpened {
			job: id,
			claims,
			until: Self::block_at(until),
		});
		Self::put_job(id, job, until.saturating_add(1u32.into()));
	}
}
