//! What readers outside of blocks ask.

use alloc::vec::Vec;
use frame_system::pallet_prelude::BlockNumberFor;
use noema_primitives::{
	hosting::ModelCatalog,
	jobs::{BlobInfo, Ending, JobInfo, Phase},
	JobId, NamedTensor,
};
use sp_core::H256;
use sp_runtime::traits::Saturating;

use crate::{
	types::{BalanceOf, ParamsOf},
	Assignments, Blobs, ClaimsOf, Config, Inputs, Jobs, Leaves, NextJob, OldestJob, OpenJobs,
	Pallet, Params,
};

/// The most jobs that one answer lists with all that is known of them.
pub(crate) const MAX_LISTED: u32 = 100;
/// The most numbers of jobs that one answer lists.
pub(crate) const MAX_NUMBERS: usize = 256;

/// [`JobInfo`] of a runtime.
type JobInfoOf<T> =
	JobInfo<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;

impl<T: Config> Pallet<T> {
	/// One job, while it is kept.
	pub fn job(id: JobId) -> Option<JobInfoOf<T>> {
		let mut info = Self::info(id)?;
		info.outputs = Self::outcome(id).and_then(|(_, outputs)| outputs);
		Some(info)
	}

	/// Up to `limit`, at most 100, jobs in the order of their numbers, the first one after `after`;
	/// without their outputs.
	pub fn jobs(after: Option<JobId>, limit: u32) -> Vec<JobInfoOf<T>> {
		let first = after.map_or(0, |after| after.saturating_add(1));
		let kept = first.max(OldestJob::<T>::get())..NextJob::<T>::get();
		kept.filter_map(Self::info)
			.take(limit.min(MAX_LISTED) as usize)
			.collect()
	}

	/// The open jobs of which `host` is a member, at most 256, the oldest first.
	pub fn assignments(host: T::AccountId) -> Vec<JobId> {
		oldest(Assignments::<T>::iter_key_prefix(host).collect())
	}

	/// The jobs that are not over, at most 256, the oldest first.
	pub fn open_jobs() -> Vec<JobId> {
		oldest(OpenJobs::<T>::iter_keys().collect())
	}

	/// The inputs of an open job, in the order of the model's schema.
	pub fn inputs(id: JobId) -> Option<Vec<NamedTensor>> {
		let record = Inputs::<T>::get(id)?;
		Self::tensors(&record).map(|list| list.into_inner())
	}

	/// The hashes of the leaves that were posted under a trace root of an open job.
	pub fn leaves(id: JobId, root: H256) -> Option<Vec<H256>> {
		Leaves::<T>::get(id, root).map(|leaves| leaves.into_inner())
	}

	/// A blob.
	pub fn blob(owner: T::AccountId, hash: [u8; 32]) -> Option<BlobInfo<BlockNumberFor<T>>> {
		let blob = Blobs::<T>::get(owner, hash)?;
		let missing = !blob.is_complete() && !blob.removing;
		Some(BlobInfo {
			size: blob.size,
			missing: missing.then_some(blob.chunks),
			expires: Self::block_at(blob.expires),
			uses: blob.uses,
		})
	}

	/// What governs jobs now.
	pub fn params() -> ParamsOf<T> {
		Params::<T>::get()
	}

	/// How a job has ended, and its outputs if it has some: what a callback asks for.
	pub fn outcome(id: JobId) -> Option<(Ending, Option<Vec<NamedTensor>>)> {
		let job = Jobs::<T>::get(id)?;
		let outputs = job.answer.and_then(|root| Self::outputs(id, root));
		job.ending.map(|ending| (ending, outputs))
	}

	/// A job without its outputs.
	fn info(id: JobId) -> Option<JobInfoOf<T>> {
		let job = Jobs::<T>::get(id)?;
		let seats = Self::seats(id);
		let claims = ClaimsOf::<T>::get(id);
		let held = seats
			.iter()
			.fold(job.backing, |sum, seat| match job.ending {
				Some(_) => sum,
				None => sum.saturating_add(seat.member.stake),
			});
		let stake = claims.iter().fold(held, |sum, claim| {
			claim
				.challenger
				.as_ref()
				.map_or(sum, |(_, bond)| sum.saturating_add(*bond))
		});
		let posted = claims
			.iter()
			.filter(|claim| claim.posted)
			.map(|claim| claim.root)
			.collect();
		let members = seats
			.into_iter()
			.map(|seat| seat.member)
			.collect::<Vec<_>>();
		let claims = claims
			.into_iter()
			.flat_map(|claim| {
				let root = claim.root;
				let hosts = members
					.iter()
					.filter(move |member| member.revealed == Some(root))
					.map(|member| member.host.clone());
				let challenger = claim.challenger.map(|(challenger, _)| challenger);
				hosts
					.chain(challenger)
					.map(|who| (root, who))
					.collect::<Vec<_>>()
			})
			.collect();
		Some(JobInfo {
			id,
			requester: job.requester,
			release: job.release,
			model: job.model,
			location: T::Models::location(&job.model),
			profile: job.profile,
			input_hash: job.input_hash,
			created: job.created,
			phase: Self::in_blocks(job.phase),
			ending: job.ending,
			members,
			claims,
			posted,
			outputs: None,
			stake,
			escrow: job.escrow,
		})
	}

	/// A phase that counts in blocks, as they will be if finality keeps up.
	fn in_blocks(phase: Phase<BlockNumberFor<T>>) -> Phase<BlockNumberFor<T>> {
		match phase {
			Phase::Drawing { from } => Phase::Drawing { from },
			Phase::Committing { until } => Phase::Committing {
				until: Self::block_at(until),
			},
			Phase::Revealing { until } => Phase::Revealing {
				until: Self::block_at(until),
			},
			Phase::Challengeable { until } => Phase::Challengeable {
				until: Self::block_at(until),
			},
			Phase::Posting { until } => Phase::Posting {
				until: Self::block_at(until),
			},
			Phase::Refereeing { step, until } => Phase::Refereeing {
				step,
				until: Self::block_at(until),
			},
			Phase::Done => Phase::Done,
		}
	}
}

fn oldest(mut jobs: Vec<JobId>) -> Vec<JobId> {
	jobs.sort_unstable();
	jobs.truncate(MAX_NUMBERS);
	jobs
}
