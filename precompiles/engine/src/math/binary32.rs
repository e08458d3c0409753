//! Functions with a form of their own for binary32: one formula without branches or tables, so that
//! loops over it become vector code. In binary64, of less than its precision, and rounded once.

use super::{exp::exp_bounded, horner, NAN_F32};

/// `erf(x) / x` in `x²` for |x| up to 4, as a quotient; relative error 2^-36.7.
const ERF: ([f64; 8], [f64; 8]) = (
	[
		1.1283791670865895,
		0.2002864583805441,
		0.05810891178784952,
		0.004959353472031341,
		0.0005128373098645723,
		2.1765877330451986e-05,
		7.524384937240664e-07,
		3.005085680332219e-09,
	],
	[
		1.0,
		0.5108325851322549,
		0.1217752142612032,
		0.017713103543984317,
		0.0017144098928461716,
		0.00011144462020882871,
		4.515264935612492e-06,
		7.328910479550739e-08,
	],
);

/// `e^(t²/2) Φ(-t)` for t up to 15, as a quotient; relative error 2^-39.4. Φ is the distribution
/// function of the standard normal distribution.
const TAIL: ([f64; 7], [f64; 8]) = (
	[
		0.5000000000006593,
		0.5725780012493732,
		0.32208222333865116,
		0.10905033167619564,
		0.02320171418623249,
		0.0029481451841535775,
		0.00017787292551284435,
	],
	[
		1.0,
		1.9430405634606522,
		1.694486510167474,
		0.8645465506293765,
		0.280742443871027,
		0.058603762060745725,
		0.007389908683278157,
		0.00044586124834718074,
	],
);

/// The [error function](super::erf()), within 0.5003 ulp of binary32. Keeps -0.0.
#[inline(always)]
pub fn erf_f32(x: f32) -> f32 {
	// Beyond 4 the value rounds to ±1, as it does there.
	let wide = f64::from(x);
	let wide = if wide > 4.0 { 4.0 } else { wide };
	let wide = if wide < -4.0 { -4.0 } else { wide };
	let z = wide * wide;
	let value = (wide * (horner(z, &ERF.0) / horner(z, &ERF.1))) as f32;
	if x.is_nan() {
		NAN_F32
	} else {
		value
	}
}

/// [`x Φ(x)`](super::gelu), within 0.5001 ulp of binary32; -0 at -infinity.
#[inline(always)]
pub fn gelu_f32(x: f32) -> f32 {
	let wide = f64::from(x);
	// Below -15 the product rounds to -0, and infinity would have none.
	let wide = if wide < -40.0 { -40.0 } else { wide };
	let t = wide.abs();
	let t = if t > 40.0 { 40.0 } else { t };
	let tail = exp_bounded(-0.5 * (t * t)) * (horner(t, &TAIL.0) / horner(t, &TAIL.1));
	let value = (wide * if wide < 0.0 { tail } else { 1.0 - tail }) as f32;
	if x.is_nan() {
		NAN_F32
	} else {
		value
	}
}
