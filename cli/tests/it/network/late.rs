//! Validators that join late: by full sync, by warp sync and by state sync.

use noema_cli::chain::{calls, Wait};
use noema_cli::keys::from_uri;
use noema_cli::model::{LocalModel, ModelId};
use serde_json::{json, Value};
use subxt::rpcs::client::rpc_params;

use super::spec::four_authorities;
use super::{
	assert_same_history, assert_same_receipt, authors_an_inference, best_number, finalized_number,
	infer, register, request, wait_finalized, wait_gone, Member,
};
use crate::node::until;
use crate::onnx;
use crate::tool::digits;

#[tokio::test(flavor = "multi_thread")]
async fn late_validators_hold_the_same_state_and_author_inferences() {
	let directory = tempfile::tempdir().unwrap();
	let spec = directory.path().join("four.json");
	four_authorities(&spec);
	let spec = spec.to_str().unwrap();
	let folder = |name: &str| {
		let path = directory.path().join(name);
		std::fs::create_dir(&path).unwrap();
		path
	};
	let alice = Member::start(&folder("alice"), spec, &["--alice"], &[]).await;
	let bob = Member::start(&folder("bob"), spec, &["--bob"], &[&alice]).await;
	let peers = [&alice, &bob];
	let charlie = Member::start(&folder("charlie"), spec, &["--charlie"], &peers).await;
	let there = [&alice, &bob, &charlie];

	// What a late node has to go through: models that mature, an inference in one that is then
	// retired and removed, and inferences in one that stays.
	let (alices, bobs) = (from_uri("//Alice").unwrap(), from_uri("//Bob").unwrap());
	let stays = LocalModel::open(&digits("digits.onnx")).unwrap();
	let goes = {
		let path = directory.path().join("matmul.onnx");
		std::fs::write(&path, onnx::matmul(256, 16)).unwrap();
		LocalModel::open(&path).unwrap()
	};
	let (release, gone) = futures::join!(
		register(&alice.chain, &alices, &stays.bytes, "digits"),
		register(&alice.chain, &bobs, &goes.bytes, "matmul"),
	);
	let (first, _) = futures::join!(
		infer(&alice.chain, &alices, &release, &stays, 0, Wait::Finalized),
		infer(&bob.chain, &bobs, &gone, &goes, 0, Wait::InBlock),
	);
	let id = ModelId::of(&goes.bytes);
	let at = alice.chain.at_finalized().await.unwrap();
	let ways_out = vec![
		calls::encode(&at, &calls::retire("matmul", "1")).unwrap(),
		calls::encode(&at, &calls::remove_model(id)).unwrap(),
	];
	let both = calls::batch_all(ways_out);
	alice
		.chain
		.execute(&both, &bobs, Wait::Finalized)
		.await
		.unwrap();
	wait_gone(&alice.chain, id).await;

	for sync in ["full", "warp", "fast"] {
		let start = finalized_number(&alice.chain).await;
		let args = ["--dave", "--sync", sync];
		let dave = Member::start(&folder(sync), spec, &args, &there).await;
		let chains = [&alice.chain, &bob.chain, &charlie.chain, &dave.chain];
		let joined = until(&format!("the node has joined by {sync} sync"), || async {
			let health: Value = request(&dave.chain, "system_health", rpc_params![]).await;
			let number = best_number(&dave.chain).await;
			(health["isSyncing"] == json!(false) && number > start).then_some(number)
		})
		.await;
		// From the next block on, its pool is at the head, too.
		until("the node has taken a new block", || async {
			(best_number(&dave.chain).await > joined).then_some(())
		})
		.await;
		wait_finalized(&dave.chain, start).await;
		// It has the state: what was answered before it came, and which models there are.
		let at = dave.chain.finalized().await.unwrap();
		assert_same_receipt(&chains, first.inferred[0].receipt, at).await;
		assert!(dave.chain.model(id, Some(at)).await.unwrap().is_none());

		let number = authors_an_inference(&dave, "//Dave", &there, &alices, &release, &stays).await;
		assert_same_history(&chains, number).await;
		// The next one has the same keys and knows nothing of this one's votes: they must be history.
		drop(dave);
		let end = finalized_number(&alice.chain).await;
		wait_finalized(&alice.chain, end + 1).await;
	}
}
