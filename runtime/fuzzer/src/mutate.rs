//! Mutations of SCALE-encoded bytes.

use codec::{Compact, Encode};

use crate::random::Random;

/// Changes `bytes` in one to four places. `donors` are encodings to splice in parts of.
pub(crate) fn mutate(random: &mut Random, bytes: &mut Vec<u8>, donors: &[Vec<u8>]) {
	for _ in 0..1 + random.below(4) {
		mutate_once(random, bytes, donors);
	}
}

fn mutate_once(random: &mut Random, bytes: &mut Vec<u8>, donors: &[Vec<u8>]) {
	if bytes.is_empty() {
		let len = random.below(64);
		*bytes = random.bytes(len);
		return;
	}
	let at = random.below(bytes.len());
	match random.below(10) {
		0 => bytes[at] = random.next() as u8,
		1 => bytes[at] ^= 1 << random.below(8),
		2 => {
			bytes.remove(at);
		}
		3 => bytes.insert(at, random.next() as u8),
		4 => bytes.truncate(at),
		// A compact integer: the length of a vector, a royalty, a tip.
		5 | 6 => {
			let old = compact_len(bytes[at]).min(bytes.len() - at);
			let new = match random.below(3) {
				0 => Compact(random.odd_u32()).encode(),
				1 => Compact(random.odd_u128()).encode(),
				// One more or one less than there was.
				_ => vec![bytes[at].wrapping_add(*random.pick(&[4, 252]))],
			};
			bytes.splice(at..at + old, new);
		}
		7 => {
			let word = random.odd_u32().to_le_bytes();
			let end = bytes.len().min(at + word.len());
			bytes[at..end].copy_from_slice(&word[..end - at]);
		}
		8 => {
			let end = (at + 1 + random.below(64)).min(bytes.len());
			let copy = bytes[at..end].to_vec();
			let to = random.below(bytes.len());
			bytes.splice(to..to, copy);
		}
		_ => {
			let Some(donor) = donors.get(random.below(donors.len())) else {
				return;
			};
			let from = random.below(donor.len());
			let part = &donor[from..(from + 1 + random.below(128)).min(donor.len())];
			let end = (at + part.len()).min(bytes.len());
			bytes.splice(at..end, part.iter().copied());
		}
	}
}

/// Bytes of the compact integer that begins with `first`.
fn compact_len(first: u8) -> usize {
	match first & 3 {
		0 => 1,
		1 => 2,
		2 => 4,
		_ => 5 + usize::from(first >> 2),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn compact_lengths_are_those_of_the_codec() {
		for n in [
			0u64,
			63,
			64,
			16_383,
			16_384,
			(1 << 30) - 1,
			1 << 30,
			u64::MAX,
		] {
			let encoded = Compact(n).encode();
			assert_eq!(compact_len(encoded[0]), encoded.len(), "{n}");
		}
	}

	#[test]
	fn every_length_can_be_mutated() {
		let mut random = Random::new(1);
		for len in 0..40 {
			for _ in 0..200 {
				let mut bytes = random.bytes(len);
				mutate(&mut random, &mut bytes, &[vec![1, 2, 3]]);
			}
		}
	}
}
