//! Shares of amounts, in 128 bits.

use sp_runtime::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};

/// Fees for each unit of stake are counted in units of 2^-64.
pub(crate) const FEE_UNIT: u128 = 1 << 64;

/// Picoseconds of `ref_time` in a second: prices are for that.
pub(crate) const SECOND: u128 = 1_000_000_000_000;

/// `a * b / c`, rounded down, or the largest number there is; 0 if `c` is 0.
pub(crate) fn share_down(a: u128, b: u128, c: u128) -> u128 {
	share(a, b, c, Rounding::Down)
}

/// `a * b / c`, rounded up, or the largest number there is; 0 if `c` is 0.
pub(crate) fn share_up(a: u128, b: u128, c: u128) -> u128 {
	share(a, b, c, Rounding::Up)
}

fn share(a: u128, b: u128, c: u128, rounding: Rounding) -> u128 {
	if c == 0 {
		return 0;
	}
	multiply_by_rational_with_rounding(a, b, c, rounding).unwrap_or(u128::MAX)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn shares_round_and_saturate() {
		assert_eq!((share_down(7, 3, 2), share_up(7, 3, 2)), (10, 11));
		assert_eq!((share_down(8, 3, 2), share_up(8, 3, 2)), (12, 12));
		assert_eq!(share_down(u128::MAX, u128::MAX, u128::MAX), u128::MAX);
		assert_eq!(share_down(u128::MAX, 2, 1), u128::MAX);
		assert_eq!((share_down(1, 1, 0), share_up(1, 1, 0)), (0, 0));
	}
}
