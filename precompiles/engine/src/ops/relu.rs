//! Relu: `x` where it is above zero, else +0. A NaN stays a NaN.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{ChannelsLast, FollowUp, Kernel},
	panels::Activation,
	simd::vectorized,
	tensor::map,
	DType,
};

#[derive(Debug)]
struct Relu;

pub(super) fn build(_: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	Ok(Lowered::step(Relu, inputs))
}

impl Kernel for Relu {
	fn name(&self) -> &'static str {
		"Relu"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		x.expect(
			"X",
			&[
				DType::F32,
				DType::F64,
				DType::I8,
				DType::I16,
				DType::I32,
				DType::I64,
			],
		)?;
		Ok(vec![x.without_value()])
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		let y = match crate::tensor::dtype(x)? {
			// `x < 0` is false for NaN, which passes; -0.0 is not below zero, hence `<=`.
			DType::F32 => vectorized(|| map(x, |x: f32| if x <= 0.0 { 0.0 } else { x })),
			DType::F64 => vectorized(|| map(x, |x: f64| if x <= 0.0 { 0.0 } else { x })),
			dtype => crate::with_integer!(dtype, T => map(x, |x: T| if x > 0 { x } else { 0 })),
		}?;
		Ok(vec![y])
	}

	fn channels_last(&self, _: &[Fact]) -> Option<ChannelsLast> {
		Some(ChannelsLast::elementwise(1))
	}

	fn follow_up(&self, inputs: &[Fact]) -> Option<FollowUp> {
		(inputs[0].dtype() == DType::F32).then_some(FollowUp::Activation(Activation::Relu))
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, tensor, OpTest},
	};

	#[test]
	fn negative_values_and_minus_zero_become_plus_zero() {
		let x = f32s(&[4], &[-1.0, -0.0, 0.5, f32::INFINITY]);
		let (_, y) = OpTest::new("Relu").input(x).elements::<f32>();
		let bits: Vec<u32> = y.iter().map(|y| y.to_bits()).collect();
		assert_eq!(bits, [0, 0, 0.5f32.to_bits(), f32::INFINITY.to_bits()]);
	}

	#[test]
	fn nan_stays() {
		let (_, y) = OpTest::new("Relu")
			.input(f32s(&[1], &[f32::NAN]))
			.elements::<f32>();
		assert!(y[0].is_nan());
	}

	#[test]
	fn integers_are_clamped() {
		let (_, y) = OpTest::new("Relu")
			.input(tensor(&[3], &[-3i8, 0, 7]))
			.elements::<i8>();
		assert_eq!(y, [0, 0, 7]);
	}

	#[test]
	fn bool_is_refused() {
		let error = OpTest::new("Relu").input(tensor(&[1], &[true])).refused();
		assert!(matches!(error, OpError::UnsupportedDType { .. }));
	}
}
