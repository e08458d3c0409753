//! Two nodes agree: the second imports every inference and holds the same state roots, though it
//! computes with another instruction set.

use std::path::PathBuf;

use noema_cli::chain::Wait;
use noema_cli::keys::from_uri;
use noema_cli::model::LocalModel;

use super::{assert_same_history, assert_same_receipt, infer, register, Member};
use crate::tool::digits;

/// A model of Python's `onnx` package, by the name of its file.
fn onnx_model(name: &str) -> PathBuf {
	let Some(directory) = std::env::var_os("NOEMA_ONNX_MODELS") else {
		panic!(
			"NOEMA_ONNX_MODELS is not set: let it name the folder backend/test/data/light of \
			 Python's `onnx` package; `scripts/test.sh tests` fetches the package and sets it"
		);
	};
	let path = PathBuf::from(directory).join(name);
	assert!(
		path.is_file(),
		"{} is missing: NOEMA_ONNX_MODELS is to name the folder backend/test/data/light of \
		 Python's `onnx` package",
		path.display()
	);
	path
}

#[tokio::test(flavor = "multi_thread")]
async fn two_validators_agree_on_digits_squeezenet_and_shufflenet() {
	let files = [
		("digits", "//Alice", digits("digits.onnx")),
		("squeezenet", "//Bob", onnx_model("light_squeezenet.onnx")),
		(
			"shufflenet",
			"//Charlie",
			onnx_model("light_shufflenet.onnx"),
		),
	];
	let models = files.map(|(name, uri, path)| {
		let key = from_uri(uri).unwrap();
		(name, key, LocalModel::open(&path).unwrap())
	});

	let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
	let alice = Member::start(here.path(), "local", &["--alice"], &[]).await;
	// Alice computes with the best that the machine has, Bob with the least that all of its kind have.
	let least = if cfg!(target_arch = "x86_64") {
		"sse2"
	} else {
		"scalar"
	};
	let bob = Member::start(there.path(), "local", &["--bob", "--isa", least], &[&alice]).await;
	assert!(bob.node.log().contains(&format!("Inferring with {least}")));
	let chains = [&alice.chain, &bob.chain];

	// Each by an account of its own, so that none waits for another's nonce.
	let releases = futures::future::join_all(
		models
			.iter()
			.map(|(name, key, model)| register(&alice.chain, key, &model.bytes, name)),
	)
	.await;

	// Both sides take transactions, so both author and both import.
	let mut last = 0;
	for round in 0..4 {
		let chain = chains[round % 2];
		let mixed = models.iter().zip(&releases);
		let outcomes = futures::future::join_all(mixed.map(|((_, key, model), release)| {
			infer(chain, key, release, model, round, Wait::Finalized)
		}))
		.await;
		for outcome in outcomes {
			let receipt = outcome.inferred[0].receipt;
			assert_same_receipt(&chains, receipt, outcome.block).await;
			last = last.max(outcome.number);
		}
	}
	assert_same_history(&chains, last).await;
}
