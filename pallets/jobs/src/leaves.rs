//! Leaves: each root in dispute shows what it is over, once.
//!
//! What counts is that they are there, not who has brought them: a party cannot be put out because
//! another one that holds its root keeps silent.

use alloc::vec::Vec;
use frame_support::ensure;
use noema_primitives::{
	jobs::Phase,
	trace::{self},
	JobId,
};
use sp_core::H256;
use sp_runtime::{traits::Saturating, DispatchResult};

use crate::{
	types::{Claims, JobOf, LeafHashes},
	ClaimsOf, Config, Error, Event, Leaves, Pallet, Params,
};

/// The first index at which two traces differ.
pub(crate) fn first_difference(a: &[H256], b: &[H256]) -> Option<u32> {
	a.iter()
		.zip(b)
		.position(|(a, b)| a != b)
		.and_then(|index| u32::try_from(index).ok())
}

impl<T: Config> Pallet<T> {
	/// Stores the leaves under a root.
	pub(crate) fn do_post_leaves(id: JobId, root: H256, leaves: LeafHashes) -> DispatchResult {
		let mut job = Self::job_of(id)?;
		let Phase::Posting { until } = job.phase else {
			return Err(Error::<T>::WrongPhase.into());
		};
		ensure!(Self::now() <= until, Error::<T>::TooLate);
		let mut claims = ClaimsOf::<T>::get(id);
		let base = claims
			.iter()
			.find(|claim| claim.posted)
			.map(|claim| claim.root);
		let claim = claims
			.iter_mut()
			.find(|claim| claim.root == root)
			.ok_or(Error::<T>::UnknownClaim)?;
		ensure!(!claim.posted, Error::<T>::AlreadyPosted);
		ensure!(
			leaves.len() == job.leaves as usize,
			Error::<T>::WrongLeafCount
		);
		ensure!(
			leaves.first() == Some(&job.input_leaf),
			Error::<T>::WrongInputLeaf
		);
		ensure!(trace::root(&leaves) == root, Error::<T>::LeavesNotOfRoot);

		claim.posted = true;
		// The first index on which not all are alike is the first one on which any differs from one of
		// them, whichever that is.
		if let Some(base) = base {
			let split = first_difference(&Leaves::<T>::get(id, base).unwrap_or_default(), &leaves);
			job.split = match (job.split, split) {
				(Some(a), Some(b)) => Some(a.min(b)),
				(a, b) => a.or(b),
			};
		}
		Leaves::<T>::insert(id, root, leaves);
		let complete = claims.iter().all(|claim| claim.posted);
		ClaimsOf::<T>::insert(id, claims);
		Self::deposit_event(Event::LeavesPosted {
			job: id,
			trace_root: root,
		});
		if complete {
			Self::open_referee(id, &mut job);
		} else {
			let due = job.due;
			Self::put_job(id, &mut job, due);
		}
		Ok(())
	}

	/// The end of the period for leaves: roots without them are out.
	pub(crate) fn close_posting(id: JobId, mut job: JobOf<T>) {
		let kept = Self::refute(id, &mut job, |claim| !claim.posted);
		match &kept[..] {
			[] => Self::end_unanswered(id, job),
			[only] => {
				let until = Self::now().saturating_add(Params::<T>::get().renewed_period);
				Self::open_window(id, &mut job, only.root, until);
			}
			_ => Self::open_referee(id, &mut job),
		}
	}

	/// Waits for the referee at the step on which the posted traces split.
	pub(crate) fn open_referee(id: JobId, job: &mut JobOf<T>) {
		let Some(step) = job.split else {
			frame_support::defensive!("different roots over the same leaves", id);
			return;
		};
		let until = Self::now().saturating_add(Params::<T>::get().referee_period);
		job.phase = Phase::Refereeing { step, until };
		Self::deposit_event(Event::RefereeAwaited {
			job: id,
			step,
			until: Self::block_at(until),
		});
		Self::put_job(id, job, until.saturating_add(1u32.into()));
	}

	/// The first leaf on which not all of these claims, whose leaves are posted, are alike.
	pub(crate) fn split_of(id: JobId, claims: &Claims<T>) -> Option<u32> {
		let mut traces = claims
			.iter()
			.filter_map(|claim| Leaves::<T>::get(id, claim.root));
		let base = traces.next()?;
		let splits: Vec<u32> = traces
			.filter_map(|leaves| first_difference(&base, &leaves))
			.collect();
		splits.into_iter().min()
	}
}
