//! Asin: the arc sine, in [-π/2, π/2]; NaN outside [-1, 1]. Keeps -0.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::OpError,
	math::{asin, Float},
};

#[derive(Debug)]
struct Asin;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Asin)
}

impl FloatFn for Asin {
	const NAME: &'static str = "Asin";
	const TRANSCENDENTALS: u64 = 2;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.via_f64(asin)
	}
}
