//! Softplus: `ln(1 + e^x)`, [`math::softplus`](crate::math::softplus).

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct Softplus;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Softplus)
}

impl FloatFn for Softplus {
	const NAME: &'static str = "Softplus";
	const TRANSCENDENTALS: u64 = 3;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.softplus()
	}
}
