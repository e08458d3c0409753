//! Exp: [`math::exp`](crate::math::exp()).

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct Exp;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Exp)
}

impl FloatFn for Exp {
	const NAME: &'static str = "Exp";
	const TRANSCENDENTALS: u64 = 1;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.exp()
	}
}
