//! Numbers for test cases: the same on every machine, and from release to release.

use crate::{DType, Value};

/// SplitMix64 by Steele, Lea and Flood.
#[derive(Clone, Debug)]
pub struct Random(u64);

/// What the elements of a drawn tensor are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elements {
	/// Floats in [-4, 4) and small integers.
	Plain,
	/// The same among NaN, infinities, both zeros, subnormal, tiny and huge numbers, and the ends of
	/// the integer types.
	Special,
	/// The same, half of the floats subnormal, on which some processors are slow.
	Subnormal,
}

impl Random {
	/// Numbers from a seed.
	pub const fn new(seed: u64) -> Self {
		Self(seed)
	}

	/// Numbers of their own for everything that has a name.
	pub fn named(name: &str, seed: u64) -> Self {
		// FNV-1a.
		let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
			(hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
		});
		Self(hash ^ seed.wrapping_mul(0x2545_f491_4f6c_dd1d))
	}

	/// 64 random bits.
	#[allow(clippy::should_implement_trait)] // an iterator would have an end to ask about
	pub fn next(&mut self) -> u64 {
		self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
		let mut z = self.0;
		z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
		z ^ (z >> 31)
	}

	/// A number below `bound`, or 0 where that is 0.
	pub fn below(&mut self, bound: usize) -> usize {
		(self.next() % bound.max(1) as u64) as usize
	}

	/// A number from `from` to `to`, both included.
	pub fn between(&mut self, from: usize, to: usize) -> usize {
		from + self.below(to - from + 1)
	}

	/// True once in `n` times.
	pub fn one_in(&mut self, n: usize) -> bool {
		self.below(n) == 0
	}

	/// One of the items, of which there is at least one.
	pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
		&items[self.below(items.len())]
	}

	/// A number in [-1, 1).
	pub fn unit(&mut self) -> f32 {
		(self.next() >> 40) as f32 / (1 << 23) as f32 - 1.0
	}

	/// A tensor.
	pub fn value(&mut self, dtype: DType, shape: &[usize], elements: Elements) -> Value {
		let count = shape.iter().product::<usize>();
		let mut data = Vec::with_capacity(count * dtype.size());
		for _ in 0..count {
			let special = elements == Elements::Special && self.one_in(6);
			let subnormal = elements == Elements::Subnormal && self.one_in(2);
			match dtype {
				DType::F32 if subnormal => {
					data.extend((self.next() as u32 & 0x807f_ffff).to_le_bytes());
				}
				DType::F64 if subnormal => {
					data.extend((self.next() & 0x800f_ffff_ffff_ffff).to_le_bytes());
				}
				DType::F32 => {
					let x = if special {
						*self.pick(&SPECIAL_F32)
					} else {
						self.unit() * 4.0
					};
					data.extend(x.to_le_bytes());
				}
				DType::F64 => {
					let x = if special {
						*self.pick(&SPECIAL_F64)
					} else {
						(self.next() >> 11) as f64 / (1u64 << 50) as f64 - 4.0
					};
					data.extend(x.to_le_bytes());
				}
				DType::Bool => data.push((self.next() & 1) as u8),
				integer => {
					let x = if special {
						*self.pick(&SPECIAL_INTEGERS)
					} else {
						self.below(16) as i64 - 5
					};
					data.extend(&x.to_le_bytes()[..integer.size()]);
				}
			}
		}
		Value {
			dtype,
			shape: shape.to_vec(),
			data,
		}
	}
}

const SPECIAL_F32: [f32; 18] = [
	f32::NAN,
	f32::INFINITY,
	f32::NEG_INFINITY,
	0.0,
	-0.0,
	1.0,
	-1.0,
	0.5,
	2.5,
	f32::from_bits(1),
	f32::from_bits(0x8000_0001),
	f32::from_bits(0x007f_ffff),
	f32::MIN_POSITIVE,
	f32::MAX,
	f32::MIN,
	16_777_217.0,
	88.8,
	-104.0,
];

const SPECIAL_F64: [f64; 16] = [
	f64::NAN,
	f64::INFINITY,
	f64::NEG_INFINITY,
	0.0,
	-0.0,
	1.0,
	-0.5,
	1.5,
	f64::from_bits(1),
	f64::from_bits(0x800f_ffff_ffff_ffff),
	f64::MIN_POSITIVE,
	f64::MAX,
	f64::MIN,
	9_007_199_254_740_993.0,
	709.9,
	-745.2,
];

/// Their low bytes are the ends of the narrower types too.
const SPECIAL_INTEGERS: [i64; 8] = [
	0,
	-1,
	i64::MIN,
	i64::MAX,
	i64::MAX >> 1,
	0x7fff_7fff_7fff_7f7f,
	i64::from_le_bytes([0x80, 0x80, 0, 0x80, 0, 0, 0, 0x80]),
	100,
];

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_numbers_are_those_of_the_paper() {
		let mut random = Random::new(1_234_567);
		let found: [u64; 3] = std::array::from_fn(|_| random.next());
		// The reference implementation at <https://prng.di.unimi.it/splitmix64.c>.
		assert_eq!(
			found,
			[
				6_457_827_717_110_365_317,
				3_203_168_211_198_807_973,
				9_817_491_932_198_370_423
			]
		);
	}

	#[test]
	fn special_elements_occur_and_plain_ones_are_small() {
		let mut random = Random::new(1);
		let special = random.value(DType::F32, &[1000], Elements::Special);
		let floats = |value: &Value| -> Vec<f32> {
			let bytes = value.data.as_chunks::<4>().0;
			bytes.iter().map(|b| f32::from_le_bytes(*b)).collect()
		};
		let special = floats(&special);
		assert!(special.iter().any(|x| x.is_nan()));
		assert!(special.iter().any(|x| x.is_subnormal()));
		assert!(special.iter().any(|x| x.to_bits() == 0x8000_0000));
		let plain = floats(&random.value(DType::F32, &[1000], Elements::Plain));
		assert!(plain.iter().all(|x| x.abs() <= 4.0));
		let tiny = floats(&random.value(DType::F32, &[1000], Elements::Subnormal));
		assert!(tiny.iter().filter(|x| x.is_subnormal()).count() > 400);
		assert!(tiny.iter().all(|x| x.abs() <= 4.0));
	}
}
