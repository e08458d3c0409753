//! A test case on disk: `model.onnx`, and folders `test_data_set_<n>` with `input_<i>.pb` in the
//! order of the graph's inputs and `output_<i>.pb`.
//!
//! The layout has no place for tolerances. Where a case needs others than the suite's, a file
//! `tolerance.json` beside the model holds `{"rtol": ..., "atol": ...}`.

use std::path::{Path, PathBuf};

use noema_engine::Value;

use super::compare::Tolerance;
use super::ConformanceError;
use crate::inputs::{self, InputSpec};

/// A case that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
	/// Its folder's path, from the one that was searched.
	pub name: String,
	/// Its folder.
	pub path: PathBuf,
	/// The folders of its data sets, in order.
	pub data_sets: Vec<PathBuf>,
}

/// The cases in a folder and in all folders below it, by name. A folder that is a case counts.
pub fn find(directory: &Path) -> Result<Vec<Case>, ConformanceError> {
	let mut cases = vec![];
	let name = directory.file_name().unwrap_or_default().to_string_lossy();
	search(directory, &name, directory, &mut cases)?;
	if cases.is_empty() {
		return Err(ConformanceError::NoCases(directory.to_path_buf()));
	}
	Ok(cases)
}

fn search(
	root: &Path,
	root_name: &str,
	directory: &Path,
	cases: &mut Vec<Case>,
) -> Result<(), ConformanceError> {
	let folders = folders(directory)?;
	if directory.join("model.onnx").is_file() {
		let relative = directory.strip_prefix(root).unwrap_or(directory);
		let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
		let name = if parts.is_empty() {
			root_name.to_owned()
		} else {
			// The names of hashes have slashes of their own.
			parts.join("/")
		};
		cases.push(Case {
			name,
			path: directory.to_path_buf(),
			data_sets: data_sets(&folders),
		});
		return Ok(());
	}
	for folder in folders {
		search(root, root_name, &folder, cases)?;
	}
	Ok(())
}

/// The folders in a folder, by name.
fn folders(directory: &Path) -> Result<Vec<PathBuf>, ConformanceError> {
	let io = |source| ConformanceError::Io {
		path: directory.to_path_buf(),
		source,
	};
	let mut folders = vec![];
	for entry in std::fs::read_dir(directory).map_err(io)? {
		let path = entry.map_err(io)?.path();
		if path.is_dir() {
			folders.push(path);
		}
	}
	folders.sort();
	Ok(folders)
}

/// Those that are data sets, by number.
fn data_sets(folders: &[PathBuf]) -> Vec<PathBuf> {
	let number = |path: &PathBuf| -> Option<u32> {
		let name = path.file_name()?.to_str()?;
		name.strip_prefix("test_data_set_")?.parse().ok()
	};
	let mut sets: Vec<(u32, PathBuf)> = folders
		.iter()
		.filter_map(|path| Some((number(path)?, path.clone())))
		.collect();
	sets.sort();
	sets.into_iter().map(|(_, path)| path).collect()
}

impl Case {
	/// Inputs and expected outputs of a data set.
	pub fn values(&self, set: usize) -> Result<(Vec<Value>, Vec<Value>), ConformanceError> {
		let folder = &self.data_sets[set];
		Ok((read(folder, "input")?, read(folder, "output")?))
	}

	/// What floats may differ by.
	pub(super) fn tolerance(&self) -> Result<Tolerance, ConformanceError> {
		let path = self.path.join("tolerance.json");
		if !path.is_file() {
			return Ok(Tolerance::default());
		}
		let text = std::fs::read_to_string(&path).map_err(|source| ConformanceError::Io {
			path: path.clone(),
			source,
		})?;
		serde_json::from_str(&text).map_err(|error| ConformanceError::Tolerance {
			path,
			reason: error.to_string(),
		})
	}
}

fn read(folder: &Path, kind: &str) -> Result<Vec<Value>, ConformanceError> {
	let mut values = vec![];
	loop {
		let path = folder.join(format!("{kind}_{}.pb", values.len()));
		if !path.is_file() {
			return Ok(values);
		}
		let tensor = inputs::load_array(&InputSpec::of_file(path))?;
		values.push(Value::from(tensor));
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn case_at(path: &Path, sets: &[&str]) {
		std::fs::create_dir_all(path).unwrap();
		std::fs::write(path.join("model.onnx"), b"").unwrap();
		for set in sets {
			std::fs::create_dir_all(path.join(set)).unwrap();
		}
	}

	#[test]
	fn folders_are_searched_to_the_bottom() {
		let directory = tempfile::tempdir().unwrap();
		let root = directory.path();
		case_at(
			&root.join("node/test_b"),
			&["test_data_set_10", "test_data_set_2", "other"],
		);
		case_at(&root.join("node/test_a"), &[]);
		let cases = find(root).unwrap();
		let names: Vec<&str> = cases.iter().map(|case| case.name.as_str()).collect();
		assert_eq!(names, ["node/test_a", "node/test_b"]);
		let sets: Vec<bool> = cases[1]
			.data_sets
			.iter()
			.map(|path| path.ends_with("test_data_set_2"))
			.collect();
		assert_eq!(sets, [true, false]);
		let one = find(&root.join("node/test_a")).unwrap();
		assert_eq!(one[0].name, "test_a");
	}

	#[test]
	fn nothing_to_run_is_an_error() {
		let directory = tempfile::tempdir().unwrap();
		assert!(matches!(
			find(directory.path()),
			Err(ConformanceError::NoCases(_))
		));
	}

	#[test]
	fn tolerances_are_the_suite_s_unless_a_file_says_others() {
		let directory = tempfile::tempdir().unwrap();
		case_at(directory.path(), &[]);
		let case = &find(directory.path()).unwrap()[0];
		assert_eq!(case.tolerance().unwrap(), Tolerance::default());
		let file = directory.path().join("tolerance.json");
		std::fs::write(&file, r#"{"rtol": 0.5, "atol": 0.25}"#).unwrap();
		let tolerance = case.tolerance().unwrap();
		assert_eq!((tolerance.rtol, tolerance.atol), (0.5, 0.25));
		std::fs::write(&file, "0.5").unwrap();
		assert!(case.tolerance().is_err());
	}
}
