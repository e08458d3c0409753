//! BatchNormalization in its inference form: with `a = scale / sqrt(var + epsilon)`, computed in
//! binary64 and rounded once, each element becomes `(x - mean) * a + B`.

use std::sync::Arc;

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{ChannelsLast, Cost, FollowUp, Kernel, Layout},
	panels::Activation,
	math::Float,
	simd::vectorized,
	tensor::{build as build_tensor, slice, strides},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &["epsilon", "momentum", "spatial", "training_mode"];

/// A normalisation whose parameters are inputs.
#[derive(Debug)]
pub(crate) struct BatchNormalization {
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
	/// scale / sqrt(var + epsilon).
	pub(crate) fn factor(&self, scale: f64, var: f64) -> f64 {
		scale / (var + f64::from(self.epsilon)).sqrt()
	}

	fn run<T: Float + Datum>(&self, inputs: &[TValue]) -> Result<Tensor, EvalError> {
		let x = &inputs[0];
		let len = strides(x.shape())[1];
		let [scale, bias, mean, var] =
			[&inputs[1], &inputs[2], &inputs[3], &inputs[4]].map(|input| slice::<T>(input));
		let (scale, bias, mean, var, input) = (scale?, bias?, mean?, var?, slice::<T>(x)?);
		let factors: Vec<T> = scale
			.iter()
			.zip(var)
			.map(|(s, v)| T::from_f64(self.factor(s.to_f64(), v.to_f64())))
			.collect();
		build_tensor::<T>(x.shape(), |output| {
			by_planes(len, input, output, [mean, &factors, bias]);
		})
	}
}

/// `(x - mean) * a + b` where the channels are planes of `len` elements.
fn by_planes<T: Float>(len: usize, input: &[T], output: &mut [T], parameters: [&[T]; 3]) {
	if len == 0 {
		return;
	}
	let [mean, factors, bias] = parameters;
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
}

/// `(x - mean) * a + b` with one mean, a and b, constants, for each channel: a normalisation with
/// what follows it folded in. The inputs are x, mean, a, b.
#[derive(Clone, Debug)]
pub(crate) struct ChannelAffine {
	layout: Layout,
	activation: Activation,
}

impl Default for ChannelAffine {
	fn default() -> Self {
		Self {
			layout: Layout::Given,
			activation: Activation::None,
		}
	}
}

impl ChannelAffine {
	fn run<T: Float + Datum>(&self, inputs: &[TValue]) -> Result<Tensor, EvalError> {
		let x = &inputs[0];
		let parameters = [&inputs[1], &inputs[2], &inputs[3]].map(|input| slice::<T>(input));
		let [mean, a, b] = parameters;
		let (mean, a, b, input) = (mean?, a?, b?, slice::<T>(x)?);
		build_tensor::<T>(x.shape(), |output| match self.layout {
			Layout::Given => by_planes(strides(x.shape())[1], input, output, [mean, a, b]),
			Layout::ChannelsLast => {
				vectorized(
					#[inline(always)]
					|| by_pixels(input, output, [mean, a, b], |y| y),
				);
			}
		})
	}

	/// The channels-last form with its activation.
	fn run_fused(&self, inputs: &[TValue]) -> Result<Tensor, EvalError> {
		let parameters = [&inputs[1], &inputs[2], &inputs[3]].map(|input| slice::<f32>(input));
		let [mean, a, b] = parameters;
		let (mean, a, b, input) = (mean?, a?, b?, slice::<f32>(&inputs[0])?);
		build_tensor::<f32>(inputs[0].shape(), |output| {
			vectorized(
				#[inline(always)]
				|| match self.activation {
					Activation::Relu => {
						by_pixels(
							input,
							output,
							[mean, a, b],
							#[inline(always)]
							|y| Activation::Relu.apply(y),
						);
					}
					activation => {
						by_pixels(
							input,
							output,
							[mean, a, b],
							#[inline(always)]
							|y| activation.apply(y),
						);
					}
				},
			);
		})
	}
}

/// `f((x - mean) * a + b)` where the channels are innermost.
#[inline(always)]
fn by_pixels<T: Float>(
	input: &[T],
	output: &mut [T],
	[mean, a, b]: [&[T]; 3],
	f: impl Fn(T) -> T,
) {
	let channels = mean.len();
	if channels == 0 {
		return;
	}
	let (a, b) = (&a[..channels], &b[..channels]);
	let pixels = input
		.chunks_exact(channels)
		.zip(output.chunks_exact_mut(channels));
	for (x, y) in pixels {
		for channel in 0..channels {
			y[channel] = f((x[channel] - mean[channel]) * a[channel] + b[channel]);
		}
	}
}

impl Kernel for ChannelAffine {
	fn name(&self) -> &'static str {
		"BatchNormalization"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x, ..] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![x.without_value()])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_macs(inputs[0].len() as u64 * 3)
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		if self.activation != Activation::None {
			return Ok(vec![self.run_fused(&inputs)?]);
		}
		let dtype = crate::tensor::dtype(&inputs[0])?;
		Ok(vec![
			crate::with_float!(dtype, T => self.run::<T>(&inputs)?),
		])
	}

	fn channels_last(&self, inputs: &[Fact]) -> Option<ChannelsLast> {
		let kernel = Self {
			layout: Layout::ChannelsLast,
			..self.clone()
		};
		let mut form = ChannelsLast::elementwise(inputs.len());
		for (index, layout) in &mut form.inputs {
			if *index > 0 {
				*layout = Layout::Given;
			}
		}
		form.kernel = Some(Arc::new(kernel));
		Some(form)
	}

	fn followed_by(&self, next: &FollowUp) -> Option<Arc<dyn Kernel>> {
		match next {
			FollowUp::Activation(activation)
				if self.activation == Activation::None
					&& self.layout == Layout::ChannelsLast =>
			{
				Some(Arc::new(Self {
					activation: *activation,
					..self.clone()
				}))
			}
			_ => None,
		}
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
