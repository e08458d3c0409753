//! BitShift: the bits moved to the left or to the right, the places that become free filled with
//! zeros. A shift by as many bits as there are, or more, gives zero.

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
	lower(BitShift { left }, inputs)
}

impl BinaryOp for BitShift {
	const NAME: &'static str = "BitShift";
	const DTYPES: &'static [DType] = &[DType::U8, DType::U16, DType::U32, DType::U64];

	fn apply(&self, a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError> {
		let left = self.left;
		crate::with_integer!(dtype(a)?, T => zip(a, b, shape, |a: T, b: T| {
			let bits = (b as u128).min(128) as u32;
			let shifted = if left { a.checked_shl(bits) } else { a.checked_shr(bits) };
			shifted.unwrap_or_default()
		}))
	}
}

#[cfg(test)]
mod tests {
	use crate::testing::{string, tensor, OpTest};
	use proptest::prelude::*;

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
