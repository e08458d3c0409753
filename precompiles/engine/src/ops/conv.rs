//! Conv: convolution over one to three spatial axes, in groups, strided, dilated.
//!
//! Each output element is the sum of its [partial sums](crate::linalg::BLOCK), which start at +0 and
//! take in `x * w` for ascending (kernel position row-major, input channel of the group), input
//! channel innermost; positions in the padding contribute nothing, but count as terms; the bias is
//! added last.
//!
//! Two arrangements here give these bits. Groups of many output channels are multiplied as matrices
//! over a copy of the input with channels innermost, whose padding is zeros: with finite weights a
//! product with zero adds nothing (an accumulator that starts at +0 never becomes -0). All else
//! goes channel by channel over whole rows of the output. Binary32 with constant weights has forms
//! of its own for values whose channels lie last.

use std::sync::Arc;

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	conv_channels_last::ConvChannelsLast,
	depthwise::Depthwise,
	window::{self, Window, AXES},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{macs_of, ChannelsLast, Cost, Kernel, Layout},
	limits::MAX_TENSOR_BYTES,
	linalg::{self, multiply, Packed, PartialSums, Rows, Scalar, LANES},
	operand::operands,
	simd::vectorized,
	tensor::{slice, slice_mut},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &[
	"auto_pad",
	"dilations",
	"group",
	"kernel_shape",
	"pads",
	"strides",
];

/// A convolution of values in the layout of ONNX.
#[derive(Clone, Debug)]
pub(crate) struct Conv {
	window: Window,
	group: usize,
	/// Input channels of one group.
	group_in: usize,
	/// Output channels of one group.
	group_out: usize,
	has_bias: bool,
}

/// The weights as one matrix for each group.
#[derive(Debug)]
struct PackedGroups<T> {
	groups: Vec<Packed<T>>,
	is_finite: bool,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (x, w) = (inputs.required(0)?, inputs.required(1)?);
	x.expect("X", &DType::FLOATS)?;
	w.expect_same_dtype("W", x)?;
	let rank = window::spatial_rank(x)?;
	w.expect_rank("W", rank + 2..=rank + 2)?;
	if node.attrs.has("kernel_shape") && window::kernel_shape(&node.attrs, rank)? != w.shape()[2..]
	{
		return Err(OpError::bad_attribute(
			"kernel_shape",
			format!("differs from the shape {:?} of W", w.shape()),
		));
	}
	let group = node.attrs.int_or("group", 1)?;
	let (channels, out_channels) = (x.shape()[1], w.shape()[0]);
	let group = usize::try_from(group)
		.ok()
		.filter(|g| *g > 0 && channels % g == 0 && out_channels % g == 0)
		.ok_or_else(|| {
			OpError::bad_attribute(
				"group",
				format!("{group} does not divide {channels} and {out_channels} channels"),
			)
		})?;
	let (group_in, group_out) = (channels / group, out_channels / group);
	if w.shape()[1] != group_in {
		return Err(OpError::mismatch(format!(
			"W has shape {:?}, but must have {group_in} on axis 1",
			w.shape()
		)));
	}
	if let Some(bias) = inputs.optional(2) {
		bias.expect_same_dtype("B", x)?;
		if bias.shape() != [out_channels] {
			return Err(OpError::mismatch(format!(
				"B has shape {:?}, but must have [{out_channels}]",
				bias.shape()
			)));
		}
	}
	let window = Window::new(node, x, &w.shape()[2..], false)?;
	let has_bias = inputs.optional(2).is_some();
	let conv = Conv {
		window,
		group,
		group_in,
		group_out,
		has_bias,
	};
	if conv.as_matrices() {
		check_scratch(conv.padded_bytes(x.dtype()))?;
		let bytes = conv.packed_bytes(w.dtype());
		if bytes > MAX_TENSOR_BYTES {
			let shape = w.shape().to_vec();
			return Err(OpError::TensorTooLarge {
				shape,
				dtype: w.dtype(),
				bytes,
			});
		}
	}
	let consumed = if has_bias { vec![0, 1, 2] } else { vec![0, 1] };
	Ok(Lowered::step_of(conv, consumed))
}

fn check_scratch(bytes: u64) -> Result<(), OpError> {
	if bytes > MAX_TENSOR_BYTES {
		return Err(OpError::bad_attribute(
			"pads",
			format!("make the padded input take {bytes} bytes, at most {MAX_TENSOR_BYTES}"),
		));
	}
	Ok(())
}

impl Conv {
	/// The same with a bias.
	pub(crate) fn with_bias(&self) -> Self {
		Self {
			has_bias: true,
			..self.clone()
		}
	}

	/// Whether groups have enough output channels to be multiplied as matrices.
	fn as_matrices(&self) -> bool {
		self.group_out >= LANES / 2
	}

	/// Elements of one output that are summed up.
	fn k(&self) -> u64 {
		self.window
			.kernel_len()
			.saturating_mul(self.group_in as u64)
	}

	/// Whether weights that are known only when it runs may keep it from multiplying matrices.
	fn may_go_directly(&self, inputs: &[Fact]) -> bool {
		let weights = inputs.get(1).and_then(Fact::konst);
		let is_finite = weights.is_some_and(|w| match inputs[0].dtype() {
			DType::F64 => slice::<f64>(w).is_ok_and(|w| w.iter().all(|w| w.is_finite())),
			_ => slice::<f32>(w).is_ok_and(|w| w.iter().all(|w| w.is_finite())),
		});
		self.window.padded() != self.window.input && !is_finite
	}

	/// What a group takes row by row, in multiply-accumulates: the sums go through memory, and rows
	/// may be short.
	fn direct_macs(&self) -> u64 {
		let width = self.window.output[AXES - 1];
		let rows = self.window.output_len_all() / width.max(1);
		let planes = (self.group_in as u64).saturating_mul(self.group_out as u64);
		((rows * width.next_multiple_of(LANES)) as u64)
			.saturating_mul(self.k())
			.saturating_mul(self.group_out as u64)
			.saturating_mul(4)
			.saturating_add(self.window.run_macs(planes))
	}

	fn padded_bytes(&self, dtype: DType) -> u64 {
		self.window
			.padded()
			.into_iter()
			.chain([self.group, self.group_in, dtype.size()])
			.fold(1, |bytes, dim| u64::saturating_mul(bytes, dim as u64))
	}

	/// Turns weights of (output channel, input channel, kernel position) to matrices of
	/// (kernel position, input channel) x output channel.
	fn pack<T: Scalar>(&self, weights: &[T]) -> PackedGroups<T> {
		let positions = self.window.kernel_len() as usize;
		let k = positions * self.group_in;
		let groups: Vec<_> = (0..self.group)
			.map(|group| {
				Packed::new(k, self.group_out, |row, column| {
					let (position, channel) = (row / self.group_in, row % self.group_in);
					let out = group * self.group_out + column;
					weights[(out * self.group_in + channel) * positions + position]
				})
			})
			.collect();
		let is_finite = groups.iter().all(Packed::is_finite);
		PackedGroups { groups, is_finite }
	}

	fn packed_bytes(&self, dtype: DType) -> u64 {
		let k = usize::try_from(self.k()).unwrap_or(usize::MAX);
		let bytes = match dtype {
			DType::F64 => Packed::<f64>::bytes(k, self.group_out),
			_ => Packed::<f32>::bytes(k, self.group_out),
		};
		bytes.saturating_mul(self.group as u64)
	}

	fn run<T: Scalar>(
		&self,
		x: &Tensor,
		w: &Tensor,
		bias: Option<&Tensor>,
	) -> Result<Tensor, EvalError> {
		let batch = x.shape()[0];
		let channels = self.group * self.group_out;
		let shape: Vec<usize> = [batch, channels]
			.into_iter()
			.chain(self.window.output_shape().iter().copied())
			.collect();
		let mut y = Tensor::zero_dt(T::datum_type(), &shape)?;
		let (input, bias) = (operands(slice::<T>(x)?), bias.map(slice::<T>).transpose()?);
		let output = slice_mut::<T>(&mut y)?;
		let in_len = self.group * self.group_in * self.window.input_len_all();
		let out_len = channels * self.window.output_len_all();
		if in_len == 0 || out_len == 0 {
			return self.only_bias(y, bias);
		}

		let weights = slice::<T>(w)?;
		let packed = self.as_matrices().then(|| self.pack(weights));
		let is_padded = self.window.padded() != self.window.input;
		let images = input
			.chunks_exact(in_len)
			.zip(output.chunks_exact_mut(out_len));
		match packed {
			Some(packed) if packed.is_finite || !is_padded => {
				let len = self.window.padded().iter().product::<usize>();
				let mut padded = vec![T::default(); len * self.group * self.group_in];
				for (input, output) in images {
					self.channels_innermost(input, &mut padded);
					self.multiply_groups(&padded, &packed, bias, output);
				}
			}
			_ => {
				let weights = operands(weights);
				for (input, output) in images {
					self.direct(input, &weights, bias, output);
				}
			}
		}
		Ok(y)
	}

	/// An output of sums over nothing.
	fn only_bias<T: Scalar>(&self, mut y: Tensor, bias: Option<&[T]>) -> Result<Tensor, EvalError> {
		let len = self.window.output_len_all();
		if let (Some(bias), true) = (bias, len > 0) {
			for (channel, plane) in slice_mut::<T>(&mut y)?.chunks_exact_mut(len).enumerate() {
				plane.fill(T::default().plus(bias[channel % bias.len()]));
			}
		}
		Ok(y)
	}

	/// Copies an image of (channel, position) into the middle of one of (position, channel).
	fn channels_innermost<T: Scalar>(&self, input: &[T], padded: &mut [T]) {
		let channels = self.group * self.group_in;
		let (dims, pads, [_, height, width]) = (
			self.window.input,
			self.window.pads_begin,
			self.window.padded(),
		);
		let plane = self.window.input_len_all();
		// A few channels at a time, so that both sides stay in the nearest cache.
		for first in (0..channels).step_by(LANES) {
			let count = LANES.min(channels - first);
			for d in 0..dims[0] {
				for h in 0..dims[1] {
					let from = (d * dims[1] + h) * dims[2];
					let to = ((d + pads[0]) * height + h + pads[1]) * width + pads[2];
					for w in 0..dims[2] {
						let target = &mut padded[(to + w) * channels + first..][..count];
						for (channel, value) in target.iter_mut().enumerate() {
							*value = input[(first + channel) * plane + from + w];
						}
					}
				}
			}
		}
	}

	fn multiply_groups<T: Scalar>(
		&self,
		padded: &[T],
		packed: &PackedGroups<T>,
		bias: Option<&[T]>,
		output: &mut [T],
	) {
		let w = &self.window;
		let channels = self.group * self.group_in;
		let [_, height, width] = self.window.padded();
		let position = |[d, h, w]: [usize; AXES]| ((d * height + h) * width + w) * channels;
		let mut taps = vec![];
		w.for_each_tap(|tap| {
			taps.push(position(std::array::from_fn(|axis| {
				tap[axis] * w.dilations[axis]
			})));
		});
		let plane = w.output_len_all();
		let mut bases = Vec::with_capacity(plane);
		for d in 0..w.output[0] {
			for h in 0..w.output[1] {
				for x in 0..w.output[2] {
					bases.push(position([
						d * w.strides[0],
						h * w.strides[1],
						x * w.strides[2],
					]));
				}
			}
		}
		for (group, matrix) in packed.groups.iter().enumerate() {
			let rows = Rows {
				data: &padded[group * self.group_in..],
				bases: &bases,
				taps: &taps,
				run: self.group_in,
			};
			let first_channel = group * self.group_out;
			multiply(rows, matrix, |row, column, columns, tile| {
				for lane in 0..columns {
					let channel = first_channel + column + lane;
					let target = &mut output[channel * plane + row..][..tile.len()];
					match bias {
						Some(bias) => {
							for (y, sums) in target.iter_mut().zip(tile) {
								*y = sums[lane].plus(bias[channel]);
							}
						}
						None => {
							for (y, sums) in target.iter_mut().zip(tile) {
								*y = sums[lane];
							}
						}
					}
				}
			});
		}
	}

	/// Row by row, with the partial sums of a plane in memory.
	fn direct<T: Scalar>(&self, input: &[T], weights: &[T], bias: Option<&[T]>, output: &mut [T]) {
		let (plane, in_plane) = (self.window.output_len_all(), self.window.input_len_all());
		let positions = self.window.kernel_len() as usize;
		let mut sums = PartialSums::new(plane, self.k());
		vectorized(
			#[inline(always)]
			|| {
				for (channel, y) in output.chunks_exact_mut(plane).enumerate() {
					let first_in = channel / self.group_out * self.group_in;
					let mut position = 0;
					self.window.for_each_tap(|tap| {
						for c in 0..self.group_in {
							let weight =
								weights[(channel * self.group_in + c) * positions + position];
							let x = &input[(first_in + c) * in_plane..][..in_plane];
							let y = sums.next_term(y);
							self.window.for_each_pair(
								tap,
								y,
								x,
								#[inline(always)]
								|y, x| *y = y.mac(x, weight),
							);
						}
						position += 1;
					});
					sums.finish(y);
					if let Some(bias) = bias {
						for y in y.iter_mut() {
							*y = y.plus(bias[channel]);
						}
					}
				}
			},
		);
	}
}

impl Kernel for Conv {
	fn name(&self) -> &'static str {
		"Conv"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let x = inputs
			.first()
			.ok_or_else(|| super::internal_arity(inputs))?;
		let mut shape = vec![x.shape()[0], self.group * self.group_out];
		shape.extend(self.window.output_shape());
		Ok(vec![Fact::new(x.dtype(), shape)?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let batch = inputs[0].shape()[0].max(1) as u64;
		let k = usize::try_from(self.k()).unwrap_or(usize::MAX);
		let pixels = self.window.output_len_all();
		let multiplied = linalg::macs(pixels, k, self.group_out);
		let macs = match (self.as_matrices(), self.may_go_directly(inputs)) {
			(true, false) => multiplied,
			(false, _) => self.direct_macs(),
			// They are packed before it is seen that they are not finite.
			(true, true) => multiplied.saturating_add(self.direct_macs()),
		};
		let macs = macs.saturating_mul(macs_of(inputs[0].dtype()));
		let moved = if self.as_matrices() {
			2 * self.padded_bytes(inputs[0].dtype())
		} else {
			0
		};
		let mut cost = Cost::touching(inputs, outputs)
			.with_macs(macs.saturating_mul(batch).saturating_mul(self.group as u64));
		cost.bytes = cost.bytes.saturating_add(moved.saturating_mul(batch));
		cost
	}

	fn scratch_bytes(&self, inputs: &[Fact], _outputs: &[Fact]) -> u64 {
		// Copies of operands, if some of them are too small.
		let weights = inputs.get(1).map_or(0, Fact::bytes);
		let copies = inputs[0].bytes().saturating_add(weights);
		let dtype = inputs[0].dtype();
		let plane = self.window.output_len_all();
		let sums = match dtype {
			DType::F64 => PartialSums::<f64>::bytes(plane, self.k()),
			_ => PartialSums::<f32>::bytes(plane, self.k()),
		};
		let copies = copies.saturating_add(sums);
		if !self.as_matrices() {
			return copies;
		}
		// The padded input; where each row begins; and the packed weights.
		let bases = (plane as u64).saturating_mul(8);
		let taps = self.window.kernel_len().saturating_mul(16);
		self.padded_bytes(dtype)
			.saturating_add(copies)
			.saturating_add(bases)
			.saturating_add(taps)
			.saturating_add(self.packed_bytes(dtype))
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let [x, w, bias @ ..] = &inputs[..] else {
			return Err(EvalError::Internal("no weights".into()));
		};
		let bias = bias.first().map(|bias| &**bias);
		let y = match crate::tensor::dtype(x)? {
			DType::F64 => self.run::<f64>(x, w, bias),
			_ => self.run::<f32>(x, w, bias),
		}?;
		Ok(vec![y])
	}

	fn channels_last(&self, inputs: &[Fact]) -> Option<ChannelsLast> {
		let x = inputs.first()?;
		let constant = |index: usize| slice::<f32>(inputs.get(index)?.konst()?).ok();
		if x.dtype() != DType::F32 || x.is_empty() || self.window.output.contains(&0) {
			return None;
		}
		let weights = constant(1)?;
		let bias = if self.has_bias {
			Some(constant(2)?)
		} else {
			None
		};
		// Infinite weights meet no zeros here; no weights leave nothing to compute.
		if weights.is_empty() || !weights.iter().all(|w| f32::is_finite(*w)) {
			return None;
		}
		let (window, groups) = (&self.window, [self.group, self.group_in, self.group_out]);
		let kernel: Arc<dyn Kernel> = match groups {
			[2..=usize::MAX, 1, 1] => Arc::new(Depthwise::new(window, self.group, weights, bias)),
			[1, ..] => Arc::new(ConvChannelsLast::new(window, groups, weights, bias)?),
			_ if self.as_matrices() => {
				Arc::new(ConvChannelsLast::new(window, groups, weights, bias)?)
			}
			_ => return None,
		};
		Some(ChannelsLast {
			kernel: Some(kernel),
			inputs: vec![(0, Layout::ChannelsLast)],
			demanded: true,
		})
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		linalg::BLOCK,
		testing::{f32s, int, ints, string, tensor, OpTest},
	};

	/// The rule, term by term, for two spatial axes.
	#[allow(clippy::too_many_arguments)]
	fn reference(
		x: &[f32],
		xs: [usize; 4],
		w: &[f32],
		ws: [usize; 4],
		bias: Option<&[f32]>,
		group: usize,
		[sh, sw]: [usize; 2],
		[dh, dw]: [usize; 2],
		[top, left, bottom, right]: [usize; 4],
	) -> (Vec<usize>, Vec<u32>) {
		let [n, c, h, wd] = xs;
		let [o, ig, kh, kw] = ws;
		let oh = (h + top + bottom - (kh - 1) * dh - 1) / sh + 1;
		let ow = (wd + left + right - (kw - 1) * dw - 1) / sw + 1;
		let mut out = vec![];
		for b in 0..n {
			for oc in 0..o {
				let first = oc / (o / group) * ig;
				for y in 0..oh {
					for z in 0..ow {
						let mut sums = vec![0f32; (kh * kw * ig).div_ceil(BLOCK)];
						for i in 0..kh {
							for j in 0..kw {
								let (iy, ix) = (y * sh + i * dh, z * sw + j * dw);
								if iy < top || ix < left || iy - top >= h || ix - left >= wd {
									continue;
								}
								for ic in 0..ig {
									let v =
										x[((b * c + first + ic) * h + iy - top) * wd + ix - left];
									let product = v * w[((oc * ig + ic) * kh + i) * kw + j];
									sums[((i * kw + j) * ig + ic) / BLOCK] += product;
								}
							}
						}
						let mut sum = sums.into_iter().fold(0.0, |total, sum| total + sum);
						if let Some(bias) = bias {
							sum += bias[oc];
						}
						out.push(sum.to_bits());
					}
				}
			}
		}
		(vec![n, o, oh, ow], out)
	}

	fn values(len: usize, seed: usize) -> Vec<f32> {
		(0..len)
			.map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 * 0.013 - 13.0)
			.collect()
	}

	#[test]
	fn all_arrangements_give_the_bits_of_the_rule() {
		// (channels, outputs, group, kernel, strides, dilations, pads)
		let cases = [
			(3, 20, 1, [3, 3], [1, 1], [1, 1], [1, 1, 1, 1]),
			(4, 32, 1, [1, 1], [1, 1], [1, 1], [0, 0, 0, 0]),
			(8, 16, 2, [3, 2], [2, 1], [1, 2], [0, 1, 2, 0]),
			(6, 6, 6, [3, 3], [1, 1], [1, 1], [1, 1, 1, 1]),
			(6, 12, 6, [3, 3], [2, 2], [2, 1], [2, 2, 1, 1]),
			(4, 2, 1, [5, 1], [1, 3], [1, 1], [4, 0, 4, 2]),
			// More than one partial sum, in each of the arrangements.
			(40, 20, 1, [3, 3], [1, 1], [1, 1], [1, 1, 1, 1]),
			(50, 16, 2, [3, 2], [2, 1], [1, 2], [0, 1, 2, 0]),
			(70, 2, 1, [1, 3], [1, 1], [1, 1], [0, 1, 0, 1]),
			(33, 33, 33, [9, 8], [1, 1], [1, 1], [4, 4, 4, 3]),
			(2, 2, 2, [9, 8], [1, 1], [1, 1], [4, 4, 4, 3]),
		];
		for (c, o, group, k, strides, dilations, pads) in cases {
			let xs = [2, c, 9, 11];
			let ws = [o, c / group, k[0], k[1]];
			let (x, w) = (
				values(xs.iter().product(), 1),
				values(ws.iter().product(), 2),
			);
			let b = values(o, 3);
			let (shape, expected) =
				reference(&x, xs, &w, ws, Some(&b), group, strides, dilations, pads);
			let test = || {
				let as_i64 =
					|values: &[usize]| values.iter().map(|v| *v as i64).collect::<Vec<_>>();
				OpTest::new("Conv")
					.attr(int("group", group as i64))
					.attr(ints("strides", &as_i64(&strides)))
					.attr(ints("dilations", &as_i64(&dilations)))
					.attr(ints("pads", &as_i64(&pads)))
					.input(f32s(&xs, &x))
			};
			for constant in [false, true] {
				let weights = f32s(&ws, &w);
				let test = if constant {
					test().constant(weights)
				} else {
					test().input(weights)
				};
				let (found_shape, found) = test.input(f32s(&[o], &b)).elements::<f32>();
				assert_eq!(found_shape, shape);
				let found: Vec<u32> = found.iter().map(|y| y.to_bits()).collect();
				assert_eq!(found, expected, "{c} {o} {group} {k:?}");
			}
		}
	}

	#[test]
	fn infinite_weights_in_the_padding_contribute_nothing() {
		let mut w = vec![1.0; 8 * 9];
		w[0] = f32::INFINITY;
		for constant in [false, true] {
			let test = OpTest::new("Conv")
				.attr(ints("pads", &[1, 1, 1, 1]))
				.input(f32s(&[1, 1, 1, 1], &[2.0]));
			let w = f32s(&[8, 1, 3, 3], &w);
			let (_, y) = if constant {
				test.constant(w)
			} else {
				test.input(w)
			}
			.elements::<f32>();
			assert_eq!(y, [2.0; 8]);
		}
	}

	#[test]
	fn operands_too_small_to_multiply_count_as_zero() {
		let (small, w) = (f32::from_bits(0x1fff_ffff), 1e30);
		// One output channel goes row by row, eight are multiplied as matrices.
		for outputs in [1, 8] {
			let test = |x: f32, w: f32, constant: bool| {
				let x = f32s(&[1, 1, 1, 2], &[x, 1.0]);
				let w = f32s(&[outputs, 1, 1, 1], &vec![w; outputs]);
				let test = OpTest::new("Conv").input(x);
				let test = if constant {
					test.constant(w)
				} else {
					test.input(w)
				};
				test.elements::<f32>().1
			};
			for constant in [false, true] {
				assert_eq!(test(small, w, constant), [0.0, w].repeat(outputs));
				assert_eq!(test(w, small, constant), vec![0.0; 2 * outputs]);
				let least = f32::from_bits(0x2000_0000);
				assert_eq!(test(least, w, constant), [least * w, w].repeat(outputs));
			}
		}
	}

	#[test]
	fn one_and_three_axes() {
		let (shape, y) = OpTest::new("Conv")
			.input(f32s(&[1, 1, 4], &[1.0, 2.0, 3.0, 4.0]))
			.input(f32s(&[1, 1, 2], &[1.0, 10.0]))
			.elements::<f32>();
		assert_eq!((shape, y), (vec![1, 1, 3], vec![21.0, 32.0, 43.0]));
		let (shape, y) = OpTest::new("Conv")
			.input(f32s(
				&[1, 1, 2, 2, 2],
				&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
			))
			.input(f32s(&[1, 1, 2, 1, 1], &[1.0, 10.0]))
			.elements::<f32>();
		assert_eq!(
			(shape, y),
			(vec![1, 1, 1, 2, 2], vec![51.0, 62.0, 73.0, 84.0])
		);
	}

	#[test]
	fn automatic_padding() {
		let test = |auto_pad| {
			OpTest::new("Conv")
				.attr(string("auto_pad", auto_pad))
				.attr(ints("strides", &[2]))
				.input(f32s(&[1, 1, 4], &[1.0, 2.0, 3.0, 4.0]))
				.input(f32s(&[1, 1, 3], &[1.0, 10.0, 100.0]))
		};
		assert_eq!(test("SAME_UPPER").elements::<f32>().1, [321.0, 43.0]);
		assert_eq!(test("SAME_LOWER").elements::<f32>().1, [210.0, 432.0]);
		assert_eq!(test("VALID").elements::<f32>().1, [321.0]);
		assert!(matches!(
			test("SOME").refused(),
			OpError::BadAttribute { .. }
		));
	}

	#[test]
	fn binary64() {
		let (_, y) = OpTest::new("Conv")
			.input(tensor(&[1, 1, 2], &[1.0f64, 2.0]))
			.input(tensor(&[1, 1, 2], &[0.1f64, 0.2]))
			.elements::<f64>();
		assert_eq!(y, [0.1 + 2.0 * 0.2]);
	}

	#[test]
	fn impossible_attributes_are_refused() {
		let test = || {
			OpTest::new("Conv")
				.input(f32s(&[1, 2, 3, 3], &[0.0; 18]))
				.input(f32s(&[2, 2, 3, 3], &[0.0; 36]))
		};
		for attribute in [
			ints("pads", &[1, 1]),
			ints("pads", &[1 << 40, 0, 0, 0]),
			ints("pads", &[1 << 28, 1 << 28, 0, 0]),
			ints("pads", &[-1, 0, 0, 0]),
			ints("strides", &[0, 1]),
			ints("dilations", &[1 << 30, 1]),
			ints("kernel_shape", &[2, 2]),
			int("group", 0),
			int("group", 3),
			int("unknown", 3),
		] {
			let error = test().attr(attribute).refused();
			assert!(
				matches!(
					error,
					OpError::BadAttribute { .. }
						| OpError::TensorTooLarge { .. }
						| OpError::ShapeOverflow { .. }
				),
				"{error:?}"
			);
		}
		let error = test().attr(ints("dilations", &[2, 2])).refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
		assert!(matches!(
			test().attr(int("group", 2)).refused(),
			OpError::ShapeMismatch { .. } | OpError::BadAttribute { .. }
		));
	}
}
