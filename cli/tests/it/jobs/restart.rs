//! A host that is killed in each phase of a job, and of a dispute about it, goes on where it was: it
//! answers, is paid, and loses nothing.

use std::path::Path;

use noema_cli::chain::jobs::{Ending, Phase};
use noema_cli::model::LocalModel;

use super::forge::{heaviest_step, Forged};
use super::heavy::block_ref_time;
use super::ledger::Ledger;
use super::params::{self, Windows};
use super::{ask, bond, chill_first_host, commit, key, release, wait_done, wait_phase, NOE};
use crate::network::{account, finalized_number, inputs, Member};
use crate::tool::digits;

const HOST: &str = "//Bob//stash";

/// The host's node, or the same again after it was killed.
async fn start(directory: &Path, validator: &Member) -> Member {
	Member::start(directory, "dev", &["--host", HOST], &[validator]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_killed_in_any_phase_answers_and_is_not_slashed() {
	let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
	let args = ["--alice", "--state-pruning", "archive"];
	let validator = Member::start(here.path(), "dev", &args, &[]).await;
	let chain = &validator.chain;
	let model = LocalModel::open(&digits("digits.onnx")).unwrap();
	let (host, requester, liar) = (key(HOST), key("//Charlie"), key("//Dave"));
	let windows = Windows {
		work: 400,
		challenge: 60,
		renewed: 4,
		audits: false,
	};
	let (node, (), (), (), digits) = futures::join!(
		start(there.path(), &validator),
		params::set(chain, windows),
		chill_first_host(chain),
		bond(chain, &host, 1_000 * NOE),
		release(chain, &requester, &model.bytes, "digits"),
	);
	commit(chain, &host, &[&model], 500 * NOE).await;
	let before = finalized_number(chain).await;
	let asked = inputs(&model, 3);
	let requests = [asked.clone()];
	let id = ask(chain, &requester, &digits, 1, &requests).await[0];

	// Before it commits: it works only on what is final, and this is known before it is.
	wait_phase(chain, id, "drawn", |phase| {
		matches!(phase, Phase::Committing { .. } | Phase::Revealing { .. })
	})
	.await;
	drop(node);
	let node = start(there.path(), &validator).await;

	// After it has committed: the salt must not be lost.
	wait_phase(chain, id, "committed to", |phase| {
		!matches!(phase, Phase::Drawing { .. } | Phase::Committing { .. })
	})
	.await;
	drop(node);
	let node = start(there.path(), &validator).await;

	// After it has revealed: it is away while somebody challenges its answer falsely.
	wait_phase(chain, id, "answered", |phase| {
		matches!(phase, Phase::Challengeable { .. })
	})
	.await;
	drop(node);
	let lie = Forged::trace(&model, &asked, heaviest_step(&model));
	lie.dispute(chain, &liar, id).await;
	let node = start(there.path(), &validator).await;

	// After it has posted its leaves: the referee must be called.
	let job = wait_phase(chain, id, "before the referee", |phase| {
		!matches!(phase, Phase::Posting { .. })
	})
	.await;
	assert!(
		matches!(job.phase, Phase::Refereeing { step, .. } if step == lie.step),
		"{job:?}"
	);
	drop(node);
	let _node = start(there.path(), &validator).await;

	let job = wait_done(chain, id).await;
	assert_eq!(job.ending, Some(Ending::Answered));
	assert_eq!(job.outputs, Some(model.run(&asked).unwrap()));
	let ledger = Ledger::read(chain, before, finalized_number(chain).await).await;
	ledger.assert_balanced();
	let books = &ledger.jobs[&id];
	assert!(books.slashed.is_empty(), "{books:?}");
	assert!(books.paid[&account(HOST)] > 0, "{books:?}");
	assert!(books.bounties[&account(HOST)] > 0, "{books:?}");
	let losers: Vec<_> = ledger.losers().into_iter().collect();
	assert_eq!(losers, [account("//Dave")]);
	let [judged] = &books.refereed[..] else {
		panic!("one extrinsic of the referee settles it: {books:?}")
	};
	assert_eq!(judged.step, lie.step);
	assert!(judged.ref_time <= block_ref_time(chain, judged.block).await / 20);
	let known = chain.host(&account(HOST)).await.unwrap().unwrap();
	assert_eq!((known.slashed, known.assigned), (0, 0), "{known:?}");
}
