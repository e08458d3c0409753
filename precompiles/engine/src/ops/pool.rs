//! What the poolings share.

use tract_onnx::prelude::Tensor;

use super::window::{Window, AXES};
use crate::{
	error::EvalError,
	fact::Fact,
	kernel::{Cost, Layout},
	tensor::{strides, zeros},
	DType,
};

/// The shape of the output of a pooling over an input of shape `x`.
pub(super) fn output_shape(window: &Window, x: &[usize], layout: Layout) -> Vec<usize> {
	let (batch, channels) = (x[0], channels(x, layout));
	let space = window.output_shape().iter().copied();
	match layout {
		Layout::Given => [batch, channels].into_iter().chain(space).collect(),
		Layout::ChannelsLast => [batch].into_iter().chain(space).chain([channels]).collect(),
	}
}

/// A tensor for the output of a pooling.
pub(super) fn output(
	window: &Window,
	x: &Tensor,
	dtype: DType,
	layout: Layout,
) -> Result<Tensor, EvalError> {
	zeros(dtype, &output_shape(window, x.shape(), layout))
}

/// The number of channels.
pub(super) fn channels(x: &[usize], layout: Layout) -> usize {
	match layout {
		Layout::Given => x[1],
		Layout::ChannelsLast => x[x.len() - 1],
	}
}

/// Bytes of the positions that [`Window::for_each_output`] lists.
pub(super) fn scratch(window: &Window, layout: Layout) -> u64 {
	match layout {
		Layout::Given => 0,
		Layout::ChannelsLast => window.kernel_len().min(window.input_len_all() as u64) * 16,
	}
}

/// Calls `row(output channels, input channels)` for each image, each output position, and each
/// element of its window that lies in the input, row-major; then `end(output position, output
/// channels)`. Before, an output's channels are `start`.
#[inline(always)]
pub(super) fn channels_last<T: Copy>(
	window: &Window,
	channels: usize,
	(input, output): (&[T], &mut [T]),
	start: T,
	row: impl Fn(&mut [T], &[T]),
	end: impl Fn(usize, &mut [T]),
) {
	let (in_len, out_len) = (window.input_len_all(), window.output_len_all());
	if channels == 0 || in_len == 0 || out_len == 0 {
		return;
	}
	let images = input
		.chunks_exact(in_len * channels)
		.zip(output.chunks_exact_mut(out_len * channels));
	for (x, y) in images {
		window.for_each_output(|position, inside| {
			let y = &mut y[position * channels..][..channels];
			y.fill(start);
			for at in inside {
				row(y, &x[at * channels..][..channels]);
			}
			end(position, y);
		});
	}
}

/// Each element of a window is one operation on an accumulator in memory: in vectors of channels
/// where these lie last; else in rows that may be short, and in no vectors where the window strides.
/// Finding the elements takes longer than that where there are few channels, or planes are tiny.
pub(super) fn cost(window: &Window, layout: Layout, inputs: &[Fact], outputs: &[Fact]) -> Cost {
	let strided = layout == Layout::Given && window.strides[AXES - 1] > 1;
	let row = outputs[0].shape().last().copied().unwrap_or(1).max(1);
	let rows = (outputs[0].len() / row).max(1) as u64;
	let (row, of_element) = match layout {
		Layout::ChannelsLast => (row.next_multiple_of(16), 4),
		Layout::Given if strided => (row, 40),
		Layout::Given => (row.next_multiple_of(16), 16),
	};
	let elements = rows.saturating_mul(row as u64);
	let (batch, channels) = (outputs[0].shape()[0] as u64, outputs[0].shape()[1] as u64);
	let found = match layout {
		Layout::ChannelsLast => window.listing_macs().saturating_mul(batch),
		Layout::Given => window.run_macs(batch.saturating_mul(channels)),
	};
	Cost::touching(inputs, outputs)
		.with_macs(
			elements
				.saturating_mul(window.kernel_len())
				.saturating_mul(of_element),
		)
		.with_macs(found)
}

/// The planes of a tensor of batch, channels and spatial axes: how many, and their length.
pub(super) fn planes(shape: &[usize]) -> (usize, usize) {
	let len = strides(shape).get(1).copied().unwrap_or(1);
	(shape[..2].iter().product(), len)
}
