//! How a model is named, what admission finds out about it, where its bytes lie.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::ConstU32;
use sp_runtime::BoundedVec;

use crate::tensor::{DType, Name, Shape, MAX_TENSORS};

/// Bytes of a chunk; every chunk but the last is exactly this long.
///
/// A power-of-two multiple of BLAKE3's 1 KiB chunk, so that each chunk is a whole subtree of the
/// file's BLAKE3 tree.
pub const CHUNK_SIZE: u32 = 512 * 1024;

/// The number of numerics profile 1 (`docs/numerics.md`).
pub const PROFILE_1: u16 = 1;

/// The name of a model: the BLAKE3 hash of the ONNX file, as `b3sum` prints it.
#[derive(
	Clone,
	Copy,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Hash,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct ModelId(pub [u8; 32]);

impl ModelId {
	/// The id of these bytes.
	pub fn of(file: &[u8]) -> Self {
		Self(*blake3::hash(file).as_bytes())
	}
}

impl core::fmt::Debug for ModelId {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		core::fmt::Display::fmt(self, f)
	}
}

impl core::fmt::Display for ModelId {
	fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
		f.write_str(&hex::encode(self.0))
	}
}

impl core::str::FromStr for ModelId {
	type Err = hex::FromHexError;

	fn from_str(s: &str) -> Result<Self, Self::Err> {
		let mut id = [0; 32];
		hex::decode_to_slice(s.strip_prefix("0x").unwrap_or(s), &mut id)?;
		Ok(Self(id))
	}
}

/// Name, element type and static shape of a graph input or output.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct TensorSchema {
	/// The name, as the ONNX file spells it.
	pub name: Name,
	/// Element type.
	pub dtype: DType,
	/// Dimensions, outermost first.
	pub shape: Shape,
}

/// What one run of a plan costs, counted from the graph and never measured.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Cost {
	/// Multiply-accumulates, in padded tiles and with a charge for dependency chains.
	pub macs: u64,
	/// Bytes that the steps read and write.
	pub bytes: u64,
	/// Plan steps.
	pub steps: u32,
	/// Evaluations of exp, ln, tanh, erf, pow, sqrt and their kin.
	pub transcendentals: u64,
}

/// What admission found out about a model.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ModelReport {
	/// The numerics profile that fixes the model's bits; [`PROFILE_1`] today.
	pub profile: u16,
	/// What a call must bring, in the graph's order.
	pub inputs: BoundedVec<TensorSchema, ConstU32<MAX_TENSORS>>,
	/// What a call returns, in the graph's order.
	pub outputs: BoundedVec<TensorSchema, ConstU32<MAX_TENSORS>>,
	/// What one run costs.
	pub cost: Cost,
	/// Bytes that the plan keeps in memory: constants after folding, and bookkeeping.
	pub plan_bytes: u64,
	/// Most bytes of activations alive at once in a run.
	pub peak_bytes: u64,
	/// Nodes of the ONNX graph.
	pub node_count: u32,
	/// What a plan's steps are, for jobs and their referee.
	pub plan: crate::trace::PlanCommitment,
}

/// Why a file is not admitted. Stable numbers: wallets and receipts rely on them.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum RefusalCode {
	/// The bytes are no ONNX protobuf.
	#[codec(index = 1)]
	NotOnnx,
	/// The file is larger than the chain admits.
	#[codec(index = 2)]
	FileTooLarge,
	/// The IR version or the opset is missing, or not one that the profile knows.
	#[codec(index = 3)]
	UnsupportedVersion,
	/// An operator that the profile does not have; the subject names node and operator.
	#[codec(index = 4)]
	UnsupportedOp,
	/// An operator domain that the profile does not have.
	#[codec(index = 5)]
	UnsupportedDomain,
	/// An element type that the profile, or the operator, does not take.
	#[codec(index = 6)]
	UnsupportedDType,
	/// A dimension that is not a number; the subject names tensor and axis.
	#[codec(index = 7)]
	DynamicShape,
	/// A dimension is negative, or a product of dimensions overflows.
	#[codec(index = 8)]
	ShapeOverflow,
	/// More nodes, tensors, attributes or strings than the limits allow.
	#[codec(index = 9)]
	TooManyItems,
	/// A tensor of more than eight dimensions.
	#[codec(index = 10)]
	RankTooHigh,
	/// One tensor takes more bytes than the limits allow.
	#[codec(index = 11)]
	TensorTooLarge,
	/// A tensor refers to a file outside the model.
	#[codec(index = 12)]
	ExternalData,
	/// Model-local functions, subgraphs, training graphs or sparse tensors.
	#[codec(index = 13)]
	UnsupportedFeature,
	/// A node uses a tensor that no earlier node makes: a cycle, or nodes out of order.
	#[codec(index = 14)]
	NotTopological,
	/// Two tensors with one name.
	#[codec(index = 15)]
	DuplicateName,
	/// A tensor that nothing defines.
	#[codec(index = 16)]
	UndefinedTensor,
	/// The data of a tensor is not as long as its shape says, or not of its type.
	#[codec(index = 17)]
	BadTensor,
	/// An attribute is missing, of the wrong type, or out of range.
	#[codec(index = 18)]
	BadAttribute,
	/// Shapes or element types that the operator cannot combine.
	#[codec(index = 19)]
	ShapeMismatch,
	/// Too few or too many inputs or outputs of a node.
	#[codec(index = 20)]
	WrongArity,
	/// A parameter that the operator needs at build time (axes, shape, pads) is no constant.
	#[codec(index = 21)]
	NotConstant,
	/// Constant folding would take more work or more bytes than the limits allow.
	#[codec(index = 22)]
	FoldingTooLarge,
	/// Constant folding met a deterministic failure, such as an index out of range.
	#[codec(index = 23)]
	FoldingFailed,
	/// One run costs more than the limits allow.
	#[codec(index = 24)]
	TooExpensive,
	/// One run needs more memory than the limits allow.
	#[codec(index = 25)]
	TooMuchMemory,
	/// No outputs, or more inputs or outputs, or longer names, than the interface allows.
	#[codec(index = 26)]
	BadInterface,
	/// The uploader cannot pay the deposit for the bytes that the plan takes of every node's
	/// memory; the subject says how many these are. The one refusal that is not of the file's
	/// making: the same file may be admitted for an uploader who can pay.
	#[codec(index = 27)]
	DepositTooSmall,
}

/// Why a file was refused: a code, and the operator, tensor or limit at fault.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Refusal {
	/// What is wrong.
	pub code: RefusalCode,
	/// Where: UTF-8, cut off at its bound.
	pub subject: BoundedVec<u8, ConstU32<128>>,
}

impl Refusal {
	/// A refusal whose subject is cut off at its bound, at a character boundary.
	pub fn new(code: RefusalCode, subject: &str) -> Self {
		let mut end = subject.len().min(128);
		while !subject.is_char_boundary(end) {
			end -= 1;
		}
		let subject = BoundedVec::truncate_from(subject.as_bytes()[..end].to_vec());
		Self { code, subject }
	}
}

/// Where in the state the bytes of a model lie.
///
/// The key of chunk `i` is `chunk_prefix` followed by `i` as a little-endian `u32`; its value is
/// the SCALE encoding of the chunk as `Vec<u8>`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct ModelLocation {
	/// The model.
	pub id: ModelId,
	/// Bytes of the file.
	pub size: u32,
	/// The storage key of the chunks, less the index.
	pub chunk_prefix: Vec<u8>,
}

/// How far a model has come.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum ModelStage<BlockNumber> {
	/// Chunks are missing; the upload expires at this block.
	Uploading {
		/// The block at which what was uploaded is dropped.
		expires: BlockNumber,
	},
	/// Complete; the chain admits or refuses it at this block, or soon after.
	Queued {
		/// The first block that may take the admission.
		admission: BlockNumber,
	},
	/// Admitted; nodes build its plan.
	Maturing {
		/// The first block in which it may be called.
		resident: BlockNumber,
	},
	/// Callable in a block.
	Resident,
	/// On its way out: no longer callable. Its chunks go step by step, once no job needs them.
	Removing,
	/// Admitted, but not callable in a block: too little stake is committed to it, or others have
	/// more behind each byte of their plans. Jobs may ask for it.
	Dormant,
	/// Callable in a block, but under notice: its stake does not suffice any more, or another model
	/// is to have its room.
	Leaving {
		/// The first block in which it may be dormant, unless it has won its place back by then.
		until: BlockNumber,
	},
}

impl<BlockNumber> ModelStage<BlockNumber> {
	/// Whether it has been admitted, and is not being removed.
	pub fn is_admitted(&self) -> bool {
		match self {
			Self::Maturing { .. } | Self::Resident | Self::Dormant | Self::Leaving { .. } => true,
			Self::Uploading { .. } | Self::Queued { .. } | Self::Removing => false,
		}
	}

	/// Whether it may be called in a block.
	pub fn is_callable(&self) -> bool {
		matches!(self, Self::Resident | Self::Leaving { .. })
	}

	/// Whether nodes hold its plan, or build it.
	pub fn is_working(&self) -> bool {
		self.is_callable() || matches!(self, Self::Maturing { .. })
	}
}

/// A model as the chain knows it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct ModelInfo<AccountId, BlockNumber> {
	/// Its content hash.
	pub id: ModelId,
	/// Who uploaded it and holds its deposit.
	pub owner: AccountId,
	/// Bytes of the file.
	pub size: u32,
	/// How far it has come.
	pub stage: ModelStage<BlockNumber>,
	/// Releases that point at it and are not retired.
	pub releases: u32,
	/// What admission found; `None` before admission.
	pub report: Option<ModelReport>,
}

/// A model whose report or plan a node does well to work out ahead.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct WorkItem {
	/// The model and its bytes.
	pub location: ModelLocation,
	/// The profile under which it is, or will be, admitted.
	pub profile: u16,
	/// What a node needs of it.
	pub stage: WorkStage,
}

impl WorkItem {
	/// Whether it may be called already, so that an author needs its plan.
	pub fn is_resident(&self) -> bool {
		self.stage == WorkStage::Resident
	}
}

/// What a node needs of a model, the most urgent first.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	PartialOrd,
	Ord,
	Encode,
	Decode,
	DecodeWithMemTracking,
	TypeInfo,
)]
pub enum WorkStage {
	/// It may be called: the plan.
	Resident,
	/// It soon may be called: the plan.
	Maturing,
	/// It waits for admission: the report, or why it is refused. Who queues a file has paid for
	/// no place in memory.
	Queued,
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn model_id_prints_and_parses_as_b3sum_does() {
		let id = ModelId::of(b"");
		let hex = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";
		assert_eq!(alloc::format!("{id}"), hex);
		assert_eq!(hex.parse(), Ok(id));
		assert_eq!(alloc::format!("0x{hex}").parse(), Ok(id));
		assert!("abc".parse::<ModelId>().is_err());
	}

	#[test]
	fn stages_keep_their_numbers() {
		let stages = [
			ModelStage::Uploading { expires: 7u8 },
			ModelStage::Queued { admission: 7 },
			ModelStage::Maturing { resident: 7 },
			ModelStage::Resident,
			ModelStage::Removing,
			ModelStage::Dormant,
			ModelStage::Leaving { until: 7 },
		];
		for (number, stage) in (0u8..).zip(stages) {
			assert_eq!(stage.encode().first(), Some(&number));
			assert!(stage.is_admitted() || !stage.is_working());
		}
	}

	#[test]
	fn long_subjects_are_cut_at_a_character() {
		let refusal = Refusal::new(RefusalCode::UnsupportedOp, &"é".repeat(100));
		assert_eq!(
			core::str::from_utf8(&refusal.subject),
			Ok("é".repeat(64).as_str())
		);
		let refusal = Refusal::new(
			RefusalCode::UnsupportedOp,
			&alloc::format!("a{}", "é".repeat(100)),
		);
		assert_eq!(refusal.subject.len(), 127);
	}
}
