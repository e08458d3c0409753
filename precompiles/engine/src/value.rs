//! What goes into a run and what comes out.

use crate::DType;

/// A dense tensor as it crosses the crate's boundary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
	/// Element type.
	pub dtype: DType,
	/// Dimensions, outermost first; empty for a scalar.
	pub shape: Vec<usize>,
	/// Elements: row-major, little endian, densely packed; a bool is one byte, 0 or 1.
	pub data: Vec<u8>,
}

/// Name, element type and static shape of a graph input or output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSchema {
	/// The name, as the ONNX file spells it.
	pub name: String,
	/// Element type.
	pub dtype: DType,
	/// Dimensions, outermost first; empty for a scalar.
	pub shape: Vec<usize>,
}
