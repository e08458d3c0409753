//! ConvTranspose: the transposed convolution over one to three spatial axes, in groups, strided,
//! dilated.
//!
//! Each output element is the sum of its [partial sums](crate::linalg::BLOCK), which start at +0 and
//! take in `x * w` for ascending (kernel position row-major, input channel of the group), input
//! channel innermost; kernel positions that no input element meets contribute nothing, but count as
//! terms; the bias is added last.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	window::{extents, kernel_shape, lifted, spatial_rank, Window, AXES, MAX_EXTENT},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	linalg::{PartialSums, Scalar, BLOCK, LANES},
	operand::operands,
	simd::vectorized,
	tensor::{build as build_tensor, slice},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &[
	"auto_pad",
	"dilations",
	"group",
	"kernel_shape",
	"output_padding",
	"output_shape",
	"pads",
	"strides",
];

#[derive(Debug)]
struct ConvTranspose {
	/// The window of the convolution that this one transposes: its input is the output here, its
	/// output the input.
	window: Window,
	group: usize,
	/// Input channels of one group.
	group_in: usize,
	/// Output channels of one group.
	group_out: usize,
	has_bias: bool,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (x, w) = (inputs.required(0)?, inputs.required(1)?);
	x.expect("X", &DType::FLOATS)?;
	w.expect_same_dtype("W", x)?;
	let rank = spatial_rank(x)?;
	w.expect_rank("W", rank + 2..=rank + 2)?;
	if node.attrs.has("kernel_shape") && kernel_shape(&node.attrs, rank)? != w.shape()[2..] {
		return Err(OpError::bad_attribute(
			"kernel_shape",
			format!("differs from the shape {:?} of W", w.shape()),
		));
	}
	let channels = x.shape()[1];
	if w.shape()[0] != channels {
		return Err(OpError::mismatch(format!(
			"W has shape {:?}, but must have {channels} on axis 0",
			w.shape()
		)));
	}
	let group = node.attrs.int_or("group", 1)?;
	let group = usize::try_from(group)
		.ok()
		.filter(|g| *g > 0 && channels % g == 0)
		.ok_or_else(|| {
			OpError::bad_attribute(
				"group",
				format!("{group} does not divide {channels} channels"),
			)
		})?;
	let group_out = w.shape()[1];
	let out_channels = group
		.checked_mul(group_out)
		.filter(|channels| *channels <= MAX_EXTENT as usize)
		.ok_or_else(|| OpError::mismatch("far too many output channels"))?;
	if let Some(bias) = inputs.optional(2) {
		bias.expect_same_dtype("B", x)?;
		if bias.shape() != [out_channels] {
			return Err(OpError::mismatch(format!(
				"B has shape {:?}, but must have [{out_channels}]",
				bias.shape()
			)));
		}
	}
	if x.shape()[2..].contains(&0) || w.shape()[2..].contains(&0) {
		return Err(OpError::mismatch("an empty image or kernel"));
	}
	let conv = ConvTranspose {
		window: window(node, x, &w.shape()[2..], rank)?,
		group,
		group_in: channels / group,
		group_out,
		has_bias: inputs.optional(2).is_some(),
	};
	Ok(Lowered::step(conv, inputs))
}

/// The window of the convolution that is transposed, the padding and the output's size worked out.
fn window(node: &NodeCtx<'_>, x: &Fact, kernel: &[usize], rank: usize) -> Result<Window, OpError> {
	let attrs = &node.attrs;
	let list = |name: &'static str, len: usize| -> Result<Option<Vec<i64>>, OpError> {
		let Some(values) = attrs.ints(name)?.filter(|values| !values.is_empty()) else {
			return Ok(None);
		};
		if values.len() != len || values.iter().any(|value| !(0..=MAX_EXTENT).contains(value)) {
			return Err(OpError::bad_attribute(
				name,
				format!("must have {len} values, none of them negative or far too large"),
			));
		}
		Ok(Some(values.to_vec()))
	};
	let output_padding = list("output_padding", rank)?.unwrap_or_else(|| vec![0; rank]);
	let pads = list("pads", 2 * rank)?.unwrap_or_else(|| vec![0; 2 * rank]);
	let given_shape = match list("output_shape", rank)? {
		Some(shape) => Some(shape),
		None => list("output_shape", rank + 2)
			.unwrap_or(None)
			.map(|shape| shape[2..].to_vec()),
	};
	let auto_pad = attrs.string_or("auto_pad", "NOTSET")?;
	if !["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"].contains(&auto_pad) {
		return Err(OpError::bad_attribute(
			"auto_pad",
			"is none of NOTSET, SAME_UPPER, SAME_LOWER, VALID",
		));
	}
	let mut window = Window {
		input: [1; AXES],
		output: lifted(&x.shape()[2..], rank, 1)?,
		kernel: lifted(kernel, rank, 1)?,
		strides: extents(attrs, "strides", rank)?,
		dilations: extents(attrs, "dilations", rank)?,
		pads_begin: [0; AXES],
		pads_end: [0; AXES],
		rank,
	};
	for axis in 0..rank {
		let at = AXES - rank + axis;
		let stride = window.strides[at] as i64;
		let (kernel, dilation) = (window.kernel[at] as i64, window.dilations[at] as i64);
		// Each factor is at most 2^29.
		let full = stride * (window.output[at] as i64 - 1)
			+ output_padding[axis]
			+ (kernel - 1) * dilation
			+ 1;
		let same = auto_pad.starts_with("SAME");
		let wanted = match &given_shape {
			Some(shape) => Some(shape[axis]),
			None if same => Some(window.output[at] as i64 * stride),
			None => None,
		};
		let (begin, len) = match wanted {
			Some(len) => {
				let total = (full - len).max(0);
				let begin = if auto_pad == "SAME_UPPER" {
					total / 2
				} else {
					total - total / 2
				};
				window.pads_end[at] = (total - begin) as usize;
				(begin, len)
			}
			None if auto_pad == "VALID" => (0, full),
			None => {
				window.pads_end[at] = pads[rank + axis] as usize;
				(pads[axis], full - pads[axis] - pads[rank + axis])
			}
		};
		if !(1..=MAX_EXTENT).contains(&len) || begin > MAX_EXTENT {
			return Err(OpError::mismatch(format!(
				"spatial axis {axis} of the output would have length {len}"
			)));
		}
		window.pads_begin[at] = begin as usize;
		window.input[at] = len as usize;
	}
	Ok(window)
}

impl ConvTranspose {
	/// Shape of the output's image.
	fn image(&self) -> &[usize] {
		&self.window.input[AXES - self.window.rank..]
	}

	fn run<T: Scalar>(
		&self,
		x: &Tensor,
		weights: &[T],
		bias: Option<&[T]>,
	) -> Result<Tensor, EvalError> {
		let channels = self.group * self.group_out;
		let shape: Vec<usize> = [x.shape()[0], channels]
			.into_iter()
			.chain(self.image().iter().copied())
			.collect();
		let (input, weights) = (operands(slice::<T>(x)?), operands(weights));
		let (in_plane, out_plane) = (self.window.output_len_all(), self.window.input_len_all());
		let in_len = self.group * self.group_in * in_plane;
		build_tensor::<T>(&shape, |output| {
			if output.is_empty() {
				return;
			}
			for (image, output) in output.chunks_exact_mut(channels * out_plane).enumerate() {
				// No input channels, no input.
				let input = &input[image * in_len..][..in_len];
				self.image_of(input, &weights, bias, output, in_plane, out_plane);
			}
		})
	}

	/// Pairs of an input element and a weight that an output element may be the sum of.
	fn terms(&self) -> u64 {
		self.window
			.kernel_len()
			.saturating_mul(self.group_in as u64)
	}

	fn image_of<T: Scalar>(
		&self,
		input: &[T],
		weights: &[T],
		bias: Option<&[T]>,
		output: &mut [T],
		in_plane: usize,
		out_plane: usize,
	) {
		let positions = self.window.kernel_len() as usize;
		let mut sums = PartialSums::new(out_plane, self.terms());
		vectorized(
			#[inline(always)]
			|| {
				for (channel, y) in output.chunks_exact_mut(out_plane).enumerate() {
					let (group, own) = (channel / self.group_out, channel % self.group_out);
					let mut position = 0;
					// Without input channels a window may be huge, for it has no weights.
					if self.group_in > 0 {
						self.window.for_each_tap(|tap| {
							for c in group * self.group_in..(group + 1) * self.group_in {
								let weight =
									weights[(c * self.group_out + own) * positions + position];
								let x = &input[c * in_plane..][..in_plane];
								let y = sums.next_term(y);
								self.window.for_each_pair_back(
									tap,
									y,
									x,
									#[inline(always)]
									|y, x| *y = y.mac(x, weight),
								);
							}
							position += 1;
						});
					}
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

impl Kernel for ConvTranspose {
	fn name(&self) -> &'static str {
		"ConvTranspose"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let x = inputs
			.first()
			.ok_or_else(|| super::internal_arity(inputs))?;
		let mut shape = vec![x.shape()[0], self.group * self.group_out];
		shape.extend(self.image());
		Ok(vec![Fact::new(x.dtype(), shape)?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let batch = inputs[0].shape()[0].max(1) as u64;
		let width = self.window.output[AXES - 1];
		let rows = (self.window.output_len_all() / width) as u64;
		// Accumulators go through memory, and rows may be short; those that are strided scatter.
		let row = width.next_multiple_of(LANES) as u64
			* if self.window.strides[AXES - 1] == 1 {
				10
			} else {
				30
			};
		let channels = ((self.group * self.group_out) as u64).saturating_mul(batch);
		// Now and then all of an output plane is gone through, however few of its elements get terms.
		let sums = (self.window.input_len_all() as u64)
			.saturating_mul(self.terms().div_ceil(BLOCK as u64) + 1);
		// Each row is a step of its own.
		let steps = rows.saturating_mul(self.terms()).saturating_mul(channels);
		let macs = steps
			.saturating_mul(row)
			.saturating_add(sums.saturating_mul(channels));
		Cost::touching(inputs, outputs)
			.with_macs(macs)
			.with_scalars(steps.saturating_mul(8))
			.with_macs(
				self.window
					.run_macs(channels.saturating_mul(self.group_in as u64)),
			)
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		// Copies of operands, if some of them are too small.
		let copies = inputs[0].bytes().saturating_add(inputs[1].bytes());
		let plane = self.window.input_len_all();
		copies.saturating_add(match inputs[0].dtype() {
			DType::F64 => PartialSums::<f64>::bytes(plane, self.terms()),
			_ => PartialSums::<f32>::bytes(plane, self.terms()),
		})
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let dtype = crate::tensor::dtype(&inputs[0])?;
		let y = crate::with_float!(dtype, T => {
			let bias = if self.has_bias {
				Some(slice::<T>(&inputs[2])?)
			} else {
				None
			};
			self.run::<T>(&inputs[0], slice::<T>(&inputs[1])?, bias)?
		});
		Ok(vec![y])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, int, ints, string, OpTest},
	};
	use proptest::prelude::*;

	fn test(x: &[f32], w: &[f32]) -> OpTest {
		OpTest::new("ConvTranspose")
			.input(f32s(&[1, 1, x.len()], x))
			.input(f32s(&[1, 1, w.len()], w))
	}

	#[test]
	fn no_input_channels_leave_the_bias_however_large_the_window() {
		// A loop over the window would not end.
		let window = 1 << 27;
		let (shape, y) = OpTest::new("ConvTranspose")
			.attr(ints("pads", &[0, window - 1]))
			.input(f32s(&[1, 0, 1], &[]))
			.input(f32s(&[0, 1, window as usize], &[]))
			.input(f32s(&[1], &[0.5]))
			.elements::<f32>();
		assert_eq!((shape, y), (vec![1, 1, 1], vec![0.5]));
	}

	#[test]
	fn strides_spread_and_overlaps_add_up() {
		let (shape, y) = test(&[1.0, 10.0], &[1.0, 2.0, 3.0])
			.attr(ints("strides", &[2]))
			.input(f32s(&[1], &[0.5]))
			.elements::<f32>();
		assert_eq!(
			(shape, y),
			(vec![1, 1, 5], vec![1.5, 2.5, 13.5, 20.5, 30.5])
		);
	}

	#[test]
	fn pads_cut_and_output_padding_adds() {
		let strided = || test(&[1.0, 10.0], &[1.0, 2.0, 3.0]).attr(ints("strides", &[2]));
		let (_, y) = strided()
			.attr(ints("pads", &[1, 1]))
			.attr(ints("output_padding", &[1]))
			.elements::<f32>();
		assert_eq!(y, [2.0, 13.0, 20.0, 30.0]);
		let (_, y) = strided().attr(ints("output_shape", &[4])).elements::<f32>();
		assert_eq!(y, [2.0, 13.0, 20.0, 30.0]);
		let (_, y) = strided()
			.attr(string("auto_pad", "SAME_UPPER"))
			.elements::<f32>();
		assert_eq!(y, [1.0, 2.0, 13.0, 20.0]);
		let (_, y) = strided().attr(ints("output_shape", &[7])).elements::<f32>();
		assert_eq!(y, [1.0, 2.0, 13.0, 20.0, 30.0, 0.0, 0.0]);
	}

	#[test]
	fn misfits_are_refused() {
		let error = test(&[1.0], &[1.0]).attr(ints("pads", &[1, 1])).refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
		let error = test(&[1.0], &[1.0]).attr(int("group", 2)).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }));
		let error = test(&[1.0], &[1.0])
			.attr(ints("strides", &[1 << 28]))
			.attr(ints("output_padding", &[1 << 29]))
			.refused();
		assert!(!matches!(error, OpError::Unsupported { .. }));
	}

	proptest! {
		// Against the definition: every pair of input and kernel position goes where it must.
		#[test]
		fn two_axes_by_definition(
			dims in prop::array::uniform2(1usize..5),
			kernel in prop::array::uniform2(1usize..4),
			strides in prop::array::uniform2(1i64..4),
			dilations in prop::array::uniform2(1i64..3),
			group in 1usize..3,
		) {
			let (channels, group_out) = (2 * group, 3);
			let value = |i: usize| ((i * 37 + 11) % 64) as f32 - 30.0;
			let x: Vec<f32> = (0..channels * dims[0] * dims[1]).map(value).collect();
			let taps = kernel[0] * kernel[1];
			let w: Vec<f32> = (0..channels * group_out * taps).map(|i| value(i + 7)).collect();
			let (shape, y) = OpTest::new("ConvTranspose")
				.attr(int("group", group as i64))
				.attr(ints("strides", &strides))
				.attr(ints("dilations", &dilations))
				.input(f32s(&[1, channels, dims[0], dims[1]], &x))
				.input(f32s(&[channels, group_out, kernel[0], kernel[1]], &w))
				.elements::<f32>();
			let mut expected = vec![0f32; shape.iter().product()];
			for c in 0..channels {
				for o in 0..group_out {
					let out = c / 2 * group_out + o;
					for i in 0..dims[0] * dims[1] {
						for k in 0..taps {
							let at = |axis: usize, i: usize, k: usize| {
								i * strides[axis] as usize + k * dilations[axis] as usize
							};
							let row = at(0, i / dims[1], k / kernel[1]);
							let column = at(1, i % dims[1], k % kernel[1]);
							let place = (out * shape[2] + row) * shape[3] + column;
							// Small integers: any order of summation is exact.
							expected[place] +=
								x[c * dims[0] * dims[1] + i] * w[(c * group_out + o) * taps + k];
						}
					}
				}
			}
			prop_assert_eq!(y, expected);
		}
	}
}
