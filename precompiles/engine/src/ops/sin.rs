//! Sin: [`math::sin`](crate::math::sin).

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct Sin;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Sin)
}

impl FloatFn for Sin {
	const NAME: &'static str = "Sin";
	const TRANSCENDENTALS: u64 = 8;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.via_f64(crate::math::sin)
	}
}
