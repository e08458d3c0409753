//! BitwiseOr: the bits that one of them has.

use tract_onnx::prelude::Tensor;

use super::{
	binary::{lower, BinaryOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	broadcast::zip,
	error::{EvalError, OpError},
	tensor::dtype,
	DType,
};

#[derive(Debug)]
struct BitwiseOr;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(BitwiseOr, node, inputs)
}

impl BinaryOp for BitwiseOr {
	const NAME: &'static str = "BitwiseOr";
	const DTYPES: &'static [DType] = &DType::INTEGERS;

	fn apply(&self, a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError> {
		crate::with_integer!(dtype(a)?, T => zip(a, b, shape, |a: T, b: T| a | b))
	}
}
