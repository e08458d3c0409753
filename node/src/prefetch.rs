//! Builds plans ahead, so that a block finds them.
//!
//! One task watches the chain. At each import it reads the working sets of the best block and of
//! every leaf and hands them to the plan cache, which pins the plans that these need and works
//! out what is missing, one thing at a time: plans of callable models first, then of those that
//! mature, then what admission will find of queued files. It is off the path of consensus: a
//! block that comes before its plan builds the plan itself, slower, with the same result.

use std::{cell::Cell, fmt, sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt};
use noema_precompile_inference::host::{plan_cache, Attempt, EnsureOutcome, Head, Next};
use noema_primitives::{WorkItem, WorkStage};
use sc_client_api::{Backend, BlockchainEvents, StorageProvider};
use sp_blockchain::{Backend as _, HeaderBackend};
use sp_runtime::traits::Block as BlockT;
use sp_storage::StorageKey;

use crate::{
	metrics::Metrics,
	plans::{ClientWorkingSet, WorkingSet},
};

/// Gives the value of a key in the state of one block.
type StateReader<'a> = Box<dyn Fn(&[u8]) -> Option<Vec<u8>> + 'a>;

const LOG_TARGET: &str = "noema::prefetch";

/// When to try again what failed, if no block comes in between.
const RETRY: Duration = Duration::from_secs(3);
/// Between two things to do: long enough for the node to stop this task.
const BREATH: Duration = Duration::from_millis(1);
/// When to look again although nothing was missing. Not every import is told of: those of an
/// initial sync are not. And while authors wait for a plan there is no import at all.
const IDLE: Duration = Duration::from_secs(12);

/// The task that builds plans ahead.
pub struct Prefetch<C, BE> {
	client: Arc<C>,
	backend: Arc<BE>,
	metrics: Metrics,
	/// What was missing after the last pass.
	missing: Cell<u64>,
}

impl<C, BE> fmt::Debug for Prefetch<C, BE> {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str("Prefetch")
	}
}

impl<C, BE> Prefetch<C, BE> {
	/// A task for this chain; [`run`](Self::run) starts it.
	pub const fn new(client: Arc<C>, backend: Arc<BE>, metrics: Metrics) -> Self {
		Self {
			client,
			backend,
			metrics,
			missing: Cell::new(0),
		}
	}

	/// Runs for as long as the client does. It computes, so it wants a thread of its own.
	pub async fn run<B>(self)
	where
		B: BlockT,
		BE: Backend<B>,
		C: BlockchainEvents<B> + HeaderBackend<B> + StorageProvider<B, BE>,
		ClientWorkingSet<C>: WorkingSet<B>,
	{
		let mut imports = self.client.import_notification_stream();
		loop {
			let patience = match self.catch_up::<B>() {
				Next::Now => BREATH,
				Next::AfterPause => RETRY,
				Next::AfterImport => IDLE,
			};
			if let Ok(None) = tokio::time::timeout(patience, imports.next()).await {
				return;
			}
			// What came while a plan was built is in the leaves by now.
			while let Some(import) = imports.next().now_or_never() {
				if import.is_none() {
					return;
				}
			}
		}
	}

	/// Compares the cache with the chain as it is now, and works out one thing that is missing.
	fn catch_up<B>(&self) -> Next
	where
		B: BlockT,
		BE: Backend<B>,
		C: HeaderBackend<B> + StorageProvider<B, BE>,
		ClientWorkingSet<C>: WorkingSet<B>,
	{
		let best = self.client.info().best_hash;
		let leaves = self.backend.blockchain().leaves().unwrap_or_else(|e| {
			log::warn!(target: LOG_TARGET, "cannot list the leaves of the chain: {e}");
			Vec::new()
		});
		let forks: Vec<_> = leaves
			.into_iter()
			.filter(|leaf| *leaf != best)
			.filter_map(|leaf| self.head::<B>(leaf))
			.collect();
		let best = self.head::<B>(best);
		if let Some(best) = &best {
			self.report_registry(&best.items);
		}
		let pass = plan_cache().follow(best.as_ref(), &forks);
		for attempt in &pass.attempts {
			self.report(attempt);
		}
		self.metrics.prefetch_missing.set(pass.missing);
		match (self.missing.replace(pass.missing), pass.missing) {
			(0, missing @ 1..) => log::info!(
				target: LOG_TARGET,
				"{missing} plan(s) or report(s) to work out; no block is authored while a callable \
				 model has no plan",
			),
			(1.., 0) => log::info!(target: LOG_TARGET, "all plans and reports are there"),
			_ => {}
		}
		self.report_cache();
		pass.next
	}

	/// The working set at `hash` and how to read its files; `None` if the state is not there.
	fn head<B>(&self, hash: B::Hash) -> Option<Head<StateReader<'_>>>
	where
		B: BlockT,
		BE: Backend<B>,
		C: StorageProvider<B, BE>,
		ClientWorkingSet<C>: WorkingSet<B>,
	{
		let items = ClientWorkingSet::new(self.client.clone()).working_set(hash);
		let items = items
			// A leaf of long ago, or a node that has headers only, in the middle of a warp sync.
			.inspect_err(|e| log::debug!(target: LOG_TARGET, "{e}"))
			.ok()?;
		let read = move |key: &[u8]| {
			let data = self.client.storage(hash, &StorageKey(key.to_vec()));
			data.ok().flatten().map(|data| data.0)
		};
		Some(Head {
			items,
			read: Box::new(read),
		})
	}

	/// Tells the operator what became of an attempt.
	fn report(&self, attempt: &Attempt) {
		let Attempt {
			item,
			outcome,
			took,
		} = attempt;
		let model = item.location.id;
		match outcome {
			EnsureOutcome::Ready | EnsureOutcome::Refused(_) => {
				self.metrics.prefetch_built.inc();
				self.metrics.prefetch_seconds.observe(took.as_secs_f64());
				log::debug!(target: LOG_TARGET, "model {model}: {outcome:?} after {took:?}");
				return;
			}
			EnsureOutcome::Missing => {
				log::debug!(target: LOG_TARGET, "the file of model {model} cannot be read");
			}
			EnsureOutcome::UnknownProfile => log::error!(
				target: LOG_TARGET,
				"model {model} wants numerics profile {}, which this node does not have: \
				 upgrade the node",
				item.profile,
			),
			EnsureOutcome::Fault(fault) => log::error!(
				target: LOG_TARGET,
				"internal fault while the plan of model {model} was built: {fault}; a block that \
				 calls it will stop this node",
			),
		}
		self.metrics.prefetch_failed.inc();
	}

	/// Counts what the chain holds at the best block.
	fn report_registry(&self, items: &[WorkItem]) {
		let of = |stage| items.iter().filter(move |item| item.stage == stage);
		let count = |stage| of(stage).count() as u64;
		let bytes = |stage| of(stage).map(|item| u64::from(item.location.size)).sum();
		let metrics = &self.metrics;
		metrics.models_queued.set(count(WorkStage::Queued));
		metrics.models_queued_bytes.set(bytes(WorkStage::Queued));
		metrics.models_maturing.set(count(WorkStage::Maturing));
		metrics.models_resident.set(count(WorkStage::Resident));
		metrics
			.models_resident_bytes
			.set(bytes(WorkStage::Resident));
	}

	fn report_cache(&self) {
		let stats = plan_cache().stats();
		self.metrics.plan_cache_bytes.set(stats.bytes);
		self.metrics.plan_cache_pinned_bytes.set(stats.pinned_bytes);
		self.metrics.plan_cache_entries.set(stats.entries);
		self.metrics.plan_cache_plans.set(stats.plans);
		self.metrics.plan_cache_evictions.set(stats.evictions);
		self.metrics.plan_cache_hits.set(stats.hits);
		self.metrics.plan_cache_misses.set(stats.misses);
		self.metrics.plan_cache_builds.set(stats.builds);
	}
}
