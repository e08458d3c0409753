//! Reshape: the same elements in another shape.
//!
//! One dimension may be -1 and is worked out. A 0 keeps the input's dimension, unless `allowzero`
//! is 1. The shape must be a constant; up to opset 4 it is an attribute.

use super::{shaped::reshaped, Inputs, Lowered, NodeCtx};
use crate::error::OpError;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let wanted = if node.opset < 5 {
		if inputs.len() > 1 {
			return Err(OpError::WrongArity {
				reason: format!("opset {} has the shape as an attribute", node.opset),
			});
		}
		node.attrs.ints("shape")?.map(<[i64]>::to_vec)
	} else {
		inputs.required(1)?;
		inputs.constant_ints(1, "shape")?
	};
	let wanted = wanted.ok_or_else(|| crate::attrs::Attrs::missing("shape"))?;
	let allow_zero = node.attrs.flag_or("allowzero", false)?;
	let shape = resolve(x.shape(), &wanted, allow_zero)?;
	reshaped("Reshape", x, shape)
}

fn resolve(from: &[usize], wanted: &[i64], allow_zero: bool) -> Result<Vec<usize>, OpError> {
	let bad = |reason: String| OpError::bad_attribute("shape", reason);
	let mut open = None;
	let mut shape = Vec::with_capacity(wanted.len());
	for (axis, dim) in wanted.iter().enumerate() {
		shape.push(match dim {
			-1 if open.is_some() => {
				return Err(bad(format!("{wanted:?} leaves two dimensions open")))
			}
			-1 => {
				open = Some(axis);
				1
			}
			0 if !allow_zero => *from.get(axis).ok_or_else(|| {
				bad(format!(
					"{wanted:?} keeps dimension {axis}, which {from:?} does not have"
				))
			})?,
			dim => usize::try_from(*dim)
				.map_err(|_| bad(format!("{wanted:?} has the dimension {dim}")))?,
		});
	}
	if let Some(open) = open {
		let overflow = || OpError::ShapeOverflow {
			shape: shape.clone(),
		};
		let known = shape
			.iter()
			.try_fold(1usize, |n, dim| n.checked_mul(*dim))
			.ok_or_else(overflow)?;
		let len: usize = from.iter().product();
		if known == 0 || !len.is_multiple_of(known) {
			return Err(bad(format!(
				"{from:?} has {len} elements, which {wanted:?} cannot hold"
			)));
		}
		shape[open] = len / known;
	}
	Ok(shape)
}

#[cfg(test)]
mod tests {
	use super::resolve;
	use crate::{
		error::OpError,
		testing::{f32s, i64s, int, ints, OpTest},
	};
	use proptest::prelude::*;

	fn shape(wanted: &[i64]) -> Vec<usize> {
		OpTest::new("Reshape")
			.input(f32s(&[2, 3, 4], &[0.0; 24]))
			.constant(i64s(wanted))
			.elements::<f32>()
			.0
	}

	#[test]
	fn zero_keeps_and_minus_one_fills() {
		assert_eq!(shape(&[4, 6]), [4, 6]);
		assert_eq!(shape(&[0, -1]), [2, 12]);
		assert_eq!(shape(&[-1]), [24]);
		assert_eq!(shape(&[2, 3, 4]), [2, 3, 4]);
		assert_eq!(shape(&[2, 0, 1, 4]), [2, 3, 1, 4]);
	}

	#[test]
	fn old_opsets_have_the_shape_as_an_attribute() {
		let test = |opset| {
			OpTest::new("Reshape")
				.opset(opset)
				.input(f32s(&[2, 3, 4], &[0.0; 24]))
		};
		let (shape, _) = test(4)
			.attr(ints("shape", &[0, -1]))
			.attr(ints("consumed_inputs", &[0]))
			.elements::<f32>();
		assert_eq!(shape, [2, 12]);
		assert!(matches!(test(4).refused(), OpError::BadAttribute { .. }));
		let error = test(4).constant(i64s(&[24])).refused();
		assert!(matches!(error, OpError::WrongArity { .. }), "{error}");
		assert!(matches!(test(5).refused(), OpError::WrongArity { .. }));
		let error = test(5).attr(ints("shape", &[24])).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
		assert_eq!(test(5).constant(i64s(&[24])).elements::<f32>().0, [24]);
	}

	#[test]
	fn zero_may_mean_zero() {
		let (shape, _) = OpTest::new("Reshape")
			.attr(int("allowzero", 1))
			.input(f32s(&[0, 3], &[]))
			.constant(i64s(&[3, 0]))
			.elements::<f32>();
		assert_eq!(shape, [3, 0]);
	}

	#[test]
	fn what_does_not_fit_is_refused() {
		let refused = |wanted: &[i64]| {
			OpTest::new("Reshape")
				.input(f32s(&[2, 3], &[0.0; 6]))
				.constant(i64s(wanted))
				.refused()
		};
		assert!(matches!(refused(&[7]), OpError::ShapeMismatch { .. }));
		assert!(matches!(refused(&[-1, -1]), OpError::BadAttribute { .. }));
		assert!(matches!(refused(&[-1, 4]), OpError::BadAttribute { .. }));
		assert!(matches!(refused(&[1, 1, 0]), OpError::BadAttribute { .. }));
		assert!(matches!(refused(&[-2, 3]), OpError::BadAttribute { .. }));
		let huge = i64::MAX;
		assert!(matches!(
			refused(&[huge, huge, -1]),
			OpError::ShapeOverflow { .. }
		));
		assert!(matches!(
			refused(&[huge, huge]),
			OpError::ShapeOverflow { .. }
		));
		assert!(matches!(refused(&[1; 9]), OpError::RankTooHigh { .. }));
		let test = OpTest::new("Reshape")
			.input(f32s(&[1], &[0.0]))
			.input(i64s(&[1]));
		assert!(matches!(test.refused(), OpError::NotConstant { .. }));
	}

	proptest! {
		#[test]
		fn any_shape_is_resolved_or_refused(
			from in prop::collection::vec(0usize..5, 0..4),
			wanted in prop::collection::vec(prop_oneof![-2i64..5, any::<i64>()], 0..5),
			allow_zero: bool,
		) {
			if let Ok(shape) = resolve(&from, &wanted, allow_zero) {
				prop_assert_eq!(shape.len(), wanted.len());
			}
		}
	}
}
