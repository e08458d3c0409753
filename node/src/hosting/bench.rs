//! Runs models for jobs, traced, outside of the worker's own task.

use std::time::Instant;

use futures::channel::mpsc;
use noema_precompile_inference::host::{materials, trace, Materials, TraceError};
use noema_primitives::{
	trace::{leaf_hash, prove, root, Failure, Proof},
	JobId, NamedTensor,
};
use noema_runtime::Hash;
use sc_service::SpawnTaskHandle;
use sp_core::H256;

use super::{
	chain::{Chain, ReadError},
	duty::Job,
	metrics::HostingMetrics,
	LOG_TARGET,
};

/// The trace of a job's run, as far as the chain wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
	/// The hashes of the leaves, in order.
	hashes: Vec<H256>,
	/// The root over them, which every final block asks for.
	root: H256,
	/// The answer.
	outputs: Result<Vec<NamedTensor>, Failure>,
}

impl Trace {
	/// The trace with leaves of these hashes, and this answer.
	pub fn new(hashes: Vec<H256>, outputs: Result<Vec<NamedTensor>, Failure>) -> Self {
		Self {
			root: root(&hashes),
			hashes,
			outputs,
		}
	}

	/// The hashes of the leaves, in order.
	pub fn hashes(&self) -> &[H256] {
		&self.hashes
	}

	/// The root over the leaves.
	pub const fn root(&self) -> H256 {
		self.root
	}

	/// The answer.
	pub const fn outputs(&self) -> &Result<Vec<NamedTensor>, Failure> {
		&self.outputs
	}

	/// The proof of the answer, which is the last leaf.
	pub fn proof(&self) -> Proof {
		let last = (self.hashes.len() as u32).saturating_sub(1);
		prove(&self.hashes, last).unwrap_or_default()
	}
}

/// What a run was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
	/// The trace.
	Trace,
	/// What the referee must be given to find this leaf again.
	Materials {
		/// The leaf.
		step: u32,
	},
}

/// What a run has found.
#[derive(Clone, Debug)]
pub enum Found {
	/// The trace.
	Trace(Trace),
	/// What the referee must be given.
	Materials(Box<Materials>),
}

/// Why a run has found nothing.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
	/// The chain does not have what it takes.
	#[error(transparent)]
	Read(#[from] ReadError),
	/// The model's bytes are not on the chain.
	#[error("the job's model is gone")]
	NoModel,
	/// The engine.
	#[error(transparent)]
	Engine(#[from] TraceError),
}

/// A run that is over.
#[derive(Debug)]
pub struct Done {
	/// The job.
	pub job: JobId,
	/// What it was for.
	pub task: Task,
	/// What came of it.
	pub result: Result<Found, RunError>,
}

/// Starts runs, a bounded number at a time.
pub struct Bench {
	chain: Chain,
	spawner: SpawnTaskHandle,
	results: mpsc::UnboundedSender<Done>,
	places: usize,
	running: usize,
	metrics: HostingMetrics,
}

impl std::fmt::Debug for Bench {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.debug_struct("Bench")
			.field("places", &self.places)
			.field("running", &self.running)
			.finish_non_exhaustive()
	}
}

impl Bench {
	/// Has `places` runs at a time. What they find comes out of the receiver; each must be
	/// [acknowledged](Self::acknowledge).
	pub fn new(
		chain: Chain,
		spawner: SpawnTaskHandle,
		places: usize,
		metrics: HostingMetrics,
	) -> (Self, mpsc::UnboundedReceiver<Done>) {
		// As many results as there are places.
		let (results, receiver) = mpsc::unbounded();
		let bench = Self {
			chain,
			spawner,
			results,
			places,
			running: 0,
			metrics,
		};
		(bench, receiver)
	}

	/// Begins a run for a job, as it is at block `at`, if there is a place.
	pub fn start(&mut self, at: Hash, job: &Job, task: Task) -> bool {
		if self.running >= self.places {
			return false;
		}
		self.running += 1;
		self.metrics.hosting_running.set(self.running as u64);
		let chain = self.chain.clone();
		let results = self.results.clone();
		let seconds = self.metrics.hosting_run_seconds.clone();
		let job = job.clone();
		self.spawner
			.spawn_blocking("hosting-run", Some("hosting"), async move {
				let begun = Instant::now();
				let result = run(&chain, at, &job, task);
				seconds.observe(begun.elapsed().as_secs_f64());
				let done = Done {
					job: job.id,
					task,
					result,
				};
				if results.unbounded_send(done).is_err() {
					log::debug!(target: LOG_TARGET, "a run came too late: the node ends");
				}
			});
		true
	}

	/// A result has been taken: its place is free.
	pub fn acknowledge(&mut self, done: &Done) {
		self.running = self.running.saturating_sub(1);
		self.metrics.hosting_running.set(self.running as u64);
		if done.result.is_err() {
			self.metrics.hosting_runs_failed.inc();
		}
	}
}

fn run(chain: &Chain, at: Hash, job: &Job, task: Task) -> Result<Found, RunError> {
	let location = job.location.as_ref().ok_or(RunError::NoModel)?;
	let file = chain.file(at, location)?;
	let inputs = chain.inputs(at, job.id)?;
	match task {
		Task::Trace => {
			let traced = trace(&file, job.profile, inputs)?;
			let hashes = (0..)
				.zip(&traced.leaves)
				.map(|(index, leaf)| leaf_hash(index, leaf))
				.collect();
			Ok(Found::Trace(Trace::new(hashes, traced.outputs)))
		}
		Task::Materials { step } => {
			let found = materials(&file, job.profile, inputs, step)?;
			Ok(Found::Materials(Box::new(found)))
		}
	}
}
