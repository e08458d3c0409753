//! Two halves of a network that were cut off from each other come together again.

use noema_cli::chain::{calls, Wait};
use noema_cli::keys::from_uri;
use noema_cli::model::LocalModel;
use subxt::rpcs::client::rpc_params;

use super::{
	account, assert_same_history, best_number, block_hash, finalized_number, infer, number,
	register, request, wait_finalized, Member,
};
use crate::node::until;
use crate::tool::digits;

/// Blocks that each half goes on for, on top of its inferences.
const APART: u64 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn halves_of_a_network_re_organise_to_one_chain() {
	let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
	// A validator without peers makes no blocks unless it is told to.
	let alice_args = ["--alice", "--force-authoring"];
	let bob_args = ["--bob", "--force-authoring"];
	let alice = Member::start(here.path(), "local", &alice_args, &[]).await;
	let bob = Member::start(there.path(), "local", &bob_args, &[&alice]).await;
	let model = LocalModel::open(&digits("digits.onnx")).unwrap();
	let (alices, bobs) = (from_uri("//Alice").unwrap(), from_uri("//Bob").unwrap());
	let release = register(&alice.chain, &alices, &model.bytes, "digits").await;
	let common = best_number(&alice.chain).await;
	wait_finalized(&bob.chain, common).await;

	// Bob comes back at an address that nobody knows, and knows nobody.
	drop(bob);
	let bob = Member::start(there.path(), "local", &bob_args, &[]).await;
	let (left, right) = futures::join!(
		infer(&alice.chain, &alices, &release, &model, 1, Wait::InBlock),
		infer(&bob.chain, &bobs, &release, &model, 2, Wait::InBlock),
	);
	for (chain, outcome) in [(&alice.chain, &left), (&bob.chain, &right)] {
		let end = outcome.number + APART;
		until("each half has gone on by itself", || async {
			(best_number(chain).await >= end).then_some(())
		})
		.await;
		let hash = block_hash(chain, outcome.number).await;
		assert_eq!(hash, Some(outcome.block), "there is a single author");
	}
	assert_ne!(
		block_hash(&alice.chain, right.number).await,
		Some(right.block)
	);
	assert_ne!(block_hash(&bob.chain, left.number).await, Some(left.block));
	// Neither half has enough votes.
	for chain in [&alice.chain, &bob.chain] {
		let end = finalized_number(chain).await;
		assert!(end < left.number.min(right.number), "block {end} is final");
	}

	// Together again, they agree on one of the forks.
	let _: serde_json::Value = request(
		&bob.chain,
		"system_addReservedPeer",
		rpc_params![&alice.address],
	)
	.await;
	let end = left.number.max(right.number) + APART;
	let chains = [&alice.chain, &bob.chain];
	assert_same_history(&chains, end).await;
	let left_kept = block_hash(&alice.chain, left.number).await == Some(left.block);
	let right_kept = block_hash(&alice.chain, right.number).await == Some(right.block);
	assert!(
		left_kept != right_kept,
		"one fork wins: {left_kept} {right_kept}"
	);
	let loser = if left_kept { &bob } else { &alice };
	assert!(
		loser.node.log().contains("Reorg on #"),
		"{}",
		loser.node.log()
	);

	// The transaction of the lost fork is made up for on the other.
	let (at, callers) = until("both inferences are final", || async {
		let at = alice.chain.finalized().await.unwrap();
		let first = alice.chain.receipt(0, Some(at)).await.ok()?;
		let second = alice.chain.receipt(1, Some(at)).await.ok()?;
		Some((at, [first.caller, second.caller]))
	})
	.await;
	for uri in ["//Alice", "//Bob"] {
		assert!(callers.contains(&account(uri).to_string()), "{callers:?}");
	}
	let last = number(&alice.chain, at).await;
	assert_same_history(&chains, last).await;
	let retire = calls::retire("digits", "1");
	let retired = bob.chain.execute(&retire, &alices, Wait::Finalized).await;
	let last = retired.unwrap().number;

	// A node that was not there comes to the same states from genesis.
	let late = tempfile::tempdir().unwrap();
	let late = Member::start(late.path(), "local", &["--sync", "full"], &[&alice, &bob]).await;
	assert_same_history(&[&alice.chain, &bob.chain, &late.chain], last).await;
}
