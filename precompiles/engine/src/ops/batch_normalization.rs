//! BatchNormalization in its inference form: with `a = scale / sqrt(var + epsilon)`, computed once
//! for each channel, each element becomes `(x - mean) * a + B`.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	math::Float,
	simd::vectorized,
	tensor::{build as build_tensor, slice, strides},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &["epsilon", "momentum", "spatial", "training_mode"];

#[derive(Debug)]
struct BatchNormalization {
	epsilon: f32,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	if node.attrs.flag_or("training_mode", false)? || (1..5).any(|output| node.wants(output)) {
		return Err(OpError::unsupported(
			"training is not supported: export for inference",
		));
	}
	if !node.attrs.flag_or("spatial", true)? {
		return Err(OpError::unsupported("spatial = 0 is not supported"));
	}
	let epsilon = node.attrs.float_or("epsilon", 1e-5)?;
	Ok(Lowered::step(BatchNormalization { epsilon }, inputs))
}

impl BatchNormalization {
	fn run<T: Float + Datum>(&self, inputs: &[TValue]) -> Result<Tensor, EvalError> {
		let x = &inputs[0];
		let len = strides(x.shape())[1];
		let [scale, bias, mean, var] =
			[&inputs[1], &inputs[2], &inputs[3], &inputs[4]].map(|input| slice::<T>(input));
		let (scale, bias, mean, var, input) = (scale?, bias?, mean?, var?, slice::<T>(x)?);
		let epsilon = T::from_f64(f64::from(self.epsilon));
		let factors: Vec<T> = scale
			.iter()
			.zip(var)
			.map(|(s, v)| *s / (*v + epsilon).sqrt())
			.collect();
		build_tensor::<T>(x.shape(), |output| {
			if len == 0 {
				return;
			}
			vectorized(
				#[inline(always)]
				|| {
					let planes = input.chunks_exact(len).zip(output.chunks_exact_mut(len));
					for (plane, (x, y)) in planes.enumerate() {
						let channel = plane % factors.len();
						let (mean, a, b) = (mean[channel], factors[channel], bias[channel]);
						for (y, x) in y.iter_mut().zip(x) {
							*y = (*x - mean) * a + b;
						}
					}
				},
			);
		})
	}
}

impl Kernel for BatchNormalization {
	fn name(&self) -> &'static str {
		"BatchNormalization"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x, parameters @ ..] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		x.expect("X", &DType::FLOATS)?;
		x.expect_rank("X", 2..)?;
		let names = ["scale", "B", "mean", "var"];
		if parameters.len() != names.len() {
			return Err(super::internal_arity(inputs));
		}
		for (parameter, name) in parameters.iter().zip(names) {
			parameter.expect_same_dtype(name, x)?;
			if parameter.shape() != [x.shape()[1]] {
				return Err(OpError::mismatch(format!(
					"{name} has shape {:?}, but must have [{}]",
					parameter.shape(),
					x.shape()[1]
				)));
			}
		}
		Ok(vec![x.without_value()])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs)
			.with_macs(inputs[0].len() as u64 * 2)
			.with_transcendentals(inputs[1].len() as u64)
	}

	fn scratch_bytes(&self, inputs: &[Fact], _outputs: &[Fact]) -> u64 {
		inputs[1].bytes()
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let dtype = crate::tensor::dtype(&inputs[0])?;
		Ok(vec![
			crate::with_float!(dtype, T => self.run::<T>(&inputs)?),
		])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, float, int, OpTest},
	};

	fn test(parameters: [f32; 4]) -> OpTest {
		parameters.iter().fold(
			OpTest::new("BatchNormalization")
				.attr(float("epsilon", 0.0))
				.input(f32s(&[2, 1, 2], &[1.0, 2.0, 3.0, 4.0])),
			|test, parameter| test.input(f32s(&[1], &[*parameter])),
		)
	}

	#[test]
	fn each_channel_is_shifted_and_scaled() {
		let (shape, y) = test([3.0, 0.5, 2.0, 4.0]).elements::<f32>();
		assert_eq!((shape, y), (vec![2, 1, 2], vec![-1.0, 0.5, 2.0, 3.5]));
	}

	#[test]
	fn channels_have_their_own_parameters() {
		let (_, y) = OpTest::new("BatchNormalization")
			.attr(float("epsilon", 0.0))
			.input(f32s(&[1, 2], &[1.0, 1.0]))
			.input(f32s(&[2], &[1.0, 10.0]))
			.input(f32s(&[2], &[0.0, 1.0]))
			.input(f32s(&[2], &[0.0, 0.0]))
			.input(f32s(&[2], &[1.0, 1.0]))
			.elements::<f32>();
		assert_eq!(y, [1.0, 11.0]);
	}

	#[test]
	fn training_and_misfits_are_refused() {
		let error = test([1.0; 4]).attr(int("training_mode", 1)).refused();
		assert!(matches!(error, OpError::Unsupported { .. }));
		let error = test([1.0; 4]).outputs(3).refused();
		assert!(matches!(error, OpError::Unsupported { .. }));
		let test = OpTest::new("BatchNormalization").input(f32s(&[1, 2], &[1.0, 1.0]));
		let test = (0..4).fold(test, |test, _| test.input(f32s(&[1], &[1.0])));
		assert!(matches!(test.refused(), OpError::ShapeMismatch { .. }));
	}
}
