//! ReduceLogSum: the natural logarithm of the sum over the reduced axes.

use tract_onnx::prelude::Tensor;

use super::{
	reduce::{lower, Reduction, Walk},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	math::ln,
	tensor::dtype,
	DType,
};

#[derive(Debug)]
struct ReduceLogSum;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(ReduceLogSum, node, inputs)
}

impl Reduction for ReduceLogSum {
	const NAME: &'static str = "ReduceLogSum";
	const DTYPES: &'static [DType] = &DType::FLOATS;

	fn reduce(&self, x: &Tensor, walk: &Walk) -> Result<Tensor, EvalError> {
		crate::with_float!(dtype(x)?, T => {
			walk.sum::<T>(x, |x| x, ln)
		})
	}
}
