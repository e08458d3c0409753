//! The randomness of draws: the VRF outputs of the authors of blocks after the request.
//!
//! Nobody knows them when the job is asked, and no author can choose its own: it can only withhold a
//! block. The candidates of a job are those at the request, so stake that moves while the outputs
//! come in moves no draw.

use alloc::vec::Vec;
use codec::Encode;
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use noema_primitives::JobId;
use sp_core::H256;
use sp_runtime::{
	traits::{BlakeTwo256, Hash, One, Saturating, UniqueSaturatedInto},
	Perbill,
};

use crate::{types::Beacon, Beacons, Config, LastAuthor, Pallet};

/// The first block that counts comes as many blocks after the request.
pub(crate) const DRAW_DELAY: u32 = 2;
/// The fewest blocks that a draw takes in.
pub(crate) const DRAW_BLOCKS: u32 = 16;
/// The most blocks that a draw is extended to.
pub(crate) const MAX_DRAW_BLOCKS: u32 = 64;
/// The fewest validators that must have authored them, unless there are fewer.
pub(crate) const MIN_AUTHORS: u32 = 4;
/// How many blocks back outputs are kept.
pub(crate) const KEPT: u32 = 128;

/// What can be said of the seed of a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seed {
	/// It is this.
	Known(H256),
	/// Later blocks must be awaited.
	Open,
	/// Outputs of its blocks are not kept any longer.
	Lost,
	/// Too few validators have authored all the blocks that count at most.
	Never,
}

impl<T: Config> Pallet<T> {
	/// Keeps what the parent block leaves for draws, and the author of this one.
	pub(crate) fn note_beacon(now: BlockNumberFor<T>) {
		let parent = now.saturating_sub(One::one());
		let author = LastAuthor::<T>::get()
			.filter(|(block, _)| *block == parent)
			.map(|(_, author)| author);
		let beacon = author
			.zip(T::ParentRandomness::get())
			.map(|(author, output)| Beacon {
				block: parent,
				author,
				output,
			});
		match beacon {
			Some(beacon) => Beacons::<T>::insert(Self::place(parent), beacon),
			// That of an earlier block must not stay in its place.
			None => Beacons::<T>::remove(Self::place(parent)),
		}
		match T::Author::get() {
			Some(author) => LastAuthor::<T>::put((now, author)),
			None => LastAuthor::<T>::kill(),
		}
	}

	/// The output of the author of `block`, if it is kept.
	pub(crate) fn beacon(
		block: BlockNumberFor<T>,
	) -> Option<Beacon<T::AccountId, BlockNumberFor<T>>> {
		Beacons::<T>::get(Self::place(block)).filter(|beacon| beacon.block == block)
	}

	fn place(block: BlockNumberFor<T>) -> u32 {
		let block: u64 = block.unique_saturated_into();
		(block % u64::from(KEPT)) as u32
	}

	/// The seed of the draw of job `id`, whose first block is `from`: the hash of the outputs of the
	/// first [`DRAW_BLOCKS`] blocks, or of as many more as it takes for enough authors. It is the same
	/// whenever it is asked for.
	pub(crate) fn seed(id: JobId, from: BlockNumberFor<T>) -> Seed {
		let now = frame_system::Pallet::<T>::block_number();
		let wanted = T::Validators::get().clamp(1, MIN_AUTHORS) as usize;
		let mut authors: Vec<T::AccountId> = Vec::new();
		let mut outputs: Vec<[u8; 32]> = Vec::new();
		let mut block = from;
		for taken in 1..=MAX_DRAW_BLOCKS {
			// What this block's author brings is known in the next one.
			if block >= now {
				return Seed::Open;
			}
			if block.saturating_add(KEPT.into()) < now {
				return Seed::Lost;
			}
			if let Some(beacon) = Self::beacon(block) {
				if !authors.contains(&beacon.author) {
					authors.push(beacon.author);
				}
				outputs.push(beacon.output);
			}
			if taken >= DRAW_BLOCKS && authors.len() >= wanted {
				let seed = (b"noema/draw", id, outputs).encode();
				return Seed::Known(BlakeTwo256::hash(&seed));
			}
			block.saturating_inc();
		}
		Seed::Never
	}

	/// Whether chance, with odds of `rate`, has it that this job is audited. The randomness is that of
	/// the last block, which nobody knew when the answer was revealed.
	pub(crate) fn is_audited(id: JobId, rate: Perbill) -> bool {
		let parent = frame_system::Pallet::<T>::block_number().saturating_sub(One::one());
		let Some(beacon) = Self::beacon(parent) else {
			return false;
		};
		let hash = BlakeTwo256::hash(&(b"noema/audit", id, beacon.output).encode());
		let drawn = hash
			.as_fixed_bytes()
			.first_chunk()
			.map_or(0, |bytes| u64::from_le_bytes(*bytes));
		// Of 10^9 equally likely parts, those of the rate.
		drawn % u64::from(Perbill::one().deconstruct()) < u64::from(rate.deconstruct())
	}
}
