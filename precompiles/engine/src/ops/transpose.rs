//! Transpose: the axes in another order, reversed by default.

use std::sync::Arc;

use super::{
	copy::View,
	shaped::{reshaped, viewed},
	Inputs, Lowered, NodeCtx,
};
use crate::{error::OpError, fact::Fact, kernel::Kernel};

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let order: Vec<usize> = match node.attrs.ints("perm")? {
		None => (0..x.rank()).rev().collect(),
		Some(perm) => {
			let order = crate::fact::resolve_axes("perm", perm, x.rank())?;
			if order.len() != x.rank() {
				return Err(OpError::bad_attribute(
					"perm",
					format!("{perm:?} does not name all {} axes", x.rank()),
				));
			}
			order
		}
	};
	lower(x, &order)
}

fn lower(x: &Fact, order: &[usize]) -> Result<Lowered, OpError> {
	let view = View::of(x.shape()).permuted(order);
	let shape = view.shape.clone();
	// Axes of length one move without their elements.
	if view.is_contiguous() {
		return reshaped("Transpose", x, shape);
	}
	Ok(viewed("Transpose", view, shape))
}

/// A kernel that puts the axes of `x` into this order; none if neither elements nor dimensions
/// change.
pub(crate) fn permuted(x: &Fact, order: &[usize]) -> Result<Option<Arc<dyn Kernel>>, OpError> {
	Ok(match lower(x, order)? {
		Lowered::Step { kernel, .. } => Some(kernel),
		Lowered::Alias(_) | Lowered::Constants(_) => None,
	})
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{ints, tensor, OpTest},
	};

	#[test]
	fn axes_change_places() {
		let x = || tensor(&[2, 3], &[1i16, 2, 3, 4, 5, 6]);
		let (shape, y) = OpTest::new("Transpose").input(x()).elements::<i16>();
		assert_eq!((shape, y), (vec![3, 2], vec![1, 4, 2, 5, 3, 6]));
		let x = tensor(&[2, 1, 3], &[1u8, 2, 3, 4, 5, 6]);
		let test = OpTest::new("Transpose")
			.attr(ints("perm", &[1, 2, 0]))
			.input(x);
		assert_eq!(
			test.elements::<u8>(),
			(vec![1, 3, 2], vec![1, 4, 2, 5, 3, 6])
		);
	}

	#[test]
	fn what_is_no_permutation_is_refused() {
		for perm in [&[0, 0][..], &[0], &[0, 2], &[0, 1, 2]] {
			let x = tensor(&[2, 2], &[0i32; 4]);
			let error = OpTest::new("Transpose")
				.attr(ints("perm", perm))
				.input(x)
				.refused();
			assert!(matches!(error, OpError::BadAttribute { .. }), "{perm:?}");
		}
	}
}
