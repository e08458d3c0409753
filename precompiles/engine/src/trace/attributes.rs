//! The attributes of a step as its description holds them.
//!
//! They are the protobuf encoding of a `NodeProto` with nothing but attributes, in the order of
//! their names. Of an attribute only what an operator can see is kept, in the order of the numbers
//! of the fields: the name, the one value field that its type names, and the type. A value field is
//! written whatever it holds; lists of numbers are packed. Of a tensor the dimensions, the type and
//! the data are kept as they stand in the file. Encoded by hand, for a field that holds -0 would
//! otherwise be left out, and come back as +0.

use prost::{
	encoding::{bytes, float, int32, int64, message, string},
	Message,
};
use tract_onnx::pb::{attribute_proto::AttributeType, AttributeProto, NodeProto, TensorProto};

use crate::{
	guard::check_attributes,
	limits::{MAX_STEP_ATTRIBUTE_BYTES, MAX_STEP_DECODED_BYTES},
	scan::scan_node,
};

/// The number of the field of attributes in a `NodeProto`.
const ATTRIBUTE: u32 = 5;

/// The attributes as a description holds them; none if they take more bytes than it may hold.
pub(crate) fn encode(attributes: &[AttributeProto]) -> Option<Vec<u8>> {
	// Before anything is copied.
	let least = attributes.iter().map(least_bytes);
	if least.fold(0, usize::saturating_add) > MAX_STEP_ATTRIBUTE_BYTES {
		return None;
	}
	let mut sorted: Vec<&AttributeProto> = attributes.iter().collect();
	sorted.sort_by(|a, b| a.name.cmp(&b.name));
	let mut encoded = vec![];
	for attribute in sorted {
		bytes::encode(ATTRIBUTE, &essence(attribute), &mut encoded);
	}
	(encoded.len() <= MAX_STEP_ATTRIBUTE_BYTES).then_some(encoded)
}

/// Bytes that the values of an attribute take at least, once encoded.
fn least_bytes(attribute: &AttributeProto) -> usize {
	let tensor = attribute.t.as_ref().map_or(0, |tensor| {
		let strings: usize = tensor.string_data.iter().map(|s| s.len() + 2).sum();
		tensor.raw_data.len()
			+ tensor.float_data.len() * 4
			+ tensor.double_data.len() * 8
			+ tensor.int32_data.len()
			+ tensor.int64_data.len()
			+ tensor.uint64_data.len()
			+ strings
	});
	let kind = AttributeType::try_from(attribute.r#type);
	match kind {
		Ok(AttributeType::String) => attribute.s.len(),
		Ok(AttributeType::Tensor) => tensor,
		Ok(AttributeType::Floats) => attribute.floats.len() * 4,
		Ok(AttributeType::Ints) => attribute.ints.len(),
		Ok(AttributeType::Strings) => attribute.strings.iter().map(|s| s.len() + 2).sum(),
		_ => 0,
	}
}

/// What an operator can see of an attribute, encoded.
fn essence(attribute: &AttributeProto) -> Vec<u8> {
	let mut encoded = vec![];
	string::encode(1, &attribute.name, &mut encoded);
	match AttributeType::try_from(attribute.r#type) {
		Ok(AttributeType::Float) => float::encode(2, &attribute.f, &mut encoded),
		Ok(AttributeType::Int) => int64::encode(3, &attribute.i, &mut encoded),
		Ok(AttributeType::String) => bytes::encode(4, &attribute.s, &mut encoded),
		Ok(AttributeType::Tensor) => {
			if let Some(tensor) = &attribute.t {
				message::encode(5, &essence_of_tensor(tensor), &mut encoded);
			}
		}
		Ok(AttributeType::Floats) => float::encode_packed(7, &attribute.floats, &mut encoded),
		Ok(AttributeType::Ints) => int64::encode_packed(8, &attribute.ints, &mut encoded),
		Ok(AttributeType::Strings) => bytes::encode_repeated(9, &attribute.strings, &mut encoded),
		_ => {}
	}
	int32::encode(20, &attribute.r#type, &mut encoded);
	encoded
}

fn essence_of_tensor(tensor: &TensorProto) -> TensorProto {
	TensorProto {
		dims: tensor.dims.clone(),
		data_type: tensor.data_type,
		float_data: tensor.float_data.clone(),
		int32_data: tensor.int32_data.clone(),
		string_data: tensor.string_data.clone(),
		int64_data: tensor.int64_data.clone(),
		double_data: tensor.double_data.clone(),
		uint64_data: tensor.uint64_data.clone(),
		raw_data: tensor.raw_data.clone(),
		..TensorProto::default()
	}
}

/// The attributes that a description holds, within the limits of those of a file.
pub(crate) fn decode(encoded: &[u8]) -> Result<Vec<AttributeProto>, String> {
	if encoded.len() > MAX_STEP_ATTRIBUTE_BYTES {
		return Err(format!("attributes of {} bytes", encoded.len()));
	}
	scan_node(encoded, MAX_STEP_DECODED_BYTES).map_err(|error| error.to_string())?;
	let node = NodeProto::decode(encoded).map_err(|error| error.to_string())?;
	check_attributes("the step", &node.attribute).map_err(|error| error.to_string())?;
	Ok(node.attribute)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::testing::{float, float_list, int, ints, string, strings};

	#[test]
	fn attributes_come_back_sorted_and_bare() {
		let mut documented = int("k", 0);
		documented.doc_string = "why".into();
		documented.floats = vec![1.0];
		let attributes = [
			float("z", -0.0),
			documented,
			ints("b", &[3, -1]),
			string("s", ""),
			strings("a", &["", "x"]),
			float_list("f", &[f32::MIN_POSITIVE, -0.0]),
		];
		let decoded = decode(&encode(&attributes).unwrap()).unwrap();
		let names: Vec<&str> = decoded.iter().map(|a| a.name.as_str()).collect();
		assert_eq!(names, ["a", "b", "f", "k", "s", "z"]);
		assert_eq!(decoded[3], int("k", 0));
		assert_eq!(decoded[5].f.to_bits(), (-0f32).to_bits());
		assert_eq!(decoded[2].floats[1].to_bits(), (-0f32).to_bits());
		assert_eq!(decoded[0], strings("a", &["", "x"]));
		assert_eq!(encode(&decoded), encode(&attributes));
	}

	#[test]
	fn what_is_too_long_or_no_protobuf_is_refused() {
		let long = |len| vec![ints("k", &vec![1; len])];
		assert!(encode(&long(MAX_STEP_ATTRIBUTE_BYTES)).is_none());
		let fits = encode(&long(MAX_STEP_ATTRIBUTE_BYTES - 100)).unwrap();
		assert_eq!(decode(&fits).unwrap(), long(MAX_STEP_ATTRIBUTE_BYTES - 100));
		assert!(decode(&[0xff; 20]).is_err());
		assert!(decode(&vec![0; MAX_STEP_ATTRIBUTE_BYTES + 1]).is_err());
		// More attributes than a node of a file may have, two bytes each.
		assert!(decode(&[5 << 3 | 2, 0].repeat(1000)).is_err());
	}
}
