//! What calls and hook steps weigh.
//!
//! Reference times are estimates for a validator of the reference class: a chunk is hashed by
//! BLAKE3 in the runtime, compiled from Wasm (about 4 ns a byte), copied, and hashed once more
//! for the state trie (about 1 ns a byte). The proof sizes count what the runtime reads, not the
//! chunks that the host side reads.
//!
//! Admission is charged for a node that has not prepared for it, by the size of the file (read,
//! parsed, copied and packed: about 3 ns a byte) and by a constant for what the smallest file may
//! ask of the engine within its limits:
//!
//! * 2^26 units of work for constants. Sixty operators were measured on one core at that cap: the
//!   dearest were `LRN` and `Pad` of rows of one element, 100 ms; most took 10 to 40 ms.
//! * 20,000 nodes of about 2 us each: 40 ms.
//!
//! Both together, rounded up, are 150 ms.
//!
//! All of them are above what `scripts/benchmark.sh` measures on a core of a Sapphire Rapids server:
//! 3.4 ns a byte of a chunk, 89 ms for the admission of the dearest constants, 50 to 65 us for the
//! calls that move deposits.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::RocksDbWeight, RuntimeDbWeight, Weight},
};
use noema_primitives::CHUNK_SIZE;

/// The weights that the pallet needs.
pub trait WeightInfo {
	/// `begin_upload`.
	fn begin_upload() -> Weight;
	/// `upload_chunk` of `b` bytes.
	fn upload_chunk(b: u32) -> Weight;
	/// `submit` of a file of `c` chunks.
	fn submit(c: u32) -> Weight;
	/// `cancel_upload`.
	fn cancel_upload() -> Weight;
	/// `release`.
	fn release() -> Weight;
	/// `retire`.
	fn retire() -> Weight;
	/// `remove_model`.
	fn remove_model() -> Weight;
	/// `remove_content`.
	fn remove_content() -> Weight;
	/// `lift_ban`.
	fn lift_ban() -> Weight;
	/// [`CheckUploads`](crate::CheckUploads) around an `upload_chunk`.
	fn check_uploads() -> Weight;
	/// The hooks of a block in which nothing is due.
	fn on_initialize_idle() -> Weight;
	/// `m` models that become resident, or dormant.
	fn mature(m: u32) -> Weight;
	/// `l` models whose stake has changed.
	fn look(l: u32) -> Weight;
	/// `n` models whose notice has ended.
	fn end_notice(n: u32) -> Weight;
	/// As many contenders as there may be, of which one displaces a model, or matures.
	fn contend() -> Weight;
	/// A model that was removed for its content and on which jobs are open, without the job that
	/// ends.
	fn void() -> Weight;
	/// `e` uploads that expire.
	fn expire(e: u32) -> Weight;
	/// A model of `b` bytes that is taken for admission, by a node that has not prepared for it,
	/// with as much folding of constants as the engine allows.
	fn admit(b: u32) -> Weight;
	/// A model that has its report and waits for room to mature in.
	fn admit_waiting() -> Weight;
	/// `c` chunks that are removed, without what hosting is told.
	fn remove_chunks(c: u32) -> Weight;
}

/// Microseconds that admission may take whatever the size of the file; see above.
const ADMISSION_MICROS: u64 = 150_000;

/// Microseconds that it takes to work out what all contenders may hope for: 32 of them against 256
/// working models, two comparisons each of about 80 ns in Wasm.
const CONTEST_MICROS: u64 = 1_500;

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

	/// Picoseconds for each byte.
	fn per_byte(picos: u64, bytes: u32) -> Weight {
		Weight::from_parts(picos.saturating_mul(bytes.into()), 0)
	}
}

impl<D: Get<RuntimeDbWeight>> WeightInfo for Estimates<D> {
	fn begin_upload() -> Weight {
		// Ban, model, total, account, hold; subtrees, expiry.
		Self::of(60, 10_000, 5, 6)
	}

	fn upload_chunk(b: u32) -> Weight {
		// Permit, model, subtrees; chunk, subtrees, expiry and its queue. model, two expiries.
		Self::of(60, 22_000, 3, 6).saturating_add(Self::per_byte(6_000, b))
	}

	fn submit(c: u32) -> Weight {
		// Model, subtrees, queue; model, queue, expiry.
		Self::of(50, 40_000, 3, 3).saturating_add(Self::of(2, 0, 0, 0).saturating_mul(c.into()))
	}

	fn cancel_upload() -> Weight {
		// Model, subtrees, queue, removals, total, account, hold, pins; and report, expiry, removal;
		// and what hosting has of it.
		Self::of(80, 70_000, 11, 10)
	}

	fn release() -> Weight {
		// Model, report, release, account, hold; and the index.
		Self::of(80, 16_000, 5, 5)
	}

	fn retire() -> Weight {
		// Release, model, account, hold; and two places in the index.
		Self::of(70, 10_000, 4, 6)
	}

	fn remove_model() -> Weight {
		// Model, report, maturing, notices, working, their bytes, contenders, subtrees, pins, removals,
		// account, hold; and what hosting has of it.
		Self::of(140, 120_000, 14, 14)
	}

	fn remove_content() -> Weight {
		// Ban, pins, voids; as the removal of a model, or the end of an upload.
		Self::of(40, 6_000, 3, 2).saturating_add(Self::remove_model().max(Self::cancel_upload()))
	}

	fn lift_ban() -> Weight {
		Self::of(15, 3_000, 1, 1)
	}

	fn check_uploads() -> Weight {
		// Bytes of the block and permit live in the overlay; the pool's reads are not the
		// block's.
		Self::of(20, 0, 0, 0)
	}

	fn on_initialize_idle() -> Weight {
		// Maturing, backlog, expiries, queue, pause, stake, notices, contenders, voids, removals; what
		// the first removal waits for; the bytes of the block.
		Self::of(60, 60_000, 14, 1)
	}

	fn mature(m: u32) -> Weight {
		if m == 0 {
			return Weight::zero();
		}
		// Maturing, working, their bytes, notices, contenders; of each model, report and stake.
		Self::of(50, 40_000, 5, 5)
			.saturating_add(Self::of(100, 12_000, 3, 1).saturating_mul(m.into()))
	}

	fn look(l: u32) -> Weight {
		if l == 0 {
			return Weight::zero();
		}
		// Ends of the queue, working, notices, contenders; of each its place in the queue, model,
		// report and stake.
		Self::of(50, 40_000, 4, 4)
			.saturating_add(Self::of(150, 15_000, 5, 3).saturating_mul(l.into()))
	}

	fn end_notice(n: u32) -> Weight {
		if n == 0 {
			return Weight::zero();
		}
		// As for maturities; and for each, the hopes of all contenders.
		Self::of(50, 40_000, 5, 5)
			.saturating_add(Self::of(CONTEST_MICROS, 12_000, 3, 1).saturating_mul(n.into()))
	}

	fn contend() -> Weight {
		// Contenders, working, their bytes, maturing, notices, report, stake, model.
		Self::of(CONTEST_MICROS, 60_000, 8, 6)
	}

	fn void() -> Weight {
		Self::of(20, 3_000, 2, 1)
	}

	fn expire(e: u32) -> Weight {
		if e == 0 {
			return Weight::zero();
		}
		Self::of(10, 0, 0, 1).saturating_add(Self::cancel_upload().saturating_mul(e.into()))
	}

	fn admit(b: u32) -> Weight {
		let chunks = u64::from(b.div_ceil(CHUNK_SIZE));
		Self::admit_waiting()
			.saturating_add(Self::of(ADMISSION_MICROS, 0, 0, 1))
			.saturating_add(D::get().reads(chunks))
			.saturating_add(Self::per_byte(3_000, b))
	}

	fn admit_waiting() -> Weight {
		// Model, working bytes, working models, maturing, account, hold, contenders, stake; report,
		// subtrees and all of these, or what a refusal needs.
		Self::of(320, 90_000, 15, 17)
	}

	fn remove_chunks(c: u32) -> Weight {
		if c == 0 {
			return Weight::zero();
		}
		// Each may be the last of its model: queue, model, total, report, and what hosting has of it;
		// and the chunk.
		Self::of(10, 0, 0, 1).saturating_add(Self::of(40, 15_000, 6, 5).saturating_mul(c.into()))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	type Weights = Estimates<RocksDbWeight>;

	#[test]
	fn a_chunk_weighs_at_least_its_hash() {
		// 2 ms for 512 KiB.
		assert!(Weights::upload_chunk(CHUNK_SIZE).ref_time() >= 2_000_000_000);
	}

	#[test]
	fn an_admission_weighs_its_folding_and_its_bytes() {
		let file = 128 * 1024 * 1024;
		let (empty, full) = (Weights::admit(0), Weights::admit(file));
		assert!(empty.ref_time() >= 150_000_000_000);
		assert!(full.ref_time() - empty.ref_time() >= 3_000 * u64::from(file));
		assert!(Weights::admit_waiting().ref_time() < 10_000_000_000);
	}

	#[test]
	fn nothing_due_weighs_nothing_more() {
		let nothing = [
			Weights::mature(0),
			Weights::expire(0),
			Weights::remove_chunks(0),
			Weights::look(0),
			Weights::end_notice(0),
		];
		assert_eq!(nothing, [Weight::zero(); 5]);
	}
}
