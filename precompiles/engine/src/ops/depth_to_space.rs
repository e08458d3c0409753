//! DepthToSpace: blocks of channels laid out as squares, by depth first (`DCR`) or column and row
//! first (`CRD`).

use super::{copy::View, shaped::viewed, Inputs, Lowered, NodeCtx};
use crate::{error::OpError, fact::Fact};

/// Batch, channels, height and width of the input, and the side of a block.
pub(super) fn extents(node: &NodeCtx<'_>, x: &Fact) -> Result<([usize; 4], usize), OpError> {
	x.expect_rank("input", 4..=4)?;
	let side = node
		.attrs
		.int("blocksize")?
		.ok_or_else(|| crate::attrs::Attrs::missing("blocksize"))?;
	// A side beyond any dimension could not divide one, and its square would overflow.
	let side = usize::try_from(side)
		.ok()
		.filter(|side| (1..=1 << 30).contains(side))
		.ok_or_else(|| OpError::bad_attribute("blocksize", format!("is {side}")))?;
	let shape = x.shape();
	Ok(([shape[0], shape[1], shape[2], shape[3]], side))
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let ([n, c, h, w], b) = extents(node, x)?;
	if !c.is_multiple_of(b * b) {
		return Err(OpError::mismatch(format!(
			"{c} channels do not fill blocks of {b} by {b}"
		)));
	}
	let depth = c / (b * b);
	let view = match node.attrs.string_or("mode", "DCR")? {
		"DCR" => View::of(&[n, b, b, depth, h, w]).permuted(&[0, 3, 4, 1, 5, 2]),
		"CRD" => View::of(&[n, depth, b, b, h, w]).permuted(&[0, 1, 4, 2, 5, 3]),
		other => {
			return Err(OpError::bad_attribute(
				"mode",
				format!("is '{other}', but must be 'DCR' or 'CRD'"),
			));
		}
	};
	let shape = vec![n, depth, h * b, w * b];
	Fact::new(x.dtype(), shape.clone())?;
	Ok(viewed("DepthToSpace", view, shape))
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{int, string, tensor, OpTest},
	};

	#[test]
	fn both_modes() {
		let x = || tensor(&[1, 8, 1, 1], &[0i32, 1, 2, 3, 4, 5, 6, 7]);
		let test = || {
			OpTest::new("DepthToSpace")
				.attr(int("blocksize", 2))
				.input(x())
		};
		assert_eq!(
			test().elements::<i32>(),
			(vec![1, 2, 2, 2], vec![0, 2, 4, 6, 1, 3, 5, 7])
		);
		let test = test().attr(string("mode", "CRD"));
		assert_eq!(test.elements::<i32>().1, [0, 1, 2, 3, 4, 5, 6, 7]);
	}

	#[test]
	fn what_does_not_fit_is_refused() {
		let test = |side| {
			OpTest::new("DepthToSpace")
				.attr(int("blocksize", side))
				.input(tensor(&[1, 4, 1, 1], &[0u8; 4]))
				.refused()
		};
		assert!(matches!(test(0), OpError::BadAttribute { .. }));
		assert!(matches!(test(i64::MAX), OpError::BadAttribute { .. }));
		assert!(matches!(test(3), OpError::ShapeMismatch { .. }));
	}
}
