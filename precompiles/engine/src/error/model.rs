//! Why a file is no model.

use super::OpError;

/// Why a file is no model under the profile.
///
/// Deterministic: every machine finds the same. One variant for each refusal code of the chain, by
/// the same name; the fields say where the fault lies, [`Display`](std::fmt::Display) also what to
/// change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
	/// The bytes are no ONNX protobuf.
	#[error("not an ONNX model: {reason}")]
	NotOnnx {
		/// Where parsing failed.
		reason: String,
	},
	/// The file is larger than a model may be.
	#[error("the file has {bytes} bytes, at most {limit} are possible: use a smaller model")]
	FileTooLarge {
		/// Bytes of the file.
		bytes: u64,
		/// The most there may be.
		limit: u64,
	},
	/// The IR version or the opset is missing, or not one that the profile knows.
	#[error("{what}: export the model for {supported}")]
	UnsupportedVersion {
		/// Which version, and what it is.
		what: String,
		/// The versions that are known.
		supported: String,
	},
	/// An operator that the profile does not have, or a variant of one.
	#[error("operator {op} of {node} is not supported{}", detail(.reason))]
	UnsupportedOp {
		/// The node.
		node: String,
		/// The operator.
		op: String,
		/// Which variant is meant, or nothing if the operator is unknown altogether.
		reason: String,
	},
	/// An operator domain that the profile does not have.
	#[error(
		"{node} uses operator {op} of domain '{domain}': export the model with operators of the \
		 default ONNX domain only"
	)]
	UnsupportedDomain {
		/// The node.
		node: String,
		/// The operator.
		op: String,
		/// The domain.
		domain: String,
	},
	/// An element type that the profile, or the operator, does not take.
	#[error("{subject}: {reason}")]
	UnsupportedDType {
		/// The node or tensor.
		subject: String,
		/// The type found, and those that are taken.
		reason: String,
	},
	/// A dimension that is not a number.
	#[error(
		"axis {axis} of '{tensor}' is dynamic{}: fix it to a number, for instance with \
		 onnxruntime.tools.make_dynamic_shape_fixed",
		parameter(.param)
	)]
	DynamicShape {
		/// The graph input.
		tensor: String,
		/// The axis, or 0 where the whole shape is missing.
		axis: usize,
		/// The parameter's name, or what is missing.
		param: String,
	},
	/// A dimension is negative, or a product of dimensions overflows.
	#[error("{subject}: shape {shape} is impossible: {reason}")]
	ShapeOverflow {
		/// The node or tensor.
		subject: String,
		/// The shape.
		shape: String,
		/// What is wrong with it.
		reason: String,
	},
	/// More nodes, tensors, attributes or strings than the limits allow.
	#[error("the model has {count} {what}, at most {limit} are possible")]
	TooManyItems {
		/// What there are too many of.
		what: String,
		/// How many there are, or the first count beyond the limit.
		count: u64,
		/// The most there may be.
		limit: u64,
	},
	/// A tensor of more than eight dimensions.
	#[error(
		"{subject}: a tensor of rank {rank}, at most {} are possible",
		crate::limits::MAX_RANK
	)]
	RankTooHigh {
		/// The node or tensor.
		subject: String,
		/// The rank.
		rank: usize,
	},
	/// One tensor takes more bytes than the limits allow.
	#[error("{subject}: shape {shape} takes {bytes} bytes, at most {limit} are possible")]
	TensorTooLarge {
		/// The node or tensor.
		subject: String,
		/// The shape.
		shape: String,
		/// Its bytes.
		bytes: u64,
		/// The most there may be.
		limit: u64,
	},
	/// A tensor refers to a file outside the model.
	#[error(
		"{subject} refers to an external file: save the model with its data inside \
		 (onnx.save with save_as_external_data=False)"
	)]
	ExternalData {
		/// The tensor, and its node if it is an attribute.
		subject: String,
	},
	/// Model-local functions, subgraphs, training graphs or sparse tensors.
	#[error("{what} are not supported: {fix}")]
	UnsupportedFeature {
		/// What was found, and where.
		what: String,
		/// What to do instead.
		fix: String,
	},
	/// A node uses a tensor that only itself or a later node makes.
	#[error(
		"{node} uses '{tensor}' before it is made: the graph has a cycle, or its nodes need to be \
		 sorted topologically"
	)]
	NotTopological {
		/// The node.
		node: String,
		/// The tensor.
		tensor: String,
	},
	/// Two tensors with one name.
	#[error("the name '{name}' is given to two {what}: rename one")]
	DuplicateName {
		/// The name.
		name: String,
		/// What bears it.
		what: String,
	},
	/// A tensor that nothing defines.
	#[error("{user} uses '{tensor}', which is no input, no initializer and made by no node")]
	UndefinedTensor {
		/// The node or graph output that uses it.
		user: String,
		/// The tensor.
		tensor: String,
	},
	/// The data of a tensor is not as long as its shape says, or not of its type.
	#[error("{subject}: {reason}")]
	BadTensor {
		/// The tensor, and its node if it is an attribute.
		subject: String,
		/// What is wrong.
		reason: String,
	},
	/// An attribute is missing, of the wrong type, or out of range.
	#[error("{node}: attribute '{attribute}' {reason}")]
	BadAttribute {
		/// The node.
		node: String,
		/// The attribute, or the constant input that takes its place.
		attribute: String,
		/// What is wrong.
		reason: String,
	},
	/// Shapes or element types that the operator cannot combine.
	#[error("{subject}: {reason}")]
	ShapeMismatch {
		/// The node or graph output.
		subject: String,
		/// What does not fit.
		reason: String,
	},
	/// Too few or too many inputs or outputs of a node.
	#[error("{node}: {reason}")]
	WrongArity {
		/// The node.
		node: String,
		/// How many there are, and how many there must be.
		reason: String,
	},
	/// A parameter that the operator needs at build time (axes, shape, pads) is no constant.
	#[error(
		"{node}: input '{input}' must be a constant: make it an initializer, or fold the model's \
		 shape computations (onnxsim)"
	)]
	NotConstant {
		/// The node.
		node: String,
		/// The input.
		input: String,
	},
	/// Constant folding would take more work or more bytes than the limits allow.
	#[error(
		"folding the constant {node} would bring constant folding to {needed} {what}, at most \
		 {limit} are possible: store the result as an initializer"
	)]
	FoldingTooLarge {
		/// The node.
		node: String,
		/// What there would be too much of: bytes, or units of work.
		what: &'static str,
		/// How much there would be.
		needed: u64,
		/// The most there may be.
		limit: u64,
	},
	/// Constant folding met a deterministic failure, such as an index out of range.
	#[error("folding the constant {node} fails: {reason}")]
	FoldingFailed {
		/// The node.
		node: String,
		/// The failure.
		reason: String,
	},
	/// One run costs more than the limits allow.
	#[error(
		"one run takes {work} units of work, at most {limit} are possible: use a smaller model"
	)]
	TooExpensive {
		/// Work of a run.
		work: u64,
		/// The most there may be.
		limit: u64,
	},
	/// One run, or the plan, needs more memory than the limits allow.
	#[error("{what} take {bytes} bytes, at most {limit} are possible: use a smaller model")]
	TooMuchMemory {
		/// What takes the memory.
		what: &'static str,
		/// How many bytes.
		bytes: u64,
		/// The most there may be.
		limit: u64,
	},
	/// No outputs, or more inputs or outputs, or longer names, than the interface allows.
	#[error("{subject}: {reason}")]
	BadInterface {
		/// The input or output.
		subject: String,
		/// What is wrong.
		reason: String,
	},
}

fn detail(reason: &str) -> String {
	if reason.is_empty() {
		": see the list of operators in docs/operators.md".into()
	} else {
		format!(" in this form: {reason}")
	}
}

fn parameter(param: &str) -> String {
	if param.is_empty() {
		String::new()
	} else {
		format!(" ({param})")
	}
}

impl ModelError {
	/// The operator, tensor or limit at fault, in a few words. What a chain stores.
	pub fn subject(&self) -> String {
		match self {
			Self::NotOnnx { reason } => reason.clone(),
			Self::FileTooLarge { bytes, limit } => format!("{bytes} bytes, limit {limit}"),
			Self::UnsupportedVersion { what, .. } => what.clone(),
			Self::UnsupportedOp { node, op, .. } => format!("{op} in {node}"),
			Self::UnsupportedDomain { node, domain, .. } => format!("'{domain}' in {node}"),
			Self::DynamicShape { tensor, axis, .. } => format!("'{tensor}' axis {axis}"),
			Self::TooManyItems { what, limit, .. } => format!("{what}, limit {limit}"),
			Self::UnsupportedFeature { what, .. } => what.clone(),
			Self::NotTopological { node, tensor } => format!("'{tensor}' in {node}"),
			Self::DuplicateName { name, .. } => format!("'{name}'"),
			Self::UndefinedTensor { user, tensor } => format!("'{tensor}' in {user}"),
			Self::BadAttribute {
				node, attribute, ..
			} => format!("'{attribute}' of {node}"),
			Self::WrongArity { node, .. } | Self::FoldingFailed { node, .. } => node.clone(),
			Self::NotConstant { node, input } => format!("'{input}' of {node}"),
			Self::FoldingTooLarge {
				node, what, limit, ..
			} => {
				format!("{node}, limit {limit} {what}")
			}
			Self::TooExpensive { work, limit } => format!("work {work}, limit {limit}"),
			Self::TooMuchMemory { what, bytes, limit } => {
				format!("{what} {bytes}, limit {limit}")
			}
			Self::UnsupportedDType { subject, .. }
			| Self::ShapeOverflow { subject, .. }
			| Self::RankTooHigh { subject, .. }
			| Self::TensorTooLarge { subject, .. }
			| Self::ExternalData { subject }
			| Self::BadTensor { subject, .. }
			| Self::ShapeMismatch { subject, .. }
			| Self::BadInterface { subject, .. } => subject.clone(),
		}
	}

	/// What became of a node, or of a tensor, that `subject` names; `op` is the node's operator.
	pub(crate) fn of(subject: &str, op: &str, error: OpError) -> Self {
		let subject = subject.to_string();
		match error {
			OpError::Unsupported { reason } => Self::UnsupportedOp {
				node: subject,
				op: op.into(),
				reason,
			},
			OpError::UnsupportedDType { reason } => Self::UnsupportedDType { subject, reason },
			OpError::BadAttribute { name, reason } => Self::BadAttribute {
				node: subject,
				attribute: name,
				reason,
			},
			OpError::ShapeMismatch { reason } => Self::ShapeMismatch { subject, reason },
			OpError::WrongArity { reason } => Self::WrongArity {
				node: subject,
				reason,
			},
			OpError::NotConstant { input } => Self::NotConstant {
				node: subject,
				input: input.into(),
			},
			OpError::RankTooHigh { rank } => Self::RankTooHigh { subject, rank },
			OpError::ShapeOverflow { shape } => Self::ShapeOverflow {
				subject,
				shape: format!("{shape:?}"),
				reason: "its size cannot be counted".into(),
			},
			OpError::TensorTooLarge {
				shape,
				dtype,
				bytes,
			} => Self::TensorTooLarge {
				subject,
				shape: format!("{shape:?} of {dtype}"),
				bytes,
				limit: crate::limits::MAX_TENSOR_BYTES,
			},
			OpError::BadTensor { reason } => Self::BadTensor { subject, reason },
			OpError::ExternalData { tensor } => Self::ExternalData {
				subject: format!("tensor '{tensor}' of {subject}"),
			},
		}
	}
}
