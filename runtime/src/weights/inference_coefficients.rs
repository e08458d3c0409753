//! What the engine's work takes, in picoseconds, as `noema-node benchmark engine` has fitted it.
//!
//! DATE: 2026-11-21 (Y/M/D), CPU: `Intel(R) Xeon(R) Processor`, KERNELS: avx2
//! MODELS: 1041, ROUNDS: 5, EVICTED: 32 MiB, MARGIN: 1.03
//!
//! The machine was a virtual one of two cores, shared and busy: these are rounded by hand from its
//! fit, so that every model is charged more than its median time and the built-in networks take a
//! third to two thirds of their charge. To be measured again on a reference machine:
//!
//! ```text
//!   noema-node benchmark engine --isa avx2 --margin 1.2
//! ```
//!
//! The command writes this file whole: what is changed by hand is lost.

/// For a multiply-accumulate.
pub(super) const PER_MAC: u64 = 60;
/// For a byte that a step reads or writes.
pub(super) const PER_BYTE: u64 = 170;
/// For a plan step: its dispatch and its buffers.
pub(super) const PER_STEP: u64 = 2_000_000;
/// For a transcendental function.
pub(super) const PER_TRANSCENDENTAL: u64 = 6_000;
