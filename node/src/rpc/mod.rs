//! JSON-RPC: what the node serves beside the methods that every Substrate node has.
//!
//! [`inference`], [`hosts`] and [`jobs`] are Noema's own namespace, `inference_*`. `system_accountNextIndex`, `payment_*`, `babe_*`,
//! `grandpa_*` and `sync_state_*` come from the crates that everybody uses; rpc-v2 and the other
//! standard methods are added by the service.

pub mod dispatch;
pub mod error;
pub mod hosts;
pub mod inference;
pub mod job_types;
pub mod jobs;
pub mod limit;
pub mod schema;
pub mod types;

use std::sync::Arc;

use futures::channel::mpsc;
use jsonrpsee::RpcModule;
use noema_runtime::{BlockNumber, Hash};
use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_babe_rpc::{Babe, BabeApiServer};
use sc_consensus_grandpa::{
	FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState,
};
use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
use sc_consensus_manual_seal::rpc::{EngineCommand, ManualSeal, ManualSealApiServer};
use sc_service::{ChainSpec, Error as ServiceError};
use sc_sync_state_rpc::{SyncState, SyncStateApiServer};
use sp_keystore::KeystorePtr;
use substrate_frame_rpc_system::{System, SystemApiServer};

use self::{
	hosts::{Hosts, HostsApiServer},
	inference::{Inference, InferenceApiServer},
	jobs::{Jobs, JobsApiServer},
	limit::Limiter,
};
use crate::{
	metrics::Metrics,
	service::{FullBackend, FullClient, FullPool, FullSelectChain},
	Block,
};

/// What every mode of sealing serves.
pub(crate) struct CommonDeps {
	/// The client.
	pub(crate) client: Arc<FullClient>,
	/// The transaction pool.
	pub(crate) pool: Arc<FullPool>,
	/// How many dry runs are answered.
	pub(crate) limiter: Arc<Limiter>,
	/// Counts dry runs.
	pub(crate) metrics: Metrics,
}

/// What a node with BABE and GRANDPA serves.
pub(crate) struct ConsensusDeps {
	/// For `sync_state_genSyncSpec`.
	pub(crate) chain_spec: Box<dyn ChainSpec>,
	/// The best chain.
	pub(crate) select_chain: FullSelectChain,
	/// Session keys of the node.
	pub(crate) keystore: KeystorePtr,
	/// Answers questions about epochs.
	pub(crate) babe: BabeWorkerHandle<Block>,
	/// The voter's view of its rounds.
	pub(crate) voter_state: SharedVoterState,
	/// Who finalises.
	pub(crate) authority_set: SharedAuthoritySet<Hash, BlockNumber>,
	/// Justifications as they come.
	pub(crate) justifications: GrandpaJustificationStream<Block>,
	/// Proves finality.
	pub(crate) finality_proofs: Arc<FinalityProofProvider<FullBackend, Block>>,
}

/// Methods that every mode of sealing serves.
pub(crate) fn common(
	deps: &CommonDeps,
	executor: sc_rpc::SubscriptionTaskExecutor,
) -> Result<RpcModule<()>, ServiceError> {
	let CommonDeps {
		client,
		pool,
		limiter,
		metrics,
	} = deps;
	let mut module = RpcModule::new(());
	merge(
		&mut module,
		System::<_, _, Block>::new(client.clone(), pool.clone()).into_rpc(),
	)?;
	merge(
		&mut module,
		TransactionPayment::<_, Block>::new(client.clone()).into_rpc(),
	)?;
	let inference = Inference::new(client.clone(), limiter.clone(), metrics.clone());
	merge(&mut module, inference.into_rpc())?;
	let hosts = Hosts::new(client.clone(), limiter.clone());
	merge(&mut module, hosts.into_rpc())?;
	let jobs = Jobs::new(client.clone(), limiter.clone(), executor);
	merge(&mut module, jobs.into_rpc())?;
	Ok(module)
}

/// Methods of a node with BABE and GRANDPA.
pub(crate) fn consensus(
	common_deps: &CommonDeps,
	deps: &ConsensusDeps,
	executor: sc_rpc::SubscriptionTaskExecutor,
) -> Result<RpcModule<()>, ServiceError> {
	let client = &common_deps.client;
	let mut module = common(common_deps, executor.clone())?;
	let babe = Babe::new(
		client.clone(),
		deps.babe.clone(),
		deps.keystore.clone(),
		deps.select_chain.clone(),
	);
	merge(&mut module, babe.into_rpc())?;
	let grandpa = Grandpa::new(
		executor,
		deps.authority_set.clone(),
		deps.voter_state.clone(),
		deps.justifications.clone(),
		deps.finality_proofs.clone(),
	);
	merge(&mut module, grandpa.into_rpc())?;
	let sync_state = SyncState::new(
		deps.chain_spec.cloned_box(),
		client.clone(),
		deps.authority_set.clone(),
		deps.babe.clone(),
	)
	.map_err(|e| ServiceError::Other(e.to_string()))?;
	merge(&mut module, sync_state.into_rpc())?;
	Ok(module)
}

/// Methods of a node that seals at will.
pub(crate) fn instant(
	common_deps: &CommonDeps,
	executor: sc_rpc::SubscriptionTaskExecutor,
	commands: mpsc::Sender<EngineCommand<Hash>>,
) -> Result<RpcModule<()>, ServiceError> {
	let mut module = common(common_deps, executor)?;
	merge(&mut module, ManualSeal::new(commands).into_rpc())?;
	Ok(module)
}

fn merge<T>(module: &mut RpcModule<()>, other: RpcModule<T>) -> Result<(), ServiceError> {
	module
		.merge(other)
		.map_err(|e| ServiceError::Application(e.into()))
}
