//! Sum: the sum of all inputs, added from the first to the last.

use tract_onnx::prelude::Tensor;

use super::{
	variadic::{lower, VariadicOp},
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
struct Sum;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(Sum, node, inputs)
}

impl VariadicOp for Sum {
	const NAME: &'static str = "Sum";
	const DTYPES: &'static [DType] = &DType::FLOATS;
	const IS_SUM: bool = true;

	fn combine(&self, a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError> {
		crate::with_float!(dtype(a)?, T => vectorized(
			#[inline(always)]
			|| zip(a, b, shape, #[inline(always)] |a: T, b: T| a + b)
		))
	}
}
