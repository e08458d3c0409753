//! Pow: the first input to the power of the second.
//!
//! A float base follows [`math::pow`](crate::math::pow()), the exponent taken as binary64. An integer
//! base with an integer exponent wraps around; its negative powers round towards zero, and a
//! negative power of zero is a deterministic failure. An integer base with a float exponent is
//! computed in binary64 and converted as Cast does.

use std::cell::Cell;

use tract_onnx::prelude::{Datum, Tensor};

use super::{
	binary::{lower, BinaryOp},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	broadcast::zip,
	error::{DomainError, EvalError, OpError},
	math::{pow, pow_f32},
	simd::vectorized,
	tensor::{dtype, slice},
	DType,
};

#[derive(Debug)]
struct Pow;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(Pow, node, inputs)
}

/// An integer type to be raised to integer powers.
trait Integer: Datum + Copy + PartialEq {
	const ZERO: Self;
	const ONE: Self;
	fn times(self, other: Self) -> Self;
	fn minus_one() -> Option<Self>;
	fn to_f64(self) -> f64;
	fn saturating(x: f64) -> Self;
}

macro_rules! integers {
	($($integer:ty, $minus_one:expr;)*) => {$(
		impl Integer for $integer {
			const ZERO: Self = 0;
			const ONE: Self = 1;
			fn times(self, other: Self) -> Self {
				self.wrapping_mul(other)
			}
			fn minus_one() -> Option<Self> {
				$minus_one
			}
			fn to_f64(self) -> f64 {
				self as f64
			}
			fn saturating(x: f64) -> Self {
				x as Self
			}
		}
	)*};
}
integers! {
	u8, None; i8, Some(-1); u16, None; i16, Some(-1);
	u32, None; i32, Some(-1); u64, None; i64, Some(-1);
}

/// The magnitude of an exponent and whether it is negative.
fn parts(exponent: i128) -> (u64, bool) {
	(exponent.unsigned_abs() as u64, exponent < 0)
}

/// `None` for a negative power of zero.
fn integer_power<T: Integer>(base: T, exponent: i128) -> Option<T> {
	let (mut left, negative) = parts(exponent);
	if negative {
		return if base == T::ZERO {
			None
		} else if base == T::ONE {
			Some(base)
		} else if Some(base) == T::minus_one() {
			Some(if left & 1 == 1 { base } else { T::ONE })
		} else {
			Some(T::ZERO)
		};
	}
	let (mut power, mut square) = (T::ONE, base);
	while left > 0 {
		if left & 1 == 1 {
			power = power.times(square);
		}
		square = square.times(square);
		left >>= 1;
	}
	Some(power)
}

fn integer_base<T: Integer>(a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError> {
	match dtype(b)? {
		DType::F32 => zip(a, b, shape, |x: T, y: f32| {
			T::saturating(pow(x.to_f64(), f64::from(y)))
		}),
		DType::F64 => zip(a, b, shape, |x: T, y: f64| {
			T::saturating(pow(x.to_f64(), y))
		}),
		other => {
			let undefined = Cell::new(false);
			let powers = crate::with_integer!(other, E => zip(a, b, shape, |x: T, y: E| {
				integer_power(x, y as i128).unwrap_or_else(|| {
					undefined.set(true);
					T::ZERO
				})
			}))?;
			if undefined.get() {
				return Err(DomainError::DivisionByZero { op: "Pow" }.into());
			}
			Ok(powers)
		}
	}
}

/// The one exponent, if there is but one and it is a float.
fn scalar_exponent(b: &Tensor) -> Result<Option<f64>, EvalError> {
	Ok(match (dtype(b)?, b.len()) {
		(DType::F32, 1) => Some(f64::from(slice::<f32>(b)?[0])),
		(DType::F64, 1) => Some(slice::<f64>(b)?[0]),
		_ => None,
	})
}

impl BinaryOp for Pow {
	const NAME: &'static str = "Pow";
	const DTYPES: &'static [DType] = &DType::NUMBERS;
	const OTHER_DTYPES: Option<&'static [DType]> = Some(&DType::NUMBERS);
	// A double-double logarithm and an exponential, or up to 128 products of integers.
	const TRANSCENDENTALS: u64 = 11;

	fn operations(&self, dtype: DType) -> u64 {
		if DType::FLOATS.contains(&dtype) {
			1
		} else {
			4096
		}
	}

	#[allow(clippy::unnecessary_cast, reason = "one of the element types is f64")]
	fn apply(&self, a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError> {
		match dtype(a)? {
			// Squares are common, and a product is what pow gives for them.
			DType::F32 if scalar_exponent(b)? == Some(2.0) => {
				vectorized(|| zip(a, a, a.shape(), |x: f32, _: f32| x * x))
					.and_then(|square| crate::tensor::reshape(square, shape))
			}
			DType::F32 => crate::with_number!(dtype(b)?, E => zip(a, b, shape, |x: f32, y: E| {
				power_f32(x, y as f64)
			})),
			DType::F64 => crate::with_number!(dtype(b)?, E => zip(a, b, shape, |x: f64, y: E| {
				pow(x, y as f64)
			})),
			other => crate::with_integer!(other, T => integer_base::<T>(a, b, shape)),
		}
	}
}

/// A power of a binary32 number, rounded once.
fn power_f32(x: f32, y: f64) -> f32 {
	if y as f32 as f64 == y {
		pow_f32(x, y as f32)
	} else {
		crate::math::Float::from_f64(pow(f64::from(x), y))
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::DomainError,
		testing::{f32s, tensor, OpTest},
	};
	use proptest::prelude::*;

	#[test]
	fn squares_are_products_whatever_the_shape_of_the_exponent() {
		let x = [-3.0f32, -0.0, 0.1, f32::INFINITY];
		let scalar = OpTest::new("Pow")
			.input(f32s(&[4], &x))
			.input(f32s(&[1, 1], &[2.0]));
		let (shape, squares) = scalar.elements::<f32>();
		assert_eq!(shape, [1, 4]);
		assert_eq!(squares, [9.0, 0.0, 0.1f32 * 0.1, f32::INFINITY]);
		let many = OpTest::new("Pow")
			.input(f32s(&[4], &x))
			.input(f32s(&[4], &[2.0; 4]));
		assert_eq!(many.elements::<f32>().1, squares);
		let integers = OpTest::new("Pow")
			.input(f32s(&[4], &x))
			.input(tensor(&[1], &[2i64]));
		assert_eq!(integers.elements::<f32>().1, squares);
	}

	#[test]
	fn integer_powers_wrap_and_round_towards_zero() {
		let power = |x: i32, y: i32| {
			OpTest::new("Pow")
				.input(tensor(&[1], &[x]))
				.input(tensor(&[1], &[y]))
				.elements::<i32>()
				.1[0]
		};
		let cases: [(i32, i32, i32); 8] = [
			(3, 4, 81),
			(-2, 31, i32::MIN),
			(2, 32, 0),
			(7, 0, 1),
			(0, 0, 1),
			(2, -1, 0),
			(-1, -3, -1),
			(-1, i32::MIN, 1),
		];
		for (x, y, expected) in cases {
			assert_eq!(power(x, y), expected, "{x}^{y}");
		}
	}

	#[test]
	fn a_negative_power_of_an_integer_zero_fails() {
		let error = OpTest::new("Pow")
			.input(tensor(&[2], &[1i64, 0]))
			.input(tensor(&[], &[-2i64]))
			.fails();
		assert_eq!(error, DomainError::DivisionByZero { op: "Pow" });
	}

	#[test]
	fn a_float_power_of_an_integer_saturates() {
		let (_, y) = OpTest::new("Pow")
			.input(tensor(&[3], &[10i32, 9, -8]))
			.input(f32s(&[3], &[20.0, 0.5, 0.5]))
			.elements::<i32>();
		assert_eq!(y, [i32::MAX, 3, 0]);
	}

	proptest! {
		#[test]
		fn any_values_give_a_result(x: u32, y: u32) {
			let (x, y) = (f32::from_bits(x), f32::from_bits(y));
			let z = OpTest::new("Pow")
				.input(f32s(&[1], &[x]))
				.input(f32s(&[1], &[y]))
				.elements::<f32>()
				.1[0];
			// Against a different implementation, to two units in the last place of binary32.
			let reference = f64::from(x).powf(f64::from(y)) as f32;
			if reference.is_nan() {
				prop_assert!(z.is_nan());
			} else {
				prop_assert!(z.to_bits().abs_diff(reference.to_bits()) <= 1, "{z} {reference}");
			}
		}
	}
}
