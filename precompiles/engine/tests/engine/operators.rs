//! The list of operators in the documentation is that of the engine.

use noema_engine::ops::is_known;

const LIST: &str = include_str!("../../../../docs/operators.md");
const TABLE: &str = include_str!("../../src/ops/mod.rs");

/// The first column of the tables in the documentation.
fn documented() -> Vec<&'static str> {
	LIST.lines()
		.filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
		.filter(|word| *word != "operator")
		.collect()
}

#[test]
fn what_is_documented_exists() {
	let documented = documented();
	assert!(
		documented.len() > 100,
		"the list was not understood: {documented:?}"
	);
	for (i, op) in documented.iter().enumerate() {
		assert!(
			is_known(op),
			"docs/operators.md lists {op}, which the engine does not have"
		);
		assert!(
			!documented[..i].contains(op),
			"docs/operators.md lists {op} twice"
		);
	}
}

#[test]
fn what_exists_is_documented() {
	let documented = documented();
	// A row of the table begins with the operator's name and an arrow.
	let rows: Vec<&str> = TABLE
		.lines()
		.filter_map(|line| line.trim_start().strip_prefix('"')?.split_once("\" => "))
		.map(|(op, _)| op)
		.collect();
	assert!(rows.len() > 100, "the table was not understood: {rows:?}");
	for op in rows {
		assert!(
			documented.contains(&op),
			"docs/operators.md does not list {op}"
		);
	}
}
