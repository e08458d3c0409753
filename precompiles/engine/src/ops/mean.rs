//! Mean: the sum of all inputs, added from the first to the last, divided by their number.

use tract_onnx::prelude::Tensor;

use super::{
	variadic::{lower, VariadicOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	broadcast::zip,
	error::{EvalError, OpError},
	simd::vectorized,
	tensor::{dtype, map},
	DType,
};

#[derive(Debug)]
struct Mean;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(Mean, node, inputs)
}

impl VariadicOp for Mean {
	const NAME: &'static str = "Mean";
	const DTYPES: &'static [DType] = &DType::FLOATS;
	const DIVIDES: bool = true;

	fn combine(&self, a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError> {
		crate::with_float!(dtype(a)?, T => vectorized(
			#[inline(always)]
			|| zip(a, b, shape, #[inline(always)] |a: T, b: T| a + b)
		))
	}

	fn finish(&self, folded: Tensor, inputs: usize) -> Result<Tensor, EvalError> {
		match dtype(&folded)? {
			DType::F32 => map(&folded, |x: f32| x / inputs as f32),
			DType::F64 => map(&folded, |x: f64| x / inputs as f64),
			other => Err(EvalError::unexpected_dtype(other)),
		}
	}
}
