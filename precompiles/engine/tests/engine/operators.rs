//! The documentation of operators, and the catalog that tests draw from, are those of the engine.

use noema_engine::{
	conformance::{catalog, golden::GOLDEN, operators_page::page},
	ops::OPERATORS,
};

const PAGE: &str = include_str!("../../../../docs/operators.md");
const SUITE: &str = include_str!("../onnx-suite.txt");

#[test]
fn the_page_is_what_the_engine_says() {
	let page = page(GOLDEN, SUITE).unwrap();
	for (line, (found, written)) in page.lines().zip(PAGE.lines()).enumerate() {
		assert_eq!(
			found,
			written,
			"line {} of docs/operators.md is stale: run the example `operators`",
			line + 1
		);
	}
	assert_eq!(page.lines().count(), PAGE.lines().count());
}

#[test]
fn every_operator_has_cases() {
	for op in OPERATORS {
		assert!(
			catalog::find(op).is_some(),
			"src/conformance/catalog has no entry for {op}"
		);
		let tested = GOLDEN.lines().any(|line| {
			line.split_whitespace()
				.nth(2)
				.is_some_and(|name| name.split('/').next() == Some(op))
		});
		assert!(
			tested,
			"no case of {op} is accepted, or the golden vectors are to be written anew"
		);
	}
}

#[test]
fn every_entry_is_an_operator_once() {
	let entries: Vec<&str> = catalog::entries().map(|entry| entry.op).collect();
	for (index, op) in entries.iter().enumerate() {
		assert!(OPERATORS.contains(op), "the engine does not have {op}");
		assert!(!entries[..index].contains(op), "{op} has two entries");
	}
}
