//! Arc tangent, arc sine and arc cosine.

use super::{horner, NAN_F64};

const HALF_PI: f64 = std::f64::consts::FRAC_PI_2;
const HALF_PI_LOW: f64 = 6.123233995736766e-17;

/// `(atan(t) / t - 1) / t²` in `t²` for |t| up to 7/16, error 2^-57.
const ARC_TANGENT: [f64; 12] = [
	-0.3333333333333333,
	0.19999999999999407,
	-0.1428571428556615,
	0.11111111096587765,
	-0.09090908353049669,
	0.0769228548876496,
	-0.06666240859375808,
	0.0587693549653035,
	-0.05216607416783708,
	0.044919637149159995,
	-0.033121323310643644,
	0.01476642155379467,
];

/// `(asin(x) / x - 1) / x²` in `x²` for |x| up to 1/2, error 2^-59.
const ARC_SINE: [f64; 14] = [
	0.16666666666666666,
	0.07500000000000119,
	0.04464285714255019,
	0.030381944475693704,
	0.022372157435623815,
	0.017352816768546473,
	0.013963775787848137,
	0.011566511821890942,
	0.00962140274734483,
	0.009322101501082774,
	0.0030350071727267623,
	0.019579201619744684,
	-0.019277545928584557,
	0.02963502626354855,
];

/// Points that arguments are reduced to: from where on each is used, the point, and its arc tangent
/// in two parts.
const POINTS: [(f64, f64, f64, f64); 3] = [
	(0.4375, 0.5, 0.4636476090008061, 2.2698777452961687e-17),
	(
		0.6875,
		1.0,
		std::f64::consts::FRAC_PI_4,
		3.061616997868383e-17,
	),
	(1.1875, 1.5, 0.982793723247329, 1.3903311031230998e-17),
];

/// From here on the argument is turned over.
const STEEP: f64 = 2.4375;

/// The arc tangent, in [-π/2, π/2]. Keeps -0.0.
pub fn atan(x: f64) -> f64 {
	if x.is_nan() {
		return NAN_F64;
	}
	let magnitude = x.abs();
	let point = POINTS.iter().rev().find(|(from, ..)| magnitude >= *from);
	let (t, high, low) = if magnitude >= STEEP {
		(-1.0 / magnitude, HALF_PI, HALF_PI_LOW)
	} else if let Some((_, point, high, low)) = point {
		let t = (magnitude - point) / (1.0 + point * magnitude);
		(t, *high, *low)
	} else {
		(magnitude, 0.0, 0.0)
	};
	let z = t * t;
	let value = high + (t + (t * (z * horner(z, &ARC_TANGENT)) + low));
	value.copysign(x)
}

/// `asin(x) / x - 1` for `z = x²` up to 1/4.
fn arc_sine_tail(z: f64) -> f64 {
	z * horner(z, &ARC_SINE)
}

/// The square root of z above zero, and what it lacks.
fn root(z: f64) -> (f64, f64) {
	let root = z.sqrt();
	// The upper half of the bits, whose square is exact.
	let high = f64::from_bits(root.to_bits() & 0xffff_ffff_0000_0000);
	(high, (z - high * high) / (root + high))
}

/// The arc sine, in [-π/2, π/2]; NaN outside [-1, 1]. Keeps -0.0.
pub fn asin(x: f64) -> f64 {
	let magnitude = x.abs();
	if magnitude.is_nan() || magnitude > 1.0 {
		return NAN_F64;
	}
	if magnitude <= 0.5 {
		return x + x * arc_sine_tail(x * x);
	}
	if magnitude == 1.0 {
		return HALF_PI.copysign(x);
	}
	// asin(x) = π/2 - 2 asin(sqrt((1 - x) / 2)); the argument is exact up to the root.
	let z = (1.0 - magnitude) * 0.5;
	let (high, low) = root(z);
	let tail = (high + low) * arc_sine_tail(z);
	// π/4 - high is exact.
	let quarter = std::f64::consts::FRAC_PI_4;
	let value = quarter - ((2.0 * tail - (HALF_PI_LOW - 2.0 * low)) - (quarter - 2.0 * high));
	value.copysign(x)
}

/// The arc cosine, in [0, π]; NaN outside [-1, 1].
pub fn acos(x: f64) -> f64 {
	let magnitude = x.abs();
	if magnitude.is_nan() || magnitude > 1.0 {
		return NAN_F64;
	}
	if magnitude <= 0.5 {
		let tail = x * arc_sine_tail(x * x);
		return HALF_PI - (x - (HALF_PI_LOW - tail));
	}
	if magnitude == 1.0 {
		return if x > 0.0 { 0.0 } else { std::f64::consts::PI };
	}
	let z = (1.0 - magnitude) * 0.5;
	let (high, low) = root(z);
	let tail = (high + low) * arc_sine_tail(z);
	if x > 0.0 {
		2.0 * (high + (low + tail))
	} else {
		2.0 * (HALF_PI - (high + ((low + tail) - HALF_PI_LOW)))
	}
}
