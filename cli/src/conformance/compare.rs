//! Whether an output is the expected one.

use noema_engine::{DType, Value};
use serde::Deserialize;

/// What floats may differ by: `|found - expected| <= atol + rtol * |expected|`, as
/// `numpy.testing.assert_allclose` has it.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tolerance {
	/// Relative.
	pub(super) rtol: f64,
	/// Absolute.
	pub(super) atol: f64,
}

impl Default for Tolerance {
	/// Those of `onnx.backend.test`.
	fn default() -> Self {
		Self {
			rtol: 1e-3,
			atol: 1e-7,
		}
	}
}

/// Types and shapes must be equal, integers and bools exact, floats close; a NaN equals a NaN.
pub(super) fn compare(found: &Value, expected: &Value, tolerance: Tolerance) -> Result<(), String> {
	if (found.dtype, &found.shape) != (expected.dtype, &expected.shape) {
		return Err(format!(
			"{} {:?} instead of {} {:?}",
			found.dtype, found.shape, expected.dtype, expected.shape
		));
	}
	if !found.dtype.is_float() {
		let size = found.dtype.size();
		let (found, expected) = (found.data.chunks(size), expected.data.chunks(size));
		return match found.zip(expected).position(|(a, b)| a != b) {
			None => Ok(()),
			Some(index) => Err(format!("element {index} is another")),
		};
	}
	for (index, (a, b)) in floats(found).into_iter().zip(floats(expected)).enumerate() {
		let close = a == b
			|| (a.is_nan() && b.is_nan())
			|| (b.is_finite() && (a - b).abs() <= tolerance.atol + tolerance.rtol * b.abs());
		if !close {
			return Err(format!("element {index} is {a} instead of {b}"));
		}
	}
	Ok(())
}

/// The elements of a tensor of f32 or f64.
fn floats(value: &Value) -> Vec<f64> {
	if value.dtype == DType::F64 {
		let elements = value.data.as_chunks::<8>().0.iter();
		elements.map(|bytes| f64::from_le_bytes(*bytes)).collect()
	} else {
		let elements = value.data.as_chunks::<4>().0.iter();
		elements
			.map(|bytes| f64::from(f32::from_le_bytes(*bytes)))
			.collect()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn f32s(elements: &[f32]) -> Value {
		Value {
			dtype: DType::F32,
			shape: vec![elements.len()],
			data: elements.iter().flat_map(|x| x.to_le_bytes()).collect(),
		}
	}

	fn check(found: &[f32], expected: &[f32]) -> Result<(), String> {
		compare(&f32s(found), &f32s(expected), Tolerance::default())
	}

	#[test]
	fn floats_may_differ_a_little() {
		assert!(check(&[1.0009], &[1.0]).is_ok());
		assert!(check(&[1.0011], &[1.0]).is_err());
		assert!(check(&[1e-8], &[0.0]).is_ok());
		assert!(check(&[1e-6], &[0.0]).is_err());
	}

	#[test]
	fn what_is_not_finite_must_be_the_same() {
		let (nan, inf) = (f32::NAN, f32::INFINITY);
		assert!(check(&[nan, inf, -inf], &[nan, inf, -inf]).is_ok());
		assert!(check(&[1.0], &[nan]).is_err());
		assert!(check(&[nan], &[1.0]).is_err());
		assert!(check(&[1.0], &[inf]).is_err());
		assert!(check(&[inf], &[-inf]).is_err());
		assert!(check(&[inf], &[1.0]).is_err());
	}

	#[test]
	fn types_and_shapes_must_be_equal_and_integers_exact() {
		let bytes = |dtype, data: &[u8]| Value {
			dtype,
			shape: vec![data.len()],
			data: data.to_vec(),
		};
		let close = |a: &Value, b: &Value| compare(a, b, Tolerance::default());
		let (a, b) = (bytes(DType::U8, &[1, 2]), bytes(DType::U8, &[1, 3]));
		assert_eq!(close(&a, &a), Ok(()));
		assert!(close(&a, &b).unwrap_err().contains("element 1"));
		assert!(close(&a, &bytes(DType::I8, &[1, 2])).is_err());
		assert!(check(&[1.0], &[1.0, 1.0]).is_err());
	}
}
