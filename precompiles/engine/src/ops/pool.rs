//! What the poolings share.

use tract_onnx::prelude::Tensor;

use super::window::Window;
use crate::{
	error::EvalError,
	fact::Fact,
	kernel::Cost,
	tensor::{strides, zeros},
	DType,
};

/// A tensor for the output of a pooling.
pub(super) fn output(window: &Window, x: &Tensor, dtype: DType) -> Result<Tensor, EvalError> {
	let mut shape = x.shape()[..2].to_vec();
	shape.extend(window.output_shape());
	zeros(dtype, &shape)
}

/// Each element of a window is one operation on an accumulator in memory, in rows that may be
/// short.
pub(super) fn cost(window: &Window, inputs: &[Fact], outputs: &[Fact]) -> Cost {
	let row = outputs[0].shape().last().copied().unwrap_or(1).max(1);
	let rows = (outputs[0].len() / row).max(1);
	let elements = (rows as u64).saturating_mul(row.next_multiple_of(16) as u64);
	Cost::touching(inputs, outputs).with_macs(
		elements
			.saturating_mul(window.kernel_len())
			.saturating_mul(2),
	)
}

/// The planes of a tensor of batch, channels and spatial axes: how many, and their length.
pub(super) fn planes(shape: &[usize]) -> (usize, usize) {
	let len = strides(shape).get(1).copied().unwrap_or(1);
	(shape[..2].iter().product(), len)
}
