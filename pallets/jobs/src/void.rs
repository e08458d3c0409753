//! The end of a job for its content: nobody has done wrong, so nobody loses anything.

use frame_support::ensure;
use noema_primitives::{
	jobs::{Ending, Phase},
	JobId,
};
use sp_runtime::DispatchResult;

use crate::{Config, Error, Pallet};

impl<T: Config> Pallet<T> {
	/// Ends an open job; all returns to whom it belongs.
	pub fn do_void(id: JobId) -> DispatchResult {
		let job = Self::job_of(id)?;
		ensure!(job.phase != Phase::Done, Error::<T>::JobOver);
		Self::finish(id, job, Ending::Voided);
		Ok(())
	}
}
