//! The weights of the pallet's own work.
//!
//! Considered estimates, above what `scripts/benchmark.sh` measures: 108 us, 2.1 ns a byte of input,
//! 6 reads and 5 writes on a core of a Sapphire Rapids server. They are on the safe side:
//!
//! * a base of 150 us: look-up and decoding of a report of up to 32 schemas, the checks, one call
//!   of the precompile, hashing, the receipt and the event;
//! * 5 ns a byte of input: decoding (1), encoding for hash and precompile (2), BLAKE2b-256 (1),
//!   the copy over the Wasm boundary and into the engine (1);
//! * 12 ns a byte of output: the same, and the receipt's way into the trie;
//! * six reads and five writes, as measured: release, model, report, the count of receipts, the new
//!   receipt and the one that is dropped among them.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::ParityDbWeight, RuntimeDbWeight, Weight},
};

/// The weights of the pallet's own work: all that an inference does outside of the engine.
pub trait WeightInfo {
	/// An inference with `i` bytes of input data and `o` bytes of output data, without a royalty.
	fn infer(i: u32, o: u32) -> Weight;

	/// The transfer of a royalty.
	fn royalty() -> Weight;

	/// The transfer of the hosts' share, and its entry into the books of the model's hosts.
	fn hosts_share() -> Weight;
}

fn infer(i: u32, o: u32, db: RuntimeDbWeight) -> Weight {
	// Proof size: release, model and report in the worst case, and the outputs, which replace a
	// receipt of at most the same size.
	Weight::from_parts(150_000_000, 24_000)
		.saturating_add(Weight::from_parts(5_000, 0).saturating_mul(i.into()))
		.saturating_add(Weight::from_parts(12_000, 1).saturating_mul(o.into()))
		.saturating_add(db.reads_writes(6, 5))
}

fn royalty(db: RuntimeDbWeight) -> Weight {
	// Two accounts of at most 2603 bytes with their proofs.
	Weight::from_parts(50_000_000, 6_200).saturating_add(db.reads_writes(2, 2))
}

fn hosts_share(db: RuntimeDbWeight) -> Weight {
	// Payer and pot, as for a royalty, and the record of the model's fees.
	Weight::from_parts(70_000_000, 8_900).saturating_add(db.reads_writes(3, 3))
}

/// The weights with the runtime's database weights.
#[derive(Debug)]
pub struct SubstrateWeight<T>(PhantomData<T>);

impl<T: frame_system::Config> WeightInfo for SubstrateWeight<T> {
	fn infer(i: u32, o: u32) -> Weight {
		infer(i, o, T::DbWeight::get())
	}

	fn royalty() -> Weight {
		royalty(T::DbWeight::get())
	}

	fn hosts_share() -> Weight {
		hosts_share(T::DbWeight::get())
	}
}

/// The weights with ParityDB's database weights, for mocks.
impl WeightInfo for () {
	fn infer(i: u32, o: u32) -> Weight {
		infer(i, o, ParityDbWeight::get())
	}

	fn royalty() -> Weight {
		royalty(ParityDbWeight::get())
	}

	fn hosts_share() -> Weight {
		hosts_share(ParityDbWeight::get())
	}
}
