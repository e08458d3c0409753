//! IsInf: whether a float is infinite, of one sign or of both.

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
struct IsInf {
	negative: bool,
	positive: bool,
}

pub(super) fn build(node: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(IsInf {
		negative: node.attrs.flag_or("detect_negative", true)?,
		positive: node.attrs.flag_or("detect_positive", true)?,
	})
}

impl UnaryOp for IsInf {
	const NAME: &'static str = "IsInf";
	const DTYPES: &'static [DType] = &DType::FLOATS;

	fn output(&self, _: DType) -> DType {
		DType::Bool
	}

	fn apply(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		crate::with_float!(dtype(x)?, T => map(x, |x: T| {
			(self.positive && x == T::INFINITY) || (self.negative && x == T::NEG_INFINITY)
		}))
	}
}
