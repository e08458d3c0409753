//! Inference for other pallets.

use alloc::vec::Vec;
use frame_support::{storage::with_storage_layer, weights::Weight};
use noema_primitives::{InferenceOutcome, InferenceProvider, NamedTensor};
use sp_runtime::DispatchError;

use crate::{Config, Pallet, ReleaseIdOf};

impl<T: Config> InferenceProvider<T::AccountId> for Pallet<T> {
	fn infer_weight(release: &ReleaseIdOf<T>) -> Weight {
		Self::provided_weight(release)
	}

	fn infer(
		caller: &T::AccountId,
		release: &ReleaseIdOf<T>,
		inputs: Vec<NamedTensor>,
	) -> Result<InferenceOutcome, DispatchError> {
		// A layer of its own, so that a pallet that swallows the error has changed nothing.
		with_storage_layer(|| Self::infer_and_record(caller.clone(), release.clone(), inputs))
	}
}
