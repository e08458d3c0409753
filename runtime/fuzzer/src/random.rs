//! A seeded source of choices.

/// SplitMix64 by Steele, Lea and Flood: small, and the same everywhere.
pub(crate) struct Random(u64);

impl Random {
	pub(crate) fn new(seed: u64) -> Self {
		Self(seed)
	}

	/// 64 random bits.
	pub(crate) fn next(&mut self) -> u64 {
		self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
		let mut z = self.0;
		z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
		z ^ (z >> 31)
	}

	/// A number below `bound`; 0 if that is 0.
	pub(crate) fn below(&mut self, bound: usize) -> usize {
		(self.next() % bound.max(1) as u64) as usize
	}

	/// True once in `n` times.
	pub(crate) fn one_in(&mut self, n: usize) -> bool {
		self.below(n) == 0
	}

	pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
		&items[self.below(items.len())]
	}

	pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
		(0..len).map(|_| self.next() as u8).collect()
	}

	/// A number that code trips over, cut to its 32 low bits.
	pub(crate) fn odd_u32(&mut self) -> u32 {
		match self.below(6) {
			0 => 0,
			1 => u32::MAX,
			2 => 1 << self.below(32),
			3 => (1u32 << self.below(32)).wrapping_sub(1),
			4 => self.below(16) as u32,
			_ => self.next() as u32,
		}
	}

	/// A number that code trips over.
	pub(crate) fn odd_u128(&mut self) -> u128 {
		match self.below(5) {
			0 => 0,
			1 => u128::MAX,
			2 => 1 << self.below(128),
			3 => u128::from(self.next()),
			_ => self.below(1 << 20) as u128,
		}
	}
}
