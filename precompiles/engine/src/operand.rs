//! The operands of sums of products: what is too small to multiply counts as zero.
//!
//! Processors multiply normal numbers in a few cycles, but some take more than a hundred when an
//! operand or the product is subnormal. A model, or the inputs of a call, could make a block many
//! times as slow as it is charged for. Hence the rule of the profile: in Conv, Gemm, MatMul and all
//! that is built on them, an operand `x` with `|x| < 2^-63` (binary32) or `|x| < 2^-511` (binary64)
//! counts as +0. Then every product is zero, or at least the smallest normal number.

use std::borrow::Cow;

use tract_onnx::prelude::Tensor;

use crate::{
	linalg::Scalar,
	simd::vectorized,
	tensor::{dtype, slice},
	DType,
};

/// The elements as they are multiplied: a copy if one of them is [too small](Scalar::is_small).
///
/// The copy, of the size of `values`, belongs into the kernel's scratch memory.
pub fn operands<T: Scalar>(values: &[T]) -> Cow<'_, [T]> {
	if has_small(values) {
		let mut values = values.to_vec();
		vectorized(
			#[inline(always)]
			|| {
				for value in &mut values {
					*value = value.operand();
				}
			},
		);
		Cow::Owned(values)
	} else {
		Cow::Borrowed(values)
	}
}

fn has_small<T: Scalar>(values: &[T]) -> bool {
	// In pieces, so that the loop over one has no way out and becomes vectors.
	values.chunks(4096).any(|piece| {
		vectorized(
			#[inline(always)]
			|| {
				piece
					.iter()
					.fold(false, |any, value| any | value.is_small())
			},
		)
	})
}

/// Whether a product or a quotient of these elements may be subnormal, or meet a number that is: unless
/// each is zero, infinite, a NaN, or from 2^-62 to 2^62.
pub fn may_be_subnormal(values: &Tensor) -> bool {
	const FAR: f64 = (1u64 << 62) as f64;
	let is_far = |x: f64| x != 0.0 && x.is_finite() && !(1.0 / FAR..=FAR).contains(&x.abs());
	let any = match dtype(values) {
		Ok(DType::F32) => slice::<f32>(values).map(|x| x.iter().any(|x| is_far(f64::from(*x)))),
		Ok(DType::F64) => slice::<f64>(values).map(|x| x.iter().any(|x| is_far(*x))),
		_ => Ok(false),
	};
	any.unwrap_or(true)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::tensor::from_slice;

	#[test]
	fn numbers_that_may_lead_to_subnormal_ones() {
		let may = |x: f32| may_be_subnormal(&from_slice(&[2], &[1.0, x]).unwrap());
		for x in [0.0, -0.0, 1e-18, -4e18, f32::INFINITY, f32::NAN] {
			assert!(!may(x), "{x}");
		}
		for x in [1e-19, -5e18, 1e-45, f32::MAX] {
			assert!(may(x), "{x}");
		}
		assert!(may_be_subnormal(&from_slice(&[1], &[1e-300f64]).unwrap()));
		assert!(!may_be_subnormal(&from_slice(&[1], &[i64::MAX]).unwrap()));
	}

	#[test]
	fn only_what_is_too_small_becomes_zero() {
		let limit = f32::from_bits((127 - 63) << 23);
		assert_eq!(limit, 2f32.powi(-63));
		let below = f32::from_bits(limit.to_bits() - 1);
		let values = [limit, -limit, below, -below, 1e-45, -0.0, f32::NAN, -1.5];
		let found: Vec<u32> = operands(&values).iter().map(|x| x.to_bits()).collect();
		let expected = [limit, -limit, 0.0, 0.0, 0.0, -0.0, f32::NAN, -1.5];
		assert_eq!(found, expected.map(f32::to_bits));
		assert!(matches!(operands(&[limit, 0.0, -0.0]), Cow::Borrowed(_)));
		assert!((limit * limit).is_normal());

		let limit = f64::from_bits((1023 - 511) << 52);
		let below = f64::from_bits(limit.to_bits() - 1);
		assert_eq!(*operands(&[limit, below, -5e-324]), [limit, 0.0, 0.0]);
		assert!((limit * limit).is_normal());
		assert_eq!(*operands(&[1u32, 0]), [1, 0]);
	}
}
