//! Constant: a tensor that the node carries.

use std::sync::Arc;

use super::{Inputs, Lowered, NodeCtx};
use crate::{error::OpError, tensor::from_slice};

/// Every attribute that may hold the value.
pub(super) const ATTRIBUTES: &[&str] = &[
	"sparse_value",
	"value",
	"value_float",
	"value_floats",
	"value_int",
	"value_ints",
	"value_string",
	"value_strings",
];

pub(super) fn build(node: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	let attrs = node.attrs;
	let bad = |error: crate::error::EvalError| OpError::BadTensor {
		reason: error.to_string(),
	};
	if let Some(name) = ["sparse_value", "value_string", "value_strings"]
		.into_iter()
		.find(|name| attrs.has(name))
	{
		return Err(OpError::unsupported(format!(
			"attribute '{name}' is not supported"
		)));
	}
	let given = [
		"value",
		"value_float",
		"value_floats",
		"value_int",
		"value_ints",
	];
	if given.iter().filter(|name| attrs.has(name)).count() != 1 {
		return Err(OpError::bad_attribute(
			"value",
			"there must be exactly one value",
		));
	}
	if attrs
		.tensor_storage("value")?
		.is_some_and(|storage| storage.range().is_some())
	{
		return Err(OpError::unsupported(
			"make a tensor of 2-bit or 4-bit integers an initializer",
		));
	}
	let value = if let Some(value) = attrs.tensor("value")? {
		value
	} else if let Some(value) = attrs.float("value_float")? {
		Arc::new(canonical(&[], &[value])?)
	} else if let Some(values) = attrs.floats("value_floats")? {
		Arc::new(canonical(&[values.len()], values)?)
	} else if let Some(value) = attrs.int("value_int")? {
		Arc::new(from_slice(&[], &[value]).map_err(bad)?)
	} else {
		let values = attrs.ints("value_ints")?.unwrap_or_default();
		Arc::new(from_slice(&[values.len()], values).map_err(bad)?)
	};
	Ok(Lowered::Constants(vec![value]))
}

/// A tensor of floats, NaNs made canonical.
fn canonical(shape: &[usize], data: &[f32]) -> Result<tract_onnx::prelude::Tensor, OpError> {
	let mut tensor = from_slice(shape, data).map_err(|error| OpError::BadTensor {
		reason: error.to_string(),
	})?;
	crate::tensor::canonicalise_nans(&mut tensor).map_err(|error| OpError::BadTensor {
		reason: error.to_string(),
	})?;
	Ok(tensor)
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{float, int, ints, string, OpTest},
	};

	#[test]
	fn every_kind_of_value() {
		let test = OpTest::new("Constant").attr(float("value_float", -f32::NAN));
		let (shape, value) = test.elements::<f32>();
		assert_eq!((shape, value[0].to_bits()), (vec![], 0x7fc0_0000));
		let test = OpTest::new("Constant").attr(ints("value_ints", &[1, -2]));
		assert_eq!(test.elements::<i64>(), (vec![2], vec![1, -2]));
		let test = OpTest::new("Constant").attr(int("value_int", 7));
		assert_eq!(test.elements::<i64>(), (vec![], vec![7]));
	}

	#[test]
	fn none_two_or_a_string_are_refused() {
		assert!(matches!(
			OpTest::new("Constant").refused(),
			OpError::BadAttribute { .. }
		));
		let test = OpTest::new("Constant")
			.attr(int("value_int", 7))
			.attr(float("value_float", 1.0));
		assert!(matches!(test.refused(), OpError::BadAttribute { .. }));
		let test = OpTest::new("Constant").attr(string("value_string", "x"));
		assert!(matches!(test.refused(), OpError::Unsupported { .. }));
	}
}
