//! Hosts that cheat, on a network: every wrong output is refused, whoever cheats loses stake in each job,
//! nobody honest loses anything, and the books balance.
//!
//! A test for each misdeed that the byzantine build of the node knows.

use std::collections::BTreeSet;

use super::network::{accounts, jobs, Cheat, HostNetwork, HOSTS, WATCHER};
use super::params::Windows;
use crate::network::account;

/// What a misdeed costs who does it, in each job for which it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Price {
	/// Some or all of its stake behind the job.
	Stake,
	/// The bond of a challenge, whether or not it was drawn.
	Bond,
	/// Nothing: the chain refuses the attempt, and what else it does is right.
	Fee,
}

/// Windows that leave a slow machine the time to compute all jobs of a batch, and a watcher to challenge.
const WINDOWS: Windows = Windows {
	work: 100,
	challenge: 60,
	renewed: 30,
	audits: false,
};

/// Has the hosts at these places do something, in all jobs.
async fn cheat(hosts: &[usize], misdeed: &'static str, price: Price) {
	let cheats: Vec<Cheat> = hosts
		.iter()
		.map(|host| Cheat {
			host: *host,
			misdeed,
		})
		.collect();
	play(&cheats, |_| price).await;
}

async fn play(cheats: &[Cheat], price: impl Fn(&str) -> Price) {
	let network = HostNetwork::start(cheats, WINDOWS).await;
	// Four of five: two cheats cannot both stay out of a committee.
	let ledger = network.play(jobs(), 4).await;

	let liars = accounts(cheats);
	let honest: BTreeSet<_> = ledger.losers().difference(&liars).copied().collect();
	assert!(honest.is_empty(), "honest accounts have lost: {honest:?}");
	for (job, books) in &ledger.jobs {
		let mut lost = 0;
		for Cheat { host, misdeed } in cheats {
			let who = account(HOSTS[*host]);
			let fined = match price(misdeed) {
				Price::Stake => &books.slashed,
				Price::Bond => &books.challengers,
				Price::Fee => {
					assert!(!books.slashed.contains_key(&who), "job {job}: {books:?}");
					continue;
				}
			};
			lost += usize::from(fined.contains_key(&who));
			// All who were drawn lie; of false challenges one is enough.
			let lied = price(misdeed) == Price::Stake && books.drawn.contains(&who);
			assert!(
				!lied || fined.contains_key(&who),
				"job {job}: {who} has lost nothing for {misdeed}: {books:?}"
			);
		}
		let free = cheats
			.iter()
			.all(|cheat| price(cheat.misdeed) == Price::Fee);
		assert!(free || lost > 0, "job {job}: nobody was fined: {books:?}");
	}

	for (place, uri) in HOSTS.iter().enumerate() {
		let host = network.chain().host(&account(uri)).await.unwrap().unwrap();
		if !cheats.iter().any(|cheat| cheat.host == place) {
			assert_eq!(host.slashed, 0, "{host:?}");
		}
	}
	let watched: u128 = ledger
		.jobs
		.values()
		.filter_map(|books| books.bounties.get(&account(WATCHER)))
		.sum();
	println!("the watcher has earned {watched} by challenges");
}

macro_rules! misdeeds {
	($($name:ident: $misdeed:literal by $hosts:expr, $price:ident;)*) => {
		$(
			#[tokio::test(flavor = "multi_thread")]
			#[ignore = "takes many minutes: .ci/long/hosts.sh"]
			async fn $name() {
				cheat(&$hosts, $misdeed, Price::$price).await;
			}
		)*
	};
}

misdeeds! {
	wrong_answer: "wrong-answer" by [1, 3], Stake;
	copied_answer: "copied-answer" by [1, 3], Stake;
	other_model: "other-model" by [1, 3], Stake;
	wrong_trace: "wrong-trace" by [1, 3], Stake;
	wrong_output: "wrong-output" by [1, 3], Stake;
	late_commit: "late-commit" by [1, 3], Stake;
	no_commit: "no-commit" by [1, 3], Stake;
	no_reveal: "no-reveal" by [1, 3], Stake;
	two_reveals: "two-reveals" by [1, 3], Fee;
	false_challenge: "false-challenge" by [1, 3], Bond;
	silent_in_dispute: "silent-in-dispute" by [1, 3], Stake;
	oversize_tensors: "oversize-tensors" by [1, 3], Stake;
	bad_proof: "bad-proof" by [1, 3], Stake;
	collusion: "collusion" by [0, 1, 2, 3, 4], Stake;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes many minutes: .ci/long/hosts.sh"]
async fn all_but_one() {
	let misdeeds = ["wrong-answer", "wrong-trace", "no-reveal", "no-commit"];
	let cheats: Vec<Cheat> = (1..)
		.zip(misdeeds)
		.map(|(host, misdeed)| Cheat { host, misdeed })
		.collect();
	play(&cheats, |_| Price::Stake).await;
}
