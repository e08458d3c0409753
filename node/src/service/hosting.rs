//! The worker of a host, where the command line wants one.

use std::sync::Arc;

use sc_service::{Configuration, Error as ServiceError};
use sp_consensus::SyncOracle;

use super::{
	other,
	partial::{is_for_tests, Partial},
};
use crate::{
	cli::HostingParams,
	hosting::{conduct::Conduct, duty::Party, metrics::HostingMetrics, HostKey, Setup, Worker},
};

/// Starts the worker, if one is wanted. `sync` tells whether the node is behind, if it has peers.
///
/// # Errors
///
/// Fails if the account has no key, or the options do not go together.
pub(crate) fn spawn(
	config: &Configuration,
	parts: &Partial,
	sync: Option<Arc<dyn SyncOracle + Send + Sync>>,
	params: &HostingParams,
) -> Result<(), ServiceError> {
	let (host, watch) = (params.host.as_deref(), params.watch.as_deref());
	let Some(account) = host.or(watch) else {
		return Ok(());
	};
	let for_tests = is_for_tests(&config.chain_spec.chain_type());
	let open = |account| HostKey::open(account, for_tests, parts.keystore.keystore());
	let key = open(account).map_err(other)?;
	if let Some(watcher) = watch {
		if open(watcher).map_err(other)?.account() != key.account() {
			return Err(other(
				"--host and --watch name two accounts; one node acts for one account, so run a second \
				 node for the other",
			));
		}
	}
	let spawner = parts.task_manager.spawn_handle();
	let setup = Setup {
		client: parts.client.clone(),
		pool: parts.pool.clone(),
		spawner: spawner.clone(),
		sync,
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
		metrics: HostingMetrics::new(config.prometheus_registry())?,
	};
	spawner.spawn("hosting", Some("hosting"), Worker::new(setup).run());
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
