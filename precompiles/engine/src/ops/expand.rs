//! Expand: the input broadcast together with a constant shape.

use super::{copy::View, shaped::viewed, Inputs, Lowered, NodeCtx};
use crate::{
	broadcast::{broadcast_shape, broadcast_strides},
	error::OpError,
	fact::Fact,
};

/// The dimensions that a constant list means; none may be negative.
pub(super) fn dimensions(name: &'static str, dims: &[i64]) -> Result<Vec<usize>, OpError> {
	dims.iter()
		.map(|dim| {
			usize::try_from(*dim)
				.map_err(|_| OpError::bad_attribute(name, format!("{dims:?} has a negative entry")))
		})
		.collect()
}

pub(super) fn build(_: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let shape = inputs.constant_ints(1, "shape")?.unwrap_or_default();
	let shape = broadcast_shape(x.shape(), &dimensions("shape", &shape)?)?;
	Fact::new(x.dtype(), shape.clone())?;
	let strides = broadcast_strides(x.shape(), &shape)
		.into_iter()
		.map(|s| s as isize)
		.collect();
	let view = View {
		shape: shape.clone(),
		strides,
		offset: 0,
	};
	Ok(viewed("Expand", view, shape))
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{i64s, tensor, OpTest},
	};

	#[test]
	fn both_shapes_broadcast() {
		let expanded = |shape: &[i64]| {
			OpTest::new("Expand")
				.input(tensor(&[3, 1], &[1i32, 2, 3]))
				.constant(i64s(shape))
				.elements::<i32>()
		};
		assert_eq!(expanded(&[2]), (vec![3, 2], vec![1, 1, 2, 2, 3, 3]));
		assert_eq!(
			expanded(&[2, 1, 1]),
			(vec![2, 3, 1], vec![1, 2, 3, 1, 2, 3])
		);
		assert_eq!(expanded(&[]), (vec![3, 1], vec![1, 2, 3]));
	}

	#[test]
	fn absurd_shapes_are_refused() {
		let refused = |shape: &[i64]| {
			OpTest::new("Expand")
				.input(tensor(&[1], &[0i32]))
				.constant(i64s(shape))
				.refused()
		};
		assert!(matches!(refused(&[-1]), OpError::BadAttribute { .. }));
		assert!(matches!(
			refused(&[i64::MAX, 4]),
			OpError::ShapeOverflow { .. }
		));
		assert!(matches!(
			refused(&[1 << 20, 1 << 20]),
			OpError::TensorTooLarge { .. }
		));
		assert!(matches!(
			refused(&[0, i64::MAX]),
			OpError::ShapeOverflow { .. } | OpError::TensorTooLarge { .. }
		));
		assert!(matches!(refused(&[1; 9]), OpError::RankTooHigh { .. }));
	}
}
