//! What the engine's work takes, in picoseconds, as `noema-node benchmark engine` has fitted it.

/// For a multiply-accumulate.
pub(super) const PER_MAC: u64 = 150;
/// For a byte that a step reads or writes.
pub(super) const PER_BYTE: u64 = 500;
/// For a plan step: its dispatch and its buffers.
pub(super) const PER_STEP: u64 = 3_000_000;
/// For a transcendental function.
pub(super) const PER_TRANSCENDENTAL: u64 = 30_000;
