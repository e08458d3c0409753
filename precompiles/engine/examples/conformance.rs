//! Runs test cases of the ONNX backend suite and says what passes.
//!
//! ```text
//! cargo run --release -p noema-engine --example conformance -- DIRECTORY
//! ```
//!
//! Each subdirectory of `DIRECTORY` is a case: `model.onnx`, `input_0.pb`, `input_1.pb`, ... and
//! `output_0.pb`, ... (serialised `TensorProto`s), as `onnx.backend.test` lays them out, and
//! optionally `tolerance` with a relative and an absolute bound. One line is printed for each case:
//! its name, `pass`, `refused`, `failed`, `differs` or `panic`, and the reason.

use std::{
	fs,
	panic::{catch_unwind, AssertUnwindSafe},
	path::{Path, PathBuf},
	process::ExitCode,
};

use noema_engine::{attrs::decode_tensor, DType, Engine, Profile1, Value};
use prost::Message;
use tract_onnx::pb::TensorProto;

/// What became of a case.
enum Outcome {
	Pass,
	Refused(String),
	Failed(String),
	Differs(String),
}

fn main() -> ExitCode {
	let Some(root) = std::env::args_os().nth(1).map(PathBuf::from) else {
		eprintln!("usage: conformance DIRECTORY");
		return ExitCode::FAILURE;
	};
	let mut cases: Vec<PathBuf> = match fs::read_dir(&root) {
		Ok(entries) => entries
			.filter_map(|entry| Some(entry.ok()?.path()))
			.collect(),
		Err(error) => {
			eprintln!("{}: {error}", root.display());
			return ExitCode::FAILURE;
		}
	};
	cases.sort();
	for case in cases {
		let name = case
			.file_name()
			.unwrap_or_default()
			.to_string_lossy()
			.into_owned();
		let (word, reason) = match catch_unwind(AssertUnwindSafe(|| run(&case))) {
			Ok(Ok(Outcome::Pass)) => ("pass", String::new()),
			Ok(Ok(Outcome::Refused(reason))) => ("refused", reason),
			Ok(Ok(Outcome::Failed(reason))) => ("failed", reason),
			Ok(Ok(Outcome::Differs(reason))) => ("differs", reason),
			Ok(Err(reason)) => ("unreadable", reason),
			Err(_) => ("panic", String::new()),
		};
		println!("{name}\t{word}\t{}", reason.replace('\n', " "));
	}
	ExitCode::SUCCESS
}

fn run(case: &Path) -> Result<Outcome, String> {
	let file = fs::read(case.join("model.onnx")).map_err(|error| error.to_string())?;
	let plan = match Profile1.build(&file) {
		Ok(plan) => plan,
		Err(error) => return Ok(Outcome::Refused(error.to_string())),
	};
	let inputs = tensors(case, "input")?;
	let outputs = match Profile1.run(&plan, &inputs) {
		Ok(outputs) => outputs,
		Err(error) => return Ok(Outcome::Failed(error.to_string())),
	};
	let tolerance = fs::read_to_string(case.join("tolerance")).unwrap_or_default();
	let mut bounds = tolerance
		.split_whitespace()
		.filter_map(|word| word.parse::<f64>().ok());
	let (relative, absolute) = (bounds.next().unwrap_or(1e-3), bounds.next().unwrap_or(1e-7));
	let expected = tensors(case, "output")?;
	if outputs.len() != expected.len() {
		return Ok(Outcome::Differs(format!(
			"{} outputs of {}",
			outputs.len(),
			expected.len()
		)));
	}
	for (i, (found, expected)) in outputs.iter().zip(&expected).enumerate() {
		if let Some(reason) = difference(found, expected, relative, absolute) {
			return Ok(Outcome::Differs(format!("output {i}: {reason}")));
		}
	}
	Ok(Outcome::Pass)
}

/// The tensors `<stem>_0.pb`, `<stem>_1.pb` and so on of a case.
fn tensors(case: &Path, stem: &str) -> Result<Vec<Value>, String> {
	let mut values = Vec::new();
	while let Ok(bytes) = fs::read(case.join(format!("{stem}_{}.pb", values.len()))) {
		let proto = TensorProto::decode(&bytes[..]).map_err(|error| error.to_string())?;
		let tensor = decode_tensor(stem, &proto).map_err(|error| error.to_string())?;
		let dtype = DType::from_datum_type(tensor.datum_type()).ok_or("unknown type")?;
		let (shape, data) = (tensor.shape().to_vec(), tensor.as_bytes().to_vec());
		values.push(Value { dtype, shape, data });
	}
	Ok(values)
}

/// Where two tensors differ by more than the bounds.
fn difference(found: &Value, expected: &Value, relative: f64, absolute: f64) -> Option<String> {
	if (found.dtype, &found.shape) != (expected.dtype, &expected.shape) {
		return Some(format!(
			"{} {:?} instead of {} {:?}",
			found.dtype, found.shape, expected.dtype, expected.shape
		));
	}
	let floats = |value: &Value| -> Vec<f64> {
		match value.dtype {
			DType::F32 => value
				.data
				.as_chunks()
				.0
				.iter()
				.map(|bytes| f64::from(f32::from_le_bytes(*bytes)))
				.collect(),
			_ => value
				.data
				.as_chunks()
				.0
				.iter()
				.map(|bytes| f64::from_le_bytes(*bytes))
				.collect(),
		}
	};
	if !found.dtype.is_float() {
		return (found.data != expected.data).then(|| {
			format!(
				"{:?} instead of {:?}",
				head(&found.data),
				head(&expected.data)
			)
		});
	}
	let near = |a: f64, b: f64| {
		a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= absolute + relative * b.abs()
	};
	let (a, b) = (floats(found), floats(expected));
	let at = a.iter().zip(&b).position(|(a, b)| !near(*a, *b))?;
	Some(format!("element {at} is {} instead of {}", a[at], b[at]))
}

fn head(data: &[u8]) -> &[u8] {
	&data[..data.len().min(32)]
}
