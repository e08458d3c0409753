//! Acos: the arc cosine, in [0, π]; NaN outside [-1, 1].

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::OpError,
	math::{acos, Float},
};

#[derive(Debug)]
struct Acos;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Acos)
}

impl FloatFn for Acos {
	const NAME: &'static str = "Acos";
	const TRANSCENDENTALS: u64 = 2;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.via_f64(acos)
	}
}
