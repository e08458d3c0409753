//! Max: the largest of the elements, by [`Select::larger`]: a NaN wins, +0.0 is above -0.0.

use tract_onnx::prelude::Tensor;

use super::{
	variadic::{lower, VariadicOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	broadcast::zip,
	error::{EvalError, OpError},
	select::Select,
	simd::vectorized,
	tensor::dtype,
	DType,
};

#[derive(Debug)]
struct Max;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(Max, node, inputs)
}

impl VariadicOp for Max {
	const NAME: &'static str = "Max";
	const DTYPES: &'static [DType] = &DType::NUMBERS;

	fn combine(&self, a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError> {
		crate::with_number!(dtype(a)?, T => vectorized(
			#[inline(always)]
			|| zip(a, b, shape, #[inline(always)] |a: T, b: T| a.larger(b))
		))
	}
}
