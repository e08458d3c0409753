//! ReduceSum: the sum over the reduced axes, from +0. Integers wrap around.

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
struct ReduceSum;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(ReduceSum, node, inputs)
}

impl Reduction for ReduceSum {
	const NAME: &'static str = "ReduceSum";
	const DTYPES: &'static [DType] = &super::reduce::NUMBERS;

	fn reduce(&self, x: &Tensor, walk: &Walk) -> Result<Tensor, EvalError> {
		match dtype(x)? {
			DType::F32 => walk.sum::<f32>(x, |x| x, |sum| sum),
			DType::F64 => walk.sum::<f64>(x, |x| x, |sum| sum),
			dtype => {
				crate::with_integer!(dtype, T => walk.reduce::<T>(x, 0, |a, x| a.wrapping_add(x), |a| a))
			}
		}
	}
}
