//! What calls weigh, and what other pallets ask.
//!
//! Considered estimates for a validator of the reference class, above what a benchmark measures:
//! 40 to 60 us for each account whose balance moves, 15 us for each record that is decoded, changed
//! and encoded, and the runtime's weights of the database. A model's list of hosts, up to 128 of
//! them, counts as four records.

use core::marker::PhantomData;
use frame_support::{
	traits::Get,
	weights::{constants::ParityDbWeight, RuntimeDbWeight, Weight},
};

/// The weights that the pallet needs.
pub trait WeightInfo {
	/// `bond`.
	fn bond() -> Weight;
	/// `bond_extra`.
	fn bond_extra() -> Weight;
	/// `unbond`.
	fn unbond() -> Weight;
	/// `withdraw_unbonded`.
	fn withdraw_unbonded() -> Weight;
	/// `set_terms`.
	fn set_terms() -> Weight;
	/// `commit`, with another host that makes way.
	fn commit() -> Weight;
	/// `uncommit`.
	fn uncommit() -> Weight;
	/// `chill`.
	fn chill() -> Weight;
	/// `unchill`.
	fn unchill() -> Weight;
	/// `claim` of a host with `c` commitments.
	fn claim(c: u32) -> Weight;
	/// `back`.
	fn back() -> Weight;
	/// `unback` of a host of whose commitments `c` shrink.
	fn unback(c: u32) -> Weight;
	/// `withdraw`.
	fn withdraw() -> Weight;
	/// The hosts' share of an inference's fee.
	fn pay() -> Weight;
	/// A draw's look at the `h` hosts of a model.
	fn candidates(h: u32) -> Weight;
	/// Stake that is locked for a job.
	fn lock() -> Weight;
	/// Stake that is unlocked.
	fn unlock() -> Weight;
	/// Stake that is slashed, with a reward for `b` others.
	fn slash(b: u32) -> Weight;
	/// Pay that is credited to a host.
	fn credit() -> Weight;
	/// A new model, which `s` standing commitments take up.
	fn on_admitted(s: u32) -> Weight;
	/// A model that is gone, to which `h` hosts were committed.
	fn on_removed(h: u32) -> Weight;
}

/// The weights with the database weights of a runtime.
pub type SubstrateWeight<T> = Estimates<<T as frame_system::Config>::DbWeight>;

/// The weights with database weights `D`.
#[derive(Debug)]
pub struct Estimates<D = ParityDbWeight>(PhantomData<D>);

/// Bytes of proof for a record: it, and its place in the trie.
const RECORD: u64 = 3_000;
/// Bytes of proof for a model's list of hosts.
const LIST: u64 = 9_000;

impl<D: Get<RuntimeDbWeight>> Estimates<D> {
	/// Microseconds of compute, bytes of proof, reads and writes.
	fn of(micros: u64, proof: u64, reads: u64, writes: u64) -> Weight {
		let compute = Weight::from_parts(micros.saturating_mul(1_000_000), proof);
		compute.saturating_add(D::get().reads_writes(reads, writes))
	}

	/// A change of one commitment: commitment, model's pool, its list of hosts; and the registry,
	/// which is told: model, report, the pool again, what waits.
	fn change() -> Weight {
		Self::of(150, 4 * RECORD + 2 * LIST, 7, 6)
	}

	/// Balance and hold of one account.
	fn account() -> Weight {
		Self::of(60, 2 * RECORD, 2, 2)
	}
}

impl<D: Get<RuntimeDbWeight>> WeightInfo for Estimates<D> {
	fn bond() -> Weight {
		Self::of(30, RECORD, 1, 1).saturating_add(Self::account())
	}

	fn bond_extra() -> Weight {
		Self::bond()
	}

	fn unbond() -> Weight {
		// Host; and the list of standing commitments.
		Self::of(50, RECORD + LIST, 2, 2)
	}

	fn withdraw_unbonded() -> Weight {
		Self::unbond().saturating_add(Self::account())
	}

	fn set_terms() -> Weight {
		Self::unbond()
	}

	fn commit() -> Weight {
		// Two hosts, two changes.
		Self::of(60, 2 * RECORD, 2, 2).saturating_add(Self::change().saturating_mul(2))
	}

	fn uncommit() -> Weight {
		Self::of(30, RECORD, 1, 1).saturating_add(Self::change())
	}

	fn chill() -> Weight {
		Self::of(30, RECORD, 1, 1)
	}

	fn unchill() -> Weight {
		Self::chill()
	}

	fn claim(c: u32) -> Weight {
		// Host, pot, account; commitment and pool of each model.
		Self::of(30, RECORD, 1, 1)
			.saturating_add(Self::account().saturating_mul(2))
			.saturating_add(Self::of(40, 2 * RECORD, 2, 2).saturating_mul(c.into()))
	}

	fn back() -> Weight {
		// Host, backer; pot, account.
		Self::of(40, 2 * RECORD, 2, 2).saturating_add(Self::account().saturating_mul(2))
	}

	fn unback(c: u32) -> Weight {
		Self::of(60, 2 * RECORD, 2, 2).saturating_add(Self::change().saturating_mul(c.into()))
	}

	fn withdraw() -> Weight {
		Self::back()
	}

	fn pay() -> Weight {
		// Pool; pot, account.
		Self::of(40, RECORD, 1, 1).saturating_add(Self::account().saturating_mul(2))
	}

	fn candidates(h: u32) -> Weight {
		// Host and commitment of each.
		Self::of(20, LIST, 1, 0)
			.saturating_add(Self::of(20, 2 * RECORD, 2, 0).saturating_mul(h.into()))
	}

	fn lock() -> Weight {
		// Host, commitment.
		Self::of(40, 2 * RECORD, 2, 2)
	}

	fn unlock() -> Weight {
		// Host, commitment, the model's report; and a change, if the stake is not wanted any more.
		Self::of(50, 3 * RECORD, 3, 2).saturating_add(Self::change().saturating_mul(2))
	}

	fn slash(b: u32) -> Weight {
		// As an unlock, and one change more; host and pot.
		Self::unlock()
			.saturating_add(Self::change().saturating_mul(2))
			.saturating_add(Self::account().saturating_mul(2))
			.saturating_add(Self::account().saturating_mul(b.into()))
	}

	fn credit() -> Weight {
		Self::of(30, RECORD, 1, 1)
	}

	fn on_admitted(s: u32) -> Weight {
		// The list; host and change of each.
		Self::of(10, LIST, 1, 0).saturating_add(
			Self::of(30, RECORD, 1, 1)
				.saturating_add(Self::change())
				.saturating_mul(s.into()),
		)
	}

	fn on_removed(h: u32) -> Weight {
		// The list and the pool; host, commitment and place of each; the pot, if something is left.
		Self::of(30, LIST + RECORD, 3, 2)
			.saturating_add(Self::account())
			.saturating_add(Self::of(60, 2 * RECORD, 2, 2).saturating_mul(h.into()))
	}
}
