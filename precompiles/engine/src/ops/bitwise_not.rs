//! BitwiseNot: every bit flipped.

use tract_onnx::prelude::Tensor;

use super::{
	unary::{lower, UnaryOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	tensor::{dtype, map},
	DType,
};

#[derive(Debug)]
struct BitwiseNot;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(BitwiseNot)
}

impl UnaryOp for BitwiseNot {
	const NAME: &'static str = "BitwiseNot";
	const DTYPES: &'static [DType] = &DType::INTEGERS;

	fn apply(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		crate::with_integer!(dtype(x)?, T => map(x, |x: T| !x))
	}
}
