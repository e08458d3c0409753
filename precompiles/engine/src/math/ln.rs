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

/// Adding it to a small integer's bits and subtracting it as a number converts to floating point.
const INTEGER: f64 = 6_755_399_441_055_744.0;

/// `x = 2^k (1 + f)` with `1 + f` in [sqrt(1/2), sqrt(2)), for positive, normal, finite x.
#[inline(always)]
fn split_normal(x: f64) -> (f64, f64) {
	let bits = x.to_bits().wrapping_add(ONE_BITS - SQRT_HALF_BITS);
	let exponent = INTEGER.to_bits().wrapping_add(bits >> 52);
	let k = f64::from_bits(exponent) - (INTEGER + 1023.0);
	let mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff).wrapping_add(SQRT_HALF_BITS));
	(k, mantissa - 1.0)
}

/// `x = 2^k (1 + f)` with `1 + f` in [sqrt(1/2), sqrt(2)), for positive finite x.
#[inline(always)]
pub(super) fn split(x: f64) -> (f64, f64) {
	let subnormal = x < f64::MIN_POSITIVE;
	let scaled = if subnormal {
		x * 18_014_398_509_481_984.0
	} else {
		x
	};
	let (k, f) = split_normal(scaled);
	(if subnormal { k - 54.0 } else { k }, f)
}

/// `ln(2^k (1 + f))`.
#[inline(always)]
fn joined((k, f): (f64, f64)) -> f64 {
	let s = f / (2.0 + f);
	let z = s * s;
	let series = z * horner(z, &SERIES);
	let half_square = 0.5 * f * f;
	k * LN_2_HIGH - ((half_square - (s * (half_square + series) + k * LN_2_LOW)) - f)
}

/// `ln(x)`: -infinity at both zeros, NaN below.
#[inline(always)]
pub fn ln(x: f64) -> f64 {
	// No branch, so that loops over it become vector code.
	let value = joined(split(x));
	let value = if x == f64::INFINITY { x } else { value };
	let value = if x == 0.0 { f64::NEG_INFINITY } else { value };
	if x >= 0.0 {
		value
	} else {
		NAN_F64
	}
}

/// `ln(1 + x)` for x in [0, 1], the same bits as [`ln_1p`], without a branch.
#[inline(always)]
pub(super) fn ln_1p_unit(x: f64) -> f64 {
	let sum = 1.0 + x;
	joined(split_normal(sum)) + (x - (sum - 1.0)) / sum
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
