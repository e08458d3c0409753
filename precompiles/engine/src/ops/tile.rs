//! Tile: the input repeated along each axis, a constant number of times.

use super::{copy::View, expand::dimensions, shaped::viewed, Inputs, Lowered, NodeCtx};
use crate::{error::OpError, fact::Fact};

pub(super) fn build(_: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let repeats = inputs.constant_ints(1, "repeats")?.unwrap_or_default();
	let repeats = dimensions("repeats", &repeats)?;
	if repeats.len() != x.rank() {
		return Err(OpError::bad_attribute(
			"repeats",
			format!(
				"has {} entries for a tensor of rank {}",
				repeats.len(),
				x.rank()
			),
		));
	}
	let shape = x
		.shape()
		.iter()
		.zip(&repeats)
		.map(|(dim, times)| dim.checked_mul(*times))
		.collect::<Option<Vec<_>>>()
		.ok_or_else(|| OpError::ShapeOverflow {
			shape: repeats.clone(),
		})?;
	Fact::new(x.dtype(), shape.clone())?;
	// Each axis becomes two: over the copies, standing still, and within one.
	let own = View::of(x.shape());
	let mut view = View {
		shape: vec![],
		strides: vec![],
		offset: 0,
	};
	for (axis, times) in repeats.iter().enumerate() {
		view.shape.extend([*times, own.shape[axis]]);
		view.strides.extend([0, own.strides[axis]]);
	}
	Ok(viewed("Tile", view, shape))
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{i64s, tensor, OpTest},
	};

	#[test]
	fn copies_along_both_axes() {
		let test = OpTest::new("Tile")
			.input(tensor(&[2, 2], &[1u16, 2, 3, 4]))
			.constant(i64s(&[2, 2]));
		let row = [1, 2, 1, 2, 3, 4, 3, 4];
		assert_eq!(test.elements::<u16>(), (vec![4, 4], [row, row].concat()));
		let test = OpTest::new("Tile")
			.input(tensor(&[2], &[1u16, 2]))
			.constant(i64s(&[0]));
		assert_eq!(test.elements::<u16>(), (vec![0], vec![]));
	}

	#[test]
	fn absurd_counts_are_refused() {
		let refused = |repeats: &[i64]| {
			OpTest::new("Tile")
				.input(tensor(&[4], &[0i64; 4]))
				.constant(i64s(repeats))
				.refused()
		};
		assert!(matches!(
			refused(&[i64::MAX]),
			OpError::ShapeOverflow { .. }
		));
		assert!(matches!(
			refused(&[1 << 30]),
			OpError::TensorTooLarge { .. }
		));
		assert!(matches!(refused(&[-1]), OpError::BadAttribute { .. }));
		assert!(matches!(refused(&[1, 1]), OpError::BadAttribute { .. }));
	}
}
