//! Raw bytes: little endian, row-major, of the schema's type and shape.

use std::path::Path;

use super::{InputError, Loaded};

pub(super) fn load(path: &Path) -> Result<Loaded, InputError> {
	Ok(Loaded {
		dtype: None,
		shape: None,
		data: read(path)?,
	})
}

/// Reads a whole file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, InputError> {
	std::fs::read(path).map_err(|source| InputError::Read {
		path: path.to_path_buf(),
		source,
	})
}
