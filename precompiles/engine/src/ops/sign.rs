//! Sign: 1, 0 or -1. Both zeros give +0, a NaN gives NaN.

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
struct Sign;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(Sign)
}

impl UnaryOp for Sign {
	const NAME: &'static str = "Sign";
	const DTYPES: &'static [DType] = &DType::NUMBERS;

	fn apply(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		crate::with_number!(dtype(x)?, T => map(x, |x: T| {
			let zero = T::default();
			// Only a NaN is none of the three.
			if x > zero {
				1 as T
			} else if x < zero {
				zero - 1 as T
			} else if x == zero {
				zero
			} else {
				x
			}
		}))
	}
}
