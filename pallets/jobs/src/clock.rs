//! Job time, and what is due at it.
//!
//! Job time is the number of blocks in which finality did not lag. All windows count in it, so they
//! pause while it does, and no deadline has to be moved for that.
//!
//! What is due lies in an agenda by job time, in three queues. A block takes up a fixed number of
//! tasks of each; those that are left come first in the next one. Calls compare the job time with
//! the deadline themselves, so a task that is taken up late gives nobody more time.

use alloc::vec::Vec;
use frame_support::{traits::Get, weights::Weight};
use frame_system::pallet_prelude::BlockNumberFor;
use noema_primitives::JobId;
use sp_runtime::traits::{One, Saturating};

use crate::{
	types::{AgendaItem, JobOf, Lane},
	weights::WeightInfo,
	Agenda, Backlog, Config, Jobs, Pallet, Paused,
};

/// The most deadlines of jobs that one block takes up.
pub const JOBS_PER_BLOCK: u32 = 4;
/// The most steps of removals of blobs that one block takes up.
pub const BLOBS_PER_BLOCK: u32 = 4;
/// The most callbacks that one block calls.
pub const CALLBACKS_PER_BLOCK: u32 = 2;

impl<T: Config> Pallet<T> {
	/// Lets job time stand still in this block if finality lags.
	pub(crate) fn tick() {
		if T::FinalityLags::get() {
			Paused::<T>::mutate(|paused| paused.saturating_inc());
		}
	}

	/// The job time of this block.
	pub(crate) fn now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number().saturating_sub(Paused::<T>::get())
	}

	/// The block that has this job time if finality does not lag from now on.
	pub(crate) fn block_at(time: BlockNumberFor<T>) -> BlockNumberFor<T> {
		time.saturating_add(Paused::<T>::get())
	}

	/// Puts a task into its queue.
	pub(crate) fn schedule(time: BlockNumberFor<T>, task: &AgendaItem<T::AccountId>) {
		// What is due now has been taken up already.
		let time = time.max(Self::now().saturating_add(One::one()));
		Agenda::<T>::insert((task.lane(), time), task, ());
	}

	/// Takes a task out of its queue.
	pub(crate) fn cancel(time: BlockNumberFor<T>, task: &AgendaItem<T::AccountId>) {
		Agenda::<T>::remove((task.lane(), time), task);
	}

	/// Moves a job's place in the agenda to `due`, and stores the job.
	pub(crate) fn put_job(id: JobId, job: &mut JobOf<T>, due: BlockNumberFor<T>) {
		let due = due.max(Self::now().saturating_add(One::one()));
		Self::cancel(job.due, &AgendaItem::Job(id));
		job.due = due;
		Self::schedule(due, &AgendaItem::Job(id));
		Jobs::<T>::insert(id, &*job);
	}

	/// Takes up to `limit` tasks out of a queue, those of the earliest times first.
	fn take_due(lane: Lane, limit: u32) -> Vec<AgendaItem<T::AccountId>> {
		let now = Self::now();
		let backlog = Backlog::<T>::get(lane);
		let mut time = backlog.unwrap_or(now);
		let mut tasks = Vec::new();
		let mut steps = 0u32;
		while time <= now && steps < limit {
			let room = limit.saturating_sub(steps);
			let due: Vec<AgendaItem<T::AccountId>> = Agenda::<T>::iter_key_prefix((lane, time))
				.take(room as usize)
				.collect();
			for task in &due {
				Agenda::<T>::remove((lane, time), task);
			}
			let found = u32::try_from(due.len()).unwrap_or(u32::MAX);
			tasks.extend(due);
			// A look at an empty time of a backlog is a step too.
			steps = steps.saturating_add(found.max(1));
			// A full batch may have left some of this time behind.
			if found < room {
				time.saturating_inc();
			}
		}
		match backlog {
			_ if time <= now => Backlog::<T>::insert(lane, time),
			Some(_) => Backlog::<T>::remove(lane),
			None => {}
		}
		tasks
	}

	/// Takes up deadlines of jobs.
	pub(crate) fn process_jobs() -> Weight {
		let mut weight = Weight::zero();
		for task in Self::take_due(Lane::Jobs, JOBS_PER_BLOCK) {
			if let AgendaItem::Job(id) = task {
				weight.saturating_accrue(Self::advance(id));
			}
		}
		weight
	}

	/// Removes chunks of blobs whose time is over.
	pub(crate) fn process_blobs() -> Weight {
		let mut weight = Weight::zero();
		for task in Self::take_due(Lane::Blobs, BLOBS_PER_BLOCK) {
			if let AgendaItem::Blob(owner, hash) = task {
				Self::expire_blob(owner, hash);
				weight.saturating_accrue(T::WeightInfo::expire_blob());
			}
		}
		weight
	}

	/// Calls callbacks.
	pub(crate) fn process_callbacks() -> Weight {
		let mut weight = Weight::zero();
		for task in Self::take_due(Lane::Callbacks, CALLBACKS_PER_BLOCK) {
			if let AgendaItem::Callback(id) = task {
				weight.saturating_accrue(Self::call_back(id));
			}
		}
		weight
	}

	/// The weight of a block in which as much is due as one block takes up.
	pub(crate) fn heaviest_hooks() -> Weight {
		let callback = T::WeightInfo::callback().saturating_add(T::MaxCallbackWeight::get());
		T::WeightInfo::on_initialize_idle()
			.saturating_add(Self::heaviest_advance().saturating_mul(JOBS_PER_BLOCK.into()))
			.saturating_add(T::WeightInfo::expire_blob().saturating_mul(BLOBS_PER_BLOCK.into()))
			.saturating_add(callback.saturating_mul(CALLBACKS_PER_BLOCK.into()))
	}
}
