//! Calls of who asks for answers off the block.

use subxt::dynamic;
use subxt::ext::codec::{Compact, Encode};
use subxt::ext::scale_encode::EncodeAsType;

use super::{Bytes, Call, NamedTensor, ReleaseId};
use crate::release::Release;
use crate::tensor::{DType, Tensor};

const PALLET: &str = "Jobs";

/// `Payload` of the chain.
#[derive(Clone, Debug, EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub enum Payload {
	/// Tensors in the call.
	Inline(Vec<NamedTensor>),
	/// Tensors in a blob that the caller has uploaded, encoded as [`encode_tensors`] does.
	Blob {
		/// The BLAKE3 hash of the blob.
		hash: [u8; 32],
		/// Its bytes.
		size: u32,
	},
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
	/// How many hosts are to answer.
	pub committee: u8,
	/// The stake behind the answer, of all together.
	pub min_stake: u128,
	/// What each is paid at most.
	pub max_price: u128,
}

/// The arguments of [`request`].
pub type Request = (ReleaseId, Payload, u8, u128, u128, Option<()>);

/// `Jobs.request(release, inputs, committee, min_stake, max_price, callback)`, without a callback.
pub fn request(release: &Release, inputs: Payload, terms: Terms) -> Call<Request> {
	let Terms {
		committee,
		min_stake,
		max_price,
	} = terms;
	let release = ReleaseId::from(release);
	let arguments = (release, inputs, committee, min_stake, max_price, None);
	dynamic::tx(PALLET, "request", arguments)
}

/// The arguments of [`upload_blob`].
pub type UploadBlob = ([u8; 32], u32, u32, Bytes);

/// `Jobs.upload_blob(hash, size, index, bytes)`.
pub fn upload_blob(hash: [u8; 32], size: u32, index: u32, bytes: &[u8]) -> Call<UploadBlob> {
	let arguments = (hash, size, index, Bytes(bytes.to_vec()));
	dynamic::tx(PALLET, "upload_blob", arguments)
}

/// The SCALE encoding of a list of named tensors, as a blob holds it.
pub fn encode_tensors(tensors: &[Tensor]) -> Vec<u8> {
	let mut bytes = Compact(tensors.len() as u32).encode();
	for tensor in tensors {
		tensor.name.encode_to(&mut bytes);
		bytes.push(number(tensor.dtype));
		tensor.shape.encode_to(&mut bytes);
		tensor.data.encode_to(&mut bytes);
	}
	bytes
}

/// The numbers of element types on the chain, which are those of ONNX.
const fn number(dtype: DType) -> u8 {
	match dtype {
		DType::F32 => 1,
		DType::U8 => 2,
		DType::I8 => 3,
		DType::U16 => 4,
		DType::I16 => 5,
		DType::I32 => 6,
		DType::I64 => 7,
		DType::Bool => 9,
		DType::F64 => 11,
		DType::U32 => 12,
		DType::U64 => 13,
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn tensors_are_encoded_as_the_chain_decodes_them() {
		let tensor = Tensor {
			name: "x".into(),
			dtype: DType::I16,
			shape: vec![1, 2],
			data: vec![1, 2, 3, 4],
		};
		let expected = [
			&[4][..],                     // one tensor
			&[4, b'x'],                   // its name
			&[5],                         // its type
			&[8, 1, 0, 0, 0, 2, 0, 0, 0], // its shape
			&[16, 1, 2, 3, 4],            // its data
		]
		.concat();
		assert_eq!(encode_tensors(&[tensor]), expected);
	}
}
