//! Squeeze: without the named dimensions of length 1, or without all of them.

use super::{shaped::reshaped, Inputs, Lowered, NodeCtx};
use crate::{error::OpError, fact::resolve_axes};

/// The axes, which were an attribute before opset 13.
pub(super) fn axes(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Option<Vec<i64>>, OpError> {
	match (node.attrs.ints("axes")?, inputs.constant_ints(1, "axes")?) {
		(Some(_), Some(_)) => Err(OpError::bad_attribute(
			"axes",
			"given both as attribute and as input",
		)),
		(attribute, input) => Ok(input.or(attribute.map(<[i64]>::to_vec))),
	}
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let dropped = match axes(node, inputs)? {
		Some(axes) => resolve_axes("axes", &axes, x.rank())?,
		None => (0..x.rank()).filter(|axis| x.shape()[*axis] == 1).collect(),
	};
	if let Some(axis) = dropped.iter().find(|axis| x.shape()[**axis] != 1) {
		return Err(OpError::bad_attribute(
			"axes",
			format!("axis {axis} of shape {:?} is not of length 1", x.shape()),
		));
	}
	let kept = (0..x.rank()).filter(|axis| !dropped.contains(axis));
	reshaped("Squeeze", x, kept.map(|axis| x.shape()[axis]).collect())
}

#[cfg(test)]
mod tests {
	use crate::testing::{f32s, i64s, ints, OpTest};

	#[test]
	fn named_or_all_axes() {
		let x = || f32s(&[1, 3, 1, 1], &[1.0, 2.0, 3.0]);
		assert_eq!(OpTest::new("Squeeze").input(x()).elements::<f32>().0, [3]);
		let test = OpTest::new("Squeeze").input(x()).constant(i64s(&[0, -1]));
		assert_eq!(test.elements::<f32>().0, [3, 1]);
		let test = OpTest::new("Squeeze")
			.attr(ints("axes", &[2]))
			.opset(11)
			.input(x());
		assert_eq!(test.elements::<f32>().0, [1, 3, 1]);
		OpTest::new("Squeeze")
			.input(x())
			.constant(i64s(&[1]))
			.refused();
	}
}
