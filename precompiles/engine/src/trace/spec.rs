//! The plain types of traces and of descriptions of steps.

use crate::{error::DomainError, kernel::Cost, DType};

/// The operator type of the description of leaf 0: the inputs of a run.
pub const INPUTS: &str = "Noema.Inputs";
/// The operator type of the description of the last leaf: the outputs of a run.
pub const OUTPUTS: &str = "Noema.Outputs";
/// The operator type of a normalisation with constant parameters, and what is folded into it:
/// `(x - mean) * a + b` of the operands x, mean, a and b, the last three by channel.
pub const CHANNEL_AFFINE: &str = "Noema.ChannelAffine";

/// Type, shape and hash of a tensor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TensorDigest {
	/// Element type.
	pub dtype: DType,
	/// Dimensions, outermost first.
	pub shape: Vec<usize>,
	/// BLAKE3 of the elements: row-major, little endian, packed, every NaN the canonical one.
	pub hash: [u8; 32],
}

/// Why a run gave no outputs, on every machine alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
	/// An index lies outside the tensor that it points into.
	IndexOutOfRange,
	/// An integer was divided by zero.
	DivisionByZero,
	/// A value outside an operator's domain.
	InvalidValue,
}

impl From<&DomainError> for Failure {
	fn from(error: &DomainError) -> Self {
		match error {
			DomainError::IndexOutOfRange { .. } => Self::IndexOutOfRange,
			DomainError::DivisionByZero { .. } => Self::DivisionByZero,
			DomainError::InvalidValue { .. } => Self::InvalidValue,
		}
	}
}

/// The content of a leaf of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Leaf {
	/// The outputs of a step, or the inputs or the outputs of the run.
	Tensors(Vec<TensorDigest>),
	/// This step, or one before it, failed.
	Failed(Failure),
}

/// What a step takes in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
	/// An optional input that is left out.
	Omitted,
	/// A constant of the plan, after folding.
	Constant {
		/// Which one.
		digest: TensorDigest,
		/// The number of the type in which the file stores it, if that is not the element type
		/// (ONNX's `TensorProto.DataType`); 0 if it is.
		storage: u8,
	},
	/// A tensor of an earlier leaf.
	Leaf {
		/// The leaf; 0 for an input of the run.
		index: u32,
		/// The place of the tensor in it.
		slot: u16,
		/// Its element type.
		dtype: DType,
		/// Its shape.
		shape: Vec<usize>,
		/// As for [`Operand::Constant`].
		storage: u8,
	},
	/// A tensor of which the step takes type and shape only.
	Typed {
		/// Its element type.
		dtype: DType,
		/// Its shape.
		shape: Vec<usize>,
		/// As for [`Operand::Constant`].
		storage: u8,
	},
}

impl Operand {
	/// Type and shape of the tensor whose elements go into the step, if they do.
	pub fn elements(&self) -> Option<(DType, &[usize])> {
		match self {
			Self::Constant { digest, .. } => Some((digest.dtype, &digest.shape)),
			Self::Leaf { dtype, shape, .. } => Some((*dtype, shape)),
			Self::Omitted | Self::Typed { .. } => None,
		}
	}
}

/// A canonical step, complete enough to run it alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepSpec {
	/// The ONNX operator type, or one of the engine's own, which no file can name.
	pub op_type: String,
	/// The version of the default operator set that says what the operator means; 0 if none does.
	pub opset: u16,
	/// The attributes: the protobuf encoding of a `NodeProto` that has nothing else.
	pub attributes: Vec<u8>,
	/// Which outputs are used, in order.
	pub outputs: Vec<bool>,
	/// What goes in, in the operator's order.
	pub inputs: Vec<Operand>,
	/// What running it alone costs.
	pub cost: Cost,
}
