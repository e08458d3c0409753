//! Errors against multi-precision values, special values, and golden bits.

use super::*;
use proptest::prelude::*;

const REFERENCE: &str = include_str!("reference.txt");

/// The unit in the last place of binary64 at the magnitude of x.
fn ulp(x: f64) -> f64 {
	let x = x.abs();
	f64::from_bits(x.to_bits() + 1) - x
}

/// The largest error over the reference points of a function, in ulp.
fn largest_error(name: &str) -> f64 {
	let bits = |word: &str| f64::from_bits(u64::from_str_radix(word, 16).unwrap());
	let mut largest = 0.0;
	let mut points = 0;
	for line in REFERENCE
		.lines()
		.filter(|line| line.split(' ').next() == Some(name))
	{
		let words: Vec<f64> = line.split(' ').skip(1).map(bits).collect();
		let (arguments, value) = words.split_at(words.len() - 2);
		let x = arguments[0];
		let found = match name {
			"exp" => exp(x),
			"expm1" => expm1(x),
			"ln" => ln(x),
			"ln_1p" => ln_1p(x),
			"sigmoid" => sigmoid(x),
			"tanh" => tanh(x),
			"softplus" => softplus(x),
			"erf" => erf(x),
			"sin" => sin(x),
			"cos" => cos(x),
			"tan" => tan(x),
			"atan" => atan(x),
			"asin" => asin(x),
			"acos" => acos(x),
			"sinh" => sinh(x),
			"cosh" => cosh(x),
			"asinh" => asinh(x),
			"acosh" => acosh(x),
			"atanh" => atanh(x),
			"pow" => pow(x, arguments[1]),
			other => panic!("unknown function {other}"),
		};
		let error = ((found - value[0]) - value[1]).abs() / ulp(value[0]);
		assert!(error.is_finite(), "{line}: {found}");
		largest = if error > largest { error } else { largest };
		points += 1;
	}
	assert!(points >= 40, "{name} has {points} points");
	largest
}

#[test]
fn errors_stay_within_the_stated_bounds() {
	let bounds = [
		("exp", 1.0),
		("expm1", 1.5),
		("ln", 1.0),
		("ln_1p", 1.5),
		("pow", 1.5),
		("sigmoid", 2.5),
		("tanh", 2.5),
		("softplus", 2.0),
		("erf", 2.0),
		("sin", 1.0),
		("cos", 1.0),
		("tan", 2.0),
		("atan", 1.0),
		("asin", 1.0),
		("acos", 1.0),
		("sinh", 2.0),
		("cosh", 1.5),
		("asinh", 2.0),
		("acosh", 2.5),
		("atanh", 2.0),
	];
	for (name, bound) in bounds {
		let error = largest_error(name);
		assert!(error <= bound, "{name}: {error} ulp");
	}
}

#[test]
fn nan_becomes_canonical() {
	let odd = f64::from_bits(0xfff8_0000_dead_beef);
	for function in [
		exp, expm1, ln, ln_1p, sigmoid, tanh, softplus, erf, sin, cos, gelu, gelu_tanh, mish, tan,
		atan, asin, acos, sinh, cosh, asinh, acosh, atanh,
	] {
		assert_eq!(function(odd).to_bits(), NAN_F64.to_bits());
	}
	for (x, y) in [(odd, 2.0), (2.0, odd), (odd, odd), (-8.0, 0.5)] {
		assert_eq!(pow(x, y).to_bits(), NAN_F64.to_bits());
	}
	let odd = f32::from_bits(0xffc1_2345);
	for value in [
		Float::exp(odd),
		Float::ln(odd),
		Float::sqrt(odd),
		Float::sqrt(-1.0f32),
		Float::tanh(odd),
		Float::pow(odd, 2.0),
	] {
		assert_eq!(value.to_bits(), NAN_F32.to_bits());
	}
	assert_eq!(ln(-1.0).to_bits(), NAN_F64.to_bits());
	assert_eq!(sin(f64::INFINITY).to_bits(), NAN_F64.to_bits());
}

#[test]
fn ends_of_the_range() {
	let inf = f64::INFINITY;
	assert_eq!(exp(inf), inf);
	assert_eq!(exp(710.0), inf);
	assert_eq!(exp(-inf).to_bits(), 0);
	assert_eq!(exp(-746.0).to_bits(), 0);
	assert_eq!(exp(-745.0).to_bits(), 1);
	assert_eq!(exp(0.0), 1.0);
	assert_eq!(expm1(-inf), -1.0);
	assert_eq!(expm1(inf), inf);
	assert_eq!(ln(0.0), -inf);
	assert_eq!(ln(-0.0), -inf);
	assert_eq!(ln(inf), inf);
	assert_eq!(ln(1.0).to_bits(), 0);
	assert_eq!(ln_1p(-1.0), -inf);
	assert_eq!(ln_1p(inf), inf);
	assert_eq!(sigmoid(-inf).to_bits(), 0);
	assert_eq!(sigmoid(inf), 1.0);
	assert_eq!(sigmoid(0.0), 0.5);
	assert_eq!(tanh(inf), 1.0);
	assert_eq!(tanh(-inf), -1.0);
	assert_eq!(softplus(-inf).to_bits(), 0);
	assert_eq!(softplus(inf), inf);
	assert_eq!(erf(inf), 1.0);
	assert_eq!(erf(-inf), -1.0);
	assert_eq!(cos(0.0), 1.0);
	assert_eq!(Float::exp(89.0f32), f32::INFINITY);
	assert_eq!(Float::exp(-104.0f32).to_bits(), 0);
	assert_eq!(Float::exp(-103.0f32).to_bits(), 1);
	assert_eq!(Float::exp(f32::NEG_INFINITY).to_bits(), 0);
}

#[test]
fn odd_functions_keep_the_sign_of_zero_and_tiny_arguments() {
	for function in [
		expm1, ln_1p, tanh, erf, sin, tan, atan, asin, sinh, asinh, atanh,
	] {
		assert_eq!(function(-0.0).to_bits(), (-0.0f64).to_bits());
		assert_eq!(function(0.0).to_bits(), 0);
	}
	for function in [expm1, ln_1p, tanh, sin, tan, atan, asin, sinh, asinh, atanh] {
		for x in [5e-324, 1e-300, -1e-310] {
			assert_eq!(function(x), x);
		}
	}
	assert_eq!(swish(f64::NEG_INFINITY, 1.0).to_bits(), (-0.0f64).to_bits());
	assert_eq!(swish(f64::NEG_INFINITY, -1.0), f64::NEG_INFINITY);
	assert_eq!(swish(f64::INFINITY, -1.0).to_bits(), 0);
	assert_eq!(swish(f64::INFINITY, 0.0).to_bits(), NAN_F64.to_bits());
	for function in [gelu, gelu_tanh, mish] {
		assert_eq!(function(f64::NEG_INFINITY).to_bits(), (-0.0f64).to_bits());
		assert_eq!(function(f64::INFINITY), f64::INFINITY);
		assert_eq!(function(-0.0).to_bits(), (-0.0f64).to_bits());
	}
}

#[test]
fn ends_of_the_range_of_the_inverse_and_hyperbolic_functions() {
	let inf = f64::INFINITY;
	let half_pi = std::f64::consts::FRAC_PI_2;
	assert_eq!(atan(inf), half_pi);
	assert_eq!(atan(-inf), -half_pi);
	assert_eq!(asin(1.0), half_pi);
	assert_eq!(asin(-1.0), -half_pi);
	assert_eq!(acos(1.0).to_bits(), 0);
	assert_eq!(acos(-1.0), std::f64::consts::PI);
	assert_eq!(acos(0.0), half_pi);
	assert_eq!(sinh(-inf), -inf);
	assert_eq!(sinh(711.0), inf);
	assert_eq!(cosh(-inf), inf);
	assert_eq!(cosh(0.0), 1.0);
	assert_eq!(asinh(-inf), -inf);
	assert_eq!(acosh(inf), inf);
	assert_eq!(acosh(1.0).to_bits(), 0);
	assert_eq!(atanh(1.0), inf);
	assert_eq!(atanh(-1.0), -inf);
	for outside in [
		asin(1.0 + f64::EPSILON),
		acos(-1.1),
		acos(inf),
		acosh(1.0 - f64::EPSILON),
		acosh(-inf),
		atanh(1.5),
		tan(inf),
	] {
		assert_eq!(outside.to_bits(), NAN_F64.to_bits());
	}
}

#[test]
fn powers_have_the_special_cases_of_ieee_754() {
	let (inf, nan) = (f64::INFINITY, f64::NAN);
	let cases = [
		(nan, 0.0, 1.0),
		(1.0, nan, 1.0),
		(0.0, -3.0, inf),
		(-0.0, -3.0, -inf),
		(-0.0, -2.0, inf),
		(-0.0, -inf, inf),
		(-0.0, 3.0, -0.0),
		(-0.0, 2.0, 0.0),
		(-0.0, 0.5, 0.0),
		(-0.0, 1.0, -0.0),
		(-0.0, -1.0, -inf),
		(-1.0, inf, 1.0),
		(-1.0, -inf, 1.0),
		(0.5, -inf, inf),
		(2.0, -inf, 0.0),
		(0.5, inf, 0.0),
		(-2.0, inf, inf),
		(-inf, -3.0, -0.0),
		(-inf, -2.0, 0.0),
		(-inf, 3.0, -inf),
		(-inf, 2.0, inf),
		(-inf, 0.5, inf),
		(inf, -0.5, 0.0),
		(inf, 0.5, inf),
		(-2.0, 3.0, -8.0),
		(-2.0, -3.0, -0.125),
		(-2.0, 4.0, 16.0),
		(-1.0, 9_007_199_254_740_993.0, 1.0),
		(-1.0, 9_007_199_254_740_991.0, -1.0),
		(2.0, 1024.0, inf),
		(-2.0, 1025.0, -inf),
		(2.0, -1075.0, 0.0),
		(2.0, -1074.0, 5e-324),
		(9.0, 0.5, 3.0),
		(1e-300, 1e300, 0.0),
		(1e300, 1e300, inf),
		(1.0 + f64::EPSILON, 1e300, inf),
		(1.0 - f64::EPSILON, 1e300, 0.0),
		(5e-324, -1.0, inf),
	];
	for (x, y, expected) in cases {
		assert_eq!(
			pow(x, y).to_bits(),
			f64::to_bits(expected),
			"{x}^{y} = {}",
			pow(x, y)
		);
	}
	assert!(pow(-2.0, 0.3).is_nan());
	assert!(pow(-inf, nan).is_nan());
}

#[test]
fn binary32_powers_with_small_integer_exponents_are_rounded_correctly() {
	for x in [1.1f32, -3.3, 1e-20, 7.7e12, f32::MIN_POSITIVE, 16_777_215.0] {
		assert_eq!(pow_f32(x, 2.0).to_bits(), (x * x).to_bits());
		let exact = f64::from(x);
		assert_eq!(
			pow_f32(x, 3.0).to_bits(),
			((exact * exact * exact) as f32).to_bits()
		);
		assert_eq!(pow_f32(x, -1.0).to_bits(), (1.0 / x).to_bits());
	}
}

/// A hash of the bits of a function at every 65,521st binary32 and at the ends of the range.
fn golden(function: impl Fn(f32) -> f32) -> String {
	let mut hasher = blake3::Hasher::new();
	for bits in (0..=u32::MAX)
		.step_by(65_521)
		.chain([0x7f80_0000, 0xff80_0000, 0x8000_0000])
	{
		hasher.update(&function(f32::from_bits(bits)).to_le_bytes());
	}
	hasher.finalize().to_hex()[..16].to_string()
}

/// The distance of a binary32 number from the truth, in its ulp; a subnormal one has that of its kind.
fn error_of_f32(found: f32, truth: f64) -> f64 {
	let magnitude = (truth.abs() as f32).max(f32::MIN_POSITIVE);
	let ulp = f64::from(f32::from_bits(magnitude.to_bits() + 1)) - f64::from(magnitude);
	(f64::from(found) - truth).abs() / ulp
}

#[test]
fn forms_of_binary32_stay_within_their_bounds() {
	for bits in (0..=0x7f80_0000u32).step_by(32_749) {
		for x in [f32::from_bits(bits), -f32::from_bits(bits)] {
			let error = error_of_f32(erf_f32(x), erf(f64::from(x)));
			assert!(error <= 0.5003, "erf({x:e}) is off by {error}");
			// There binary64 loses nothing that binary32 could hold.
			if x > -0.5 && x.is_finite() {
				let error = error_of_f32(gelu_f32(x), gelu(f64::from(x)));
				assert!(error <= 0.5001, "gelu({x:e}) is off by {error}");
			}
		}
	}
	let bits = |word: &str| f64::from_bits(u64::from_str_radix(word, 16).unwrap());
	let mut points = 0;
	for line in REFERENCE.lines() {
		if let Some(words) = line.strip_prefix("gelu_f32 ") {
			let words: Vec<f64> = words.split(' ').map(bits).collect();
			let error = error_of_f32(gelu_f32(words[0] as f32), words[1]);
			assert!(error <= 0.5001, "{line}: off by {error}");
			points += 1;
		}
	}
	assert_eq!(points, 80);
	assert_eq!(erf_f32(-0.0).to_bits(), 0x8000_0000);
	assert_eq!(erf_f32(f32::INFINITY), 1.0);
	assert_eq!(erf_f32(f32::NEG_INFINITY), -1.0);
	assert_eq!(gelu_f32(-0.0).to_bits(), 0x8000_0000);
	assert_eq!(gelu_f32(f32::INFINITY), f32::INFINITY);
	assert_eq!(gelu_f32(f32::NEG_INFINITY).to_bits(), 0x8000_0000);
	assert_eq!(gelu_f32(-1e30).to_bits(), 0x8000_0000);
	for x in [erf_f32(-f32::NAN), gelu_f32(-f32::NAN)] {
		assert_eq!(x.to_bits(), NAN_F32.to_bits());
	}
}

#[test]
fn binary32_does_not_show_where_exp_stops() {
	let spread = (0..=u32::MAX).step_by(4093).map(f32::from_bits);
	let hard = (0..4000).flat_map(|i| [1.0, -1.0].map(|sign| sign * (690.0 + i as f32 / 50.0)));
	let ends = [f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN];
	for x in spread.chain(hard).chain(ends) {
		let bits = |y: f32| y.to_bits();
		assert_eq!(bits(x.sigmoid()), bits(x.via_f64(sigmoid)), "{x}");
		assert_eq!(bits(x.softplus()), bits(x.via_f64(softplus)), "{x}");
		assert_eq!(bits(x.mish()), bits(x.via_f64(mish)), "{x}");
	}
}

#[test]
fn bits_do_not_drift() {
	let found = [
		("exp", golden(Float::exp)),
		("expm1", golden(Float::expm1)),
		("ln", golden(Float::ln)),
		("tanh", golden(Float::tanh)),
		("sigmoid", golden(Float::sigmoid)),
		("softplus", golden(Float::softplus)),
		("erf", golden(Float::erf)),
		("gelu", golden(Float::gelu)),
		("gelu_tanh", golden(|x| x.via_f64(gelu_tanh))),
		("mish", golden(|x| x.via_f64(mish))),
		("sin", golden(|x| x.via_f64(sin))),
		("cos", golden(|x| x.via_f64(cos))),
		("pow 0.3", golden(|x| pow_f32(x, 0.3))),
		("pow -2.5", golden(|x| pow_f32(x, -2.5))),
		("1.7 pow", golden(|x| pow_f32(1.7, x))),
	];
	let expected = [
		("exp", "8bcd9c4fed6c49e1"),
		("expm1", "da8b793ae4d7534e"),
		("ln", "2c0216d11ecb250e"),
		("tanh", "b1e475fe61220bd1"),
		("sigmoid", "369418fb40f7295b"),
		("softplus", "aefd75a82f2bf720"),
		("erf", "f178444322abc22f"),
		("gelu", "235590143b2e5ff1"),
		("gelu_tanh", "878a995f066dfd59"),
		("mish", "51720a42ce68330b"),
		("sin", "7a82aff71ec70c6d"),
		("cos", "ffb927dcb9f822cb"),
		("pow 0.3", "9e42e95b64d43dba"),
		("pow -2.5", "a8f00ecbb4ddb3ca"),
		("1.7 pow", "8cdd247ffe476491"),
	];
	assert_eq!(
		found.each_ref().map(|(name, hash)| (*name, &hash[..])),
		expected
	);
}

#[test]
fn bits_of_binary64_do_not_drift() {
	let mut hasher = blake3::Hasher::new();
	for i in 0..200_000u64 {
		// A full-period multiplier spreads the arguments over all exponents.
		let x = f64::from_bits(i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
		for function in [
			exp, expm1, ln, ln_1p, sigmoid, tanh, softplus, erf, sin, cos,
		] {
			hasher.update(&function(x).to_le_bytes());
		}
		hasher.update(&pow(x, 0.37).to_le_bytes());
		hasher.update(&pow(x.abs(), 1e-3).to_le_bytes());
	}
	assert_eq!(hasher.finalize().to_hex()[..16], *"20f0cb2eebc13468");
}

#[test]
fn bits_of_the_inverse_and_hyperbolic_functions_do_not_drift() {
	let mut hasher = blake3::Hasher::new();
	for i in 0..200_000u64 {
		let x = f64::from_bits(i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
		let unit = (i as f64 - 100_000.0) / 100_000.0;
		for function in [tan, atan, asin, acos, sinh, cosh, asinh, acosh, atanh] {
			hasher.update(&function(x).to_le_bytes());
			hasher.update(&function(unit).to_le_bytes());
			hasher.update(&function(unit * 30.0).to_le_bytes());
		}
	}
	assert_eq!(hasher.finalize().to_hex()[..16], *"fa90c7cd2e2058d9");
}

proptest! {
	// A sanity bound against other implementations, which are themselves within a few ulp.
	#[test]
	fn near_the_standard_library(bits: u64) {
		let x = f64::from_bits(bits);
		let pairs = [
			(exp(x), x.exp()),
			(expm1(x), x.exp_m1()),
			(ln(x), x.ln()),
			(tanh(x), x.tanh()),
			(sin(x), x.sin()),
			(cos(x), x.cos()),
		];
		for (ours, theirs) in pairs {
			let near = (ours - theirs).abs() <= 4.0 * ulp(theirs);
			prop_assert!(near || ours == theirs || (ours.is_nan() && theirs.is_nan()), "{ours} {theirs}");
		}
	}

	#[test]
	fn every_f32_rounds_once(bits: u32) {
		let x = f32::from_bits(bits);
		let exact = exp(f64::from(x)) as f32;
		prop_assert!(Float::exp(x) == exact || exact.is_nan());
	}
}
