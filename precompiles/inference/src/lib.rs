//! The native inference precompile.
//!
//! Consensus code (Wasm) asks, the node (native) computes. This crate is both ends of that wire:
//!
//! ```text
//!   pallets --- NativeEngine ---+             +--- host (std): plan cache, fault guard
//!               (runtime face)  |  interface  |            |
//!                               +----(ABI)----+            v
//!               Wasm            |   status    |       noema-engine
//! ```
//!
//! * [`interface`] is the ABI: versioned host functions with out-buffers and an integer result,
//! * [`status`] documents that integer,
//! * [`NativeEngine`] is what a runtime puts into the `Config` of its pallets,
//! * `host` is what a node puts behind the ABI, and what it may know and tune.
//!
//! Bytes of a model never cross the wire: a call names where in the state they lie, and the host
//! reads them through `Externalities`, only when it holds no plan.
//!
//! What the host remembers (plans and reports, keyed by model and profile) changes how long a
//! call takes and nothing else.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

// With these a file would be a model here that is none on the chain.
#[cfg(noema_lifted_caps)]
compile_error!("noema_lifted_caps is for measurements of the engine alone");

mod face;
#[cfg(feature = "std")]
pub mod host;
pub mod interface;
pub mod status;
#[cfg(test)]
mod tests;

pub use face::NativeEngine;
pub use status::Status;

/// What a node registers with its executor.
#[cfg(all(feature = "std", not(feature = "runtime-benchmarks")))]
pub type HostFunctions = interface::noema_inference::HostFunctions;
/// What a node that measures a runtime registers with its executor.
#[cfg(all(feature = "std", feature = "runtime-benchmarks"))]
pub type HostFunctions = (
	interface::noema_inference::HostFunctions,
	interface::noema_inference_benchmarking::HostFunctions,
);
