//! Sub: the difference of two tensors that broadcast. Integers wrap around.

use super::{
	binary::{arithmetic, lower, BinaryOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, DType};

#[derive(Debug)]
struct Sub;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(Sub, node, inputs)
}

impl BinaryOp for Sub {
	const NAME: &'static str = "Sub";
	const DTYPES: &'static [DType] = &DType::NUMBERS;

	arithmetic!(|a, b| a - b, |a, b| a.wrapping_sub(b));
}
