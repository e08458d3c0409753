//! Asinh: the inverse of the hyperbolic sine. Keeps -0.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::OpError,
	math::{asinh, Float},
};

#[derive(Debug)]
struct Asinh;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Asinh)
}

impl FloatFn for Asinh {
	const NAME: &'static str = "Asinh";
	const TRANSCENDENTALS: u64 = 5;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.via_f64(asinh)
	}
}
