//! One rule for NaN and for the sign of zero wherever values are compared.
//!
//! * [`Select::larger`] and [`Select::smaller`] give the canonical NaN if either argument is a
//!   NaN. The larger of -0.0 and +0.0 is +0.0, the smaller is -0.0, in any order.
//! * [`Select::rank`] is a total order for sorting: NaNs are equal to each other and above
//!   everything else, -0.0 equals +0.0. Ties are the caller's to break, by the lower index.
//! * The comparison operators of ONNX are IEEE 754's: any comparison with a NaN is false.
//!
//! The standard library's `max`, `min` and `total_cmp` differ from this, the former two also
//! between targets.

use std::cmp::Ordering;

use crate::math::{NAN_F32, NAN_F64};

/// Maximum, minimum and order with the profile's rule.
pub trait Select: Copy + PartialOrd {
	/// The larger of the two; a NaN wins.
	#[must_use]
	fn larger(self, other: Self) -> Self;
	/// The smaller of the two; a NaN wins.
	#[must_use]
	fn smaller(self, other: Self) -> Self;
	/// Where this stands relative to another: NaNs last, zeros equal.
	fn rank(&self, other: &Self) -> Ordering;
	/// Whether it is a NaN.
	fn is_nan(&self) -> bool;
	/// What every other value is at least as large as: -infinity for floats.
	const LOWEST: Self;
	/// What every other value is at most as large as: infinity for floats.
	const HIGHEST: Self;
}

macro_rules! floats {
	($($float:ty, $nan:expr;)*) => {$(
		impl Select for $float {
			const LOWEST: Self = <$float>::NEG_INFINITY;
			const HIGHEST: Self = <$float>::INFINITY;

			#[inline(always)]
			fn larger(self, other: Self) -> Self {
				// Equal numbers have equal bits, but for the zeros: `and` clears their sign.
				let equal = <$float>::from_bits(self.to_bits() & other.to_bits());
				let ordered = if self > other { self } else { other };
				let number = if self == other { equal } else { ordered };
				if self.is_nan() | other.is_nan() { $nan } else { number }
			}

			#[inline(always)]
			fn smaller(self, other: Self) -> Self {
				let equal = <$float>::from_bits(self.to_bits() | other.to_bits());
				let ordered = if self < other { self } else { other };
				let number = if self == other { equal } else { ordered };
				if self.is_nan() | other.is_nan() { $nan } else { number }
			}

			#[inline(always)]
			fn rank(&self, other: &Self) -> Ordering {
				self.partial_cmp(other).unwrap_or_else(|| self.is_nan().cmp(&other.is_nan()))
			}

			#[inline(always)]
			fn is_nan(&self) -> bool {
				<$float>::is_nan(*self)
			}
		}
	)*};
}

macro_rules! integers {
	($($integer:ty)*) => {$(
		impl Select for $integer {
			const LOWEST: Self = <$integer>::MIN;
			const HIGHEST: Self = <$integer>::MAX;

			#[inline(always)]
			fn larger(self, other: Self) -> Self {
				self.max(other)
			}

			#[inline(always)]
			fn smaller(self, other: Self) -> Self {
				self.min(other)
			}

			#[inline(always)]
			fn rank(&self, other: &Self) -> Ordering {
				self.cmp(other)
			}

			#[inline(always)]
			fn is_nan(&self) -> bool {
				false
			}
		}
	)*};
}

floats! { f32, NAN_F32; f64, NAN_F64; }
integers! { u8 i8 u16 i16 u32 i32 u64 i64 }

impl Select for bool {
	const LOWEST: Self = false;
	const HIGHEST: Self = true;

	#[inline(always)]
	fn larger(self, other: Self) -> Self {
		self | other
	}

	#[inline(always)]
	fn smaller(self, other: Self) -> Self {
		self & other
	}

	#[inline(always)]
	fn rank(&self, other: &Self) -> Ordering {
		self.cmp(other)
	}

	#[inline(always)]
	fn is_nan(&self) -> bool {
		false
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn zeros_are_told_apart_by_sign_in_any_order() {
		for (a, b) in [(0.0f32, -0.0), (-0.0, 0.0)] {
			assert_eq!(a.larger(b).to_bits(), 0.0f32.to_bits());
			assert_eq!(a.smaller(b).to_bits(), (-0.0f32).to_bits());
			assert_eq!(a.rank(&b), Ordering::Equal);
		}
		assert_eq!((-0.0f32).larger(-0.0).to_bits(), (-0.0f32).to_bits());
	}

	#[test]
	fn a_nan_wins_and_is_canonical() {
		let odd = f32::from_bits(0xffc1_2345);
		for (a, b) in [(odd, 1.0), (1.0, odd), (odd, f32::INFINITY), (odd, odd)] {
			assert_eq!(a.larger(b).to_bits(), 0x7fc0_0000);
			assert_eq!(a.smaller(b).to_bits(), 0x7fc0_0000);
		}
		assert_eq!(odd.rank(&f32::INFINITY), Ordering::Greater);
		assert_eq!(odd.rank(&f32::NAN), Ordering::Equal);
	}

	proptest! {
		#[test]
		fn rank_is_a_total_order(a: u32, b: u32, c: u32) {
			let [a, b, c] = [a, b, c].map(f32::from_bits);
			prop_assert_eq!(a.rank(&b), b.rank(&a).reverse());
			if a.rank(&b) != Ordering::Greater && b.rank(&c) != Ordering::Greater {
				prop_assert_ne!(a.rank(&c), Ordering::Greater);
			}
		}

		#[test]
		fn selection_commutes_and_picks_an_argument(a: u32, b: u32) {
			let [x, y] = [a, b].map(f32::from_bits);
			prop_assert_eq!(x.larger(y).to_bits(), y.larger(x).to_bits());
			prop_assert_eq!(x.smaller(y).to_bits(), y.smaller(x).to_bits());
			if !x.is_nan() && !y.is_nan() {
				prop_assert!([a, b].contains(&x.larger(y).to_bits()));
				prop_assert!([a, b].contains(&x.smaller(y).to_bits()));
				prop_assert!(x.smaller(y) <= x.larger(y));
			}
		}
	}
}
