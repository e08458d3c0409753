//! AveragePool: the sum of each window's elements, in row-major order from +0, divided by how many
//! there are.
//!
//! With `count_include_pad` the elements of the window that lie in the padding count as well; those
//! beyond it, where `ceil_mode` lets the window reach, never do.

use std::sync::Arc;

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{
	window::{self, Window, AXES},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{of_vectors, ChannelsLast, Cost, Kernel, Layout},
	math::Float,
	simd::vectorized,
	tensor::{slice, slice_mut},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &[
	"auto_pad",
	"ceil_mode",
	"count_include_pad",
	"dilations",
	"kernel_shape",
	"pads",
	"strides",
];

#[derive(Debug)]
struct AveragePool {
	window: Window,
	count_include_pad: bool,
	layout: Layout,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let kernel = window::kernel_shape(&node.attrs, window::spatial_rank(x)?)?;
	let ceil = node.attrs.flag_or("ceil_mode", false)?;
	let count_include_pad = node.attrs.flag_or("count_include_pad", false)?;
	let window = Window::new(node, x, &kernel, ceil)?;
	Ok(Lowered::step(
		AveragePool {
			window,
			count_include_pad,
			layout: Layout::Given,
		},
		inputs,
	))
}

impl AveragePool {
	/// How many elements count for output position `position` of an axis.
	fn count(&self, axis: usize, position: usize) -> u64 {
		let w = &self.window;
		let start = position * w.strides[axis];
		let (from, to) = if self.count_include_pad {
			(0, w.pads_begin[axis] + w.input[axis] + w.pads_end[axis])
		} else {
			(w.pads_begin[axis], w.pads_begin[axis] + w.input[axis])
		};
		// Taps lie at start, start + dilation, ...; those in from..to count.
		let taps_below = |end: usize| {
			end.saturating_sub(start)
				.div_ceil(w.dilations[axis])
				.min(w.kernel[axis])
		};
		(taps_below(to) - taps_below(from)) as u64
	}

	fn run<T: Float + Datum>(&self, x: &Tensor, y: &mut Tensor) -> Result<(), EvalError> {
		let (input, output) = (slice::<T>(x)?, slice_mut::<T>(y)?);
		let w = &self.window;
		let (in_len, out_len) = (w.input_len_all(), w.output_len_all());
		if in_len == 0 || out_len == 0 {
			return Ok(());
		}
		let counts: [Vec<u64>; AXES] =
			std::array::from_fn(|axis| (0..w.output[axis]).map(|i| self.count(axis, i)).collect());
		if self.layout == Layout::ChannelsLast {
			let channels = super::pool::channels(x.shape(), self.layout);
			vectorized(
				#[inline(always)]
				|| {
					super::pool::channels_last(
						w,
						channels,
						(input, output),
						T::ZERO,
						#[inline(always)]
						|y, x| {
							for (y, x) in y.iter_mut().zip(x) {
								*y = *y + *x;
							}
						},
						#[inline(always)]
						|position, y| {
							let (outer, w) = (position / w.output[2], position % w.output[2]);
							let (d, h) = (outer / counts[1].len(), outer % counts[1].len());
							let count = counts[0][d] * counts[1][h] * counts[2][w];
							if count == 0 {
								y.fill(T::NAN);
							}
							let count = T::from_f64(count as f64);
							for y in y.iter_mut() {
								*y = *y / count;
							}
						},
					);
				},
			);
			return Ok(());
		}
		vectorized(
			#[inline(always)]
			|| {
				for (x, y) in input
					.chunks_exact(in_len)
					.zip(output.chunks_exact_mut(out_len))
				{
					w.for_each_tap(|tap| {
						w.for_each_pair(
							tap,
							y,
							x,
							#[inline(always)]
							|y, x| *y = *y + x,
						);
					});
					let mut y = y.iter_mut();
					for a in &counts[0] {
						for b in &counts[1] {
							for (c, y) in counts[2].iter().zip(&mut y) {
								// A window over padding alone averages nothing: 0 / 0.
								let count = T::from_f64((a * b * c) as f64);
								*y = if a * b * c == 0 { T::NAN } else { *y / count };
							}
						}
					}
				}
			},
		);
		Ok(())
	}
}

impl Kernel for AveragePool {
	fn name(&self) -> &'static str {
		"AveragePool"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		x.expect("X", &DType::FLOATS)?;
		let shape = super::pool::output_shape(&self.window, x.shape(), self.layout);
		Ok(vec![Fact::new(x.dtype(), shape)?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		super::pool::cost(&self.window, self.layout, inputs, outputs)
	}

	fn scratch_bytes(&self, _inputs: &[Fact], _outputs: &[Fact]) -> u64 {
		let counts: u64 = self.window.output.iter().map(|len| *len as u64 * 8).sum();
		counts.saturating_add(super::pool::scratch(&self.window, self.layout))
	}

	fn subnormals(&self, _: &[Fact], outputs: &[Fact]) -> u64 {
		of_vectors(
			outputs[0].dtype(),
			(outputs[0].len() as u64).saturating_mul(2),
		)
	}

	fn channels_last(&self, _: &[Fact]) -> Option<ChannelsLast> {
		let kernel = Self {
			window: self.window.clone(),
			count_include_pad: self.count_include_pad,
			layout: Layout::ChannelsLast,
		};
		Some(ChannelsLast {
			kernel: Some(Arc::new(kernel)),
			..ChannelsLast::elementwise(1)
		})
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		let dtype = crate::tensor::dtype(x)?;
		let mut y = super::pool::output(&self.window, x, dtype, self.layout)?;
		crate::with_float!(dtype, T => self.run::<T>(x, &mut y))?;
		Ok(vec![y])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, int, ints, tensor, OpTest},
	};

	fn test(kernel: &[i64]) -> OpTest {
		OpTest::new("AveragePool").attr(ints("kernel_shape", kernel))
	}

	#[test]
	fn the_padding_counts_if_it_is_asked_to() {
		let padded = || {
			test(&[3])
				.attr(ints("pads", &[1, 1]))
				.input(f32s(&[1, 1, 3], &[3.0, 6.0, 9.0]))
		};
		assert_eq!(padded().elements::<f32>().1, [4.5, 6.0, 7.5]);
		let counted = padded().attr(int("count_include_pad", 1));
		assert_eq!(counted.elements::<f32>().1, [3.0, 6.0, 5.0]);
	}

	#[test]
	fn beyond_the_padding_nothing_counts() {
		let (_, y) = test(&[2])
			.attr(ints("strides", &[2]))
			.attr(int("ceil_mode", 1))
			.attr(int("count_include_pad", 1))
			.input(f32s(&[1, 1, 3], &[2.0, 4.0, 8.0]))
			.elements::<f32>();
		assert_eq!(y, [3.0, 8.0]);
	}

	#[test]
	fn two_axes_with_strides() {
		let x: Vec<f64> = (0..16).map(f64::from).collect();
		let (shape, y) = test(&[2, 2])
			.attr(ints("strides", &[2, 2]))
			.input(tensor(&[1, 1, 4, 4], &x))
			.elements::<f64>();
		assert_eq!((shape, y), (vec![1, 1, 2, 2], vec![2.5, 4.5, 10.5, 12.5]));
	}

	#[test]
	fn a_window_over_padding_alone_gives_nan() {
		let (_, y) = test(&[1])
			.attr(ints("pads", &[1, 0]))
			.input(f32s(&[1, 1, 1], &[2.0]))
			.elements::<f32>();
		assert_eq!(
			[y[0].to_bits(), y[1].to_bits()],
			[0x7fc0_0000, 2f32.to_bits()]
		);
	}

	#[test]
	fn integers_are_refused() {
		let error = test(&[1]).input(tensor(&[1, 1, 1], &[2i32])).refused();
		assert!(matches!(error, OpError::UnsupportedDType { .. }));
	}
}
