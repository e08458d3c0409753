//! A model that does next to nothing, written as the protobuf that an ONNX file is.

use alloc::{vec, vec::Vec};
use codec::Encode;
use noema_primitives::{tensor::named, DType, NamedTensor};

/// Makes models for the benchmarks.
pub trait BenchmarkHelper {
	/// A model file that takes `input_bytes` bytes of data and returns `output_bytes` bytes, of
	/// which there are no more, as cheaply as can be; and inputs that fit.
	fn model(input_bytes: u32, output_bytes: u32) -> (Vec<u8>, Vec<NamedTensor>);
}

/// An ONNX model that returns the first bytes of its input: one `Slice` from `x`, a `u8` tensor, to
/// `y`. Its bytes and its work are a few hundred bytes and one copy.
#[derive(Debug)]
pub struct HeadModel;

impl BenchmarkHelper for HeadModel {
	fn model(input_bytes: u32, output_bytes: u32) -> (Vec<u8>, Vec<NamedTensor>) {
		let input = named(
			"x",
			DType::U8,
			&[input_bytes],
			vec![7; input_bytes as usize],
		)
		.expect("a benchmark's input is shorter than a tensor may be");
		(head_model(input_bytes, output_bytes), vec![input])
	}
}

/// The file. The numbers are the fields' in `onnx.proto`.
fn head_model(input_len: u32, output_len: u32) -> Vec<u8> {
	let node = [
		text(1, "x"),
		text(1, "starts"),
		text(1, "ends"),
		text(2, "y"),
		text(4, "Slice"),
	]
	.concat();
	let graph = [
		bytes(1, &node),
		text(2, "head"),
		bytes(5, &index("starts", 0)),
		bytes(5, &index("ends", output_len)),
		bytes(11, &value_info("x", input_len)),
		bytes(12, &value_info("y", output_len)),
	]
	.concat();
	let opset = [text(1, ""), number(2, 13)].concat();
	[number(1, 8), bytes(7, &graph), bytes(8, &opset)].concat()
}

/// A `TensorProto` of one `int64`.
fn index(name: &str, value: u32) -> Vec<u8> {
	let int64 = 7;
	[
		number(1, 1),
		number(2, int64),
		text(8, name),
		bytes(9, &u64::from(value).encode()),
	]
	.concat()
}

/// A `ValueInfoProto` of a `uint8` vector.
fn value_info(name: &str, len: u32) -> Vec<u8> {
	let shape = bytes(1, &number(1, len));
	let tensor = [number(1, DType::U8 as u32), bytes(2, &shape)].concat();
	[text(1, name), bytes(2, &bytes(1, &tensor))].concat()
}

/// A field of wire type 0.
fn number(field: u32, value: u32) -> Vec<u8> {
	[varint(field << 3), varint(value)].concat()
}

/// A field of wire type 2.
fn bytes(field: u32, value: &[u8]) -> Vec<u8> {
	let len = u32::try_from(value.len()).expect("the file has a few hundred bytes");
	[varint(field << 3 | 2), varint(len), value.to_vec()].concat()
}

fn text(field: u32, value: &str) -> Vec<u8> {
	bytes(field, value.as_bytes())
}

fn varint(mut value: u32) -> Vec<u8> {
	let mut out = Vec::new();
	while value >= 0x80 {
		out.push(value as u8 | 0x80);
		value >>= 7;
	}
	out.push(value as u8);
	out
}
