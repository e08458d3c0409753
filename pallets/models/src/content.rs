//! Removal of models for their content.

use frame_support::{ensure, weights::Weight};
use noema_primitives::{jobs::Voiding, ModelId, ModelStage};
use sp_runtime::DispatchResult;

use crate::{weights::WeightInfo, Banned, Config, Error, Event, Models, Pallet, Pins, Voids};

/// The most models at a time that were removed for their content and of which jobs are open.
pub(crate) const MAX_VOIDS: u32 = 16;

impl<T: Config> Pallet<T> {
	/// Bans a model, and lets it go if the chain has it.
	pub(crate) fn do_remove_content(id: ModelId) -> DispatchResult {
		ensure!(!Banned::<T>::contains_key(id), Error::<T>::AlreadyBanned);
		Banned::<T>::insert(id, ());
		// It is there already if the ban was lifted too soon.
		if Pins::<T>::contains_key(id) && !Voids::<T>::get().contains(&id) {
			Voids::<T>::try_append(id).map_err(|_| Error::<T>::TooManyVoids)?;
		}
		Self::deposit_event(Event::ContentBanned { model: id });
		if let Some(mut record) = Models::<T>::get(id) {
			if record.stage != ModelStage::Removing {
				Self::return_deposit(id, &mut record);
				Self::deposit_event(Event::ModelRemovalStarted { model: id });
				Self::start_removal(id, record);
			}
		}
		Ok(())
	}

	/// Ends one of the open jobs on the models that were removed for their content, by turns. Returns
	/// what that weighs.
	pub(crate) fn process_voids() -> Weight {
		let mut voids = Voids::<T>::get();
		if voids.is_empty() {
			return Weight::zero();
		}
		let id = voids.remove(0);
		let mut weight = T::WeightInfo::void();
		if Pins::<T>::contains_key(id) {
			weight = weight.saturating_add(T::Voiding::void(&id));
		}
		// It has just left its place to itself.
		if Pins::<T>::contains_key(id) && voids.try_push(id).is_err() {
			frame_support::defensive!("no place for a model that had one", id);
		}
		if voids.is_empty() {
			Voids::<T>::kill();
		} else {
			Voids::<T>::put(voids);
		}
		weight
	}
}
