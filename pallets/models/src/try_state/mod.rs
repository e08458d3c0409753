//! The invariants of the pallet's storage.

mod residency;

use alloc::{
	collections::{BTreeMap, BTreeSet},
	vec::Vec,
};
use frame_support::{
	ensure,
	storage::with_transaction,
	traits::{Consideration, Footprint, Get},
};
use noema_primitives::{ModelId, ModelStage, ReleaseId};
use sp_runtime::{DispatchError, TransactionOutcome, TryRuntimeError};

use crate::{
	types::ModelRecordOf, upload::model_footprint, AdmissionQueue, Chunks, Config, Expiries,
	Models, Pallet, Pins, Refusals, Releases, ReleasesOf, RemovalQueue, Removals, Reports,
	Subtrees, TotalBytes, UploadPermit,
};

/// Whether a ticket is the one that its account would get for this footprint today. (Where the
/// price of a footprint changes, the tickets must be updated.)
fn pays_for<AccountId, Ticket: Consideration<AccountId, Footprint>>(
	ticket: &Ticket,
	who: &AccountId,
	footprint: Footprint,
) -> bool {
	with_transaction(|| {
		let anew = ticket
			.clone()
			.drop(who)
			.and_then(|()| Ticket::new(who, footprint));
		TransactionOutcome::Rollback(Ok::<_, DispatchError>(anew))
	})
	.is_ok_and(|anew| anew.as_ref() == Ok(ticket))
}

impl<T: Config> Pallet<T> {
	/// Checks that what is stored fits together.
	///
	/// * **Totals**: `TotalBytes` is the sum of the sizes of all models.
	/// * **Records**: a size is at least 1; only admitted models have releases, and those that go for
	///   their content.
	/// * **Deposits**: one is there exactly until removal begins, and pays for the file, or for the
	///   plan in the report if that is larger.
	/// * **Uploads**: each has one expiry, at the block in its stage, and each expiry an upload;
	///   no upload expires after its deadline.
	/// * **Subtree values**: they are there exactly for uploading and queued models, one place
	///   for each chunk; all places are filled once it is queued.
	/// * **Chunks**: a chunk is stored exactly where an upload has a subtree value, everywhere for
	///   queued and admitted models, only from the cursor on for the model that is being removed;
	///   each has the length that the file's size says.
	/// * **Queue**: it holds the queued models, once each, ordered by the block in their stage.
	/// * **Reports**: they are there exactly for admitted models, for queued ones that wait for room, and
	///   for those on their way out of which no chunk is gone and of whose end hosting is not told.
	/// * **Plan room**: `WorkingModels` are the maturing, resident and leaving models, `WorkingBytes` the
	///   sum of their plans, `MaturingQueue` the maturing ones and `Notices` the leaving ones, each with
	///   the block in its stage.
	/// * **Stake**: `StakeChanges` has no gaps, and each model of `StakeChanged` once. Of the other
	///   models, resident ones and contenders are covered, and working models and contenders are listed
	///   with what is committed to them. Contenders are dormant, and may fit.
	/// * **Pins**: only admitted models have them, and those on their way out, which then are not in the
	///   queue for removal.
	/// * **Removals**: the queue holds the models that are being removed and not pinned, once each,
	///   without gaps.
	/// * **Bans**: a model that is banned is on its way out, or gone. One is ended jobs on only once.
	/// * **Releases**: a model's count is that of its releases that are not retired; each has the
	///   deposit for a release or for its tombstone; the index holds all of them, each as retired
	///   or not, and no more.
	/// * **Bounds**: the plan room and the lists of models are within their limits.
	/// * **Permit**: between extrinsics there is none.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let models: BTreeMap<ModelId, ModelRecordOf<T>> = Models::<T>::iter().collect();
		Self::check_records(&models)?;
		Self::check_uploads(&models)?;
		Self::check_chunks(&models)?;
		Self::check_queue(&models)?;
		Self::check_plan_room(&models)?;
		Self::check_stake(&models)?;
		Self::check_pins(&models)?;
		Self::check_removals(&models)?;
		Self::check_releases(&models)?;
		ensure!(
			!UploadPermit::<T>::exists(),
			"a permit has outlived its extrinsic"
		);
		let refusals = Refusals::<T>::get().len();
		ensure!(
			refusals <= T::RefusalsKept::get() as usize,
			"too many refusals are kept"
		);
		Ok(())
	}

	fn check_records(models: &BTreeMap<ModelId, ModelRecordOf<T>>) -> Result<(), TryRuntimeError> {
		let total: u64 = models.values().map(|record| u64::from(record.size)).sum();
		ensure!(
			TotalBytes::<T>::get() == total,
			"TotalBytes is not the sum of the sizes"
		);
		for (id, record) in models {
			ensure!(record.size > 0, "a model has no bytes");
			let leaving = record.stage == ModelStage::Removing;
			ensure!(
				record.ticket.is_some() != leaving,
				"a deposit is not there exactly until removal"
			);
			if let Some(ticket) = &record.ticket {
				let plan_bytes = Reports::<T>::get(id).map(|report| report.plan_bytes);
				let footprint = model_footprint(record.size, plan_bytes);
				ensure!(
					pays_for(ticket, &record.owner, footprint),
					"a model's deposit is for other bytes"
				);
			}
			ensure!(
				record.stage.is_admitted() || leaving || record.releases == 0,
				"a model has releases but is not admitted"
			);
		}
		Ok(())
	}

	fn check_uploads(models: &BTreeMap<ModelId, ModelRecordOf<T>>) -> Result<(), TryRuntimeError> {
		let expiries: BTreeSet<_> = Expiries::<T>::iter_keys()
			.map(|(block, id)| (id, block))
			.collect();
		let uploads: BTreeSet<_> = models
			.iter()
			.filter_map(|(id, record)| match record.stage {
				ModelStage::Uploading { expires } => Some((*id, expires)),
				_ => None,
			})
			.collect();
		ensure!(expiries == uploads, "expiries are not those of the uploads");
		for (id, expires) in uploads {
			ensure!(
				expires <= models[&id].deadline,
				"an upload expires after its deadline"
			);
		}

		let with_values: BTreeSet<ModelId> = Subtrees::<T>::iter_keys().collect();
		let wanting: BTreeSet<ModelId> = models
			.iter()
			.filter(|(_, record)| {
				matches!(
					record.stage,
					ModelStage::Uploading { .. } | ModelStage::Queued { .. }
				)
			})
			.map(|(id, _)| *id)
			.collect();
		ensure!(
			with_values == wanting,
			"subtree values are not those of models before admission"
		);
		for id in wanting {
			let values = Subtrees::<T>::get(id);
			let record = &models[&id];
			ensure!(
				values.len() == record.chunk_count() as usize,
				"not one subtree value for each chunk"
			);
			let complete = values.iter().all(Option::is_some);
			let queued = matches!(record.stage, ModelStage::Queued { .. });
			ensure!(complete || !queued, "a queued model is not complete");
		}
		Ok(())
	}

	fn check_chunks(models: &BTreeMap<ModelId, ModelRecordOf<T>>) -> Result<(), TryRuntimeError> {
		let mut stored: BTreeMap<ModelId, BTreeSet<u32>> = BTreeMap::new();
		for (id, index, chunk) in Chunks::<T>::iter() {
			let record = models.get(&id).ok_or("a chunk of an unknown model")?;
			ensure!(
				record.chunk_len(index) == Some(chunk.len() as u32),
				"a chunk has the wrong length"
			);
			stored.entry(id).or_default().insert(index);
		}
		let progress = Removals::<T>::get();
		let leaving = RemovalQueue::<T>::get(progress.first);
		for (id, record) in models {
			let stored = stored.remove(id).unwrap_or_default();
			match record.stage {
				ModelStage::Uploading { .. } => {
					let arrived: BTreeSet<u32> = (0..)
						.zip(Subtrees::<T>::get(id))
						.filter_map(|(index, value)| value.map(|_| index))
						.collect();
					ensure!(stored == arrived, "chunks are not where subtree values are");
				}
				ModelStage::Removing => {
					let cursor = if leaving == Some(*id) {
						progress.cursor
					} else {
						0
					};
					ensure!(
						stored.iter().all(|index| *index >= cursor),
						"a chunk behind the cursor is left"
					);
				}
				_ => {
					ensure!(
						stored.len() == record.chunk_count() as usize,
						"a complete model lacks chunks"
					);
				}
			}
		}
		Ok(())
	}

	fn check_queue(models: &BTreeMap<ModelId, ModelRecordOf<T>>) -> Result<(), TryRuntimeError> {
		let queue = AdmissionQueue::<T>::get();
		ensure!(
			queue.len() <= T::MaxQueue::get() as usize,
			"the queue is too long"
		);
		ensure!(
			queue.windows(2).all(|w| w[0].due <= w[1].due),
			"the queue is out of order"
		);
		let queued: Vec<_> = queue.iter().map(|queued| (queued.id, queued.due)).collect();
		let staged: BTreeSet<_> = models
			.iter()
			.filter_map(|(id, record)| match record.stage {
				ModelStage::Queued { admission } => Some((*id, admission)),
				_ => None,
			})
			.collect();
		ensure!(
			queued.len() == staged.len(),
			"a model is queued twice, or not at all"
		);
		ensure!(
			queued.into_iter().collect::<BTreeSet<_>>() == staged,
			"the queue does not hold the queued models"
		);
		for queued in &queue {
			let report = Reports::<T>::get(queued.id).map(|report| report.plan_bytes);
			ensure!(
				report == queued.plan_bytes,
				"a queued model's report is amiss"
			);
		}
		Ok(())
	}

	fn check_removals(models: &BTreeMap<ModelId, ModelRecordOf<T>>) -> Result<(), TryRuntimeError> {
		let progress = Removals::<T>::get();
		let queue: BTreeMap<u64, ModelId> = RemovalQueue::<T>::iter().collect();
		ensure!(
			queue.keys().copied().eq(progress.first..progress.next),
			"the removal queue has gaps"
		);
		let queued: BTreeSet<ModelId> = queue.values().copied().collect();
		ensure!(queued.len() == queue.len(), "a model is removed twice");
		let staged: BTreeSet<ModelId> = models
			.iter()
			.filter(|(id, record)| {
				record.stage == ModelStage::Removing && !Pins::<T>::contains_key(id)
			})
			.map(|(id, _)| *id)
			.collect();
		ensure!(
			queued == staged,
			"the removal queue does not hold the models on their way out"
		);
		let in_range = match queue.get(&progress.first).and_then(|id| models.get(id)) {
			Some(record) => {
				let chunks = record.chunk_count();
				progress.cursor < chunks || progress.cursor == chunks && record.releases > 0
			}
			None => progress.cursor == 0,
		};
		ensure!(in_range, "the removal cursor is out of range");
		let begun = queue.get(&progress.first).filter(|_| progress.cursor > 0);
		ensure!(
			begun.is_none_or(|id| !Reports::<T>::contains_key(id)),
			"a model whose chunks go has a report"
		);
		Ok(())
	}

	fn check_releases(models: &BTreeMap<ModelId, ModelRecordOf<T>>) -> Result<(), TryRuntimeError> {
		let mut counts: BTreeMap<ModelId, u32> = BTreeMap::new();
		let mut all = 0usize;
		for (owner, (name, version), record) in Releases::<T>::iter() {
			all += 1;
			let model = record.info.model;
			let release = ReleaseId {
				owner,
				name,
				version,
			};
			let footprint = if record.info.retired {
				Self::tombstone_footprint(&release, &record)
			} else {
				*counts.entry(model).or_default() += 1;
				Self::release_footprint()
			};
			ensure!(
				pays_for(&record.ticket, &release.owner, footprint),
				"a release's deposit is for other bytes"
			);
			ensure!(
				ReleasesOf::<T>::contains_key((model, record.info.retired, release)),
				"a release is not in the index"
			);
		}
		ensure!(
			ReleasesOf::<T>::iter_keys().count() == all,
			"the index holds other releases"
		);
		for (id, record) in models {
			let count = counts.remove(id).unwrap_or_default();
			ensure!(
				record.releases == count,
				"a model's count of releases is wrong"
			);
		}
		ensure!(
			counts.is_empty(),
			"a release of an unknown model is not retired"
		);
		Ok(())
	}
}
