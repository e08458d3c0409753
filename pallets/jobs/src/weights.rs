//! What calls and hook steps weigh.
//!
//! Estimates for a validator of the reference class, with the database weights of the runtime. A byte
//! of tensors that the pallet reads is decoded (1 ns), hashed by BLAKE2b (1) and BLAKE3 in Wasm (4),
//! encoded again and stored (2): 10 ns. A member is a seat, its stake in hosting, its account and its
//! hold: 5 reads and 5 writes. A leaf is decoded and compared, or hashed in the tree: 1.5 us posted,
//! 20 ns compared.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight},
};
use noema_primitives::hosting::MAX_CANDIDATES;

/// The weights that the pallet needs.
pub trait WeightInfo {
	/// `upload_blob` of a chunk of `b` bytes.
	fn upload_blob(b: u32) -> Weight;
	/// `remove_blob`.
	fn remove_blob() -> Weight;
	/// `request` with `b` bytes of inputs, without a callback.
	fn request(b: u32) -> Weight;
	/// `commit`.
	fn commit() -> Weight;
	/// `reveal` of `b` bytes of outputs.
	fn reveal(b: u32) -> Weight;
	/// `challenge` with `b` bytes of outputs.
	fn challenge(b: u32) -> Weight;
	/// `post_leaves` of `l` leaves.
	fn post_leaves(l: u32) -> Weight;
	/// `referee` with `b` bytes, without the step itself, in a dispute of `l` leaves of all claims
	/// together and `m` members.
	fn referee(b: u32, l: u32, m: u32) -> Weight;
	/// `void` of a job with as many members as there may be.
	fn void() -> Weight;
	/// `set_params`.
	fn set_params() -> Weight;
	/// The hooks of a block in which nothing is due.
	fn on_initialize_idle() -> Weight;
	/// A draw among as many candidates as there may be.
	fn draw() -> Weight;
	/// A deadline of a job of `m` members.
	fn advance(m: u32) -> Weight;
	/// A step of the removal of a blob.
	fn expire_blob() -> Weight;
	/// A callback, without what it calls.
	fn callback() -> Weight;
}

/// The weights with the database weights of a runtime.
pub type SubstrateWeight<T> = Estimates<<T as frame_system::Config>::DbWeight>;

/// The weights with database weights `D`.
#[derive(Debug)]
pub struct Estimates<D = RocksDbWeight>(PhantomData<D>);

impl<D: Get<RuntimeDbWeight>> Estimates<D> {
	/// Microseconds of compute, bytes of proof, reads and writes.
	fn of(micros: u64, proof: u64, reads: u64, writes: u64) -> Weight {
		let compute = Weight::from_parts(micros.saturating_mul(1_000_000), proof);
		compute.saturating_add(D::get().reads_writes(reads, writes))
	}

	/// Nanoseconds for each of `count`.
	fn per(nanos: u64, count: u32) -> Weight {
		Weight::from_parts(nanos.saturating_mul(1_000), 0).saturating_mul(count.into())
	}

	/// What a member takes that is slashed, or paid.
	fn members(m: u32) -> Weight {
		Self::of(60, 4_000, 5, 5).saturating_mul(m.into())
	}
}

impl<D: Get<RuntimeDbWeight>> WeightInfo for Estimates<D> {
	fn upload_blob(b: u32) -> Weight {
		// Blob, account, hold, clock; blob, chunk, two places in the agenda, account, hold.
		Self::of(60, 10_000, 4, 6).saturating_add(Self::per(2, b))
	}

	fn remove_blob() -> Weight {
		Self::of(40, 6_000, 2, 3)
	}

	fn request(b: u32) -> Weight {
		// A candidate is its record, its commitment, its bond and its backing.
		let candidates = Self::of(5, 1_000, 4, 0).saturating_mul(MAX_CANDIDATES.into());
		// Parameters, counts, release, model, report, account, holds, blob; and what is stored.
		Self::of(200, 40_000, 14, 14)
			.saturating_add(candidates)
			.saturating_add(Self::per(10, b))
	}

	fn commit() -> Weight {
		// Job, members, clock, parameters; members, job, two places in the agenda.
		Self::of(60, 12_000, 4, 4)
	}

	fn reveal(b: u32) -> Weight {
		// And schemas, claims, answer, blob.
		Self::of(120, 30_000, 8, 7).saturating_add(Self::per(10, b))
	}

	fn challenge(b: u32) -> Weight {
		Self::of(150, 30_000, 9, 9).saturating_add(Self::per(10, b))
	}

	fn post_leaves(l: u32) -> Weight {
		// Job, claims, another claim's leaves, parameters; leaves, claims, job, agenda.
		Self::of(80, 20_000, 5, 5).saturating_add(Self::per(1_500, l))
	}

	fn referee(b: u32, l: u32, m: u32) -> Weight {
		// Leaves are read for the agreed ones, the verdict and the next split.
		Self::of(250, 60_000, 16, 14)
			.saturating_add(Self::per(10, b))
			.saturating_add(Self::per(60, l))
			.saturating_add(Self::members(m.saturating_add(1)))
	}

	fn void() -> Weight {
		Self::advance(crate::MAX_SEATS)
	}

	fn set_params() -> Weight {
		Self::of(20, 500, 0, 1)
	}

	fn on_initialize_idle() -> Weight {
		// Last author, author, randomness, pause, three backlogs and three looks at the agenda; what
		// the last block leaves, and the author.
		Self::of(60, 20_000, 11, 3)
	}

	fn draw() -> Weight {
		// Up to 64 outputs; 128 hashes and as many passes over the candidates; a committee's locks.
		Self::of(1_200, 60_000, 72, 6)
			.saturating_add(Self::members(noema_primitives::jobs::MAX_COMMITTEE))
	}

	fn advance(m: u32) -> Weight {
		// Job, members, claims, parameters, pot, requester and its holds, owner, the model's pin and
		// its removal; with seats to fill up, and as many answers and traces to remove as members.
		Self::of(270, 90_000, 24, 25)
			.saturating_add(Self::members(m.saturating_add(m)))
			.saturating_add(Self::of(10, 500, 2, 3).saturating_mul(m.into()))
	}

	fn expire_blob() -> Weight {
		Self::of(60, 8_000, 5, 9)
	}

	fn callback() -> Weight {
		Self::of(30, 6_000, 2, 2)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	type Weights = Estimates<RocksDbWeight>;

	#[test]
	fn bytes_leaves_and_members_weigh() {
		let mib = 1024 * 1024;
		assert!(
			Weights::request(mib).ref_time() - Weights::request(0).ref_time() >= 10_000_000_000
		);
		assert!(Weights::reveal(mib).ref_time() - Weights::reveal(0).ref_time() >= 10_000_000_000);
		assert!(Weights::post_leaves(8_192).ref_time() >= 12_000_000_000);
		assert!(Weights::advance(32).ref_time() > Weights::advance(0).ref_time());
		let referee = |leaves| Weights::referee(0, leaves, 4).ref_time();
		assert!(referee(8_192) > referee(16));
	}
}
