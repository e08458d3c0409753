//! Cos: [`math::cos`](crate::math::cos).

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct Cos;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Cos)
}

impl FloatFn for Cos {
	const NAME: &'static str = "Cos";
	const TRANSCENDENTALS: u64 = 8;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.via_f64(crate::math::cos)
	}
}
