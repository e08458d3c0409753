//! Hyperbolic functions and their inverses.

use super::{
	exp::{exp, expm1},
	ln::{ln, ln_1p},
	NAN_F64,
};

/// From here on `e^-x` no longer shows beside `e^x`.
const LARGE: f64 = 22.0;
/// From here on 1 no longer shows beside `x²`.
const HUGE: f64 = 268_435_456.0;

/// `e^x / 2` for large x, without overflow before the result does.
fn half_exp(x: f64) -> f64 {
	let root = exp(0.5 * x);
	0.5 * root * root
}

/// `(e^x - e^-x) / 2`. Keeps -0.0.
pub fn sinh(x: f64) -> f64 {
	if x.is_nan() {
		return NAN_F64;
	}
	let magnitude = x.abs();
	let value = if magnitude > LARGE {
		large(magnitude)
	} else {
		let t = expm1(magnitude);
		if magnitude < 1.0 {
			0.5 * (2.0 * t - t * t / (t + 1.0))
		} else {
			0.5 * (t + t / (t + 1.0))
		}
	};
	value.copysign(x)
}

/// `(e^x + e^-x) / 2`.
pub fn cosh(x: f64) -> f64 {
	if x.is_nan() {
		return NAN_F64;
	}
	let magnitude = x.abs();
	if magnitude > LARGE {
		return large(magnitude);
	}
	if magnitude < 0.35 {
		let t = expm1(magnitude);
		return 1.0 + t * t / (2.0 * (1.0 + t));
	}
	let e = exp(magnitude);
	0.5 * e + 0.5 / e
}

fn large(magnitude: f64) -> f64 {
	if magnitude < 709.0 {
		0.5 * exp(magnitude)
	} else {
		half_exp(magnitude)
	}
}

/// The inverse of [`sinh`]. Keeps -0.0.
pub fn asinh(x: f64) -> f64 {
	if x.is_nan() {
		return NAN_F64;
	}
	let magnitude = x.abs();
	let value = if magnitude > HUGE {
		ln(magnitude) + std::f64::consts::LN_2
	} else if magnitude > 2.0 {
		let root = (magnitude * magnitude + 1.0).sqrt();
		ln(2.0 * magnitude + 1.0 / (root + magnitude))
	} else {
		let square = magnitude * magnitude;
		ln_1p(magnitude + square / (1.0 + (1.0 + square).sqrt()))
	};
	value.copysign(x)
}

/// The inverse of [`cosh`], from 0 on; NaN below 1.
pub fn acosh(x: f64) -> f64 {
	if x.is_nan() || x < 1.0 {
		return NAN_F64;
	}
	if x > HUGE {
		return ln(x) + std::f64::consts::LN_2;
	}
	if x > 2.0 {
		return ln(2.0 * x - 1.0 / (x + (x * x - 1.0).sqrt()));
	}
	let t = x - 1.0;
	ln_1p(t + (2.0 * t + t * t).sqrt())
}

/// The inverse of the hyperbolic tangent: infinite at ±1, NaN outside. Keeps -0.0.
pub fn atanh(x: f64) -> f64 {
	let magnitude = x.abs();
	if magnitude.is_nan() || magnitude > 1.0 {
		return NAN_F64;
	}
	let twice = 2.0 * magnitude;
	let value = if magnitude < 0.5 {
		0.5 * ln_1p(twice + twice * magnitude / (1.0 - magnitude))
	} else {
		0.5 * ln_1p(twice / (1.0 - magnitude))
	};
	value.copysign(x)
}
