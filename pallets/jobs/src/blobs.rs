//! Blobs: bytes that are too long for one extrinsic, in chunks.
//!
//! Inputs and outputs are read by the pallet, which checks their hash when they are used. Tensors of
//! a dispute are read by the referee, which does the same; they never enter the runtime.

use alloc::vec::Vec;
use codec::{DecodeAll, Encode};
use frame_support::{
	ensure,
	traits::{Consideration, Footprint, Get},
};
use noema_primitives::trace::TensorSource;
use sp_runtime::{
	traits::{Saturating, Zero},
	DispatchError, DispatchResult,
};

use crate::{
	types::{AgendaItem, Blob, BlobOf, Chunk, TensorList, TensorsRecordOf},
	BlobChunks, Blobs, Config, Error, Event, Pallet, TensorsRecord,
};

/// The most chunks that one step of a removal removes.
pub(crate) const CHUNKS_PER_STEP: u32 = 4;

impl<T: Config> Pallet<T> {
	/// Stores a chunk; the first one opens the blob, for a deposit.
	pub(crate) fn do_upload_blob(
		who: T::AccountId,
		hash: [u8; 32],
		size: u32,
		index: u32,
		bytes: Chunk,
	) -> DispatchResult {
		let expires = Self::now().saturating_add(T::BlobLifetime::get());
		let mut blob = match Blobs::<T>::get(&who, hash) {
			Some(blob) => blob,
			None => {
				ensure!(size > 0, Error::<T>::EmptyBlob);
				ensure!(size <= T::MaxBlobSize::get(), Error::<T>::BlobTooLarge);
				let footprint = Footprint::from_parts(1, size as usize);
				Blob {
					size,
					chunks: 0,
					removing: false,
					expires,
					uses: 0,
					ticket: T::BlobConsideration::new(&who, footprint)?,
				}
			}
		};
		ensure!(!blob.removing, Error::<T>::BlobGoing);
		ensure!(blob.size == size, Error::<T>::WrongBlobSize);
		ensure!(
			index == blob.chunks && index < blob.chunk_count(),
			Error::<T>::ChunkOutOfOrder
		);
		let len = blob.chunk_len(index).unwrap_or_default();
		ensure!(bytes.len() == len as usize, Error::<T>::WrongChunkLength);

		BlobChunks::<T>::insert((&who, hash), index, bytes);
		blob.chunks = blob.chunks.saturating_add(1);
		let task = AgendaItem::Blob(who.clone(), hash);
		Self::cancel(blob.expires, &task);
		blob.expires = expires;
		Self::schedule(expires, &task);
		let complete = blob.is_complete();
		Blobs::<T>::insert(&who, hash, blob);
		if complete {
			Self::deposit_event(Event::BlobUploaded {
				owner: who,
				hash,
				size,
			});
		}
		Ok(())
	}

	/// Lets a blob go.
	pub(crate) fn do_remove_blob(who: T::AccountId, hash: [u8; 32]) -> DispatchResult {
		let mut blob = Blobs::<T>::get(&who, hash).ok_or(Error::<T>::UnknownBlob)?;
		ensure!(!blob.removing, Error::<T>::BlobGoing);
		ensure!(blob.uses == 0, Error::<T>::BlobInUse);
		let task = AgendaItem::Blob(who.clone(), hash);
		Self::cancel(blob.expires, &task);
		blob.removing = true;
		blob.expires = Self::now().saturating_add(1u32.into());
		Self::schedule(blob.expires, &task);
		Blobs::<T>::insert(&who, hash, blob);
		Ok(())
	}

	/// Takes a blob up whose time is over, one step.
	pub(crate) fn expire_blob(owner: T::AccountId, hash: [u8; 32]) {
		let Some(mut blob) = Blobs::<T>::get(&owner, hash) else {
			frame_support::defensive!("a task for a blob that is unknown");
			return;
		};
		if blob.uses > 0 {
			// It gets another lifetime; whoever stops to use it may remove it before.
			blob.expires = Self::now().saturating_add(T::BlobLifetime::get());
		} else {
			blob.removing = true;
			for _ in 0..CHUNKS_PER_STEP {
				let Some(last) = blob.chunks.checked_sub(1) else {
					break;
				};
				BlobChunks::<T>::remove((&owner, hash), last);
				blob.chunks = last;
			}
			if blob.chunks.is_zero() {
				Blobs::<T>::remove(&owner, hash);
				if let Err(error) = blob.ticket.drop(&owner) {
					log::error!(
						target: crate::LOG_TARGET,
						"the deposit for a blob could not be returned: {error:?}"
					);
				}
				Self::deposit_event(Event::BlobRemoved { owner, hash });
				return;
			}
			blob.expires = Self::now().saturating_add(1u32.into());
		}
		Self::schedule(blob.expires, &AgendaItem::Blob(owner.clone(), hash));
		Blobs::<T>::insert(&owner, hash, blob);
	}

	/// A blob that is complete.
	pub(crate) fn complete_blob(
		owner: &T::AccountId,
		hash: [u8; 32],
	) -> Result<BlobOf<T>, Error<T>> {
		let blob = Blobs::<T>::get(owner, hash).ok_or(Error::UnknownBlob)?;
		ensure!(blob.is_complete(), Error::BlobIncomplete);
		Ok(blob)
	}

	/// The tensors in a blob, whose bytes must have its hash. Its size must have been checked.
	pub(crate) fn read_tensors(
		owner: &T::AccountId,
		hash: [u8; 32],
	) -> Result<TensorList, Error<T>> {
		let blob = Self::complete_blob(owner, hash)?;
		let mut bytes = Vec::with_capacity(blob.size as usize);
		for index in 0..blob.chunk_count() {
			let chunk = BlobChunks::<T>::get((owner, hash), index).ok_or(Error::BlobIncomplete)?;
			bytes.extend_from_slice(&chunk);
		}
		ensure!(
			*blake3::hash(&bytes).as_bytes() == hash,
			Error::BlobHashMismatch
		);
		TensorList::decode_all(&mut &bytes[..]).map_err(|_| Error::NotTensors)
	}

	/// Where the referee finds a blob.
	pub(crate) fn blob_source(
		owner: &T::AccountId,
		hash: [u8; 32],
	) -> Result<TensorSource, Error<T>> {
		let blob = Self::complete_blob(owner, hash)?;
		let mut prefix = BlobChunks::<T>::hashed_key_for((owner, hash), 0);
		let index_len = 0u32.encoded_size();
		prefix.truncate(prefix.len().saturating_sub(index_len));
		Ok(TensorSource::Chunks {
			prefix,
			size: blob.size,
		})
	}

	/// Keeps the blob of a record, if it is in one, for one more job.
	pub(crate) fn use_tensors(record: &TensorsRecordOf<T>) -> DispatchResult {
		let TensorsRecord::Blob { owner, hash } = record else {
			return Ok(());
		};
		Blobs::<T>::try_mutate(owner, hash, |blob| {
			let blob = blob.as_mut().ok_or(Error::<T>::UnknownBlob)?;
			blob.uses = blob
				.uses
				.checked_add(1)
				.ok_or(sp_runtime::ArithmeticError::Overflow)?;
			Ok::<(), DispatchError>(())
		})
	}

	/// Ends one use of the blob of a record.
	pub(crate) fn release_tensors(record: &TensorsRecordOf<T>) {
		let TensorsRecord::Blob { owner, hash } = record else {
			return;
		};
		Blobs::<T>::mutate(owner, hash, |blob| match blob {
			Some(blob) => blob.uses = blob.uses.saturating_sub(1),
			None => {
				frame_support::defensive!("a job's blob is gone");
			}
		});
	}

	/// The tensors of a record, however long, for readers outside of blocks.
	pub(crate) fn tensors(record: &TensorsRecordOf<T>) -> Option<TensorList> {
		match record {
			TensorsRecord::Inline(list) => Some(list.clone()),
			TensorsRecord::Blob { owner, hash } => Self::read_tensors(owner, *hash).ok(),
		}
	}
}
