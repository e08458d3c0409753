//! Selu: `gamma alpha (e^x - 1)` for x up to zero, else `gamma x`; computed in binary64, rounded once.
//! Up to opset 5 the defaults of alpha and gamma have but five digits.

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
	let (alpha, gamma) = if node.opset < 6 {
		(1.6732, 1.0507)
	} else {
		(1.673_263_2, 1.050_701)
	};
	lower_floats(Selu {
		alpha: f64::from(node.attrs.float_or("alpha", alpha)?),
		gamma: f64::from(node.attrs.float_or("gamma", gamma)?),
	})
}

impl FloatFn for Selu {
	const NAME: &'static str = "Selu";
	const TRANSCENDENTALS: u64 = 2;

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

#[cfg(test)]
mod tests {
	use crate::testing::{f32s, OpTest};

	#[test]
	fn the_first_opsets_have_shorter_defaults() {
		let selu = |opset| {
			let test = OpTest::new("Selu").opset(opset).input(f32s(&[1], &[1.0]));
			test.elements::<f32>().1
		};
		assert_eq!(selu(5), [1.0507]);
		assert_eq!(selu(6), [1.050_701]);
	}
}
