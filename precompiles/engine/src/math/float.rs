//! One face for both floating-point types.

use super::{
	exp::exp_bounded,
	gelu::mish_bounded,
	logistic::{sigmoid_bounded, softplus_bounded},
	NAN_F32, NAN_F64,
};

/// A floating-point element type with the elementary functions of the profile.
///
/// For binary32 each function is computed in binary64 and rounded once, to less than its precision
/// for [`erf`](Float::erf) and [`gelu`](Float::gelu).
pub trait Float:
	Copy
	+ PartialOrd
	+ Send
	+ Sync
	+ std::fmt::Debug
	+ std::ops::Add<Output = Self>
	+ std::ops::Sub<Output = Self>
	+ std::ops::Mul<Output = Self>
	+ std::ops::Div<Output = Self>
	+ std::ops::Neg<Output = Self>
	+ 'static
{
	/// The canonical NaN.
	const NAN: Self;
	/// Positive infinity.
	const INFINITY: Self;
	/// +0.
	const ZERO: Self;
	/// 1.
	const ONE: Self;

	/// The value as binary64, exactly.
	fn to_f64(self) -> f64;
	/// The nearest value to a binary64 number, ties to even; NaN becomes canonical.
	fn from_f64(x: f64) -> Self;
	/// Whether it is a NaN.
	fn is_nan(self) -> bool;
	/// The magnitude.
	fn abs(self) -> Self;
	/// The square root, correctly rounded; a NaN result is canonical.
	fn sqrt(self) -> Self;
	/// The largest integer not above it.
	fn floor(self) -> Self;
	/// The smallest integer not below it.
	fn ceil(self) -> Self;
	/// The nearest integer, ties to even.
	fn round_even(self) -> Self;
	/// See [`exp`](super::exp()).
	fn exp(self) -> Self;

	/// A function of binary64, rounded to this type.
	#[inline(always)]
	fn via_f64(self, function: impl FnOnce(f64) -> f64) -> Self {
		Self::from_f64(function(self.to_f64()))
	}
	/// See [`expm1`](super::expm1).
	#[inline(always)]
	fn expm1(self) -> Self {
		self.via_f64(super::expm1)
	}
	/// See [`ln`](super::ln()).
	#[inline(always)]
	fn ln(self) -> Self {
		self.via_f64(super::ln)
	}
	/// See [`tanh`](super::tanh).
	#[inline(always)]
	fn tanh(self) -> Self {
		self.via_f64(super::tanh)
	}
	/// See [`sigmoid`](super::sigmoid).
	fn sigmoid(self) -> Self;
	/// See [`softplus`](super::softplus).
	fn softplus(self) -> Self;
	/// See [`mish`](super::mish).
	fn mish(self) -> Self;
	/// See [`erf`](super::erf()).
	fn erf(self) -> Self;
	/// See [`gelu`](super::gelu).
	fn gelu(self) -> Self;
	/// See [`pow`](super::pow()).
	fn pow(self, exponent: Self) -> Self;
}

impl Float for f32 {
	const NAN: Self = NAN_F32;
	const INFINITY: Self = f32::INFINITY;
	const ZERO: Self = 0.0;
	const ONE: Self = 1.0;

	#[inline(always)]
	fn to_f64(self) -> f64 {
		f64::from(self)
	}
	#[inline(always)]
	fn from_f64(x: f64) -> Self {
		let rounded = x as f32;
		if rounded.is_nan() {
			NAN_F32
		} else {
			rounded
		}
	}
	#[inline(always)]
	fn is_nan(self) -> bool {
		self.is_nan()
	}
	#[inline(always)]
	fn abs(self) -> Self {
		self.abs()
	}
	#[inline(always)]
	fn sqrt(self) -> Self {
		let root = self.sqrt();
		if root.is_nan() {
			NAN_F32
		} else {
			root
		}
	}
	#[inline(always)]
	fn floor(self) -> Self {
		let nearest = self.round_even();
		let below = if nearest > self {
			nearest - 1.0
		} else {
			nearest
		};
		below.copysign(self)
	}
	#[inline(always)]
	fn ceil(self) -> Self {
		let nearest = self.round_even();
		let above = if nearest < self {
			nearest + 1.0
		} else {
			nearest
		};
		above.copysign(self)
	}
	#[inline(always)]
	fn round_even(self) -> Self {
		// From there on every number is an integer; below, the sum rounds at the binary point.
		const INTEGERS: f32 = 8_388_608.0;
		let magnitude = self.abs();
		let rounded = ((magnitude + INTEGERS) - INTEGERS).copysign(self);
		if magnitude < INTEGERS {
			rounded
		} else {
			self
		}
	}
	#[inline(always)]
	fn exp(self) -> Self {
		// Beyond ±700 binary32 has long over- or underflowed.
		Self::from_f64(exp_bounded(f64::from(self)))
	}
	#[inline(always)]
	fn sigmoid(self) -> Self {
		self.via_f64(sigmoid_bounded)
	}
	#[inline(always)]
	fn softplus(self) -> Self {
		self.via_f64(softplus_bounded)
	}
	#[inline(always)]
	fn mish(self) -> Self {
		self.via_f64(mish_bounded)
	}
	#[inline(always)]
	fn erf(self) -> Self {
		super::erf_f32(self)
	}
	#[inline(always)]
	fn gelu(self) -> Self {
		super::gelu_f32(self)
	}
	#[inline(always)]
	fn pow(self, exponent: Self) -> Self {
		super::pow_f32(self, exponent)
	}
}

impl Float for f64 {
	const NAN: Self = NAN_F64;
	const INFINITY: Self = f64::INFINITY;
	const ZERO: Self = 0.0;
	const ONE: Self = 1.0;

	#[inline(always)]
	fn to_f64(self) -> f64 {
		self
	}
	#[inline(always)]
	fn from_f64(x: f64) -> Self {
		if x.is_nan() {
			NAN_F64
		} else {
			x
		}
	}
	#[inline(always)]
	fn is_nan(self) -> bool {
		self.is_nan()
	}
	#[inline(always)]
	fn abs(self) -> Self {
		self.abs()
	}
	#[inline(always)]
	fn sqrt(self) -> Self {
		let root = self.sqrt();
		if root.is_nan() {
			NAN_F64
		} else {
			root
		}
	}
	#[inline(always)]
	fn floor(self) -> Self {
		let nearest = self.round_even();
		let below = if nearest > self {
			nearest - 1.0
		} else {
			nearest
		};
		below.copysign(self)
	}
	#[inline(always)]
	fn ceil(self) -> Self {
		let nearest = self.round_even();
		let above = if nearest < self {
			nearest + 1.0
		} else {
			nearest
		};
		above.copysign(self)
	}
	#[inline(always)]
	fn round_even(self) -> Self {
		// From there on every number is an integer; below, the sum rounds at the binary point.
		const INTEGERS: f64 = 4_503_599_627_370_496.0;
		let magnitude = self.abs();
		let rounded = ((magnitude + INTEGERS) - INTEGERS).copysign(self);
		if magnitude < INTEGERS {
			rounded
		} else {
			self
		}
	}
	#[inline(always)]
	fn exp(self) -> Self {
		super::exp(self)
	}
	#[inline(always)]
	fn sigmoid(self) -> Self {
		super::sigmoid(self)
	}
	#[inline(always)]
	fn softplus(self) -> Self {
		super::softplus(self)
	}
	#[inline(always)]
	fn mish(self) -> Self {
		super::mish(self)
	}
	#[inline(always)]
	fn erf(self) -> Self {
		super::erf(self)
	}
	#[inline(always)]
	fn gelu(self) -> Self {
		super::gelu(self)
	}
	#[inline(always)]
	fn pow(self, exponent: Self) -> Self {
		super::pow(self, exponent)
	}
}
