//! Depthwise Conv over values whose channels lie last: each channel has its own window, vectors go
//! across channels.

use std::{ops::Range, sync::Arc};

use fearless_simd::{Simd, SimdBase, SimdFrom};
use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::window::Window;
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, FollowUp, Kernel},
	linalg::{Scalar, BLOCK, LANES},
	operand::operands,
	panels::Activation,
	simd,
	tensor::{build, slice},
};

/// A convolution of binary32 with one input and one output channel in each group.
#[derive(Clone, Debug)]
pub(super) struct Depthwise {
	window: Window,
	channels: usize,
	/// For each kernel position one element for each channel.
	weights: Arc<[f32]>,
	bias: Option<Arc<[f32]>>,
	activation: Activation,
}

impl Depthwise {
	/// Turns weights of (channel, kernel position) round.
	pub(super) fn new(
		window: &Window,
		channels: usize,
		weights: &[f32],
		bias: Option<&[f32]>,
	) -> Self {
		let positions = weights.len() / channels;
		Self {
			window: window.clone(),
			channels,
			weights: (0..weights.len())
				.map(|i| weights[i % channels * positions + i / channels].operand())
				.collect(),
			bias: bias.map(Arc::from),
			activation: Activation::None,
		}
	}
}

/// One image on its way through.
struct Pass<'a> {
	conv: &'a Depthwise,
	input: &'a [f32],
	output: &'a mut [f32],
}

/// A row of the output: its first element, and the window's positions on the outer axes that lie in
/// the input.
struct OutputRow {
	start: usize,
	depth: usize,
	height: usize,
	depth_taps: Range<usize>,
	height_taps: Range<usize>,
}

impl simd::Kernel for Pass<'_> {
	type Output = ();

	#[inline(always)]
	fn run<S: Simd>(mut self, simd: S) {
		let channels = self.conv.channels;
		let lanes = S::f32s::LEN;
		for index in 0..self.rows() {
			let row = self.output_row(index);
			let mut channel = 0;
			while channel < channels {
				if channels - channel >= 2 * lanes {
					self.row::<S, 2>(simd, &row, channel);
					channel += 2 * lanes;
				} else if channels >= lanes {
					// The last vector may compute some channels again.
					self.row::<S, 1>(simd, &row, channel.min(channels - lanes));
					channel += lanes;
				} else {
					self.scalar_row(&row, channel);
					channel += 1;
				}
			}
		}
	}

	fn run_scalar(mut self) {
		for index in 0..self.rows() {
			let row = self.output_row(index);
			for channel in 0..self.conv.channels {
				self.scalar_row(&row, channel);
			}
		}
	}
}

impl Pass<'_> {
	/// How many rows the output has.
	fn rows(&self) -> usize {
		self.conv.window.output[0] * self.conv.window.output[1]
	}

	#[inline(always)]
	fn output_row(&self, index: usize) -> OutputRow {
		let w = &self.conv.window;
		let (depth, height) = (index / w.output[1], index % w.output[1]);
		OutputRow {
			start: index * w.output[2] * self.conv.channels,
			depth,
			height,
			depth_taps: w.taps(0, depth),
			height_taps: w.taps(1, height),
		}
	}

	/// `V` vectors of channels of a row of the output.
	#[inline(always)]
	fn row<S: Simd, const V: usize>(&mut self, simd: S, row: &OutputRow, channel: usize) {
		const TILE: usize = 4;
		let w = &self.conv.window;
		let (width, kernel) = (w.output[2], w.kernel[2]);
		let is_inner = |x: usize| w.taps(2, x) == (0..kernel);
		let mut x = 0;
		while x < width {
			// The window lies within the input for neighbours from the first to the last.
			if x + TILE <= width && is_inner(x) && is_inner(x + TILE - 1) {
				self.tile::<S, TILE, V>(simd, row, channel, x, 0..kernel);
				x += TILE;
			} else {
				let taps = w.taps(2, x);
				self.tile::<S, 1, V>(simd, row, channel, x, taps);
				x += 1;
			}
		}
	}

	#[inline(always)]
	fn tile<S: Simd, const P: usize, const V: usize>(
		&mut self,
		simd: S,
		row: &OutputRow,
		channel: usize,
		x: usize,
		taps: Range<usize>,
	) {
		let (conv, lanes) = (self.conv, S::f32s::LEN);
		let (w, channels) = (&conv.window, conv.channels);
		let mut totals = [[S::f32s::simd_from(simd, 0.0); V]; P];
		let mut sums = totals;
		// The first kernel position of the next partial sums.
		let mut next = BLOCK;
		for kd in row.depth_taps.clone() {
			for kh in row.height_taps.clone() {
				let d = w.position(0, row.depth, kd);
				let h = w.position(1, row.height, kh);
				let line = (d * w.input[1] + h) * w.input[2];
				for kw in taps.clone() {
					let tap = (kd * w.kernel[1] + kh) * w.kernel[2] + kw;
					if tap >= next {
						for (totals, sums) in totals.iter_mut().zip(&mut sums) {
							for v in 0..V {
								totals[v] += sums[v];
								sums[v] = S::f32s::simd_from(simd, 0.0);
							}
						}
						next = (tap / BLOCK + 1) * BLOCK;
					}
					let weights = &conv.weights[tap * channels + channel..][..V * lanes];
					let weights: [S::f32s; V] = std::array::from_fn(|v| {
						S::f32s::from_slice(simd, &weights[v * lanes..][..lanes])
					});
					for (p, sums) in sums.iter_mut().enumerate() {
						let at = (line + w.position(2, x + p, kw)) * channels + channel;
						let values = &self.input[at..][..V * lanes];
						for v in 0..V {
							let value = S::f32s::from_slice(simd, &values[v * lanes..][..lanes]);
							sums[v] += value * weights[v];
						}
					}
				}
			}
		}
		for (p, sums) in sums.iter().enumerate() {
			let at = row.start + (x + p) * channels + channel;
			for (v, sum) in sums.iter().enumerate() {
				let mut y = totals[p][v] + *sum;
				if let Some(bias) = &conv.bias {
					y += S::f32s::from_slice(simd, &bias[channel + v * lanes..][..lanes]);
				}
				let y: S::f32s = conv.activation.apply_to(simd, y);
				y.store_slice(&mut self.output[at + v * lanes..][..lanes]);
			}
		}
	}

	/// One channel of a row of the output, where there are fewer than a vector holds.
	#[inline(always)]
	fn scalar_row(&mut self, row: &OutputRow, channel: usize) {
		let (conv, w) = (self.conv, &self.conv.window);
		let channels = conv.channels;
		for x in 0..w.output[2] {
			let (mut total, mut sum) = (0.0f32, 0.0f32);
			let mut next = BLOCK;
			for kd in row.depth_taps.clone() {
				for kh in row.height_taps.clone() {
					let d = w.position(0, row.depth, kd);
					let h = w.position(1, row.height, kh);
					for kw in w.taps(2, x) {
						let tap = (kd * w.kernel[1] + kh) * w.kernel[2] + kw;
						if tap >= next {
							total += sum;
							sum = 0.0;
							next = (tap / BLOCK + 1) * BLOCK;
						}
						let at = (d * w.input[1] + h) * w.input[2] + w.position(2, x, kw);
						sum += self.input[at * channels + channel]
							* conv.weights[tap * channels + channel];
					}
				}
			}
			sum += total;
			if let Some(bias) = &conv.bias {
				sum += bias[channel];
			}
			self.output[row.start + x * channels + channel] = conv.activation.apply(sum);
		}
	}
}

impl Kernel for Depthwise {
	fn name(&self) -> &'static str {
		"Conv"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let x = inputs
			.first()
			.ok_or_else(|| super::internal_arity(inputs))?;
		let mut shape = vec![x.shape()[0]];
		shape.extend(self.window.output_shape());
		shape.push(self.channels);
		Ok(vec![Fact::new(x.dtype(), shape)?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		// Each element of a window is loaded for one product.
		let pixels = self.window.output_len_all() as u64;
		let batch = inputs[0].shape()[0].max(1) as u64;
		let macs = pixels
			.saturating_mul(batch)
			.saturating_mul(self.channels.next_multiple_of(LANES) as u64)
			.saturating_mul(self.window.kernel_len())
			.saturating_mul(4);
		let mut cost = Cost::touching(inputs, outputs).with_macs(macs);
		cost.bytes = cost.bytes.saturating_add(self.constant_bytes());
		cost
	}

	fn scratch_bytes(&self, inputs: &[Fact], _outputs: &[Fact]) -> u64 {
		// A copy of the input, if some of it is too small to multiply.
		inputs[0].bytes()
	}

	fn constant_bytes(&self) -> u64 {
		let bias = self.bias.as_ref().map_or(0, |bias| bias.len());
		(self.weights.len() + bias) as u64 * 4
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		let input = operands(slice::<f32>(x)?);
		let mut shape = vec![x.shape()[0]];
		shape.extend(self.window.output_shape());
		shape.push(self.channels);
		let y = build::<f32>(&shape, |output| {
			let images = input
				.chunks_exact(self.window.input_len_all() * self.channels)
				.zip(output.chunks_exact_mut(self.window.output_len_all() * self.channels));
			for (input, output) in images {
				simd::run(Pass {
					conv: self,
					input,
					output,
				});
			}
		})?;
		Ok(vec![y])
	}

	fn followed_by(&self, next: &FollowUp) -> Option<Arc<dyn Kernel>> {
		match next {
			FollowUp::Activation(activation) if self.activation == Activation::None => {
				Some(Arc::new(Self {
					activation: *activation,
					..self.clone()
				}))
			}
			_ => None,
		}
	}
}
