//! What the table and its runners share: the words that they exchange.
//!
//! A runner is a process that holds one model in one engine. It is started with the model's file and
//! its inputs, answers with one line of JSON, a [`Ready`], and then answers commands on its standard
//! input, one a line:
//!
//! * `run N` runs the model `N` times and answers with the nanoseconds that they took together,
//! * `outputs FILE` writes the outputs of the last run, each element as a little-endian binary64,
//!   and answers with their count,
//! * the end of the input ends the runner.
//!
//! So the runs of several engines interleave, and each measures its own time.

use serde::{Deserialize, Serialize};

/// What a runner says of its model before the first run.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Ready {
	/// Name and version of the engine.
	pub engine: String,
	/// Why the engine does not run the model. All else is then meaningless.
	pub refused: Option<String>,
	/// Nanoseconds to read the file and, where the engine does so, to hash it.
	pub read_ns: u64,
	/// Nanoseconds from the bytes to the executable form.
	pub build_ns: u64,
	/// Most bytes that the build held beyond the file's own, if they are counted.
	pub build_peak_bytes: Option<u64>,
	/// Most bytes that one run held beyond what was held before, if they are counted.
	pub run_peak_bytes: Option<u64>,
	/// Bytes held after the build beyond what was held before, if they are counted.
	pub held_bytes: Option<u64>,
	/// Bytes of constants, as the admission report has them, if there is one.
	pub report_plan_bytes: Option<u64>,
	/// Bytes of activations, as the admission report has them, if there is one.
	pub report_peak_bytes: Option<u64>,
	/// Multiply-accumulates, as the admission report has them, if there is one.
	pub report_macs: Option<u64>,
}
