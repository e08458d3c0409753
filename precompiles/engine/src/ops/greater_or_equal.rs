//! GreaterOrEqual: whether a is at least b; false for a NaN.

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
struct GreaterOrEqual;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(GreaterOrEqual, node, inputs)
}

impl BinaryOp for GreaterOrEqual {
	const NAME: &'static str = "GreaterOrEqual";
	const DTYPES: &'static [DType] = &DType::NUMBERS;

	fn output(&self, _: DType) -> DType {
		DType::Bool
	}

	fn apply(&self, a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError> {
		crate::with_number!(dtype(a)?, T => vectorized(
			#[inline(always)]
			|| zip(a, b, shape, #[inline(always)] |a: T, b: T| a >= b)
		))
	}
}
