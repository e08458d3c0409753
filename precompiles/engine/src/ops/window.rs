//! Sliding windows: what convolutions and poolings share.
//!
//! One, two or three spatial axes are taken as three, the missing outer ones with size 1.

use super::NodeCtx;
use crate::{attrs::Attrs, error::OpError, fact::Fact};

/// Spatial axes that a window has here.
pub(super) const AXES: usize = 3;

/// No stride, dilation, kernel or padding beyond this makes sense in a tensor within the limits;
/// with it, no product or sum below overflows.
pub(super) const MAX_EXTENT: i64 = 1 << 29;

/// A window and how it moves, over an input of a fixed shape.
#[derive(Clone, Debug)]
pub(super) struct Window {
	/// Spatial dimensions of the input.
	pub(super) input: [usize; AXES],
	/// Spatial dimensions of the output.
	pub(super) output: [usize; AXES],
	/// Dimensions of the window.
	pub(super) kernel: [usize; AXES],
	/// How far the window moves.
	pub(super) strides: [usize; AXES],
	/// How far its elements lie apart.
	pub(super) dilations: [usize; AXES],
	/// Padding before the input.
	pub(super) pads_begin: [usize; AXES],
	/// Padding after the input.
	pub(super) pads_end: [usize; AXES],
	/// Spatial axes of the ONNX tensors.
	pub(super) rank: usize,
}

impl Window {
	/// Reads the attributes of a node whose input is `x`, of rank 3 to 5, with a window of shape
	/// `kernel`. `ceil` rounds the size of the output up.
	pub(super) fn new(
		node: &NodeCtx<'_>,
		x: &Fact,
		kernel: &[usize],
		ceil: bool,
	) -> Result<Self, OpError> {
		let rank = spatial_rank(x)?;
		let kernel = lifted(kernel, rank, 1)?;
		let input = lifted(&x.shape()[2..], rank, 1)?;
		let strides = extents(&node.attrs, "strides", rank)?;
		let dilations = extents(&node.attrs, "dilations", rank)?;
		let mut window = Self {
			input,
			output: [1; AXES],
			kernel,
			strides,
			dilations,
			pads_begin: [0; AXES],
			pads_end: [0; AXES],
			rank,
		};
		if kernel.iter().any(|k| *k == 0 || *k as i64 > MAX_EXTENT) {
			return Err(OpError::bad_attribute("kernel_shape", "must be at least 1"));
		}
		for (kernel, dilation) in kernel.iter().zip(dilations) {
			// In 64 bits, for a target's own size may be 32.
			if (*kernel as u64 - 1) * dilation as u64 >= MAX_EXTENT as u64 {
				return Err(OpError::bad_attribute(
					"dilations",
					"spread the window far too wide",
				));
			}
		}
		window.pad(node)?;
		for axis in 0..AXES {
			window.output[axis] = window.output_len(axis, ceil)?;
		}
		Ok(window)
	}

	/// Elements of the input that the window spans on an axis.
	pub(super) fn span(&self, axis: usize) -> usize {
		(self.kernel[axis] - 1) * self.dilations[axis] + 1
	}

	fn pad(&mut self, node: &NodeCtx<'_>) -> Result<(), OpError> {
		let auto_pad = node.attrs.string_or("auto_pad", "NOTSET")?;
		let upper = match auto_pad {
			"NOTSET" => {
				[self.pads_begin, self.pads_end] = explicit_pads(&node.attrs, self.rank)?;
				return Ok(());
			}
			"VALID" => return Ok(()),
			"SAME_UPPER" => true,
			"SAME_LOWER" => false,
			other => {
				return Err(OpError::bad_attribute(
					"auto_pad",
					format!("'{other}' is none of NOTSET, SAME_UPPER, SAME_LOWER, VALID"),
				))
			}
		};
		for axis in AXES - self.rank..AXES {
			let output = self.input[axis].div_ceil(self.strides[axis]).max(1);
			let total = ((output - 1) * self.strides[axis] + self.span(axis))
				.saturating_sub(self.input[axis]);
			let (small, large) = (total / 2, total - total / 2);
			(self.pads_begin[axis], self.pads_end[axis]) = if upper {
				(small, large)
			} else {
				(large, small)
			};
		}
		Ok(())
	}

	fn output_len(&self, axis: usize, ceil: bool) -> Result<usize, OpError> {
		let padded = self.input[axis] + self.pads_begin[axis] + self.pads_end[axis];
		let room = padded.checked_sub(self.span(axis)).ok_or_else(|| {
			OpError::mismatch(format!(
				"a window that spans {} does not fit into {padded} elements, padding included",
				self.span(axis)
			))
		})?;
		let stride = self.strides[axis];
		if !ceil {
			return Ok(room / stride + 1);
		}
		let len = room.div_ceil(stride) + 1;
		// The last window must begin in the input or in the padding before it.
		if (len - 1) * stride >= self.input[axis] + self.pads_begin[axis] {
			return Ok(len - 1);
		}
		Ok(len)
	}

	/// The output's dimensions as ONNX has them, after batch and channels.
	pub(super) fn output_shape(&self) -> &[usize] {
		&self.output[AXES - self.rank..]
	}

	/// Elements of the output of one channel.
	pub(super) fn output_len_all(&self) -> usize {
		self.output.iter().product()
	}

	/// Elements of the input of one channel.
	pub(super) fn input_len_all(&self) -> usize {
		self.input.iter().product()
	}

	/// Elements of the window; saturates.
	pub(super) fn kernel_len(&self) -> u64 {
		self.kernel
			.iter()
			.fold(1, |len, k| u64::saturating_mul(len, *k as u64))
	}

	/// The input's dimensions, padding included.
	pub(super) fn padded(&self) -> [usize; AXES] {
		std::array::from_fn(|axis| self.input[axis] + self.pads_begin[axis] + self.pads_end[axis])
	}

	/// The elements of the window on an axis that lie in the input for an output position.
	#[inline(always)]
	pub(super) fn taps(&self, axis: usize, output: usize) -> std::ops::Range<usize> {
		let (start, pad) = (output * self.strides[axis], self.pads_begin[axis]);
		let dilation = self.dilations[axis];
		let from = pad.saturating_sub(start).div_ceil(dilation);
		let to = (self.input[axis] + pad)
			.saturating_sub(start)
			.div_ceil(dilation)
			.min(self.kernel[axis]);
		from..to.max(from)
	}

	/// The input position on an axis of an element of the window, which lies in the input.
	#[inline(always)]
	pub(super) fn position(&self, axis: usize, output: usize, tap: usize) -> usize {
		output * self.strides[axis] + tap * self.dilations[axis] - self.pads_begin[axis]
	}

	/// Calls `f(output position, input positions)`, all flat, for each output position in order; the
	/// input positions are those of the window that lie in the input, row-major.
	#[inline(always)]
	pub(super) fn for_each_output(&self, mut f: impl FnMut(usize, &[usize])) {
		let mut inside = vec![];
		let mut position = 0;
		for d in 0..self.output[0] {
			for h in 0..self.output[1] {
				for w in 0..self.output[2] {
					inside.clear();
					for kd in self.taps(0, d) {
						for kh in self.taps(1, h) {
							let row = (self.position(0, d, kd) * self.input[1]
								+ self.position(1, h, kh))
								* self.input[2];
							inside.extend(self.taps(2, w).map(|kw| row + self.position(2, w, kw)));
						}
					}
					f(position, &inside);
					position += 1;
				}
			}
		}
	}

	/// The output positions on an axis for which element `tap` of the window lies in the input,
	/// and the input position of the first of them.
	#[inline(always)]
	pub(super) fn valid(&self, axis: usize, tap: usize) -> (std::ops::Range<usize>, usize) {
		let (stride, offset) = (self.strides[axis], tap * self.dilations[axis]);
		let pad = self.pads_begin[axis];
		// output * stride + offset - pad must be in 0..input.
		let first = pad.saturating_sub(offset).div_ceil(stride);
		let end = (self.input[axis] + pad)
			.saturating_sub(offset)
			.div_ceil(stride);
		let range = first.min(self.output[axis])..end.min(self.output[axis]);
		if range.start >= range.end {
			return (0..0, 0);
		}
		let position = range.start * stride + offset - pad;
		(range, position)
	}

	/// Calls `row(output offset, input offset, length)` for each run along the innermost axis in
	/// which element `tap` (per axis) of the window lies in the input: output elements from the
	/// offset on, input elements from theirs on, the stride of the innermost axis apart.
	#[inline(always)]
	pub(super) fn for_each_run(
		&self,
		tap: [usize; AXES],
		mut run: impl FnMut(usize, usize, usize),
	) {
		let (outer, outer_input) = self.valid(0, tap[0]);
		let (middle, middle_input) = self.valid(1, tap[1]);
		let (inner, inner_input) = self.valid(2, tap[2]);
		if inner.is_empty() {
			return;
		}
		for (i, d) in outer.enumerate() {
			let id = outer_input + i * self.strides[0];
			for (j, h) in middle.clone().enumerate() {
				let ih = middle_input + j * self.strides[1];
				run(
					(d * self.output[1] + h) * self.output[2] + inner.start,
					(id * self.input[1] + ih) * self.input[2] + inner_input,
					inner.len(),
				);
			}
		}
	}

	/// What it takes to find the runs of each element of a window, and to begin them, in
	/// multiply-accumulates: beside what is done along them, and for so many pairs of planes.
	pub(super) fn run_macs(&self, planes: u64) -> u64 {
		// Six divisions for an element of the window, and the steps of a loop for a run.
		const OF_ELEMENT: u64 = 640;
		const OF_RUN: u64 = 64;
		let runs = self.output[0] as u64 * self.output[1] as u64;
		runs.saturating_mul(OF_RUN)
			.saturating_add(OF_ELEMENT)
			.saturating_mul(self.kernel_len())
			.saturating_mul(planes)
	}

	/// What [`for_each_output`](Self::for_each_output) takes to list the elements of each window, in
	/// multiply-accumulates.
	pub(super) fn listing_macs(&self) -> u64 {
		// Two divisions for each axis, and for each row of the window.
		const OF_ROW: u64 = 128;
		const OF_ELEMENT: u64 = 24;
		let rows = self.kernel[0] as u64 * self.kernel[1] as u64;
		let of_window = rows
			.saturating_add(2)
			.saturating_mul(OF_ROW)
			.saturating_add(self.kernel_len().saturating_mul(OF_ELEMENT));
		of_window.saturating_mul(self.output_len_all() as u64)
	}

	/// Calls `f(output, input)` for each pair of elements of an output and an input channel that
	/// element `tap` of the window brings together.
	#[inline(always)]
	pub(super) fn for_each_pair<Y, X: Copy>(
		&self,
		tap: [usize; AXES],
		output: &mut [Y],
		input: &[X],
		f: impl Fn(&mut Y, X),
	) {
		let stride = self.strides[AXES - 1];
		self.for_each_run(
			tap,
			#[inline(always)]
			|to, from, len| {
				let y = output[to..to + len].iter_mut();
				// Apart, for neighbours are taken in vectors.
				if stride == 1 {
					for (y, x) in y.zip(&input[from..from + len]) {
						f(y, *x);
					}
				} else {
					for (y, x) in y.zip(input[from..].iter().step_by(stride)) {
						f(y, *x);
					}
				}
			},
		);
	}

	/// The same for a transposed window, which brings the output's elements to the input:
	/// `f(input, output)`.
	#[inline(always)]
	pub(super) fn for_each_pair_back<X, Y: Copy>(
		&self,
		tap: [usize; AXES],
		input: &mut [X],
		output: &[Y],
		f: impl Fn(&mut X, Y),
	) {
		let stride = self.strides[AXES - 1];
		self.for_each_run(
			tap,
			#[inline(always)]
			|from, to, len| {
				let y = output[from..from + len].iter();
				if stride == 1 {
					for (x, y) in input[to..to + len].iter_mut().zip(y) {
						f(x, *y);
					}
				} else {
					for (x, y) in input[to..].iter_mut().step_by(stride).zip(y) {
						f(x, *y);
					}
				}
			},
		);
	}

	/// Calls `f` for each element of the window, row-major.
	#[inline(always)]
	pub(super) fn for_each_tap(&self, mut f: impl FnMut([usize; AXES])) {
		for d in 0..self.kernel[0] {
			for h in 0..self.kernel[1] {
				for w in 0..self.kernel[2] {
					f([d, h, w]);
				}
			}
		}
	}
}

/// The number of spatial axes of an input: batch, channels, one to three more.
pub(super) fn spatial_rank(x: &Fact) -> Result<usize, OpError> {
	x.expect_rank("X", 3..=5)?;
	Ok(x.rank() - 2)
}

/// The window's shape that the attributes give, which is required.
pub(super) fn kernel_shape(attrs: &Attrs<'_>, rank: usize) -> Result<Vec<usize>, OpError> {
	let kernel = attrs
		.ints("kernel_shape")?
		.ok_or_else(|| Attrs::missing("kernel_shape"))?;
	if kernel.len() != rank {
		return Err(OpError::bad_attribute(
			"kernel_shape",
			format!("has {} values, but must have {rank}", kernel.len()),
		));
	}
	kernel
		.iter()
		.map(|k| {
			usize::try_from(*k)
				.ok()
				.filter(|k| (1..=MAX_EXTENT as usize).contains(k))
				.ok_or_else(|| OpError::bad_attribute("kernel_shape", format!("{k} is impossible")))
		})
		.collect()
}

/// The values of `strides` or `dilations`, 1 by default, lifted to three axes.
pub(super) fn extents(
	attrs: &Attrs<'_>,
	name: &'static str,
	rank: usize,
) -> Result<[usize; AXES], OpError> {
	let Some(values) = attrs.ints(name)? else {
		return Ok([1; AXES]);
	};
	if values.len() != rank {
		return Err(OpError::bad_attribute(
			name,
			format!("has {} values, but must have {rank}", values.len()),
		));
	}
	let mut extents = [1; AXES];
	for (axis, value) in values.iter().enumerate() {
		if !(1..=MAX_EXTENT).contains(value) {
			return Err(OpError::bad_attribute(
				name,
				format!("{value} is impossible"),
			));
		}
		extents[AXES - rank + axis] = *value as usize;
	}
	Ok(extents)
}

/// The values of `pads`, 0 by default, before and after the input, lifted to three axes.
pub(super) fn explicit_pads(attrs: &Attrs<'_>, rank: usize) -> Result<[[usize; AXES]; 2], OpError> {
	let mut pads = [[0; AXES]; 2];
	let Some(values) = attrs.ints("pads")? else {
		return Ok(pads);
	};
	if values.len() != 2 * rank {
		return Err(OpError::bad_attribute(
			"pads",
			format!("has {} values, but must have {}", values.len(), 2 * rank),
		));
	}
	if values.iter().any(|pad| !(0..=MAX_EXTENT).contains(pad)) {
		return Err(OpError::bad_attribute(
			"pads",
			"is negative or far too large",
		));
	}
	for (pads, values) in pads.iter_mut().zip(values.chunks_exact(rank)) {
		for (pad, value) in pads[AXES - rank..].iter_mut().zip(values) {
			*pad = *value as usize;
		}
	}
	Ok(pads)
}

/// Spatial dimensions, lifted to three axes.
pub(super) fn lifted(dims: &[usize], rank: usize, fill: usize) -> Result<[usize; AXES], OpError> {
	if dims.len() != rank {
		return Err(OpError::mismatch(format!(
			"{} spatial dimensions, not {rank}",
			dims.len()
		)));
	}
	let mut lifted = [fill; AXES];
	lifted[AXES - rank..].copy_from_slice(dims);
	Ok(lifted)
}
