//! `noema conformance` on folders of cases.

use std::path::Path;

use crate::onnx::{one_node, tensor, BOOL, FLOAT};
use crate::tool::noema;

fn bytes(elements: &[f32]) -> Vec<u8> {
	elements.iter().flat_map(|x| x.to_le_bytes()).collect()
}

/// A case of one node of one input and one output, both of two floats.
fn case(root: &Path, name: &str, op: &str, input: [f32; 2], output: [f32; 2]) {
	let set = root.join(name).join("test_data_set_0");
	std::fs::create_dir_all(&set).unwrap();
	let model = one_node(op, &[("x", FLOAT, &[2])], &[], &[("y", FLOAT, &[2])], None);
	std::fs::write(root.join(name).join("model.onnx"), model).unwrap();
	let write = |file: &str, elements: &[f32]| {
		std::fs::write(set.join(file), tensor(("", FLOAT, &[2]), bytes(elements))).unwrap();
	};
	write("input_0.pb", &input);
	write("output_0.pb", &output);
}

#[test]
fn cases_pass_fail_and_are_refused() {
	let directory = tempfile::tempdir().unwrap();
	let root = directory.path();
	case(
		root,
		"test_exp",
		"Exp",
		[0.0, 1.0],
		[1.0, std::f32::consts::E],
	);
	case(root, "test_wrong", "Abs", [-1.0, 2.0], [1.0, 3.0]);
	case(root, "test_unknown", "NoSuchOperator", [0.0; 2], [0.0; 2]);
	let ran = noema(&["conformance", root.to_str().unwrap(), "--json"]);
	assert_eq!(ran.code, 1, "{}", ran.stderr);
	assert!(ran.stderr.contains("1 of 3"), "{}", ran.stderr);
	let last = ran.stdout.lines().last().unwrap();
	let summary: serde_json::Value = serde_json::from_str(last).unwrap();
	assert_eq!(
		(&summary["passed"], &summary["failed"], &summary["refused"]),
		(&1.into(), &1.into(), &1.into())
	);
	let cases = summary["cases"].as_array().unwrap();
	assert_eq!(cases[0]["name"], "test_exp");
	assert_eq!(cases[0]["outcome"], "passed");
	assert_eq!(cases[1]["outcome"], "refused");
	assert!(cases[1]["reason"]
		.as_str()
		.unwrap()
		.contains("NoSuchOperator"));
	assert_eq!(cases[2]["outcome"], "failed");
	assert!(cases[2]["reason"].as_str().unwrap().contains("element 1"));
}

#[test]
fn hashes_are_written_and_checked() {
	let directory = tempfile::tempdir().unwrap();
	let root = directory.path();
	let cases = root.join("cases");
	case(&cases, "test_abs", "Abs", [-1.0, 2.0], [1.0, 2.0]);
	case(&cases, "test_neg", "Neg", [-1.0, 2.0], [1.0, -2.0]);
	let file = root.join("hashes");
	let (cases, file) = (cases.to_str().unwrap(), file.to_str().unwrap());
	let written = noema(&["conformance", cases, "--hashes", file]);
	assert_eq!(written.code, 0, "{}", written.stderr);
	let text = std::fs::read_to_string(file).unwrap();
	let hash = blake3::hash(&bytes(&[1.0, 2.0]));
	assert_eq!(
		text.lines().next(),
		Some(&*format!("{hash} test_abs/0/0 Abs"))
	);
	for isa in noema_engine::Isa::available() {
		let ran = noema(&["conformance", cases, "--check", file, "--isa", isa.name()]);
		assert_eq!(ran.code, 0, "{isa}: {}", ran.stderr);
		assert!(ran.stdout.contains(isa.name()), "{}", ran.stdout);
	}
	let other = text.replace(&hash.to_string(), &blake3::hash(b"other").to_string());
	std::fs::write(file, other).unwrap();
	let ran = noema(&["conformance", cases, "--check", file]);
	assert_eq!(ran.code, 1);
	assert!(ran.stdout.contains("FAILED   test_abs"), "{}", ran.stdout);
	assert!(ran.stdout.contains("passed   test_neg"), "{}", ran.stdout);
}

#[test]
fn what_cannot_be_run_is_an_error() {
	let directory = tempfile::tempdir().unwrap();
	let root = directory.path().to_str().unwrap();
	noema(&["conformance", root]).fails(1, &["no folder", "model.onnx"]);
	noema(&["conformance", "/no/such/folder"]).fails(1, &["/no/such/folder"]);
	let missing = noema_engine::Isa::ALL
		.into_iter()
		.find(|isa| !noema_engine::Isa::available().contains(isa))
		.unwrap();
	noema(&["conformance", root, "--isa", missing.name()]).fails(1, &["does not have"]);
	assert_ne!(noema(&["conformance", root, "--isa", "mmx"]).code, 0);
	let set = directory.path().join("case");
	std::fs::create_dir_all(&set).unwrap();
	let model = one_node("Not", &[("x", BOOL, &[1])], &[], &[("y", BOOL, &[1])], None);
	std::fs::write(set.join("model.onnx"), model).unwrap();
	let ran = noema(&["conformance", root]);
	assert_eq!(ran.code, 1);
	assert!(ran.stdout.contains("test_data_set_0"), "{}", ran.stdout);
}
