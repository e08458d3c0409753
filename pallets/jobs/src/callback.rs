//! Callbacks: once, some blocks after the end of a job, with an origin of their own.
//!
//! Their weight was paid with the request. What they do, or fail to do, changes nothing about the job.
//! Their origin signs nothing, so they can request no job.

use frame_support::{
	dispatch::{extract_actual_weight, GetDispatchInfo},
	storage::with_storage_layer,
	traits::{Contains, Get},
	weights::Weight,
};
use noema_primitives::JobId;
use sp_runtime::{
	traits::{Dispatchable, Saturating},
	DispatchError,
};

use crate::{types::AgendaItem, weights::WeightInfo, Callbacks, Config, Event, Origin, Pallet};

/// The most bytes that a callback may take.
pub(crate) const MAX_BYTES: usize = 4 * 1024;

impl<T: Config> Pallet<T> {
	/// Puts the callback of a job, if it has one, into its queue.
	pub(crate) fn queue_callback(id: JobId) {
		if Callbacks::<T>::contains_key(id) {
			let time = Self::now().saturating_add(T::CallbackDelay::get());
			Self::schedule(time, &AgendaItem::Callback(id));
		}
	}

	/// Calls the callback of a job. Returns the weight of that.
	pub(crate) fn call_back(id: JobId) -> Weight {
		let overhead = T::WeightInfo::callback();
		let Some(callback) = Callbacks::<T>::take(id) else {
			frame_support::defensive!("a task for a callback that is unknown", id);
			return overhead;
		};
		let info = callback.call.get_dispatch_info();
		// Both may have changed since the request, by an upgrade of the runtime.
		let allowed = T::CallbackFilter::contains(&callback.call)
			&& info.call_weight.all_lte(callback.weight);
		if !allowed {
			let result = Err(DispatchError::Unavailable);
			Self::deposit_event(Event::CalledBack { job: id, result });
			return overhead;
		}
		let mut weight = callback.weight;
		let result = with_storage_layer(|| {
			let outcome = callback.call.dispatch(Origin::Callback(id).into());
			weight = extract_actual_weight(&outcome, &info);
			outcome.map(|_| ()).map_err(|error| error.error)
		});
		Self::deposit_event(Event::CalledBack { job: id, result });
		overhead.saturating_add(weight)
	}
}
