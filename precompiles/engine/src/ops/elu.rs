//! Elu: `alpha (e^x - 1)` for x below zero, else x; computed in binary64, rounded once.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::OpError,
	math::{expm1, Float},
};

#[derive(Debug)]
struct Elu {
	alpha: f64,
}

pub(super) fn build(node: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_floats(Elu {
		alpha: f64::from(node.attrs.float_or("alpha", 1.0)?),
	})
}

impl FloatFn for Elu {
	const NAME: &'static str = "Elu";
	const TRANSCENDENTALS: u64 = 2;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		if x < F::ZERO {
			x.via_f64(
				#[inline(always)]
				|x| self.alpha * expm1(x),
			)
		} else {
			x
		}
	}
}
