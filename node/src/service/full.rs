//! A node of a network: BABE authors, GRANDPA finalises.

use std::{sync::Arc, time::Duration};

use sc_client_api::Backend;
use sc_consensus::DefaultImportQueue;
use sc_consensus_babe::{
	BabeBlockImport, BabeLink, BabeParams, BabeWorkerHandle, ImportQueueParams, SlotProportion,
};
use sc_consensus_grandpa::{
	FinalityProofProvider, GrandpaBlockImport, GrandpaParams, LinkHalf, SharedVoterState,
};
use sc_network::NetworkBackend;
use sc_service::{
	BuildNetworkParams, ChainType, Configuration, Error as ServiceError, SpawnTasksParams,
	TaskManager, WarpSyncConfig,
};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus_babe::inherents::BabeCreateInherentDataProviders;
use sp_runtime::traits::Block as BlockT;

use super::{
	hosting, inherents,
	partial::{new_partial, Partial},
	proposer_factory, FullBackend, FullClient, FullSelectChain, Options,
};
use crate::{
	cli::Sealing,
	gate,
	metrics::{EngineMetrics, Metrics},
	prefetch::Prefetch,
	rpc::{self, CommonDeps, ConsensusDeps},
	Block,
};

/// GRANDPA makes a justification at least this often, in blocks: what a warp sync can start from.
const JUSTIFICATION_PERIOD: u32 = 512;
/// How long a GRANDPA message takes to reach everybody, roughly.
const GOSSIP_DURATION: Duration = Duration::from_millis(333);
/// The share of a slot in which a block is authored. The rest is for its way to the next author.
const PROPOSAL_PORTION: f32 = 2.0 / 3.0;

type FullGrandpaImport = GrandpaBlockImport<FullBackend, Block, FullClient, FullSelectChain>;
type FullBabeImport = BabeBlockImport<
	Block,
	FullClient,
	FullGrandpaImport,
	BabeCreateInherentDataProviders<Block>,
	FullSelectChain,
>;

/// The way of a block into the chain.
struct Consensus {
	import_queue: DefaultImportQueue<Block>,
	block_import: FullBabeImport,
	babe_link: BabeLink<Block>,
	babe_worker: BabeWorkerHandle<Block>,
	grandpa_link: LinkHalf<Block, FullClient, FullSelectChain>,
}

/// BABE over GRANDPA over the client. Import never waits for plans.
fn consensus(config: &Configuration, parts: &Partial) -> Result<Consensus, ServiceError> {
	let telemetry = || parts.telemetry.as_ref().map(|telemetry| telemetry.handle());
	let (grandpa_import, grandpa_link) = sc_consensus_grandpa::block_import(
		parts.client.clone(),
		JUSTIFICATION_PERIOD,
		&parts.client,
		parts.select_chain.clone(),
		telemetry(),
	)?;
	let justification_import = grandpa_import.clone();

	let babe_config = sc_consensus_babe::configuration(&*parts.client)?;
	let slot_duration = babe_config.slot_duration();
	let (block_import, babe_link) = sc_consensus_babe::block_import(
		babe_config,
		grandpa_import,
		parts.client.clone(),
		inherents::by_the_clock(slot_duration),
		parts.select_chain.clone(),
		OffchainTransactionPoolFactory::new(parts.pool.clone()),
	)?;
	let (import_queue, babe_worker) = sc_consensus_babe::import_queue(ImportQueueParams {
		link: babe_link.clone(),
		block_import: block_import.clone(),
		justification_import: Some(Box::new(justification_import)),
		client: parts.client.clone(),
		slot_duration,
		spawner: &parts.task_manager.spawn_essential_handle(),
		registry: config.prometheus_registry(),
		telemetry: telemetry(),
	})?;
	Ok(Consensus {
		import_queue,
		block_import,
		babe_link,
		babe_worker,
		grandpa_link,
	})
}

/// Client and import queue, for the commands that read or write the chain without a network.
///
/// # Errors
///
/// As [`new_partial`].
pub fn chain_ops(
	config: &Configuration,
	options: &Options,
) -> Result<(Partial, DefaultImportQueue<Block>), ServiceError> {
	let parts = new_partial(config, options, Sealing::Babe)?;
	let Consensus { import_queue, .. } = consensus(config, &parts)?;
	Ok((parts, import_queue))
}

/// Starts a node of a network.
///
/// # Errors
///
/// Fails if a part cannot be made; nothing runs then.
pub fn new_full<N>(
	mut config: Configuration,
	options: &Options,
) -> Result<TaskManager, ServiceError>
where
	N: NetworkBackend<Block, <Block as BlockT>::Hash>,
{
	let parts = new_partial(&config, options, Sealing::Babe)?;
	gate::pass(&config, &options.noema)?;
	let Consensus {
		import_queue,
		block_import,
		babe_link,
		babe_worker,
		grandpa_link,
	} = consensus(&config, &parts)?;
	let metrics = Metrics::new(config.prometheus_registry())?;
	EngineMetrics::observe(config.prometheus_registry())?;

	// A test network may have no more than one node to sync from.
	if matches!(
		config.chain_spec.chain_type(),
		ChainType::Development | ChainType::Local
	) {
		config.network.min_peers_to_start_warp_sync.get_or_insert(1);
	}

	let mut net_config = sc_network::config::FullNetworkConfiguration::<_, _, N>::new(
		&config.network,
		config.prometheus_registry().cloned(),
	);
	let net_metrics = N::register_notification_metrics(config.prometheus_registry());
	let genesis_hash = sp_blockchain::HeaderBackend::info(&*parts.client).genesis_hash;
	let grandpa_protocol =
		sc_consensus_grandpa::protocol_standard_name(&genesis_hash, &config.chain_spec);
	let (grandpa_peers, grandpa_notifications) =
		sc_consensus_grandpa::grandpa_peers_set_config::<_, N>(
			grandpa_protocol.clone(),
			net_metrics.clone(),
			net_config.peer_store_handle(),
		);
	net_config.add_notification_protocol(grandpa_peers);
	let warp_sync = Arc::new(sc_consensus_grandpa::warp_proof::NetworkProvider::new(
		parts.backend.clone(),
		grandpa_link.shared_authority_set().clone(),
		Vec::new(),
	));

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
			warp_sync_config: Some(WarpSyncConfig::WithProvider(warp_sync)),
			block_relay: None,
			metrics: net_metrics,
			gap_sync_body_policy: None,
		})?;

	if config.offchain_worker.enabled {
		spawn_offchain_workers(&config, &parts, network.clone())?;
	}
	let prefetch = Prefetch::new(parts.client.clone(), parts.backend.clone(), metrics.clone());
	parts.task_manager.spawn_handle().spawn_blocking(
		"plan-prefetch",
		None,
		prefetch.run::<Block>(),
	);
	hosting::spawn(
		&config,
		&parts,
		Some(sync_service.clone()),
		&options.noema.hosting,
	)?;

	let voter_state = SharedVoterState::empty();
	let common_deps = CommonDeps {
		client: parts.client.clone(),
		pool: parts.pool.clone(),
		limiter: options.limiter(),
		metrics: metrics.clone(),
	};
	let consensus_deps = ConsensusDeps {
		chain_spec: config.chain_spec.cloned_box(),
		select_chain: parts.select_chain.clone(),
		keystore: parts.keystore.keystore(),
		babe: babe_worker,
		voter_state: voter_state.clone(),
		authority_set: grandpa_link.shared_authority_set().clone(),
		justifications: grandpa_link.justification_stream(),
		finality_proofs: FinalityProofProvider::new_for_service(
			parts.backend.clone(),
			Some(grandpa_link.shared_authority_set().clone()),
		),
	};

	let authoring = config
		.role
		.is_authority()
		.then(|| proposer_factory(&parts, config.prometheus_registry(), &metrics));
	let role = config.role;
	let force_authoring = config.force_authoring;
	let name = config.network.node_name.clone();
	let enable_grandpa = !config.disable_grandpa;
	let prometheus = config.prometheus_registry().cloned();

	let Partial {
		client,
		backend,
		keystore,
		pool,
		select_chain,
		mut task_manager,
		mut telemetry,
	} = parts;
	sc_service::spawn_tasks(SpawnTasksParams {
		config,
		client: client.clone(),
		backend,
		task_manager: &mut task_manager,
		keystore: keystore.keystore(),
		transaction_pool: pool.clone(),
		rpc_builder: Box::new(move |executor| {
			rpc::consensus(&common_deps, &consensus_deps, executor)
		}),
		network: network.clone(),
		system_rpc_tx,
		tx_handler_controller,
		sync_service: sync_service.clone(),
		telemetry: telemetry.as_mut(),
		tracing_execute_block: None,
	})?;
	let telemetry_handle = || telemetry.as_ref().map(|telemetry| telemetry.handle());

	if let Some(env) = authoring {
		let slot_duration = babe_link.config().slot_duration();
		let author_client = client.clone();
		let babe = sc_consensus_babe::start_babe(BabeParams {
			keystore: keystore.keystore(),
			client,
			select_chain,
			env,
			block_import,
			sync_oracle: sync_service.clone(),
			justification_sync_link: sync_service.clone(),
			create_inherent_data_providers: inherents::of_an_author(slot_duration, author_client),
			force_authoring,
			// Fewer blocks would only bring fewer votes. What must not run on while finality lags, the
			// windows of jobs, pauses by itself.
			backoff_authoring_blocks: None::<()>,
			babe_link,
			block_proposal_slot_portion: SlotProportion::new(PROPOSAL_PORTION),
			// A late block is no better for having been made in more time.
			max_block_proposal_slot_portion: Some(SlotProportion::new(PROPOSAL_PORTION)),
			telemetry: telemetry_handle(),
		})?;
		task_manager.spawn_essential_handle().spawn_blocking(
			"babe-proposer",
			Some("block-authoring"),
			babe,
		);
	}

	if enable_grandpa {
		let grandpa = sc_consensus_grandpa::run_grandpa_voter(GrandpaParams {
			config: sc_consensus_grandpa::Config {
				gossip_duration: GOSSIP_DURATION,
				justification_generation_period: JUSTIFICATION_PERIOD,
				observer_enabled: false,
				local_role: role,
				name: Some(name),
				keystore: role.is_authority().then(|| keystore.keystore()),
				telemetry: telemetry_handle(),
				protocol_name: grandpa_protocol,
			},
			link: grandpa_link,
			network,
			sync: sync_service,
			notification_service: grandpa_notifications,
			voting_rule: sc_consensus_grandpa::VotingRulesBuilder::default().build(),
			prometheus_registry: prometheus,
			shared_voter_state: voter_state,
			telemetry: telemetry_handle(),
			offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(pool),
		})?;
		task_manager
			.spawn_essential_handle()
			.spawn_blocking("grandpa-voter", None, grandpa);
	}
	// Keeps reporting for as long as the tasks run.
	task_manager.keep_alive(telemetry);
	Ok(task_manager)
}

/// Runs the runtime's off-chain workers at each block.
fn spawn_offchain_workers(
	config: &Configuration,
	parts: &Partial,
	network: Arc<dyn sc_network::service::traits::NetworkService>,
) -> Result<(), ServiceError> {
	let workers = sc_offchain::OffchainWorkers::new(sc_offchain::OffchainWorkerOptions {
		runtime_api_provider: parts.client.clone(),
		keystore: Some(parts.keystore.keystore()),
		offchain_db: parts.backend.offchain_storage(),
		transaction_pool: Some(OffchainTransactionPoolFactory::new(parts.pool.clone())),
		network_provider: Arc::new(network),
		is_validator: config.role.is_authority(),
		enable_http_requests: false,
		custom_extensions: |_| Vec::new(),
	})?;
	let spawner = parts.task_manager.spawn_handle();
	parts.task_manager.spawn_handle().spawn(
		"offchain-workers-runner",
		"offchain-worker",
		workers.run(parts.client.clone(), spawner),
	);
	Ok(())
}
