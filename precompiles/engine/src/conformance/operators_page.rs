//! `docs/operators.md`, written from what the engine does.
//!
//! Element types and versions are found out by asking the engine for a plan of cases of the catalog,
//! so the page cannot claim what the engine refuses.

use std::{collections::BTreeSet, fmt::Write};

use super::{
	catalog::{Entry, FAMILIES},
	golden::{self, Mismatch, Vector},
	random::Elements,
};
use crate::{guard::OPSETS, DType, Engine, Profile1};

/// The opsets in one of which, or in the nearest that has the operator, its types are found.
const OF_TYPES: [i64; 3] = [21, 9, 25];
/// How often a case is drawn before a type or version counts as refused.
const TRIES: u64 = 20;

const HEAD: &str = "\
# Operators of numerics profile 1

A model may use these operators of ONNX's default domain, opset 1 to 28, and those of the last
section, of the domain `ai.onnx.ml`, version 1 to 5. Each is taken in all the versions that these
opsets have, within the range in the column *opsets*; attributes that only old versions have are
refused where the model's opset is newer. What bits an operator computes is in
[numerics.md](numerics.md).

* Element types: f32, f64, u8, i8, u16, i16, u32, i32, u64, i64 and bool. *All* are these eleven,
  *numbers* all but bool, *integers* the eight without f32, f64 and bool.
* Initializers and constants may be stored as float16, bfloat16, float8 (all four), float4, int4, uint4,
  int2 or uint2. They are unpacked when the file is read, the floats to f32, the integers to i8 or u8
  (these from initializers only). Graph inputs and outputs must be of the eleven types: put a Cast
  between.
* What scikit-learn and the like export may not hold strings or maps: train on integer labels, and
  convert with the option `zipmap=False`.
* Shapes are static. What fixes a shape (axes, sizes, counts) must be an attribute or a constant: an
  initializer, or the output of nodes that depend on constants only, which are folded.
* Attributes that an operator does not have, and element types that it does not take, are refused by
  name, as is every operator that is not listed.
* Accuracy is that of one element. *½ ulp* is one correctly rounded operation. *A rounding a term*
  means that products and sums are rounded one by one, in the order that the profile fixes.
* Tested by: *golden*, so many cases that every machine must compute to the same hash, at each start
  and on each instruction set; *onnx*, so many cases of the `onnx` package's backend test suite 1.23
  that hold the operator and pass. All are also drawn for random graphs, which the scalar path and
  the vectorised ones must compute to the same bits.

This page is written by `cargo run --release -p noema-engine --example operators`; a test compares.
";

/// The page, given the golden vectors and the hashes of the ONNX suite, as
/// `noema conformance --hashes` writes them.
pub fn page(golden: &str, suite: &str) -> Result<String, Mismatch> {
	let golden = golden::parse(golden)?;
	let mut page = HEAD.to_owned();
	for family in FAMILIES {
		let _ = write!(
			page,
			"\n## {}\n\n| operator | element types | opsets | accuracy | tested by | notes |\n\
			 |---|---|---|---|---|---|\n",
			family.title
		);
		for entry in family.entries {
			let _ = writeln!(page, "{}", row(entry, &golden, suite));
		}
	}
	Ok(page)
}

fn row(entry: &Entry, golden: &[Vector], suite: &str) -> String {
	let op = entry.op;
	let cases: usize = golden
		.iter()
		.filter(|vector| vector.name.split('/').next() == Some(op))
		.map(|vector| vector.cases)
		.sum();
	let dtypes: Vec<DType> = DType::ALL
		.into_iter()
		.filter(|dtype| {
			OF_TYPES
				.iter()
				.any(|opset| takes(entry, *dtype, golden::nearest(entry, *opset)))
		})
		.collect();
	let opsets: Vec<i64> = OPSETS
		.filter(|opset| dtypes.iter().any(|dtype| takes(entry, *dtype, *opset)))
		.collect();
	format!(
		"| {op} | {} | {} | {} | {} | {} |",
		types_text(&dtypes),
		opsets_text(&opsets),
		entry.accuracy,
		tested_text(cases, suite_cases(op, suite)),
		entry.note
	)
}

/// Whether the engine makes a plan of some case.
fn takes(entry: &Entry, dtype: DType, opset: i64) -> bool {
	(0..TRIES).any(|seed| {
		entry
			.case(dtype, opset, Elements::Plain, seed)
			.is_some_and(|case| Profile1.build(&case.file).is_ok())
	})
}

fn types_text(dtypes: &[DType]) -> String {
	let groups: [(&str, &[DType]); 3] = [
		("all", &DType::ALL),
		("numbers", &DType::NUMBERS),
		("integers", &DType::INTEGERS),
	];
	match groups.iter().find(|(_, group)| *group == dtypes) {
		Some((name, _)) => (*name).into(),
		None => {
			let names: Vec<&str> = dtypes.iter().map(|dtype| dtype.name()).collect();
			names.join(", ")
		}
	}
}

fn opsets_text(opsets: &[i64]) -> String {
	match (opsets.first(), opsets.last()) {
		(Some(first), Some(last)) if last == OPSETS.end() => format!("from {first}"),
		(Some(first), Some(last)) => format!("{first} to {last}"),
		_ => "none".into(),
	}
}

fn tested_text(golden: usize, onnx: usize) -> String {
	match onnx {
		0 => format!("golden {golden}"),
		onnx => format!("golden {golden}, onnx {onnx}"),
	}
}

/// How many cases of the suite have this operator: the third word of a line lists those of a case.
fn suite_cases(op: &str, suite: &str) -> usize {
	let cases: BTreeSet<&str> = suite
		.lines()
		.filter_map(|line| {
			let mut words = line.split_whitespace();
			let (_, name, ops) = (words.next()?, words.next()?, words.next()?);
			ops.split(',').any(|other| other == op).then_some(())?;
			// Behind the case's name: the data set and the output.
			name.rsplitn(3, '/').nth(2)
		})
		.collect();
	cases.len()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn a_case_of_two_outputs_counts_once() {
		let suite = "00 node/test_a/0/0 Add,Mul\n11 node/test_a/0/1 Add,Mul\n22 test_b/0/0 Add\n";
		assert_eq!(suite_cases("Add", suite), 2);
		assert_eq!(suite_cases("Mul", suite), 1);
		assert_eq!(suite_cases("Ad", suite), 0);
	}

	#[test]
	fn groups_of_types_have_names() {
		assert_eq!(types_text(&DType::ALL), "all");
		assert_eq!(types_text(&[DType::F32, DType::I8]), "f32, i8");
	}
}
