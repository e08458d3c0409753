//! The elementary functions of numerics profile 1.
//!
//! Every function is a fixed sequence of `+ - * / sqrt`, comparisons and bit operations on
//! IEEE-754 binary64, all of which round alike on every target. Nothing here calls the system's
//! math library, `std`'s transcendental functions, a third-party math crate or a fused
//! multiply-add. The binary32 form of a function is its binary64 form, rounded once; since the
//! latter is within a few units in the last place of binary64, the former is within
//! 0.5000001 ulp of the true value. Only [`erf_f32`] and [`gelu_f32`] have formulas of their own.
//!
//! A NaN argument gives the canonical NaN. The sign of a zero is kept by the odd functions
//! (`expm1`, `ln_1p`, `tanh`, `erf`, `sin`, `tan`, `asin`, `atan`, `sinh`, `asinh`, `atanh`).
//!
//! | function | binary64 error bound, ulp | method |
//! |---|---|---|
//! | [`exp()`], [`expm1`] | 1, 1.5 | reduction by ln 2 in two parts, polynomial of degree 12 |
//! | [`ln()`], [`ln_1p`] | 1, 1.5 | reduction by powers of two, atanh series, degree 7 in s² |
//! | [`pow()`] | 1.5 | logarithm in double-double, then `exp` |
//! | [`sigmoid`], [`tanh`] | 2.5, 2.5 | one `exp` or `expm1` and one division |
//! | [`softplus`] | 2 | `max(x, 0) + ln_1p(exp(-abs(x)))` |
//! | [`erf()`] | 2 | odd polynomial below 0.5, then a table of 22 polynomials of degree 11 |
//! | [`sin`], [`cos`] | 1 | exact reduction by 192 bits of 2/π, polynomials of degree 15 and 16 |
//! | [`tan`] | 2 | sine and cosine of the reduced argument, one division |
//! | [`atan`] | 1 | reduction to four points, odd polynomial of degree 25 |
//! | [`asin`], [`acos`] | 1 | odd polynomial of degree 29 below 1/2, half-angle formula above |
//! | [`sinh`], [`cosh`] | 2, 1.5 | `expm1` or `exp`, and one division |
//! | [`asinh`], [`acosh`], [`atanh`] | 2, 2.5, 2 | `ln_1p` or `ln` of an algebraic function |
//!
//! The tests measure these bounds against tables made with multi-precision arithmetic.

mod binary32;
mod erf;
mod exp;
mod float;
pub mod fourier;
mod gelu;
mod hyperbolic;
mod inverse;
mod ln;
mod logistic;
mod pow;
#[cfg(test)]
mod tests;
mod trig;

pub use binary32::{erf_f32, gelu_f32};
pub use erf::erf;
pub use exp::{exp, expm1};
pub use float::Float;
pub use gelu::{gelu, gelu_tanh, mish, swish};
pub use hyperbolic::{acosh, asinh, atanh, cosh, sinh};
pub use inverse::{acos, asin, atan};
pub use ln::{ln, ln_1p};
pub use logistic::{sigmoid, softplus, tanh};
pub use pow::{pow, pow_f32};
pub use trig::{cos, sin, tan};

/// The canonical NaN of binary32, `7fc00000`.
pub const NAN_F32: f32 = f32::from_bits(0x7fc0_0000);
/// The canonical NaN of binary64, `7ff8000000000000`.
pub const NAN_F64: f64 = f64::from_bits(0x7ff8_0000_0000_0000);

/// The value of a polynomial at `x` by Horner's rule; the constant term comes first.
#[inline(always)]
fn horner<const N: usize>(x: f64, coefficients: &[f64; N]) -> f64 {
	let mut sum = coefficients[N - 1];
	for i in (0..N - 1).rev() {
		sum = sum * x + coefficients[i];
	}
	sum
}

/// `2^k` for k in [-1022, 1023].
#[inline(always)]
fn pow2(k: i64) -> f64 {
	f64::from_bits(((k + 1023) as u64) << 52)
}

/// `a * b` as an unevaluated sum, exact when nothing over- or underflows (Veltkamp and Dekker).
#[inline(always)]
fn two_product(a: f64, b: f64) -> (f64, f64) {
	const SPLIT: f64 = 134_217_729.0;
	let product = a * b;
	let (a_big, b_big) = (a * SPLIT, b * SPLIT);
	let a_high = a_big - (a_big - a);
	let b_high = b_big - (b_big - b);
	let (a_low, b_low) = (a - a_high, b - b_high);
	let error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
	(product, error)
}

/// `a + b` as an unevaluated sum, exact when nothing overflows (Knuth).
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
	let sum = a + b;
	let b_part = sum - a;
	(sum, (a - (sum - b_part)) + (b - b_part))
}
