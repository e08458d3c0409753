//! Four validators, five hosts and a watcher, of which some hosts may cheat.

use std::collections::BTreeSet;

use noema_cli::chain::jobs::Ending;
use noema_cli::chain::Chain;
use noema_cli::model::LocalModel;
use noema_cli::release::Release;
use noema_cli::tensor::Tensor;
use subxt::utils::AccountId32;

use super::ledger::Ledger;
use super::params::{self, Windows};
use super::{ask, bond, commit, heavy, key, release, wait_done, NOE};
use crate::network::spec::four_authorities;
use crate::network::{account, finalized_number, inputs, Member};
use crate::node::Build;

/// The hosts, by their accounts.
pub(super) const HOSTS: [&str; 5] = [
	"//Alice//stash",
	"//Bob//stash",
	"//Charlie//stash",
	"//Dave//stash",
	"//Eve//stash",
];
/// Who watches.
pub(super) const WATCHER: &str = "//Ferdie";
/// Who asks.
const REQUESTER: &str = "//One";
/// Jobs that are open at the same time: as many as two cores compute within the windows.
const AT_ONCE: usize = 20;

/// A host that cheats: its place among [`HOSTS`], and what it does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cheat {
	/// Which host.
	pub(super) host: usize,
	/// As `--misdeed` has it.
	pub(super) misdeed: &'static str,
}

/// The network, and a model on it that is too heavy for a block.
pub(super) struct HostNetwork {
	validators: Vec<Member>,
	_hosts: Vec<Member>,
	_watcher: Member,
	model: LocalModel,
	release: Release,
	/// Dropped last.
	_directory: tempfile::TempDir,
}

/// How many jobs of each kind: `NOEMA_JOBS`, or twenty.
pub(super) fn jobs() -> usize {
	std::env::var("NOEMA_JOBS").map_or(20, |jobs| jobs.parse().expect("a number of jobs"))
}

impl HostNetwork {
	/// Starts all nodes, bonds the hosts, registers the model and has all hosts committed to it.
	pub(super) async fn start(cheats: &[Cheat], windows: Windows) -> Self {
		let directory = tempfile::tempdir().unwrap();
		let folder = |name: &str| {
			let path = directory.path().join(name);
			std::fs::create_dir(&path).unwrap();
			path
		};
		let spec = directory.path().join("four.json");
		four_authorities(&spec);
		let spec = spec.to_str().unwrap();

		let mut validators: Vec<Member> = Vec::new();
		for name in ["alice", "bob", "charlie", "dave"] {
			let flag = format!("--{name}");
			// The ledger is read from the states of many blocks.
			let args = [flag.as_str(), "--state-pruning", "archive"];
			let peers: Vec<&Member> = validators.iter().collect();
			let member = Member::start(&folder(name), spec, &args, &peers).await;
			validators.push(member);
		}
		let peers: Vec<&Member> = validators.iter().collect();
		let hosts = HOSTS.iter().enumerate().map(|(place, uri)| {
			let mut args = vec!["--host", *uri];
			let mut build = Build::Release;
			if let Some(cheat) = cheats.iter().find(|cheat| cheat.host == place) {
				args.extend(["--misdeed", cheat.misdeed]);
				build = Build::Byzantine;
			}
			let (folder, peers) = (folder(&format!("host-{place}")), &peers);
			async move { Member::start_build(build, &folder, spec, &args, peers).await }
		});
		let hosts = futures::future::join_all(hosts).await;
		let watching = ["--watch", WATCHER];
		let watcher = Member::start(&folder("watcher"), spec, &watching, &peers).await;

		let model = heavy::open(directory.path());
		let chain = &validators[0].chain;
		let owner = key("//Two");
		let keys = HOSTS.map(key);
		let bonds = keys.iter().map(|host| bond(chain, host, 10_000 * NOE));
		let ((), _, release) = futures::join!(
			params::set(chain, windows),
			futures::future::join_all(bonds),
			release(chain, &owner, &model.bytes, "heavy"),
		);
		let models = [&model];
		let commits = keys
			.iter()
			.map(|host| commit(chain, host, &models, 5_000 * NOE));
		futures::future::join_all(commits).await;
		heavy::assert_too_heavy_for_a_block(chain, &model).await;
		Self {
			validators,
			_hosts: hosts,
			_watcher: watcher,
			model,
			release,
			_directory: directory,
		}
	}

	/// A validator's connection.
	pub(super) fn chain(&self) -> &Chain {
		&self.validators[0].chain
	}

	/// Asks for `count` jobs of `committee` hosts each, waits until all are over, and asserts that each
	/// has the right answer and that the books balance, which it returns.
	pub(super) async fn play(&self, count: usize, committee: u8) -> Ledger {
		let chain = self.chain();
		let requester = key(REQUESTER);
		let before = finalized_number(chain).await;
		let all: Vec<Vec<Tensor>> = (0..count).map(|seed| inputs(&self.model, seed)).collect();
		for some in all.chunks(AT_ONCE) {
			let numbers = ask(chain, &requester, &self.release, committee, some).await;
			for (number, inputs) in numbers.into_iter().zip(some) {
				// All run at the same time; one after the other is waited for.
				let job = wait_done(chain, number).await;
				assert_eq!(job.ending, Some(Ending::Answered), "{job:?}");
				let right = self.model.run(inputs).unwrap();
				assert_eq!(job.outputs.as_ref(), Some(&right), "job {}", job.id);
				assert_eq!(job.escrow, 0, "{job:?}");
			}
		}
		for uri in HOSTS {
			let host = chain.host(&account(uri)).await.unwrap().unwrap();
			assert_eq!((host.assigned, host.locked()), (0, 0), "{host:?}");
		}
		let ledger = Ledger::read(chain, before, finalized_number(chain).await).await;
		assert_eq!(ledger.jobs.len(), count);
		ledger.assert_balanced();
		ledger
	}
}

/// The accounts of cheats.
pub(super) fn accounts(cheats: &[Cheat]) -> BTreeSet<AccountId32> {
	cheats
		.iter()
		.map(|cheat| account(HOSTS[cheat.host]))
		.collect()
}
