//! Outputs: as tables, as JSON, as .npy files, and ranked for classifiers.

pub mod npy;
pub mod table;
pub mod topk;

use std::path::PathBuf;

/// Why outputs cannot be shown or written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
	/// A directory or file cannot be written.
	#[error("cannot write {}", path.display())]
	Write {
		/// The file or directory.
		path: PathBuf,
		/// What the system says.
		source: std::io::Error,
	},
	/// The labels cannot be read.
	#[error("cannot read the labels {}", path.display())]
	Labels {
		/// The file.
		path: PathBuf,
		/// What the system says.
		source: std::io::Error,
	},
	/// No output has as many elements as there are labels.
	#[error("there are {labels} labels, but no output has as many elements; the labels file takes one label a line")]
	LabelCount {
		/// Lines of the labels file.
		labels: usize,
	},
}
