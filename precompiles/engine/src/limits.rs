//! Every cap on what a model may ask for, in one place.
//!
//! The caps bound what admission and a run can take from the machine, whatever the file says. They
//! are part of the profile: changing one changes which files are models.
//!
//! `--cfg noema_lifted_caps` lifts those on memory and folding, to measure networks that are too
//! large for a chain. What takes part in one refuses to be built with it.

/// A cap that is lifted for measurements.
const fn liftable(cap: u64) -> u64 {
	if cfg!(noema_lifted_caps) {
		cap * 16
	} else {
		cap
	}
}

/// Bytes of an ONNX file.
pub const MAX_FILE_BYTES: usize = 128 * 1024 * 1024;
/// Bytes that the decoded protobuf may take in memory, as `scan` estimates them from above: the
/// file's tensors once, and all else that the file can blow up (packed integers, tiny messages).
pub const MAX_DECODED_BYTES: u64 = 512 * 1024 * 1024;
/// Length-delimited fields and messages in the whole file.
pub const MAX_FIELDS: u64 = 2_000_000;
/// How deep protobuf messages may nest. The deepest legitimate path, a dimension of an element
/// type of a type of a graph input, takes nine.
pub const MAX_NESTING: u32 = 12;
/// Nodes of the graph.
pub const MAX_NODES: usize = 20_000;
/// Initializers of the graph.
pub const MAX_INITIALIZERS: usize = 20_000;
/// Inputs, or outputs, of one node.
pub const MAX_NODE_TENSORS: usize = 512;
/// Inputs and outputs of all nodes together.
pub const MAX_EDGES: usize = 200_000;
/// Attributes of one node.
pub const MAX_ATTRIBUTES: usize = 64;
/// Integers, floats or strings in one attribute.
pub const MAX_ATTRIBUTE_ITEMS: usize = 1 << 20;
/// Bytes of the name of a node, a tensor, an operator or an attribute.
pub const MAX_NAME_BYTES: usize = 1_024;
/// Entries of `metadata_props`, of the opset imports and of the quantisation annotations.
pub const MAX_METADATA: usize = 1_024;
/// Value infos of the graph; they are read past, for shapes are worked out here.
pub const MAX_VALUE_INFOS: usize = 100_000;

/// Graph inputs, and graph outputs.
pub const MAX_INTERFACE_TENSORS: usize = 16;
/// Bytes of the name of a graph input or output.
pub const MAX_INTERFACE_NAME_BYTES: usize = 128;

/// Dimensions of a tensor.
pub const MAX_RANK: usize = 8;
/// Bytes of one tensor.
pub const MAX_TENSOR_BYTES: u64 = liftable(512 * 1024 * 1024);

/// Bytes that constant folding may write, scratch space included, over all nodes that it
/// evaluates: a constant that is computed need be no larger than one in the largest file.
pub const MAX_FOLDING_BYTES: u64 = liftable(128 * 1024 * 1024);
/// Work that constant folding may do, over all nodes that it evaluates, in
/// [work units](crate::Cost::work): about ten milliseconds on one core.
///
/// Packing counts, too, four units for a byte, as far as the packed constants of all nodes take more
/// bytes than the constants in the file: else a small file could have a large constant packed
/// again and again.
pub const MAX_FOLDING_WORK: u64 = liftable(1 << 28);

/// Leaves of a trace: the canonical steps, the inputs and the outputs. A model that has more, or a
/// step beyond the limits below, is a model all the same, but has no description that a referee
/// could judge by.
pub const MAX_TRACE_LEAVES: usize = 8_192;
/// Operands, or outputs, of a step that can be described.
pub const MAX_STEP_TENSORS: usize = 256;
/// Bytes of the attributes of a step that can be described.
pub const MAX_STEP_ATTRIBUTE_BYTES: usize = 256 * 1024;
/// Bytes that these attributes may take in memory, as `scan` estimates them from above: the most
/// that so many bytes of them can.
pub const MAX_STEP_DECODED_BYTES: u64 = 32 * 1024 * 1024;
/// Bytes of constants that are hashed to describe the steps of a plan, beyond those of the file:
/// what folding has made of little. Hashing them takes some ten milliseconds.
pub const MAX_MADE_CONSTANT_BYTES: u64 = liftable(32 * 1024 * 1024);

/// Bytes of the constants that a plan keeps, bookkeeping included.
pub const MAX_PLAN_BYTES: u64 = liftable(512 * 1024 * 1024);
/// Bytes of activations alive at once in a run.
pub const MAX_PEAK_BYTES: u64 = liftable(512 * 1024 * 1024);
/// Work of one run, in [work units](crate::Cost::work).
pub const MAX_RUN_WORK: u64 = 1 << 40;
