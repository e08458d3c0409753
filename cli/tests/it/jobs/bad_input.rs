//! Each kind of misuse of jobs has its own clear error.

use noema_cli::chain::calls::{self, hosting, jobs, Encoded};
use noema_cli::chain::{Chain, Wait};
use noema_cli::keys::account_of;
use noema_cli::model::{LocalModel, CHUNK_SIZE};
use noema_cli::release::Release;
use subxt::dynamic;
use subxt::ext::codec::Encode;

use super::{ask, bond, commit, execute, key, release, NOE};
use crate::bad_input::fails;
use crate::network::inputs;
use crate::node::Node;
use crate::tool::{digits, noema, strings};

const HOST: &str = "//Alice//stash";

/// A chain with digits, which one host takes, and a job that stays in its draw: instant sealing makes no
/// blocks for it.
async fn prepared() -> (Node, Chain, LocalModel, Release) {
	let node = Node::instant().await;
	let chain = node.chain().await;
	let model = LocalModel::open(&digits("digits.onnx")).unwrap();
	let owner = key("//Alice");
	let host = key(HOST);
	let digits = release(&chain, &owner, &model.bytes, "digits").await;
	bond(&chain, &host, 1_000 * NOE).await;
	commit(&chain, &host, &[&model], 100 * NOE).await;
	(node, chain, model, digits)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_tool_says_to_bad_requests() {
	let (node, chain, model, release) = prepared().await;
	let url = node.url.as_str();
	let name = release.to_string();
	let unknown = Release {
		name: "nothing".into(),
		..release.clone()
	};
	let unknown = unknown.to_string();
	let heldout = digits("heldout.npz");
	let input = format!("image={}:images[0]", heldout.display());
	let labels = format!("image={}:labels[0]", heldout.display());
	let request = |args: &[&str]| {
		noema(&[&["job", "request", "--suri", "//Bob", "--url", url], args].concat())
	};

	// Inputs and amounts, before the chain is asked for anything but the schema.
	request(&[&name]).fails(1, &["missing input", "`image`", "[1, 1, 8, 8]"]);
	request(&[&name, "-i", &input.replace("image=", "picture=")])
		.fails(1, &["no input `picture`", "`image`"]);
	request(&[&name, "-i", &labels]).fails(1, &["rank 1", "rank 4"]);
	request(&[&name, "-i", &input, "--max-price", "much"]).fails(1, &["`much` is no amount"]);
	request(&[&name, "-i", &input, "--min-stake", "0.0000000000001"])
		.fails(1, &["more than 12 digits"]);
	request(&["digits", "-i", &input]).fails(1, &["no version"]);

	// What the chain has, or has not.
	request(&[&unknown, "-i", &input]).fails(2, &["no release", "nothing@1"]);
	request(&[&name, "-i", &input]).fails(2, &["1 of the hosts", "3 are to answer", "--hosts"]);
	let cheap = "0.000000000001";
	request(&[&name, "-i", &input, "--hosts", "1", "--max-price", cheap])
		.fails(2, &["0 of the hosts", "--max-price"]);
	request(&[&name, "-i", &input, "--hosts", "0"]).fails(2, &["Jobs::CommitteeSize"]);
	let stake = "5000000";
	request(&[&name, "-i", &input, "--hosts", "1", "--min-stake", stake])
		.fails(2, &["Jobs::TooFewHosts"]);
	let nobody = [
		"job", "request", &name, "-i", &input, "--hosts", "1", "--suri", "//Nobody", "--url", url,
	];
	noema(&nobody).fails(2, &["has 0 NOE free", "noema account transfer"]);
	let dear = "9000000";
	request(&[&name, "-i", &input, "--hosts", "1", "--max-price", dear])
		.fails(2, &["Token: FundsUnavailable"]);

	// There is no job, or it has no answer.
	for command in ["watch", "result", "dispute"] {
		noema(&["job", command, "7", "--url", url]).fails(2, &["no job 7"]);
	}
	let list = noema(&["job", "list", "--json", "--url", url]).json();
	assert_eq!(list["jobs"], serde_json::json!([]));
	let asked = noema(&[
		"job",
		"request",
		&name,
		"-i",
		&input,
		"--hosts",
		"1",
		"--no-wait",
		"--suri",
		"//Bob",
		"--json",
		"--url",
		url,
	])
	.json();
	assert_eq!(asked["job"], 0);
	noema(&["job", "result", "0", "--url", url]).fails(2, &["no answer yet", "drawing hosts"]);
	let dispute = noema(&["job", "dispute", "0", "--url", url]);
	assert!(
		dispute.stdout.contains("not in dispute"),
		"{}",
		dispute.stdout
	);

	// Without hosts.
	let host = chain.host(&account_of(&key(HOST))).await.unwrap().unwrap();
	let staked = host.commitments.iter().find(|on| on.model == model.id);
	let uncommit = hosting::uncommit(model.id, staked.unwrap().stake);
	execute(&chain, &key(HOST), &uncommit).await;
	request(&[&name, "-i", &input]).fails(2, &["no host has committed stake", "noema host"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_chain_says_to_bad_calls() {
	let (_node, chain, model, release) = prepared().await;
	let (bob, host) = (key("//Bob"), key(HOST));
	let id = ask(&chain, &bob, &release, 1, &[inputs(&model, 0)]).await[0];

	let root = Encoded(vec![7; 32]);
	let commitment = |job: u64| dynamic::tx("Jobs", "commit", (job, root.clone()));
	fails(&chain, &host, &commitment(99), "UnknownJob").await;
	fails(&chain, &host, &commitment(id), "WrongPhase").await;
	// `Answer::Known`, and a proof of no hashes.
	let (known, empty) = (Encoded(vec![2]), Encoded(vec![0]));
	let reveal = dynamic::tx(
		"Jobs",
		"reveal",
		(id, root.clone(), root.clone(), known.clone(), empty.clone()),
	);
	fails(&chain, &host, &reveal, "WrongPhase").await;
	let challenge = dynamic::tx(
		"Jobs",
		"challenge",
		(id, root.clone(), known, empty.clone()),
	);
	fails(&chain, &bob, &challenge, "WrongPhase").await;
	let leaves = dynamic::tx("Jobs", "post_leaves", (id, root.clone(), empty));
	fails(&chain, &bob, &leaves, "WrongPhase").await;

	// Blobs.
	let bytes = [7; CHUNK_SIZE + 100];
	let hash = *blake3::hash(&bytes).as_bytes();
	let size = bytes.len() as u32;
	let chunk = |size, index, bytes: &[u8]| jobs::upload_blob(hash, size, index, bytes);
	fails(&chain, &bob, &chunk(0, 0, &[]), "EmptyBlob").await;
	fails(&chain, &bob, &chunk(u32::MAX, 0, &[1]), "BlobTooLarge").await;
	fails(&chain, &bob, &chunk(size, 0, &[1]), "WrongChunkLength").await;
	fails(
		&chain,
		&bob,
		&chunk(size, 1, &bytes[..100]),
		"ChunkOutOfOrder",
	)
	.await;
	let first = chunk(size, 0, &bytes[..CHUNK_SIZE]);
	chain.execute(&first, &bob, Wait::InBlock).await.unwrap();
	fails(
		&chain,
		&bob,
		&chunk(size, 0, &bytes[..CHUNK_SIZE]),
		"ChunkOutOfOrder",
	)
	.await;
	fails(
		&chain,
		&bob,
		&chunk(size + 1, 1, &bytes[..101]),
		"WrongBlobSize",
	)
	.await;
	let terms = jobs::Terms {
		committee: 1,
		min_stake: 0,
		max_price: NOE,
	};
	let blob = |hash, size| jobs::request(&release, jobs::Payload::Blob { hash, size }, terms);
	fails(&chain, &bob, &blob([1; 32], 5), "UnknownBlob").await;
	fails(&chain, &bob, &blob(hash, size), "BlobIncomplete").await;
	let garbage = *blake3::hash(b"no tensors").as_bytes();
	let upload = jobs::upload_blob(garbage, 10, 0, b"no tensors");
	chain.execute(&upload, &bob, Wait::InBlock).await.unwrap();
	fails(&chain, &bob, &blob(garbage, 10), "NotTensors").await;
	let upload = jobs::upload_blob([2; 32], 10, 0, b"no tensors");
	chain.execute(&upload, &bob, Wait::InBlock).await.unwrap();
	fails(&chain, &bob, &blob([2; 32], 10), "BlobHashMismatch").await;
	let unknown = dynamic::tx("Jobs", "remove_blob", (Encoded(vec![1; 32]),));
	fails(&chain, &bob, &unknown, "UnknownBlob").await;

	// The administrator's.
	let void = dynamic::tx("Jobs", "void", (id,));
	fails(&chain, &bob, &void, "BadOrigin").await;
	let at = chain.at_best().await.unwrap();
	let void = calls::encode(&at, &void).unwrap();
	let sudo = dynamic::tx("Sudo", "sudo", (void,));
	execute(&chain, &key("//Alice"), &sudo).await;
	let job = chain.job(id, None).await.unwrap();
	assert_eq!(job.ending, Some(noema_cli::chain::jobs::Ending::Voided));
	let result = strings(["job", "result", &id.to_string(), "--url", chain.url()]);
	let result = crate::tool::noema_async(result).await;
	result.fails(2, &["has no outputs", "voided"]);
	let late = dynamic::tx("Jobs", "commit", (id, Encoded([0u8; 32].encode())));
	fails(&chain, &host, &late, "WrongPhase").await;
}
