//! A validator authors only once it has the plans of all models that may be called, and always has
//! room for them.

use noema_cli::chain::Wait;
use noema_cli::keys::from_uri;
use noema_cli::model::{LocalModel, ModelId};

use super::{assert_same_history, authors_an_inference, infer, register, Member};
use crate::onnx;

/// What the node logs when it has made a block.
const AUTHORED: &str = "Pre-sealed block";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_validator_authors_once_it_has_all_plans() {
	let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
	let alice = Member::start(here.path(), "local", &["--alice"], &[]).await;
	let bob = Member::start(there.path(), "local", &["--bob"], &[&alice]).await;

	// Its plan takes 12 MiB.
	let file = here.path().join("large.onnx");
	std::fs::write(&file, onnx::matmul(2048, 1536)).unwrap();
	let model = LocalModel::open(&file).unwrap();
	let id = ModelId::of(&model.bytes);
	let key = from_uri("//Alice").unwrap();
	let release = register(&alice.chain, &key, &model.bytes, "large").await;
	infer(&bob.chain, &key, &release, &model, 0, Wait::Finalized).await;

	// Killed, and back with no room in the cache: what a block needs has room all the same. It
	// authors, and the plan was built before.
	drop(bob);
	let args = [
		"--bob",
		"--plan-cache-mib",
		"1",
		"-l",
		"noema::prefetch=debug",
	];
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
