//! Selu: `gamma alpha (e^x - 1)` for x up to zero, else `gamma x`; computed in binary64, rounded once.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::OpError,
	math::{expm1, Float},
};

#[derive(Debug)]
struct Selu {
	alpha: f64,
	gamma: f64,
}

pub(super) fn build(node: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Selu {
		alpha: f64::from(node.attrs.float_or("alpha", 1.673_263_2)?),
		gamma: f64::from(node.attrs.float_or("gamma", 1.050_701)?),
	})
}

impl FloatFn for Selu {
	const NAME: &'static str = "Selu";
	const TRANSCENDENTALS: u64 = 1;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.via_f64(
			#[inline(always)]
			|x| {
				if x > 0.0 {
					self.gamma * x
				} else {
					self.gamma * (self.alpha * expm1(x))
				}
			},
		)
	}
}
