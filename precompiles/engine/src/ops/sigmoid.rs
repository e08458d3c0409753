//! Sigmoid: [`math::sigmoid`](crate::math::sigmoid).

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct Sigmoid;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Sigmoid)
}

impl FloatFn for Sigmoid {
	const NAME: &'static str = "Sigmoid";
	const TRANSCENDENTALS: u64 = 1;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.sigmoid()
	}
}
