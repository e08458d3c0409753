//! LessOrEqual: whether a is at most b; false for a NaN.

use tract_onnx::prelude::Tensor;

use super::{
	binary::{lower, BinaryOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	broadcast::zip,
	error::{EvalError, OpError},
	simd::vectorized,
	tensor::dtype,
	DType,
};

#[derive(Debug)]
struct LessOrEqual;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(LessOrEqual, node, inputs)
}

impl BinaryOp for LessOrEqual {
	const NAME: &'static str = "LessOrEqual";
	const DTYPES: &'static [DType] = &DType::NUMBERS;

	fn output(&self, _: DType) -> DType {
		DType::Bool
	}

	fn apply(&self, a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError> {
		crate::with_number!(dtype(a)?, T => vectorized(
			#[inline(always)]
			|| zip(a, b, shape, #[inline(always)] |a: T, b: T| a <= b)
		))
	}
}
