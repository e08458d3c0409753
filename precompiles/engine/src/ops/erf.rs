//! Erf: [`math::erf`](crate::math::erf()).

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct Erf;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Erf)
}

impl FloatFn for Erf {
	const NAME: &'static str = "Erf";
	const TRANSCENDENTALS: u64 = 3;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.erf()
	}
}
