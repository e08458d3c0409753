//! Powers with a real exponent.

use super::{
	exp::{exp_sum, LN_2_HIGH, LN_2_LOW},
	horner,
	ln::split,
	two_product, two_sum, NAN_F32, NAN_F64,
};

const TWO_THIRDS_HIGH: f64 = 0.6666666666666666;
const TWO_THIRDS_LOW: f64 = 3.700743415417188e-17;

/// `(2 atanh(s) - 2 s - 2/3 s³) / s⁵` in `s²`, for |s| up to 0.1716, error 2^-69 of `2 s`.
const SERIES: [f64; 8] = [
	0.4,
	0.2857142857142937,
	0.2222222222165554,
	0.1818181833547124,
	0.15384594954137945,
	0.13334805149611875,
	0.11706224135460942,
	0.11723306234080849,
];

/// `ln(x)` as an unevaluated sum, relative error about 2^-64, for positive finite x.
fn ln_sum(x: f64) -> (f64, f64) {
	let (k, f) = split(x);
	// s = f / (2 + f)
	let denominator = 2.0 + f;
	let denominator_low = f - (denominator - 2.0);
	let s = f / denominator;
	let (product, error) = two_product(s, denominator);
	let s_low = ((f - product) - error - s * denominator_low) / denominator;
	// s² and s³
	let (square, mut square_low) = two_product(s, s);
	square_low += 2.0 * s * s_low;
	let (cube, mut cube_low) = two_product(s, square);
	cube_low += s * square_low + s_low * square;
	// 2 s + 2/3 s³ + ...
	let (third, mut third_low) = two_product(cube, TWO_THIRDS_HIGH);
	third_low += cube * TWO_THIRDS_LOW + cube_low * TWO_THIRDS_HIGH;
	let rest = square * cube * horner(square, &SERIES);
	let (sum, mut sum_low) = two_sum(2.0 * s, third);
	sum_low += 2.0 * s_low + (third_low + rest);
	// + k ln 2
	let (total, mut total_low) = two_sum(k * LN_2_HIGH, sum);
	total_low += sum_low + k * LN_2_LOW;
	let high = total + total_low;
	(high, total_low - (high - total))
}

/// Whether y is an integer, and an odd one.
fn integer_kind(y: f64) -> (bool, bool) {
	let magnitude = y.abs();
	// From 2^53 on every double is an even integer.
	if magnitude >= 9_007_199_254_740_992.0 {
		return (true, false);
	}
	let truncated = magnitude as u64;
	let integer = truncated as f64 == magnitude;
	(integer, integer && truncated & 1 == 1)
}

/// `x^y` with the special cases of IEEE 754's `pow`.
///
/// * `pow(x, ±0) = 1` and `pow(1, y) = 1`, even for NaN; any other NaN argument gives NaN,
/// * `pow(±0, y)`: for y < 0 infinity (with x's sign if y is an odd integer), for y > 0 zero
///   (likewise),
/// * `pow(-1, ±inf) = 1`; `pow(x, inf)` is infinity for |x| > 1 and 0 for |x| < 1, and the
///   other way round for `-inf`,
/// * `pow(±inf, y)` as the reciprocal of `pow(±0, y)`,
/// * a finite x < 0 with a y that is no integer gives NaN.
///
/// The exponents 1, 2, -1 and (for x > 0) 0.5 are rounded correctly: `x`, `x*x`, `1/x`, `sqrt`.
pub fn pow(x: f64, y: f64) -> f64 {
	if y == 0.0 || x == 1.0 {
		return 1.0;
	}
	if x.is_nan() || y.is_nan() {
		return NAN_F64;
	}
	if y == 1.0 {
		return x;
	}
	if y == 2.0 {
		return x * x;
	}
	if y == -1.0 {
		return 1.0 / x;
	}
	if y == 0.5 && x > 0.0 {
		return x.sqrt();
	}
	let magnitude = x.abs();
	if y.is_infinite() {
		return if magnitude == 1.0 {
			1.0
		} else if (magnitude > 1.0) == (y > 0.0) {
			f64::INFINITY
		} else {
			0.0
		};
	}
	let (integer, odd) = integer_kind(y);
	let negative = x.is_sign_negative();
	let sign = if negative && odd { -1.0 } else { 1.0 };
	if magnitude == 0.0 || magnitude == f64::INFINITY {
		return if (magnitude == 0.0) == (y > 0.0) {
			sign * 0.0
		} else {
			sign * f64::INFINITY
		};
	}
	if negative && !integer {
		return NAN_F64;
	}
	let (ln_high, ln_low) = ln_sum(magnitude);
	let estimate = y * ln_high;
	if estimate > 720.0 {
		return sign * f64::INFINITY;
	}
	if estimate < -760.0 {
		return sign * 0.0;
	}
	let (high, mut low) = two_product(y, ln_high);
	low += y * ln_low;
	sign * exp_sum(high, low)
}

/// [`pow`] of binary32, rounded once; the exponents 2 and 3 are rounded correctly.
#[inline]
pub fn pow_f32(x: f32, y: f32) -> f32 {
	let value = if y == 3.0 {
		// The square of a 24-bit number is exact in binary64.
		let x = f64::from(x);
		(x * x * x) as f32
	} else {
		pow(f64::from(x), f64::from(y)) as f32
	};
	if value.is_nan() {
		NAN_F32
	} else {
		value
	}
}
