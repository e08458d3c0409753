//! Follows final blocks, and does in each job what is due.

use std::{
	collections::{BTreeMap, BTreeSet},
	sync::Arc,
};

use futures::{channel::mpsc, StreamExt};
use noema_precompile_inference::host::Materials;
use noema_primitives::JobId;
use noema_runtime::{Balance, BlockNumber, Hash};
use sc_client_api::BlockchainEvents;
use sc_service::SpawnTaskHandle;
use sp_consensus::SyncOracle;

use super::{
	bench::{Bench, Done, Found, Task, Trace},
	chain::{Chain, ReadError},
	conduct::Conduct,
	duty::{due, Due, Duty, Job, Party},
	funds,
	key::{HostKey, KeyError},
	metrics::HostingMetrics,
	name,
	paper::{self, Blob, Paper},
	sender::{Order, Sender, Urgency, What},
	LOG_TARGET,
};
use crate::service::{FullClient, FullPool};

/// Blocks until a run that has failed is tried again.
const RETRY: BlockNumber = 5;
/// Bytes of chunks on their way at a time: what two or three blocks take.
const MAX_CHUNK_BYTES: usize = 8 * 1024 * 1024;

/// What a worker is made of.
pub struct Setup {
	/// The client.
	pub client: Arc<FullClient>,
	/// The transaction pool.
	pub pool: Arc<FullPool>,
	/// Where runs are spawned.
	pub spawner: SpawnTaskHandle,
	/// Whether the node is behind; nothing is done while it is.
	pub sync: Option<Arc<dyn SyncOracle + Send + Sync>>,
	/// The account's key.
	pub key: HostKey,
	/// For whom the worker acts.
	pub party: Party,
	/// What an honest host does, or what another one does.
	pub conduct: Conduct,
	/// Runs at a time.
	pub threads: usize,
	/// The highest tip.
	pub max_tip: Balance,
	/// What it counts.
	pub metrics: HostingMetrics,
}

impl std::fmt::Debug for Setup {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.debug_struct("Setup")
			.field("party", &self.party)
			.finish_non_exhaustive()
	}
}

/// What is known of a job.
#[derive(Debug, Default)]
struct Record {
	/// The trace that is claimed.
	trace: Option<Arc<Trace>>,
	/// What the referee must be given, by leaf.
	materials: Option<(u32, Arc<Materials>)>,
	/// What is being run.
	running: Option<Task>,
	/// When a run may be tried again, after one has failed.
	retry: BlockNumber,
	/// Whether the operator was told that funds are short.
	warned: bool,
}

/// Why a step of the worker was left.
#[derive(Debug, thiserror::Error)]
enum StepError {
	#[error(transparent)]
	Read(#[from] ReadError),
	#[error(transparent)]
	Key(#[from] KeyError),
	#[error(transparent)]
	Send(#[from] super::sender::SendError),
}

/// The worker.
#[derive(Debug)]
pub struct Worker {
	client: Events,
	chain: Chain,
	sync: Progress,
	key: HostKey,
	party: Party,
	conduct: Conduct,
	bench: Bench,
	results: mpsc::UnboundedReceiver<Done>,
	sender: Sender,
	jobs: BTreeMap<JobId, Record>,
	metrics: HostingMetrics,
}

/// Where final blocks are told of.
struct Events(Arc<FullClient>);

impl std::fmt::Debug for Events {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.write_str("Events")
	}
}

/// Whether the node is behind.
struct Progress(Option<Arc<dyn SyncOracle + Send + Sync>>);

impl std::fmt::Debug for Progress {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.write_str("Progress")
	}
}

impl Progress {
	fn is_behind(&self) -> bool {
		self.0.as_ref().is_some_and(|sync| sync.is_major_syncing())
	}
}

impl Worker {
	/// A worker that has done nothing yet.
	pub fn new(setup: Setup) -> Self {
		let Setup {
			client,
			pool,
			spawner,
			sync,
			key,
			party,
			conduct,
			threads,
			max_tip,
			metrics,
		} = setup;
		let chain = Chain::new(client.clone());
		let (bench, results) = Bench::new(chain.clone(), spawner, threads, metrics.clone());
		let sender = Sender::new(chain.clone(), pool, key.clone(), max_tip, metrics.clone());
		Self {
			client: Events(client),
			chain,
			sync: Progress(sync),
			key,
			party,
			conduct,
			bench,
			results,
			sender,
			jobs: BTreeMap::new(),
			metrics,
		}
	}

	/// Runs for as long as the node does.
	pub async fn run(mut self) {
		let Party {
			account,
			hosts,
			watches,
		} = &self.party;
		log::info!(
			target: LOG_TARGET,
			"🏠 Acting for {account:?}: answers jobs: {hosts}, challenges wrong answers: {watches}",
		);
		let mut blocks = self.client.0.finality_notification_stream();
		loop {
			futures::select! {
				block = blocks.next() => if block.is_none() {
					return;
				},
				done = self.results.next() => match done {
					Some(done) => self.take(done),
					None => return,
				},
			}
			if self.sync.is_behind() {
				continue;
			}
			if let Err(error) = self.step().await {
				log::warn!(target: LOG_TARGET, "{error}; it is tried again at the next block");
			}
		}
	}

	/// Takes in what a run has found.
	fn take(&mut self, done: Done) {
		self.bench.acknowledge(&done);
		let (now, at) = self.chain.finalized();
		let Some(record) = self.jobs.get_mut(&done.job) else {
			return;
		};
		record.running = None;
		match done.result {
			Ok(Found::Trace(computed)) => {
				let claimed = match self.chain.job(at, done.job) {
					Ok(Some(job)) => self.conduct.claim(&job, &self.party, computed),
					// It is over, or the next block will tell.
					Ok(None) | Err(_) => return,
				};
				log::info!(
					target: LOG_TARGET,
					"🧾 {}: trace of {} leaves, root {:?}",
					name(done.job),
					claimed.hashes().len(),
					claimed.root(),
				);
				record.trace = Some(Arc::new(claimed));
			}
			Ok(Found::Materials(found)) => {
				if let Task::Materials { step } = done.task {
					record.materials = Some((step, Arc::from(found)));
				}
			}
			Err(error) => {
				record.retry = now.saturating_add(RETRY);
				log::error!(target: LOG_TARGET, "{}: {error}", name(done.job));
			}
		}
	}

	/// Does what is due after the last final block.
	async fn step(&mut self) -> Result<(), StepError> {
		let (now, at) = self.chain.finalized();
		let jobs = self.chain.jobs(at, &self.party)?;
		let open: BTreeSet<JobId> = jobs.iter().map(|job| job.id).collect();
		self.jobs.retain(|id, _| open.contains(id));
		self.metrics.hosting_jobs.set(open.len() as u64);

		let mut todo: Vec<(Due, Job)> = Vec::new();
		for job in jobs {
			let record = self.jobs.entry(job.id).or_default();
			let trace = record.trace.as_deref();
			let honest = due(&job, &self.party, trace.map(Trace::root), now);
			let due = self.conduct.due(&job, &self.party, trace, honest, now);
			if let Some(due) = due {
				todo.push((due, job));
			}
		}
		todo.sort_by_key(|(due, _)| urgency(due));

		self.sender.update()?;
		let mut chunk_room = MAX_CHUNK_BYTES;
		for (due, job) in todo {
			let orders = self.orders(now, at, &job, due, &mut chunk_room)?;
			let orders = self.conduct.orders(&job, &self.party, orders);
			self.sender.send(orders).await?;
		}
		Ok(())
	}

	/// What is to be sent for a duty; a run that it needs is begun.
	fn orders(
		&mut self,
		now: BlockNumber,
		at: Hash,
		job: &Job,
		due: Due,
		chunk_room: &mut usize,
	) -> Result<Vec<Order>, StepError> {
		let Some(record) = self.jobs.get_mut(&job.id) else {
			return Ok(Vec::new());
		};
		let trace = record.trace.clone();
		let Some(trace) = trace.filter(|_| due.duty != Duty::Trace) else {
			start(record, &mut self.bench, now, at, job, Task::Trace);
			return Ok(Vec::new());
		};
		let what = match due.duty {
			Duty::Trace => return Ok(Vec::new()),
			Duty::Commit => What::Commit(job.id),
			Duty::Reveal => What::Reveal(job.id),
			Duty::Challenge => What::Challenge(job.id),
			Duty::PostLeaves => What::PostLeaves(job.id),
			Duty::Referee { step } => What::Referee(job.id, step),
		};
		// Before anything is encoded and hashed that is on its way.
		if self.sender.is_settled(what) {
			return Ok(Vec::new());
		}
		let paper = match due.duty {
			Duty::Trace => return Ok(Vec::new()),
			Duty::Commit => {
				let salt = self.key.salt(self.chain.genesis(), job.id)?;
				paper::commit(job.id, &self.party.account, &trace, &salt)
			}
			Duty::Reveal => {
				let salt = self.key.salt(self.chain.genesis(), job.id)?;
				let root = trace.root();
				let known = job.claims.iter().any(|(claimed, _)| *claimed == root);
				paper::reveal(job.id, &trace, salt, known)
			}
			Duty::Challenge => paper::challenge(job.id, &trace),
			Duty::PostLeaves => paper::post_leaves(job.id, &trace),
			Duty::Referee { step } => {
				let known = record.materials.clone().filter(|(of, _)| *of == step);
				let Some((_, found)) = known else {
					let task = Task::Materials { step };
					start(record, &mut self.bench, now, at, job, task);
					return Ok(Vec::new());
				};
				paper::referee(job.id, &self.party.account, &found)
			}
		};
		if !self.has_funds(at, job, &due, &trace, &paper)? {
			return Ok(Vec::new());
		}
		self.with_blobs(at, what, paper, urgency(&due), chunk_room)
	}

	/// A call, after the chunks that it needs and that are missing; without the call, if there are more
	/// chunks than may be on their way.
	fn with_blobs(
		&self,
		at: Hash,
		what: What,
		paper: Paper,
		urgency: Urgency,
		chunk_room: &mut usize,
	) -> Result<Vec<Order>, StepError> {
		let mut orders = Vec::new();
		for blob in &paper.blobs {
			for (index, call) in blob.chunks(self.first_missing(at, blob)?) {
				let size = noema_primitives::CHUNK_SIZE as usize;
				if *chunk_room < size {
					return Ok(orders);
				}
				*chunk_room -= size;
				let what = What::Chunk {
					blob: blob.hash,
					index,
				};
				orders.push(Order {
					what,
					call,
					urgency,
				});
			}
		}
		orders.push(Order {
			what,
			call: paper.call,
			urgency,
		});
		Ok(orders)
	}

	/// The first chunk of a blob that is not in the state.
	fn first_missing(&self, at: Hash, blob: &Blob) -> Result<u32, StepError> {
		let known = self.chain.blob(at, &self.party.account, blob.hash)?;
		Ok(match known {
			None => 0,
			Some(info) => info.missing.unwrap_or(u32::MAX),
		})
	}

	/// Whether the account can pay for what it is about to begin. Tells the operator if not, once for
	/// each job.
	fn has_funds(
		&mut self,
		at: Hash,
		job: &Job,
		due: &Due,
		trace: &Trace,
		paper: &Paper,
	) -> Result<bool, StepError> {
		let bytes = |blobs: &[Blob]| blobs.iter().map(|blob| blob.bytes.len() as u64).sum();
		let (bytes, blobs, bond) = match due.duty {
			// Who commits must be able to reveal.
			Duty::Commit => (paper::blob_of(trace.outputs()), 1, 0),
			Duty::Challenge => {
				let bond = self.chain.params(at)?.challenge_bond;
				(bytes(&paper.blobs), paper.blobs.len() as u32, bond)
			}
			// What is begun is ended, as far as the money goes.
			Duty::Trace | Duty::Reveal | Duty::PostLeaves | Duty::Referee { .. } => {
				return Ok(true)
			}
		};
		let (_, free) = self.chain.account(at, &self.party.account)?;
		let needed = funds::needed(bytes, blobs, bond);
		if free >= needed {
			return Ok(true);
		}
		if let Some(record) = self.jobs.get_mut(&job.id).filter(|record| !record.warned) {
			record.warned = true;
			self.metrics.hosting_short_of_funds.inc();
			log::error!(
				target: LOG_TARGET,
				"{}: {:?} is left undone for want of funds: {needed} pico-NOE must be free, and {free} \
				 are; send some to {:?}",
				name(job.id),
				due.duty,
				self.party.account,
			);
		}
		Ok(false)
	}
}

fn urgency(due: &Due) -> Urgency {
	Urgency {
		others: !due.own_stake,
		until: due.until,
	}
}

/// Begins a run, if none is under way for the job and none has failed a moment ago.
fn start(
	record: &mut Record,
	bench: &mut Bench,
	now: BlockNumber,
	at: Hash,
	job: &Job,
	task: Task,
) {
	if record.running.is_none() && now >= record.retry && bench.start(at, job, task) {
		record.running = Some(task);
	}
}
