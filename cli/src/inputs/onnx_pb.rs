//! ONNX `TensorProto` files, such as the test data of model zoos.
//!
//! Field numbers and packing rules: <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>.

use std::path::Path;

use prost::Message;

use super::{cast::Number, raw, InputError, Loaded};
use crate::tensor::{elements, DType};

/// The part of `onnx.TensorProto` that carries a tensor's value.
#[derive(Clone, PartialEq, Message)]
struct TensorProto {
	#[prost(int64, repeated, tag = "1")]
	dims: Vec<i64>,
	#[prost(int32, tag = "2")]
	data_type: i32,
	#[prost(float, repeated, tag = "4")]
	float_data: Vec<f32>,
	#[prost(int32, repeated, tag = "5")]
	int32_data: Vec<i32>,
	#[prost(int64, repeated, tag = "7")]
	int64_data: Vec<i64>,
	#[prost(string, tag = "8")]
	name: String,
	#[prost(bytes = "vec", tag = "9")]
	raw_data: Vec<u8>,
	#[prost(double, repeated, tag = "10")]
	double_data: Vec<f64>,
	#[prost(uint64, repeated, tag = "11")]
	uint64_data: Vec<u64>,
	#[prost(int32, tag = "14")]
	data_location: i32,
}

pub(super) fn load(path: &Path) -> Result<Loaded, InputError> {
	let bytes = raw::read(path)?;
	parse(&bytes).map_err(|reason| InputError::Malformed {
		path: path.to_path_buf(),
		kind: "ONNX tensor",
		reason,
	})
}

fn parse(bytes: &[u8]) -> Result<Loaded, String> {
	let proto = TensorProto::decode(bytes).map_err(|error| error.to_string())?;
	if proto.data_location == 1 {
		return Err("its data lies in another file; save it with the data inside".to_owned());
	}
	let dtype = dtype(proto.data_type)
		.ok_or_else(|| format!("its data type {} is none that models take", proto.data_type))?;
	let shape: Vec<u32> = proto
		.dims
		.iter()
		.map(|dim| u32::try_from(*dim).map_err(|_| format!("its dimension {dim} is out of range")))
		.collect::<Result<_, _>>()?;
	let count = elements(&shape).ok_or("its size overflows")?;
	let data = if proto.raw_data.is_empty() {
		typed(&proto, dtype)?
	} else {
		proto.raw_data
	};
	if count.checked_mul(dtype.size()) != Some(data.len()) {
		return Err(format!(
			"it has {} bytes of data, its shape has {count} elements of {dtype}",
			data.len()
		));
	}
	Ok(Loaded {
		dtype: Some(dtype),
		shape: Some(shape),
		data,
	})
}

/// `onnx.TensorProto.DataType`.
fn dtype(data_type: i32) -> Option<DType> {
	Some(match data_type {
		1 => DType::F32,
		2 => DType::U8,
		3 => DType::I8,
		4 => DType::U16,
		5 => DType::I16,
		6 => DType::I32,
		7 => DType::I64,
		9 => DType::Bool,
		11 => DType::F64,
		12 => DType::U32,
		13 => DType::U64,
		_ => return None,
	})
}

/// The elements of the field that holds this type.
fn typed(proto: &TensorProto, dtype: DType) -> Result<Vec<u8>, String> {
	let mut data = Vec::new();
	let mut push = |number: Number| {
		number
			.write(dtype, &mut data)
			.then_some(())
			.ok_or_else(|| format!("an element is no {dtype}"))
	};
	match dtype {
		DType::F32 => {
			return Ok(proto
				.float_data
				.iter()
				.flat_map(|value| value.to_le_bytes())
				.collect())
		}
		DType::F64 => {
			return Ok(proto
				.double_data
				.iter()
				.flat_map(|value| value.to_le_bytes())
				.collect())
		}
		DType::I64 => proto
			.int64_data
			.iter()
			.try_for_each(|v| push(Number::Int((*v).into())))?,
		DType::U32 | DType::U64 => {
			proto
				.uint64_data
				.iter()
				.try_for_each(|v| push(Number::Int((*v).into())))?;
		}
		_ => proto
			.int32_data
			.iter()
			.try_for_each(|v| push(Number::Int((*v).into())))?,
	}
	Ok(data)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn load(proto: &TensorProto) -> Result<Loaded, String> {
		parse(&proto.encode_to_vec())
	}

	#[test]
	fn raw_and_typed_data_agree() {
		let raw = TensorProto {
			dims: vec![2],
			data_type: 1,
			raw_data: [1.0f32, -2.0]
				.iter()
				.flat_map(|v| v.to_le_bytes())
				.collect(),
			..Default::default()
		};
		let typed = TensorProto {
			dims: vec![2],
			data_type: 1,
			float_data: vec![1.0, -2.0],
			..Default::default()
		};
		assert_eq!(load(&raw).unwrap(), load(&typed).unwrap());
	}

	#[test]
	fn small_integers_travel_as_int32() {
		let proto = TensorProto {
			dims: vec![3],
			data_type: 3,
			int32_data: vec![-128, 0, 127],
			..Default::default()
		};
		assert_eq!(load(&proto).unwrap().data, [0x80, 0, 0x7f]);
		let too_large = TensorProto {
			dims: vec![1],
			int32_data: vec![128],
			..proto
		};
		assert!(load(&too_large).unwrap_err().contains("i8"));
	}

	#[test]
	fn lies_are_refused() {
		let proto = TensorProto {
			dims: vec![3],
			data_type: 1,
			float_data: vec![1.0],
			..Default::default()
		};
		assert!(load(&proto).unwrap_err().contains("elements"));
		let negative = TensorProto {
			dims: vec![-1],
			..proto.clone()
		};
		assert!(load(&negative).unwrap_err().contains("-1"));
		let huge = TensorProto {
			dims: vec![1 << 31; 4],
			..proto.clone()
		};
		assert!(load(&huge).unwrap_err().contains("overflows"));
		let half = TensorProto {
			data_type: 10,
			..proto.clone()
		};
		assert!(load(&half).unwrap_err().contains("10"));
		let external = TensorProto {
			data_location: 1,
			..proto
		};
		assert!(load(&external).unwrap_err().contains("another file"));
		assert!(parse(&[0xff; 9]).is_err());
	}
}
