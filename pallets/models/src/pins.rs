//! What hosting and jobs ask of the registry. Pins keep the bytes of a model while jobs need them.

use frame_support::ensure;
use noema_primitives::{
	hosting::ModelCatalog, jobs::JobReleases, ModelId, ModelLocation, ModelReport, ModelStage,
	ReleaseId, ResolveError,
};
use sp_runtime::DispatchResult;

use crate::{
	types::{BalanceOf, ModelRecordOf},
	Config, Error, Models, Pallet, Pins, Reports,
};

/// Whether a model has been admitted, and its bytes are still there. On its way out, it has a report
/// as long as that is so.
fn is_kept<T: Config>(record: &ModelRecordOf<T>) -> bool {
	record.stage.is_admitted() || record.stage == ModelStage::Removing
}

impl<T: Config> ModelCatalog<T::AccountId> for Pallet<T> {
	fn report(model: &ModelId) -> Option<ModelReport> {
		Models::<T>::get(model).filter(is_kept::<T>)?;
		Reports::<T>::get(model)
	}

	fn location(model: &ModelId) -> Option<ModelLocation> {
		let record = Models::<T>::get(model).filter(is_kept::<T>)?;
		Reports::<T>::contains_key(model).then(|| Self::location(*model, &record))
	}

	fn pin(model: &ModelId) -> DispatchResult {
		let record = Models::<T>::get(model).ok_or(Error::<T>::UnknownModel)?;
		ensure!(record.stage.is_admitted(), Error::<T>::ModelNotAdmitted);
		Pins::<T>::mutate(model, |pins| *pins = pins.saturating_add(1));
		Ok(())
	}

	fn unpin(model: &ModelId) {
		let left = Pins::<T>::mutate_exists(model, |pins| {
			let Some(count) = *pins else {
				frame_support::defensive!("a model is unpinned that is not pinned", model);
				return None;
			};
			let left = count.saturating_sub(1);
			*pins = (left > 0).then_some(left);
			Some(left)
		});
		let waits = || Models::<T>::get(model).is_some_and(|of| of.stage == ModelStage::Removing);
		if left == Some(0) && waits() {
			Self::queue_removal(*model);
		}
	}

	fn stake_changed(model: &ModelId) {
		Self::queue_look(model);
	}
}

impl<T: Config> JobReleases<T::AccountId, BalanceOf<T>> for Pallet<T> {
	fn release(release: &ReleaseId<T::AccountId>) -> Result<(ModelId, BalanceOf<T>), ResolveError> {
		let info = Self::release_info(release).ok_or(ResolveError::Unknown)?;
		if info.retired {
			return Err(ResolveError::Retired);
		}
		let admitted =
			Models::<T>::get(info.model).is_some_and(|record| record.stage.is_admitted());
		match admitted {
			true => Ok((info.model, info.royalty)),
			false => Err(ResolveError::NotResident),
		}
	}
}
