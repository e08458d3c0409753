//! The worker of a host, where the command line wants one.

use std::sync::Arc;

use sc_service::{ChainType, Error as ServiceError, SpawnTaskHandle};
use sp_consensus::SyncOracle;
use sp_keystore::KeystorePtr;
use substrate_prometheus_endpoint::Registry;

use super::{other, partial::is_for_tests, FullClient, FullPool};
use crate::{
	cli::HostingParams,
	hosting::{conduct::Conduct, duty::Party, metrics::HostingMetrics, HostKey, Setup, Worker},
};

/// What the worker needs of the node.
pub(crate) struct Node<'a> {
	/// The client.
	pub(crate) client: Arc<FullClient>,
	/// The transaction pool.
	pub(crate) pool: Arc<FullPool>,
	/// Where the key is.
	pub(crate) keystore: KeystorePtr,
	/// Where the worker runs.
	pub(crate) spawner: SpawnTaskHandle,
	/// Whether the node is behind, if it has peers.
	pub(crate) sync: Option<Arc<dyn SyncOracle + Send + Sync>>,
	/// What chain it is.
	pub(crate) chain: &'a ChainType,
	/// Where metrics are registered.
	pub(crate) prometheus: Option<&'a Registry>,
}

/// Starts the worker, if one is wanted.
///
/// # Errors
///
/// Fails if the account has no key, or the options do not go together.
pub(crate) fn spawn(node: Node<'_>, params: &HostingParams) -> Result<(), ServiceError> {
	let (host, watch) = (params.host.as_deref(), params.watch.as_deref());
	let for_tests = is_for_tests(node.chain);
	let Some(account) = host.or(watch) else {
		return Ok(());
	};
	let key = HostKey::open(account, for_tests, node.keystore.clone()).map_err(other)?;
	if let Some(watcher) = watch {
		let watcher = HostKey::open(watcher, for_tests, node.keystore).map_err(other)?;
		if watcher.account() != key.account() {
			return Err(other(
				"--host and --watch name two accounts; one node acts for one account, so run a second \
				 node for the other",
			));
		}
	}
	let setup = Setup {
		client: node.client,
		pool: node.pool,
		spawner: node.spawner.clone(),
		sync: node.sync,
		party: Party {
			account: key.account(),
			hosts: host.is_some(),
			watches: watch.is_some(),
		},
		key,
		conduct: conduct(params, for_tests)?,
		threads: params.host_threads.get() as usize,
		max_tip: noema_runtime::Balance::from(params.host_max_tip)
			.saturating_mul(noema_runtime::constants::money::MILLI_NOE),
		metrics: HostingMetrics::new(node.prometheus)?,
	};
	node.spawner
		.spawn("hosting", Some("hosting"), Worker::new(setup).run());
	Ok(())
}

#[cfg(not(feature = "byzantine"))]
#[allow(clippy::unnecessary_wraps)]
fn conduct(_: &HostingParams, _for_tests: bool) -> Result<Conduct, ServiceError> {
	Ok(Conduct)
}

#[cfg(feature = "byzantine")]
fn conduct(params: &HostingParams, for_tests: bool) -> Result<Conduct, ServiceError> {
	match params.misdeed {
		Some(_) if !for_tests => Err(other("--misdeed is for development and local chains only")),
		misdeed => Ok(Conduct::new(misdeed)),
	}
}
