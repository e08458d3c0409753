//! The exponential function.

use super::{horner, NAN_F64};

/// Adding and subtracting it rounds to the nearest integer, ties to even; its low bits are zero.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// The first 32 bits of ln 2; products with integers below 2^21 are exact.
pub(super) const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
/// ln 2 less [`LN_2_HIGH`].
pub(super) const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// `(exp(r) - 1 - r) / r²` for |r| up to ln(2)/2, relative error of `exp(r) - 1` 2^-60.
const TAIL: [f64; 11] = [
	0.5,
	0.1666666666666667,
	0.04166666666666667,
	0.008333333333326136,
	0.0013888888888883748,
	0.00019841269874820627,
	2.4801587325547743e-05,
	2.7557255400206422e-06,
	2.75572736431103e-07,
	2.5105217004720745e-08,
	2.0914686968086876e-09,
];

/// `high + low` as `k ln 2` and a rest: the bits of k above [`ROUND`], and `exp(rest) - 1` as a
/// leading part and a correction.
#[inline(always)]
fn reduce(high: f64, low: f64) -> (f64, f64, f64) {
	let shifted = high * std::f64::consts::LOG2_E + ROUND;
	let k = shifted - ROUND;
	let near = high - k * LN_2_HIGH;
	let k_low = k * LN_2_LOW - low;
	let r = near - k_low;
	let correction = (near - r) - k_low;
	(shifted, r, correction + r * r * horner(r, &TAIL))
}

/// Clamps without a rule for NaN, which passes.
#[inline(always)]
fn clamp(x: f64, low: f64, high: f64) -> f64 {
	let x = if x > high { high } else { x };
	if x < low {
		low
	} else {
		x
	}
}

/// `exp(high + low)` for |low| far below |high|; the sum must not be NaN, for which any number may come out.
#[inline(always)]
pub(super) fn exp_sum(high: f64, low: f64) -> f64 {
	let (shifted, r, tail) = reduce(clamp(high, -746.0, 710.0), low);
	// k + 2048 is positive, so an unsigned shift halves k, rounded down.
	let raised = shifted
		.to_bits()
		.wrapping_sub(ROUND.to_bits())
		.wrapping_add(2048);
	let half = raised >> 1;
	let scale = |exponent: u64| f64::from_bits(exponent.wrapping_sub(1) << 52);
	// Two steps, so that a subnormal result is rounded once and an overflow gives infinity.
	(1.0 + (r + tail)) * scale(half) * scale(raised.wrapping_sub(half))
}

/// `e^x`. Infinity from about 709.78, zero from about -745.13.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
	let value = exp_sum(x, 0.0);
	if x.is_nan() {
		NAN_F64
	} else {
		value
	}
}

/// `e^x` where x, if a number, is clamped to [-700, 700]: one scaling step, no branch, so loops
/// over it become vector code. Equals [`exp`] within the clamp.
#[inline(always)]
pub(super) fn exp_bounded(x: f64) -> f64 {
	let (shifted, r, tail) = reduce(clamp(x, -700.0, 700.0), 0.0);
	let scale = f64::from_bits((shifted.to_bits().wrapping_add(1023)) << 52);
	let value = (1.0 + (r + tail)) * scale;
	if x.is_nan() {
		NAN_F64
	} else {
		value
	}
}

/// `e^x - 1`, accurate near zero. Keeps -0.0.
#[inline(always)]
pub fn expm1(x: f64) -> f64 {
	if x.is_nan() {
		return NAN_F64;
	}
	if x > 50.0 {
		return exp_sum(x, 0.0);
	}
	let value = expm1_bounded(x);
	if x == 0.0 {
		x
	} else {
		value
	}
}

/// `e^x - 1` for x up to 50; below -50 it is that of -50, which is -1. Loses the sign of zero.
#[inline(always)]
pub(super) fn expm1_bounded(x: f64) -> f64 {
	let (shifted, r, tail) = reduce(clamp(x, -50.0, 50.0), 0.0);
	let scale = f64::from_bits((shifted.to_bits().wrapping_add(1023)) << 52);
	scale * (r + tail) + (scale - 1.0)
}
