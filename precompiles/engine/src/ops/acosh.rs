//! Acosh: the inverse of the hyperbolic cosine, from 0 on; NaN below 1.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::OpError,
	math::{acosh, Float},
};

#[derive(Debug)]
struct Acosh;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Acosh)
}

impl FloatFn for Acosh {
	const NAME: &'static str = "Acosh";
	const TRANSCENDENTALS: u64 = 3;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.via_f64(acosh)
	}
}
