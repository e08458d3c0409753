//! Outputs as .npy files, one for each.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use npyz::{DType as Descr, TypeStr, WriteOptions, WriterBuilder};

use super::OutputError;
use crate::tensor::{DType, Tensor};

/// Writes every tensor to `directory`, which is made if it is missing, and names the files.
pub fn write_all(tensors: &[Tensor], directory: &Path) -> Result<Vec<PathBuf>, OutputError> {
	std::fs::create_dir_all(directory).map_err(|source| OutputError::Write {
		path: directory.to_path_buf(),
		source,
	})?;
	let mut paths: Vec<PathBuf> = Vec::new();
	for (index, tensor) in tensors.iter().enumerate() {
		let mut path = directory.join(file_name(&tensor.name));
		if paths.contains(&path) {
			path = directory.join(format!("{index}-{}", file_name(&tensor.name)));
		}
		File::create(&path)
			.and_then(|file| write(tensor, BufWriter::new(file)))
			.map_err(|source| OutputError::Write {
				path: path.clone(),
				source,
			})?;
		paths.push(path);
	}
	Ok(paths)
}

/// The name of a graph output, less what a file's name may not hold.
fn file_name(name: &str) -> String {
	let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
	let stem: String = name
		.chars()
		.map(|c| if safe(c) { c } else { '_' })
		.collect();
	let stem = stem.trim_start_matches('.');
	format!("{}.npy", if stem.is_empty() { "output" } else { stem })
}

/// Writes one tensor, little endian, row-major.
pub fn write(tensor: &Tensor, mut out: impl Write) -> std::io::Result<()> {
	let shape: Vec<u64> = tensor.shape.iter().map(|dim| u64::from(*dim)).collect();
	macro_rules! typed {
		($ty:ty, $descr:literal) => {{
			let descr: TypeStr = $descr.parse().map_err(std::io::Error::other)?;
			let mut writer = WriteOptions::<$ty>::new()
				.dtype(Descr::Plain(descr))
				.shape(&shape)
				.writer(&mut out)
				.begin_nd()?;
			for bytes in tensor.data.chunks_exact(std::mem::size_of::<$ty>()) {
				let mut element = [0; std::mem::size_of::<$ty>()];
				element.copy_from_slice(bytes);
				writer.push(&<$ty>::from_le_bytes(element))?;
			}
			writer.finish()?;
		}};
	}
	match tensor.dtype {
		DType::F32 => typed!(f32, "<f4"),
		DType::F64 => typed!(f64, "<f8"),
		DType::U8 => typed!(u8, "|u1"),
		DType::I8 => typed!(i8, "|i1"),
		DType::U16 => typed!(u16, "<u2"),
		DType::I16 => typed!(i16, "<i2"),
		DType::U32 => typed!(u32, "<u4"),
		DType::I32 => typed!(i32, "<i4"),
		DType::U64 => typed!(u64, "<u8"),
		DType::I64 => typed!(i64, "<i8"),
		DType::Bool => {
			let descr: TypeStr = "|b1".parse().map_err(std::io::Error::other)?;
			let mut writer = WriteOptions::<bool>::new()
				.dtype(Descr::Plain(descr))
				.shape(&shape)
				.writer(&mut out)
				.begin_nd()?;
			for byte in &tensor.data {
				writer.push(&(*byte != 0))?;
			}
			writer.finish()?;
		}
	}
	out.flush()
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::inputs::{load_one, FitOptions};

	#[test]
	fn every_type_comes_back() {
		let dir = tempfile::tempdir().unwrap();
		for dtype in DType::ALL {
			let tensor = Tensor {
				name: format!("out/{dtype}:0"),
				dtype,
				shape: vec![2, 1, 2],
				data: [0u8, 1].repeat(2 * dtype.size()),
			};
			let paths = write_all(std::slice::from_ref(&tensor), dir.path()).unwrap();
			assert_eq!(paths, [dir.path().join(format!("out_{dtype}_0.npy"))]);
			let spec = paths[0].to_str().unwrap().parse().unwrap();
			let back = load_one(&spec, &tensor.schema(), &FitOptions::default()).unwrap();
			assert_eq!(back, tensor);
		}
	}

	#[test]
	fn names_that_collide_are_kept_apart() {
		let dir = tempfile::tempdir().unwrap();
		let tensor = |name: &str, value: u8| Tensor {
			name: name.into(),
			dtype: DType::U8,
			shape: vec![],
			data: vec![value],
		};
		let paths = write_all(&[tensor("a/b", 1), tensor("a:b", 2)], dir.path()).unwrap();
		assert_ne!(paths[0], paths[1]);
		assert_eq!(file_name("../x"), "_x.npy");
		assert_eq!(file_name(""), "output.npy");
	}
}
