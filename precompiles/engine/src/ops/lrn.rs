//! LRN: `x / (bias + alpha / size * s)^beta`, where s sums the squares of the elements at the same
//! position in `size` channels around the element's own, in ascending order from +0.
//!
//! The window holds `(size - 1) / 2` channels before the own one, rounded down, and as many after
//! it, rounded up. Where beta is 0.75 the power of b is `sqrt(b) * sqrt(sqrt(b))`, three operations
//! of the element type.

use std::sync::Arc;

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	attrs::Attrs,
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{of_vectors, ChannelsLast, Cost, Kernel, Layout},
	math::{pow, Float},
	simd::vectorized,
	tensor::{build as build_tensor, slice, strides},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &["alpha", "beta", "bias", "size"];

#[derive(Clone, Debug)]
struct Lrn {
	alpha: f32,
	beta: f32,
	bias: f32,
	size: usize,
	layout: Layout,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let size = node
		.attrs
		.int("size")?
		.ok_or_else(|| Attrs::missing("size"))?;
	let size = usize::try_from(size)
		.ok()
		.filter(|size| (1..=1 << 29).contains(size))
		.ok_or_else(|| OpError::bad_attribute("size", format!("{size} is impossible")))?;
	let lrn = Lrn {
		alpha: node.attrs.float_or("alpha", 1e-4)?,
		beta: node.attrs.float_or("beta", 0.75)?,
		bias: node.attrs.float_or("bias", 1.0)?,
		size,
		layout: Layout::Given,
	};
	Ok(Lowered::step(lrn, inputs))
}

impl Lrn {
	fn channels(&self, channel: usize, channels: usize) -> std::ops::Range<usize> {
		let before = (self.size - 1) / 2;
		let after = self.size - 1 - before;
		channel.saturating_sub(before)..(channel + after + 1).min(channels)
	}

	fn run<T: Float + Datum>(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		let channels = x.shape()[1];
		let len = strides(x.shape())[1];
		let input = slice::<T>(x)?;
		let widen = |value: f32| T::from_f64(f64::from(value));
		let factor = widen(self.alpha) / T::from_f64(self.size as f64);
		let (bias, beta) = (widen(self.bias), f64::from(self.beta));
		build_tensor::<T>(x.shape(), |output| {
			if input.is_empty() {
				return;
			}
			let mut sums = vec![T::ZERO; len];
			let images = input
				.chunks_exact(channels * len)
				.zip(output.chunks_exact_mut(channels * len));
			for (image, output) in images {
				for channel in 0..channels {
					sums.fill(T::ZERO);
					for near in self.channels(channel, channels) {
						for (sum, x) in sums.iter_mut().zip(&image[near * len..][..len]) {
							*sum = *sum + *x * *x;
						}
					}
					let own = channel * len..(channel + 1) * len;
					for ((y, x), sum) in output[own.clone()].iter_mut().zip(&image[own]).zip(&sums)
					{
						*y = *x / power(bias + factor * *sum, beta);
					}
				}
			}
		})
	}
}

impl Lrn {
	/// With channels last the window moves along the innermost axis.
	fn run_channels_last<T: Float + Datum>(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		let channels = super::pool::channels(x.shape(), Layout::ChannelsLast);
		let input = slice::<T>(x)?;
		let widen = |value: f32| T::from_f64(f64::from(value));
		let factor = widen(self.alpha) / T::from_f64(self.size as f64);
		let (bias, beta) = (widen(self.bias), f64::from(self.beta));
		// No window reaches over more channels than there are. A square of zero adds nothing.
		let before = ((self.size - 1) / 2).min(channels);
		let after = (self.size / 2).min(channels);
		let mut squares = vec![T::ZERO; before + channels + after];
		let mut sums = vec![T::ZERO; channels];
		build_tensor::<T>(x.shape(), |output| {
			if input.is_empty() {
				return;
			}
			vectorized(
				#[inline(always)]
				|| {
					let pixels = input.chunks_exact(channels);
					for (x, y) in pixels.zip(output.chunks_exact_mut(channels)) {
						for (square, x) in squares[before..].iter_mut().zip(x) {
							*square = *x * *x;
						}
						sums.fill(T::ZERO);
						for shift in 0..=before + after {
							for (sum, square) in sums.iter_mut().zip(&squares[shift..]) {
								*sum = *sum + *square;
							}
						}
						for ((y, x), sum) in y.iter_mut().zip(x).zip(&sums) {
							*y = *x / power(bias + factor * *sum, beta);
						}
					}
				},
			);
		})
	}
}

/// `base^beta`: in binary64 and rounded once, but for the usual exponent.
#[inline(always)]
fn power<T: Float>(base: T, beta: f64) -> T {
	if beta == 0.75 {
		let root = base.sqrt();
		return root * root.sqrt();
	}
	base.via_f64(|base| pow(base, beta))
}

impl Kernel for Lrn {
	fn name(&self) -> &'static str {
		"LRN"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		x.expect("X", &DType::FLOATS)?;
		x.expect_rank("X", 2..)?;
		Ok(vec![x.without_value()])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let len = inputs[0].len() as u64;
		let channels = super::pool::channels(inputs[0].shape(), self.layout);
		// Vectors go along planes, of which a short one takes as long as one of some length.
		let planes = (inputs[0].shape()[0] as u64).saturating_mul(channels as u64);
		let plane = (len / planes.max(1)).next_multiple_of(16).max(32);
		let powers = if self.beta == 0.75 { 1 } else { 8 };
		Cost::touching(inputs, outputs)
			.with_macs(
				planes
					.saturating_mul(plane)
					.saturating_mul(self.size.min(channels) as u64),
			)
			.with_transcendentals(len.saturating_mul(powers))
	}

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		let channels = super::pool::channels(inputs[0].shape(), self.layout);
		// The squares, then what is done to a sum of them, in vectors of 128 bits.
		let operations = 2 * self.size.min(channels) as u64 + 8;
		let len = inputs[0].len() as u64;
		of_vectors(inputs[0].dtype(), len.saturating_mul(operations))
	}

	fn scratch_bytes(&self, inputs: &[Fact], _outputs: &[Fact]) -> u64 {
		// A plane of sums; with channels last, sums and squares of one pixel and its surroundings.
		inputs[0].bytes().saturating_mul(4)
	}

	fn channels_last(&self, _: &[Fact]) -> Option<ChannelsLast> {
		let kernel = Self {
			layout: Layout::ChannelsLast,
			..self.clone()
		};
		Some(ChannelsLast {
			kernel: Some(Arc::new(kernel)),
			..ChannelsLast::elementwise(1)
		})
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		Ok(vec![
			crate::with_float!(crate::tensor::dtype(x)?, T => match self.layout {
				Layout::Given => self.run::<T>(x)?,
				Layout::ChannelsLast => self.run_channels_last::<T>(x)?,
			}),
		])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, float, int, OpTest},
	};

	#[test]
	fn the_window_is_longer_behind() {
		// size 2: the own channel and the next; base = 1 + 2/2 * sum, beta 1.
		let (_, y) = OpTest::new("LRN")
			.attr(int("size", 2))
			.attr(float("alpha", 2.0))
			.attr(float("beta", 1.0))
			.input(f32s(&[1, 3, 1], &[1.0, 2.0, 3.0]))
			.elements::<f32>();
		assert_eq!(y, [1.0 / 6.0, 2.0 / 14.0, 3.0 / 10.0]);
	}

	#[test]
	fn the_usual_exponent_is_two_roots() {
		let x: Vec<f32> = (1..40).map(|x| x as f32 * 0.7).collect();
		let (_, y) = OpTest::new("LRN")
			.attr(int("size", 1))
			.attr(float("alpha", 3.0))
			.input(f32s(&[1, 39, 1], &x))
			.elements::<f32>();
		for (y, x) in y.iter().zip(&x) {
			let base = 1.0 + 3.0 * (x * x);
			assert_eq!(
				y.to_bits(),
				(x / (base.sqrt() * base.sqrt().sqrt())).to_bits()
			);
			let exact = f64::from(*x) / f64::from(base).powf(0.75);
			assert!((f64::from(*y) - exact).abs() <= 2e-7 * exact);
		}
	}

	#[test]
	fn binary64() {
		let (_, y) = OpTest::new("LRN")
			.attr(int("size", 1))
			.attr(float("alpha", 1.0))
			.attr(float("beta", 0.5))
			.attr(float("bias", 0.0))
			.input(crate::testing::tensor(&[1, 1, 2], &[3.0f64, -4.0]))
			.elements::<f64>();
		assert_eq!(y, [1.0, -1.0]);
	}

	#[test]
	fn a_missing_or_impossible_size_is_refused() {
		let x = || f32s(&[1, 1, 1], &[1.0]);
		let missing = OpTest::new("LRN").input(x()).refused();
		let zero = OpTest::new("LRN").attr(int("size", 0)).input(x()).refused();
		for error in [missing, zero] {
			assert!(matches!(error, OpError::BadAttribute { .. }));
		}
	}
}
