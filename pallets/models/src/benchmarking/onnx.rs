//! ONNX files of any size, for the benchmarks.

use alloc::{vec, vec::Vec};
use noema_primitives::DType;

/// Makes what the benchmarks need and this pallet cannot know.
pub trait BenchmarkHelper {
	/// A file that [`Config::Admission`](crate::Config::Admission) admits: at least `min_size`
	/// bytes, at most 64 KiB more.
	fn model_file(min_size: u32) -> Vec<u8>;

	/// The same, with constants that take about as long to compute as the engine allows.
	fn dearest_file(min_size: u32) -> Vec<u8>;
}

/// Files for a runtime whose admission is the engine: a table of `f32` numbers, of which one
/// `Gather` picks a row, so that the plan is as large as the file and a run is cheap.
#[derive(Debug)]
pub struct OnnxFiles;

/// Columns of the table.
const COLUMNS: u32 = 256;

/// The shape of the constants that are computed, each from the one before. The engine counts 29
/// units of work for an element of an `LRN` over five channels, the operator that takes it longest
/// for a unit, and folds constants for 2^26: these are nine tenths of that.
const FOLDED: [u32; 4] = [1, 64, 64, 64];
/// How many constants are computed.
const FOLDED_COUNT: u32 = 8;
/// The type of an attribute that is an integer.
const INT_ATTRIBUTE: u32 = 2;
/// The type of an attribute that is a tensor.
const TENSOR_ATTRIBUTE: u32 = 4;

impl BenchmarkHelper for OnnxFiles {
	fn model_file(min_size: u32) -> Vec<u8> {
		file(min_size, &[], &[])
	}

	fn dearest_file(min_size: u32) -> Vec<u8> {
		let one = [
			varint_field(1, 1),
			varint_field(2, DType::F32 as u32),
			field(9, &0.7f32.to_le_bytes()),
		]
		.concat();
		let value = [
			field(1, b"value"),
			field(5, &one),
			varint_field(20, TENSOR_ATTRIBUTE),
		]
		.concat();
		let size = [
			field(1, b"size"),
			varint_field(3, 5),
			varint_field(20, INT_ATTRIBUTE),
		]
		.concat();
		let name = |number: u32| alloc::format!("c{number}").into_bytes();
		let fill = [
			field(1, b"shape"),
			field(2, &name(0)),
			field(4, b"ConstantOfShape"),
			field(5, &value),
		]
		.concat();
		let computed = (0..FOLDED_COUNT).map(|number| {
			[
				field(1, &name(number)),
				field(2, &name(number + 1)),
				field(4, b"LRN"),
				field(5, &size),
			]
			.concat()
		});
		// The last one becomes an output, so that all are needed.
		let pick = [
			field(1, &name(FOLDED_COUNT)),
			field(1, b"row"),
			field(2, b"folded"),
			field(4, b"Gather"),
		]
		.concat();
		let nodes: Vec<u8> = [fill]
			.into_iter()
			.chain(computed)
			.chain([pick])
			.flat_map(|node| field(1, &node))
			.collect();
		let dims: Vec<u8> = FOLDED
			.iter()
			.flat_map(|dim| u64::from(*dim).to_le_bytes())
			.collect();
		let shape = [
			varint_field(1, FOLDED.len() as u32),
			varint_field(2, DType::I64 as u32),
			field(8, b"shape"),
			field(9, &dims),
		]
		.concat();
		let rest = [
			field(5, &shape),
			field(12, &value_info(b"folded", DType::F32, &FOLDED)),
		]
		.concat();
		file(min_size, &nodes, &rest)
	}
}

/// The table and its `Gather`, with more nodes and more of other parts of the graph.
fn file(min_size: u32, nodes: &[u8], rest: &[u8]) -> Vec<u8> {
	let rows = min_size.div_ceil(COLUMNS * DType::F32.size()).max(1);
	// The field numbers are those of onnx.proto.
	let node = [
		field(1, b"table"),
		field(1, b"row"),
		field(2, b"out"),
		field(4, b"Gather"),
	]
	.concat();
	let graph = [
		&field(1, &node),
		nodes,
		&field(2, b"table"),
		&field(5, &table(rows)),
		&field(11, &value_info(b"row", DType::I64, &[1])),
		&field(12, &value_info(b"out", DType::F32, &[1, COLUMNS])),
		rest,
	]
	.concat();
	let opset = [field(1, b""), varint_field(2, 17)].concat();
	[varint_field(1, 8), field(7, &graph), field(8, &opset)].concat()
}

/// A `TensorProto`: dims, data type, name, raw data.
fn table(rows: u32) -> Vec<u8> {
	let data = vec![0; (rows * COLUMNS * DType::F32.size()) as usize];
	[
		varint_field(1, rows),
		varint_field(1, COLUMNS),
		varint_field(2, DType::F32 as u32),
		field(8, b"table"),
		field(9, &data),
	]
	.concat()
}

/// A `ValueInfoProto`: the name, and the type of a tensor of element type and shape.
fn value_info(name: &[u8], dtype: DType, shape: &[u32]) -> Vec<u8> {
	let dims: Vec<u8> = shape
		.iter()
		.flat_map(|dim| field(1, &varint_field(1, *dim)))
		.collect();
	let tensor = [varint_field(1, dtype as u32), field(2, &dims)].concat();
	[field(1, name), field(2, &field(1, &tensor))].concat()
}

/// A field of wire type 2: a length and as many bytes.
fn field(number: u32, content: &[u8]) -> Vec<u8> {
	let mut bytes = varint(number << 3 | 2);
	bytes.extend(varint(content.len() as u32));
	bytes.extend_from_slice(content);
	bytes
}

/// A field of wire type 0: a number.
fn varint_field(number: u32, value: u32) -> Vec<u8> {
	[varint(number << 3), varint(value)].concat()
}

/// Seven bits a byte, the lowest first; the top bit says that more follow.
fn varint(mut value: u32) -> Vec<u8> {
	let mut bytes = Vec::new();
	while value > 0x7f {
		bytes.push((value & 0x7f) as u8 | 0x80);
		value >>= 7;
	}
	bytes.push(value as u8);
	bytes
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn files_have_the_size_that_was_asked_for() {
		for size in [0, 1, 1023, 1024, 1025, 1 << 20, 3 << 20] {
			for file in [OnnxFiles::model_file(size), OnnxFiles::dearest_file(size)] {
				let len = file.len() as u32;
				assert!((size..=size + 64 * 1024).contains(&len), "{size}: {len}");
			}
		}
	}

	#[test]
	fn numbers_are_varints() {
		assert_eq!(varint(0), [0]);
		assert_eq!(varint(127), [127]);
		assert_eq!(varint(128), [0x80, 1]);
		assert_eq!(varint(300), [0xac, 2]);
		assert_eq!(varint(u32::MAX), [0xff, 0xff, 0xff, 0xff, 0x0f]);
	}
}
