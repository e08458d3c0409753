//! Reciprocal: `1 / x`, rounded once.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct Reciprocal;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Reciprocal)
}

impl FloatFn for Reciprocal {
	const NAME: &'static str = "Reciprocal";
	const SUBNORMALS: u64 = 1;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		F::ONE / x
	}
}
