//! The logistic function and its kin.

use super::{
	exp::{exp, exp_bounded, expm1_bounded},
	ln::ln_1p_unit,
	NAN_F64,
};

/// `1 / (1 + e^-x)`, as `e^x / (1 + e^x)` for negative x, so that it does not overflow.
#[inline(always)]
pub fn sigmoid(x: f64) -> f64 {
	sigmoid_of(x, exp(-x.abs()))
}

/// The same once it is rounded to binary32: with `e^-700` in place of anything smaller, which
/// processors are slow to compute with where it is subnormal.
#[inline(always)]
pub(super) fn sigmoid_bounded(x: f64) -> f64 {
	sigmoid_of(x, exp_bounded(-x.abs()))
}

/// The sigmoid of x, where `small` is `e^-|x|`.
#[inline(always)]
fn sigmoid_of(x: f64, small: f64) -> f64 {
	let numerator = if x < 0.0 { small } else { 1.0 };
	let value = numerator / (1.0 + small);
	if x.is_nan() {
		NAN_F64
	} else {
		value
	}
}

/// The hyperbolic tangent, as `t / (t + 2)` with `t = e^(2 |x|) - 1`. Keeps -0.0.
#[inline(always)]
pub fn tanh(x: f64) -> f64 {
	if x.is_nan() {
		return NAN_F64;
	}
	// From 22 on the quotient rounds to 1; expm1_bounded clamps at 50.
	let t = expm1_bounded(2.0 * x.abs());
	(t / (t + 2.0)).copysign(x)
}

/// `ln(1 + e^x)`.
#[inline(always)]
pub fn softplus(x: f64) -> f64 {
	softplus_of(x, exp(-x.abs()))
}

/// The same once it is rounded to binary32, as [`sigmoid_bounded`].
#[inline(always)]
pub(super) fn softplus_bounded(x: f64) -> f64 {
	softplus_of(x, exp_bounded(-x.abs()))
}

/// The softplus of x, where `small` is `e^-|x|`.
#[inline(always)]
fn softplus_of(x: f64, small: f64) -> f64 {
	let positive = if x > 0.0 { x } else { 0.0 };
	let value = positive + ln_1p_unit(small);
	if x.is_nan() {
		NAN_F64
	} else {
		value
	}
}
