//! Typed reading of a node's attributes and tensors.

use std::sync::Arc;

use tract_onnx::{
	pb::{attribute_proto::AttributeType, tensor_proto::DataLocation, AttributeProto, TensorProto},
	prelude::{Datum, Tensor},
};

use crate::{
	error::{EvalError, OpError},
	fact::check_bytes,
	storage::Storage,
	tensor::{build, canonicalise_nans, from_bytes},
	DType,
};

/// The attributes of one node.
#[derive(Clone, Copy, Debug)]
pub struct Attrs<'a>(&'a [AttributeProto]);

impl<'a> Attrs<'a> {
	/// Wraps the attributes of a node. Refuses two of one name, and what refers outside the node.
	pub fn new(attributes: &'a [AttributeProto]) -> Result<Self, OpError> {
		for (i, attribute) in attributes.iter().enumerate() {
			if attributes[..i]
				.iter()
				.any(|other| other.name == attribute.name)
			{
				return Err(OpError::bad_attribute(&attribute.name, "given twice"));
			}
			if !attribute.ref_attr_name.is_empty() {
				return Err(OpError::bad_attribute(
					&attribute.name,
					"refers to an attribute of a function; inline the functions of the model",
				));
			}
		}
		Ok(Self(attributes))
	}

	/// Refuses attributes whose names are not among these, as ONNX's checker does.
	pub fn only(&self, names: &[&str]) -> Result<(), OpError> {
		match self
			.0
			.iter()
			.find(|attribute| !names.contains(&attribute.name.as_str()))
		{
			None => Ok(()),
			Some(attribute) => Err(OpError::bad_attribute(
				&attribute.name,
				if names.is_empty() {
					"unknown: the operator has no attributes".to_string()
				} else {
					format!("unknown: the operator has {}", names.join(", "))
				},
			)),
		}
	}

	/// All of them.
	pub fn all(&self) -> &'a [AttributeProto] {
		self.0
	}

	/// Whether there is an attribute of this name.
	pub fn has(&self, name: &str) -> bool {
		self.0.iter().any(|attribute| attribute.name == name)
	}

	fn get(&self, name: &str, kind: AttributeType) -> Result<Option<&'a AttributeProto>, OpError> {
		let Some(attribute) = self.0.iter().find(|attribute| attribute.name == name) else {
			return Ok(None);
		};
		if attribute.r#type != kind as i32 {
			let found = AttributeType::try_from(attribute.r#type).map_or_else(
				|_| attribute.r#type.to_string(),
				|kind| kind.as_str_name().into(),
			);
			return Err(OpError::bad_attribute(
				name,
				format!("is of type {found}, but must be {}", kind.as_str_name()),
			));
		}
		Ok(Some(attribute))
	}

	/// An integer.
	pub fn int(&self, name: &str) -> Result<Option<i64>, OpError> {
		Ok(self
			.get(name, AttributeType::Int)?
			.map(|attribute| attribute.i))
	}

	/// An integer, or its default.
	pub fn int_or(&self, name: &str, default: i64) -> Result<i64, OpError> {
		Ok(self.int(name)?.unwrap_or(default))
	}

	/// A flag, 0 or 1, or its default.
	pub fn flag_or(&self, name: &str, default: bool) -> Result<bool, OpError> {
		match self.int_or(name, i64::from(default))? {
			0 => Ok(false),
			1 => Ok(true),
			other => Err(OpError::bad_attribute(
				name,
				format!("is {other}, but must be 0 or 1"),
			)),
		}
	}

	/// A float.
	pub fn float(&self, name: &str) -> Result<Option<f32>, OpError> {
		Ok(self
			.get(name, AttributeType::Float)?
			.map(|attribute| attribute.f))
	}

	/// A float, or its default.
	pub fn float_or(&self, name: &str, default: f32) -> Result<f32, OpError> {
		Ok(self.float(name)?.unwrap_or(default))
	}

	/// A string of UTF-8.
	pub fn string(&self, name: &str) -> Result<Option<&'a str>, OpError> {
		self.get(name, AttributeType::String)?
			.map(|attribute| {
				std::str::from_utf8(&attribute.s)
					.map_err(|_| OpError::bad_attribute(name, "is not valid UTF-8"))
			})
			.transpose()
	}

	/// A string of UTF-8, or its default.
	pub fn string_or(&self, name: &str, default: &'static str) -> Result<&'a str, OpError> {
		Ok(self.string(name)?.unwrap_or(default))
	}

	/// A list of integers.
	pub fn ints(&self, name: &str) -> Result<Option<&'a [i64]>, OpError> {
		Ok(self
			.get(name, AttributeType::Ints)?
			.map(|attribute| attribute.ints.as_slice()))
	}

	/// A list of floats.
	pub fn floats(&self, name: &str) -> Result<Option<&'a [f32]>, OpError> {
		Ok(self
			.get(name, AttributeType::Floats)?
			.map(|attribute| attribute.floats.as_slice()))
	}

	/// A list of strings of UTF-8.
	pub fn strings(&self, name: &str) -> Result<Option<Vec<&'a str>>, OpError> {
		self.get(name, AttributeType::Strings)?
			.map(|attribute| {
				attribute
					.strings
					.iter()
					.map(|s| {
						std::str::from_utf8(s)
							.map_err(|_| OpError::bad_attribute(name, "is not valid UTF-8"))
					})
					.collect()
			})
			.transpose()
	}

	/// A tensor.
	pub fn tensor(&self, name: &str) -> Result<Option<Arc<Tensor>>, OpError> {
		self.get(name, AttributeType::Tensor)?
			.map(|attribute| {
				let proto = attribute
					.t
					.as_ref()
					.ok_or_else(|| OpError::bad_attribute(name, "holds no tensor"))?;
				decode_tensor(name, proto).map(Arc::new)
			})
			.transpose()
	}

	/// The type that a tensor attribute is stored in, if the engine unpacks it.
	pub fn tensor_storage(&self, name: &str) -> Result<Option<Storage>, OpError> {
		let attribute = self.get(name, AttributeType::Tensor)?;
		Ok(attribute
			.and_then(|attribute| attribute.t.as_ref())
			.and_then(|proto| Storage::from_onnx(proto.data_type)))
	}

	/// The error for an attribute that must be there.
	pub fn missing(name: &'static str) -> OpError {
		OpError::bad_attribute(name, "is missing")
	}
}

/// The tensor that a protobuf describes, NaNs made canonical. `name` is for errors.
///
/// The length of the data must be exactly what type and shape ask for, in exactly one of the
/// protobuf's data fields.
pub fn decode_tensor(name: &str, proto: &TensorProto) -> Result<Tensor, OpError> {
	let bad = |reason: String| OpError::BadTensor {
		reason: format!("tensor '{name}': {reason}"),
	};
	let external = proto
		.data_location
		.is_some_and(|l| l != DataLocation::Default as i32);
	if external || !proto.external_data.is_empty() {
		return Err(OpError::ExternalData {
			tensor: name.into(),
		});
	}
	if proto.segment.is_some() {
		return Err(bad("is stored in segments, which ONNX never defined".into()));
	}
	let storage = Storage::from_onnx(proto.data_type);
	let dtype = match storage {
		Some(storage) => storage.dtype(),
		None => DType::from_onnx(proto.data_type).map_err(|found| OpError::UnsupportedDType {
			reason: format!("tensor '{name}' is of type {found}, which the engine does not have"),
		})?,
	};
	let shape = proto
		.dims
		.iter()
		.map(|dim| usize::try_from(*dim).map_err(|_| bad(format!("has the dimension {dim}"))))
		.collect::<Result<Vec<_>, _>>()?;
	let bytes = check_bytes(dtype, &shape)? as usize;
	let len = bytes / dtype.size();

	let filled = [
		("raw_data", proto.raw_data.len()),
		("float_data", proto.float_data.len()),
		("int32_data", proto.int32_data.len()),
		("int64_data", proto.int64_data.len()),
		("double_data", proto.double_data.len()),
		("uint64_data", proto.uint64_data.len()),
		("string_data", proto.string_data.len()),
	];
	let mut filled = filled.into_iter().filter(|(_, len)| *len > 0);
	let field = filled.next();
	if let (Some((one, _)), Some((other, _))) = (field, filled.next()) {
		return Err(bad(format!("holds data both in {one} and in {other}")));
	}
	if let Some(storage) = storage {
		return unpack(storage, &shape, len, proto, field).map_err(bad);
	}
	let expected = match dtype {
		DType::F32 => "float_data",
		DType::F64 => "double_data",
		DType::I64 => "int64_data",
		DType::U32 | DType::U64 => "uint64_data",
		_ => "int32_data",
	};
	let tensor = match field {
		None if len == 0 => crate::tensor::zeros(dtype, &shape),
		None => {
			return Err(bad(format!(
				"holds no data, but shape {shape:?} of {dtype} needs {bytes} bytes"
			)))
		}
		Some(("raw_data", found)) => {
			if found != bytes {
				return Err(bad(format!(
					"raw_data has {found} bytes, but shape {shape:?} of {dtype} needs {bytes}"
				)));
			}
			match from_bytes(dtype, &shape, &proto.raw_data) {
				Ok(Ok(tensor)) => Ok(tensor),
				Ok(Err(at)) => return Err(bad(format!("the bool at {at} is neither 0 nor 1"))),
				Err(error) => Err(error),
			}
		}
		Some((field, found)) => {
			if field != expected {
				return Err(bad(format!(
					"holds {field}, but {dtype} is stored in {expected} or raw_data"
				)));
			}
			if found != len {
				return Err(bad(format!(
					"{field} has {found} elements, but shape {shape:?} needs {len}"
				)));
			}
			typed_data(dtype, &shape, proto)
				.map_err(|e| match e {
					TypedDataError::OutOfRange(value) => {
						bad(format!("{field} holds {value}, which is no {dtype}"))
					}
					TypedDataError::Eval(error) => bad(error.to_string()),
				})
				.map(Ok)?
		}
	};
	let mut tensor = tensor.map_err(|error| bad(error.to_string()))?;
	canonicalise_nans(&mut tensor).map_err(|error| bad(error.to_string()))?;
	Ok(tensor)
}

/// A tensor of a type of storage only, unpacked.
///
/// Elements of less than a byte lie in the low bits first; `int32_data` holds a byte, or 16 bits,
/// in each of its entries.
fn unpack(
	storage: Storage,
	shape: &[usize],
	len: usize,
	proto: &TensorProto,
	field: Option<(&str, usize)>,
) -> Result<Tensor, String> {
	let bits = storage.bits();
	let unit_bits = if bits > 8 { 16 } else { 8 };
	let per_unit = unit_bits / bits;
	let units = len.div_ceil(per_unit);
	let (name, found) = match field {
		None if len == 0 => ("raw_data", 0),
		None => return Err(format!("holds no data, but shape {shape:?} needs some")),
		Some((name, found)) => (name, found),
	};
	let expected = if name == "raw_data" {
		units * unit_bits / 8
	} else {
		units
	};
	if found != expected {
		return Err(format!(
			"{name} has length {found}, but shape {shape:?} needs {expected}"
		));
	}
	let unit = |index: usize| match name {
		"raw_data" if unit_bits == 16 => Ok(
			u32::from(proto.raw_data[2 * index]) | u32::from(proto.raw_data[2 * index + 1]) << 8
		),
		"raw_data" => Ok(u32::from(proto.raw_data[index])),
		"int32_data" => u32::try_from(proto.int32_data[index])
			.ok()
			.filter(|unit| *unit < 1 << unit_bits)
			.ok_or_else(|| {
				format!(
					"int32_data holds {}, which has no {unit_bits} bits",
					proto.int32_data[index]
				)
			}),
		other => Err(format!(
			"holds {other}, but is stored in int32_data or raw_data"
		)),
	};
	let mut codes = Vec::with_capacity(units);
	for index in 0..units {
		codes.push(unit(index)?);
	}
	let code = |i: usize| codes[i / per_unit] >> (i % per_unit * bits) & ((1 << bits) - 1);
	let tensor = match storage {
		Storage::Float(format) => build::<f32>(shape, |target| {
			for (i, x) in target.iter_mut().enumerate() {
				*x = format.decode(code(i));
			}
		}),
		Storage::Integer { signed: false, .. } => build::<u8>(shape, |target| {
			for (i, x) in target.iter_mut().enumerate() {
				*x = code(i) as u8;
			}
		}),
		Storage::Integer { signed: true, .. } => build::<i8>(shape, |target| {
			let unused = 8 - bits;
			for (i, x) in target.iter_mut().enumerate() {
				// The shift to the right brings copies of the sign.
				*x = ((code(i) << unused) as u8 as i8) >> unused;
			}
		}),
	};
	tensor.map_err(|error| error.to_string())
}

enum TypedDataError {
	OutOfRange(i128),
	Eval(EvalError),
}

impl From<EvalError> for TypedDataError {
	fn from(error: EvalError) -> Self {
		Self::Eval(error)
	}
}

fn typed_data(
	dtype: DType,
	shape: &[usize],
	proto: &TensorProto,
) -> Result<Tensor, TypedDataError> {
	fn narrow<S: Copy + Into<i128>, T: Datum + Copy + TryFrom<S>>(
		shape: &[usize],
		data: &[S],
	) -> Result<Tensor, TypedDataError> {
		let outside = data.iter().find(|x| T::try_from(**x).is_err());
		if let Some(outside) = outside {
			return Err(TypedDataError::OutOfRange((*outside).into()));
		}
		Ok(build::<T>(shape, |target| {
			for (target, source) in target.iter_mut().zip(data) {
				if let Ok(value) = T::try_from(*source) {
					*target = value;
				}
			}
		})?)
	}
	Ok(match dtype {
		DType::F32 => crate::tensor::from_slice(shape, &proto.float_data)?,
		DType::F64 => crate::tensor::from_slice(shape, &proto.double_data)?,
		DType::I64 => crate::tensor::from_slice(shape, &proto.int64_data)?,
		DType::U64 => crate::tensor::from_slice(shape, &proto.uint64_data)?,
		DType::U32 => narrow::<u64, u32>(shape, &proto.uint64_data)?,
		DType::I32 => crate::tensor::from_slice(shape, &proto.int32_data)?,
		DType::U8 => narrow::<i32, u8>(shape, &proto.int32_data)?,
		DType::I8 => narrow::<i32, i8>(shape, &proto.int32_data)?,
		DType::U16 => narrow::<i32, u16>(shape, &proto.int32_data)?,
		DType::I16 => narrow::<i32, i16>(shape, &proto.int32_data)?,
		DType::Bool => {
			if let Some(other) = proto.int32_data.iter().find(|x| !matches!(x, 0 | 1)) {
				return Err(TypedDataError::OutOfRange((*other).into()));
			}
			build::<bool>(shape, |target| {
				for (target, source) in target.iter_mut().zip(&proto.int32_data) {
					*target = *source != 0;
				}
			})?
		}
	})
}
