//! A linear pass over the protobuf wire format that counts before anything is decoded.
//!
//! A decoder allocates as it goes, and small bytes can ask for much: an empty message of two bytes
//! becomes a struct of a kilobyte, a packed integer of one byte becomes eight. So the pass walks
//! the whole file by the ONNX schema, allocates nothing, and adds up what decoding will take, from
//! above. Fields that the schema does not have are skipped here as in the decoder.
//!
//! Wire format: <https://protobuf.dev/programming-guides/encoding/>

use crate::{
	error::ModelError,
	limits::{MAX_DECODED_BYTES, MAX_FIELDS, MAX_NESTING},
};

/// Counts a file and refuses it if it is no protobuf, or if decoding would take too much.
pub fn scan(file: &[u8]) -> Result<Counts, ModelError> {
	let mut scan = Scan {
		counts: Counts::default(),
		limit: MAX_DECODED_BYTES,
	};
	scan.message(file, 0, Message::Model, 0)?;
	Ok(scan.counts)
}

/// Counts a node that stands alone, and refuses it if it is no protobuf, or if it would take more
/// than `limit` bytes once decoded.
pub(crate) fn scan_node(bytes: &[u8], limit: u64) -> Result<Counts, ModelError> {
	let mut scan = Scan {
		counts: Counts::default(),
		limit,
	};
	scan.message(bytes, 0, Message::Node, 0)?;
	Ok(scan.counts)
}

/// What a file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
	/// Fields of all messages.
	pub fields: u64,
	/// Bytes that the decoded messages take at most.
	pub decoded_bytes: u64,
}

/// The messages of ONNX that the decoder knows.
#[derive(Clone, Copy, Debug)]
enum Message {
	Model,
	Graph,
	Node,
	Attribute,
	Tensor,
	Segment,
	SparseTensor,
	ValueInfo,
	Type,
	TensorType,
	Shape,
	Dimension,
	OperatorSetId,
	StringStringEntry,
	Training,
	Function,
	Annotation,
}

/// What a field decodes to.
#[derive(Clone, Copy, Debug)]
enum Field {
	/// A message, in a vector or on its own.
	Message(Message),
	/// Bytes or a string.
	Bytes,
	/// Integers as varints of this size in memory, packed or not.
	Varints(usize),
	/// Numbers of fixed size, packed or not.
	Fixed,
	/// Nothing: the decoder skips it.
	Unknown,
}

impl Message {
	/// Bytes of the decoded message: constants of the profile, no less than what the decoder's
	/// structs take. The compiler lays them out as it likes, and a file must not be a model on one
	/// build and none on another.
	const fn size(self) -> usize {
		match self {
			Self::Model => 424,
			Self::Graph => 216,
			Self::Node => 168,
			Self::Attribute => 1432,
			Self::Tensor => 304,
			Self::Segment => 16,
			Self::SparseTensor => 632,
			Self::ValueInfo => 104,
			Self::Type => 56,
			Self::TensorType => 32,
			Self::Shape => 24,
			Self::Dimension => 48,
			Self::OperatorSetId => 32,
			Self::StringStringEntry => 48,
			Self::Training => 480,
			Self::Function => 192,
			Self::Annotation => 48,
		}
	}

	fn field(self, number: u64) -> Field {
		use Field::{Bytes, Fixed, Message as Sub, Unknown, Varints};
		match (self, number) {
			(Self::Model, 1 | 5) => Varints(8),
			(Self::Model, 2 | 3 | 4 | 6) => Bytes,
			(Self::Model, 7) => Sub(Self::Graph),
			(Self::Model, 8) => Sub(Self::OperatorSetId),
			(Self::Model, 14) => Sub(Self::StringStringEntry),
			(Self::Model, 20) => Sub(Self::Training),
			(Self::Model, 25) => Sub(Self::Function),
			(Self::Graph, 1) => Sub(Self::Node),
			(Self::Graph, 2 | 10) => Bytes,
			(Self::Graph, 5) => Sub(Self::Tensor),
			(Self::Graph, 11..=13) => Sub(Self::ValueInfo),
			(Self::Graph, 14) => Sub(Self::Annotation),
			(Self::Graph, 15) => Sub(Self::SparseTensor),
			(Self::Node, 1..=4 | 6 | 7) => Bytes,
			(Self::Node, 5) => Sub(Self::Attribute),
			(Self::Attribute, 1 | 4 | 9 | 13 | 21) => Bytes,
			(Self::Attribute, 2 | 7) => Fixed,
			(Self::Attribute, 3 | 8 | 20) => Varints(8),
			(Self::Attribute, 5 | 10) => Sub(Self::Tensor),
			(Self::Attribute, 6 | 11) => Sub(Self::Graph),
			(Self::Attribute, 15) => Sub(Self::Type),
			(Self::Attribute, 22 | 23) => Sub(Self::SparseTensor),
			(Self::Tensor, 1 | 7 | 11) => Varints(8),
			(Self::Tensor, 2 | 5 | 14) => Varints(4),
			(Self::Tensor, 3) => Sub(Self::Segment),
			(Self::Tensor, 4) => Fixed,
			(Self::Tensor, 10) => Fixed,
			(Self::Tensor, 6 | 8 | 9 | 12) => Bytes,
			(Self::Tensor, 13) => Sub(Self::StringStringEntry),
			(Self::Segment, 1 | 2) => Varints(8),
			(Self::SparseTensor, 1 | 2) => Sub(Self::Tensor),
			(Self::SparseTensor, 3) => Varints(8),
			(Self::ValueInfo, 1 | 3) => Bytes,
			(Self::ValueInfo, 2) => Sub(Self::Type),
			(Self::Type, 1) => Sub(Self::TensorType),
			(Self::Type, 6) => Bytes,
			(Self::TensorType, 1) => Varints(4),
			(Self::TensorType, 2) => Sub(Self::Shape),
			(Self::Shape, 1) => Sub(Self::Dimension),
			(Self::Dimension, 1) => Varints(8),
			(Self::Dimension, 2 | 3) => Bytes,
			(Self::OperatorSetId, 1) => Bytes,
			(Self::OperatorSetId, 2) => Varints(8),
			(Self::StringStringEntry, 1 | 2) => Bytes,
			(Self::Training, 1 | 2) => Sub(Self::Graph),
			(Self::Training, 3 | 4) => Sub(Self::StringStringEntry),
			(Self::Function, 1 | 4 | 5 | 6 | 8 | 10) => Bytes,
			(Self::Function, 7) => Sub(Self::Node),
			(Self::Function, 9) => Sub(Self::OperatorSetId),
			(Self::Annotation, 1) => Bytes,
			(Self::Annotation, 2) => Sub(Self::StringStringEntry),
			_ => Unknown,
		}
	}
}

/// What an allocation costs beside its bytes.
const ALLOCATION: usize = 32;
/// Bytes of a string or a vector without its content.
const STRING: usize = 24;
/// A vector that grows holds up to twice its elements, and while it moves the old ones as well.
const GROWTH: usize = 3;

struct Scan {
	counts: Counts,
	/// Most bytes that may be decoded.
	limit: u64,
}

impl Scan {
	fn message(
		&mut self,
		bytes: &[u8],
		offset: usize,
		message: Message,
		depth: u32,
	) -> Result<(), ModelError> {
		if depth > MAX_NESTING {
			return Err(ModelError::TooManyItems {
				what: "levels of nested messages".into(),
				count: u64::from(depth),
				limit: u64::from(MAX_NESTING),
			});
		}
		let mut reader = Reader {
			bytes,
			at: 0,
			offset,
		};
		while reader.at < bytes.len() {
			self.count_field()?;
			let tag = reader.varint()?;
			let (number, wire_type) = (tag >> 3, tag & 7);
			if number == 0 || tag > u64::from(u32::MAX) {
				return Err(reader.malformed("an invalid field number"));
			}
			let field = message.field(number);
			match wire_type {
				0 => {
					reader.varint()?;
					if let Field::Varints(size) = field {
						self.allocate(size * GROWTH)?;
					}
				}
				1 => {
					reader.take(8)?;
					self.allocate(8 * GROWTH)?;
				}
				5 => {
					reader.take(4)?;
					self.allocate(4 * GROWTH)?;
				}
				2 => {
					let len = reader.varint()?;
					let start = offset + reader.at;
					let content = reader.take(len)?;
					self.delimited(content, start, field, depth)?;
				}
				_ => return Err(reader.malformed("a group or an unknown wire type")),
			}
		}
		Ok(())
	}

	fn delimited(
		&mut self,
		content: &[u8],
		offset: usize,
		field: Field,
		depth: u32,
	) -> Result<(), ModelError> {
		match field {
			Field::Message(message) => {
				self.allocate(message.size() * GROWTH + ALLOCATION)?;
				self.message(content, offset, message, depth + 1)
			}
			Field::Bytes => self.allocate(content.len() + STRING * GROWTH + ALLOCATION),
			Field::Varints(size) => {
				let count = content.iter().filter(|byte| **byte < 0x80).count();
				self.allocate(count.saturating_mul(size * GROWTH))
			}
			Field::Fixed => self.allocate(content.len().saturating_mul(GROWTH)),
			Field::Unknown => Ok(()),
		}
	}

	fn count_field(&mut self) -> Result<(), ModelError> {
		self.counts.fields += 1;
		if self.counts.fields > MAX_FIELDS {
			return Err(ModelError::TooManyItems {
				what: "protobuf fields".into(),
				count: self.counts.fields,
				limit: MAX_FIELDS,
			});
		}
		Ok(())
	}

	fn allocate(&mut self, bytes: usize) -> Result<(), ModelError> {
		self.counts.decoded_bytes = self.counts.decoded_bytes.saturating_add(bytes as u64);
		if self.counts.decoded_bytes > self.limit {
			return Err(ModelError::TooManyItems {
				what: "bytes once decoded (store tensors as raw_data)".into(),
				count: self.counts.decoded_bytes,
				limit: self.limit,
			});
		}
		Ok(())
	}
}

struct Reader<'a> {
	bytes: &'a [u8],
	at: usize,
	offset: usize,
}

impl<'a> Reader<'a> {
	fn malformed(&self, what: &str) -> ModelError {
		ModelError::NotOnnx {
			reason: format!("{what} at byte {}", self.offset + self.at),
		}
	}

	fn varint(&mut self) -> Result<u64, ModelError> {
		let mut value = 0u64;
		for shift in (0..64).step_by(7) {
			let byte = *self
				.bytes
				.get(self.at)
				.ok_or_else(|| self.malformed("a cut-off integer"))?;
			self.at += 1;
			if shift == 63 && byte > 1 {
				return Err(self.malformed("an integer beyond 64 bits"));
			}
			value |= u64::from(byte & 0x7f) << shift;
			if byte < 0x80 {
				return Ok(value);
			}
		}
		Err(self.malformed("an integer beyond 64 bits"))
	}

	fn take(&mut self, len: u64) -> Result<&'a [u8], ModelError> {
		let rest = &self.bytes[self.at..];
		match usize::try_from(len).ok().and_then(|len| rest.get(..len)) {
			Some(content) => {
				self.at += content.len();
				Ok(content)
			}
			None => Err(self.malformed(&format!(
				"a field of {len} bytes where {} are left, starting",
				rest.len()
			))),
		}
	}
}

#[cfg(test)]
mod tests {
	use std::mem::size_of;

	use prost::Message as _;
	use tract_onnx::pb;

	use super::*;

	#[test]
	fn no_message_is_larger_than_its_constant() {
		let decoded = [
			(Message::Model, size_of::<pb::ModelProto>()),
			(Message::Graph, size_of::<pb::GraphProto>()),
			(Message::Node, size_of::<pb::NodeProto>()),
			(Message::Attribute, size_of::<pb::AttributeProto>()),
			(Message::Tensor, size_of::<pb::TensorProto>()),
			(Message::Segment, size_of::<pb::tensor_proto::Segment>()),
			(Message::SparseTensor, size_of::<pb::SparseTensorProto>()),
			(Message::ValueInfo, size_of::<pb::ValueInfoProto>()),
			(Message::Type, size_of::<pb::TypeProto>()),
			(Message::TensorType, size_of::<pb::type_proto::Tensor>()),
			(Message::Shape, size_of::<pb::TensorShapeProto>()),
			(
				Message::Dimension,
				size_of::<pb::tensor_shape_proto::Dimension>(),
			),
			(Message::OperatorSetId, size_of::<pb::OperatorSetIdProto>()),
			(
				Message::StringStringEntry,
				size_of::<pb::StringStringEntryProto>(),
			),
			(Message::Training, size_of::<pb::TrainingInfoProto>()),
			(Message::Function, size_of::<pb::FunctionProto>()),
			(Message::Annotation, size_of::<pb::TensorAnnotation>()),
		];
		for (message, size) in decoded {
			assert!(size <= message.size(), "{message:?} takes {size} bytes");
		}
		assert!(size_of::<String>() <= STRING && size_of::<Vec<u8>>() <= STRING);
	}

	#[test]
	fn counts_a_small_model() {
		let model = pb::ModelProto {
			ir_version: 8,
			graph: Some(pb::GraphProto {
				node: vec![pb::NodeProto {
					op_type: "Relu".into(),
					..Default::default()
				}],
				..Default::default()
			}),
			..Default::default()
		};
		let counts = scan(&model.encode_to_vec()).unwrap();
		assert_eq!(counts.fields, 4);
		assert!(counts.decoded_bytes >= (size_of::<pb::NodeProto>() + 4) as u64);
	}

	#[test]
	fn cut_off_and_oversized_fields_are_no_onnx() {
		for bytes in [
			&[0x08][..],
			&[0x3a, 0x05, 0],
			&[0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f],
			&[0x0b],
		] {
			assert!(
				matches!(scan(bytes), Err(ModelError::NotOnnx { .. })),
				"{bytes:?}"
			);
		}
		assert!(matches!(
			scan(&[0x08; 11]),
			Ok(_) | Err(ModelError::NotOnnx { .. })
		));
		assert!(scan(&[0xff; 20]).is_err());
	}

	/// `bytes` as field `number` of a message.
	fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
		let mut out = vec![number << 3 | 2];
		prost::encoding::encode_varint(bytes.len() as u64, &mut out);
		out.extend(bytes);
		out
	}

	#[test]
	fn tiny_messages_are_counted_at_their_decoded_size() {
		// Attributes of no bytes: 2 bytes of file each, a kilobyte in memory.
		let node = [5 << 3 | 2, 0].repeat(400_000);
		let file = field(7, &field(1, &node));
		assert!(matches!(scan(&file), Err(ModelError::TooManyItems { .. })));
	}

	#[test]
	fn packed_integers_are_counted_at_their_decoded_size() {
		let tensor = field(7, &vec![1; 40 << 20]);
		let file = field(7, &field(5, &tensor));
		assert!(matches!(scan(&file), Err(ModelError::TooManyItems { .. })));
	}

	#[test]
	fn deep_nesting_is_refused() {
		let mut graph = vec![];
		for _ in 0..10 {
			graph = field(1, &field(5, &field(6, &graph)));
		}
		let file = field(7, &graph);
		assert!(matches!(scan(&file), Err(ModelError::TooManyItems { .. })));
	}
}
