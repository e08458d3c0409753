//! What the arithmetic of the running thread must be like.
//!
//! Rounding mode and the treatment of subnormal numbers are registers of each thread, which other
//! code in the process may have changed. They cannot be set without unsafe code, but they can be
//! seen at work.

use std::hint::black_box;

/// Whether this thread rounds to nearest, ties to even, and keeps subnormal numbers.
pub fn is_ieee() -> bool {
	let half_ulp = black_box(f32::EPSILON / 2.0);
	let (one, tiny) = (black_box(1.0f32), black_box(f32::MIN_POSITIVE));
	let least = black_box(f32::from_bits(1));
	// A tie goes to the even neighbour, on either side of zero; more than half goes up.
	let ties_to_even = one + half_ulp == 1.0
		&& -one - half_ulp == -1.0
		&& one + 3.0 * half_ulp == 1.0 + 2.0 * f32::EPSILON;
	let to_nearest = one + 1.5 * half_ulp == 1.0 + f32::EPSILON;
	// Results and operands that are subnormal keep their value.
	let keeps_results = (tiny * black_box(0.5)).to_bits() == 0x0040_0000;
	let keeps_operands = least + least == f32::from_bits(2);
	let wide = black_box(f64::from_bits(1));
	let keeps_wide = wide + wide == f64::from_bits(2);
	ties_to_even && to_nearest && keeps_results && keeps_operands && keeps_wide
}

#[cfg(test)]
mod tests {
	#[test]
	fn a_fresh_thread_computes_by_the_standard() {
		assert!(super::is_ieee());
	}
}
