//! Sine and cosine.

use super::{horner, pow2, two_product, NAN_F64};

/// The first 1280 bits of 2/π after the binary point, behind one word of zeros.
const TWO_BY_PI: [u64; 21] = [
	0,
	0xa2f9836e4e441529,
	0xfc2757d1f534ddc0,
	0xdb6295993c439041,
	0xfe5163abdebbc561,
	0xb7246e3a424dd2e0,
	0x06492eea09d1921c,
	0xfe1deb1cb129a73e,
	0xe88235f52ebb4484,
	0xe99c7026b45f7e41,
	0x3991d639835339f4,
	0x9c845f8bbdf9283b,
	0x1ff897ffde05980f,
	0xef2f118b5a0a6d1f,
	0x6d367ecf27cb09b7,
	0x4f463f669e5fea2d,
	0x7527bac7ebe5f17b,
	0x3d0739f78a5292ea,
	0x6bfb5fb11f8d5d08,
	0x56033046fc7b6bab,
	0xf0cfbc209af4361d,
];

const HALF_PI: f64 = std::f64::consts::FRAC_PI_2;
const HALF_PI_LOW: f64 = 6.123233995736766e-17;

/// `(sin(r) - r) / r³` in `r²` for |r| up to π/4, error 2^-66 of `sin(r)`.
const SINE: [f64; 7] = [
	-0.16666666666666666,
	0.008333333333333331,
	-0.0001984126984126506,
	2.7557319219335453e-06,
	-2.5052106231157904e-08,
	1.605853141458901e-10,
	-7.586685070091267e-13,
];

/// `(cos(r) - 1 + r²/2) / r⁴` in `r²` for |r| up to π/4, error 2^-71.
const COSINE: [f64; 7] = [
	0.041666666666666664,
	-0.0013888888888888887,
	2.4801587301584645e-05,
	-2.755731922140076e-07,
	2.0876755790363397e-09,
	-1.1470460773969325e-11,
	4.7458652037874553e-14,
];

/// A finite `x >= 0` as `q π/2 + r`: q modulo 4, and r with its correction.
///
/// `x = m 2^e` is multiplied by those 192 bits of 2/π that matter modulo 4, in integers, so the
/// reduction is exact to 2^-76 even where x comes nearest to a multiple of π/2 (Payne and Hanek).
fn reduce(x: f64) -> (u64, f64, f64) {
	if x < std::f64::consts::FRAC_PI_4 {
		return (0, x, 0.0);
	}
	let bits = x.to_bits();
	let mantissa = (bits & 0x000f_ffff_ffff_ffff) | 0x0010_0000_0000_0000;
	let exponent = (bits >> 52) as i64 - 1075;
	// Bit 0 of the window has weight 2^1 in `2^e 2/π`; what is above counts whole turns.
	let start = (exponent - 2 + 64) as usize;
	let word = |i: usize| {
		let (at, shift) = (start / 64 + i, start % 64);
		let next = TWO_BY_PI.get(at + 1).copied().unwrap_or(0);
		let this = TWO_BY_PI.get(at).copied().unwrap_or(0);
		((((this as u128) << 64) | next as u128) >> (64 - shift)) as u64
	};
	let multiply = |w: u64, carry: u64| mantissa as u128 * w as u128 + carry as u128;
	let low = multiply(word(2), 0);
	let middle = multiply(word(1), (low >> 64) as u64);
	let high = multiply(word(0), (middle >> 64) as u64) as u64;
	let (low, middle) = (low as u64, middle as u64);
	// Two integer bits, then the fraction, which is rounded to the nearest quadrant.
	let quadrant = high >> 62;
	let fraction = [
		(high << 2) | (middle >> 62),
		(middle << 2) | (low >> 62),
		low << 2,
	];
	let negative = fraction[0] >> 63 == 1;
	let flip = |w: u64| if negative { !w } else { w };
	let quadrant = if negative { quadrant + 1 } else { quadrant } & 3;
	let words = fraction.map(flip);
	// Complementing leaves out one unit of 2^-192, far below the precision.
	let top = ((words[0] as u128) << 64) | words[1] as u128;
	let zeros = top.leading_zeros().min(127);
	let filled = (top << zeros) | ((words[2] as u128) >> 64u32.saturating_sub(zeros).min(127));
	let lead = pow2(-53 - zeros as i64) * (filled >> 75) as f64;
	let rest = pow2(-106 - zeros as i64) * ((filled >> 22) & 0x001f_ffff_ffff_ffff) as f64;
	let (product, mut error) = two_product(lead, HALF_PI);
	error += lead * HALF_PI_LOW + rest * HALF_PI;
	let r = product + error;
	let correction = error - (r - product);
	if negative {
		(quadrant, -r, -correction)
	} else {
		(quadrant, r, correction)
	}
}

fn sine(r: f64, correction: f64) -> f64 {
	let z = r * r;
	r + (r * z * horner(z, &SINE) + correction * (1.0 - 0.5 * z))
}

fn cosine(r: f64, correction: f64) -> f64 {
	let z = r * r;
	let half = 0.5 * z;
	let near = 1.0 - half;
	near + (((1.0 - near) - half) + (z * z * horner(z, &COSINE) - r * correction))
}

/// The sine of x in radians; NaN for infinities. Keeps -0.0.
pub fn sin(x: f64) -> f64 {
	if !x.is_finite() {
		return NAN_F64;
	}
	if x == 0.0 {
		return x;
	}
	let (quadrant, r, correction) = reduce(x.abs());
	let value = match quadrant {
		0 => sine(r, correction),
		1 => cosine(r, correction),
		2 => -sine(r, correction),
		_ => -cosine(r, correction),
	};
	if x < 0.0 {
		-value
	} else {
		value
	}
}

/// The cosine of x in radians; NaN for infinities.
pub fn cos(x: f64) -> f64 {
	if !x.is_finite() {
		return NAN_F64;
	}
	let (quadrant, r, correction) = reduce(x.abs());
	match quadrant {
		0 => cosine(r, correction),
		1 => -sine(r, correction),
		2 => -cosine(r, correction),
		_ => sine(r, correction),
	}
}

/// The tangent of x in radians; NaN for infinities. Keeps -0.0.
pub fn tan(x: f64) -> f64 {
	if !x.is_finite() {
		return NAN_F64;
	}
	if x == 0.0 {
		return x;
	}
	let (quadrant, r, correction) = reduce(x.abs());
	let (sine, cosine) = (sine(r, correction), cosine(r, correction));
	let value = if quadrant & 1 == 0 {
		sine / cosine
	} else {
		-cosine / sine
	};
	if x < 0.0 {
		-value
	} else {
		value
	}
}
