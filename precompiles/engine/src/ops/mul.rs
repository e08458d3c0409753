//! Mul: the product of two tensors that broadcast. Integers wrap around.

use super::{
	binary::{arithmetic, lower, BinaryOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, DType};

#[derive(Debug)]
struct Mul;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(Mul, node, inputs)
}

impl BinaryOp for Mul {
	const NAME: &'static str = "Mul";
	const DTYPES: &'static [DType] = &DType::NUMBERS;
	const SUBNORMALS: u64 = 1;

	arithmetic!(|a, b| a * b, |a, b| a.wrapping_mul(b));
}
