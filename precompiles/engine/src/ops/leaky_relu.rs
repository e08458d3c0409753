//! LeakyRelu: `alpha x` for x below zero, else x (-0.0 included).

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct LeakyRelu {
	alpha: f64,
}

pub(super) fn build(node: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(LeakyRelu {
		alpha: f64::from(node.attrs.float_or("alpha", 0.01)?),
	})
}

impl FloatFn for LeakyRelu {
	const NAME: &'static str = "LeakyRelu";
	const SUBNORMALS: u64 = 1;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		let scaled = F::from_f64(self.alpha) * x;
		if x < F::ZERO {
			scaled
		} else {
			x
		}
	}
}
