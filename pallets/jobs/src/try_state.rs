//! What always holds of the pallet's state.

use alloc::{collections::BTreeMap, vec::Vec};
use frame_support::{
	ensure,
	traits::fungible::{Inspect, InspectHold},
};
use noema_primitives::{
	jobs::{Ending, Phase},
	trace, JobId,
};
use sp_runtime::{
	traits::{One, Saturating, Zero},
	TryRuntimeError,
};

use crate::{
	types::{AgendaItem, Audit, BalanceOf, JobOf, TensorsRecordOf},
	Agenda, AnswerRecord, Answers, Assignments, BlobChunks, Blobs, Callbacks, ClaimsOf, Config,
	HoldReason, Inputs, Jobs, Leaves, Members, NextJob, OldestJob, OpenJobs, Order, Outputs,
	Pallet, TensorsRecord,
};

type Uses<T> = BTreeMap<(<T as frame_system::Config>::AccountId, [u8; 32]), u32>;

impl<T: Config> Pallet<T> {
	/// Checks that what is stored fits together.
	///
	/// * **Numbers**: all jobs have numbers from `OldestJob` up to below `NextJob`.
	/// * **Open and over**: a job is open exactly until it has an ending; only open jobs have inputs,
	///   schemas, claims, leaves and an order, and only they have something in escrow or a bounty.
	/// * **Money**: what each requester has on hold is the sum of the escrows of its jobs, what each
	///   challenger has on hold the sum of its bonds, and the pot holds all bounties beside what it
	///   needs to exist.
	/// * **Members**: no host is twice a member of one job; assignments are exactly the members of
	///   open jobs; who has revealed has committed, and to a root that is claimed.
	/// * **Phases**: in a window there is one claim, in a dispute there are at least two, each with an
	///   answer; leaves are there exactly where they are posted, have the root and the job's input
	///   leaf; the step before the referee is the first on which they differ.
	/// * **Agenda**: each job has one place in it, at its deadline, and each blob one; each callback
	///   of a job that is over has one.
	/// * **Blobs**: the chunks are those that are counted, each as long as it must be; a blob counts
	///   its uses by inputs and answers, and none is used that is not complete.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let mut escrows: BTreeMap<T::AccountId, BalanceOf<T>> = BTreeMap::new();
		let mut bonds: BTreeMap<T::AccountId, BalanceOf<T>> = BTreeMap::new();
		let mut bounties: BalanceOf<T> = Zero::zero();
		let mut assigned = 0usize;
		let mut open = 0u32;
		let mut uses = Uses::<T>::new();

		for (id, job) in Jobs::<T>::iter() {
			ensure!(
				(OldestJob::<T>::get()..NextJob::<T>::get()).contains(&id),
				"a job's number is out of range"
			);
			ensure!(
				Self::is_due(job.due, &AgendaItem::Job(id)),
				"a job has no place in the agenda at its deadline"
			);
			ensure!(
				OpenJobs::<T>::contains_key(id) == job.ending.is_none(),
				"a job is open although it is over, or the other way round"
			);
			ensure!(
				job.ending.is_none() == (job.phase != Phase::Done),
				"a job is done without an ending, or has one and is not done"
			);
			let escrow = escrows.entry(job.requester.clone()).or_default();
			*escrow = escrow.saturating_add(job.escrow);
			bounties = bounties.saturating_add(job.bounty);
			for claim in ClaimsOf::<T>::get(id) {
				if let Some((challenger, bond)) = claim.challenger {
					let bonded = bonds.entry(challenger).or_default();
					*bonded = bonded.saturating_add(bond);
				}
			}
			for (_, answer) in Answers::<T>::iter_prefix(id) {
				if let AnswerRecord::Outputs(record) = answer {
					count_use::<T>(&mut uses, &record);
				}
			}
			match job.ending {
				None => {
					open = open.saturating_add(1);
					assigned = assigned.saturating_add(Self::check_open(id, &job)?);
					let inputs = Inputs::<T>::get(id).ok_or("an open job has no inputs")?;
					count_use::<T>(&mut uses, &inputs);
				}
				Some(ending) => Self::check_over(id, &job, ending)?,
			}
		}
		ensure!(
			open == OpenJobs::<T>::count() && OpenJobs::<T>::iter_keys().count() == open as usize,
			"there are open jobs that are unknown"
		);
		ensure!(
			Assignments::<T>::iter_keys().count() == assigned,
			"there are assignments to no job"
		);
		for (who, escrow) in &escrows {
			ensure!(
				T::Currency::balance_on_hold(&HoldReason::Escrow.into(), who) == *escrow,
				"an account holds more or less than its escrows"
			);
		}
		for (who, bond) in &bonds {
			ensure!(
				T::Currency::balance_on_hold(&HoldReason::Challenge.into(), who) == *bond,
				"an account holds more or less than its bonds"
			);
		}
		ensure!(
			T::Currency::balance(&Self::pot())
				>= T::Currency::minimum_balance().saturating_add(bounties),
			"the pot does not hold all bounties"
		);
		Self::check_blobs(&uses)?;
		Self::check_leftovers()
	}

	/// Whether a task has its place at this job time and none at the next.
	fn is_due(
		time: frame_system::pallet_prelude::BlockNumberFor<T>,
		task: &AgendaItem<T::AccountId>,
	) -> bool {
		let later = time.saturating_add(One::one());
		Agenda::<T>::contains_key((task.lane(), time), task)
			&& !Agenda::<T>::contains_key((task.lane(), later), task)
	}

	/// Checks an open job. Returns how many members it has.
	fn check_open(id: JobId, job: &JobOf<T>) -> Result<usize, TryRuntimeError> {
		let seats = Members::<T>::get(id);
		let claims = ClaimsOf::<T>::get(id);
		for (place, seat) in seats.iter().enumerate() {
			let member = &seat.member;
			ensure!(
				seats
					.iter()
					.skip(place.saturating_add(1))
					.all(|other| other.member.host != member.host),
				"a host has two seats at one job"
			);
			ensure!(
				Assignments::<T>::contains_key(&member.host, id),
				"a member is not assigned"
			);
			if let Some(root) = member.revealed {
				ensure!(
					member.commitment.is_some(),
					"a member has revealed without a commitment"
				);
				ensure!(
					claims.iter().any(|claim| claim.root == root),
					"a revealed root is not claimed"
				);
			}
		}
		ensure!(
			Outputs::<T>::contains_key(id),
			"an open job has no schemas of outputs"
		);
		ensure!(job.answer.is_none(), "an open job has its answer");
		for claim in &claims {
			ensure!(
				Answers::<T>::contains_key(id, claim.root),
				"a claim has no answer"
			);
			let leaves = Leaves::<T>::get(id, claim.root);
			ensure!(
				leaves.is_some() == claim.posted,
				"a claim's leaves are not where they should be"
			);
			if let Some(leaves) = leaves {
				ensure!(
					leaves.len() == job.leaves as usize
						&& leaves.first() == Some(&job.input_leaf)
						&& trace::root(&leaves) == claim.root,
					"leaves are not those of their root"
				);
			}
		}
		ensure!(
			Answers::<T>::iter_key_prefix(id).count() == claims.len(),
			"there is an answer that nobody claims"
		);
		ensure!(
			Leaves::<T>::iter_key_prefix(id).count()
				== claims.iter().filter(|claim| claim.posted).count(),
			"there are leaves that nobody claims"
		);
		let waiting = matches!(
			job.phase,
			Phase::Committing { .. } | Phase::Revealing { .. }
		);
		match &job.phase {
			Phase::Drawing { .. } => ensure!(
				seats.is_empty() && claims.is_empty(),
				"a job has members before its draw"
			),
			Phase::Committing { .. } | Phase::Revealing { .. } => ensure!(
				!seats.is_empty() && (job.audit == Audit::Running || job.audit == Audit::Open),
				"a job waits for nobody"
			),
			Phase::Challengeable { .. } => {
				ensure!(claims.len() == 1, "a window without exactly one claim");
			}
			Phase::Posting { .. } => ensure!(
				claims.len() > 1 && claims.iter().any(|claim| !claim.posted),
				"a dispute in which no leaves are awaited"
			),
			Phase::Refereeing { step, .. } => ensure!(
				claims.len() > 1
					&& claims.iter().all(|claim| claim.posted)
					&& Self::split_of(id, &claims) == Some(*step)
					&& *step > 0,
				"the referee is awaited at another step than the first that differs"
			),
			Phase::Done => return Err("an open job is done".into()),
		}
		ensure!(
			waiting || seats.iter().all(|seat| seat.member.revealed.is_some()),
			"a member is left that has not revealed"
		);
		Ok(seats.len())
	}

	/// Checks a job that is over.
	fn check_over(id: JobId, job: &JobOf<T>, ending: Ending) -> Result<(), TryRuntimeError> {
		ensure!(
			job.escrow.is_zero() && job.bounty.is_zero(),
			"a job that is over has money"
		);
		ensure!(
			!ClaimsOf::<T>::contains_key(id)
				&& !Inputs::<T>::contains_key(id)
				&& !Outputs::<T>::contains_key(id)
				&& !Order::<T>::contains_key(id)
				&& Leaves::<T>::iter_key_prefix(id).next().is_none(),
			"a job that is over has left something behind"
		);
		let answered = matches!(ending, Ending::Answered | Ending::Failed(_));
		let kept: Vec<_> = Answers::<T>::iter_key_prefix(id).collect();
		ensure!(
			job.answer.is_some() == answered && kept == job.answer.into_iter().collect::<Vec<_>>(),
			"a job that is over has not the one answer that it ended with"
		);
		ensure!(
			Members::<T>::get(id)
				.iter()
				.all(|seat| seat.member.revealed == job.answer && answered),
			"a member of a job that is over was not right"
		);
		Ok(())
	}

	/// Checks all blobs.
	fn check_blobs(uses: &Uses<T>) -> Result<(), TryRuntimeError> {
		let mut chunks = 0usize;
		for (owner, hash, blob) in Blobs::<T>::iter() {
			for index in 0..blob.chunks {
				let chunk = BlobChunks::<T>::get((&owner, hash), index)
					.ok_or("a chunk of a blob is missing")?;
				ensure!(
					Some(chunk.len() as u32) == blob.chunk_len(index),
					"a chunk is too short or too long"
				);
			}
			chunks = chunks.saturating_add(blob.chunks as usize);
			let key = (owner.clone(), hash);
			ensure!(
				blob.uses == uses.get(&key).copied().unwrap_or_default(),
				"a blob is used by more or fewer jobs than it counts"
			);
			ensure!(
				blob.uses == 0 || blob.is_complete(),
				"a blob is used that is not complete"
			);
			ensure!(
				Self::is_due(blob.expires, &AgendaItem::Blob(owner, hash)),
				"a blob has no place in the agenda at its expiry"
			);
		}
		ensure!(
			BlobChunks::<T>::iter_keys().count() == chunks,
			"there are chunks of no blob"
		);
		ensure!(
			uses.keys()
				.all(|(owner, hash)| Blobs::<T>::contains_key(owner, hash)),
			"a job uses a blob that is gone"
		);
		Ok(())
	}

	/// Checks that nothing is left of jobs that are removed, nor in the agenda.
	fn check_leftovers() -> Result<(), TryRuntimeError> {
		let known = |id: JobId| Jobs::<T>::contains_key(id);
		ensure!(
			Members::<T>::iter_keys().all(known)
				&& ClaimsOf::<T>::iter_keys().all(known)
				&& Inputs::<T>::iter_keys().all(known)
				&& Outputs::<T>::iter_keys().all(known)
				&& Order::<T>::iter_keys().all(known)
				&& Answers::<T>::iter_keys().all(|(id, _)| known(id))
				&& Leaves::<T>::iter_keys().all(|(id, _)| known(id)),
			"something is left of a job that was removed"
		);
		let mut callbacks = 0usize;
		for id in Callbacks::<T>::iter_keys() {
			let over = Jobs::<T>::get(id).is_none_or(|job| job.ending.is_some());
			callbacks = callbacks.saturating_add(usize::from(over));
		}
		let expected = Jobs::<T>::iter_keys()
			.count()
			.saturating_add(Blobs::<T>::iter_keys().count())
			.saturating_add(callbacks);
		ensure!(
			Agenda::<T>::iter_keys().count() == expected,
			"there is something in the agenda that is no job, blob or callback"
		);
		Ok(())
	}
}

fn count_use<T: Config>(uses: &mut Uses<T>, record: &TensorsRecordOf<T>) {
	if let TensorsRecord::Blob { owner, hash } = record {
		let count = uses.entry((owner.clone(), *hash)).or_default();
		*count = count.saturating_add(1);
	}
}
