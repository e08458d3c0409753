//! The typed tensor of calls, receipts and the precompile's wire format.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{ConstU32, H256};
use sp_runtime::{
	traits::{BlakeTwo256, Hash},
	BoundedVec,
};

/// The highest rank a tensor may have.
pub const MAX_RANK: u32 = 8;
/// The longest name of a graph input or output, in bytes of UTF-8.
pub const MAX_NAME_LEN: u32 = 128;
/// The most bytes one tensor of a call or an answer may hold.
pub const MAX_TENSOR_BYTES: u32 = 4 * 1024 * 1024;
/// The most inputs, and the most outputs, that a model may have.
pub const MAX_TENSORS: u32 = 16;

/// The bits of the one NaN of binary32 that leaves a model (`docs/numerics.md`).
pub const CANONICAL_NAN_32: u32 = 0x7fc0_0000;
/// The bits of the one NaN of binary64 that leaves a model.
pub const CANONICAL_NAN_64: u64 = 0x7ff8_0000_0000_0000;

/// The name of a graph input or output, UTF-8, as the ONNX file spells it.
pub type Name = BoundedVec<u8, ConstU32<MAX_NAME_LEN>>;
/// The static dimensions of a tensor, outermost first. The empty shape is a scalar.
pub type Shape = BoundedVec<u32, ConstU32<MAX_RANK>>;
/// The elements of a tensor: row-major, little endian, densely packed; one byte per bool.
pub type TensorData = BoundedVec<u8, ConstU32<MAX_TENSOR_BYTES>>;

/// Element types, with the numbers of ONNX's `TensorProto.DataType`.
///
/// <https://onnx.ai/onnx/api/classes.html#tensorproto>
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
#[repr(u8)]
pub enum DType {
	/// IEEE-754 binary32.
	#[codec(index = 1)]
	F32 = 1,
	/// Unsigned 8-bit integer.
	#[codec(index = 2)]
	U8 = 2,
	/// Signed 8-bit integer.
	#[codec(index = 3)]
	I8 = 3,
	/// Unsigned 16-bit integer.
	#[codec(index = 4)]
	U16 = 4,
	/// Signed 16-bit integer.
	#[codec(index = 5)]
	I16 = 5,
	/// Signed 32-bit integer.
	#[codec(index = 6)]
	I32 = 6,
	/// Signed 64-bit integer.
	#[codec(index = 7)]
	I64 = 7,
	/// One byte per element, 0 or 1; any other value is refused.
	#[codec(index = 9)]
	Bool = 9,
	/// IEEE-754 binary64.
	#[codec(index = 11)]
	F64 = 11,
	/// Unsigned 32-bit integer.
	#[codec(index = 12)]
	U32 = 12,
	/// Unsigned 64-bit integer.
	#[codec(index = 13)]
	U64 = 13,
}

impl DType {
	/// Bytes that one element takes.
	pub const fn size(self) -> u32 {
		match self {
			Self::Bool | Self::U8 | Self::I8 => 1,
			Self::U16 | Self::I16 => 2,
			Self::F32 | Self::U32 | Self::I32 => 4,
			Self::F64 | Self::U64 | Self::I64 => 8,
		}
	}

	/// The name as JSON and the command line spell it.
	pub const fn name(self) -> &'static str {
		match self {
			Self::F32 => "f32",
			Self::F64 => "f64",
			Self::U8 => "u8",
			Self::I8 => "i8",
			Self::U16 => "u16",
			Self::I16 => "i16",
			Self::U32 => "u32",
			Self::I32 => "i32",
			Self::U64 => "u64",
			Self::I64 => "i64",
			Self::Bool => "bool",
		}
	}

	/// The type with this [`name`](Self::name), if there is one.
	pub fn from_name(name: &str) -> Option<Self> {
		[
			Self::F32,
			Self::F64,
			Self::U8,
			Self::I8,
			Self::U16,
			Self::I16,
			Self::U32,
			Self::I32,
			Self::U64,
			Self::I64,
			Self::Bool,
		]
		.into_iter()
		.find(|dtype| dtype.name() == name)
	}
}

/// A dense tensor.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Tensor {
	/// Element type.
	pub dtype: DType,
	/// Dimensions, outermost first.
	pub shape: Shape,
	/// Elements: row-major, little endian.
	pub data: TensorData,
}

impl Tensor {
	/// The number of bytes that `shape` of `dtype` takes, or `None` on overflow of 64 bits.
	pub fn byte_len(dtype: DType, shape: &[u32]) -> Option<u64> {
		shape
			.iter()
			.try_fold(u64::from(dtype.size()), |bytes, dim| {
				bytes.checked_mul(u64::from(*dim))
			})
	}

	/// Whether the data is exactly as long as dtype and shape say.
	pub fn is_consistent(&self) -> bool {
		Self::byte_len(self.dtype, &self.shape) == Some(self.data.len() as u64)
	}

	/// Whether every NaN is the canonical one of its type, and every bool 0 or 1: whether the bytes
	/// are those that traces hash.
	pub fn is_canonical(&self) -> bool {
		match self.dtype {
			DType::F32 => self.data.chunks_exact(4).all(|bytes| {
				let bits = bytes.try_into().map_or(0, u32::from_le_bytes);
				!f32::from_bits(bits).is_nan() || bits == CANONICAL_NAN_32
			}),
			DType::F64 => self.data.chunks_exact(8).all(|bytes| {
				let bits = bytes.try_into().map_or(0, u64::from_le_bytes);
				!f64::from_bits(bits).is_nan() || bits == CANONICAL_NAN_64
			}),
			DType::Bool => self.data.iter().all(|byte| *byte <= 1),
			_ => true,
		}
	}
}

/// A tensor with the name of the graph input or output that it is for.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct NamedTensor {
	/// The name of the graph input or output.
	pub name: Name,
	/// The value.
	pub tensor: Tensor,
}

/// The hash by which events and receipts name a list of tensors: BLAKE2b-256 of its SCALE
/// encoding.
pub fn hash_tensors(tensors: &[NamedTensor]) -> H256 {
	BlakeTwo256::hash(&tensors.encode())
}

/// The length of the SCALE encoding of the outputs that a schema promises, in bytes.
pub fn encoded_len(schemas: &[crate::TensorSchema]) -> Option<u64> {
	let compact = |n: u64| codec::Compact(n).encoded_size() as u64;
	schemas
		.iter()
		.try_fold(compact(schemas.len() as u64), |len, schema| {
			let data = Tensor::byte_len(schema.dtype, &schema.shape)?;
			let head = schema.name.encoded_size() + 1 + schema.shape.encoded_size();
			len.checked_add(head as u64)?
				.checked_add(compact(data))?
				.checked_add(data)
		})
}

/// Builds a [`NamedTensor`] from parts, or returns `None` if one is beyond its bound.
pub fn named(name: &str, dtype: DType, shape: &[u32], data: Vec<u8>) -> Option<NamedTensor> {
	Some(NamedTensor {
		name: name.as_bytes().to_vec().try_into().ok()?,
		tensor: Tensor {
			dtype,
			shape: shape.to_vec().try_into().ok()?,
			data: data.try_into().ok()?,
		},
	})
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::TensorSchema;
	use proptest::prelude::*;

	#[test]
	fn byte_len_multiplies_and_detects_overflow() {
		assert_eq!(Tensor::byte_len(DType::F32, &[2, 3]), Some(24));
		assert_eq!(Tensor::byte_len(DType::F64, &[]), Some(8));
		assert_eq!(Tensor::byte_len(DType::U8, &[u32::MAX, u32::MAX, 2]), None);
		// Every prefix of the product fits, so nothing overflows.
		assert_eq!(
			Tensor::byte_len(DType::U8, &[u32::MAX, u32::MAX, 0]),
			Some(0)
		);
	}

	#[test]
	fn other_nans_and_other_bools_are_not_canonical() {
		let canonical = |dtype: DType, data: &[u8]| {
			let len = data.len() as u32 / dtype.size();
			named("x", dtype, &[len], data.to_vec())
				.unwrap()
				.tensor
				.is_canonical()
		};
		let float = |bits: u32| {
			canonical(
				DType::F32,
				&[1f32.to_bits(), bits].map(u32::to_le_bytes).concat(),
			)
		};
		let double = |bits: u64| canonical(DType::F64, &[bits, 0].map(u64::to_le_bytes).concat());
		assert!(float(f32::NEG_INFINITY.to_bits()));
		assert!(float(0x7fc0_0000));
		assert!(!float(0xffc0_0000));
		assert!(!float(0x7fc0_0001));
		assert!(!float(0x7f80_0001));
		assert!(double(f64::INFINITY.to_bits()));
		assert!(double(0x7ff8_0000_0000_0000));
		assert!(!double(0xfff8_0000_0000_0000));
		assert!(canonical(DType::Bool, &[0, 1]));
		assert!(!canonical(DType::Bool, &[0, 2]));
		assert!(canonical(DType::U8, &[0, 2]));
	}

	#[test]
	fn names_round_trip() {
		for name in [
			"f32", "f64", "u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "bool",
		] {
			assert_eq!(DType::from_name(name).map(DType::name), Some(name));
		}
		assert_eq!(DType::from_name("float"), None);
	}

	proptest! {
		#[test]
		fn encoded_len_is_exact(dims in prop::collection::vec((1u32..5, 1u32..200), 0..6)) {
			let tensors: Vec<NamedTensor> = dims
				.iter()
				.enumerate()
				.map(|(i, (a, b))| {
					named(&"x".repeat(i * 20), DType::I16, &[*a, *b], vec![0; (a * b * 2) as usize])
						.unwrap()
				})
				.collect();
			let schemas: Vec<TensorSchema> = tensors
				.iter()
				.map(|t| TensorSchema {
					name: t.name.clone(),
					dtype: t.tensor.dtype,
					shape: t.tensor.shape.clone(),
				})
				.collect();
			prop_assert!(tensors.iter().all(|t| t.tensor.is_consistent()));
			prop_assert_eq!(encoded_len(&schemas), Some(tensors.encode().len() as u64));
		}
	}
}
