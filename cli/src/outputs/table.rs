//! Tables for people.

use comfy_table::{presets, Table};

use crate::tensor::{shape_text, DType, Tensor};

/// Elements of a tensor that a table shows.
const PREVIEW: usize = 8;

/// An empty table in the house style.
pub fn new<const N: usize>(header: [&str; N]) -> Table {
	let mut table = Table::new();
	table.load_style(presets::UTF8_FULL_CONDENSED);
	table.set_header(header);
	table
}

/// Two columns without a header: what and its value.
pub fn pairs<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> Table {
	let mut table = Table::new();
	table.load_style(presets::NOTHING);
	for (what, value) in rows {
		table.add_row([what.to_owned(), value]);
	}
	table
}

/// Name, type, shape and first values of each tensor.
pub fn tensors(tensors: &[Tensor]) -> Table {
	let mut table = new(["name", "dtype", "shape", "values"]);
	for tensor in tensors {
		table.add_row([
			tensor.name.clone(),
			tensor.dtype.to_string(),
			shape_text(&tensor.shape),
			preview(tensor),
		]);
	}
	table
}

fn preview(tensor: &Tensor) -> String {
	let values: Vec<String> = tensor
		.data
		.chunks_exact(tensor.dtype.size())
		.take(PREVIEW)
		.map(|bytes| element(tensor.dtype, bytes))
		.collect();
	let more = tensor.data.len() / tensor.dtype.size() > PREVIEW;
	format!("{}{}", values.join(" "), if more { " ..." } else { "" })
}

fn element(dtype: DType, bytes: &[u8]) -> String {
	use crate::inputs::cast::Number;
	match Number::read(dtype, bytes) {
		Number::Int(value) if dtype == DType::Bool => (value != 0).to_string(),
		Number::Int(value) => value.to_string(),
		// The shortest text that gives the same f32, rather than its f64 digits.
		Number::Float(value) if dtype == DType::F32 => format!("{:?}", value as f32),
		Number::Float(value) => format!("{value:?}"),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn values_are_short_and_exact() {
		let tensor = Tensor {
			name: "y".into(),
			dtype: DType::F32,
			shape: vec![9],
			data: [0.1f32; 9]
				.iter()
				.flat_map(|value| value.to_le_bytes())
				.collect(),
		};
		let text = tensors(&[tensor]).to_string();
		assert!(text.contains("0.1 0.1"), "{text}");
		assert!(text.contains("..."), "{text}");
		assert!(text.contains("[9]"), "{text}");
	}
}
