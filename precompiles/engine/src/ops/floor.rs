//! Floor: the largest integer not above x. Keeps -0.0.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct Floor;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Floor)
}

impl FloatFn for Floor {
	const NAME: &'static str = "Floor";

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.floor()
	}
}
