//! Tensors as JSON has them, and the hash by which receipts name them.

use blake2::{digest::consts::U32, Blake2b, Digest};
use codec::{Compact, Encode};
use noema_engine::{DType, Value};
use serde::{Deserialize, Serialize};

/// A tensor: `{"name": "image", "dtype": "f32", "shape": [1, 1, 8, 8], "data": "0x..."}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tensor {
	/// The name of the graph input or output.
	pub name: String,
	/// Element type.
	#[serde(with = "type_name")]
	pub dtype: DType,
	/// Dimensions, outermost first.
	pub shape: Vec<u32>,
	/// Elements: row-major, little endian, one byte per bool.
	#[serde(with = "digits")]
	pub data: Vec<u8>,
}

impl Tensor {
	/// A value of the engine under a name.
	pub fn new(name: &str, value: Value) -> Self {
		Self {
			name: name.into(),
			dtype: value.dtype,
			// The engine admits no dimension beyond 32 bits.
			shape: value.shape.iter().map(|dim| *dim as u32).collect(),
			data: value.data,
		}
	}

	/// The engine's form.
	pub fn value(&self) -> Value {
		Value {
			dtype: self.dtype,
			shape: self.shape.iter().map(|dim| *dim as usize).collect(),
			data: self.data.clone(),
		}
	}
}

/// The hash of a list of tensors in receipts and events: BLAKE2b-256 of its SCALE encoding, in which
/// an element type is one byte, its number in ONNX's `TensorProto.DataType`.
pub fn hash_tensors(tensors: &[Tensor]) -> String {
	let mut bytes = Compact(tensors.len() as u32).encode();
	for tensor in tensors {
		tensor.name.encode_to(&mut bytes);
		bytes.push(tensor.dtype.onnx() as u8);
		tensor.shape.encode_to(&mut bytes);
		tensor.data.encode_to(&mut bytes);
	}
	format!("0x{}", hex::encode(Blake2b::<U32>::digest(&bytes)))
}

mod type_name {
	use super::DType;
	use serde::{de::Error, Deserialize, Deserializer, Serializer};

	pub(super) fn serialize<S: Serializer>(
		dtype: &DType,
		serializer: S,
	) -> Result<S::Ok, S::Error> {
		serializer.serialize_str(dtype.name())
	}

	pub(super) fn deserialize<'de, D: Deserializer<'de>>(
		deserializer: D,
	) -> Result<DType, D::Error> {
		let name = String::deserialize(deserializer)?;
		DType::ALL
			.into_iter()
			.find(|dtype| dtype.name() == name)
			.ok_or_else(|| D::Error::custom(format!("no element type `{name}`")))
	}
}

mod digits {
	use serde::{de::Error, Deserialize, Deserializer, Serializer};

	pub(super) fn serialize<S: Serializer>(data: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
		serializer.serialize_str(&format!("0x{}", hex::encode(data)))
	}

	pub(super) fn deserialize<'de, D: Deserializer<'de>>(
		deserializer: D,
	) -> Result<Vec<u8>, D::Error> {
		let text = String::deserialize(deserializer)?;
		hex::decode(text.strip_prefix("0x").unwrap_or(&text)).map_err(D::Error::custom)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn json_is_that_of_the_command_line() {
		let tensor = Tensor {
			name: "y".into(),
			dtype: DType::U8,
			shape: vec![2],
			data: vec![1, 255],
		};
		let json = serde_json::to_string(&tensor).unwrap();
		assert_eq!(
			json,
			r#"{"name":"y","dtype":"u8","shape":[2],"data":"0x01ff"}"#
		);
		assert_eq!(serde_json::from_str::<Tensor>(&json).unwrap(), tensor);
		let other = json.replace("u8", "f16");
		assert!(serde_json::from_str::<Tensor>(&other).is_err());
	}

	#[test]
	fn the_hash_is_over_the_scale_encoding() {
		let tensor = Tensor {
			name: "y".into(),
			dtype: DType::U8,
			shape: vec![2],
			data: vec![1, 255],
		};
		// One tensor; a name of one byte; u8; one dimension of 2; two bytes.
		let bytes = [4, 4, b'y', 2, 4, 2, 0, 0, 0, 8, 1, 255];
		let expected = Blake2b::<U32>::digest(bytes);
		assert_eq!(
			hash_tensors(&[tensor]),
			format!("0x{}", hex::encode(expected))
		);
	}
}
