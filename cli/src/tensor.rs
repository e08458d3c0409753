//! The typed tensor of the command line, and its JSON form.

use serde::{Deserialize, Serialize};
use subxt::ext::scale_encode::EncodeAsType;

/// Element types. The names are those of JSON and of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
#[serde(rename_all = "lowercase")]
pub enum DType {
	/// IEEE-754 binary32.
	F32,
	/// IEEE-754 binary64.
	F64,
	/// Unsigned 8-bit integer.
	U8,
	/// Signed 8-bit integer.
	I8,
	/// Unsigned 16-bit integer.
	U16,
	/// Signed 16-bit integer.
	I16,
	/// Unsigned 32-bit integer.
	U32,
	/// Signed 32-bit integer.
	I32,
	/// Unsigned 64-bit integer.
	U64,
	/// Signed 64-bit integer.
	I64,
	/// One byte per element, 0 or 1.
	Bool,
}

impl DType {
	/// All of them.
	pub const ALL: [Self; 11] = [
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
	];

	/// Bytes that one element takes.
	pub const fn size(self) -> usize {
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

	/// The type of this name; numpy's names (`float32`, `int64`, `uint8`) are understood too.
	pub fn from_name(name: &str) -> Option<Self> {
		let short = match name {
			"float32" | "float" => "f32",
			"float64" | "double" => "f64",
			"uint8" => "u8",
			"int8" => "i8",
			"uint16" => "u16",
			"int16" => "i16",
			"uint32" => "u32",
			"int32" => "i32",
			"uint64" => "u64",
			"int64" => "i64",
			other => other,
		};
		Self::ALL.into_iter().find(|dtype| dtype.name() == short)
	}
}

impl std::fmt::Display for DType {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.write_str(self.name())
	}
}

impl From<noema_engine::DType> for DType {
	fn from(dtype: noema_engine::DType) -> Self {
		use noema_engine::DType as Engine;
		match dtype {
			Engine::F32 => Self::F32,
			Engine::F64 => Self::F64,
			Engine::U8 => Self::U8,
			Engine::I8 => Self::I8,
			Engine::U16 => Self::U16,
			Engine::I16 => Self::I16,
			Engine::U32 => Self::U32,
			Engine::I32 => Self::I32,
			Engine::U64 => Self::U64,
			Engine::I64 => Self::I64,
			Engine::Bool => Self::Bool,
		}
	}
}

impl From<DType> for noema_engine::DType {
	fn from(dtype: DType) -> Self {
		match dtype {
			DType::F32 => Self::F32,
			DType::F64 => Self::F64,
			DType::U8 => Self::U8,
			DType::I8 => Self::I8,
			DType::U16 => Self::U16,
			DType::I16 => Self::I16,
			DType::U32 => Self::U32,
			DType::I32 => Self::I32,
			DType::U64 => Self::U64,
			DType::I64 => Self::I64,
			DType::Bool => Self::Bool,
		}
	}
}

/// Name, element type and static shape of a graph input or output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorSchema {
	/// The name, as the ONNX file spells it.
	pub name: String,
	/// Element type.
	pub dtype: DType,
	/// Dimensions, outermost first.
	pub shape: Vec<u32>,
}

impl TensorSchema {
	/// The number of elements.
	pub fn elements(&self) -> Option<usize> {
		elements(&self.shape)
	}
}

impl std::fmt::Display for TensorSchema {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		write!(
			f,
			"{} {} {}",
			self.name,
			self.dtype,
			shape_text(&self.shape)
		)
	}
}

/// A dense tensor with the name of the graph input or output that it is for.
///
/// In JSON: `{"name": "image", "dtype": "f32", "shape": [1, 1, 8, 8], "data": "0x..."}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tensor {
	/// The name of the graph input or output.
	pub name: String,
	/// Element type.
	pub dtype: DType,
	/// Dimensions, outermost first; empty for a scalar.
	pub shape: Vec<u32>,
	/// Elements: row-major, little endian, one byte per bool; hex in JSON.
	#[serde(with = "crate::hex_bytes")]
	pub data: Vec<u8>,
}

impl Tensor {
	/// Name, type and shape.
	pub fn schema(&self) -> TensorSchema {
		TensorSchema {
			name: self.name.clone(),
			dtype: self.dtype,
			shape: self.shape.clone(),
		}
	}

	/// Whether the data is exactly as long as dtype and shape say.
	pub fn is_consistent(&self) -> bool {
		elements(&self.shape).and_then(|n| n.checked_mul(self.dtype.size()))
			== Some(self.data.len())
	}

	/// The elements as double floats, for display and ranking.
	///
	/// Integers beyond 2^53 are rounded.
	pub fn to_f64(&self) -> Vec<f64> {
		self.data
			.chunks_exact(self.dtype.size())
			.map(
				|bytes| match crate::inputs::cast::Number::read(self.dtype, bytes) {
					crate::inputs::cast::Number::Int(value) => value as f64,
					crate::inputs::cast::Number::Float(value) => value,
				},
			)
			.collect()
	}
}

impl From<Tensor> for noema_engine::Value {
	fn from(tensor: Tensor) -> Self {
		Self {
			dtype: tensor.dtype.into(),
			shape: tensor.shape.iter().map(|dim| *dim as usize).collect(),
			data: tensor.data,
		}
	}
}

/// The number of elements of a shape, unless it overflows.
pub fn elements(shape: &[u32]) -> Option<usize> {
	shape
		.iter()
		.try_fold(1usize, |n, dim| n.checked_mul(usize::try_from(*dim).ok()?))
}

/// A shape as people write it: `[1, 3, 224, 224]`.
pub fn shape_text(shape: &[u32]) -> String {
	let dims: Vec<String> = shape.iter().map(u32::to_string).collect();
	format!("[{}]", dims.join(", "))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn names_round_trip() {
		for dtype in DType::ALL {
			assert_eq!(DType::from_name(dtype.name()), Some(dtype));
			assert_eq!(DType::from(noema_engine::DType::from(dtype)), dtype);
		}
		assert_eq!(DType::from_name("float32"), Some(DType::F32));
		assert_eq!(DType::from_name("complex64"), None);
	}

	#[test]
	fn json_form() {
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
	}

	#[test]
	fn consistency_counts_and_detects_overflow() {
		let mut tensor = Tensor {
			name: String::new(),
			dtype: DType::F32,
			shape: vec![2, 3],
			data: vec![0; 24],
		};
		assert!(tensor.is_consistent());
		tensor.data.pop();
		assert!(!tensor.is_consistent());
		tensor.shape = vec![u32::MAX; 4];
		assert!(!tensor.is_consistent());
	}
}
