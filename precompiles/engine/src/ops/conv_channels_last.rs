//! Conv over values whose channels lie last, with constant finite weights, as products of matrices.
//!
//! A row of the left-hand matrix is a window of the input, read where it lies: positions of the
//! kernel that are neighbours in memory are one run. Padding is a copy of the input with zeros
//! around it; with finite weights a product with zero adds nothing (an accumulator that starts at
//! +0 never becomes -0).

use std::sync::Arc;

use tract_onnx::prelude::{IntoTensor, TValue, TVec, Tensor};

use super::window::{Window, AXES};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, FollowUp, Kernel},
	limits::MAX_TENSOR_BYTES,
	linalg,
	operand::operands,
	panels::{multiply, Activation, Epilogue, Panels, Rows, Target},
	tensor::{slice, slice_mut},
	DType,
};

/// A convolution of binary32 in this form, and what follows it.
#[derive(Clone, Debug)]
pub(crate) struct ConvChannelsLast {
	window: Window,
	group: usize,
	group_in: usize,
	group_out: usize,
	/// The weights of each group, (kernel position, input channel) x output channel.
	panels: Arc<Vec<Panels>>,
	bias: Option<Arc<[f32]>>,
	/// Whether a further input is added before the activation.
	adds: bool,
	activation: Activation,
}

impl ConvChannelsLast {
	/// Packs weights of (output channel, input channel of the group, kernel position); none if that
	/// would take, or run in, too much memory.
	pub(super) fn new(
		window: &Window,
		[group, group_in, group_out]: [usize; 3],
		weights: &[f32],
		bias: Option<&[f32]>,
	) -> Option<Self> {
		let positions = usize::try_from(window.kernel_len()).ok()?;
		let k = positions.checked_mul(group_in)?;
		let mut conv = Self {
			window: window.clone(),
			group,
			group_in,
			group_out,
			panels: Arc::default(),
			bias: bias.map(Arc::from),
			adds: false,
			activation: Activation::None,
		};
		// Few output channels fill their lines badly, which large weights cannot afford.
		let most = (size_of_val(weights) as u64)
			.saturating_mul(4)
			.saturating_add(1 << 20);
		if conv.padded_bytes() > MAX_TENSOR_BYTES || conv.packed_bytes() > most {
			return None;
		}
		conv.panels = Arc::new(
			(0..group)
				.map(|group| {
					Panels::new(k, group_out, |row, column| {
						let (position, channel) = (row / group_in, row % group_in);
						let out = group * group_out + column;
						weights[(out * group_in + channel) * positions + position]
					})
				})
				.collect(),
		);
		Some(conv)
	}

	fn channels_in(&self) -> usize {
		self.group * self.group_in
	}

	fn channels_out(&self) -> usize {
		self.group * self.group_out
	}

	fn k(&self) -> usize {
		usize::try_from(self.window.kernel_len())
			.unwrap_or(usize::MAX)
			.saturating_mul(self.group_in)
	}

	fn is_padded(&self) -> bool {
		self.window.padded() != self.window.input
	}

	/// Bytes of one padded image.
	fn padded_bytes(&self) -> u64 {
		self.window
			.padded()
			.into_iter()
			.chain([self.channels_in(), size_of::<f32>()])
			.fold(1, |bytes, dim| u64::saturating_mul(bytes, dim as u64))
	}

	fn packed_bytes(&self) -> u64 {
		Panels::bytes(self.k(), self.group_out).saturating_mul(self.group as u64)
	}

	/// Where the windows of one image begin, where their runs begin, and how long these are.
	fn rows(&self) -> (Vec<usize>, Vec<usize>, usize) {
		let w = &self.window;
		let [_, height, width] = w.padded();
		let channels = self.channels_in();
		let offset = |[d, h, w]: [usize; AXES]| ((d * height + h) * width + w) * channels;
		let mut bases = Vec::with_capacity(w.output_len_all());
		for d in 0..w.output[0] {
			for h in 0..w.output[1] {
				let row = offset([d * w.strides[0], h * w.strides[1], 0]);
				bases.extend((0..w.output[2]).map(|x| row + x * w.strides[2] * channels));
			}
		}
		// Neighbours on the last axis are one run, unless other groups lie between them.
		let merged = self.group == 1 && w.dilations[2] == 1;
		let mut taps = vec![];
		w.for_each_tap(|tap| {
			if !(merged && tap[2] > 0) {
				taps.push(offset(std::array::from_fn(|axis| {
					tap[axis] * w.dilations[axis]
				})));
			}
		});
		let run = if merged {
			w.kernel[2] * channels
		} else {
			self.group_in
		};
		(bases, taps, run)
	}

	/// Copies an image, with zeros around it.
	fn pad(&self, image: &[f32], padded: &mut Vec<f32>) {
		let w = &self.window;
		let channels = self.channels_in();
		let [depth, height, width] = w.padded();
		padded.clear();
		let row = w.input[2] * channels;
		let mut rows = image.chunks_exact(row.max(1));
		let inside = |axis: usize, at: usize| {
			(w.pads_begin[axis]..w.pads_begin[axis] + w.input[axis]).contains(&at)
		};
		for d in 0..depth {
			for h in 0..height {
				let end = padded.len() + width * channels;
				if inside(0, d) && inside(1, h) {
					padded.resize(padded.len() + w.pads_begin[2] * channels, 0.0);
					padded.extend_from_slice(rows.next().unwrap_or_default());
				}
				padded.resize(end, 0.0);
			}
		}
	}
}

impl ConvChannelsLast {
	/// Whether the input is all that it reads: nothing is added to the output.
	pub(crate) fn is_unary(&self) -> bool {
		!self.adds
	}

	/// Writes the channels of each pixel from `first` on to pixels of `stride` channels.
	pub(super) fn run_into(
		&self,
		x: &Tensor,
		output: &mut [f32],
		first: usize,
		stride: usize,
	) -> Result<(), EvalError> {
		let (bases, taps, run) = self.rows();
		let input = operands(slice::<f32>(x)?);
		let images = input
			.chunks_exact(self.channels_in() * self.window.input_len_all())
			.zip(output.chunks_exact_mut(stride * bases.len()));
		let mut padded = if self.is_padded() {
			Vec::with_capacity(self.padded_bytes() as usize / size_of::<f32>())
		} else {
			vec![]
		};
		for (mut image, output) in images {
			if self.is_padded() {
				self.pad(image, &mut padded);
				image = &padded;
			}
			for (group, panels) in self.panels.iter().enumerate() {
				let channels = group * self.group_out..(group + 1) * self.group_out;
				multiply(
					Rows {
						data: &image[group * self.group_in..],
						bases: &bases,
						taps: &taps,
						run,
					},
					panels,
					Target {
						data: output,
						first: first + channels.start,
						stride,
					},
					Epilogue {
						bias: self.bias.as_ref().map(|bias| &bias[channels]),
						accumulate: self.adds,
						activation: self.activation,
					},
				);
			}
		}
		Ok(())
	}
}

impl Kernel for ConvChannelsLast {
	fn name(&self) -> &'static str {
		"Conv"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let x = inputs
			.first()
			.ok_or_else(|| super::internal_arity(inputs))?;
		let mut shape = vec![x.shape()[0]];
		shape.extend(self.window.output_shape());
		shape.push(self.channels_out());
		Ok(vec![Fact::new(x.dtype(), shape)?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let batch = inputs[0].shape()[0].max(1) as u64;
		let pixels = self.window.output_len_all();
		let macs = linalg::macs(pixels, self.k(), self.group_out)
			.saturating_mul(batch)
			.saturating_mul(self.group as u64);
		let copied = if self.is_padded() {
			self.padded_bytes().saturating_mul(2).saturating_mul(batch)
		} else {
			0
		};
		let mut cost = Cost::touching(inputs, outputs).with_macs(macs);
		cost.bytes = cost
			.bytes
			.saturating_add(self.constant_bytes())
			.saturating_add(copied);
		cost
	}

	fn scratch_bytes(&self, inputs: &[Fact], _outputs: &[Fact]) -> u64 {
		// Also a copy of the input, if some of it is too small to multiply.
		let copied = inputs[0].bytes();
		let places = (self.window.output_len_all() as u64)
			.saturating_add(self.window.kernel_len().saturating_mul(2))
			.saturating_mul(8)
			.saturating_add(copied);
		if self.is_padded() {
			places.saturating_add(self.padded_bytes())
		} else {
			places
		}
	}

	fn constant_bytes(&self) -> u64 {
		let bias = self.bias.as_ref().map_or(0, |bias| bias.len() as u64 * 4);
		self.packed_bytes().saturating_add(bias)
	}

	fn eval(&self, mut inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let addend = if self.adds { inputs.pop() } else { None };
		let x = inputs
			.first()
			.ok_or_else(|| EvalError::Internal("no input".into()))?;
		let mut y = match addend {
			// Its memory becomes the output's, if nothing else needs it.
			Some(addend) => addend.into_tensor(),
			None => {
				let mut shape = vec![x.shape()[0]];
				shape.extend(self.window.output_shape());
				shape.push(self.channels_out());
				crate::tensor::zeros(DType::F32, &shape)?
			}
		};
		self.run_into(x, slice_mut::<f32>(&mut y)?, 0, self.channels_out())?;
		Ok(vec![y])
	}

	fn followed_by(&self, next: &FollowUp) -> Option<Arc<dyn Kernel>> {
		let mut fused = self.clone();
		if self.activation != Activation::None {
			return None;
		}
		match next {
			FollowUp::Activation(activation) => fused.activation = *activation,
			FollowUp::Add if !self.adds => fused.adds = true,
			FollowUp::Bias(bias) if !self.adds && self.bias.is_none() => {
				let bias = slice::<f32>(bias).ok()?;
				if bias.len() != self.channels_out() {
					return None;
				}
				fused.bias = Some(bias.into());
			}
			FollowUp::Add | FollowUp::Bias(_) => return None,
		}
		Some(Arc::new(fused))
	}
}
