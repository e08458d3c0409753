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
/// Common to `admit` and `infer`: `model` is the model's BLAKE3 hash, `size` the bytes of its file;
/// chunk `i` is the value at the key `chunk_prefix` followed by `i` as a little-endian `u32`,
/// SCALE-encoded as `Vec<u8>`. The result of each function is the number of bytes written to the
/// out-buffer, or a negative [`Status`](crate::Status).
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

	/// Runs one step of a plan: `step` is the SCALE encoding of its `StepSpec`, `tensors` that of
	/// `Vec<(TensorDigest, TensorSource)>`, one for each operand that has elements, in their order.
	/// Checks each against its digest and its operand, and writes the SCALE encoding of the `Leaf`.
	///
	/// The description of a run's outputs is answered by the digests; no data are read. A tensor
	/// that is wrong is told by its place: -1000 for the first, -1001 for the second, and so on.
	fn run_step(
		&mut self,
		profile: u32,
		step: PassFatPointerAndRead<&[u8]>,
		tensors: PassFatPointerAndRead<&[u8]>,
		leaf: PassFatPointerAndWrite<&mut [u8]>,
	) -> i64 {
		crate::host::referee::run_step(*self, profile, step, tensors, leaf)
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
