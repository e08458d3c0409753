//! ONNX files of any size, for the benchmarks.

use alloc::{vec, vec::Vec};
use noema_primitives::DType;

/// Makes what the benchmarks need and this pallet cannot know.
pub trait BenchmarkHelper {
	/// A file that [`Config::Admission`](crate::Config::Admission) admits: at least `min_size`
	/// bytes, at most 64 KiB more.
	fn model_file(min_size: u32) -> Vec<u8>;
}

/// Files for a runtime whose admission is the engine: a table of `f32` numbers, of which one
/// `Gather` picks a row, so that the plan is as large as the file and a run is cheap.
#[derive(Debug)]
pub struct OnnxFiles;

/// Columns of the table.
const COLUMNS: u32 = 256;

impl BenchmarkHelper for OnnxFiles {
	fn model_file(min_size: u32) -> Vec<u8> {
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
			field(1, &node),
			field(2, b"table"),
			field(5, &table(rows)),
			field(11, &value_info(b"row", DType::I64, &[1])),
			field(12, &value_info(b"out", DType::F32, &[1, COLUMNS])),
		]
		.concat();
		let opset = [field(1, b""), varint_field(2, 17)].concat();
		[varint_field(1, 8), field(7, &graph), field(8, &opset)].concat()
	}
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
			let len = OnnxFiles::model_file(size).len() as u32;
			assert!((size..=size + 64 * 1024).contains(&len), "{size}: {len}");
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
