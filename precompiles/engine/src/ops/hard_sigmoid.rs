//! HardSigmoid: `max(0, min(1, alpha x + beta))`, operations in the type of x.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct HardSigmoid {
	alpha: f64,
	beta: f64,
}

pub(super) fn build(node: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(HardSigmoid {
		alpha: f64::from(node.attrs.float_or("alpha", 0.2)?),
		beta: f64::from(node.attrs.float_or("beta", 0.5)?),
	})
}

impl FloatFn for HardSigmoid {
	const NAME: &'static str = "HardSigmoid";
	const SUBNORMALS: u64 = 1;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		let y = F::from_f64(self.alpha) * x + F::from_f64(self.beta);
		// A NaN passes both comparisons.
		let y = if y > F::ONE { F::ONE } else { y };
		if y < F::ZERO {
			F::ZERO
		} else {
			y
		}
	}
}
