//! Shape: the input's dimensions, or a range of them, as a constant.

use std::sync::Arc;

use super::{Inputs, Lowered, NodeCtx};
use crate::{error::OpError, tensor::from_slice};

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let rank = x.rank() as i64;
	let bound =
		|at: i64| (if at < 0 { at.saturating_add(rank) } else { at }).clamp(0, rank) as usize;
	let start = bound(node.attrs.int_or("start", 0)?);
	let end = bound(node.attrs.int_or("end", rank)?);
	let dims: Vec<i64> = x.shape().iter().map(|dim| *dim as i64).collect();
	constant(&dims[start..end.max(start)])
}

/// A constant list of i64.
pub(super) fn constant(values: &[i64]) -> Result<Lowered, OpError> {
	let tensor = from_slice(&[values.len()], values).map_err(|error| OpError::BadTensor {
		reason: error.to_string(),
	})?;
	Ok(Lowered::Constants(vec![Arc::new(tensor)]))
}

#[cfg(test)]
mod tests {
	use crate::testing::{f32s, int, OpTest};

	#[test]
	fn all_dimensions_or_a_range() {
		let test = || OpTest::new("Shape").input(f32s(&[2, 0, 3], &[]));
		assert_eq!(test().elements::<i64>(), (vec![3], vec![2, 0, 3]));
		assert_eq!(test().attr(int("start", -1)).elements::<i64>().1, [3]);
		assert_eq!(test().attr(int("end", -1)).elements::<i64>().1, [2, 0]);
		assert_eq!(
			test()
				.attr(int("start", 2))
				.attr(int("end", 1))
				.elements::<i64>()
				.0,
			[0]
		);
		assert_eq!(
			test().attr(int("start", i64::MIN)).elements::<i64>().1,
			[2, 0, 3]
		);
		assert_eq!(
			OpTest::new("Shape")
				.input(f32s(&[], &[1.0]))
				.elements::<i64>()
				.0,
			[0]
		);
	}
}
