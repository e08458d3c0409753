//! Inputs: from files of many kinds to the tensors that a model's schema asks for.
//!
//! ```text
//!   name=PATH --> spec --> npy | json | onnx_pb | image | raw --> fit to the schema --> Tensor
//! ```

pub mod cast;
mod image;
mod json;
mod npy;
mod onnx_pb;
mod raw;
mod spec;

use std::path::PathBuf;

pub use self::image::{Filter, ImageOptions, Layout};
pub use self::spec::InputSpec;
use crate::tensor::{elements, shape_text, DType, Tensor, TensorSchema};

/// Why inputs cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
	/// A file cannot be read.
	#[error("cannot read the input {}", path.display())]
	Read {
		/// The file.
		path: PathBuf,
		/// What the system says.
		source: std::io::Error,
	},
	/// The file's kind cannot be told from its name.
	#[error(
		"cannot tell what {} is; name it .npy, .npz, .json, .pb, .bin, .png or .jpg", .0.display()
	)]
	UnknownKind(PathBuf),
	/// The file is not what its name says.
	#[error("{} is no readable {kind}: {reason}", path.display())]
	Malformed {
		/// The file.
		path: PathBuf,
		/// What it should be.
		kind: &'static str,
		/// What is wrong with it.
		reason: String,
	},
	/// An .npz needs a member.
	#[error("{} holds several arrays; name one, as in `{}:{}` (it has: {})", .path.display(), .path.display(), .members[0], .members.join(", "))]
	Member {
		/// The file.
		path: PathBuf,
		/// The arrays in it.
		members: Vec<String>,
	},
	/// The .npz has no such member.
	#[error("{} has no array `{member}`; it has: {}", .path.display(), .members.join(", "))]
	NoMember {
		/// The file.
		path: PathBuf,
		/// What was asked for.
		member: String,
		/// The arrays in it.
		members: Vec<String>,
	},
	/// The row asked for does not exist.
	#[error("{} has {rows} rows; row {row} does not exist (they count from 0)", path.display())]
	NoRow {
		/// The file.
		path: PathBuf,
		/// What was asked for.
		row: usize,
		/// Length of the first axis.
		rows: usize,
	},
	/// Inputs that the model needs and that were not given.
	#[error("missing input {}; give it with --input {}=PATH", list(.0), .0[0].name)]
	Missing(Vec<TensorSchema>),
	/// An input that the model does not have.
	#[error("the model has no input `{name}`; it takes {}", list(.known))]
	Unknown {
		/// What was given.
		name: String,
		/// What the model takes.
		known: Vec<TensorSchema>,
	},
	/// One input was given twice.
	#[error("the input `{0}` is given twice; leave one out")]
	Twice(String),
	/// A path without a name, though the model has several inputs.
	#[error("the model takes several inputs ({}); write --input NAME=PATH", list(.0))]
	Unnamed(Vec<TensorSchema>),
	/// The wrong element type, and a conversion would change a value.
	#[error(
		"input `{name}` is {got}, the model takes {expected}; element {index} would change its value: convert the file, or pass --cast to round"
	)]
	DType {
		/// The input.
		name: String,
		/// The file's type.
		got: DType,
		/// The model's type.
		expected: DType,
		/// The first element that does not fit.
		index: usize,
	},
	/// The wrong number of dimensions.
	#[error(
		"input `{name}` has rank {} {}, the model takes rank {} {}; reshape the file{}",
		.got.len(), shape_text(.got), .expected.len(), shape_text(.expected),
		reshape_hint(.got, .expected)
	)]
	Rank {
		/// The input.
		name: String,
		/// The file's shape.
		got: Vec<u32>,
		/// The model's shape.
		expected: Vec<u32>,
	},
	/// A dimension differs.
	#[error(
		"input `{name}` has shape {}, the model takes {}: axis {axis} must be {}{}",
		shape_text(.got), shape_text(.expected), .expected[*.axis], reshape_hint(.got, .expected)
	)]
	Dimension {
		/// The input.
		name: String,
		/// The file's shape.
		got: Vec<u32>,
		/// The model's shape.
		expected: Vec<u32>,
		/// The first axis that differs.
		axis: usize,
	},
	/// The data is not as long as type and shape say.
	#[error("input `{name}` has {got} bytes, {dtype} {} takes {expected}", shape_text(.shape))]
	ByteLength {
		/// The input.
		name: String,
		/// Bytes in the file.
		got: usize,
		/// Bytes that are needed.
		expected: usize,
		/// The element type.
		dtype: DType,
		/// The shape.
		shape: Vec<u32>,
	},
	/// A picture was given, but the model's input is none.
	#[error(
		"input `{name}` has shape {}, which is no picture; give --image-size, --channels and --layout so that they multiply to it, or use another kind of file",
		shape_text(.shape)
	)]
	NoPicture {
		/// The input.
		name: String,
		/// The model's shape.
		shape: Vec<u32>,
	},
	/// A list of per-channel numbers has the wrong length.
	#[error("--{option} has {got} numbers, the picture has {channels} channels; give one, or one for each channel")]
	PerChannel {
		/// `mean` or `std`.
		option: &'static str,
		/// Numbers given.
		got: usize,
		/// Channels of the picture.
		channels: usize,
	},
}

fn list(schemas: &[TensorSchema]) -> String {
	let names: Vec<String> = schemas
		.iter()
		.map(|s| format!("`{}` ({} {})", s.name, s.dtype, shape_text(&s.shape)))
		.collect();
	names.join(", ")
}

fn reshape_hint(got: &[u32], expected: &[u32]) -> &'static str {
	if elements(got) == elements(expected) {
		", or pass --reshape (the number of elements is right)"
	} else {
		""
	}
}

/// A tensor as a file holds it, before it is fitted to a schema.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Loaded {
	/// The file's element type; `None` when the file does not say (raw bytes, plain JSON).
	pub(crate) dtype: Option<DType>,
	/// The file's shape; `None` when the file does not say.
	pub(crate) shape: Option<Vec<u32>>,
	/// The elements, of `dtype` or else of the schema's.
	pub(crate) data: Vec<u8>,
}

/// How inputs may be bent to fit.
#[derive(Clone, Debug, Default)]
pub struct FitOptions {
	/// Convert element types even if values change.
	pub cast: bool,
	/// Take another shape with the same number of elements.
	pub reshape: bool,
	/// What to do with pictures.
	pub image: ImageOptions,
}

/// Loads every input that `schema` asks for, in its order.
pub fn load(
	specs: &[InputSpec],
	schema: &[TensorSchema],
	options: &FitOptions,
) -> Result<Vec<Tensor>, InputError> {
	let mut found: Vec<Option<Tensor>> = schema.iter().map(|_| None).collect();
	for spec in specs {
		let index =
			match &spec.name {
				Some(name) => schema.iter().position(|s| s.name == *name).ok_or_else(|| {
					InputError::Unknown {
						name: name.clone(),
						known: schema.to_vec(),
					}
				})?,
				None if schema.len() == 1 => 0,
				None => return Err(InputError::Unnamed(schema.to_vec())),
			};
		if found[index].is_some() {
			return Err(InputError::Twice(schema[index].name.clone()));
		}
		found[index] = Some(load_one(spec, &schema[index], options)?);
	}
	let missing: Vec<TensorSchema> = schema
		.iter()
		.zip(&found)
		.filter(|(_, tensor)| tensor.is_none())
		.map(|(schema, _)| schema.clone())
		.collect();
	if missing.is_empty() {
		Ok(found.into_iter().flatten().collect())
	} else {
		Err(InputError::Missing(missing))
	}
}

/// Loads one input and fits it to its schema.
pub fn load_one(
	spec: &InputSpec,
	schema: &TensorSchema,
	options: &FitOptions,
) -> Result<Tensor, InputError> {
	let loaded = read(spec, schema, &options.image)?;
	let loaded = match spec.row {
		Some(row) => select_row(loaded, row, spec, schema.dtype)?,
		None => loaded,
	};
	fit(loaded, schema, options)
}

/// Loads an array as it is; only from files that say type and shape: .npy, .npz, .pb.
pub fn load_array(spec: &InputSpec) -> Result<Tensor, InputError> {
	let any = TensorSchema {
		name: String::new(),
		dtype: DType::F32,
		shape: Vec::new(),
	};
	let loaded = read(spec, &any, &ImageOptions::default())?;
	match (loaded.dtype, loaded.shape) {
		(Some(dtype), Some(shape)) => {
			let name = spec.member.clone().unwrap_or_default();
			Ok(Tensor {
				name,
				dtype,
				shape,
				data: loaded.data,
			})
		}
		_ => Err(InputError::UnknownKind(spec.path.clone())),
	}
}

/// Reads a file of any kind.
fn read(
	spec: &InputSpec,
	schema: &TensorSchema,
	image: &ImageOptions,
) -> Result<Loaded, InputError> {
	let extension = spec
		.path
		.extension()
		.and_then(|extension| extension.to_str())
		.map(str::to_ascii_lowercase)
		.unwrap_or_default();
	match extension.as_str() {
		"npy" => npy::load_npy(&spec.path),
		"npz" => npy::load_npz(&spec.path, spec.member.as_deref()),
		"json" => json::load(&spec.path, schema.dtype),
		"pb" => onnx_pb::load(&spec.path),
		"bin" | "raw" => raw::load(&spec.path),
		"png" | "jpg" | "jpeg" => self::image::load(&spec.path, schema, image),
		_ => Err(InputError::UnknownKind(spec.path.clone())),
	}
}

/// Row `row` of the first axis, which keeps its place with length 1.
fn select_row(
	loaded: Loaded,
	row: usize,
	spec: &InputSpec,
	default: DType,
) -> Result<Loaded, InputError> {
	let no_row = |rows| InputError::NoRow {
		path: spec.path.clone(),
		row,
		rows,
	};
	let Some(mut shape) = loaded.shape else {
		return Err(no_row(0));
	};
	let rows = *shape.first().ok_or_else(|| no_row(0))? as usize;
	if row >= rows {
		return Err(no_row(rows));
	}
	let size = loaded.dtype.unwrap_or(default).size();
	shape[0] = 1;
	// The loaders have checked that the data is as long as the shape says.
	let stride = elements(&shape).unwrap_or(0) * size;
	let data = loaded.data[row * stride..(row + 1) * stride].to_vec();
	Ok(Loaded {
		dtype: loaded.dtype,
		shape: Some(shape),
		data,
	})
}

fn fit(loaded: Loaded, schema: &TensorSchema, options: &FitOptions) -> Result<Tensor, InputError> {
	let name = schema.name.clone();
	let expected = schema.shape.clone();
	if let Some(got) = loaded.shape {
		let same_size = elements(&got) == elements(&expected);
		if got != expected && !(options.reshape && same_size) {
			if got.len() != expected.len() {
				return Err(InputError::Rank {
					name,
					got,
					expected,
				});
			}
			let axis = got
				.iter()
				.zip(&expected)
				.position(|(a, b)| a != b)
				.unwrap_or(0);
			return Err(InputError::Dimension {
				name,
				got,
				expected,
				axis,
			});
		}
	}
	let data = match loaded.dtype {
		Some(got) if got != schema.dtype => {
			cast::convert(&loaded.data, got, schema.dtype, options.cast).map_err(|index| {
				InputError::DType {
					name: name.clone(),
					got,
					expected: schema.dtype,
					index,
				}
			})?
		}
		_ => loaded.data,
	};
	let tensor = Tensor {
		name,
		dtype: schema.dtype,
		shape: expected,
		data,
	};
	if !tensor.is_consistent() {
		return Err(InputError::ByteLength {
			got: tensor.data.len(),
			expected: schema
				.elements()
				.unwrap_or(usize::MAX)
				.saturating_mul(schema.dtype.size()),
			dtype: schema.dtype,
			shape: tensor.shape,
			name: tensor.name,
		});
	}
	Ok(tensor)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn schema(name: &str, dtype: DType, shape: &[u32]) -> TensorSchema {
		TensorSchema {
			name: name.into(),
			dtype,
			shape: shape.to_vec(),
		}
	}

	fn write(dir: &tempfile::TempDir, name: &str, bytes: &[u8]) -> String {
		let path = dir.path().join(name);
		std::fs::write(&path, bytes).unwrap();
		path.to_str().unwrap().to_owned()
	}

	fn spec(text: &str) -> InputSpec {
		text.parse().unwrap()
	}

	#[test]
	fn every_fault_of_naming_has_its_own_error() {
		let dir = tempfile::tempdir().unwrap();
		let path = write(&dir, "a.bin", &[0; 4]);
		let two = [schema("a", DType::U8, &[4]), schema("b", DType::U8, &[4])];
		let options = FitOptions::default();
		let load = |texts: &[String]| {
			let specs: Vec<InputSpec> = texts.iter().map(|text| spec(text)).collect();
			load(&specs, &two, &options)
		};
		let (a, b, c) = (
			format!("a={path}"),
			format!("b={path}"),
			format!("c={path}"),
		);
		assert!(
			matches!(load(std::slice::from_ref(&a)), Err(InputError::Missing(missing)) if missing[0].name == "b")
		);
		assert!(matches!(
			load(&[a.clone(), b.clone(), c]),
			Err(InputError::Unknown { .. })
		));
		assert!(matches!(
			load(&[a.clone(), a.clone()]),
			Err(InputError::Twice(_))
		));
		assert!(matches!(load(&[path]), Err(InputError::Unnamed(_))));
		let both = load(&[b, a]).unwrap();
		assert_eq!((both[0].name.as_str(), both[1].name.as_str()), ("a", "b"));
	}

	#[test]
	fn every_fault_of_form_has_its_own_error() {
		let dir = tempfile::tempdir().unwrap();
		let json = write(&dir, "x.json", b"[[1, 2], [3, 4]]");
		let raw = write(&dir, "x.bin", &[0; 5]);
		let typed = write(
			&dir,
			"t.json",
			br#"{"dtype":"f64","shape":[2],"data":[0.5,0.1]}"#,
		);
		let options = FitOptions::default();
		let one = |path: &str, schema: &TensorSchema, options: &FitOptions| {
			load_one(&spec(path), schema, options)
		};
		let f32 = |shape: &[u32]| schema("x", DType::F32, shape);
		assert!(matches!(
			one(&json, &f32(&[4]), &options),
			Err(InputError::Rank { .. })
		));
		assert!(matches!(
			one(&json, &f32(&[2, 3]), &options),
			Err(InputError::Dimension { axis: 1, .. })
		));
		assert!(matches!(
			one(&raw, &f32(&[1]), &options),
			Err(InputError::ByteLength {
				got: 5,
				expected: 4,
				..
			})
		));
		assert!(matches!(
			one(&typed, &f32(&[2]), &options),
			Err(InputError::DType { index: 1, .. })
		));
		let cast = FitOptions {
			cast: true,
			..Default::default()
		};
		assert!(one(&typed, &f32(&[2]), &cast).is_ok());
		let reshape = FitOptions {
			reshape: true,
			..Default::default()
		};
		assert_eq!(one(&json, &f32(&[4]), &reshape).unwrap().shape, [4]);
		assert!(one(&json, &f32(&[5]), &reshape).is_err());
		assert!(matches!(
			one("x.txt", &f32(&[1]), &options),
			Err(InputError::UnknownKind(_))
		));
		assert!(matches!(
			one("no.bin", &f32(&[1]), &options),
			Err(InputError::Read { .. })
		));
	}

	#[test]
	fn rows_of_an_array() {
		let dir = tempfile::tempdir().unwrap();
		let path = write(
			&dir,
			"x.json",
			br#"{"dtype":"u8","shape":[3,2],"data":[1,2,3,4,5,6]}"#,
		);
		let schema = schema("x", DType::U8, &[1, 2]);
		let options = FitOptions::default();
		let row = |text: String| load_one(&spec(&text), &schema, &options);
		assert_eq!(row(format!("{path}[1]")).unwrap().data, [3, 4]);
		assert!(matches!(
			row(format!("{path}[3]")),
			Err(InputError::NoRow { rows: 3, .. })
		));
	}
}
