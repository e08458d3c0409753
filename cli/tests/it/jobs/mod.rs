//! Jobs: inference off the block, by nodes that host.
//!
//! ```text
//!   answer     one node, from the request to the pay          bad_input   what is refused, and why
//!   restart    a host that is killed in each phase of a job and of a dispute
//!   watch      a watcher against a host that lies
//!   network    four validators, five hosts, a watcher:        honest      they do their work
//!              by `.ci/long/hosts.sh`                          byzantine   some or all of them cheat
//!   resnet     a dispute about a step of ResNet-50, by the same
//! ```

mod answer;
mod bad_input;
mod byzantine;
mod forge;
mod heavy;
mod honest;
mod ledger;
mod network;
mod params;
mod resnet;
mod restart;
mod watch;

use std::time::Duration;

use noema_cli::chain::calls::{self, hosting, jobs, Call, NamedTensor};
use noema_cli::chain::jobs::{Job, Phase};
use noema_cli::chain::{upload, Chain, Wait};
use noema_cli::keys::{account_of, from_uri};
use noema_cli::model::LocalModel;
use noema_cli::release::Release;
use noema_cli::tensor::Tensor;
use subxt::dynamic;
use subxt_signer::sr25519::Keypair;

use crate::node::until_within;

/// One token.
const NOE: u128 = 1_000_000_000_000;

/// How long a job may take: a draw alone takes a minute, and each window in which somebody stays away its
/// whole length.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

/// A development key.
fn key(uri: &str) -> Keypair {
	from_uri(uri).unwrap()
}

/// Puts a file on the chain and releases it as `owner/name@1`. It may be too heavy to be called in a
/// block, and is not waited for to be callable.
async fn release(chain: &Chain, owner: &Keypair, file: &[u8], name: &str) -> Release {
	let id = upload::ensure_submitted(chain, owner, file, &mut |_| ())
		.await
		.unwrap();
	upload::wait_admitted(chain, id, &mut |_| ()).await.unwrap();
	chain
		.execute(&calls::release(id, name, "1", 0), owner, Wait::Finalized)
		.await
		.unwrap();
	Release {
		owner: account_of(owner),
		name: name.into(),
		version: "1".into(),
	}
}

/// Makes an account a host that takes as many jobs as it may, asks 5 NOE for a second, and has `stake`
/// more than before bonded.
async fn bond(chain: &Chain, host: &Keypair, stake: u128) {
	let known = chain.host(&account_of(host)).await.unwrap().is_some();
	let bond = if known {
		hosting::bond_extra(stake)
	} else {
		hosting::bond(stake)
	};
	let at = chain.at_best().await.unwrap();
	let capacity = dynamic::constant::<u32>("Hosting", "MaxCapacity");
	let capacity = at.constants().entry(capacity).unwrap();
	let terms = hosting::set_terms(5 * NOE, capacity, None);
	let both = [
		calls::encode(&at, &bond).unwrap(),
		calls::encode(&at, &terms).unwrap(),
	];
	execute(chain, host, &calls::batch_all(both.to_vec())).await;
}

/// Commits `stake` of a host's bond to each of these models.
async fn commit(chain: &Chain, host: &Keypair, models: &[&LocalModel], stake: u128) {
	let at = chain.at_best().await.unwrap();
	let calls = models
		.iter()
		.map(|model| calls::encode(&at, &hosting::commit(model.id, stake)).unwrap())
		.collect();
	execute(chain, host, &calls::batch_all(calls)).await;
}

/// The chain's first host has no node here, so it must not be drawn.
async fn chill_first_host(chain: &Chain) {
	let first = key("//Alice//stash");
	if chain.host(&account_of(&first)).await.unwrap().is_some() {
		execute(chain, &first, &hosting::chill(None)).await;
	}
}

/// Sends a call that must succeed, and waits until that is final.
async fn execute<Args: subxt::ext::scale_encode::EncodeAsFields>(
	chain: &Chain,
	key: &Keypair,
	call: &Call<Args>,
) {
	let done = chain.execute(call, key, Wait::Finalized).await;
	done.unwrap_or_else(|error| panic!("{error}"));
}

/// Requests in one extrinsic: together they weigh less than a block takes.
const REQUESTS: usize = 8;

/// Asks for a job for each of these inputs; returns their numbers.
async fn ask(
	chain: &Chain,
	requester: &Keypair,
	release: &Release,
	committee: u8,
	inputs: &[Vec<Tensor>],
) -> Vec<u64> {
	let terms = jobs::Terms {
		committee,
		min_stake: 0,
		max_price: 10 * NOE,
	};
	let mut numbers = Vec::new();
	for some in inputs.chunks(REQUESTS) {
		let at = chain.at_finalized().await.unwrap();
		let requests = some
			.iter()
			.map(|inputs| {
				let payload = jobs::Payload::Inline(inputs.iter().map(NamedTensor::from).collect());
				calls::encode(&at, &jobs::request(release, payload, terms)).unwrap()
			})
			.collect();
		let outcome = chain
			.execute(&calls::batch_all(requests), requester, Wait::Finalized)
			.await
			.unwrap_or_else(|error| panic!("{error}"));
		numbers.extend(outcome.requested.iter().map(|asked| asked.job));
	}
	assert_eq!(numbers.len(), inputs.len(), "each request opens a job");
	numbers
}

/// Waits until a job is in the phase, on the best chain, and shows it as it is then.
async fn wait_phase(chain: &Chain, id: u64, what: &str, is: impl Fn(&Phase) -> bool) -> Job {
	until_within(PATIENCE, &format!("job {id} is {what}"), || async {
		let job = chain.job(id, None).await.ok()?;
		assert!(
			job.phase != Phase::Done || is(&job.phase),
			"job {id} is over before it was {what}: {job:?}"
		);
		is(&job.phase).then_some(job)
	})
	.await
}

/// Waits until a job is over, and shows it as it is then in the final blocks.
async fn wait_done(chain: &Chain, id: u64) -> Job {
	until_within(PATIENCE, &format!("job {id} is over"), || async {
		let at = chain.finalized().await.ok()?;
		let job = chain.job(id, Some(at)).await.ok()?;
		(job.phase == Phase::Done).then_some(job)
	})
	.await
}
