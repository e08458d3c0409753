//! HardSwish: `x max(0, min(1, x * (1/6) + 0.5))`, operations in the type of x, in this order.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct HardSwish;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(HardSwish)
}

impl FloatFn for HardSwish {
	const NAME: &'static str = "HardSwish";
	const SUBNORMALS: u64 = 2;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		let gate = F::from_f64(1.0 / 6.0) * x + F::from_f64(0.5);
		// A NaN passes both comparisons.
		let gate = if gate > F::ONE { F::ONE } else { gate };
		let gate = if gate < F::ZERO { F::ZERO } else { gate };
		x * gate
	}
}
