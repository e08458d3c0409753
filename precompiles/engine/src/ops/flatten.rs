//! Flatten: a matrix whose rows are the dimensions before `axis` and whose columns are the rest.

use super::{shaped::reshaped, Inputs, Lowered, NodeCtx};
use crate::error::OpError;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let axis = node.attrs.int_or("axis", 1)?;
	let axis = if axis == x.rank() as i64 {
		x.rank()
	} else {
		x.axis("axis", axis)?
	};
	let (rows, columns) = x.shape().split_at(axis);
	reshaped(
		"Flatten",
		x,
		vec![rows.iter().product(), columns.iter().product()],
	)
}

#[cfg(test)]
mod tests {
	use crate::testing::{f32s, int, OpTest};

	#[test]
	fn any_axis_splits_rows_from_columns() {
		for (axis, expected) in [(0, [1, 24]), (1, [2, 12]), (3, [24, 1]), (-1, [6, 4])] {
			let test = OpTest::new("Flatten")
				.attr(int("axis", axis))
				.input(f32s(&[2, 3, 4], &[0.0; 24]));
			assert_eq!(test.elements::<f32>().0, expected);
		}
		let (shape, _) = OpTest::new("Flatten")
			.attr(int("axis", 0))
			.input(f32s(&[], &[1.0]))
			.elements::<f32>();
		assert_eq!(shape, [1, 1]);
		OpTest::new("Flatten")
			.attr(int("axis", 4))
			.input(f32s(&[1], &[1.0]))
			.refused();
	}
}
