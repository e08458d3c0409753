//! SpaceToDepth: squares of elements stacked as channels, by depth first (`DCR`) or column and row
//! first (`CRD`).

use super::{copy::View, depth_to_space::extents, shaped::viewed, Inputs, Lowered, NodeCtx};
use crate::{error::OpError, fact::Fact};

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let ([n, c, h, w], b) = extents(node, x)?;
	if !h.is_multiple_of(b) || !w.is_multiple_of(b) {
		return Err(OpError::mismatch(format!(
			"{h} by {w} elements do not fill blocks of {b} by {b}"
		)));
	}
	let (rows, columns) = (h / b, w / b);
	let squares = View::of(&[n, c, rows, b, columns, b]);
	let view = match node.attrs.string_or("mode", "DCR")? {
		"DCR" => squares.permuted(&[0, 3, 5, 1, 2, 4]),
		"CRD" => squares.permuted(&[0, 1, 3, 5, 2, 4]),
		other => {
			return Err(OpError::bad_attribute(
				"mode",
				format!("is '{other}', but must be 'DCR' or 'CRD'"),
			));
		}
	};
	let channels = c.checked_mul(b * b).ok_or_else(|| OpError::ShapeOverflow {
		shape: vec![c, b, b],
	})?;
	let shape = vec![n, channels, rows, columns];
	Fact::new(x.dtype(), shape.clone())?;
	Ok(viewed("SpaceToDepth", view, shape))
}

#[cfg(test)]
mod tests {
	use crate::testing::{int, tensor, OpTest};

	#[test]
	fn squares_become_channels() {
		let x: Vec<i32> = (0..8).collect();
		let test = OpTest::new("SpaceToDepth")
			.attr(int("blocksize", 2))
			.input(tensor(&[1, 1, 2, 4], &x));
		assert_eq!(
			test.elements::<i32>(),
			(vec![1, 4, 1, 2], vec![0, 2, 1, 3, 4, 6, 5, 7])
		);
		let test = OpTest::new("SpaceToDepth")
			.attr(int("blocksize", 3))
			.input(tensor(&[1, 1, 2, 4], &x));
		test.refused();
	}

	#[test]
	fn it_is_the_inverse_of_depth_to_space() {
		let x: Vec<i32> = (0..32).collect();
		let deep = OpTest::new("SpaceToDepth")
			.attr(int("blocksize", 2))
			.input(tensor(&[1, 2, 4, 4], &x))
			.ok()
			.remove(0);
		let (shape, back) = OpTest::new("DepthToSpace")
			.attr(int("blocksize", 2))
			.input(deep)
			.elements::<i32>();
		assert_eq!((shape, back), (vec![1, 2, 4, 4], x));
	}
}
