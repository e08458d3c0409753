//! Who calls a callback, for the pallets that are called.

use frame_support::traits::EnsureOrigin;
use noema_primitives::JobId;

use crate::Origin;

/// Admits the end of a job, and says of which.
#[derive(Debug)]
pub struct EnsureCallback;

impl<O> EnsureOrigin<O> for EnsureCallback
where
	O: Into<Result<Origin, O>> + From<Origin>,
{
	type Success = JobId;

	fn try_origin(origin: O) -> Result<JobId, O> {
		origin.into().map(|Origin::Callback(job)| job)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn try_successful_origin() -> Result<O, ()> {
		Ok(O::from(Origin::Callback(0)))
	}
}
