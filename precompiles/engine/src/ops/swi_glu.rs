//! SwiGLU: `A sigmoid(alpha A) B`; the swish in binary64, rounded once, then one product.

use tract_onnx::prelude::Tensor;

use super::{
	binary::{lower, BinaryOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	broadcast::zip,
	error::{EvalError, OpError},
	math::{swish, Float},
	tensor::dtype,
	DType,
};

#[derive(Debug)]
struct SwiGlu {
	alpha: f64,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (a, b) = (inputs.required(0)?, inputs.required(1)?);
	if a.shape() != b.shape() {
		return Err(OpError::mismatch(format!(
			"A and B of {:?} and {:?} must have one shape",
			a.shape(),
			b.shape()
		)));
	}
	let alpha = f64::from(node.attrs.float_or("alpha", 1.0)?);
	lower(SwiGlu { alpha }, node, inputs)
}

impl BinaryOp for SwiGlu {
	const NAME: &'static str = "SwiGLU";
	const DTYPES: &'static [DType] = &DType::FLOATS;
	const TRANSCENDENTALS: u64 = 3;
	// As Swish, and the product.
	const SUBNORMALS: u64 = 7;

	fn apply(&self, a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError> {
		crate::with_float!(dtype(a)?, T => zip(a, b, shape, |a: T, b: T| {
			a.via_f64(|a| swish(a, self.alpha)) * b
		}))
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, float, OpTest},
	};

	#[test]
	fn a_gate_times_the_other_input() {
		let test = |b| {
			OpTest::new("SwiGLU")
				.attr(float("alpha", 0.0))
				.input(f32s(&[2], &[4.0, -2.0]))
				.input(b)
		};
		assert_eq!(
			test(f32s(&[2], &[3.0, 5.0])).elements::<f32>().1,
			[6.0, -5.0]
		);
		let error = test(f32s(&[1], &[3.0])).refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
	}
}
