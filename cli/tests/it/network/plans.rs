//! A validator authors only while it has the plans of all models that may be called; it imports
//! without.

use noema_cli::chain::Wait;
use noema_cli::keys::from_uri;
use noema_cli::model::LocalModel;

use super::{
	account, assert_same_history, author, authors_an_inference, best_number, block_hash, infer,
	register, Member,
};
use crate::node::until;
use crate::onnx;

/// What the node logs when it has made a block.
const AUTHORED: &str = "Pre-sealed block";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_validator_authors_once_it_has_all_plans_and_imports_before() {
	let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
	let alice = Member::start(here.path(), "local", &["--alice"], &[]).await;
	let bob = Member::start(there.path(), "local", &["--bob"], &[&alice]).await;

	// Its plan takes 12 MiB.
	let file = here.path().join("large.onnx");
	std::fs::write(&file, onnx::matmul(2048, 1536)).unwrap();
	let model = LocalModel::open(&file).unwrap();
	let key = from_uri("//Alice").unwrap();
	let release = register(&alice.chain, &key, &model.bytes, "large").await;
	infer(&bob.chain, &key, &release, &model, 0, Wait::Finalized).await;

	// Killed, and back with no room for that plan: it never has it when its slot comes.
	drop(bob);
	let args = ["--bob", "--plan-cache-mib", "1"];
	let bob = Member::start(there.path(), "local", &args, &[&alice]).await;
	let start = best_number(&alice.chain).await;
	let id = model.id.to_string();
	let declined = |log: &str| {
		log.lines()
			.any(|line| line.contains("no block on") && line.contains(&id))
	};
	until("the validator has declined to author", || async {
		declined(&bob.node.log()).then_some(())
	})
	.await;
	// It works the answers out all the same, or it would not vote: two of two make a block final.
	let mut last = start;
	for round in 1..4 {
		let outcome = infer(&alice.chain, &key, &release, &model, round, Wait::Finalized).await;
		last = outcome.number;
	}
	assert_same_history(&[&alice.chain, &bob.chain], last).await;
	for number in start + 1..=last {
		let block = block_hash(&alice.chain, number).await.unwrap();
		assert_eq!(author(&alice.chain, block).await, account("//Alice"));
	}
	assert!(!bob.node.log().contains(AUTHORED), "{}", bob.node.log());

	// Killed again, and back with room: it authors, and the plan was built before.
	drop(bob);
	let args = ["--bob", "-l", "noema::prefetch=debug"];
	let bob = Member::start(there.path(), "local", &args, &[&alice]).await;
	let last = authors_an_inference(&bob, "//Bob", &[&alice], &key, &release, &model).await;
	assert_same_history(&[&alice.chain, &bob.chain], last).await;
	let log = bob.node.log();
	let ready = log.find(&format!("model {id}: Ready"));
	let authored = log.find(AUTHORED);
	assert!(
		ready.is_some() && ready < authored,
		"{ready:?} {authored:?}\n{log}"
	);
}
