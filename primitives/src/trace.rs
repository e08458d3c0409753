//! Traces: what a run of a plan leaves behind, so that one wrong step of it can be proven wrong.
//!
//! ```text
//!   leaf 0        the inputs of the run, in the order of the schema
//!   leaf i        what plan step i made: type, shape and BLAKE3 of the data of each output
//!   leaf steps+1  the outputs of the run, in the order of the schema
//! ```
//!
//! Two Merkle trees have the same leaves by number. The *trace root* of a run is over the leaves'
//! hashes ([`leaf_hash`]). The *plan root* of a model, which its report holds, is over the steps'
//! descriptions ([`step_hash`]): what each step computes, and from which leaves. So a step can be
//! run again alone, by whoever has its description, the tensors that go in, and the two proofs.
//!
//! The trees are those of `binary-merkle-tree` with BLAKE2b-256; a leaf's number is part of its hash.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{ConstU32, H256};
use sp_runtime::{
	traits::{BlakeTwo256, Hash},
	BoundedVec,
};

use crate::{
	backend::InferError,
	model::Cost,
	tensor::{DType, NamedTensor, Shape, Tensor},
};

/// The most leaves of a trace; a model with more steps is not for jobs.
pub const MAX_LEAVES: u32 = 8_192;
/// The most outputs of one step, and the most inputs.
pub const MAX_STEP_TENSORS: u32 = 256;
/// The most bytes of a step's attributes.
pub const MAX_ATTRIBUTE_BYTES: u32 = 256 * 1024;
/// The most hashes of a Merkle proof of a leaf.
pub const MAX_PROOF_LEN: u32 = 13;

/// A Merkle proof of one leaf.
pub type Proof = BoundedVec<H256, ConstU32<MAX_PROOF_LEN>>;

/// Type, shape and hash of a tensor.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct TensorDigest {
	/// Element type.
	pub dtype: DType,
	/// Dimensions, outermost first.
	pub shape: Shape,
	/// BLAKE3 of the elements: row-major, little endian, packed, every NaN the canonical one.
	pub hash: [u8; 32],
}

impl TensorDigest {
	/// Of a tensor whose NaNs are canonical.
	pub fn of(tensor: &Tensor) -> Self {
		Self {
			dtype: tensor.dtype,
			shape: tensor.shape.clone(),
			hash: data_hash(&tensor.data),
		}
	}

	/// Bytes of the tensor's data, or `None` on overflow of 64 bits.
	pub fn byte_len(&self) -> Option<u64> {
		Tensor::byte_len(self.dtype, &self.shape)
	}
}

/// The hash by which a digest names a tensor's data.
pub fn data_hash(data: &[u8]) -> [u8; 32] {
	*blake3::hash(data).as_bytes()
}

/// Why a run gave no outputs, on every machine alike.
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
pub enum Failure {
	/// An index lies outside the tensor that it points into.
	#[codec(index = 0)]
	IndexOutOfRange,
	/// An integer was divided by zero.
	#[codec(index = 1)]
	DivisionByZero,
	/// A value outside an operator's domain.
	#[codec(index = 2)]
	InvalidValue,
}

impl TryFrom<InferError> for Failure {
	type Error = InferError;

	/// Gives the error back if it is not a failure of the model on its inputs.
	fn try_from(error: InferError) -> Result<Self, InferError> {
		Ok(match error {
			InferError::IndexOutOfRange => Self::IndexOutOfRange,
			InferError::DivisionByZero => Self::DivisionByZero,
			InferError::InvalidValue => Self::InvalidValue,
			other => return Err(other),
		})
	}
}

/// The content of a leaf.
///
/// After a step that failed, all later leaves hold its failure, so that every trace of a plan has
/// the same number of leaves.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Leaf {
	/// What there is: the outputs of a step, or the inputs or the outputs of the run.
	#[codec(index = 0)]
	Tensors(BoundedVec<TensorDigest, ConstU32<MAX_STEP_TENSORS>>),
	/// This step, or one before it, failed.
	#[codec(index = 1)]
	Failed(Failure),
}

impl Leaf {
	/// Leaf 0, or the last one, of these inputs or outputs in the order of the schema. Their NaNs
	/// must be canonical and their bools 0 or 1, as they are in answers: other inputs have no trace.
	pub fn of_tensors(tensors: &[NamedTensor]) -> Self {
		let digests = tensors.iter().map(|named| TensorDigest::of(&named.tensor));
		Self::Tensors(BoundedVec::truncate_from(digests.collect()))
	}
}

/// The hash of leaf `index` of a trace.
pub fn leaf_hash(index: u32, leaf: &Leaf) -> H256 {
	BlakeTwo256::hash(&(index, leaf).encode())
}

/// The failure that leaf `index` holds, if its hash says that it holds one.
///
/// All leaves after a failed one hold the same failure. So where the leaf before the first one on
/// which two traces differ holds a failure, that failure is what the next leaf must hold, and there
/// is no step to run.
pub fn failure_of(index: u32, hash: &H256) -> Option<Failure> {
	[
		Failure::IndexOutOfRange,
		Failure::DivisionByZero,
		Failure::InvalidValue,
	]
	.into_iter()
	.find(|failure| leaf_hash(index, &Leaf::Failed(*failure)) == *hash)
}

/// The hash of the description of step `index` of a plan; 0 stands for the run's inputs.
pub fn step_hash(index: u32, step: &StepSpec) -> H256 {
	BlakeTwo256::hash(&(index, step).encode())
}

/// The root over leaves or steps by their hashes, in order.
pub fn root(hashes: &[H256]) -> H256 {
	binary_merkle_tree::merkle_root::<BlakeTwo256, _>(hashes.iter().map(H256::as_bytes))
}

/// The proof of the hash at `index`, or `None` if there are not as many.
pub fn prove(hashes: &[H256], index: u32) -> Option<Proof> {
	if index as usize >= hashes.len() {
		return None;
	}
	let leaves: Vec<[u8; 32]> = hashes.iter().map(|hash| hash.0).collect();
	binary_merkle_tree::merkle_proof::<BlakeTwo256, _, _>(leaves, index)
		.proof
		.try_into()
		.ok()
}

/// Whether `hash` is one of `count` under `root`, and `proof` that of the one at `index`.
///
/// In a tree that is not full a proof may hold for a neighbouring index, too. What is proven here has its
/// index in its hash ([`leaf_hash`], [`step_hash`]), so no other can stand in its place.
pub fn verify(root: &H256, count: u32, index: u32, hash: &H256, proof: &[H256]) -> bool {
	binary_merkle_tree::verify_proof::<BlakeTwo256, _, _>(
		root,
		proof.iter().copied(),
		count,
		index,
		&hash.0,
	)
}

/// What a step of a plan takes in.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Operand {
	/// An optional input that is left out.
	#[codec(index = 0)]
	Omitted,
	/// A constant of the plan, after folding.
	#[codec(index = 1)]
	Constant {
		/// Which one.
		digest: TensorDigest,
		/// The number of the type in which the file stores it, if that is not the element type
		/// (ONNX's `TensorProto.DataType`); 0 if it is.
		storage: u8,
	},
	/// A tensor of an earlier leaf.
	#[codec(index = 2)]
	Leaf {
		/// The leaf; 0 for an input of the run.
		index: u32,
		/// The place of the tensor in it.
		slot: u16,
		/// Its element type.
		dtype: DType,
		/// Its shape.
		shape: Shape,
		/// As for [`Operand::Constant`].
		storage: u8,
	},
	/// A tensor of which the step takes type and shape only; its elements are not given.
	#[codec(index = 3)]
	Typed {
		/// Its element type.
		dtype: DType,
		/// Its shape.
		shape: Shape,
		/// As for [`Operand::Constant`].
		storage: u8,
	},
}

impl Operand {
	/// Whether the elements of a tensor go into the step, so that the referee must be given them.
	pub const fn has_elements(&self) -> bool {
		matches!(self, Self::Constant { .. } | Self::Leaf { .. })
	}
}

/// A step of a plan as the profile lowers the graph, complete enough to run it alone.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct StepSpec {
	/// The ONNX operator type, or one of the engine's own that no file can name.
	pub op_type: BoundedVec<u8, ConstU32<64>>,
	/// The opset that says what the operator means.
	pub opset: u16,
	/// The attributes: the protobuf encoding of a `NodeProto` that has nothing else, attributes in
	/// the order of their names.
	pub attributes: BoundedVec<u8, ConstU32<MAX_ATTRIBUTE_BYTES>>,
	/// Which outputs are used, in order.
	pub outputs: BoundedVec<bool, ConstU32<MAX_STEP_TENSORS>>,
	/// What goes in, in the operator's order.
	pub inputs: BoundedVec<Operand, ConstU32<MAX_STEP_TENSORS>>,
	/// What running it alone costs.
	pub cost: Cost,
}

/// The operator type of the description of leaf 0, the inputs of a run: no operands, and as many
/// outputs as the run has inputs. No referee runs it: the chain sets the leaf.
pub const INPUTS_OP: &[u8] = b"Noema.Inputs";
/// The operator type of the description of the last leaf, the outputs of a run: its operands, in
/// the order of the schema. The referee answers with their digests and reads no data.
pub const OUTPUTS_OP: &[u8] = b"Noema.Outputs";

/// What admission finds out about a plan's steps.
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
pub struct PlanCommitment {
	/// The root over the hashes of the steps' descriptions.
	pub root: H256,
	/// Leaves of a trace: the steps and two more. 0 if the model cannot be refereed (too many
	/// steps, or one whose description is too long), and so is not for jobs.
	pub leaves: u32,
	/// The largest cost of a step, field by field.
	pub heaviest_step: Cost,
	/// Most bytes of tensors that go into one step and come out of it.
	pub most_step_bytes: u64,
}

/// Where the referee finds a tensor's data.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum TensorSource {
	/// Here.
	Inline(Vec<u8>),
	/// In the state, in chunks: chunk `i` is the value at the key `prefix` followed by `i` as a
	/// little-endian `u32`, the SCALE encoding of a `Vec<u8>`; [`CHUNK_SIZE`](crate::CHUNK_SIZE)
	/// bytes in each chunk but the last.
	Chunks {
		/// The storage key of the chunks, less the index.
		prefix: Vec<u8>,
		/// Bytes in all.
		size: u32,
	},
}

/// Runs one step of a plan again. A pure function of profile, step and tensors.
pub trait Referee {
	/// What `step` makes of these tensors: one for each operand that
	/// [has elements](Operand::has_elements), in their order, each with the digest that it must have.
	///
	/// The caller has checked that the description is one of the plan's, and that the digests of
	/// operands in leaves are those in the leaves. It has seen to it that no earlier step failed: see
	/// [`failure_of`].
	fn run_step(
		profile: u16,
		step: &StepSpec,
		tensors: &[(TensorDigest, TensorSource)],
	) -> Result<Leaf, RefereeError>;
}

/// Why the referee has no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum RefereeError {
	/// The data of the tensor at this place do not have its digest, or are not where they should be.
	WrongTensor(u16),
	/// The description is none that the engine can have made.
	BadStep,
	/// This node's precompile does not know the profile.
	UnknownProfile,
	/// The fault of one machine, in a call that is not part of a block.
	InternalFault,
	/// Too many calls that are not part of a block run at once.
	Busy,
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	fn hashes(count: u32) -> Vec<H256> {
		(0..count)
			.map(|index| leaf_hash(index, &Leaf::Failed(Failure::InvalidValue)))
			.collect()
	}

	proptest! {
		#[test]
		fn each_leaf_is_proven_and_no_other_hash(count in 1u32..200, index in 0u32..200) {
			let hashes = hashes(count);
			let root = root(&hashes);
			let Some(proof) = prove(&hashes, index) else {
				prop_assert!(index >= count);
				return Ok(());
			};
			let hash = hashes[index as usize];
			prop_assert!(verify(&root, count, index, &hash, &proof));
			prop_assert!(!verify(&root, count, index, &leaf_hash(count, &Leaf::Failed(Failure::InvalidValue)), &proof));
		}
	}

	#[test]
	fn a_failure_is_known_by_its_hash() {
		let failed = Leaf::Failed(Failure::DivisionByZero);
		let hash = leaf_hash(7, &failed);
		assert_eq!(failure_of(7, &hash), Some(Failure::DivisionByZero));
		assert_eq!(failure_of(8, &hash), None);
		assert_eq!(failure_of(7, &leaf_hash(7, &Leaf::of_tensors(&[]))), None);
	}

	#[test]
	fn the_longest_proof_fits() {
		let hashes = hashes(MAX_LEAVES);
		assert_eq!(
			prove(&hashes, MAX_LEAVES - 1).unwrap().len() as u32,
			MAX_PROOF_LEN
		);
	}
}
