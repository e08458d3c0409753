//! ThresholdedRelu: x where it is above alpha, else +0. A NaN stays a NaN.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct ThresholdedRelu {
	alpha: f64,
}

pub(super) fn build(node: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(ThresholdedRelu {
		alpha: f64::from(node.attrs.float_or("alpha", 1.0)?),
	})
}

impl FloatFn for ThresholdedRelu {
	const NAME: &'static str = "ThresholdedRelu";

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		if x <= F::from_f64(self.alpha) {
			F::ZERO
		} else {
			x
		}
	}
}
