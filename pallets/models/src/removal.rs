//! Removal: models on their way out, chunk by chunk.

use frame_support::{ensure, traits::Consideration, weights::Weight};
use noema_primitives::{hosting::ModelStake, ModelId, ModelStage};
use sp_runtime::{traits::Zero, DispatchResult};

use crate::{
	types::ModelRecordOf, weights::WeightInfo, AdmissionQueue, Chunks, Config, Error, Event,
	Expiries, Models, Pallet, Pins, RemovalQueue, Removals, Reports, Subtrees, TotalBytes,
};

/// The most chunks that one block removes, and releases that it retires, together.
pub(crate) const REMOVALS_PER_BLOCK: u32 = 8;

/// What one block has removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Removed {
	/// Chunks.
	pub(crate) chunks: u32,
	/// Releases that were retired because their model was removed for its content.
	pub(crate) releases: u32,
	/// What it weighed to tell hosting.
	pub(crate) hosting: Weight,
}

impl Removed {
	fn steps(&self) -> u32 {
		self.chunks.saturating_add(self.releases)
	}

	/// What all of it weighs.
	pub(crate) fn weight<W: WeightInfo>(&self) -> Weight {
		let retire = W::retire().saturating_mul(self.releases.into());
		W::remove_chunks(self.steps())
			.saturating_add(retire)
			.saturating_add(self.hosting)
	}
}

impl<T: Config> Pallet<T> {
	/// Returns deposit and plan room, and lets the chunks go.
	pub(crate) fn do_remove_model(who: T::AccountId, id: ModelId) -> DispatchResult {
		let mut record = Models::<T>::get(id).ok_or(Error::<T>::UnknownModel)?;
		ensure!(record.owner == who, Error::<T>::NotUploader);
		ensure!(record.stage.is_admitted(), Error::<T>::ModelNotAdmitted);
		ensure!(record.releases == 0, Error::<T>::ModelHasReleases);
		if let Some(ticket) = record.ticket.take() {
			ticket.drop(&who)?;
		}
		Self::deposit_event(Event::ModelRemovalStarted { model: id });
		Self::start_removal(id, record);
		Ok(())
	}

	/// Takes a model out of its stage and queues its chunks for removal, or lets them wait for the
	/// jobs that need them. Its deposit must have been returned.
	pub(crate) fn start_removal(id: ModelId, mut record: ModelRecordOf<T>) {
		match record.stage {
			ModelStage::Uploading { expires } => Expiries::<T>::remove(expires, id),
			ModelStage::Queued { .. } => {
				AdmissionQueue::<T>::mutate(|queue| queue.retain(|queued| queued.id != id));
				// It is there if the model waited for room to mature in.
				Reports::<T>::remove(id);
			}
			ModelStage::Maturing { .. } | ModelStage::Resident | ModelStage::Leaving { .. } => {
				Self::free_plan_room(id);
			}
			ModelStage::Dormant => Self::give_up(id),
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
		if !Pins::<T>::contains_key(id) {
			Self::queue_removal(id);
		}
	}

	/// Queues the chunks of a model that nobody needs any more.
	pub(crate) fn queue_removal(id: ModelId) {
		// Else it waits for its turn, in which there is weight for it.
		if T::Hosting::removal_weight(&id).is_zero() {
			Self::forget(id);
		}
		Removals::<T>::mutate(|progress| {
			RemovalQueue::<T>::insert(progress.next, id);
			progress.next = progress.next.saturating_add(1);
		});
	}

	/// Drops the report of a model whose bytes are about to go, and tells hosting. Does nothing if that
	/// has been done, or if it never had one.
	fn forget(id: ModelId) {
		if Reports::<T>::contains_key(id) {
			Reports::<T>::remove(id);
			T::Hosting::on_removed(&id);
		}
	}

	/// Removes chunks of the models that are on their way out, the first one first. Tells hosting of
	/// one at most to which stake is committed, and of none if `heavy` is false.
	pub(crate) fn process_removals(heavy: bool) -> Removed {
		let mut progress = Removals::<T>::get();
		let mut removed = Removed::default();
		while progress.first < progress.next && removed.steps() < REMOVALS_PER_BLOCK {
			let known = RemovalQueue::<T>::get(progress.first)
				.and_then(|id| Models::<T>::get(id).map(|record| (id, record)));
			let Some((id, mut record)) = known else {
				frame_support::defensive!("a removal of nothing", progress.first);
				RemovalQueue::<T>::remove(progress.first);
				progress.first += 1;
				progress.cursor = 0;
				removed.chunks += 1;
				continue;
			};
			if Reports::<T>::contains_key(id) {
				let weight = T::Hosting::removal_weight(&id);
				if !weight.is_zero() {
					if !heavy || !removed.hosting.is_zero() {
						break;
					}
					removed.hosting = weight;
				}
				Self::forget(id);
			}
			while progress.cursor < record.chunk_count() && removed.steps() < REMOVALS_PER_BLOCK {
				Chunks::<T>::remove(id, progress.cursor);
				progress.cursor += 1;
				removed.chunks += 1;
			}
			if progress.cursor < record.chunk_count() {
				break;
			}
			if record.releases > 0 {
				let room = REMOVALS_PER_BLOCK.saturating_sub(removed.steps());
				let retired = Self::retire_some(id, room);
				removed.releases = removed.releases.saturating_add(retired);
				record.releases = record.releases.saturating_sub(retired);
				if record.releases > 0 {
					break;
				}
			}
			RemovalQueue::<T>::remove(progress.first);
			Self::finish_removal(id, &record);
			progress.first += 1;
			progress.cursor = 0;
		}
		if removed != Removed::default() {
			Removals::<T>::put(progress);
		}
		removed
	}

	fn finish_removal(id: ModelId, record: &ModelRecordOf<T>) {
		Models::<T>::remove(id);
		TotalBytes::<T>::mutate(|total| *total = total.saturating_sub(record.size.into()));
		Self::deposit_event(Event::ModelRemoved { model: id });
	}
}
