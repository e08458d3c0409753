//! Mod: the rest of a division.
//!
//! With `fmod` 0 the rest has the sign of the divisor, with `fmod` 1 that of the dividend. An
//! integer modulo zero is a deterministic failure. The rest of floats is worked out in integers,
//! exactly, never by the system's math library; with `fmod` 0 the divisor is then added where the
//! signs differ, which may round, and a rest of zero takes the divisor's sign.

use tract_onnx::prelude::Tensor;

use super::{
	binary::{lower, BinaryOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	broadcast::zip,
	error::{DomainError, EvalError, OpError},
	math::{NAN_F32, NAN_F64},
	tensor::{dtype, slice},
	DType,
};

#[derive(Debug)]
struct Mod {
	/// Whether the rest has the sign of the dividend.
	fmod: bool,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let fmod = node.attrs.flag_or("fmod", false)?;
	lower(Mod { fmod }, node, inputs)
}

impl BinaryOp for Mod {
	const NAME: &'static str = "Mod";
	const DTYPES: &'static [DType] = &DType::NUMBERS;

	fn operations(&self, dtype: DType) -> u64 {
		// Divisions of 128-bit integers, as many as numbers far apart take.
		const DIVISION: u64 = 288;
		match dtype {
			DType::F64 => 33 * DIVISION,
			DType::F32 => 6 * DIVISION,
			_ => 64,
		}
	}

	fn apply(&self, a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError> {
		let like_dividend = self.fmod;
		match dtype(a)? {
			DType::F32 => zip(a, b, shape, |a: f32, b: f32| {
				// Exact: a binary32 is a binary64, and the rest is not finer than its arguments.
				let rest = fmod(f64::from(a), f64::from(b)) as f32;
				if rest.is_nan() {
					return NAN_F32;
				}
				match (like_dividend, rest == 0.0) {
					(true, _) => rest,
					(false, true) => 0.0f32.copysign(b),
					(false, false) if (rest < 0.0) != (b < 0.0) => rest + b,
					(false, false) => rest,
				}
			}),
			DType::F64 => zip(a, b, shape, |a: f64, b: f64| {
				let rest = fmod(a, b);
				match (like_dividend, rest == 0.0) {
					(true, _) => rest,
					(false, true) => 0.0f64.copysign(b),
					(false, false) if (rest < 0.0) != (b < 0.0) => rest + b,
					(false, false) => rest,
				}
			}),
			dtype => crate::with_integer!(dtype, T => {
				if !shape.contains(&0) && slice::<T>(b)?.contains(&0) {
					return Err(DomainError::DivisionByZero { op: "Mod" }.into());
				}
				zip(a, b, shape, |a: T, b: T| {
					let zero = T::default();
					// None for zero, which is refused above, and for the least integer modulo -1.
					let rest = a.checked_rem(b).unwrap_or(zero);
					if like_dividend || rest == zero || (rest < zero) == (b < zero) {
						rest
					} else {
						rest.wrapping_add(b)
					}
				})
			}),
		}
	}
}

/// The magnitude of a finite, non-zero number as `m 2^e` with `m` below 2^53.
fn decompose(x: f64) -> (u64, i32) {
	let bits = x.to_bits();
	let (exponent, fraction) = ((bits >> 52) as i32 & 0x7ff, bits & 0x000f_ffff_ffff_ffff);
	if exponent == 0 {
		(fraction, -1074)
	} else {
		(fraction | 0x0010_0000_0000_0000, exponent - 1075)
	}
}

/// The rest of `a / b` rounded towards zero, exactly; with a's sign, also where it is zero. NaN
/// for an infinite a and for a zero b.
fn fmod(a: f64, b: f64) -> f64 {
	if a.is_nan() || b.is_nan() || a.is_infinite() || b == 0.0 {
		return NAN_F64;
	}
	if a.abs() < b.abs() {
		return a;
	}
	// A larger number never has the smaller unit.
	let ((mantissa, exponent), (divisor, unit)) = (decompose(a), decompose(b));
	let divisor = u128::from(divisor);
	let mut shift = (exponent - unit) as u32;
	let mut rest = u128::from(mantissa) % divisor;
	while shift > 0 && rest > 0 {
		let step = shift.min(64);
		rest = (rest << step) % divisor;
		shift -= step;
	}
	// The rest is below 2^53 units, so both products are exact.
	let power = |k: i32| f64::from_bits(((k + 1023) as u64) << 52);
	let half = unit / 2;
	let magnitude = rest as u64 as f64 * power(half) * power(unit - half);
	magnitude.copysign(a)
}

#[cfg(test)]
mod tests {
	use super::fmod;
	use crate::{
		error::DomainError,
		testing::{f32s, int, tensor, OpTest},
	};
	use proptest::prelude::*;

	fn integers(mode: i64) -> Vec<i64> {
		OpTest::new("Mod")
			.attr(int("fmod", mode))
			.input(tensor(&[6], &[-4i64, 7, 5, 4, -7, 8]))
			.input(tensor(&[6], &[2i64, -3, 8, -2, 3, 5]))
			.elements::<i64>()
			.1
	}

	#[test]
	fn the_sign_follows_divisor_or_dividend() {
		assert_eq!(integers(0), [0, -2, 5, 0, 2, 3]);
		assert_eq!(integers(1), [0, 1, 5, 0, -1, 3]);
	}

	#[test]
	fn the_least_integer_modulo_minus_one_is_zero() {
		let (_, rest) = OpTest::new("Mod")
			.input(tensor(&[1], &[i32::MIN]))
			.input(tensor(&[1], &[-1i32]))
			.elements::<i32>();
		assert_eq!(rest, [0]);
	}

	#[test]
	fn an_integer_modulo_zero_fails() {
		let error = OpTest::new("Mod")
			.input(tensor(&[1], &[1i8]))
			.input(tensor(&[1], &[0i8]))
			.fails();
		assert_eq!(error, DomainError::DivisionByZero { op: "Mod" });
	}

	#[test]
	fn floats_in_both_modes() {
		let rests = |mode| {
			OpTest::new("Mod")
				.attr(int("fmod", mode))
				.input(f32s(&[6], &[5.5, -4.3, 4.0, -4.0, 1.0, f32::INFINITY]))
				.input(f32s(&[6], &[-2.0, 2.1, -2.0, 2.0, f32::NEG_INFINITY, 1.0]))
				.elements::<f32>()
				.1
		};
		let like_dividend = rests(1);
		assert_eq!(like_dividend[..5], [1.5, -4.3 % 2.1, 0.0, -0.0, 1.0]);
		assert_eq!(like_dividend[3].to_bits(), (-0.0f32).to_bits());
		let like_divisor = rests(0);
		assert_eq!(like_divisor[..4], [-0.5, -4.3 % 2.1 + 2.1, 0.0, 0.0]);
		assert_eq!(like_divisor[2].to_bits(), (-0.0f32).to_bits());
		assert_eq!(like_divisor[4], f32::NEG_INFINITY);
		for rest in [like_dividend[5], like_divisor[5]] {
			assert_eq!(rest.to_bits(), 0x7fc0_0000);
		}
	}

	#[test]
	fn special_values() {
		assert!(fmod(f64::INFINITY, 1.0).is_nan());
		assert!(fmod(1.0, 0.0).is_nan());
		assert!(fmod(1.0, f64::NAN).is_nan());
		assert_eq!(fmod(1.5, f64::INFINITY), 1.5);
		assert_eq!(fmod(-4.0, 2.0).to_bits(), (-0.0f64).to_bits());
		assert_eq!(fmod(-0.0, 2.0).to_bits(), (-0.0f64).to_bits());
		assert_eq!(fmod(f64::MAX, 5e-324), 0.0);
		assert_eq!(fmod(1e300, 3e-310), 1e300 % 3e-310);
	}

	proptest! {
		// Both are exact, so they must agree.
		#[test]
		fn fmod_is_exact(a: u64, b: u64) {
			let (a, b) = (f64::from_bits(a), f64::from_bits(b));
			let (ours, exact) = (fmod(a, b), a % b);
			prop_assert!(ours.to_bits() == exact.to_bits() || (ours.is_nan() && exact.is_nan()));
		}

		#[test]
		fn fmod_is_exact_for_near_magnitudes(a: u32, b: u32) {
			let (a, b) = (f64::from(f32::from_bits(a)), f64::from(f32::from_bits(b)));
			let (ours, exact) = (fmod(a, b), a % b);
			prop_assert!(ours.to_bits() == exact.to_bits() || (ours.is_nan() && exact.is_nan()));
		}
	}
}
