//! Atan: the arc tangent, in [-π/2, π/2]. Keeps -0.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::OpError,
	math::{atan, Float},
};

#[derive(Debug)]
struct Atan;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Atan)
}

impl FloatFn for Atan {
	const NAME: &'static str = "Atan";
	const TRANSCENDENTALS: u64 = 4;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.via_f64(atan)
	}
}
