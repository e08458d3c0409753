//! How long models take.
//!
//! A block's inference finds its plan in memory, and the caches full of something else: so before
//! each run a buffer as large as the caches is written. Rounds go over all models, so that what
//! else the machine does for a while is spread over many of them, and a model's time is the median
//! of its rounds.

use std::{
	hint::black_box,
	time::{Duration, Instant},
};

use noema_engine::{Engine, ModelError, Plan, Profile1, RunError, Value};

use crate::{fit::Sample, zoo::Model};

/// A line of a cache, on every processor that the node runs on, is no shorter.
const LINE_BYTES: usize = 64;

/// Why a model has no time.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
	/// The engine does not take it.
	#[error("'{name}': {source}")]
	Refused {
		/// The model.
		name: String,
		/// Why.
		source: ModelError,
	},
	/// It fails on the inputs that it is given.
	#[error("'{name}' fails: {source}")]
	Failed {
		/// The model.
		name: String,
		/// How.
		source: RunError,
	},
}

/// A model that is ready to run.
#[derive(Debug)]
pub struct Candidate {
	name: String,
	plan: Plan,
	inputs: Vec<Value>,
	times: Vec<f64>,
}

impl Candidate {
	/// Builds its plan, and runs it once.
	pub fn new(model: Model) -> Result<Self, MeasureError> {
		let Model { name, file, inputs } = model;
		let plan = match Profile1.build(&file) {
			Ok(plan) => plan,
			Err(source) => return Err(MeasureError::Refused { name, source }),
		};
		let inputs = inputs.unwrap_or_else(|| crate::zoo::inputs_of(&name, plan.report()));
		match Profile1.run(&plan, &inputs) {
			Ok(_) => Ok(Self {
				name,
				plan,
				inputs,
				times: vec![],
			}),
			Err(source) => Err(MeasureError::Failed { name, source }),
		}
	}

	/// How the model is called.
	pub fn name(&self) -> &str {
		&self.name
	}

	fn run(&mut self) -> Result<(), MeasureError> {
		let start = Instant::now();
		let outputs = Profile1.run(&self.plan, &self.inputs);
		let time = start.elapsed();
		self.times.push(time.as_nanos() as f64 * 1e3);
		match outputs {
			Ok(outputs) => {
				black_box(outputs);
				Ok(())
			}
			Err(source) => Err(MeasureError::Failed {
				name: self.name.clone(),
				source,
			}),
		}
	}

	fn sample(self, of_rounds: fn(&mut [f64]) -> f64) -> Sample {
		let Self {
			name,
			plan,
			mut times,
			..
		} = self;
		Sample {
			picoseconds: of_rounds(&mut times),
			cost: plan.report().cost,
			name,
		}
	}
}

/// Runs each model once a round, on this thread, with caches that hold `evicted` bytes of other
/// things. `progress` hears of each round before it begins.
pub fn measure(
	mut models: Vec<Candidate>,
	rounds: u32,
	evicted: usize,
	mut progress: impl FnMut(u32),
) -> Result<Vec<Sample>, MeasureError> {
	let mut caches = vec![0u8; evicted];
	for round in 0..rounds {
		progress(round);
		for model in &mut models {
			evict(&mut caches);
			model.run()?;
		}
	}
	let samples = models.into_iter().map(|model| model.sample(median));
	Ok(samples.collect())
}

/// The least time of each model: what the machine is able to, whatever else it does meanwhile.
///
/// Rounds are as those of [`measure`]. At least one is run, no more than `rounds`, and none begins
/// once `patience` is over.
pub fn measure_best(
	mut models: Vec<Candidate>,
	rounds: u32,
	evicted: usize,
	patience: Duration,
) -> Result<Vec<Sample>, MeasureError> {
	let mut caches = vec![0u8; evicted];
	let start = Instant::now();
	for round in 0..rounds.max(1) {
		if round > 0 && start.elapsed() >= patience {
			break;
		}
		for model in &mut models {
			evict(&mut caches);
			model.run()?;
		}
	}
	let samples = models.into_iter().map(|model| model.sample(least));
	Ok(samples.collect())
}

/// Writes a byte of each line.
fn evict(caches: &mut [u8]) {
	for byte in caches.iter_mut().step_by(LINE_BYTES) {
		*byte = byte.wrapping_add(1);
	}
	black_box(caches);
}

/// The smallest one. Infinite of none.
fn least(times: &mut [f64]) -> f64 {
	times.iter().copied().fold(f64::INFINITY, f64::min)
}

/// The middle one, or the mean of the two in the middle. Zero of none.
fn median(times: &mut [f64]) -> f64 {
	times.sort_unstable_by(f64::total_cmp);
	let upper = times.len() / 2;
	match times {
		[] => 0.0,
		_ if times.len().is_multiple_of(2) => (times[upper - 1] + times[upper]) / 2.0,
		_ => times[upper],
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use noema_engine::conformance::draft::Draft;

	fn model() -> Model {
		let mut draft = Draft::named("model");
		let x = draft.input(&[4]);
		let y = draft.op("Neg", &[&x]);
		Model::drawn("model", &draft, &y)
	}

	#[test]
	fn the_median_is_in_the_middle() {
		assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
		assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), 2.5);
		assert_eq!(median(&mut [7.0]), 7.0);
	}

	#[test]
	fn the_best_time_is_the_least() {
		assert_eq!(least(&mut [3.0, 1.0, 2.0]), 1.0);
		assert_eq!(least(&mut []), f64::INFINITY);
	}

	#[test]
	fn one_round_is_run_without_patience() {
		let candidate = Candidate::new(model()).expect("it runs");
		let samples = measure_best(vec![candidate], 9, 64, Duration::ZERO).expect("it runs");
		assert!(samples[0].picoseconds.is_finite());
	}

	#[test]
	fn eviction_writes_every_line() {
		let mut caches = vec![0; 1000];
		evict(&mut caches);
		for line in caches.chunks(LINE_BYTES) {
			assert!(line.contains(&1));
		}
	}

	#[test]
	fn a_model_is_measured_with_its_report() {
		let candidate = Candidate::new(model()).expect("it runs");
		let mut rounds = 0;
		let samples = measure(vec![candidate], 3, 4096, |_| rounds += 1).expect("it runs");
		assert_eq!(rounds, 3);
		assert_eq!(samples.len(), 1);
		assert_eq!(samples[0].name, "model");
		assert_eq!(samples[0].cost.steps, 1);
		assert!(samples[0].picoseconds > 0.0);
	}

	#[test]
	fn a_file_that_is_no_model_is_refused_by_name() {
		let broken = Model {
			file: vec![1, 2, 3],
			..model()
		};
		let refused = Candidate::new(broken).expect_err("it is no model");
		assert!(refused.to_string().contains("model"), "{refused}");
		let starved = Model {
			inputs: Some(vec![]),
			..model()
		};
		assert!(matches!(
			Candidate::new(starved),
			Err(MeasureError::Failed { .. })
		));
	}
}
