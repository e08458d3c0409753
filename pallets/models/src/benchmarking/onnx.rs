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

/// Elements of each of the constants that are computed, and how many powers of them: the engine
/// counts 28 units of work for a power of an `f32`, and folds constants for 2^26.
const POWERS: (u32, u32) = (260_000, 9);

impl BenchmarkHelper for OnnxFiles {
	fn model_file(min_size: u32) -> Vec<u8> {
		file(min_size, &[], &[])
	}

	fn dearest_file(min_size: u32) -> Vec<u8> {
		let (elements, powers) = POWERS;
		let tensor = [
			varint_field(1, 1),
			varint_field(2, DType::F32 as u32),
			field(9, &0.7f32.to_le_bytes()),
		]
		.concat();
		let value = [
			field(1, b"value"),
			field(5, &tensor),
			varint_field(20, TENSOR_ATTRIBUTE),
		]
		.concat();
		let fill = [
			field(1, b"length"),
			field(2, b"c0"),
			field(4, b"ConstantOfShape"),
			field(5, &value),
		]
		.concat();
		let name = |power: u32| alloc::format!("c{power}").into_bytes();
		let nodes = (0..powers).map(|power| {
			[
				field(1, &name(power)),
				field(1, b"c0"),
				field(2, &name(power + 1)),
				field(4, b"Pow"),
			]
			.concat()
		});
		// What is computed is an output, so that it is needed.
		let pick = [
			field(1, &name(powers)),
			field(1, b"row"),
			field(2, b"power"),
			field(4, b"Gather"),
		]
		.concat();
		let nodes: Vec<u8> = [fill]
			.into_iter()
			.chain(nodes)
			.chain([pick])
			.flat_map(|node| field(1, &node))
			.collect();
		let length = [
			varint_field(1, 1),
			varint_field(2, DType::I64 as u32),
			field(8, b"length"),
			field(9, &u64::from(elements).to_le_bytes()),
		]
		.concat();
		let rest = [
			field(5, &length),
			field(12, &value_info(b"power", DType::F32, &[1])),
		]
		.concat();
		file(min_size, &nodes, &rest)
	}
}

/// The type of an attribute that is a tensor.
const TENSOR_ATTRIBUTE: u32 = 4;

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
