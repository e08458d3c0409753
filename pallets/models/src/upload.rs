//! Uploads: from `begin_upload` to the queue for admission, or to their end.

use alloc::vec::Vec;
use blake3::{
	hazmat::{merge_subtrees_non_root, merge_subtrees_root, HasherExt, Mode},
	Hasher,
};
use frame_support::{
	dispatch::DispatchClass,
	ensure,
	traits::{Consideration, Footprint, Get},
	weights::Weight,
	BoundedVec,
};
use frame_system::pallet_prelude::BlockNumberFor;
use noema_primitives::{hosting::ModelStake, ModelId, ModelStage, CHUNK_SIZE};
use sp_runtime::{
	traits::{One, Saturating},
	DispatchError, DispatchResult,
};

use crate::{
	types::{Chunk, ModelRecord, ModelRecordOf, QueuedModel, SubtreeValue},
	weights::WeightInfo,
	AdmissionQueue, Banned, Chunks, Config, Error, Event, Expiries, ExpiryBacklog, Models, Pallet,
	Subtrees, TotalBytes, UploadPermit,
};

/// What the deposit of a model pays for: one item of as many bytes as its file takes in storage
/// or, once they are known, its plan takes in the memory of every node, whichever are more.
pub(crate) fn model_footprint(size: u32, plan_bytes: Option<u64>) -> Footprint {
	Footprint {
		count: 1,
		size: u64::from(size).max(plan_bytes.unwrap_or_default()),
	}
}

/// The most uploads that expire in one block, and the most blocks of a backlog that one block
/// looks at.
pub(crate) const EXPIRIES_PER_BLOCK: u32 = 8;

/// The subtree value of a chunk, or the hash of the file if it is the only one.
///
/// `bytes` must not be empty.
pub(crate) fn subtree_value(index: u32, only: bool, bytes: &[u8]) -> SubtreeValue {
	let mut hasher = Hasher::new();
	if only {
		return *hasher.update(bytes).finalize().as_bytes();
	}
	hasher.set_input_offset(u64::from(index) * u64::from(CHUNK_SIZE));
	hasher.update(bytes).finalize_non_root()
}

/// The hash of the file whose chunks have these subtree values; `None` if there are none.
pub(crate) fn merge(values: &[SubtreeValue]) -> Option<SubtreeValue> {
	match values {
		[] => None,
		[only] => Some(*only),
		_ => {
			let (left, right) = split(values);
			let root = merge_subtrees_root(&inner(left), &inner(right), Mode::Hash);
			Some(*root.as_bytes())
		}
	}
}

/// The chaining value over two or more chunks, or of one. Recurses once for each bit of the
/// number of chunks.
fn inner(values: &[SubtreeValue]) -> SubtreeValue {
	match values {
		[only] => *only,
		_ => {
			let (left, right) = split(values);
			merge_subtrees_non_root(&inner(left), &inner(right), Mode::Hash)
		}
	}
}

/// A node's left subtree holds the largest power of two of chunks that leaves some to the right.
/// There must be at least two values.
fn split(values: &[SubtreeValue]) -> (&[SubtreeValue], &[SubtreeValue]) {
	values.split_at(values.len().next_power_of_two() / 2)
}

impl<T: Config> Pallet<T> {
	/// The record of a model that `who` uploads.
	pub(crate) fn uploading(
		who: &T::AccountId,
		id: ModelId,
	) -> Result<ModelRecordOf<T>, DispatchError> {
		let record = Models::<T>::get(id).ok_or(Error::<T>::UnknownModel)?;
		ensure!(
			matches!(record.stage, ModelStage::Uploading { .. }),
			Error::<T>::NotUploading
		);
		ensure!(record.owner == *who, Error::<T>::NotUploader);
		Ok(record)
	}

	/// Opens a new upload, for a deposit.
	pub(crate) fn do_begin_upload(who: T::AccountId, id: ModelId, size: u32) -> DispatchResult {
		ensure!(size > 0, Error::<T>::EmptyModel);
		ensure!(size <= T::MaxModelSize::get(), Error::<T>::ModelTooLarge);
		ensure!(!Banned::<T>::contains_key(id), Error::<T>::ContentBanned);
		match Models::<T>::get(id).map(|record| record.stage) {
			None => {}
			Some(ModelStage::Removing) => return Err(Error::<T>::RemovalInProgress.into()),
			Some(_) => return Err(Error::<T>::ModelExists.into()),
		}
		let total = TotalBytes::<T>::get().saturating_add(size.into());
		ensure!(total <= T::MaxTotalBytes::get(), Error::<T>::NoStorageRoom);

		let ticket = T::UploadConsideration::new(&who, model_footprint(size, None))?;
		let deadline = Self::upload_deadline();
		let expires = Self::upload_expiry(deadline);
		let stage = ModelStage::Uploading { expires };
		let record = ModelRecord {
			owner: who.clone(),
			size,
			stage,
			deadline,
			releases: 0,
			ticket: Some(ticket),
		};
		let none: Vec<Option<SubtreeValue>> = alloc::vec![None; record.chunk_count() as usize];
		// The bound is the number of chunks of the largest file.
		let none = BoundedVec::try_from(none).map_err(|_| Error::<T>::ModelTooLarge)?;

		Subtrees::<T>::insert(id, none);
		Models::<T>::insert(id, record);
		TotalBytes::<T>::put(total);
		Expiries::<T>::insert(expires, id, ());
		Self::deposit_event(Event::UploadStarted {
			model: id,
			owner: who,
			size,
			expires,
		});
		Ok(())
	}

	/// Stores a chunk and its subtree value, and puts the upload's expiry off.
	pub(crate) fn do_upload_chunk(
		who: T::AccountId,
		id: ModelId,
		index: u32,
		bytes: Chunk,
	) -> DispatchResult {
		UploadPermit::<T>::take().ok_or(Error::<T>::NestedUpload)?;
		let mut record = Self::uploading(&who, id)?;
		let len = record
			.chunk_len(index)
			.ok_or(Error::<T>::ChunkIndexOutOfRange)?;
		ensure!(bytes.len() == len as usize, Error::<T>::WrongChunkLength);
		Subtrees::<T>::try_mutate(id, |values| {
			let value = values
				.get_mut(index as usize)
				.ok_or(Error::<T>::ChunkIndexOutOfRange)?;
			ensure!(value.is_none(), Error::<T>::ChunkExists);
			*value = Some(subtree_value(index, record.chunk_count() == 1, &bytes));
			Ok::<(), DispatchError>(())
		})?;
		Chunks::<T>::insert(id, index, bytes);
		let later = Self::upload_expiry(record.deadline);
		match &mut record.stage {
			ModelStage::Uploading { expires } if *expires != later => {
				Expiries::<T>::remove(*expires, id);
				Expiries::<T>::insert(later, id, ());
				*expires = later;
				Models::<T>::insert(id, record);
			}
			_ => {}
		}
		Self::deposit_event(Event::ChunkUploaded { model: id, index });
		Ok(())
	}

	/// What `submit` weighs: its own work and the admission that it asks for, but at most half of
	/// what one normal extrinsic may weigh, so that blocks find room for it.
	///
	/// The size is that of the upload as it is before the call. A file of another size under the
	/// same id would lack its chunks, so this call could not queue it.
	pub(crate) fn submit_weight(id: ModelId) -> Weight {
		let size = Models::<T>::get(id).map_or(0, |record| record.size);
		let weight = Self::submit_call_weight(id)
			.saturating_add(T::WeightInfo::admit(size))
			.saturating_add(T::Hosting::admission_weight());
		let normal = T::BlockWeights::get()
			.get(DispatchClass::Normal)
			.max_extrinsic;
		normal.map_or(weight, |max| weight.min(max / 2))
	}

	/// What `submit` weighs without the admission.
	pub(crate) fn submit_call_weight(id: ModelId) -> Weight {
		let chunks = Models::<T>::get(id).map_or(0, |record| record.chunk_count());
		T::WeightInfo::submit(chunks)
	}

	/// Checks the hash of the whole file and queues it.
	pub(crate) fn do_submit(who: T::AccountId, id: ModelId) -> DispatchResult {
		let mut record = Self::uploading(&who, id)?;
		let values: Option<Vec<SubtreeValue>> = Subtrees::<T>::get(id).into_iter().collect();
		let values = values.ok_or(Error::<T>::IncompleteUpload)?;
		ensure!(merge(&values) == Some(id.0), Error::<T>::HashMismatch);

		let due = Self::admission_block(record.size);
		AdmissionQueue::<T>::try_mutate(|queue| {
			// Behind all that are due before or at the same block.
			let place = queue.partition_point(|queued| queued.due <= due);
			queue.try_insert(
				place,
				QueuedModel {
					id,
					due,
					plan_bytes: None,
				},
			)
		})
		.map_err(|_| Error::<T>::QueueFull)?;

		if let ModelStage::Uploading { expires } = record.stage {
			Expiries::<T>::remove(expires, id);
		}
		record.stage = ModelStage::Queued { admission: due };
		Models::<T>::insert(id, record);
		Self::deposit_event(Event::ModelQueued {
			model: id,
			admission: due,
		});
		Ok(())
	}

	/// Returns the deposit and lets the chunks go.
	pub(crate) fn do_cancel_upload(who: T::AccountId, id: ModelId) -> DispatchResult {
		let mut record = Models::<T>::get(id).ok_or(Error::<T>::UnknownModel)?;
		ensure!(
			matches!(
				record.stage,
				ModelStage::Uploading { .. } | ModelStage::Queued { .. }
			),
			Error::<T>::NotUploading
		);
		ensure!(record.owner == who, Error::<T>::NotUploader);
		if let Some(ticket) = record.ticket.take() {
			ticket.drop(&who)?;
		}
		Self::deposit_event(Event::UploadCancelled { model: id });
		Self::start_removal(id, record);
		Ok(())
	}

	/// Drops uploads whose time is over. Returns how many steps that took.
	pub(crate) fn process_expiries(now: BlockNumberFor<T>) -> u32 {
		let backlog = ExpiryBacklog::<T>::get();
		let mut block = backlog.unwrap_or(now);
		let mut steps = 0;
		while block <= now && steps < EXPIRIES_PER_BLOCK {
			let room = EXPIRIES_PER_BLOCK - steps;
			let due: Vec<ModelId> = Expiries::<T>::iter_key_prefix(block)
				.take(room as usize)
				.collect();
			for id in &due {
				Self::expire(block, *id);
			}
			steps = steps.saturating_add(due.len() as u32);
			// A full batch may have left some of this block behind.
			if (due.len() as u32) < room {
				// A look at an empty block of a backlog is a step too.
				if block < now && due.is_empty() {
					steps = steps.saturating_add(1);
				}
				block.saturating_inc();
			}
		}
		match backlog {
			_ if block <= now => ExpiryBacklog::<T>::put(block),
			Some(_) => ExpiryBacklog::<T>::kill(),
			None => {}
		}
		steps
	}

	fn expire(block: BlockNumberFor<T>, id: ModelId) {
		match Models::<T>::get(id) {
			Some(mut record) if record.stage == (ModelStage::Uploading { expires: block }) => {
				Self::return_deposit(id, &mut record);
				Self::deposit_event(Event::UploadExpired { model: id });
				Self::start_removal(id, record);
			}
			_ => {
				frame_support::defensive!("an expiry without an upload", id);
				Expiries::<T>::remove(block, id);
			}
		}
	}

	/// The block at which an upload that begins now is dropped even if chunks still come.
	pub(crate) fn upload_deadline() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number().saturating_add(T::UploadLifetime::get())
	}

	/// The block at which an upload expires if no chunk comes after this block.
	pub(crate) fn upload_expiry(deadline: BlockNumberFor<T>) -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number()
			.saturating_add(T::UploadIdleTimeout::get())
			.min(deadline)
	}

	/// The first block that may admit a file of `size` bytes that is submitted now.
	fn admission_block(size: u32) -> BlockNumberFor<T> {
		let extra = Self::pause_after(size);
		frame_system::Pallet::<T>::block_number()
			.saturating_add(T::AdmissionDelay::get().max(One::one()))
			.saturating_add(extra.into())
	}

	/// Returns the deposit of a model where no caller could be told of a failure.
	pub(crate) fn return_deposit(id: ModelId, record: &mut ModelRecordOf<T>) {
		let Some(ticket) = record.ticket.take() else {
			return;
		};
		if let Err(error) = ticket.drop(&record.owner) {
			log::error!(
				target: crate::LOG_TARGET,
				"the deposit for model {id} could not be returned: {error:?}"
			);
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	fn hash_in_chunks(file: &[u8]) -> Option<SubtreeValue> {
		let chunks: Vec<&[u8]> = file.chunks(CHUNK_SIZE as usize).collect();
		let values: Vec<SubtreeValue> = chunks
			.iter()
			.enumerate()
			.map(|(i, chunk)| subtree_value(i as u32, chunks.len() == 1, chunk))
			.collect();
		merge(&values)
	}

	/// Bytes that no two chunks share.
	fn file(size: usize, seed: u64) -> Vec<u8> {
		let mut bytes = alloc::vec![0; size];
		let mut reader = Hasher::new().update(&seed.to_le_bytes()).finalize_xof();
		reader.fill(&mut bytes);
		bytes
	}

	#[test]
	fn no_chunks_have_no_hash() {
		assert_eq!(merge(&[]), None);
	}

	#[test]
	fn merged_chunks_hash_as_the_file_at_every_boundary() {
		let chunk = CHUNK_SIZE as usize;
		for chunks in 1..=9 {
			for size in [chunks * chunk - 1, chunks * chunk, chunks * chunk + 1] {
				let file = file(size, size as u64);
				assert_eq!(
					hash_in_chunks(&file),
					Some(*blake3::hash(&file).as_bytes()),
					"{size}"
				);
			}
		}
	}

	#[test]
	fn the_largest_file_hashes_as_a_whole() {
		let file = file(128 * 1024 * 1024, 0);
		assert_eq!(hash_in_chunks(&file), Some(*blake3::hash(&file).as_bytes()));
	}

	proptest! {
		#![proptest_config(ProptestConfig::with_cases(64))]
		#[test]
		fn merged_chunks_hash_as_the_file(size in 1usize..8 * 1024 * 1024, seed: u64) {
			let file = file(size, seed);
			prop_assert_eq!(hash_in_chunks(&file), Some(*blake3::hash(&file).as_bytes()));
		}

		#[test]
		fn chunks_in_another_order_hash_otherwise(a in 0usize..4, b in 0usize..4, seed: u64) {
			prop_assume!(a != b);
			let file = file(4 * CHUNK_SIZE as usize, seed);
			let mut values: Vec<SubtreeValue> = file
				.chunks(CHUNK_SIZE as usize)
				.enumerate()
				.map(|(i, chunk)| subtree_value(i as u32, false, chunk))
				.collect();
			values.swap(a, b);
			prop_assert_ne!(merge(&values), Some(*blake3::hash(&file).as_bytes()));
		}
	}
}
