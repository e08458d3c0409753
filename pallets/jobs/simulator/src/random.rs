//! Random numbers that depend on nothing but the seed.

use rand_chacha::{
	rand_core::{RngCore, SeedableRng},
	ChaCha8Rng,
};

use crate::params::Share;

/// A stream of random numbers. Ranges are drawn here and not by `rand`, which may draw them in
/// another way in its next version.
#[derive(Clone, Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
	/// Stream `stream` of `seed`.
	pub fn new(seed: u64, stream: u64) -> Self {
		let mut rng = ChaCha8Rng::seed_from_u64(seed);
		rng.set_stream(stream);
		Self(rng)
	}

	/// A number below `bound`, all equally likely; 0 if the bound is 0.
	pub fn below(&mut self, bound: u128) -> u128 {
		if bound == 0 {
			return 0;
		}
		// The largest multiple of the bound: what lies above would favour small numbers.
		let fair = u128::MAX - u128::MAX % bound;
		loop {
			let drawn = u128::from(self.0.next_u64()) << 64 | u128::from(self.0.next_u64());
			if drawn < fair {
				return drawn % bound;
			}
		}
	}

	/// True with this probability.
	pub fn happens(&mut self, share: Share) -> bool {
		self.below(u128::from(Share::WHOLE.0)) < u128::from(share.0)
	}

	/// Puts the items in any order, all equally likely.
	pub fn shuffle<T>(&mut self, items: &mut [T]) {
		for last in (1..items.len()).rev() {
			let other = self.below(last as u128 + 1) as usize;
			items.swap(last, other);
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn streams_are_repeatable_and_differ() {
		let draw = |seed, stream| {
			let mut random = Random::new(seed, stream);
			[random.below(1 << 100), random.below(1 << 100)]
		};
		assert_eq!(draw(1, 2), draw(1, 2));
		assert_ne!(draw(1, 2), draw(1, 3));
		assert_ne!(draw(1, 2), draw(2, 2));
	}

	#[test]
	fn numbers_are_below_their_bound_and_even() {
		let mut random = Random::new(3, 0);
		let mut seen = [0u32; 6];
		for _ in 0..60_000 {
			seen[random.below(6) as usize] += 1;
		}
		// The standard deviation of each count is 91.
		assert!(
			seen.iter().all(|count| count.abs_diff(10_000) < 4 * 91),
			"{seen:?}"
		);
		assert_eq!(random.below(0), 0);
		assert!(!random.happens(Share::NOTHING));
		assert!(random.happens(Share::WHOLE));
	}
}
