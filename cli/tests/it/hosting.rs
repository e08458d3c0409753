//! The commands of hosts and their backers: stake, terms, ledger; and what is refused.

use noema_cli::model::ModelId;
use serde_json::{json, Value};

use crate::node::Node;
use crate::tool::{digits, noema, noema_async, number, register_file, strings, Ran};

const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const BOB: &str = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty";
const RELEASE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY/digits@1";

/// A chain that seals at once, with digits on it as `digits@1` of Alice; and the model's id.
async fn with_digits() -> (Node, String) {
	let node = Node::instant().await;
	let file = digits("digits.onnx");
	let registered = register_file(&node.url, &file, "digits").await;
	// By the stake of the chain's first host.
	assert_eq!(registered["stage"]["kind"], "resident");
	let id = format!("0x{}", ModelId::of(&std::fs::read(file).unwrap()));
	(node, id)
}

/// `noema host ...` by an account.
fn host(node: &Node, suri: &str, args: &[&str]) -> Ran {
	noema(
		&[
			&["host"],
			args,
			&["--suri", suri, "--json", "--url", &node.url],
		]
		.concat(),
	)
}

/// The host as it is after a call.
fn after(ran: &Ran) -> Value {
	ran.json()["host"].clone()
}

/// So many tokens, as JSON has them.
fn noe(tokens: u64) -> Value {
	json!((u128::from(tokens) * 1_000_000_000_000).to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_from_its_bond_to_its_way_out() {
	let (node, id) = with_digits().await;
	let url = node.url.as_str();
	let bob = |args: &[&str]| host(&node, "//Bob", args);

	// Bond, twice; terms, of which what is left out stays.
	let bonded = after(&bob(&["bond", "1000"]));
	assert_eq!(
		(&bonded["host"], &bonded["bond"]),
		(&json!(BOB), &noe(1_000))
	);
	assert_eq!(after(&bob(&["bond", "50"]))["bond"], noe(1_050));
	let terms = [
		"terms",
		"--price",
		"2",
		"--capacity",
		"3",
		"--standing",
		"none",
	];
	let set = after(&bob(&terms));
	assert_eq!((&set["price"], &set["capacity"]), (&noe(2), &json!(3)));
	let set = after(&bob(&["terms", "--capacity", "4"]));
	assert_eq!((&set["price"], &set["capacity"]), (&noe(2), &json!(4)));

	// Stake on the model, by a release and by id.
	bob(&["commit", RELEASE, "300"]).json();
	let committed = after(&bob(&["commit", &id, "100"]));
	assert_eq!(
		committed["commitments"],
		json!([{ "model": id, "stake": noe(400), "locked": "0" }])
	);

	// Others put something behind the host.
	host(&node, "//Charlie", &["back", "//Bob", "200"]).json();
	let status = bob(&["status"]).json();
	assert_eq!(
		(&status["bond"], &status["backing"]),
		(&noe(1_050), &noe(200))
	);
	assert_eq!(host(&node, "//Dave", &["status", BOB]).json(), status);

	// It is listed, among all and among those of the model.
	let all = bob(&["list"]).json();
	let of_model = bob(&["list", "--model", RELEASE]).json();
	for list in [&all, &of_model] {
		let hosts = list["hosts"].as_array().unwrap();
		assert!(hosts.contains(&status), "{list}");
	}
	assert!(number(&of_model["requirement"]) > 0);
	let text = noema(&["host", "list", "--model", &id, "--url", url]).stdout;
	assert!(text.contains(BOB) && text.contains("400 NOE"), "{text}");

	// Chilled, and not.
	assert_eq!(after(&bob(&["chill"]))["chilledUntil"], u32::MAX);
	let text = noema(&["host", "status", "//Bob", "--url", url]).stdout;
	assert!(text.contains("noema host unchill"), "{text}");
	assert_eq!(after(&bob(&["unchill"]))["chilledUntil"], Value::Null);
	assert_eq!(
		after(&bob(&["chill", "--until", "100000"]))["chilledUntil"],
		100_000
	);

	// An inference in a block pays the hosts of the model, and the pay may be claimed.
	let input = format!("image={}:images[7]", digits("heldout.npz").display());
	let infer = strings([
		"infer", RELEASE, "--input", &input, "--suri", "//Dave", "--json", "--url", url,
	]);
	noema_async(infer).await.json();
	let status = bob(&["status"]).json();
	let (earned, claimable) = (number(&status["earned"]), number(&status["claimable"]));
	assert!(earned >= claimable && claimable > 0, "{status}");
	let claimed = after(&bob(&["claim"]));
	assert_eq!(claimed["claimable"], "0");
	assert_eq!(claimed["slashed"], "0");

	// The way out takes its time.
	let uncommitted = after(&bob(&["uncommit", RELEASE, "150"]));
	assert_eq!(uncommitted["commitments"][0]["stake"], noe(250));
	let leaving = after(&bob(&["unbond", "100"]));
	assert_eq!(leaving["bond"], noe(950));
	assert_eq!(leaving["unbonding"][0]["amount"], noe(100));
	assert!(leaving["unbonding"][0]["block"].as_u64().unwrap() > 1_000);
	let charlie = host(&node, "//Charlie", &["unback", "//Bob", "all"]);
	assert_eq!(charlie.code, 0, "{}", charlie.stderr);
	bob(&["withdraw"]).fails(2, &["Hosting::NothingToWithdraw"]);
	let backer = ["withdraw", "--from", "//Bob"];
	host(&node, "//Charlie", &backer).fails(2, &["Hosting::NothingToWithdraw"]);
	let uncommitted = after(&bob(&["uncommit", &id, "all"]));
	assert_eq!(uncommitted["commitments"], json!([]));
	assert_eq!(after(&bob(&["unbond", "all"]))["bond"], "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hosts_may_not() {
	let (node, _) = with_digits().await;
	let bob = |args: &[&str]| host(&node, "//Bob", args);
	let dave = |args: &[&str]| host(&node, "//Dave", args);

	// Who is no host.
	for args in [
		&["status"][..],
		&["terms", "--price", "1"],
		&["commit", RELEASE, "5"],
		&["uncommit", RELEASE, "5"],
		&["unbond", "5"],
	] {
		dave(args).fails(2, &["is no host", "noema host bond"]);
	}
	bob(&["back", "//Dave", "5"]).fails(2, &["is no host"]);
	bob(&["unback", "//Dave", "5"]).fails(2, &["is no host"]);
	for (args, error) in [
		(&["chill"][..], "NotHost"),
		(&["unchill"], "NotHost"),
		(&["claim"], "NotHost"),
		(&["withdraw"], "NotHost"),
	] {
		dave(args).fails(2, &[&format!("Hosting::{error}")]);
	}

	// Amounts.
	bob(&["bond", "much"]).fails(1, &["`much` is no amount"]);
	bob(&["bond", "1.0000000000001"]).fails(1, &["more than 12 digits"]);
	bob(&["bond", "20000000"]).fails(2, &["free, but this takes", "noema account transfer"]);
	bob(&["bond", "1planck"]).fails(2, &["Hosting::BondTooSmall"]);
	bob(&["back", "nobody", "5"]).fails(1, &["5Grw...", "//Bob"]);

	// Who is one.
	bob(&["bond", "1000"]).json();
	let nothing = format!("{ALICE}/nothing@1");
	bob(&["commit", &nothing, "5"]).fails(2, &["no release", "nothing@1"]);
	let unknown = format!("0x{}", "01".repeat(32));
	bob(&["commit", &unknown, "5"]).fails(2, &["no model"]);
	for (args, error) in [
		(&["commit", RELEASE, "0"][..], "ZeroAmount"),
		(&["commit", RELEASE, "1001"], "NotEnoughFree"),
		(&["commit", RELEASE, "1planck"], "CommitmentTooSmall"),
		(&["unbond", "1001"], "NotEnoughBond"),
		(&["unbond", "999.999999999999"], "BondTooSmall"),
		(&["terms", "--capacity", "4294967295"], "CapacityTooLarge"),
		(
			&["terms", "--standing", "0.000000000001"],
			"CommitmentTooSmall",
		),
		(&["chill", "--until", "1"], "ChillInPast"),
		(&["unchill"], "NotChilled"),
		(&["claim"], "NothingToClaim"),
		(&["withdraw"], "NothingToWithdraw"),
		(&["back", "//Bob", "10"], "SelfBacking"),
	] {
		let ran = bob(args);
		ran.fails(
			2,
			&["the chain refuses this", &format!("Hosting::{error}: ")],
		);
	}
	bob(&["uncommit", RELEASE, "5"]).fails(2, &["nothing staked", "noema host status"]);
	dave(&["back", "//Bob", "1planck"]).fails(2, &["Hosting::BackingTooSmall"]);
	dave(&["back", "//Bob", "9000000"]).fails(2, &["Hosting::BackingTooLarge"]);
	dave(&["unback", "//Bob", "5"]).fails(2, &["Hosting::NotBacker"]);
	let withdraw = dave(&["withdraw", "--from", "//Bob"]);
	withdraw.fails(2, &["Hosting::NothingToWithdraw"]);

	// Stake that is committed does not go.
	bob(&["commit", RELEASE, "400"]).json();
	bob(&["uncommit", RELEASE, "401"]).fails(2, &["Hosting::NotEnoughCommitted"]);
	let rest = bob(&["uncommit", RELEASE, "399.999999999999"]);
	rest.fails(2, &["Hosting::CommitmentTooSmall"]);
	bob(&["unbond", "700"]).fails(2, &["Hosting::NotEnoughFree"]);
	bob(&["unbond", "all"]).fails(2, &["Hosting::"]);
}
