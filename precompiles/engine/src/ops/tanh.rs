//! Tanh: [`math::tanh`](crate::math::tanh).

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct Tanh;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Tanh)
}

impl FloatFn for Tanh {
	const NAME: &'static str = "Tanh";
	const TRANSCENDENTALS: u64 = 1;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.tanh()
	}
}
