//! ReduceProd: the product over the reduced axes, from 1. Integers wrap around.

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
struct ReduceProd;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(ReduceProd, node, inputs)
}

impl Reduction for ReduceProd {
	const NAME: &'static str = "ReduceProd";
	const DTYPES: &'static [DType] = &super::reduce::NUMBERS;

	fn multiplies(_: DType) -> bool {
		true
	}

	fn reduce(&self, x: &Tensor, walk: &Walk) -> Result<Tensor, EvalError> {
		match dtype(x)? {
			DType::F32 => walk.reduce::<f32>(x, 1.0, |a, x| a * x, |a| a),
			DType::F64 => walk.reduce::<f64>(x, 1.0, |a, x| a * x, |a| a),
			dtype => {
				crate::with_integer!(dtype, T => walk.reduce::<T>(x, 1, |a, x| a.wrapping_mul(x), |a| a))
			}
		}
	}
}
