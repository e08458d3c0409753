//! Tan: the tangent of the angle in radians; NaN for infinities. Keeps -0.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::OpError,
	math::{tan, Float},
};

#[derive(Debug)]
struct Tan;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Tan)
}

impl FloatFn for Tan {
	const NAME: &'static str = "Tan";
	const TRANSCENDENTALS: u64 = 9;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.via_f64(tan)
	}
}
