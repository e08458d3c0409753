//! Builds plans ahead, so that a block finds them.
//!
//! One task watches the chain. At each import it reads the working set at every leaf and at the
//! best block, and works out what is missing, one model at a time: callable models first, then
//! those that mature or wait for admission. It is off the path of consensus: a block that comes
//! before its plan builds the plan itself, slower, with the same result.

use std::{
	fmt,
	sync::Arc,
	time::{Duration, Instant},
};

use futures::{FutureExt, StreamExt};
use noema_precompile_inference::host::{plan_cache, EnsureOutcome};
use noema_primitives::WorkItem;
use sc_client_api::{Backend, BlockchainEvents, StorageProvider};
use sp_blockchain::{Backend as _, HeaderBackend};
use sp_runtime::traits::Block as BlockT;
use sp_storage::StorageKey;

use crate::{
	metrics::Metrics,
	plans::{missing, ClientWorkingSet, ProcessPlans, WorkingSet},
};

const LOG_TARGET: &str = "noema::prefetch";

/// When to try again what failed, if no block comes in between.
const RETRY: Duration = Duration::from_secs(3);

/// The task that builds plans ahead.
pub struct Prefetch<C, BE> {
	client: Arc<C>,
	backend: Arc<BE>,
	metrics: Metrics,
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
			let complete = self.catch_up();
			// While authors wait for a plan there may be no import to wait for.
			let patience = if complete { Duration::MAX } else { RETRY };
			if let Ok(None) = tokio::time::timeout(patience, imports.next()).await {
				return;
			}
			// What came while a plan was built is in the leaves by now.
			while let Some(Some(_)) = imports.next().now_or_never() {}
		}
	}

	/// Builds what is missing at the best block and at every leaf. False if something still is.
	fn catch_up<B>(&self) -> bool
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
		let heads = std::iter::once(best).chain(leaves.into_iter().filter(|leaf| *leaf != best));
		let mut complete = true;
		for head in heads {
			let items = match ClientWorkingSet::new(self.client.clone()).working_set(head) {
				Ok(items) => missing(items, &ProcessPlans),
				Err(e) => {
					// A leaf of long ago, or a node that has headers only, in the middle of a warp
					// sync.
					log::debug!(target: LOG_TARGET, "{e}");
					continue;
				}
			};
			let mut left = items.len() as u64;
			for item in items {
				self.metrics.prefetch_missing.set(left);
				if self.build(&item, head) {
					left -= 1;
				}
			}
			self.metrics.prefetch_missing.set(left);
			complete &= left == 0;
		}
		self.report_cache();
		complete
	}

	/// Works out one plan from the state after `at`. False if it may be worth another try.
	fn build<B>(&self, item: &WorkItem, at: B::Hash) -> bool
	where
		B: BlockT,
		BE: Backend<B>,
		C: StorageProvider<B, BE>,
	{
		let model = item.location.id;
		let started = Instant::now();
		let outcome = plan_cache().ensure(item, |key| {
			self.client
				.storage(at, &StorageKey(key.to_vec()))
				.ok()
				.flatten()
				.map(|data| data.0)
		});
		let took = started.elapsed();
		match outcome {
			EnsureOutcome::Ready | EnsureOutcome::Refused(_) => {
				self.metrics.prefetch_built.inc();
				self.metrics.prefetch_seconds.observe(took.as_secs_f64());
				log::debug!(target: LOG_TARGET, "model {model}: {outcome:?} after {took:?}");
				// An entry larger than the cache is dropped at once.
				if item.resident && !plan_cache().contains(&model, item.profile) {
					log::warn!(
						target: LOG_TARGET,
						"the plan of model {model} does not stay in the cache: raise --plan-cache-mib",
					);
				}
				true
			}
			EnsureOutcome::Missing => {
				self.metrics.prefetch_failed.inc();
				log::debug!(target: LOG_TARGET, "model {model} cannot be read at block {at}");
				false
			}
			EnsureOutcome::UnknownProfile => {
				self.metrics.prefetch_failed.inc();
				log::error!(
					target: LOG_TARGET,
					"model {model} wants numerics profile {}, which this node does not have: \
					 upgrade the node",
					item.profile,
				);
				true
			}
			EnsureOutcome::Fault(fault) => {
				self.metrics.prefetch_failed.inc();
				log::error!(
					target: LOG_TARGET,
					"internal fault while the plan of model {model} was built: {fault}; a block \
					 that calls it will stop this node",
				);
				false
			}
		}
	}

	fn report_cache(&self) {
		let stats = plan_cache().stats();
		self.metrics.plan_cache_bytes.set(stats.bytes);
		self.metrics.plan_cache_entries.set(stats.entries);
		self.metrics.plan_cache_hits.set(stats.hits);
		self.metrics.plan_cache_misses.set(stats.misses);
		self.metrics.plan_cache_builds.set(stats.builds);
	}
}
