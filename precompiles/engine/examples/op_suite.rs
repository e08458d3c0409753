//! Runs a folder of ONNX test cases and says which passed, failed or were refused.
//!
//! ```text
//! cargo run --release -p noema-engine --example op_suite -- FOLDER [--verbose]
//! ```
//!
//! Every subfolder holds `model.onnx`, `input_<i>.pb` in the order of the graph's inputs, and
//! `output_<i>.pb`; `tests/generate_suite.py` makes such a folder from the `onnx` package. Floats
//! pass within a relative tolerance of 1e-4 (`tolerance` in the folder may say another), and within a
//! hundredth of it of the largest magnitude in the output; all else exactly.

use std::{
	collections::BTreeMap,
	fs,
	panic::{catch_unwind, AssertUnwindSafe},
	path::Path,
	process::ExitCode,
};

use noema_engine::{attrs::decode_tensor, DType, Engine, ModelError, Profile1, Value};
use prost::Message;
use tract_onnx::pb::TensorProto;

enum Outcome {
	Passed,
	Failed(String),
	Refused(ModelError),
}

fn read_value(path: &Path) -> Result<Option<Value>, String> {
	let Ok(bytes) = fs::read(path) else {
		return Ok(None);
	};
	let proto = TensorProto::decode(&bytes[..]).map_err(|error| error.to_string())?;
	let tensor = decode_tensor("test data", &proto).map_err(|error| error.to_string())?;
	let dtype = DType::from_datum_type(tensor.datum_type()).ok_or("unknown type")?;
	Ok(Some(Value {
		dtype,
		shape: tensor.shape().to_vec(),
		data: tensor.as_bytes().to_vec(),
	}))
}

fn read_values(folder: &Path, kind: &str) -> Result<Vec<Value>, String> {
	let mut values = vec![];
	while let Some(value) = read_value(&folder.join(format!("{kind}_{}.pb", values.len())))? {
		values.push(value);
	}
	Ok(values)
}

fn floats(value: &Value) -> Vec<f64> {
	match value.dtype {
		DType::F64 => value
			.data
			.as_chunks::<8>()
			.0
			.iter()
			.map(|bytes| f64::from_le_bytes(*bytes))
			.collect(),
		_ => value
			.data
			.as_chunks::<4>()
			.0
			.iter()
			.map(|bytes| f64::from(f32::from_le_bytes(*bytes)))
			.collect(),
	}
}

fn compare(found: &Value, expected: &Value, tolerance: f64) -> Result<(), String> {
	if (found.dtype, &found.shape) != (expected.dtype, &expected.shape) {
		return Err(format!(
			"{} {:?} instead of {} {:?}",
			found.dtype, found.shape, expected.dtype, expected.shape
		));
	}
	if !found.dtype.is_float() {
		return if found.data == expected.data {
			Ok(())
		} else {
			Err("other values".into())
		};
	}
	let expected = floats(expected);
	let largest = expected
		.iter()
		.filter(|b| b.is_finite())
		.fold(0.0, |m, b| b.abs().max(m));
	for (i, (a, b)) in floats(found).into_iter().zip(expected).enumerate() {
		let close = a == b
			|| (a.is_nan() && b.is_nan())
			|| (a - b).abs() <= tolerance * (b.abs() + 0.01 * largest);
		if !close {
			return Err(format!("element {i} is {a} instead of {b}"));
		}
	}
	Ok(())
}

fn run(folder: &Path) -> Result<Outcome, String> {
	let file = fs::read(folder.join("model.onnx")).map_err(|error| error.to_string())?;
	let plan = match Profile1.build(&file) {
		Ok(plan) => plan,
		Err(error) => return Ok(Outcome::Refused(error)),
	};
	let tolerance = fs::read_to_string(folder.join("tolerance"))
		.ok()
		.and_then(|text| text.trim().parse().ok())
		.unwrap_or(1e-4);
	let inputs = read_values(folder, "input")?;
	let outputs = Profile1
		.run(&plan, &inputs)
		.map_err(|error| error.to_string())?;
	let expected = read_values(folder, "output")?;
	if outputs.len() != expected.len() {
		return Err(format!(
			"{} outputs instead of {}",
			outputs.len(),
			expected.len()
		));
	}
	for (i, (found, expected)) in outputs.iter().zip(&expected).enumerate() {
		if let Err(what) = compare(found, expected, tolerance) {
			return Ok(Outcome::Failed(format!("output {i}: {what}")));
		}
	}
	Ok(Outcome::Passed)
}

fn main() -> ExitCode {
	let arguments: Vec<String> = std::env::args().skip(1).collect();
	let verbose = arguments.iter().any(|argument| argument == "--verbose");
	let Some(folder) = arguments
		.iter()
		.find(|argument| !argument.starts_with("--"))
	else {
		eprintln!("usage: op_suite FOLDER [--verbose]");
		return ExitCode::FAILURE;
	};
	let mut cases: Vec<_> = match fs::read_dir(folder) {
		Ok(entries) => entries.flatten().map(|entry| entry.path()).collect(),
		Err(error) => {
			eprintln!("{folder}: {error}");
			return ExitCode::FAILURE;
		}
	};
	cases.retain(|path| path.join("model.onnx").is_file());
	cases.sort();
	let (mut passed, mut failed) = (0, 0);
	let mut refused: BTreeMap<String, u32> = BTreeMap::new();
	for case in &cases {
		let name = case
			.file_name()
			.unwrap_or_default()
			.to_string_lossy()
			.into_owned();
		let outcome = catch_unwind(AssertUnwindSafe(|| run(case)))
			.unwrap_or_else(|_| Err("panicked".into()))
			.unwrap_or_else(Outcome::Failed);
		match outcome {
			Outcome::Passed => passed += 1,
			Outcome::Failed(what) => {
				failed += 1;
				println!("FAILED  {name}: {what}");
			}
			Outcome::Refused(error) => {
				let code = format!("{error:?}");
				let code = code
					.split([' ', '{'])
					.next()
					.unwrap_or_default()
					.to_string();
				*refused.entry(code).or_default() += 1;
				if verbose {
					println!("refused {name}: {error}");
				}
			}
		}
	}
	let refusals: u32 = refused.values().sum();
	println!(
		"{} cases: {passed} passed, {failed} failed, {refusals} refused",
		cases.len()
	);
	for (code, count) in refused {
		println!("  {count:5} {code}");
	}
	if failed == 0 && passed > 0 {
		ExitCode::SUCCESS
	} else {
		ExitCode::FAILURE
	}
}
