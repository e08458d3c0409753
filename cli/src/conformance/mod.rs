//! Test cases in the layout of the ONNX backend tests, run without a chain.
//!
//! ```text
//!   folders --case--> model and data sets --run--> outputs --compare--> verdict
//!                                                     |
//!                                                     +--hashes--> written, or compared bit for bit
//! ```
//!
//! Layout and tolerances: <https://onnx.ai/onnx/onnx-api/backend.html>, `onnx.backend.test.runner`.

mod case;
mod compare;
mod hashes;

use std::collections::BTreeMap;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::PathBuf;

use noema_engine::{Engine, Profile1, Value};
use serde::Serialize;

pub use self::case::{find, Case};
pub use self::hashes::{HashLine, Hashes};
use crate::inputs::InputError;

/// Why a conformance run cannot be done, or has not gone well.
#[derive(Debug, thiserror::Error)]
pub enum ConformanceError {
	/// A folder or file cannot be read or written.
	#[error("cannot use {}", path.display())]
	Io {
		/// The folder or file.
		path: PathBuf,
		/// What the system says.
		source: std::io::Error,
	},
	/// There is nothing to run.
	#[error("no folder under {} has a model.onnx", .0.display())]
	NoCases(PathBuf),
	/// A line of a file of hashes.
	#[error("line {line} of {} is no `HASH CASE/SET/OUTPUT OPERATORS`: {text}", path.display())]
	HashLine {
		/// The file.
		path: PathBuf,
		/// Counted from one.
		line: usize,
		/// The line.
		text: String,
	},
	/// Test data or tolerances that cannot be read.
	#[error("{} is no tolerance: {reason}", path.display())]
	Tolerance {
		/// The file.
		path: PathBuf,
		/// What is wrong with it.
		reason: String,
	},
	/// Test data that cannot be read.
	#[error(transparent)]
	Data(#[from] InputError),
	/// The forced instruction set.
	#[error(transparent)]
	Isa(#[from] noema_engine::simd::IsaError),
	/// Some cases failed. They have been listed.
	#[error("{failed} of {cases} cases failed")]
	Failed {
		/// How many failed.
		failed: usize,
		/// How many were run.
		cases: usize,
	},
}

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "outcome")]
pub enum Verdict {
	/// All outputs of all data sets are as expected.
	Passed,
	/// Something else came out.
	Failed {
		/// What.
		reason: String,
	},
	/// The engine does not take the model, and says why.
	Refused {
		/// The kind of reason: the variant of the engine's error.
		kind: String,
		/// The reason.
		reason: String,
	},
}

/// A case that was run.
#[derive(Clone, Debug, Serialize)]
pub struct Ran {
	/// Its name.
	pub name: String,
	/// What became of it.
	#[serde(flatten)]
	pub verdict: Verdict,
	/// The hashes of its outputs.
	#[serde(skip)]
	pub hashes: Vec<HashLine>,
}

/// Runs a case. A panic is a failure.
pub fn run(case: &Case) -> Ran {
	let mut hashes = vec![];
	let verdict =
		catch_unwind(AssertUnwindSafe(|| verdict(case, &mut hashes))).unwrap_or_else(|_| {
			Verdict::Failed {
				reason: "the engine panicked".to_owned(),
			}
		});
	Ran {
		name: case.name.clone(),
		verdict,
		hashes,
	}
}

fn verdict(case: &Case, hashes: &mut Vec<HashLine>) -> Verdict {
	let failed = |reason: String| Verdict::Failed { reason };
	let file = match std::fs::read(case.path.join("model.onnx")) {
		Ok(file) => file,
		Err(error) => return failed(format!("model.onnx: {error}")),
	};
	let plan = match Profile1.build(&file) {
		Ok(plan) => plan,
		Err(error) => {
			// The variant's name is all that is before the first brace.
			let kind = format!("{error:?}");
			let end = kind.find([' ', '{', '(']).unwrap_or(kind.len());
			return Verdict::Refused {
				kind: kind[..end].to_owned(),
				reason: error.to_string(),
			};
		}
	};
	let tolerance = match case.tolerance() {
		Ok(tolerance) => tolerance,
		Err(error) => return failed(error.to_string()),
	};
	if case.data_sets.is_empty() {
		return failed("there is no test_data_set_0".to_owned());
	}
	let ops: Vec<&str> = plan.report().ops.keys().map(String::as_str).collect();
	let ops = ops.join(",");
	for set in 0..case.data_sets.len() {
		let (inputs, expected) = match case.values(set) {
			Ok(values) => values,
			Err(error) => return failed(format!("data set {set}: {error}")),
		};
		let outputs = match Profile1.run(&plan, &inputs) {
			Ok(outputs) => outputs,
			Err(error) => return failed(format!("data set {set}: {error}")),
		};
		hashes.extend(outputs.iter().enumerate().map(|(index, output)| HashLine {
			hash: blake3::hash(&output.data),
			name: format!("{}/{set}/{index}", case.name),
			ops: ops.clone(),
		}));
		if let Err(reason) = compare_all(&outputs, &expected, tolerance) {
			return failed(format!("data set {set}: {reason}"));
		}
	}
	Verdict::Passed
}

fn compare_all(
	outputs: &[Value],
	expected: &[Value],
	tolerance: compare::Tolerance,
) -> Result<(), String> {
	if outputs.len() != expected.len() {
		return Err(format!(
			"{} outputs instead of {}",
			outputs.len(),
			expected.len()
		));
	}
	for (index, (found, expected)) in outputs.iter().zip(expected).enumerate() {
		compare::compare(found, expected, tolerance)
			.map_err(|reason| format!("output {index}: {reason}"))?;
	}
	Ok(())
}

/// Cases that were run, counted.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
	/// How many passed.
	pub passed: usize,
	/// How many failed.
	pub failed: usize,
	/// How many the engine does not take.
	pub refused: usize,
	/// All of them, in order.
	pub cases: Vec<Ran>,
}

impl Summary {
	/// Counts.
	pub fn of(cases: Vec<Ran>) -> Self {
		let count = |is: fn(&Verdict) -> bool| cases.iter().filter(|ran| is(&ran.verdict)).count();
		Self {
			passed: count(|verdict| matches!(verdict, Verdict::Passed)),
			failed: count(|verdict| matches!(verdict, Verdict::Failed { .. })),
			refused: count(|verdict| matches!(verdict, Verdict::Refused { .. })),
			cases,
		}
	}

	/// How many were refused for each kind of reason.
	pub fn refusals(&self) -> BTreeMap<&str, usize> {
		let mut kinds = BTreeMap::new();
		for ran in &self.cases {
			if let Verdict::Refused { kind, .. } = &ran.verdict {
				*kinds.entry(kind.as_str()).or_default() += 1;
			}
		}
		kinds
	}
}
