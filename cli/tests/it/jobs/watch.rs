//! A node that watches finds a wrong answer, challenges it, and has it refuted, though nobody else does.

use noema_cli::chain::jobs::{Ending, Phase};
use noema_cli::keys::account_of;
use noema_cli::model::LocalModel;

use super::forge::{heaviest_step, Forged};
use super::ledger::Ledger;
use super::params::{self, Windows};
use super::{
	ask, bond, chill_first_host, commit, execute, key, release, wait_done, wait_phase, NOE,
};
use crate::network::{finalized_number, inputs};
use crate::node::Node;
use crate::tool::digits;

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_refutes_a_committee_that_lies() {
	let directory = tempfile::tempdir().unwrap();
	let node = Node::start(directory.path(), &["--dev", "--watch", "//Ferdie"]).await;
	let chain = node.chain().await;
	let model = LocalModel::open(&digits("digits.onnx")).unwrap();
	// A host without a node: the test does by hand what it does.
	let (liar, watcher, requester) = (key("//Eve//stash"), key("//Ferdie"), key("//Charlie"));
	let (liar_account, watcher_account) = (account_of(&liar), account_of(&watcher));
	let windows = Windows {
		work: 200,
		challenge: 100,
		renewed: 4,
		audits: false,
	};
	let ((), (), (), digits) = futures::join!(
		params::set(&chain, windows),
		chill_first_host(&chain),
		bond(&chain, &liar, 1_000 * NOE),
		release(&chain, &requester, &model.bytes, "digits"),
	);
	commit(&chain, &liar, &[&model], 500 * NOE).await;
	let before = finalized_number(&chain).await;
	let asked = inputs(&model, 5);
	let requests = [asked.clone()];
	let id = ask(&chain, &requester, &digits, 1, &requests).await[0];

	// All of the committee says the same, and it is wrong.
	let lie = Forged::answer(&model, &asked, heaviest_step(&model));
	wait_phase(&chain, id, "drawn", |phase| {
		matches!(phase, Phase::Committing { .. })
	})
	.await;
	execute(&chain, &liar, &lie.commit(id, &liar_account)).await;
	execute(&chain, &liar, &lie.reveal(id)).await;
	let job = wait_phase(&chain, id, "challenged", |phase| phase.is_dispute()).await;
	assert!(
		job.claims
			.iter()
			.any(|claim| claim.claimant == watcher_account.to_string()),
		"{job:?}"
	);
	execute(&chain, &liar, &lie.post_leaves(id)).await;

	let job = wait_done(&chain, id).await;
	assert_eq!(job.ending, Some(Ending::Answered));
	assert_eq!(job.outputs, Some(model.run(&asked).unwrap()));
	let ledger = Ledger::read(&chain, before, finalized_number(&chain).await).await;
	ledger.assert_balanced();
	let books = &ledger.jobs[&id];
	assert!(books.paid.is_empty(), "{books:?}");
	assert!(books.slashed[&liar_account] > 0, "{books:?}");
	assert!(books.bounties[&watcher_account] > 0, "{books:?}");
	assert_eq!(
		ledger.losers().into_iter().collect::<Vec<_>>(),
		[liar_account]
	);
	let [judged] = &books.refereed[..] else {
		panic!("one extrinsic of the referee settles it: {books:?}")
	};
	assert_eq!(judged.step, lie.step);
}
