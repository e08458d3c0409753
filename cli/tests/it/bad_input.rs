//! Each kind of bad input has its own clear error, and changes nothing but the fee.

use noema_cli::chain::types::Balance;
use noema_cli::chain::{calls, upload, Chain, ChainError, Wait};
use noema_cli::keys::{account_of, from_uri};
use noema_cli::model::{LocalModel, ModelId, CHUNK_SIZE};
use noema_cli::release::Release;
use noema_cli::tensor::{DType, Tensor};
use subxt::dynamic;
use subxt::ext::scale_encode::EncodeAsFields;
use subxt_signer::sr25519::Keypair;

use crate::node::Node;
use crate::onnx;
use crate::tool::{digits, noema, noema_async, strings};

fn key(uri: &str) -> Keypair {
	from_uri(uri).unwrap()
}

/// What a failed call must leave as it was.
#[derive(Debug, PartialEq)]
struct Snapshot {
	receipts: u64,
	models: String,
	others: Vec<Balance>,
}

async fn snapshot(chain: &Chain, but: &Keypair) -> Snapshot {
	let at = chain.at_best().await.unwrap();
	let receipts = at
		.storage()
		.fetch(dynamic::storage::<(), u64>("Inference", "NextReceipt"), ())
		.await
		.unwrap()
		.decode()
		.unwrap();
	let mut models = Vec::new();
	for model in chain.models().await.unwrap() {
		models.push(chain.model(model.id, None).await.unwrap());
	}
	let mut others = Vec::new();
	for uri in ["//Alice", "//Bob", "//Poor"] {
		let account = account_of(&key(uri));
		// The caller pays the fee; the sole validator earns it.
		if account != account_of(but) && uri != "//Alice" {
			others.push(chain.balance(&account).await.unwrap());
		}
	}
	Snapshot {
		receipts,
		models: serde_json::to_string(&models).unwrap(),
		others,
	}
}

/// Sends a call that must fail in its block with this error, and cost its fee and nothing else.
pub(crate) async fn fails<Args: EncodeAsFields>(
	chain: &Chain,
	signer: &Keypair,
	call: &calls::Call<Args>,
	expected: &str,
) {
	let account = account_of(signer);
	let before = (
		snapshot(chain, signer).await,
		chain.balance(&account).await.unwrap(),
	);
	let error = chain
		.execute(call, signer, Wait::InBlock)
		.await
		.unwrap_err();
	let ChainError::Dispatch { failure, fee, .. } = &error else {
		panic!("{expected} was expected: {error}")
	};
	assert_eq!(failure.name, expected, "{error}");
	// A pallet's error says what to change.
	assert!(
		failure.pallet.is_none() || !failure.docs.is_empty(),
		"{error}"
	);
	let after = (
		snapshot(chain, signer).await,
		chain.balance(&account).await.unwrap(),
	);
	assert_eq!(after.0, before.0, "{expected}");
	assert_eq!(after.1.reserved, before.1.reserved, "{expected}");
	assert_eq!(before.1.free - after.1.free, fee.unwrap(), "{expected}");
}

/// Sends a call that the pool must refuse with these words.
async fn refused<Args: EncodeAsFields>(
	chain: &Chain,
	signer: &Keypair,
	call: &calls::Call<Args>,
	words: &str,
) {
	let account = account_of(signer);
	let before = (
		snapshot(chain, signer).await,
		chain.balance(&account).await.unwrap(),
	);
	let error = chain
		.execute(call, signer, Wait::InBlock)
		.await
		.unwrap_err();
	assert!(
		error.to_string().contains(words),
		"`{words}` was expected: {error}"
	);
	let after = (
		snapshot(chain, signer).await,
		chain.balance(&account).await.unwrap(),
	);
	assert_eq!(after, before, "{words}");
}

/// Puts a file on the chain and makes it callable as `owner/name@1`.
async fn register(
	chain: &Chain,
	owner: &Keypair,
	file: &[u8],
	name: &str,
	royalty: u128,
) -> Release {
	let id = upload::ensure_submitted(chain, owner, file, &mut |_| ())
		.await
		.unwrap();
	upload::wait_admitted(chain, id, &mut |_| ()).await.unwrap();
	chain
		.execute(
			&calls::release(id, name, "1", royalty),
			owner,
			Wait::InBlock,
		)
		.await
		.unwrap();
	upload::wait_resident(chain, id, &mut |_| ()).await.unwrap();
	Release {
		owner: account_of(owner),
		name: name.into(),
		version: "1".into(),
	}
}

fn tensor(name: &str, dtype: DType, shape: &[u32], data: Vec<u8>) -> Tensor {
	Tensor {
		name: name.into(),
		dtype,
		shape: shape.to_vec(),
		data,
	}
}

fn image() -> Tensor {
	tensor("image", DType::F32, &[1, 1, 8, 8], vec![0; 256])
}

#[tokio::test(flavor = "multi_thread")]
async fn inferences() {
	let node = Node::instant().await;
	let chain = node.chain().await;
	let (alice, bob, poor) = (key("//Alice"), key("//Bob"), key("//Poor"));
	let file = std::fs::read(digits("digits.onnx")).unwrap();
	let release = register(&chain, &alice, &file, "digits", 0).await;
	let one = 1_000_000_000_000;
	chain
		.execute(
			&calls::transfer(account_of(&poor), one),
			&alice,
			Wait::InBlock,
		)
		.await
		.unwrap();

	let infer = |inputs: Vec<Tensor>| calls::infer(&release, &inputs);
	let unknown = Release {
		name: "nothing".into(),
		..release.clone()
	};
	fails(
		&chain,
		&bob,
		&calls::infer(&unknown, &[image()]),
		"UnknownRelease",
	)
	.await;
	fails(&chain, &bob, &infer(vec![]), "MissingInput").await;
	let extra = tensor("extra", DType::F32, &[1], vec![0; 4]);
	fails(
		&chain,
		&bob,
		&infer(vec![image(), extra]),
		"UnexpectedInput",
	)
	.await;
	fails(
		&chain,
		&bob,
		&infer(vec![image(), image()]),
		"DuplicateInput",
	)
	.await;
	let misnamed = Tensor {
		name: "picture".into(),
		..image()
	};
	fails(&chain, &bob, &infer(vec![misnamed]), "UnexpectedInput").await;
	let dtype = tensor("image", DType::F64, &[1, 1, 8, 8], vec![0; 512]);
	fails(&chain, &bob, &infer(vec![dtype]), "WrongDType").await;
	let rank = tensor("image", DType::F32, &[1, 8, 8], vec![0; 256]);
	fails(&chain, &bob, &infer(vec![rank]), "WrongRank").await;
	let dimension = tensor("image", DType::F32, &[1, 1, 8, 9], vec![0; 288]);
	fails(&chain, &bob, &infer(vec![dimension]), "WrongDimension").await;
	let short = tensor("image", DType::F32, &[1, 1, 8, 8], vec![0; 255]);
	fails(&chain, &bob, &infer(vec![short]), "WrongByteLength").await;

	// No account, no fee.
	let nobody = key("//Nobody");
	let error = chain
		.execute(&infer(vec![image()]), &nobody, Wait::InBlock)
		.await
		.unwrap_err();
	assert!(
		matches!(error, ChainError::NoFunds { free: 0, .. }),
		"{error}"
	);

	// Not enough for the royalty.
	let model = ModelId::of(&file);
	let dear = calls::release(model, "dear", "1", 100 * one);
	chain.execute(&dear, &alice, Wait::InBlock).await.unwrap();
	let dear = Release {
		name: "dear".into(),
		..release.clone()
	};
	fails(
		&chain,
		&poor,
		&calls::infer(&dear, &[image()]),
		"InsufficientFunds",
	)
	.await;

	// A release of this very block is not callable yet.
	let at = chain.at_best().await.unwrap();
	let late = calls::release(model, "late", "1", 0);
	let late_release = Release {
		name: "late".into(),
		..release.clone()
	};
	let both = calls::batch_all(vec![
		calls::encode(&at, &late).unwrap(),
		calls::encode(&at, &calls::infer(&late_release, &[image()])).unwrap(),
	]);
	fails(&chain, &alice, &both, "ModelNotResident").await;

	// Retired.
	chain
		.execute(&calls::retire("dear", "1"), &alice, Wait::InBlock)
		.await
		.unwrap();
	fails(
		&chain,
		&bob,
		&calls::infer(&dear, &[image()]),
		"ReleaseRetired",
	)
	.await;

	// What the tool refuses before it asks anybody to pay.
	let url = node.url.as_str();
	let name = release.to_string();
	let heldout = digits("heldout.npz");
	let input = format!("image={}:images[0]", heldout.display());
	let labels = format!("image={}:labels[0]", heldout.display());
	let tool = |args: &[&str]| noema(&[&["infer", "--suri", "//Bob", "--url", url], args].concat());
	tool(&[&name]).fails(1, &["missing input", "`image`", "[1, 1, 8, 8]"]);
	tool(&[&name, "-i", &input.replace("image=", "picture=")])
		.fails(1, &["no input `picture`", "`image`"]);
	tool(&[&name, "-i", &input, "-i", &input]).fails(1, &["twice"]);
	tool(&[&name, "-i", &labels]).fails(1, &["rank 1", "rank 4"]);
	tool(&[&name, "-i", &input.replace("[0]", "")]).fails(1, &["axis 0 must be 1"]);
	tool(&[&name, "-i", &input, "--max-fee", "0.000001"]).fails(2, &["--max-fee"]);
	tool(&[&unknown.to_string(), "-i", &input]).fails(2, &["no release", "nothing@1"]);
	tool(&[&dear.to_string(), "-i", &input]).fails(2, &["retired"]);
	tool(&["digits", "-i", &input]).fails(1, &["no version"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_outside_of_a_domain() {
	let node = Node::instant().await;
	let chain = node.chain().await;
	let (alice, bob) = (key("//Alice"), key("//Bob"));

	let gather = onnx::gather();
	let release = register(&chain, &alice, &gather, "gather", 0).await;
	let index = |i: i64| tensor("index", DType::I64, &[1], i.to_le_bytes().to_vec());
	chain
		.execute(&calls::infer(&release, &[index(-4)]), &bob, Wait::InBlock)
		.await
		.unwrap();
	for out in [4, -5, i64::MAX, i64::MIN] {
		fails(
			&chain,
			&bob,
			&calls::infer(&release, &[index(out)]),
			"IndexOutOfRange",
		)
		.await;
		let error = chain
			.dry_run(&release, &[index(out)], None)
			.await
			.unwrap_err();
		assert!(
			matches!(error, ChainError::Rpc { code: 7006, .. }),
			"{error}"
		);
	}

	let divide = onnx::one_node(
		"Div",
		&[("a", onnx::INT32, &[2]), ("b", onnx::INT32, &[2])],
		&[],
		&[("y", onnx::INT32, &[2])],
		None,
	);
	let release = register(&chain, &alice, &divide, "divide", 0).await;
	let ints = |name: &str, values: [i32; 2]| {
		tensor(
			name,
			DType::I32,
			&[2],
			values.iter().flat_map(|v| v.to_le_bytes()).collect(),
		)
	};
	let zero = [ints("a", [1, 2]), ints("b", [1, 0])];
	fails(
		&chain,
		&bob,
		&calls::infer(&release, &zero),
		"DivisionByZero",
	)
	.await;

	let not = onnx::one_node(
		"Not",
		&[("a", onnx::BOOL, &[2])],
		&[],
		&[("y", onnx::BOOL, &[2])],
		None,
	);
	let release = register(&chain, &alice, &not, "not", 0).await;
	let two = tensor("a", DType::Bool, &[2], vec![1, 2]);
	fails(
		&chain,
		&bob,
		&calls::infer(&release, &[two]),
		"InvalidValue",
	)
	.await;

	// Any value has a place among the highest, NaN included: an answer, and the engine's.
	let top = onnx::top_k(4, 2);
	let release = register(&chain, &alice, &top, "top", 0).await;
	let values = [f32::NAN, 1.0, f32::INFINITY, -f32::NAN];
	let values = values.iter().flat_map(|v| v.to_le_bytes()).collect();
	let input = tensor("x", DType::F32, &[4], values);
	let outcome = chain
		.execute(
			&calls::infer(&release, std::slice::from_ref(&input)),
			&bob,
			Wait::InBlock,
		)
		.await
		.unwrap();
	let receipt = chain
		.receipt(outcome.inferred[0].receipt, None)
		.await
		.unwrap();
	let directory = tempfile::tempdir().unwrap();
	let path = directory.path().join("top.onnx");
	std::fs::write(&path, &top).unwrap();
	assert_eq!(
		receipt.outputs,
		LocalModel::open(&path).unwrap().run(&[input]).unwrap()
	);
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads() {
	let node = Node::instant().await;
	let chain = node.chain().await;
	let (alice, bob, poor) = (key("//Alice"), key("//Bob"), key("//Poor"));
	let one = 1_000_000_000_000;
	chain
		.execute(
			&calls::transfer(account_of(&poor), one),
			&alice,
			Wait::InBlock,
		)
		.await
		.unwrap();

	// Two chunks: one whole, one of a hundred bytes.
	let file = vec![7; CHUNK_SIZE + 100];
	let (size, id) = (file.len() as u32, ModelId::of(&file));
	fails(
		&chain,
		&alice,
		&calls::submit(ModelId([1; 32])),
		"UnknownModel",
	)
	.await;
	fails(&chain, &alice, &calls::begin_upload(id, 0), "EmptyModel").await;
	fails(
		&chain,
		&alice,
		&calls::begin_upload(id, u32::MAX),
		"ModelTooLarge",
	)
	.await;
	let large = calls::begin_upload(id, 100 * 1024 * 1024);
	fails(&chain, &poor, &large, "Token: FundsUnavailable").await;
	chain
		.execute(&calls::begin_upload(id, size), &alice, Wait::InBlock)
		.await
		.unwrap();
	fails(&chain, &bob, &calls::begin_upload(id, size), "ModelExists").await;

	let chunk = |index, bytes: &[u8]| calls::upload_chunk(id, index, bytes.to_vec());
	refused(
		&chain,
		&alice,
		&chunk(2, &file[..100]),
		"ChunkIndexOutOfRange",
	)
	.await;
	refused(
		&chain,
		&alice,
		&chunk(u32::MAX, &file[..100]),
		"ChunkIndexOutOfRange",
	)
	.await;
	refused(&chain, &alice, &chunk(0, &file[..100]), "WrongChunkLength").await;
	refused(&chain, &alice, &chunk(1, &file[..99]), "WrongChunkLength").await;
	refused(&chain, &alice, &chunk(1, &[]), "WrongChunkLength").await;
	refused(&chain, &bob, &chunk(1, &file[..100]), "NotUploader").await;
	fails(&chain, &alice, &calls::submit(id), "IncompleteUpload").await;

	// A chunk inside another call would evade the bound on uploads in a block.
	let at = chain.at_best().await.unwrap();
	let nested = calls::encode(&at, &chunk(1, &file[..100])).unwrap();
	fails(
		&chain,
		&alice,
		&calls::batch_all(vec![nested]),
		"NestedUpload",
	)
	.await;

	// Wrong bytes of the right length are found out when all are there.
	chain
		.execute(&chunk(1, &[8; 100]), &alice, Wait::InBlock)
		.await
		.unwrap();
	refused(&chain, &alice, &chunk(1, &file[..100]), "ChunkExists").await;
	chain
		.execute(&chunk(0, &file[..CHUNK_SIZE]), &alice, Wait::InBlock)
		.await
		.unwrap();
	fails(&chain, &bob, &calls::submit(id), "NotUploader").await;
	fails(&chain, &alice, &calls::submit(id), "HashMismatch").await;
	fails(
		&chain,
		&alice,
		&calls::release(id, "x", "1", 0),
		"ModelNotAdmitted",
	)
	.await;
	chain
		.execute(&calls::cancel_upload(id), &alice, Wait::InBlock)
		.await
		.unwrap();

	// The right bytes of no model.
	let garbage = b"this is no ONNX file".to_vec();
	let id = upload::ensure_submitted(&chain, &alice, &garbage, &mut |_| ())
		.await
		.unwrap();
	let error = upload::wait_admitted(&chain, id, &mut |_| ())
		.await
		.unwrap_err();
	assert!(
		matches!(&error, ChainError::Refused { code, .. } if code == "NotOnnx"),
		"{error}"
	);
	let balance = chain.balance(&account_of(&alice)).await.unwrap();
	assert_eq!(balance.reserved, 0, "a refused model's deposit returns");

	// Releases are their owner's.
	let model = std::fs::read(digits("digits.onnx")).unwrap();
	let release = register(&chain, &alice, &model, "digits", 0).await;
	let id = ModelId::of(&model);
	fails(
		&chain,
		&bob,
		&calls::retire("digits", "1"),
		"UnknownRelease",
	)
	.await;
	fails(&chain, &bob, &calls::remove_model(id), "NotUploader").await;
	fails(&chain, &alice, &calls::remove_model(id), "ModelHasReleases").await;
	fails(
		&chain,
		&alice,
		&calls::release(id, "digits", "1", 0),
		"ReleaseExists",
	)
	.await;
	fails(
		&chain,
		&alice,
		&calls::release(id, "Digits", "1", 0),
		"InvalidName",
	)
	.await;
	fails(
		&chain,
		&alice,
		&calls::release(id, "digits", "1_0", 0),
		"InvalidVersion",
	)
	.await;
	let url = node.url.as_str();

	// Other bytes under the same name are refused before they are paid for: the file with a
	// `doc_string` behind it.
	let directory = tempfile::tempdir().unwrap();
	let other = directory.path().join("other.onnx");
	std::fs::write(&other, [&model[..], &[0x32, 1, b'x']].concat()).unwrap();
	let before = chain.balance(&account_of(&alice)).await.unwrap();
	let register_again = strings([
		"--json",
		"model",
		"register",
		other.to_str().unwrap(),
		"--name",
		"digits",
		"--version",
		"1",
		"--suri",
		"//Alice",
		"--url",
		url,
	]);
	let ran = noema_async(register_again).await;
	let printed: serde_json::Value = serde_json::from_str(ran.stdout.trim()).unwrap();
	assert_eq!(printed["error"]["exitCode"], 1);
	ran.fails(1, &["digits@1 is taken", "--version"]);
	assert_eq!(chain.balance(&account_of(&alice)).await.unwrap(), before);
	noema(&["model", "remove", &release.to_string(), "--suri", "//Alice"])
		.fails(1, &["is a release"]);

	noema(&[
		"model",
		"retire",
		&release.to_string(),
		"--suri",
		"//Bob",
		"--url",
		url,
	])
	.fails(1, &["only its owner"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn models_are_refused_before_anything_is_paid() {
	let node = Node::instant().await;
	let chain = node.chain().await;
	let alice = account_of(&key("//Alice"));
	let before = chain.balance(&alice).await.unwrap();
	let directory = tempfile::tempdir().unwrap();
	let dynamic = onnx::one_node(
		"Relu",
		&[("x", onnx::FLOAT, &[-1, 3])],
		&[],
		&[("y", onnx::FLOAT, &[-1, 3])],
		None,
	);
	let unsupported = onnx::one_node(
		"Frobnicate",
		&[("x", onnx::FLOAT, &[3])],
		&[],
		&[("y", onnx::FLOAT, &[3])],
		None,
	);
	let cases: [(&str, &[u8], &[&str]); 3] = [
		("no.onnx", b"this is no ONNX file", &["would refuse"]),
		("dynamic.onnx", &dynamic, &["would refuse", "x", "axis 0"]),
		("op.onnx", &unsupported, &["would refuse", "Frobnicate"]),
	];
	for (name, bytes, words) in cases {
		let path = directory.path().join(name);
		std::fs::write(&path, bytes).unwrap();
		let path = path.to_str().unwrap();
		noema(&["model", "inspect", path, "--url", &node.url]).fails(1, words);
		let register = strings([
			"model",
			"register",
			path,
			"--name",
			"x",
			"--version",
			"1",
			"--suri",
			"//Alice",
			"--url",
			&node.url,
		]);
		noema_async(register).await.fails(1, words);
	}
	assert_eq!(chain.balance(&alice).await.unwrap(), before);
	assert!(chain.models().await.unwrap().is_empty());
}
