//! The natural logarithm.

use super::{
	exp::{LN_2_HIGH, LN_2_LOW},
	horner, NAN_F64,
};

/// The bits of the double nearest to sqrt(1/2).
const SQRT_HALF_BITS: u64 = 0x3fe6_a09e_667f_3bcd;
const ONE_BITS: u64 = 0x3ff0_0000_0000_0000;

/// `(2 atanh(s) - 2 s) / s³` in `s²`, for |s| up to 0.1716, error 2^-63 of `2 s`.
const SERIES: [f64; 8] = [
	0.6666666666666666,
	0.4000000000000088,
	0.2857142857080285,
	0.22222222391887064,
	0.18181795621632782,
	0.15386240708969665,
	0.13268746195596595,
	0.13086907887965027,
];

/// `x = 2^k (1 + f)` with `1 + f` in [sqrt(1/2), sqrt(2)), for positive finite x.
#[inline(always)]
pub(super) fn split(x: f64) -> (f64, f64) {
	let subnormal = x < f64::MIN_POSITIVE;
	let scaled = if subnormal {
		x * 18_014_398_509_481_984.0
	} else {
		x
	};
	let bits = scaled.to_bits() + (ONE_BITS - SQRT_HALF_BITS);
	let k = (bits >> 52) as i64 - if subnormal { 1023 + 54 } else { 1023 };
	let mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) + SQRT_HALF_BITS);
	(k as f64, mantissa - 1.0)
}

/// `ln(x)`: -infinity at both zeros, NaN below.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
	if x.is_nan() || x < 0.0 {
		return NAN_F64;
	}
	if x == 0.0 {
		return f64::NEG_INFINITY;
	}
	if x == f64::INFINITY {
		return x;
	}
	let (k, f) = split(x);
	let s = f / (2.0 + f);
	let z = s * s;
	let series = z * horner(z, &SERIES);
	let half_square = 0.5 * f * f;
	k * LN_2_HIGH - ((half_square - (s * (half_square + series) + k * LN_2_LOW)) - f)
}

/// `ln(1 + x)`, accurate near zero. Keeps -0.0; -infinity at -1, NaN below.
#[inline(always)]
pub fn ln_1p(x: f64) -> f64 {
	if x.is_nan() || x < -1.0 {
		return NAN_F64;
	}
	if x == 0.0 || x == f64::INFINITY {
		return x;
	}
	let sum = 1.0 + x;
	if sum == 0.0 {
		return f64::NEG_INFINITY;
	}
	// What the sum lost, divided by the derivative's denominator.
	let lost = if x < 1.0 {
		x - (sum - 1.0)
	} else {
		1.0 - (sum - x)
	};
	ln(sum) + lost / sum
}
