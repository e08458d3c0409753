//! A development node alone, which seals and finalises a block as soon as there is reason to.
//!
//! The blocks are those of BABE, each one slot after the one before, so the runtime is the same
//! as everywhere. There is reason to seal when a transaction waits, and also, with nothing to
//! include, while a model waits for admission or matures, or a job is open: these take a number of
//! blocks, and a test that waits for them should not hang.

use std::{sync::Arc, time::Duration};

use futures::{
	channel::{mpsc, oneshot},
	SinkExt, StreamExt,
};
use noema_primitives::api::JobsApi;
use noema_runtime::Hash;
use sc_client_api::BlockBackend;
use sc_consensus_manual_seal::{
	consensus::{
		babe::{BabeConsensusDataProvider, BabeVerifier},
		timestamp::SlotTimestampProvider,
	},
	rpc::EngineCommand,
	ManualSealParams,
};
use sc_network::{
	config::{NonReservedPeerMode, SetConfig, TransportConfig},
	NetworkBackend,
};
use sc_service::{
	BuildNetworkParams, Configuration, Error as ServiceError, SpawnTasksParams, TaskManager,
};
use sc_transaction_pool_api::{OffchainTransactionPoolFactory, TransactionPool};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_runtime::traits::Block as BlockT;

use super::{
	hosting,
	inherents::{self, AtWill},
	other,
	partial::{new_partial, Partial},
	proposer_factory, FullClient, FullPool, Options,
};
use crate::{
	cli::Sealing,
	metrics::{EngineMetrics, Metrics},
	plans::{missing, ClientWorkingSet, ProcessPlans, WorkingSet},
	prefetch::Prefetch,
	rpc::{self, CommonDeps},
	Block,
};

const LOG_TARGET: &str = "noema::instant";

/// How long the pool may take to notice a block.
const POOL_PATIENCE: Duration = Duration::from_secs(2);
/// How often to look again when nothing happens.
const IDLE: Duration = Duration::from_secs(1);
/// How often to look whether a plan is built.
const PLAN_POLL: Duration = Duration::from_millis(50);
/// The pause between two blocks that only let time pass.
const EMPTY_PAUSE: Duration = Duration::from_millis(100);

/// Starts a development node that seals at will.
///
/// # Errors
///
/// Fails if a part cannot be made; nothing runs then.
pub fn new_instant<N>(
	mut config: Configuration,
	options: &Options,
) -> Result<TaskManager, ServiceError>
where
	N: NetworkBackend<Block, <Block as BlockT>::Hash>,
{
	isolate(&mut config);
	let parts = new_partial(&config, options, Sealing::Instant)?;
	let metrics = Metrics::new(config.prometheus_registry())?;
	EngineMetrics::observe(config.prometheus_registry())?;

	let babe_config = sc_consensus_babe::configuration(&*parts.client)?;
	let slot_duration = babe_config.slot_duration();
	let (block_import, babe_link) = sc_consensus_babe::block_import(
		babe_config,
		parts.client.clone(),
		parts.client.clone(),
		inherents::unbounded(slot_duration),
		parts.select_chain.clone(),
		OffchainTransactionPoolFactory::new(parts.pool.clone()),
	)?;
	let import_queue = sc_consensus::BasicQueue::new(
		BabeVerifier::new(babe_link.epoch_changes().clone(), parts.client.clone()),
		Box::new(block_import.clone()),
		None,
		&parts.task_manager.spawn_essential_handle(),
		config.prometheus_registry(),
	);

	let net_config = sc_network::config::FullNetworkConfiguration::<_, _, N>::new(
		&config.network,
		config.prometheus_registry().cloned(),
	);
	let net_metrics = N::register_notification_metrics(config.prometheus_registry());
	let (network, system_rpc_tx, tx_handler_controller, sync_service, _bitswap) =
		sc_service::build_network(BuildNetworkParams {
			config: &config,
			net_config,
			client: parts.client.clone(),
			transaction_pool: parts.pool.clone(),
			spawn_handle: parts.task_manager.spawn_handle(),
			spawn_essential_handle: parts.task_manager.spawn_essential_handle(),
			import_queue,
			block_announce_validator_builder: None,
			warp_sync_config: None,
			block_relay: None,
			metrics: net_metrics,
			gap_sync_body_policy: None,
		})?;

	let prefetch = Prefetch::new(parts.client.clone(), parts.backend.clone(), metrics.clone());
	parts.task_manager.spawn_handle().spawn_blocking(
		"plan-prefetch",
		None,
		prefetch.run::<Block>(),
	);
	hosting::spawn(&config, &parts, None, &options.noema.hosting)?;

	let (commands, commands_stream) = mpsc::channel(64);
	let env = proposer_factory(&parts, config.prometheus_registry(), &metrics);
	let common_deps = CommonDeps {
		client: parts.client.clone(),
		pool: parts.pool.clone(),
		limiter: options.limiter(),
		metrics,
	};
	let Partial {
		client,
		backend,
		keystore,
		pool,
		select_chain,
		mut task_manager,
		mut telemetry,
	} = parts;
	let rpc_commands = commands.clone();
	sc_service::spawn_tasks(SpawnTasksParams {
		config,
		client: client.clone(),
		backend,
		task_manager: &mut task_manager,
		keystore: keystore.keystore(),
		transaction_pool: pool.clone(),
		rpc_builder: Box::new(move |executor| {
			rpc::instant(&common_deps, executor, rpc_commands.clone())
		}),
		network,
		system_rpc_tx,
		tx_handler_controller,
		sync_service,
		telemetry: telemetry.as_mut(),
		tracing_execute_block: None,
	})?;

	let consensus_data = BabeConsensusDataProvider::new(
		client.clone(),
		keystore.keystore(),
		babe_link.epoch_changes().clone(),
		babe_link.config().authorities.clone(),
	)
	.map_err(other)?;
	let timestamp =
		Arc::new(SlotTimestampProvider::new_babe::<Block, _>(client.clone()).map_err(other)?);
	let seal = sc_consensus_manual_seal::run_manual_seal(ManualSealParams {
		block_import,
		env,
		client: client.clone(),
		pool: pool.clone(),
		commands_stream,
		select_chain,
		consensus_data_provider: Some(Box::new(consensus_data)),
		create_inherent_data_providers: move |_, ()| {
			let timestamp = timestamp.clone();
			async move { Ok(AtWill::next(timestamp)) }
		},
	});
	let essential = task_manager.spawn_essential_handle();
	essential.spawn_blocking("instant-seal", Some("block-authoring"), seal);
	let driver = Driver {
		client,
		pool,
		commands,
	};
	essential.spawn_blocking("instant-seal-driver", Some("block-authoring"), driver.run());
	task_manager.keep_alive(telemetry);
	Ok(task_manager)
}

/// Takes the node off every network.
fn isolate(config: &mut Configuration) {
	let network = &mut config.network;
	network.listen_addresses.clear();
	network.public_addresses.clear();
	network.boot_nodes.clear();
	network.default_peers_set = SetConfig {
		in_peers: 0,
		out_peers: 0,
		reserved_nodes: Vec::new(),
		non_reserved_mode: NonReservedPeerMode::Deny,
	};
	network.default_peers_set_num_full = 0;
	network.enable_dht_random_walk = false;
	network.transport = TransportConfig::Normal {
		enable_mdns: false,
		allow_private_ip: false,
	};
}

/// What the driver sees when it looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Outlook {
	/// A transaction is ready.
	ready: bool,
	/// A model waits for admission or matures, or a job is open.
	waiting: bool,
	/// A callable model has no plan yet.
	planless: bool,
	/// The last block left out every transaction that was ready.
	stuck: bool,
}

/// What the driver does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
	/// Seal a block.
	Seal,
	/// Look again after this time, or when a transaction arrives.
	Wait(Duration),
}

impl Outlook {
	const fn step(self) -> Step {
		if !self.ready && !self.waiting {
			Step::Wait(IDLE)
		} else if self.planless {
			// The proposer would decline.
			Step::Wait(PLAN_POLL)
		} else if self.stuck && !self.waiting {
			// More blocks now would not change it.
			Step::Wait(IDLE)
		} else {
			Step::Seal
		}
	}
}

/// Gives the orders to seal.
struct Driver {
	client: Arc<FullClient>,
	pool: Arc<FullPool>,
	commands: mpsc::Sender<EngineCommand<Hash>>,
}

impl Driver {
	/// Runs for as long as blocks are sealed.
	async fn run(mut self) {
		let mut arrivals = self.pool.import_notification_stream();
		let mut stuck = false;
		loop {
			let outlook = Outlook {
				stuck,
				..self.look().await
			};
			let pause = match outlook.step() {
				Step::Wait(pause) => Some(pause),
				Step::Seal => {
					let Some(included) = self.seal().await else {
						return;
					};
					stuck = outlook.ready && included == 0;
					(!outlook.ready).then_some(EMPTY_PAUSE)
				}
			};
			if let Some(pause) = pause {
				match tokio::time::timeout(pause, arrivals.next()).await {
					Ok(Some(_)) => stuck = false,
					Ok(None) => return,
					Err(_elapsed) => (),
				}
			}
		}
	}

	/// How things are at the best block.
	async fn look(&self) -> Outlook {
		let best = self.client.info().best_hash;
		let ready = self
			.pool
			.ready_at_with_timeout(best, POOL_PATIENCE)
			.await
			.next()
			.is_some();
		let items = ClientWorkingSet::new(self.client.clone()).working_set(best);
		let items = items.unwrap_or_else(|e| {
			log::error!(target: LOG_TARGET, "{e}");
			Vec::new()
		});
		let waiting = items.iter().any(|item| !item.is_resident()) || self.has_open_jobs(best);
		let planless = !missing(items, &ProcessPlans).is_empty();
		Outlook {
			ready,
			waiting,
			planless,
			stuck: false,
		}
	}

	fn has_open_jobs(&self, at: Hash) -> bool {
		match self.client.runtime_api().open_jobs(at) {
			Ok(jobs) => !jobs.is_empty(),
			Err(e) => {
				log::error!(target: LOG_TARGET, "cannot read the open jobs: {e}");
				false
			}
		}
	}

	/// Seals and finalises a block and says how many extrinsics it holds beside the timestamp;
	/// `None` if nobody seals any more.
	async fn seal(&mut self) -> Option<usize> {
		let (sender, receiver) = oneshot::channel();
		let command = EngineCommand::SealNewBlock {
			// Manual seal takes a block of one transaction for empty where two inherents make one
			// extrinsic, as with BABE. Whether a block is due has been decided already.
			create_empty: true,
			// Not yet: BABE looks up the parent of what is finalised, which must be stored by then.
			finalize: false,
			parent_hash: None,
			sender: Some(sender),
		};
		self.commands.send(command).await.ok()?;
		let created = match receiver.await.ok()? {
			Ok(created) => created.hash,
			Err(e) => {
				log::warn!(target: LOG_TARGET, "no block sealed: {e}");
				return Some(0);
			}
		};
		let (sender, receiver) = oneshot::channel();
		let command = EngineCommand::FinalizeBlock {
			hash: created,
			sender: Some(sender),
			justification: None,
		};
		self.commands.send(command).await.ok()?;
		if let Err(e) = receiver.await.ok()? {
			log::warn!(target: LOG_TARGET, "block {created} is not finalised: {e}");
		}
		let body = self.client.block_body(created).ok().flatten();
		Some(body.unwrap_or_default().len().saturating_sub(1))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn step(ready: bool, waiting: bool, planless: bool, stuck: bool) -> Step {
		Outlook {
			ready,
			waiting,
			planless,
			stuck,
		}
		.step()
	}

	#[test]
	fn a_transaction_or_a_waiting_model_is_reason_to_seal() {
		assert_eq!(step(true, false, false, false), Step::Seal);
		assert_eq!(step(false, true, false, false), Step::Seal);
		assert_eq!(step(false, false, false, false), Step::Wait(IDLE));
		assert_eq!(step(false, false, true, false), Step::Wait(IDLE));
	}

	#[test]
	fn plans_come_first() {
		assert_eq!(step(true, false, true, false), Step::Wait(PLAN_POLL));
		assert_eq!(step(false, true, true, false), Step::Wait(PLAN_POLL));
	}

	#[test]
	fn transactions_that_do_not_fit_make_no_endless_chain() {
		assert_eq!(step(true, false, false, true), Step::Wait(IDLE));
		assert_eq!(step(true, true, false, true), Step::Seal);
	}
}
