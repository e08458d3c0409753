//! A node that hosts, from a request to the pay.

use noema_cli::keys::account_of;
use noema_cli::model::LocalModel;
use serde_json::{json, Value};

use super::ledger::Ledger;
use super::params::{self, Windows};
use super::{bond, commit, key, release, NOE};
use crate::network::{account, finalized_number};
use crate::node::Node;
use crate::onnx;
use crate::tool::{digits, noema_async, strings, Ran};

/// Who hosts from genesis on.
const HOST: &str = "//Alice//stash";

fn amount(value: &Value) -> u128 {
	value
		.as_str()
		.expect("balances are strings")
		.parse()
		.expect("balances are numbers")
}

/// `noema job request ... --json`, of one host.
async fn request(url: &str, suri: &str, release: &str, input: &str) -> Ran {
	noema_async(strings([
		"job", "request", release, "-i", input, "--hosts", "1", "--suri", suri, "--json", "--url",
		url,
	]))
	.await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_answers_and_is_paid() {
	let directory = tempfile::tempdir().unwrap();
	let node = Node::start(directory.path(), &["--dev", "--host", HOST]).await;
	let chain = node.chain().await;
	let url = node.url.as_str();
	let file = |name: &str, bytes: Vec<u8>| {
		let path = directory.path().join(name);
		std::fs::write(&path, bytes).unwrap();
		path
	};
	let host = key(HOST);

	// A model with an answer; one that fails on the inputs that it will get; one whose inputs are too
	// large for an extrinsic.
	let digits_model = LocalModel::open(&digits("digits.onnx")).unwrap();
	let gather_model = LocalModel::open(&file("gather.onnx", onnx::gather())).unwrap();
	let wide_path = file("wide.onnx", onnx::matmul(70_000, 2));
	let wide_model = LocalModel::open(&wide_path).unwrap();
	let windows = Windows {
		work: 100,
		challenge: 4,
		renewed: 4,
		audits: false,
	};
	let (bob, charlie, dave) = (key("//Bob"), key("//Charlie"), key("//Dave"));
	let ((), (), digits_release, gather_release, wide_release) = futures::join!(
		params::set(&chain, windows),
		bond(&chain, &host, 1_000 * NOE),
		release(&chain, &bob, &digits_model.bytes, "digits"),
		release(&chain, &charlie, &gather_model.bytes, "gather"),
		release(&chain, &dave, &wide_model.bytes, "wide"),
	);
	let models = [&digits_model, &gather_model, &wide_model];
	commit(&chain, &host, &models, 100 * NOE).await;

	// The three jobs run at the same time, each asked for by another account.
	let before = finalized_number(&chain).await;
	let earned = chain.host(&account_of(&host)).await.unwrap().unwrap();
	let image = format!("image={}:images[7]", digits("heldout.npz").display());
	let index = file("index.bin", 4i64.to_le_bytes().to_vec());
	let index = format!("index={}", index.display());
	let x = file("x.bin", onnx::floats(70_000));
	let x = format!("x={}", x.display());
	let (digits_name, gather_name, wide_name) = (
		digits_release.to_string(),
		gather_release.to_string(),
		wide_release.to_string(),
	);
	let (digits_ran, gather_ran, wide_ran, watched) = futures::join!(
		request(url, "//Bob", &digits_name, &image),
		request(url, "//Charlie", &gather_name, &index),
		request(url, "//Dave", &wide_name, &x),
		watch(url),
	);
	let digits_job = digits_ran.json();
	let model = digits("digits.onnx");
	let run = noema_async(strings([
		"model",
		"run",
		model.to_str().unwrap(),
		"-i",
		&image,
		"--json",
	]));
	assert_eq!(digits_job["outputs"], run.await.json()["outputs"]);
	assert_eq!(digits_job["ending"]["kind"], "answered");
	let run = noema_async(strings([
		"model",
		"run",
		wide_path.to_str().unwrap(),
		"-i",
		&x,
		"--json",
	]));
	assert_eq!(wide_ran.json()["outputs"], run.await.json()["outputs"]);
	let gather_job = gather_ran.json();
	assert_eq!(
		gather_job["ending"],
		json!({ "kind": "failed", "failure": "indexOutOfRange" })
	);
	assert_eq!(gather_job["outputs"], Value::Null);

	// The first job was followed from its draw to its end.
	let states: Vec<&str> = watched
		.iter()
		.map(|job| job["phase"]["kind"].as_str().unwrap())
		.collect();
	assert_eq!(states.last(), Some(&"done"), "{states:?}");
	assert_eq!(states.first(), Some(&"drawing"), "{states:?}");

	// What remains to be read of a job that is over.
	let id = digits_job["id"].as_u64().unwrap().to_string();
	let read = |command: &str| noema_async(strings(["job", command, &id, "--json", "--url", url]));
	let result = read("result").await.json();
	assert_eq!(result["outputs"], digits_job["outputs"]);
	let me = account(HOST).to_string();
	assert_eq!(result["members"][0]["host"], me.as_str());
	assert_eq!(read("dispute").await.json()["inDispute"], false);
	let list = noema_async(strings(["job", "list", "--json", "--url", url]));
	assert_eq!(list.await.json()["jobs"].as_array().unwrap().len(), 3);

	// The host has its price of each, in its ledger and in the events, and nothing is missing.
	let ledger = Ledger::read(&chain, before, finalized_number(&chain).await).await;
	ledger.assert_balanced();
	assert!(ledger.losers().is_empty(), "{ledger:?}");
	let paid: u128 = ledger
		.jobs
		.values()
		.map(|books| books.paid[&account(HOST)])
		.sum();
	let status = noema_async(strings([
		"host", "status", "--suri", HOST, "--json", "--url", url,
	]));
	let status = status.await.json();
	assert!(paid > 0);
	assert_eq!(amount(&status["earned"]) - earned.earned, paid);
	let claimable = amount(&status["claimable"]);
	assert!(claimable >= paid, "{status}");
	assert_eq!(status["assigned"], 0);
	let funds = chain.balance(&account_of(&host)).await.unwrap().free;
	let claim = noema_async(strings([
		"host", "claim", "--suri", HOST, "--json", "--url", url,
	]));
	assert_eq!(claim.await.json()["host"]["claimable"], "0");
	let now = chain.balance(&account_of(&host)).await.unwrap().free;
	// Less the fee of the claim.
	let gained = now + NOE / 100 - funds;
	assert!(gained >= claimable, "{gained} {claimable}");
}

/// Follows the first job, as soon as there is one, and returns its states.
async fn watch(url: &str) -> Vec<Value> {
	let watched = crate::node::until("the first job can be watched", || async {
		let ran = noema_async(strings(["job", "watch", "0", "--json", "--url", url])).await;
		if ran.code != 0 {
			assert!(ran.stderr.contains("there is no job 0"), "{}", ran.stderr);
			return None;
		}
		Some(ran.stdout)
	})
	.await;
	watched
		.lines()
		.map(|line| serde_json::from_str(line).expect("each state is a JSON object"))
		.collect()
}
