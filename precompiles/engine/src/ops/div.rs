//! Div: the quotient of two tensors that broadcast.
//!
//! Floats are divided, never multiplied by a reciprocal. Integers round towards zero; the least
//! integer divided by -1 wraps around to itself; dividing by zero is a deterministic failure.

use tract_onnx::prelude::Tensor;

use super::{
	binary::{in_place, lower, BinaryOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	broadcast::zip,
	error::{DomainError, EvalError, OpError},
	simd::vectorized,
	tensor::{dtype, slice},
	DType,
};

#[derive(Debug)]
struct Div;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(Div, node, inputs)
}

impl BinaryOp for Div {
	const NAME: &'static str = "Div";
	const DTYPES: &'static [DType] = &DType::NUMBERS;
	const SUBNORMALS: u64 = 1;
	// A division takes about as long as four multiplications.
	const OPERATIONS: u64 = 4;

	in_place!(|a, b| a / b);

	fn apply(&self, a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError> {
		match dtype(a)? {
			DType::F32 => vectorized(|| zip(a, b, shape, |a: f32, b: f32| a / b)),
			DType::F64 => vectorized(|| zip(a, b, shape, |a: f64, b: f64| a / b)),
			dtype => crate::with_integer!(dtype, T => {
				// If there is any output, every divisor is used.
				if !shape.contains(&0) && slice::<T>(b)?.contains(&0) {
					return Err(DomainError::DivisionByZero { op: "Div" }.into());
				}
				zip(a, b, shape, |a: T, b: T| a.checked_div(b).unwrap_or(a))
			}),
		}
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::DomainError,
		testing::{f32s, tensor, OpTest},
	};
	use proptest::prelude::*;

	#[test]
	fn integers_round_towards_zero_and_wrap() {
		let (_, quotient) = OpTest::new("Div")
			.input(tensor(&[4], &[7i32, -7, 7, i32::MIN]))
			.input(tensor(&[4], &[2i32, 2, -2, -1]))
			.elements::<i32>();
		assert_eq!(quotient, [3, -3, -3, i32::MIN]);
	}

	#[test]
	fn an_integer_zero_fails_but_a_float_zero_does_not() {
		let error = OpTest::new("Div")
			.input(tensor(&[2], &[1u8, 2]))
			.input(tensor(&[], &[0u8]))
			.fails();
		assert_eq!(error, DomainError::DivisionByZero { op: "Div" });
		let (_, quotient) = OpTest::new("Div")
			.input(f32s(&[3], &[1.0, -1.0, 0.0]))
			.input(f32s(&[1], &[0.0]))
			.elements::<f32>();
		assert_eq!(quotient[..2], [f32::INFINITY, f32::NEG_INFINITY]);
		assert!(quotient[2].is_nan());
	}

	#[test]
	fn nothing_divided_by_zero_is_nothing() {
		let (shape, _) = OpTest::new("Div")
			.input(tensor::<i32>(&[0], &[]))
			.input(tensor(&[1], &[0i32]))
			.elements::<i32>();
		assert_eq!(shape, [0]);
	}

	proptest! {
		#[test]
		fn any_integers_divide_or_fail(a: i8, b: i8) {
			let test = OpTest::new("Div").input(tensor(&[1], &[a])).input(tensor(&[1], &[b]));
			if b == 0 {
				prop_assert_eq!(test.fails(), DomainError::DivisionByZero { op: "Div" });
			} else {
				prop_assert_eq!(test.elements::<i8>().1, [a.wrapping_div(b)]);
			}
		}
	}
}
