//! Xor: whether exactly one is true.

use tract_onnx::prelude::Tensor;

use super::{
	binary::{lower, BinaryOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	broadcast::zip,
	error::{EvalError, OpError},
	DType,
};

#[derive(Debug)]
struct Xor;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(Xor, node, inputs)
}

impl BinaryOp for Xor {
	const NAME: &'static str = "Xor";
	const DTYPES: &'static [DType] = &[DType::Bool];

	fn apply(&self, a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError> {
		zip(a, b, shape, |a: bool, b: bool| a ^ b)
	}
}
