//! ReduceSumSquare: the sum of the squares over the reduced axes, from +0. Integers wrap around.

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
struct ReduceSumSquare;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(ReduceSumSquare, node, inputs)
}

impl Reduction for ReduceSumSquare {
	const NAME: &'static str = "ReduceSumSquare";
	const DTYPES: &'static [DType] = &super::reduce::NUMBERS;

	fn multiplies(dtype: DType) -> bool {
		dtype == DType::F64
	}

	fn reduce(&self, x: &Tensor, walk: &Walk) -> Result<Tensor, EvalError> {
		match dtype(x)? {
			DType::F32 => walk.sum::<f32>(x, |x| x * x, |sum| sum),
			DType::F64 => walk.sum::<f64>(x, |x| x * x, |sum| sum),
			dtype => {
				crate::with_integer!(dtype, T => walk.reduce::<T>(x, 0, |a, x| a.wrapping_add(x.wrapping_mul(x)), |a| a))
			}
		}
	}
}
