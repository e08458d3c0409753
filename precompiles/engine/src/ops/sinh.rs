//! Sinh: the hyperbolic sine. Keeps -0.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::OpError,
	math::{sinh, Float},
};

#[derive(Debug)]
struct Sinh;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Sinh)
}

impl FloatFn for Sinh {
	const NAME: &'static str = "Sinh";
	const TRANSCENDENTALS: u64 = 3;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.via_f64(sinh)
	}
}
