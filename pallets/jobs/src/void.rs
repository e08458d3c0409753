//! The end of a job for its content: nobody has done wrong, so nobody loses anything.

use frame_support::{ensure, traits::Get, weights::Weight};
use noema_primitives::{
	jobs::{Ending, Phase, Voiding},
	JobId, ModelId,
};
use sp_runtime::DispatchResult;

use crate::{weights::WeightInfo, Config, Error, Jobs, OpenJobs, Pallet};

impl<T: Config> Pallet<T> {
	/// Ends an open job; all returns to whom it belongs.
	pub fn do_void(id: JobId) -> DispatchResult {
		let job = Self::job_of(id)?;
		ensure!(job.phase != Phase::Done, Error::<T>::JobOver);
		Self::finish(id, job, Ending::Voided);
		Ok(())
	}

	/// What it weighs to look at this many open jobs.
	fn look_weight(jobs: u32) -> Weight {
		T::DbWeight::get()
			.reads(2)
			.saturating_add(Weight::from_parts(20_000_000, 4_000))
			.saturating_mul(jobs.into())
	}
}

/// There are at most [`Config::MaxOpenJobs`] jobs to look at.
impl<T: Config> Voiding for Pallet<T> {
	fn void(model: &ModelId) -> Weight {
		let mut looked = 0u32;
		let found = OpenJobs::<T>::iter_keys()
			.take(T::MaxOpenJobs::get() as usize)
			.inspect(|_| looked = looked.saturating_add(1))
			.find(|id| Jobs::<T>::get(id).is_some_and(|job| job.model == *model));
		let weight = Self::look_weight(looked);
		let Some(id) = found else {
			return weight;
		};
		if let Err(error) = Self::do_void(id) {
			frame_support::defensive!("an open job that is over", (id, error));
		}
		weight.saturating_add(T::WeightInfo::void())
	}

	fn heaviest() -> Weight {
		Self::look_weight(T::MaxOpenJobs::get()).saturating_add(T::WeightInfo::void())
	}
}
