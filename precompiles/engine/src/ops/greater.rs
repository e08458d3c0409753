//! Greater: whether a is above b; false for a NaN.

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
struct Greater;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(Greater, node, inputs)
}

impl BinaryOp for Greater {
	const NAME: &'static str = "Greater";
	const DTYPES: &'static [DType] = &DType::NUMBERS;

	fn output(&self, _: DType) -> DType {
		DType::Bool
	}

	fn apply(&self, a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError> {
		crate::with_number!(dtype(a)?, T => vectorized(
			#[inline(always)]
			|| zip(a, b, shape, #[inline(always)] |a: T, b: T| a > b)
		))
	}
}
