//! Tile: the input repeated along each axis, a constant number of times. Up to opset 5 it is repeated
//! along one axis: both are inputs, which may be floats.

use super::{copy::View, expand::dimensions, shaped::viewed, Inputs, Lowered, NodeCtx};
use crate::{error::OpError, fact::Fact};

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let repeats = if node.opset < 6 {
		along_one_axis(x, inputs)?
	} else if inputs.len() == 2 {
		inputs.constant_ints(1, "repeats")?.unwrap_or_default()
	} else {
		return Err(OpError::WrongArity {
			reason: format!("opset {} has two inputs", node.opset),
		});
	};
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

/// What an old opset repeats, for each axis.
fn along_one_axis(x: &Fact, inputs: Inputs<'_>) -> Result<Vec<i64>, OpError> {
	let one = |index: usize, name: &'static str| -> Result<i64, OpError> {
		inputs.required(index)?;
		match inputs.constant_whole_numbers(index, name)?.as_deref() {
			Some([value]) => Ok(*value),
			_ => Err(OpError::bad_attribute(name, "must have one element")),
		}
	};
	let (tiles, axis) = (one(1, "tiles")?, x.axis("axis", one(2, "axis")?)?);
	let mut repeats = vec![1; x.rank()];
	repeats[axis] = tiles;
	Ok(repeats)
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, i64s, tensor, OpTest},
	};

	#[test]
	fn old_opsets_repeat_along_one_axis() {
		let test = |tiles, axis| {
			OpTest::new("Tile")
				.opset(5)
				.input(f32s(&[2, 1], &[1.0, 2.0]))
				.constant(tiles)
				.constant(axis)
		};
		let (shape, y) = test(f32s(&[1], &[2.0]), f32s(&[], &[1.0])).elements::<f32>();
		assert_eq!((shape, y), (vec![2, 2], vec![1.0, 1.0, 2.0, 2.0]));
		let (shape, y) = test(i64s(&[2]), i64s(&[0])).elements::<f32>();
		assert_eq!((shape, y), (vec![4, 1], vec![1.0, 2.0, 1.0, 2.0]));
		for (tiles, axis) in [
			(1.5, 0.0),
			(f32::NAN, 0.0),
			(1e30, 0.0),
			(-1.0, 0.0),
			(1.0, 2.0),
		] {
			let error = test(f32s(&[1], &[tiles]), f32s(&[1], &[axis])).refused();
			assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
		}
		let error = test(f32s(&[1, 1], &[1.0]), i64s(&[0])).refused();
		assert!(error.to_string().contains("must be a list"), "{error}");
		let error = test(i64s(&[1, 1]), i64s(&[0])).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
		let error = test(i64s(&[1]), i64s(&[0])).opset(6).refused();
		assert!(matches!(error, OpError::WrongArity { .. }), "{error}");
	}

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
