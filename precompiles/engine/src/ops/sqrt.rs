//! Sqrt: the square root, correctly rounded; NaN below zero, -0.0 for -0.0.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct Sqrt;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Sqrt)
}

impl FloatFn for Sqrt {
	const NAME: &'static str = "Sqrt";
	const TRANSCENDENTALS: u64 = 1;
	const SUBNORMALS: u64 = 1;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.sqrt()
	}
}
