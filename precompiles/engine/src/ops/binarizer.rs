//! Binarizer of `ai.onnx.ml`: 1 where `x > threshold`, else 0; a NaN gives 0.

use tract_onnx::prelude::Tensor;

use super::{
	unary::{lower, UnaryOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	tensor::{dtype, map},
	DType,
};

#[derive(Debug)]
struct Binarizer {
	threshold: f32,
}

pub(super) fn build(node: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(Binarizer {
		threshold: node.attrs.float_or("threshold", 0.0)?,
	})
}

impl UnaryOp for Binarizer {
	const NAME: &'static str = "Binarizer";
	const DTYPES: &'static [DType] = &super::forest::FEATURES;

	#[allow(
		clippy::unnecessary_cast,
		reason = "one of the element types is the target"
	)]
	fn apply(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		let threshold = f64::from(self.threshold);
		crate::with_number!(dtype(x)?, T => map(x, |x: T| {
			if x as f64 > threshold { 1 as T } else { 0 as T }
		}))
	}
}

#[cfg(test)]
mod tests {
	use crate::testing::{f32s, float, tensor, OpTest};

	#[test]
	fn what_lies_above_the_threshold_is_one() {
		let (_, y) = OpTest::new("Binarizer")
			.attr(float("threshold", 1.0))
			.input(f32s(&[4], &[0.5, 1.0, 1.5, f32::NAN]))
			.elements::<f32>();
		assert_eq!(y, [0.0, 0.0, 1.0, 0.0]);
		let (_, y) = OpTest::new("Binarizer")
			.input(tensor(&[2], &[-1i64, 1]))
			.elements::<i64>();
		assert_eq!(y, [0, 1]);
	}
}
