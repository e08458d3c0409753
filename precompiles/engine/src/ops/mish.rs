//! Mish: `x tanh(softplus(x))`, [`math::mish`](crate::math::mish).

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct Mish;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Mish)
}

impl FloatFn for Mish {
	const NAME: &'static str = "Mish";
	const TRANSCENDENTALS: u64 = 2;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.mish()
	}
}
