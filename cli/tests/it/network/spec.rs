//! Specifications of chains that the node does not know by name.

use std::path::Path;

use serde_json::{json, Value};

use super::account;
use crate::node::run;

/// Writes the specification of a local chain with four authorities, of which three can finalise.
pub(crate) fn four_authorities(path: &Path) {
	let text = run(&["export-chain-spec", "--chain", "local"]);
	let mut spec: Value = serde_json::from_str(&text).expect("a chain specification is JSON");
	spec["id"] = json!("noema_local_four");
	let keys = &mut spec["genesis"]["runtimeGenesis"]["patch"]["session"]["keys"];
	let keys = keys
		.as_array_mut()
		.expect("the preset names its authorities");
	// The ed25519 keys of //Charlie and //Dave, as `noema-node key inspect` prints them.
	for (uri, grandpa) in [
		(
			"//Charlie",
			"5DbKjhNLpqX3zqZdNBc9BGb4fHU1cRBaDhJUskrvkwfraDi6",
		),
		("//Dave", "5ECTwv6cZ5nJQPk6tWfaTrEk8YH2L7X1VT4EL5Tx2ikfFwb7"),
	] {
		let account = account(uri).to_string();
		let session = json!({ "babe": account, "grandpa": grandpa });
		keys.push(json!([account, account, session]));
	}
	std::fs::write(path, spec.to_string()).expect("the specification can be written");
}
