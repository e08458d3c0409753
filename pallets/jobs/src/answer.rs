//! Tensors of calls, and whether an answer is the last leaf under a trace root.

use alloc::vec::Vec;
use codec::Encode;
use frame_support::{ensure, traits::Get};
use noema_primitives::{
	jobs::{Answer, Payload},
	schema::fits,
	trace::{leaf_hash, verify, Proof},
	JobId, Leaf, NamedTensor,
};
use sp_core::H256;
use sp_runtime::DispatchResult;

use crate::{
	types::{AnswerRecordOf, JobOf, TensorList, TensorsRecordOf},
	AnswerRecord, Answers, Config, Error, Outputs, Pallet, TensorsRecord,
};

impl<T: Config> Pallet<T> {
	/// The bytes of tensors that a call brings or names.
	pub(crate) fn payload_bytes(payload: &Payload) -> u32 {
		match payload {
			Payload::Inline(tensors) => {
				let bytes: usize = tensors.iter().map(|named| named.tensor.data.len()).sum();
				u32::try_from(bytes).unwrap_or(u32::MAX)
			}
			Payload::Blob { size, .. } => (*size).min(T::MaxPayloadBytes::get()),
		}
	}

	/// The bytes of tensors that an answer brings or names.
	pub(crate) fn answer_bytes(answer: &Answer) -> u32 {
		match answer {
			Answer::Outputs(payload) => Self::payload_bytes(payload),
			Answer::Failed(_) | Answer::Known => 0,
		}
	}

	/// The tensors of a call of `who`'s, and how they are kept.
	pub(crate) fn load(
		who: &T::AccountId,
		payload: Payload,
		too_large: Error<T>,
	) -> Result<(TensorList, TensorsRecordOf<T>), Error<T>> {
		match payload {
			Payload::Inline(list) => {
				ensure!(
					list.encoded_size() <= T::MaxInlineBytes::get() as usize,
					too_large
				);
				Ok((list.clone(), TensorsRecord::Inline(list)))
			}
			Payload::Blob { hash, size } => {
				ensure!(size <= T::MaxPayloadBytes::get(), too_large);
				let blob = Self::complete_blob(who, hash)?;
				// The call has paid for as many bytes as it has named.
				ensure!(blob.size == size, Error::WrongBlobSize);
				let list = Self::read_tensors(who, hash)?;
				let owner = who.clone();
				Ok((list, TensorsRecord::Blob { owner, hash }))
			}
		}
	}

	/// Keeps an answer of `who`'s under `root`, if it is proven to be the last leaf of that.
	pub(crate) fn take_answer(
		who: &T::AccountId,
		id: JobId,
		job: &JobOf<T>,
		root: H256,
		answer: Answer,
		proof: &Proof,
	) -> DispatchResult {
		let known = Answers::<T>::contains_key(id, root);
		let (leaf, record): (Leaf, AnswerRecordOf<T>) = match answer {
			Answer::Known => {
				ensure!(known, Error::<T>::AnswerUnknown);
				return Ok(());
			}
			Answer::Failed(failure) => (Leaf::Failed(failure), AnswerRecord::Failed(failure)),
			Answer::Outputs(payload) => {
				let (list, record) = Self::load(who, payload, Error::OutputsTooLarge)?;
				ensure!(
					fits(&list, &Outputs::<T>::get(id)) && are_canonical(&list),
					Error::<T>::WrongOutputs
				);
				(Leaf::of_tensors(&list), AnswerRecord::Outputs(record))
			}
		};
		let last = job.leaves.saturating_sub(1);
		let hash = leaf_hash(last, &leaf);
		ensure!(
			verify(&root, job.leaves, last, &hash, proof),
			Error::<T>::AnswerNotProven
		);
		// The first to bring it keeps it; what others bring under the same root is the same.
		if !known {
			if let AnswerRecord::Outputs(tensors) = &record {
				Self::use_tensors(tensors)?;
			}
			Answers::<T>::insert(id, root, record);
		}
		Ok(())
	}

	/// Forgets the answer under a root.
	pub(crate) fn drop_answer(id: JobId, root: H256) {
		if let Some(AnswerRecord::Outputs(tensors)) = Answers::<T>::take(id, root) {
			Self::release_tensors(&tensors);
		}
	}

	/// The tensors of the answer of a job that is over, if it has outputs.
	pub(crate) fn outputs(id: JobId, root: H256) -> Option<Vec<NamedTensor>> {
		match Answers::<T>::get(id, root)? {
			AnswerRecord::Outputs(record) => Self::tensors(&record).map(|list| list.into_inner()),
			AnswerRecord::Failed(_) => None,
		}
	}
}

/// Whether all tensors have the bytes that traces hash.
pub(crate) fn are_canonical(tensors: &[NamedTensor]) -> bool {
	tensors.iter().all(|named| named.tensor.is_canonical())
}
