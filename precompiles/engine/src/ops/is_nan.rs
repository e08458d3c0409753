//! IsNaN: whether a float is a NaN.

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
struct IsNaN;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(IsNaN)
}

impl UnaryOp for IsNaN {
	const NAME: &'static str = "IsNaN";
	const DTYPES: &'static [DType] = &DType::FLOATS;

	fn output(&self, _: DType) -> DType {
		DType::Bool
	}

	fn apply(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		crate::with_float!(dtype(x)?, T => map(x, |x: T| x.is_nan()))
	}
}
