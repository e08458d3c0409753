//! The ABI: host functions that a runtime imports.
//!
//! A function never changes once a chain has run it: what must change gets a new version, and the
//! old one stays, for a full sync runs it again.

// The expansion reads and writes guest memory on the Wasm side; nothing here does so by hand.
#![allow(unsafe_code, missing_docs)]

use sp_runtime_interface::{
	pass_by::{PassFatPointerAndRead, PassFatPointerAndWrite, PassPointerAndRead},
	runtime_interface,
};

/// Deterministic inference on models whose bytes lie in the state.
///
/// Common to both functions: `model` is the model's BLAKE3 hash, `size` the bytes of its file;
/// chunk `i` is the value at the key `chunk_prefix` followed by `i` as a little-endian `u32`,
/// SCALE-encoded as `Vec<u8>`. The result is the number of bytes written to the out-buffer, or a
/// negative [`Status`](crate::Status).
#[runtime_interface]
pub trait NoemaInference {
	/// Writes the SCALE encoding of `Result<ModelReport, Refusal>`: what the file is.
	fn admit(
		&mut self,
		profile: u32,
		model: PassPointerAndRead<&[u8; 32], 32>,
		size: u32,
		chunk_prefix: PassFatPointerAndRead<&[u8]>,
		report: PassFatPointerAndWrite<&mut [u8]>,
	) -> i64 {
		crate::host::entry::admit(*self, profile, model, size, chunk_prefix, report)
	}

	/// Reads `inputs`, the SCALE encoding of `Vec<NamedTensor>` in the schema's order, runs the
	/// model, and writes its outputs in the same form.
	fn infer(
		&mut self,
		profile: u32,
		model: PassPointerAndRead<&[u8; 32], 32>,
		size: u32,
		chunk_prefix: PassFatPointerAndRead<&[u8]>,
		inputs: PassFatPointerAndRead<&[u8]>,
		outputs: PassFatPointerAndWrite<&mut [u8]>,
	) -> i64 {
		crate::host::entry::infer(*self, profile, model, size, chunk_prefix, inputs, outputs)
	}
}

/// What benchmarks need of the host.
#[cfg(feature = "runtime-benchmarks")]
#[runtime_interface]
pub trait NoemaInferenceBenchmarking {
	/// Drops all plans and verdicts that the host holds.
	fn clear() {
		crate::host::plan_cache().clear();
	}
}
