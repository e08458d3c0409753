//! Swish: `x sigmoid(alpha x)`, computed in binary64, rounded once; -0 at -infinity.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::OpError,
	math::{swish, Float},
};

#[derive(Debug)]
struct Swish {
	alpha: f64,
}

pub(super) fn build(node: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Swish {
		alpha: f64::from(node.attrs.float_or("alpha", 1.0)?),
	})
}

impl FloatFn for Swish {
	const NAME: &'static str = "Swish";
	const TRANSCENDENTALS: u64 = 2;
	// The sigmoid may be subnormal in binary64.
	const SUBNORMALS: u64 = 6;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.via_f64(
			#[inline(always)]
			|x| swish(x, self.alpha),
		)
	}
}
