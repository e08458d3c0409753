//! Activations that are products of x and a sigmoid-shaped function.

use super::{
	erf::erf,
	exp::{exp, exp_bounded},
	logistic, NAN_F64,
};

const SQRT_HALF: f64 = std::f64::consts::FRAC_1_SQRT_2;
/// sqrt(2/π).
const SQRT_2_BY_PI: f64 = 0.797_884_560_802_865_4;

/// `x s`, where s tends to 0 so fast at -infinity that the product is -0.
#[inline(always)]
fn gate(x: f64, s: f64) -> f64 {
	if x.is_nan() {
		NAN_F64
	} else if x == f64::NEG_INFINITY {
		-0.0
	} else {
		x * s
	}
}

/// `x/2 (1 + erf(x / sqrt(2)))`; -0 at -infinity.
///
/// The sum cancels for negative x: the absolute error stays below 2^-52 |x|.
#[inline(always)]
pub fn gelu(x: f64) -> f64 {
	gate(x, 0.5 * (1.0 + erf(x * SQRT_HALF)))
}

/// `x/2 (1 + tanh(sqrt(2/π) (x + 0.044715 x³)))`; -0 at -infinity.
///
/// The sum cancels for negative x: the absolute error stays below 2^-52 |x|.
#[inline(always)]
pub fn gelu_tanh(x: f64) -> f64 {
	gate(
		x,
		0.5 * (1.0 + logistic::tanh(SQRT_2_BY_PI * (x + 0.044715 * (x * x * x)))),
	)
}

/// `x sigmoid(alpha x)`; a zero with x's sign where the sigmoid is zero, also for infinite x.
#[inline(always)]
pub fn swish(x: f64, alpha: f64) -> f64 {
	let gate = logistic::sigmoid(alpha * x);
	if gate.is_nan() {
		NAN_F64
	} else if gate == 0.0 {
		0.0f64.copysign(x)
	} else {
		x * gate
	}
}

/// `x tanh(softplus(x))`, as `x n / (n + 2)` with `n = e^x (e^x + 2)`; -0 at -infinity.
#[inline(always)]
pub fn mish(x: f64) -> f64 {
	mish_of(x, exp(below_40(x)))
}

/// The same once it is rounded to binary32: with `e^-700` in place of anything smaller, which
/// processors are slow to compute with where it is subnormal.
#[inline(always)]
pub(super) fn mish_bounded(x: f64) -> f64 {
	mish_of(x, exp_bounded(below_40(x)))
}

/// From 40 on the quotient of [`mish`] rounds to 1.
#[inline(always)]
fn below_40(x: f64) -> f64 {
	if x > 40.0 {
		40.0
	} else {
		x
	}
}

#[inline(always)]
fn mish_of(x: f64, e: f64) -> f64 {
	let n = e * (e + 2.0);
	gate(x, n / (n + 2.0))
}
