//! Puts the node together.
//!
//! * [`partial`]: what every way of running needs: database, client, pool, keystore,
//! * [`full`]: a node of a network, with BABE and GRANDPA,
//! * [`instant`]: a development node alone, which seals at will,
//! * [`hosting`]: the worker of a host, where one is wanted,
//! * [`marker`]: keeps the databases of the two apart,
//! * [`inherents`]: time and slot, by the clock or by will.

pub mod full;
pub mod hosting;
pub mod inherents;
pub mod instant;
pub mod marker;
pub mod partial;

use std::sync::Arc;

use noema_runtime::RuntimeApi;
use sc_service::Error as ServiceError;

use crate::{
	cli::NoemaParams,
	executor::NoemaExecutor,
	metrics::Metrics,
	plans::{ClientWorkingSet, ProcessPlans},
	proposer::PlannedProposerFactory,
	rpc::limit::Limiter,
	Block,
};

/// The client.
pub type FullClient = sc_service::TFullClient<Block, RuntimeApi, NoemaExecutor>;
/// The database.
pub type FullBackend = sc_service::TFullBackend<Block>;
/// The rule by which the best chain is chosen, until finality settles it.
pub type FullSelectChain = sc_consensus::LongestChain<FullBackend, Block>;
/// The transaction pool.
pub type FullPool = sc_transaction_pool::TransactionPoolHandle<Block, FullClient>;

/// What authors blocks, in every mode of sealing.
pub(crate) type FullProposerFactory = PlannedProposerFactory<
	sc_basic_authorship::ProposerFactory<FullPool, FullClient>,
	ClientWorkingSet<FullClient>,
	ProcessPlans,
>;

/// What the command line says beyond the service's configuration.
#[derive(Clone, Debug)]
pub struct Options {
	/// Parameters that only Noema's node has.
	pub noema: NoemaParams,
}

impl Options {
	/// How many dry runs are answered.
	fn limiter(&self) -> Arc<Limiter> {
		let NoemaParams {
			offchain_inferences,
			dry_run_rate,
			..
		} = &self.noema;
		Arc::new(Limiter::new(offchain_inferences.get(), dry_run_rate.get()))
	}
}

/// The most bytes of a block that this node authors: what the runtime allows.
fn block_size_limit() -> usize {
	use frame_support::dispatch::DispatchClass;
	let lengths = <noema_runtime::Runtime as frame_system::Config>::BlockLength::get();
	let longest = DispatchClass::all()
		.iter()
		.map(|class| *lengths.max.get(*class))
		.max();
	// The header is not part of what the runtime counts.
	longest
		.unwrap_or_default()
		.saturating_add(lengths.max_header_size()) as usize
}

/// What authors blocks.
fn proposer_factory(
	parts: &partial::Partial,
	prometheus: Option<&substrate_prometheus_endpoint::Registry>,
	metrics: &Metrics,
) -> FullProposerFactory {
	let mut inner = sc_basic_authorship::ProposerFactory::new(
		parts.task_manager.spawn_handle(),
		parts.client.clone(),
		parts.pool.clone(),
		prometheus,
		parts.telemetry.as_ref().map(|telemetry| telemetry.handle()),
	);
	inner.set_default_block_size_limit(block_size_limit());
	PlannedProposerFactory::new(
		inner,
		ClientWorkingSet::new(parts.client.clone()),
		ProcessPlans,
		metrics.clone(),
	)
}

/// An error of the service with this text.
fn other(error: impl ToString) -> ServiceError {
	ServiceError::Other(error.to_string())
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_block_may_be_as_long_as_the_runtime_allows() {
		let most = noema_runtime::constants::block::MAX_LENGTH as usize;
		assert!((most..2 * most).contains(&block_size_limit()));
	}
}
