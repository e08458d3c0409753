//! Cosh: the hyperbolic cosine.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::OpError,
	math::{cosh, Float},
};

#[derive(Debug)]
struct Cosh;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Cosh)
}

impl FloatFn for Cosh {
	const NAME: &'static str = "Cosh";
	const TRANSCENDENTALS: u64 = 3;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.via_f64(cosh)
	}
}
