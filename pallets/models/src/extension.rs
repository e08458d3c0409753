//! The transaction extension that bounds the share of uploads in a block.

use codec::{Decode, DecodeWithMemTracking, Encode};
use core::{fmt, marker::PhantomData};
use frame_support::{
	dispatch::DispatchInfo,
	pallet_prelude::TransactionSource,
	traits::{Get, IsSubType},
	weights::Weight,
};
use noema_primitives::{ModelId, ModelStage};
use scale_info::TypeInfo;
use sp_runtime::{
	traits::{
		AsSystemOriginSigner, DispatchInfoOf, DispatchOriginOf, Dispatchable, Implication,
		PostDispatchInfoOf, SaturatedConversion, TransactionExtension, ValidateResult,
	},
	transaction_validity::{InvalidTransaction, TransactionValidityError, ValidTransaction},
	DispatchResult,
};

use crate::{
	types::{Chunk, MaxChunks},
	weights::WeightInfo,
	BlockUploadBytes, Call, Config, Models, Subtrees, UploadPermit,
};

/// The codes of `InvalidTransaction::Custom` by which the pool refuses a chunk.
///
/// Each has an error of the pallet beside it: what a block would have answered, for a fee.
pub mod rejection {
	/// The model is complete already, or being removed: `NotUploading`.
	pub const NOT_UPLOADING: u8 = 101;
	/// Another account uploads the model: `NotUploader`.
	pub const NOT_UPLOADER: u8 = 102;
	/// No file has a chunk of this number, or this file has not: `ChunkIndexOutOfRange`.
	pub const CHUNK_INDEX_OUT_OF_RANGE: u8 = 103;
	/// The chunk is empty, or not as long as the file's size says: `WrongChunkLength`.
	pub const WRONG_CHUNK_LENGTH: u8 = 104;
	/// The chunk has been uploaded already: `ChunkExists`.
	pub const CHUNK_EXISTS: u8 = 105;
}

/// Bounds the bytes of chunks in a block, and lets only chunks of top-level calls pass.
///
/// For an extrinsic that is itself an `upload_chunk`, and for no other:
///
/// * If the block has no room for the chunk, it answers `ExhaustsResources`: the author leaves it
///   in the pool for a later block, and nothing is paid.
/// * What no file could have is refused with a code of [`rejection`].
/// * The pool refuses chunks that do not fit an upload of which it knows, with a code of
///   [`rejection`]. A chunk of an upload that it does not know yet is welcome: the `begin_upload`
///   may be in the pool, too. For the same reason, whoever cancels an upload must wait for the
///   block that does so before sending chunks of a new upload of the same file.
/// * Such a chunk in a *block* is not refused but fails, so that a pool full of them has a price.
/// * The call gets a permit for one chunk. What is left of it is withdrawn after the call.
///
/// It carries no data, in the transaction or in its signed payload.
#[derive(Encode, Decode, DecodeWithMemTracking, Clone, PartialEq, Eq, TypeInfo)]
#[scale_info(skip_type_params(T))]
pub struct CheckUploads<T>(PhantomData<T>);

impl<T> CheckUploads<T> {
	/// The extension.
	pub const fn new() -> Self {
		Self(PhantomData)
	}
}

impl<T> Default for CheckUploads<T> {
	fn default() -> Self {
		Self::new()
	}
}

impl<T> fmt::Debug for CheckUploads<T> {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str("CheckUploads")
	}
}

impl<T: Config> CheckUploads<T> {
	/// The bytes of chunks in this block, once a chunk of `len` bytes has joined them.
	fn with_chunk(len: usize) -> Result<u32, InvalidTransaction> {
		u32::try_from(len)
			.ok()
			.and_then(|len| BlockUploadBytes::<T>::get().checked_add(len))
			.filter(|sum| *sum <= T::MaxUploadBytesPerBlock::get())
			.ok_or(InvalidTransaction::ExhaustsResources)
	}

	/// What the pool can tell about a chunk.
	fn fits_upload(
		who: &T::AccountId,
		id: ModelId,
		index: u32,
		len: usize,
	) -> Result<(), InvalidTransaction> {
		let Some(record) = Models::<T>::get(id) else {
			return Ok(());
		};
		let reject = |code| Err(InvalidTransaction::Custom(code));
		if !matches!(record.stage, ModelStage::Uploading { .. }) {
			return reject(rejection::NOT_UPLOADING);
		}
		if record.owner != *who {
			return reject(rejection::NOT_UPLOADER);
		}
		match record.chunk_len(index) {
			None => return reject(rejection::CHUNK_INDEX_OUT_OF_RANGE),
			Some(expected) if expected as usize != len => {
				return reject(rejection::WRONG_CHUNK_LENGTH)
			}
			Some(_) => {}
		}
		match Subtrees::<T>::get(id).get(index as usize) {
			Some(Some(_)) => reject(rejection::CHUNK_EXISTS),
			_ => Ok(()),
		}
	}
}

/// The chunk in a call, if it is one to upload a chunk.
fn chunk_of<T: Config>(call: &T::RuntimeCall) -> Option<(ModelId, u32, &Chunk)>
where
	T::RuntimeCall: IsSubType<Call<T>>,
{
	match call.is_sub_type()? {
		Call::upload_chunk {
			model_id,
			index,
			bytes,
		} => Some((*model_id, *index, bytes)),
		_ => None,
	}
}

impl<T: Config + Send + Sync> TransactionExtension<T::RuntimeCall> for CheckUploads<T>
where
	T::RuntimeCall: Dispatchable<Info = DispatchInfo> + IsSubType<Call<T>>,
	DispatchOriginOf<T::RuntimeCall>: AsSystemOriginSigner<T::AccountId> + Clone,
{
	const IDENTIFIER: &'static str = "CheckUploads";
	type Implicit = ();
	/// Whether the call is a chunk of a signer.
	type Val = bool;
	/// Whether a permit was given.
	type Pre = bool;

	fn weight(&self, call: &T::RuntimeCall) -> Weight {
		match chunk_of::<T>(call) {
			Some(_) => T::WeightInfo::check_uploads(),
			None => Weight::zero(),
		}
	}

	fn validate(
		&self,
		origin: DispatchOriginOf<T::RuntimeCall>,
		call: &T::RuntimeCall,
		_info: &DispatchInfoOf<T::RuntimeCall>,
		_len: usize,
		_self_implicit: Self::Implicit,
		_inherited_implication: &impl Implication,
		source: TransactionSource,
	) -> ValidateResult<Self::Val, T::RuntimeCall> {
		let (Some((id, index, bytes)), Some(who)) =
			(chunk_of::<T>(call), origin.as_system_origin_signer())
		else {
			// Without a permit, a chunk from any other origin fails.
			return Ok((ValidTransaction::default(), false, origin));
		};
		if index >= MaxChunks::<T>::get() {
			return Err(InvalidTransaction::Custom(rejection::CHUNK_INDEX_OUT_OF_RANGE).into());
		}
		if bytes.is_empty() {
			return Err(InvalidTransaction::Custom(rejection::WRONG_CHUNK_LENGTH).into());
		}
		Self::with_chunk(bytes.len())?;
		if source != TransactionSource::InBlock {
			Self::fits_upload(who, id, index, bytes.len())?;
		}
		let validity = ValidTransaction {
			// No upload takes chunks for longer.
			longevity: T::UploadLifetime::get().saturated_into(),
			..Default::default()
		};
		Ok((validity, true, origin))
	}

	fn prepare(
		self,
		val: Self::Val,
		_origin: &DispatchOriginOf<T::RuntimeCall>,
		call: &T::RuntimeCall,
		_info: &DispatchInfoOf<T::RuntimeCall>,
		_len: usize,
	) -> Result<Self::Pre, TransactionValidityError> {
		let Some((_, _, bytes)) = chunk_of::<T>(call).filter(|_| val) else {
			return Ok(false);
		};
		BlockUploadBytes::<T>::put(Self::with_chunk(bytes.len())?);
		UploadPermit::<T>::put(());
		Ok(true)
	}

	fn post_dispatch_details(
		permitted: Self::Pre,
		_info: &DispatchInfoOf<T::RuntimeCall>,
		_post_info: &PostDispatchInfoOf<T::RuntimeCall>,
		_len: usize,
		_result: &DispatchResult,
	) -> Result<Weight, TransactionValidityError> {
		if permitted {
			// A call that fails has not taken its permit: that was rolled back.
			UploadPermit::<T>::kill();
		}
		Ok(Weight::zero())
	}
}
