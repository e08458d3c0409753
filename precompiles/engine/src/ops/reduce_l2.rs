//! ReduceL2: the square root of the sum of the squares over the reduced axes.

use tract_onnx::prelude::Tensor;

use super::{
	reduce::{lower, Reduction, Walk},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	tensor::dtype,
	DType,
};

#[derive(Debug)]
struct ReduceL2;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(ReduceL2, node, inputs)
}

impl Reduction for ReduceL2 {
	const NAME: &'static str = "ReduceL2";
	const DTYPES: &'static [DType] = &DType::FLOATS;

	fn multiplies(dtype: DType) -> bool {
		dtype == DType::F64
	}

	fn reduce(&self, x: &Tensor, walk: &Walk) -> Result<Tensor, EvalError> {
		crate::with_float!(dtype(x)?, T => {
			walk.sum::<T>(x, |x| x * x, f64::sqrt)
		})
	}
}
