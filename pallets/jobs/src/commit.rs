//! Commits, and what happens to those who did not.

use frame_support::ensure;
use noema_primitives::{jobs::Phase, JobId};
use sp_core::H256;
use sp_runtime::{traits::Saturating, DispatchResult};

use crate::{
	types::{Audit, JobOf, Seats},
	Config, Error, Event, Jobs, Members, Pallet, Params,
};

impl<T: Config> Pallet<T> {
	/// A job.
	pub(crate) fn job_of(id: JobId) -> Result<JobOf<T>, Error<T>> {
		Jobs::<T>::get(id).ok_or(Error::UnknownJob)
	}

	/// Stores the commitment of a member.
	pub(crate) fn do_commit(who: T::AccountId, id: JobId, commitment: H256) -> DispatchResult {
		let mut job = Self::job_of(id)?;
		let Phase::Committing { until } = job.phase else {
			return Err(Error::<T>::WrongPhase.into());
		};
		ensure!(Self::now() <= until, Error::<T>::TooLate);
		let mut seats = Members::<T>::get(id);
		let seat = seats
			.iter_mut()
			.find(|seat| seat.member.host == who)
			.ok_or(Error::<T>::NotMember)?;
		ensure!(
			seat.member.commitment.is_none(),
			Error::<T>::AlreadyCommitted
		);
		seat.member.commitment = Some(commitment);
		let complete = seats.iter().all(|seat| seat.member.commitment.is_some());
		Members::<T>::insert(id, seats);
		Self::deposit_event(Event::Committed { job: id, host: who });
		// Nobody can commit any more, so nobody can copy what is revealed.
		if complete {
			Self::open_reveals(id, &mut job);
		}
		Ok(())
	}

	/// The end of the period for commits: no-shows lose a part of their stake and their seats, which
	/// go to the next in the order. After some rounds, whoever has committed goes on.
	pub(crate) fn close_commits(id: JobId, mut job: JobOf<T>) {
		let mut seats = Members::<T>::get(id);
		let missing = Self::remove_no_shows(id, &mut job, &mut seats);

		let params = Params::<T>::get();
		if missing > 0 && job.audit == Audit::Open && job.refills < params.refills {
			let hosts = Self::seat(id, &job, &mut seats, missing, false);
			if !hosts.is_empty() {
				job.refills = job.refills.saturating_add(1);
				Members::<T>::insert(id, seats);
				let until = Self::now().saturating_add(params.commit_period);
				return Self::open_commits(id, &mut job, hosts, false, until);
			}
		}
		if job.audit == Audit::Running {
			let audited = seats.iter().any(|seat| seat.auditor);
			Members::<T>::insert(id, seats);
			// Without auditors there is nothing to wait for.
			if !audited {
				job.audit = Audit::Over;
				return Self::end_answered(id, job);
			}
		} else {
			let enough = Self::suffices(seats.len(), job.stake, job.min_stake);
			Members::<T>::insert(id, seats);
			if !enough {
				return Self::end_unanswered(id, job);
			}
		}
		Self::open_reveals(id, &mut job);
	}

	/// Takes their seats, and a part of their stakes, from those who have not committed. Returns how
	/// many.
	fn remove_no_shows(id: JobId, job: &mut JobOf<T>, seats: &mut Seats<T>) -> u32 {
		let penalty = Params::<T>::get().no_show_penalty;
		let mut missing = 0u32;
		let (kept, gone): (alloc::vec::Vec<_>, alloc::vec::Vec<_>) = core::mem::take(seats)
			.into_iter()
			.partition(|seat| seat.member.commitment.is_some());
		*seats = Seats::<T>::truncate_from(kept);
		for seat in gone {
			missing = missing.saturating_add(1);
			let host = seat.member.host.clone();
			Self::deposit_event(Event::NoShow { job: id, host });
			let amount = penalty.mul_ceil(seat.member.stake);
			Self::slash_seat(id, job, &seat, amount, false);
		}
		missing
	}

	/// Lets those who have committed reveal.
	fn open_reveals(id: JobId, job: &mut JobOf<T>) {
		let until = Self::now().saturating_add(Params::<T>::get().reveal_period);
		job.phase = Phase::Revealing { until };
		Self::deposit_event(Event::RevealStarted {
			job: id,
			until: Self::block_at(until),
		});
		Self::put_job(id, job, until.saturating_add(1u32.into()));
	}
}
