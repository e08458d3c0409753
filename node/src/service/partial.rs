//! What every way of running needs.

use std::sync::Arc;

use noema_precompile_inference::host::{force_isa, isa, self_test, set_offchain_limit, PlanCache};
use sc_service::{ChainType, Configuration, Error as ServiceError, KeystoreContainer, TaskManager};
use sc_telemetry::{Telemetry, TelemetryWorker};

use super::{marker, other, FullBackend, FullClient, FullPool, FullSelectChain, Options};
use crate::{
	cli::{NoemaParams, Sealing},
	executor::{HostFunctions, NoemaExecutor},
	Block,
};

const LOG_TARGET: &str = "noema::service";

/// The parts that do not depend on how blocks come about.
pub struct Partial {
	/// Runs the runtime and holds the chain.
	pub client: Arc<FullClient>,
	/// The database.
	pub backend: Arc<FullBackend>,
	/// Session keys.
	pub keystore: KeystoreContainer,
	/// Transactions that wait for a block.
	pub pool: Arc<FullPool>,
	/// Which chain is the best.
	pub select_chain: FullSelectChain,
	/// Runs the node's tasks, and ends them.
	pub task_manager: TaskManager,
	/// Reports to a telemetry server, if the user named one.
	pub telemetry: Option<Telemetry>,
}

impl std::fmt::Debug for Partial {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.write_str("Partial")
	}
}

/// Makes the parts, once it is certain that this machine computes what all others do.
///
/// # Errors
///
/// Fails if the self-test finds a difference, if the options do not fit the chain, or if the
/// database cannot be opened.
pub fn new_partial(
	config: &Configuration,
	options: &Options,
	sealing: Sealing,
) -> Result<Partial, ServiceError> {
	prepare_precompile(&options.noema, config.chain_spec.chain_type())?;

	let telemetry = config
		.telemetry_endpoints
		.clone()
		.filter(|endpoints| !endpoints.is_empty())
		.map(|endpoints| -> Result<_, sc_telemetry::Error> {
			let worker = TelemetryWorker::new(16)?;
			let telemetry = worker.handle().new_telemetry(endpoints);
			Ok((worker, telemetry))
		})
		.transpose()?;

	let executor = NoemaExecutor::new(sc_service::new_wasm_executor::<HostFunctions>(
		&config.executor,
	));
	let (client, backend, keystore, task_manager) = sc_service::new_full_parts::<Block, _, _>(
		config,
		telemetry.as_ref().map(|(_, telemetry)| telemetry.handle()),
		executor,
		vec![Arc::new(sc_consensus_grandpa::GrandpaPruningFilter)],
	)?;
	let client = Arc::new(client);
	marker::claim(&*client, sealing)?;

	let telemetry = telemetry.map(|(worker, telemetry)| {
		task_manager
			.spawn_handle()
			.spawn("telemetry", None, worker.run());
		telemetry
	});
	let pool = sc_transaction_pool::Builder::new(
		task_manager.spawn_essential_handle(),
		client.clone(),
		config.role.is_authority().into(),
	)
	.with_options(config.transaction_pool.clone())
	.with_prometheus(config.prometheus_registry())
	.build();

	Ok(Partial {
		client,
		select_chain: FullSelectChain::new(backend.clone()),
		backend,
		keystore,
		pool: Arc::new(pool),
		task_manager,
		telemetry,
	})
}

/// Checks this machine and sets the precompile's limits, before the runtime is called.
fn prepare_precompile(params: &NoemaParams, chain: ChainType) -> Result<(), ServiceError> {
	let for_tests = |option: &str| {
		if is_for_tests(&chain) {
			Ok(())
		} else {
			Err(other(format!(
				"{option} is for development and local chains only"
			)))
		}
	};
	if let Some(isa) = params.isa {
		for_tests("--isa")?;
		force_isa(isa).map_err(|e| other(format!("--isa {isa}: {e}")))?;
	}
	log::info!(target: LOG_TARGET, "🧮 Inferring with {}", isa());
	self_test().map_err(|e| {
		other(format!(
			"this machine does not compute what the others do, so it must not run a node: {e}"
		))
	})?;
	if !PlanCache::configure(params.plan_cache_mib.get().saturating_mul(1 << 20)) {
		log::warn!(
			target: LOG_TARGET,
			"the plan cache is in use already; --plan-cache-mib has no effect",
		);
	}
	set_offchain_limit(params.offchain_inferences.get() as usize);
	if let Some(model) = params.inject_fault {
		for_tests("--inject-fault")?;
		log::warn!(
			target: LOG_TARGET,
			"every computation of model {model} will panic, as --inject-fault asks",
		);
		noema_precompile_inference::host::inject_fault(model);
	}
	Ok(())
}

/// Whether a chain of this type is one for tests, where a node may do what a validator must not.
pub(super) const fn is_for_tests(chain: &ChainType) -> bool {
	matches!(chain, ChainType::Development | ChainType::Local)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn faults_and_slow_instruction_sets_are_for_tests() {
		assert!(is_for_tests(&ChainType::Development));
		assert!(is_for_tests(&ChainType::Local));
		assert!(!is_for_tests(&ChainType::Live));
		assert!(!is_for_tests(&ChainType::Custom("x".into())));
	}
}
