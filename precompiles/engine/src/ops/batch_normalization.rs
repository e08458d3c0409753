//! BatchNormalization in its inference form: with `a = scale / sqrt(var + epsilon)`, computed in
//! binary64 and rounded once, each element becomes `(x - mean) * a + B`.
//!
//! The parameters are those of the element's channel, or with `spatial` = 0, up to opset 8, those of
//! its place in the image. Up to opset 6 `is_test` must be 1: its default of 0 is training.

use std::sync::Arc;

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{of_vectors, ChannelsLast, Cost, FollowUp, Kernel, Layout},
	math::Float,
	panels::Activation,
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
	/// Whether the places of a channel share its parameters.
	spatial: bool,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	if node.attrs.flag_or("training_mode", false)? || (1..5).any(|output| node.wants(output)) {
		return Err(OpError::unsupported(
			"training is not supported: export for inference",
		));
	}
	// Any other number than 0 means true.
	if node.opset < 7 && node.attrs.int_or("is_test", 0)? == 0 {
		return Err(OpError::unsupported(
			"is_test is 0, which is training: set it to 1",
		));
	}
	let x = inputs.required(0)?;
	let spatial = node.attrs.int_or("spatial", 1)? != 0;
	if !spatial && node.opset < 7 && x.rank() > 2 {
		return Err(OpError::unsupported(
			"spatial is 0, for which opsets before 7 do not say what the parameters are: export for \
			 opset 7 or 8, or flatten the input",
		));
	}
	if !spatial && node.opset > 8 {
		return Err(OpError::bad_attribute(
			"spatial",
			"only opset 8 and before may have 0: flatten the input instead",
		));
	}
	let kernel = BatchNormalization {
		epsilon: node.attrs.float_or("epsilon", 1e-5)?,
		// With nothing but channels both are the same.
		spatial: spatial || x.rank() == 2,
	};
	Ok(Lowered::step(kernel, inputs))
}

impl BatchNormalization {
	/// Whether there is one parameter of each kind for each channel.
	pub(crate) fn is_by_channel(&self) -> bool {
		self.spatial
	}

	/// scale / sqrt(var + epsilon).
	pub(crate) fn factor(&self, scale: f64, var: f64) -> f64 {
		scale / (var + f64::from(self.epsilon)).sqrt()
	}

	fn run<T: Float + Datum>(&self, inputs: &[TValue]) -> Result<Tensor, EvalError> {
		let x = &inputs[0];
		let [scale, bias, mean, var] =
			[&inputs[1], &inputs[2], &inputs[3], &inputs[4]].map(|input| slice::<T>(input));
		let (scale, bias, mean, var, input) = (scale?, bias?, mean?, var?, slice::<T>(x)?);
		let factors: Vec<T> = scale
			.iter()
			.zip(var)
			.map(|(s, v)| T::from_f64(self.factor(s.to_f64(), v.to_f64())))
			.collect();
		build_tensor::<T>(x.shape(), |output| {
			if self.spatial {
				let len = strides(x.shape())[1];
				by_planes(len, input, output, [mean, &factors, bias]);
			} else {
				by_places(input, output, [mean, &factors, bias]);
			}
		})
	}
}

/// `(x - mean) * a + b` where each place of an image has parameters of its own.
fn by_places<T: Float>(input: &[T], output: &mut [T], parameters: [&[T]; 3]) {
	let [mean, factors, bias] = parameters;
	if mean.is_empty() {
		return;
	}
	vectorized(
		#[inline(always)]
		|| {
			let images = input.chunks_exact(mean.len());
			for (x, y) in images.zip(output.chunks_exact_mut(mean.len())) {
				let parameters = mean.iter().zip(factors).zip(bias);
				for ((y, x), ((mean, a), b)) in y.iter_mut().zip(x).zip(parameters) {
					*y = (*x - *mean) * *a + *b;
				}
			}
		},
	);
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
		let last = if self.spatial { 2 } else { x.rank() };
		let shape = &x.shape()[1..last];
		for (parameter, name) in parameters.iter().zip(names) {
			parameter.expect_same_dtype(name, x)?;
			if parameter.shape() != shape {
				return Err(OpError::mismatch(format!(
					"{name} has shape {:?}, but must have {shape:?}",
					parameter.shape(),
				)));
			}
		}
		Ok(vec![x.without_value()])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let planes: usize = inputs[0].shape()[..2].iter().product();
		Cost::touching(inputs, outputs)
			.with_macs(inputs[0].len() as u64 * 2)
			.with_scalars(planes as u64 * 10)
			.with_transcendentals(inputs[1].len() as u64)
	}

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		products_by_planes(&inputs[0])
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

/// `(x - mean) * a + b` with one mean, a and b, constants, for each channel: a normalisation with
/// what follows it folded in.
///
/// The inputs are x, mean, a and b. With channels last, x may be given as several pieces, one after
/// the other along the channels.
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

/// Inputs after x.
const PARAMETERS: usize = 3;

impl ChannelAffine {
	/// Whether x may be given in pieces.
	pub(crate) fn takes_pieces(&self) -> bool {
		self.layout == Layout::ChannelsLast
	}

	/// Applies `f` after the normalisation.
	#[inline(always)]
	fn run<T: Float + Datum>(
		&self,
		inputs: &[TValue],
		f: impl Fn(T) -> T,
	) -> Result<Tensor, EvalError> {
		let (pieces, parameters) = inputs.split_at(inputs.len() - PARAMETERS);
		let [mean, a, b] = [0, 1, 2].map(|index| slice::<T>(&parameters[index]));
		let (mean, a, b) = (mean?, a?, b?);
		if self.layout == Layout::Given {
			let (x, shape) = (slice::<T>(&pieces[0])?, pieces[0].shape());
			return build_tensor::<T>(shape, |output| {
				by_planes(strides(shape)[1], x, output, [mean, a, b]);
			});
		}
		let mut shape = pieces[0].shape().to_vec();
		let channels = mean.len();
		shape[pieces[0].rank() - 1] = channels;
		let pieces = pieces
			.iter()
			.map(|piece| slice::<T>(piece))
			.collect::<Result<Vec<_>, _>>()?;
		let pixels: usize = shape[..shape.len() - 1].iter().product();
		build_tensor::<T>(&shape, |output| {
			if output.is_empty() {
				return;
			}
			vectorized(
				#[inline(always)]
				|| {
					let mut start = 0;
					for piece in &pieces {
						let width = piece.len() / pixels;
						let own = start..start + width;
						if width > 0 {
							let parameters = [&mean[own.clone()], &a[own.clone()], &b[own.clone()]];
							let rows = output.chunks_exact_mut(channels);
							for (x, y) in piece.chunks_exact(width).zip(rows) {
								pixel(x, &mut y[own.clone()], parameters, &f);
							}
						}
						start += width;
					}
				},
			);
		})
	}
}

/// `f((x - mean) * a + b)` for neighbouring channels.
#[inline(always)]
fn pixel<T: Float>(x: &[T], y: &mut [T], parameters: [&[T]; 3], f: impl Fn(T) -> T) {
	// Pieces of fixed length: rows are short, and would be over before a longer loop begins.
	const PIECE: usize = 16;
	let [mean, a, b] = parameters;
	let (pieces, rest) = x.as_chunks::<PIECE>();
	let (outputs, rest_of_y) = y.as_chunks_mut::<PIECE>();
	let parameters = mean
		.as_chunks::<PIECE>()
		.0
		.iter()
		.zip(a.as_chunks::<PIECE>().0)
		.zip(b.as_chunks::<PIECE>().0);
	for ((x, y), ((mean, a), b)) in pieces.iter().zip(outputs).zip(parameters) {
		for lane in 0..PIECE {
			y[lane] = f((x[lane] - mean[lane]) * a[lane] + b[lane]);
		}
	}
	let done = pieces.len() * PIECE;
	for (i, (x, y)) in rest.iter().zip(rest_of_y).enumerate() {
		*y = f((*x - mean[done + i]) * a[done + i] + b[done + i]);
	}
}

/// A product for each element of x, in vectors along planes, which a short plane does not fill.
fn products_by_planes(x: &Fact) -> u64 {
	let (planes, len) = super::pool::planes(x.shape());
	let filled = (len as u64).next_multiple_of(8);
	of_vectors(x.dtype(), filled.saturating_mul(planes as u64))
}

/// Whether `(x - mean) * a` of these parameters, constants of binary32, is zero or a normal number
/// whatever x is: a difference from a mean is zero, or no smaller than 2^-25 of the mean.
fn has_normal_products(parameters: &[Fact]) -> bool {
	// 2^-100, so that 2^-25 of it is normal.
	const LEAST: f64 = 1.0 / (1u128 << 100) as f64;
	let constant = |index: usize| {
		let value = parameters.get(index)?.konst()?;
		slice::<f32>(value).ok()
	};
	let (Some(mean), Some(a)) = (constant(0), constant(1)) else {
		return false;
	};
	mean.iter().zip(a).all(|(mean, a)| {
		let (mean, a) = (f64::from(mean.abs()), f64::from(a.abs()));
		a == 0.0 || (mean >= LEAST && a >= f64::from(f32::MIN_POSITIVE) && mean * a >= LEAST)
	})
}

impl Kernel for ChannelAffine {
	fn name(&self) -> &'static str {
		"BatchNormalization"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x, ..] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		if inputs.len() == 1 + PARAMETERS {
			return Ok(vec![x.without_value()]);
		}
		let mut shape = x.shape().to_vec();
		shape[x.rank() - 1] = inputs[inputs.len() - 1].len();
		Ok(vec![Fact::new(x.dtype(), shape)?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_macs(outputs[0].len() as u64 * 3)
	}

	fn subnormals(&self, inputs: &[Fact], outputs: &[Fact]) -> u64 {
		if has_normal_products(&inputs[inputs.len() - PARAMETERS..]) {
			return 0;
		}
		match self.layout {
			Layout::Given => products_by_planes(&outputs[0]),
			Layout::ChannelsLast => of_vectors(outputs[0].dtype(), outputs[0].len() as u64),
		}
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		inputs.len() as u64 * 16
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let y = match (self.activation, crate::tensor::dtype(&inputs[0])?) {
			(Activation::None, dtype) => crate::with_float!(dtype, T => self.run::<T>(
				&inputs,
				#[inline(always)]
				|y| y
			)),
			(Activation::Relu, _) => self.run::<f32>(
				&inputs,
				#[inline(always)]
				|y| Activation::Relu.apply(y),
			),
			(activation, _) => self.run::<f32>(
				&inputs,
				#[inline(always)]
				|y| activation.apply(y),
			),
		}?;
		Ok(vec![y])
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
				if self.activation == Activation::None && self.layout == Layout::ChannelsLast =>
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

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, float, int, ints, OpTest},
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
	fn old_opsets_say_that_they_test() {
		let old = |opset| test([3.0, 0.5, 2.0, 4.0]).opset(opset);
		for opset in [1, 6] {
			let (_, y) = old(opset).attr(int("is_test", 1)).elements::<f32>();
			assert_eq!(y, [-1.0, 0.5, 2.0, 3.5]);
			let error = old(opset).refused();
			assert!(error.to_string().contains("is_test"), "{error}");
		}
		let consumed = ints("consumed_inputs", &[0, 0, 0, 1, 1]);
		let (_, y) = old(1)
			.attr(int("is_test", 1))
			.attr(consumed)
			.elements::<f32>();
		assert_eq!(y, [-1.0, 0.5, 2.0, 3.5]);
		let error = old(7).attr(int("is_test", 1)).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
	}

	#[test]
	fn places_may_have_their_own_parameters() {
		let places = |opset, shape: &[usize]| {
			let test = OpTest::new("BatchNormalization")
				.opset(opset)
				.attr(float("epsilon", 0.0))
				.attr(int("spatial", 0))
				.input(f32s(&[2, 1, 2], &[1.0, 2.0, 3.0, 4.0]));
			[[1.0, 10.0], [0.0, 0.5], [1.0, 2.0], [4.0, 1.0]]
				.iter()
				.fold(test, |test, parameter| test.input(f32s(shape, parameter)))
		};
		let (shape, y) = places(8, &[1, 2]).elements::<f32>();
		assert_eq!((shape, y), (vec![2, 1, 2], vec![0.0, 0.5, 1.0, 20.5]));
		let error = places(8, &[2]).refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }), "{error}");
		let error = places(9, &[1, 2]).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
		let error = places(6, &[1, 2]).attr(int("is_test", 1)).refused();
		assert!(matches!(error, OpError::Unsupported { .. }), "{error}");
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
