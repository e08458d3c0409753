//! Removal: models on their way out, chunk by chunk.

use frame_support::{ensure, traits::Consideration};
use noema_primitives::{ModelId, ModelStage};
use sp_runtime::DispatchResult;

use crate::{
	types::ModelRecordOf, AdmissionQueue, Chunks, Config, Error, Event, Expiries, Models, Pallet,
	RemovalQueue, Removals, Reports, Subtrees, TotalBytes,
};

/// The most chunks that one block removes.
pub(crate) const REMOVALS_PER_BLOCK: u32 = 8;

impl<T: Config> Pallet<T> {
	/// Returns deposit and plan room, and lets the chunks go.
	pub(crate) fn do_remove_model(who: T::AccountId, id: ModelId) -> DispatchResult {
		let mut record = Models::<T>::get(id).ok_or(Error::<T>::UnknownModel)?;
		ensure!(record.owner == who, Error::<T>::NotUploader);
		ensure!(
			matches!(
				record.stage,
				ModelStage::Maturing { .. } | ModelStage::Resident
			),
			Error::<T>::ModelNotAdmitted
		);
		ensure!(record.releases == 0, Error::<T>::ModelHasReleases);
		if let Some(ticket) = record.ticket.take() {
			ticket.drop(&who)?;
		}
		Self::deposit_event(Event::ModelRemovalStarted { model: id });
		Self::start_removal(id, record);
		Ok(())
	}

	/// Takes a model out of its stage and queues its chunks for removal. Its deposit must have
	/// been returned.
	pub(crate) fn start_removal(id: ModelId, mut record: ModelRecordOf<T>) {
		match record.stage {
			ModelStage::Uploading { expires } => Expiries::<T>::remove(expires, id),
			ModelStage::Queued { .. } => {
				AdmissionQueue::<T>::mutate(|queue| queue.retain(|queued| queued.id != id));
				// It is there if the model waited for room to mature in.
				Reports::<T>::remove(id);
			}
			ModelStage::Maturing { .. } | ModelStage::Resident => Self::free_plan_room(id),
			ModelStage::Removing => return,
		}
		let untouched = matches!(record.stage, ModelStage::Uploading { .. })
			&& Subtrees::<T>::get(id).iter().all(Option::is_none);
		Subtrees::<T>::remove(id);
		if untouched {
			return Self::finish_removal(id, &record);
		}
		record.stage = ModelStage::Removing;
		Models::<T>::insert(id, record);
		Removals::<T>::mutate(|progress| {
			RemovalQueue::<T>::insert(progress.next, id);
			progress.next = progress.next.saturating_add(1);
		});
	}

	/// Removes chunks of the models that are on their way out, the first one first. Returns how
	/// many.
	pub(crate) fn process_removals() -> u32 {
		let mut progress = Removals::<T>::get();
		let mut steps = 0;
		while progress.first < progress.next && steps < REMOVALS_PER_BLOCK {
			let known = RemovalQueue::<T>::get(progress.first)
				.and_then(|id| Models::<T>::get(id).map(|record| (id, record)));
			let Some((id, record)) = known else {
				frame_support::defensive!("a removal of nothing", progress.first);
				RemovalQueue::<T>::remove(progress.first);
				progress.first += 1;
				progress.cursor = 0;
				steps += 1;
				continue;
			};
			while progress.cursor < record.chunk_count() && steps < REMOVALS_PER_BLOCK {
				Chunks::<T>::remove(id, progress.cursor);
				progress.cursor += 1;
				steps += 1;
			}
			if progress.cursor >= record.chunk_count() {
				RemovalQueue::<T>::remove(progress.first);
				Self::finish_removal(id, &record);
				progress.first += 1;
				progress.cursor = 0;
			}
		}
		if steps > 0 {
			Removals::<T>::put(progress);
		}
		steps
	}

	fn finish_removal(id: ModelId, record: &ModelRecordOf<T>) {
		Models::<T>::remove(id);
		TotalBytes::<T>::mutate(|total| *total = total.saturating_sub(record.size.into()));
		Self::deposit_event(Event::ModelRemoved { model: id });
	}
}
