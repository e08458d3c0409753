//! How fast the engine is, against what the runtime charges.

use std::time::Duration;

use noema_engine_benchmark::{
	machine,
	measure::{measure_best, Candidate},
	zoo,
};

use crate::benchmark::engine::in_use;

/// How often each network runs, if there is time. Its time is the least.
const ROUNDS: u32 = 5;
/// No round begins after this. One takes a third of a second on the reference machine.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a run of a network took.
#[derive(Clone, Debug, PartialEq)]
pub struct Speed {
	/// The network.
	pub model: String,
	/// Picoseconds that a run takes.
	pub picoseconds: f64,
	/// Picoseconds that a run is charged by the runtime that the node carries.
	pub charge: u64,
}

impl Speed {
	/// The time as a share of the charge.
	pub fn time_over_charge(&self) -> f64 {
		self.picoseconds / self.charge.max(1) as f64
	}
}

/// Runs the built-in networks, on one thread and with cold caches, as a block does.
pub(super) fn measure() -> Result<Vec<Speed>, String> {
	let networks = zoo::networks().into_iter().map(Candidate::new);
	let samples = networks
		.collect::<Result<Vec<_>, _>>()
		.and_then(|networks| measure_best(networks, ROUNDS, machine::bytes_to_evict(), PATIENCE))
		.map_err(|error| error.to_string())?;
	let coefficients = in_use();
	let speed = |sample: noema_engine_benchmark::fit::Sample| Speed {
		charge: coefficients.charge(&sample.cost),
		picoseconds: sample.picoseconds,
		model: sample.name,
	};
	Ok(samples.into_iter().map(speed).collect())
}
