//! Shrink: `x + bias` below `-lambd`, `x - bias` above `lambd`, else +0. A NaN gives +0, as ONNX's
//! formula has it.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, math::Float};

#[derive(Debug)]
struct Shrink {
	bias: f64,
	threshold: f64,
}

pub(super) fn build(node: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Shrink {
		bias: f64::from(node.attrs.float_or("bias", 0.0)?),
		threshold: f64::from(node.attrs.float_or("lambd", 0.5)?),
	})
}

impl FloatFn for Shrink {
	const NAME: &'static str = "Shrink";

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		let (bias, threshold) = (F::from_f64(self.bias), F::from_f64(self.threshold));
		if x < -threshold {
			x + bias
		} else if x > threshold {
			x - bias
		} else {
			F::ZERO
		}
	}
}
