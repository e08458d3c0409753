//! Golden vectors: the hashes of what every machine must compute.
//!
//! `golden.txt` has a line for each operator and element type, one for more versions of the operator,
//! and two for each network: the BLAKE3 hash of all that its cases give, how many cases there are, and
//! a name. The cases are drawn from fixed seeds. `cargo run --release -p noema-engine --example golden
//! -- write` writes the file anew, which is right for new operators and wrong for anything else: a
//! profile's bits never change.

use std::fmt;

use super::{
	catalog::{self, Entry},
	graph::{hash, Case},
	networks::{networks, Network},
	random::Elements,
};
use crate::{DType, ModelError};

/// The golden vectors of profile 1.
pub const GOLDEN: &str = include_str!("golden.txt");

/// A line of golden vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vector {
	/// What it is the hash of: `Add/f32`, or `network/encoder`.
	pub name: String,
	/// How many cases that are.
	pub cases: usize,
	/// BLAKE3 over the hashes of what they give.
	pub hash: blake3::Hash,
}

impl fmt::Display for Vector {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{} {:2} {}", self.hash, self.cases, self.name)
	}
}

/// What differs from the golden vectors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
	/// Other bits.
	#[error("{name}: {found} instead of {expected}")]
	Differs {
		/// The line.
		name: String,
		/// The hash that was computed.
		found: blake3::Hash,
		/// The hash that stands in the file.
		expected: blake3::Hash,
	},
	/// Another number of cases is refused.
	#[error("{name}: {found} cases instead of {expected}")]
	Count {
		/// The line.
		name: String,
		/// How many cases were run.
		found: usize,
		/// How many stand in the file.
		expected: usize,
	},
	/// The file has no such line.
	#[error("{name}: not among the golden vectors; if the operator is new, write them anew")]
	New {
		/// The line.
		name: String,
	},
	/// Only the file has the line.
	#[error("{name}: among the golden vectors, but not computed")]
	Missing {
		/// The line.
		name: String,
	},
	/// A line that cannot be read.
	#[error("line {line} of the golden vectors is none: {text}")]
	Malformed {
		/// Counted from one.
		line: usize,
		/// The line.
		text: String,
	},
}

/// Reads golden vectors, a line each.
pub fn parse(text: &str) -> Result<Vec<Vector>, Mismatch> {
	text.lines()
		.enumerate()
		.map(|(index, line)| {
			let mut words = line.split_whitespace();
			let mut vector = || {
				Some(Vector {
					hash: blake3::Hash::from_hex(words.next()?).ok()?,
					cases: words.next()?.parse().ok()?,
					name: words.next()?.into(),
				})
			};
			vector().ok_or_else(|| Mismatch::Malformed {
				line: index + 1,
				text: line.into(),
			})
		})
		.collect()
}

/// The versions of the operator set, and the kinds of elements, of an operator's cases; where an
/// operator is newer or was withdrawn, the nearest version that has it.
const VARIANTS: [(i64, Elements); 5] = [
	(24, Elements::Plain),
	(21, Elements::Plain),
	(21, Elements::Special),
	(17, Elements::Special),
	(9, Elements::Plain),
];
/// More versions, with a line of their own, which a node does not check at start: old forms end in the
/// kernels of the new ones.
const MORE_VERSIONS: [i64; 3] = [12, 6, 1];

/// The version of the operator set nearest to this one that has the operator.
pub(crate) fn nearest(entry: &Entry, opset: i64) -> i64 {
	// Those of other domains go with any version.
	crate::ops::opsets(entry.op).map_or(opset, |opsets| opset.clamp(*opsets.start(), *opsets.end()))
}

/// The cases of an operator for one element type; none if it does not take it.
pub fn cases(entry: &Entry, dtype: DType) -> Vec<Case> {
	VARIANTS
		.iter()
		.zip(0..)
		.filter_map(|((opset, elements), seed)| {
			entry.case(dtype, nearest(entry, *opset), *elements, seed)
		})
		.collect()
}

/// Runs cases, of which some may be refused. None if all are.
fn vector(name: String, cases: &[Case]) -> Option<Vector> {
	let mut hasher = blake3::Hasher::new();
	let mut run = 0;
	for outcome in cases.iter().filter_map(|case| case.run().ok()) {
		hasher.update(hash(&outcome).as_bytes());
		run += 1;
	}
	(run > 0).then(|| Vector {
		name,
		cases: run,
		hash: hasher.finalize(),
	})
}

/// The line of an operator for one element type.
pub fn operator(entry: &Entry, dtype: DType) -> Option<Vector> {
	vector(format!("{}/{dtype}", entry.op), &cases(entry, dtype))
}

/// The line of an operator for more versions of it, with all element types; none if it has but new
/// ones.
pub fn versions(entry: &Entry) -> Option<Vector> {
	let opsets = MORE_VERSIONS
		.iter()
		.filter(|opset| nearest(entry, **opset) == **opset && entry.domain.is_empty());
	let cases: Vec<Case> = opsets
		.zip(0..)
		.flat_map(|(opset, seed)| {
			DType::ALL
				.iter()
				.filter_map(move |dtype| entry.case(*dtype, *opset, Elements::Plain, seed))
		})
		.collect();
	vector(format!("{}/versions", entry.op), &cases)
}

/// The two lines of a network: with its outputs, and with all that its nodes make.
pub fn network(network: &Network) -> Result<[Vector; 2], ModelError> {
	let line = |suffix: &str, cases: &[Case]| {
		let mut hasher = blake3::Hasher::new();
		for case in cases {
			hasher.update(hash(&case.run()?).as_bytes());
		}
		Ok(Vector {
			name: format!("network/{}{suffix}", network.name),
			cases: cases.len(),
			hash: hasher.finalize(),
		})
	};
	let case = std::slice::from_ref(&network.case);
	Ok([line("", case)?, line("/values", &network.all_values)?])
}

/// Computes all golden vectors.
pub fn compute() -> Result<Vec<Vector>, ModelError> {
	let mut vectors = vec![];
	for entry in catalog::entries() {
		vectors.extend(
			DType::ALL
				.iter()
				.filter_map(|dtype| operator(entry, *dtype)),
		);
		vectors.extend(versions(entry));
	}
	for each in networks() {
		vectors.extend(network(&each)?);
	}
	Ok(vectors)
}

/// Compares vectors with those of a file; both in the file's order, or any.
pub fn compare(found: &[Vector], expected: &[Vector]) -> Vec<Mismatch> {
	let mut mismatches = vec![];
	for vector in found {
		let name = vector.name.clone();
		match expected.iter().find(|other| other.name == name) {
			None => mismatches.push(Mismatch::New { name }),
			Some(other) if other.cases != vector.cases => mismatches.push(Mismatch::Count {
				name,
				found: vector.cases,
				expected: other.cases,
			}),
			Some(other) if other.hash != vector.hash => mismatches.push(Mismatch::Differs {
				name,
				found: vector.hash,
				expected: other.hash,
			}),
			Some(_) => {}
		}
	}
	for vector in expected {
		if found.iter().all(|other| other.name != vector.name) {
			mismatches.push(Mismatch::Missing {
				name: vector.name.clone(),
			});
		}
	}
	mismatches
}
