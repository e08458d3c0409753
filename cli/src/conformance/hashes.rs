//! The hashes of outputs: what two machines, or two versions, must have in common.
//!
//! A line is `HASH CASE/SET/OUTPUT OPERATORS`: the BLAKE3 hash of an output's bytes (row-major,
//! little endian), which output it is, and the operator types of its model.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::{ConformanceError, Ran, Verdict};

/// The hash of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashLine {
	/// BLAKE3 of its bytes.
	pub hash: blake3::Hash,
	/// Case, number of the data set, number of the output.
	pub name: String,
	/// The operator types of the model, with commas.
	pub ops: String,
}

impl fmt::Display for HashLine {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		write!(f, "{} {} {}", self.hash, self.name, self.ops)
	}
}

/// The hashes of a file, by the name of the output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hashes(BTreeMap<String, blake3::Hash>);

impl Hashes {
	/// Writes the hashes of all cases that passed.
	pub fn write(path: &Path, cases: &[Ran]) -> Result<usize, ConformanceError> {
		let lines: Vec<String> = cases
			.iter()
			.filter(|ran| ran.verdict == Verdict::Passed)
			.flat_map(|ran| &ran.hashes)
			.map(|line| format!("{line}\n"))
			.collect();
		std::fs::write(path, lines.concat()).map_err(|source| ConformanceError::Io {
			path: path.to_path_buf(),
			source,
		})?;
		Ok(lines.len())
	}

	/// Reads what [`write`](Self::write) has written.
	pub fn read(path: &Path) -> Result<Self, ConformanceError> {
		let text = std::fs::read_to_string(path).map_err(|source| ConformanceError::Io {
			path: path.to_path_buf(),
			source,
		})?;
		text.lines()
			.enumerate()
			.map(|(index, line)| {
				parse(line).ok_or_else(|| ConformanceError::HashLine {
					path: path.to_path_buf(),
					line: index + 1,
					text: line.to_owned(),
				})
			})
			.collect::<Result<_, _>>()
			.map(Self)
	}

	/// What is not as in the file: other bits, or outputs that only one side has. Of a case that the
	/// file does not know, nothing is said.
	pub fn difference(&self, ran: &Ran) -> Option<String> {
		let own = format!("{}/", ran.name);
		let mut known = self
			.0
			.iter()
			.filter(|(name, _)| {
				name.strip_prefix(&own)
					.is_some_and(|rest| rest.split('/').count() == 2)
			})
			.peekable();
		known.peek()?;
		for (name, hash) in known {
			match ran.hashes.iter().find(|line| line.name == *name) {
				None => return Some(format!("the file of hashes has {name}, this run has not")),
				Some(line) if line.hash != *hash => {
					return Some(format!(
						"{name} has the hash {} instead of {hash}",
						line.hash
					))
				}
				Some(_) => {}
			}
		}
		let unknown = |line: &&HashLine| !self.0.contains_key(&line.name);
		let line = ran.hashes.iter().find(unknown)?;
		Some(format!("{} is not in the file of hashes", line.name))
	}

	/// How many hashes there are.
	pub fn len(&self) -> usize {
		self.0.len()
	}

	/// Whether there are none.
	pub fn is_empty(&self) -> bool {
		self.0.is_empty()
	}
}

fn parse(line: &str) -> Option<(String, blake3::Hash)> {
	let mut words = line.split(' ');
	let hash = blake3::Hash::from_hex(words.next()?).ok()?;
	let name = words.next()?.to_owned();
	words.next()?;
	words.next().is_none().then_some((name, hash))
}

#[cfg(test)]
mod tests {
	use super::*;

	fn ran(outputs: &[(&str, &[u8])]) -> Ran {
		Ran {
			name: "test_a".into(),
			verdict: Verdict::Passed,
			hashes: outputs
				.iter()
				.map(|(name, data)| HashLine {
					hash: blake3::hash(data),
					name: format!("test_a/{name}"),
					ops: "Add,Mul".into(),
				})
				.collect(),
		}
	}

	#[test]
	fn what_is_written_is_read_and_differences_are_found() {
		let directory = tempfile::tempdir().unwrap();
		let path = directory.path().join("hashes");
		let first = ran(&[("0/0", b"x"), ("0/1", b"y")]);
		assert_eq!(
			Hashes::write(&path, std::slice::from_ref(&first)).unwrap(),
			2
		);
		let hashes = Hashes::read(&path).unwrap();
		assert_eq!(hashes.len(), 2);
		assert_eq!(hashes.difference(&first), None);
		let other = ran(&[("0/0", b"x"), ("0/1", b"z")]);
		assert!(hashes.difference(&other).unwrap().contains("test_a/0/1"));
		let fewer = hashes.difference(&ran(&[("0/0", b"x")])).unwrap();
		assert!(fewer.contains("this run has not"));
		let more = ran(&[("0/0", b"x"), ("0/1", b"y"), ("1/0", b"z")]);
		assert!(hashes.difference(&more).unwrap().contains("test_a/1/0"));
		let unknown = Ran {
			name: "test".into(),
			..first
		};
		assert_eq!(hashes.difference(&unknown), None);
	}

	#[test]
	fn failed_cases_are_not_written() {
		let directory = tempfile::tempdir().unwrap();
		let path = directory.path().join("hashes");
		let failed = Ran {
			verdict: Verdict::Failed {
				reason: String::new(),
			},
			..ran(&[("0/0", b"x")])
		};
		assert_eq!(Hashes::write(&path, &[failed]).unwrap(), 0);
	}

	#[test]
	fn other_files_are_refused() {
		let directory = tempfile::tempdir().unwrap();
		let path = directory.path().join("hashes");
		std::fs::write(&path, "abc test_a/0/0 Add\n").unwrap();
		let error = Hashes::read(&path).unwrap_err();
		assert!(error.to_string().contains("line 1"), "{error}");
	}
}
