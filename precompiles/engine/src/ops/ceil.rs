//! Ceil: the smallest integer not below x; -0.0 for x in (-1, 0].

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct Ceil;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Ceil)
}

impl FloatFn for Ceil {
	const NAME: &'static str = "Ceil";

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.ceil()
	}
}
