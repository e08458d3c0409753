//! Equal: whether two elements are equal. -0.0 equals +0.0, a NaN equals nothing.

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
struct Equal;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(Equal, node, inputs)
}

impl BinaryOp for Equal {
	const NAME: &'static str = "Equal";
	const DTYPES: &'static [DType] = &DType::ALL;

	fn output(&self, _: DType) -> DType {
		DType::Bool
	}

	fn apply(&self, a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError> {
		crate::with_any!(dtype(a)?, T => vectorized(
			#[inline(always)]
			|| zip(a, b, shape, #[inline(always)] |a: T, b: T| a == b)
		))
	}
}
