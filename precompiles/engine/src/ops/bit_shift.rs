//! BitShift: the bits moved to the left or to the right, the places that become free filled with
//! zeros, or, on the way to the right, with copies of the sign. A shift by as many bits as there are,
//! or more, or by a negative number, leaves nothing but those.

use tract_onnx::prelude::Tensor;

use super::{
	binary::{lower, BinaryOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	broadcast::zip,
	error::{EvalError, OpError},
	tensor::dtype,
	DType,
};

#[derive(Debug)]
struct BitShift {
	left: bool,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let left = match node.attrs.string("direction")? {
		Some("LEFT") => true,
		Some("RIGHT") => false,
		_ => return Err(OpError::bad_attribute("direction", "must be LEFT or RIGHT")),
	};
	lower(BitShift { left }, node, inputs)
}

impl BinaryOp for BitShift {
	const NAME: &'static str = "BitShift";
	const DTYPES: &'static [DType] = &DType::INTEGERS;

	#[allow(
		unused_comparisons,
		clippy::absurd_extreme_comparisons,
		clippy::unnecessary_cast,
		reason = "half of the types have no sign"
	)]
	fn apply(&self, a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError> {
		let left = self.left;
		crate::with_integer!(dtype(a)?, T => zip(a, b, shape, |a: T, b: T| {
			// A negative number becomes a large one.
			let bits = (b as u64).min(64) as u32;
			let shifted = if left { a.checked_shl(bits) } else { a.checked_shr(bits) };
			let emptied = if !left && a < 0 { (0 as T).wrapping_sub(1) } else { 0 };
			shifted.unwrap_or(emptied)
		}))
	}
}

#[cfg(test)]
mod tests {
	use crate::testing::{string, tensor, OpTest};
	use proptest::prelude::*;

	#[test]
	fn signs_are_copied_to_the_right() {
		let shifted = |direction, b: [i8; 4]| {
			OpTest::new("BitShift")
				.attr(string("direction", direction))
				.input(tensor(&[4], &[-8i8, -8, -8, 8]))
				.input(tensor(&[4], &b))
				.elements::<i8>()
				.1
		};
		assert_eq!(shifted("RIGHT", [1, 8, -1, 9]), [-4, -1, -1, 0]);
		assert_eq!(shifted("LEFT", [1, 8, -1, 4]), [-16, 0, 0, -128]);
	}

	proptest! {
		#[test]
		fn any_shift_is_a_product_or_a_quotient(a: u8, b: u8) {
			let shifted = |direction| {
				OpTest::new("BitShift")
					.attr(string("direction", direction))
					.input(tensor(&[1], &[a]))
					.input(tensor(&[1], &[b]))
					.elements::<u8>()
					.1[0]
			};
			let factor = 1u32.checked_shl(u32::from(b)).unwrap_or(0);
			prop_assert_eq!(shifted("LEFT"), u32::from(a).wrapping_mul(factor) as u8);
			let quotient = u32::from(a).checked_div(factor).unwrap_or(0);
			prop_assert_eq!(u32::from(shifted("RIGHT")), quotient);
		}
	}
}
