//! numpy's .npy and .npz: any byte order, C and Fortran order.

use std::io::{Cursor, Read};
use std::path::Path;

use npyz::{npz::NpzArchive, Endianness, NpyFile, Order, TypeChar, TypeStr};

use super::{raw, InputError, Loaded};
use crate::tensor::{elements, DType};

pub(super) fn load_npy(path: &Path) -> Result<Loaded, InputError> {
	let bytes = raw::read(path)?;
	let file = NpyFile::new(bytes.as_slice()).map_err(|error| malformed(path, error))?;
	array(file, path)
}

pub(super) fn load_npz(path: &Path, member: Option<&str>) -> Result<Loaded, InputError> {
	let bytes = raw::read(path)?;
	let mut archive =
		NpzArchive::new(Cursor::new(bytes)).map_err(|error| malformed(path, error))?;
	let mut members: Vec<String> = archive.array_names().map(str::to_owned).collect();
	members.sort();
	let member = match (member, members.as_slice()) {
		(Some(member), _) => member.to_owned(),
		(None, [only]) => only.clone(),
		(None, []) => return Err(malformed(path, "it holds no arrays")),
		(None, _) => {
			return Err(InputError::Member {
				path: path.to_path_buf(),
				members,
			})
		}
	};
	let file = archive
		.by_name(&member)
		.map_err(|error| malformed(path, error))?;
	match file {
		Some(file) => array(file, path),
		None => Err(InputError::NoMember {
			path: path.to_path_buf(),
			member,
			members,
		}),
	}
}

fn malformed(path: &Path, reason: impl ToString) -> InputError {
	InputError::Malformed {
		path: path.to_path_buf(),
		kind: "numpy array",
		reason: reason.to_string(),
	}
}

fn array<R: Read>(file: NpyFile<R>, path: &Path) -> Result<Loaded, InputError> {
	let (dtype, swap) = match file.dtype() {
		npyz::DType::Plain(ty) => element_type(&ty).ok_or_else(|| {
			malformed(
				path,
				format!("its element type {ty} is none that models take"),
			)
		})?,
		_ => return Err(malformed(path, "it is a structured array")),
	};
	let fortran = file.order() == Order::Fortran;
	let shape: Vec<u32> = file
		.shape()
		.iter()
		.map(|dim| u32::try_from(*dim))
		.collect::<Result<_, _>>()
		.map_err(|_| malformed(path, "a dimension is beyond 32 bits"))?;
	let length = elements(&shape)
		.and_then(|n| n.checked_mul(dtype.size()))
		.ok_or_else(|| malformed(path, "its size overflows"))?;
	let mut data = Vec::new();
	// One byte more than there should be shows a file that is too long.
	file.into_inner()
		.take(length as u64 + 1)
		.read_to_end(&mut data)
		.map_err(|error| malformed(path, error))?;
	if data.len() != length {
		let what = if data.len() < length { "fewer" } else { "more" };
		return Err(malformed(
			path,
			format!("it has {what} than the {length} bytes of its shape"),
		));
	}
	if swap {
		for element in data.chunks_exact_mut(dtype.size()) {
			element.reverse();
		}
	}
	if fortran {
		data = to_row_major(&data, &shape, dtype.size());
	}
	Ok(Loaded {
		dtype: Some(dtype),
		shape: Some(shape),
		data,
	})
}

/// The element type, and whether its bytes are in big-endian order.
fn element_type(ty: &TypeStr) -> Option<(DType, bool)> {
	let dtype = match (ty.type_char(), ty.size_field()) {
		(TypeChar::Float, 4) => DType::F32,
		(TypeChar::Float, 8) => DType::F64,
		(TypeChar::Uint, 1) => DType::U8,
		(TypeChar::Uint, 2) => DType::U16,
		(TypeChar::Uint, 4) => DType::U32,
		(TypeChar::Uint, 8) => DType::U64,
		(TypeChar::Int, 1) => DType::I8,
		(TypeChar::Int, 2) => DType::I16,
		(TypeChar::Int, 4) => DType::I32,
		(TypeChar::Int, 8) => DType::I64,
		(TypeChar::Bool, 1) => DType::Bool,
		_ => return None,
	};
	Some((dtype, ty.endianness() == Endianness::Big))
}

/// Elements whose first axis runs fastest, put in the order in which the last axis does.
fn to_row_major(data: &[u8], shape: &[u32], size: usize) -> Vec<u8> {
	let mut out = Vec::with_capacity(data.len());
	let mut index = vec![0usize; shape.len()];
	for _ in 0..data.len() / size {
		let mut at = 0;
		for (i, dim) in index.iter().zip(shape).rev() {
			at = at * *dim as usize + i;
		}
		out.extend_from_slice(&data[at * size..(at + 1) * size]);
		for (i, dim) in index.iter_mut().zip(shape).rev() {
			*i += 1;
			if *i < *dim as usize {
				break;
			}
			*i = 0;
		}
	}
	out
}

#[cfg(test)]
mod tests {
	use super::*;

	/// An .npy as numpy writes it.
	fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
		let order = if fortran { "True" } else { "False" };
		let header =
			format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
		let mut file = b"\x93NUMPY\x01\x00".to_vec();
		file.extend((header.len() as u16).to_le_bytes());
		file.extend(header.as_bytes());
		file.extend(data);
		file
	}

	fn load(bytes: &[u8]) -> Result<Loaded, InputError> {
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("x.npy");
		std::fs::write(&path, bytes).unwrap();
		load_npy(&path)
	}

	#[test]
	fn little_and_big_endian() {
		let little = load(&npy("<i2", false, "(2,)", &[1, 0, 0, 1])).unwrap();
		let big = load(&npy(">i2", false, "(2,)", &[0, 1, 1, 0])).unwrap();
		assert_eq!(little.data, [1, 0, 0, 1]);
		assert_eq!(little, big);
		assert_eq!(little.dtype, Some(DType::I16));
	}

	#[test]
	fn fortran_order_is_turned() {
		// [[1, 2, 3], [4, 5, 6]], stored column by column.
		let loaded = load(&npy("|u1", true, "(2, 3)", &[1, 4, 2, 5, 3, 6])).unwrap();
		assert_eq!(loaded.data, [1, 2, 3, 4, 5, 6]);
		assert_eq!(loaded.shape, Some(vec![2, 3]));
	}

	#[test]
	fn scalars_and_bools() {
		let loaded = load(&npy("|b1", false, "()", &[1])).unwrap();
		assert_eq!(
			(loaded.dtype, loaded.shape),
			(Some(DType::Bool), Some(vec![]))
		);
	}

	#[test]
	fn damaged_files_are_refused() {
		let is_malformed = |bytes: &[u8]| matches!(load(bytes), Err(InputError::Malformed { .. }));
		assert!(is_malformed(b"no npy"));
		assert!(is_malformed(b"\x93NUMPY\x01\x00"));
		assert!(is_malformed(&npy("<f4", false, "(2,)", &[0; 7])));
		assert!(is_malformed(&npy("<f4", false, "(2,)", &[0; 9])));
		assert!(is_malformed(&npy("<c8", false, "(1,)", &[0; 8])));
		assert!(is_malformed(&npy(
			"<f4",
			false,
			"(4294967295, 4294967295, 4294967295)",
			&[]
		)));
	}

	#[test]
	fn members_of_an_archive() {
		let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/digits/heldout.npz");
		let images = load_npz(&path, Some("images")).unwrap();
		assert_eq!(images.dtype, Some(DType::F32));
		assert_eq!(
			images.shape.as_deref().map(|shape| &shape[1..]),
			Some(&[1, 8, 8][..])
		);
		assert!(matches!(
			load_npz(&path, None),
			Err(InputError::Member { members, .. }) if members == ["images", "labels"]
		));
		assert!(matches!(
			load_npz(&path, Some("x")),
			Err(InputError::NoMember { .. })
		));
	}
}
