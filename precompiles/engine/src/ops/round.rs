//! Round: the nearest integer, ties to even. Keeps the sign of zero.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct Round;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Round)
}

impl FloatFn for Round {
	const NAME: &'static str = "Round";

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.round_even()
	}
}
