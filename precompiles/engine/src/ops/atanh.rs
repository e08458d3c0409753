//! Atanh: the inverse of the hyperbolic tangent; infinite at ±1, NaN outside. Keeps -0.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::OpError,
	math::{atanh, Float},
};

#[derive(Debug)]
struct Atanh;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Atanh)
}

impl FloatFn for Atanh {
	const NAME: &'static str = "Atanh";
	const TRANSCENDENTALS: u64 = 2;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.via_f64(atanh)
	}
}
