//! JSON: nested lists, or `{"dtype": ..., "shape": ..., "data": ...}`.
//!
//! A number in a nested list has no type of its own: it is read as the nearest value of the
//! model's type, as a literal in source code would be. An object says its type, and its data is a
//! (nested) list or hex digits, so that the `outputs` of one run can be inputs of the next.

use std::path::Path;

use serde_json::Value;

use super::{cast::Number, raw, InputError, Loaded};
use crate::tensor::{elements, DType};

pub(super) fn load(path: &Path, default: DType) -> Result<Loaded, InputError> {
	let bytes = raw::read(path)?;
	parse(&bytes, default).map_err(|reason| InputError::Malformed {
		path: path.to_path_buf(),
		kind: "JSON tensor",
		reason,
	})
}

fn parse(bytes: &[u8], default: DType) -> Result<Loaded, String> {
	let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
	match value {
		Value::Object(object) => {
			let field = |name: &str| {
				object.get(name).ok_or_else(|| {
					format!("it lacks `{name}`; an object takes dtype, shape and data")
				})
			};
			let dtype = field("dtype")?;
			let dtype = dtype.as_str().and_then(DType::from_name).ok_or_else(|| {
				format!("{dtype} is no dtype; take one of f32, f64, u8, ..., bool")
			})?;
			let shape: Vec<u32> = serde_json::from_value(field("shape")?.clone())
				.map_err(|_| "shape must be a list of non-negative integers".to_owned())?;
			let data = match field("data")? {
				Value::String(text) => {
					crate::hex_bytes::from_text(text).map_err(|error| format!("data: {error}"))?
				}
				list => {
					let mut data = Vec::new();
					let mut dims = Vec::new();
					flatten(list, dtype, 0, &mut dims, &mut data)?;
					data
				}
			};
			let expected = elements(&shape).and_then(|n| n.checked_mul(dtype.size()));
			if expected != Some(data.len()) {
				return Err(format!(
					"its data has {} elements, which is not what its shape says",
					data.len() / dtype.size()
				));
			}
			Ok(Loaded {
				dtype: Some(dtype),
				shape: Some(shape),
				data,
			})
		}
		list => {
			let mut data = Vec::new();
			let mut dims = Vec::new();
			flatten(&list, default, 0, &mut dims, &mut data)?;
			Ok(Loaded {
				dtype: None,
				shape: Some(dims),
				data,
			})
		}
	}
}

/// Appends the elements of nested lists. `dims` grows to the shape; every list of one depth must
/// have the same length.
fn flatten(
	value: &Value,
	dtype: DType,
	depth: usize,
	dims: &mut Vec<u32>,
	data: &mut Vec<u8>,
) -> Result<(), String> {
	let Value::Array(items) = value else {
		if depth != dims.len() {
			return Err("its lists are nested unevenly".to_owned());
		}
		return scalar(value, dtype, data);
	};
	let length = u32::try_from(items.len()).map_err(|_| "a list is too long".to_owned())?;
	if depth == dims.len() {
		if !data.is_empty() {
			return Err("its lists are nested unevenly".to_owned());
		}
		dims.push(length);
	} else if dims[depth] != length {
		return Err(format!(
			"its lists differ in length: {} and {length} at depth {depth}",
			dims[depth]
		));
	}
	for item in items {
		flatten(item, dtype, depth + 1, dims, data)?;
	}
	Ok(())
}

fn scalar(value: &Value, dtype: DType, data: &mut Vec<u8>) -> Result<(), String> {
	let float = matches!(dtype, DType::F32 | DType::F64);
	let number = match value {
		Value::Bool(set) => Number::Int((*set).into()),
		Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
			(Some(integer), _, _) => Number::Int(integer.into()),
			(_, Some(integer), _) => Number::Int(integer.into()),
			(_, _, Some(number)) => Number::Float(number),
			_ => return Err(format!("{number} is out of range")),
		},
		// JSON has no words for these.
		Value::String(text) if float && text == "NaN" => Number::Float(f64::NAN),
		Value::String(text) if float && text == "Infinity" => Number::Float(f64::INFINITY),
		Value::String(text) if float && text == "-Infinity" => Number::Float(f64::NEG_INFINITY),
		other => return Err(format!("{other} is no number")),
	};
	if number.write(dtype, data) || float {
		Ok(())
	} else {
		Err(format!("{value} is no {dtype}"))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn f32s(values: &[f32]) -> Vec<u8> {
		values
			.iter()
			.flat_map(|value| value.to_le_bytes())
			.collect()
	}

	#[test]
	fn nested_lists() {
		let loaded = parse(b"[[1, 0.1], [-3, 1e3]]", DType::F32).unwrap();
		assert_eq!(loaded.shape, Some(vec![2, 2]));
		assert_eq!(loaded.data, f32s(&[1.0, 0.1, -3.0, 1000.0]));
		assert_eq!(parse(b"7", DType::U8).unwrap().shape, Some(vec![]));
		assert_eq!(parse(b"[true, false]", DType::Bool).unwrap().data, [1, 0]);
		assert_eq!(parse(b"[]", DType::U8).unwrap().shape, Some(vec![0]));
	}

	#[test]
	fn objects() {
		let loaded = parse(
			br#"{"name":"y","dtype":"f32","shape":[2],"data":"0x0000803f00000040"}"#,
			DType::U8,
		)
		.unwrap();
		assert_eq!(loaded.dtype, Some(DType::F32));
		assert_eq!(loaded.data, f32s(&[1.0, 2.0]));
		let flat = parse(
			br#"{"dtype":"u8","shape":[2,2],"data":[1,2,3,4]}"#,
			DType::F32,
		)
		.unwrap();
		assert_eq!(
			(flat.shape, flat.data),
			(Some(vec![2, 2]), vec![1, 2, 3, 4])
		);
	}

	#[test]
	fn words_for_what_json_lacks() {
		let loaded = parse(br#"["NaN", "-Infinity"]"#, DType::F32).unwrap();
		assert!(f32::from_le_bytes(loaded.data[..4].try_into().unwrap()).is_nan());
		assert!(parse(br#"["NaN"]"#, DType::U8).is_err());
	}

	#[test]
	fn faults_are_named() {
		let error = |text: &str| parse(text.as_bytes(), DType::U8).unwrap_err();
		assert!(error("[[1], [1, 2]]").contains("length"));
		assert!(error("[1, [2]]").contains("unevenly"));
		assert!(error("[[2], 1]").contains("unevenly"));
		assert!(error("[256]").contains("256 is no u8"));
		assert!(error("[0.5]").contains("0.5 is no u8"));
		assert!(error("[null]").contains("null"));
		assert!(error("{}").contains("dtype"));
		assert!(error(r#"{"dtype":"f16","shape":[],"data":0}"#).contains("f16"));
		assert!(error(r#"{"dtype":"u8","shape":[2],"data":[1]}"#).contains("shape"));
		assert!(error(r#"{"dtype":"u8","shape":[1],"data":"0xz1"}"#).contains("data"));
		assert!(error("[1").contains("EOF"));
	}
}
