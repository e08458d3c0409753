//! Not: the negation of a bool.

use tract_onnx::prelude::Tensor;

use super::{
	unary::{lower, UnaryOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	tensor::map,
	DType,
};

#[derive(Debug)]
struct Not;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(Not)
}

impl UnaryOp for Not {
	const NAME: &'static str = "Not";
	const DTYPES: &'static [DType] = &[DType::Bool];

	fn apply(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		map(x, |x: bool| !x)
	}
}
