//! ReduceL1: the sum of the magnitudes over the reduced axes, from +0. Integers wrap around.

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
struct ReduceL1;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(ReduceL1, node, inputs)
}

impl Reduction for ReduceL1 {
	const NAME: &'static str = "ReduceL1";
	const DTYPES: &'static [DType] = &super::reduce::NUMBERS;

	fn reduce(&self, x: &Tensor, walk: &Walk) -> Result<Tensor, EvalError> {
		match dtype(x)? {
			DType::F32 => walk.sum::<f32>(x, f64::abs, |sum| sum),
			DType::F64 => walk.sum::<f64>(x, f64::abs, |sum| sum),
			DType::I32 => walk.reduce::<i32>(x, 0, |a, x| a.wrapping_add(x.wrapping_abs()), |a| a),
			DType::I64 => walk.reduce::<i64>(x, 0, |a, x| a.wrapping_add(x.wrapping_abs()), |a| a),
			dtype => {
				crate::with_integer!(dtype, T => walk.reduce::<T>(x, 0, |a, x| a.wrapping_add(x), |a| a))
			}
		}
	}
}
