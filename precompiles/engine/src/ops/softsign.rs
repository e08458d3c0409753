//! Softsign: `x / (1 + |x|)` in the type of x. NaN for infinities, as the formula has it.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct Softsign;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Softsign)
}

impl FloatFn for Softsign {
	const NAME: &'static str = "Softsign";
	const SUBNORMALS: u64 = 1;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x / (F::ONE + x.abs())
	}
}
