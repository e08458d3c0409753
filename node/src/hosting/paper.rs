//! The calls of a host, and the blobs that they need.

use std::collections::BTreeSet;

use codec::Encode;
use noema_precompile_inference::host::Materials;
use noema_primitives::{
	jobs::{commitment, Answer, OperandData, Payload},
	trace::{Failure, Operand, OUTPUTS_OP},
	JobId, NamedTensor, CHUNK_SIZE,
};
use noema_runtime::{AccountId, RuntimeCall};

use super::bench::Trace;

/// Tensors go into the call itself up to this many bytes: what the chain admits of an answer.
const MAX_INLINE_ANSWER: usize = 256 * 1024;
/// Operands of a step go into the call itself up to this many bytes, all together.
const MAX_INLINE_OPERANDS: usize = 1024 * 1024;

/// Bytes that a call needs on the chain.
#[derive(Clone, PartialEq, Eq)]
pub struct Blob {
	/// Their BLAKE3.
	pub hash: [u8; 32],
	/// The bytes.
	pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Blob {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		write!(f, "Blob({} bytes)", self.bytes.len())
	}
}

impl Blob {
	fn new(bytes: Vec<u8>) -> Self {
		Self {
			hash: noema_primitives::trace::data_hash(&bytes),
			bytes,
		}
	}

	/// The calls that upload the chunks from `first` on, with their numbers.
	pub fn chunks(&self, first: u32) -> impl Iterator<Item = (u32, RuntimeCall)> + '_ {
		let chunks = (0u32..).zip(self.bytes.chunks(CHUNK_SIZE as usize));
		chunks.skip(first as usize).map(|(index, bytes)| {
			let call = pallet_jobs::Call::upload_blob {
				hash: self.hash,
				size: self.bytes.len() as u32,
				index,
				bytes: bytes.to_vec().try_into().unwrap_or_default(),
			};
			(index, call.into())
		})
	}
}

/// A call, and the blobs that must be there before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
	/// The blobs, all of the caller's.
	pub blobs: Vec<Blob>,
	/// The call.
	pub call: RuntimeCall,
}

impl From<pallet_jobs::Call<noema_runtime::Runtime>> for Paper {
	fn from(call: pallet_jobs::Call<noema_runtime::Runtime>) -> Self {
		Self {
			blobs: Vec::new(),
			call: call.into(),
		}
	}
}

/// The bytes of a blob that an answer needs, if it is too long for the call.
pub fn blob_of(outputs: &Result<Vec<NamedTensor>, Failure>) -> u64 {
	outputs
		.as_ref()
		.map(Encode::encoded_size)
		.ok()
		.filter(|size| *size > MAX_INLINE_ANSWER)
		.unwrap_or(0) as u64
}

/// The commitment to a trace.
pub fn commit(job: JobId, host: &AccountId, trace: &Trace, salt: &[u8; 32]) -> Paper {
	let commitment = commitment(job, host, &trace.root(), salt);
	pallet_jobs::Call::commit { job, commitment }.into()
}

/// The answer, and the blob that it is in, if it is too long for a call.
fn answer(outputs: &Result<Vec<NamedTensor>, Failure>) -> (Answer, Vec<Blob>) {
	let outputs = match outputs {
		Ok(outputs) => outputs,
		Err(failure) => return (Answer::Failed(*failure), Vec::new()),
	};
	let encoded = outputs.encode();
	match outputs.clone().try_into() {
		Ok(list) if encoded.len() <= MAX_INLINE_ANSWER => {
			(Answer::Outputs(Payload::Inline(list)), Vec::new())
		}
		_ => {
			let blob = Blob::new(encoded);
			let payload = Payload::Blob {
				hash: blob.hash,
				size: blob.bytes.len() as u32,
			};
			(Answer::Outputs(payload), vec![blob])
		}
	}
}

/// The reveal of a trace. If `known`, another host has brought the same answer.
pub fn reveal(job: JobId, trace: &Trace, salt: [u8; 32], known: bool) -> Paper {
	let (answer, blobs) = if known {
		(Answer::Known, Vec::new())
	} else {
		answer(trace.outputs())
	};
	let call = pallet_jobs::Call::reveal {
		job,
		trace_root: trace.root(),
		salt,
		answer,
		proof: trace.proof(),
	};
	Paper {
		blobs,
		call: call.into(),
	}
}

/// The challenge of an answer by another trace.
pub fn challenge(job: JobId, trace: &Trace) -> Paper {
	let (answer, blobs) = answer(trace.outputs());
	let call = pallet_jobs::Call::challenge {
		job,
		trace_root: trace.root(),
		answer,
		proof: trace.proof(),
	};
	Paper {
		blobs,
		call: call.into(),
	}
}

/// The leaves of a trace.
pub fn post_leaves(job: JobId, trace: &Trace) -> Paper {
	pallet_jobs::Call::post_leaves {
		job,
		trace_root: trace.root(),
		leaves: trace.hashes().to_vec().try_into().unwrap_or_default(),
	}
	.into()
}

/// The step in dispute, for the referee; `owner` uploads the blobs.
pub fn referee(job: JobId, owner: &AccountId, found: &Materials) -> Paper {
	let mut room = MAX_INLINE_OPERANDS;
	let mut blobs = Vec::new();
	let mut uploaded = BTreeSet::new();
	// The outputs of a run are judged by their digests: no data go with them.
	let by_digest = found.step.op_type[..] == *OUTPUTS_OP;
	let tensors = found.tensors.iter().filter(|_| !by_digest);
	let data: Vec<OperandData<AccountId>> = tensors
		.map(|(digest, bytes)| {
			if bytes.len() <= room {
				room -= bytes.len();
				return OperandData::Inline(bytes.clone());
			}
			if uploaded.insert(digest.hash) {
				blobs.push(Blob {
					hash: digest.hash,
					bytes: bytes.clone(),
				});
			}
			OperandData::Blob {
				owner: owner.clone(),
			}
		})
		.collect();
	let mut named: Vec<u32> = found
		.step
		.inputs
		.iter()
		.filter_map(|operand| match operand {
			Operand::Leaf { index, .. } => Some(*index),
			_ => None,
		})
		.collect();
	named.sort_unstable();
	named.dedup();
	let sources: Vec<_> = named
		.into_iter()
		.filter_map(|index| Some((index, found.leaves.get(index as usize)?.clone())))
		.collect();
	let call = pallet_jobs::Call::referee {
		job,
		step: Box::new(found.step.clone()),
		proof: found.plan_proof.clone(),
		sources: sources.try_into().unwrap_or_default(),
		data: data.try_into().unwrap_or_default(),
	};
	Paper {
		blobs,
		call: call.into(),
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use noema_primitives::{tensor::named, trace::StepSpec, Cost, DType, Leaf, TensorDigest};
	use sp_core::H256;

	fn outputs(bytes: usize) -> Vec<NamedTensor> {
		vec![named("y", DType::U8, &[bytes as u32], vec![3; bytes]).expect("in bounds")]
	}

	fn trace(bytes: usize) -> Trace {
		Trace::new(
			(0u8..4).map(H256::repeat_byte).collect(),
			Ok(outputs(bytes)),
		)
	}

	fn jobs_call(paper: &Paper) -> &pallet_jobs::Call<noema_runtime::Runtime> {
		match &paper.call {
			RuntimeCall::Jobs(call) => call,
			other => panic!("{other:?}"),
		}
	}

	#[test]
	fn a_short_answer_goes_into_the_call_and_a_long_one_into_a_blob() {
		let short = reveal(7, &trace(100), [1; 32], false);
		assert!(short.blobs.is_empty());
		assert_eq!(blob_of(&Ok(outputs(100))), 0);

		let long = reveal(7, &trace(MAX_INLINE_ANSWER), [1; 32], false);
		let encoded = outputs(MAX_INLINE_ANSWER).encode();
		assert_eq!(long.blobs, [Blob::new(encoded.clone())]);
		assert_eq!(
			blob_of(&Ok(outputs(MAX_INLINE_ANSWER))),
			encoded.len() as u64
		);
		let pallet_jobs::Call::reveal { answer, .. } = jobs_call(&long) else {
			panic!("{long:?}")
		};
		let payload = Payload::Blob {
			hash: noema_primitives::trace::data_hash(&encoded),
			size: encoded.len() as u32,
		};
		assert_eq!(*answer, Answer::Outputs(payload));
		assert!(reveal(7, &trace(MAX_INLINE_ANSWER), [1; 32], true)
			.blobs
			.is_empty());
	}

	#[test]
	fn chunks_are_numbered_and_begin_where_they_are_missing() {
		let blob = Blob::new(vec![1; 2 * CHUNK_SIZE as usize + 1]);
		let lens: Vec<_> = blob
			.chunks(1)
			.map(|(number, call)| match call {
				RuntimeCall::Jobs(pallet_jobs::Call::upload_blob { index, bytes, .. }) => {
					assert_eq!(number, index);
					(index, bytes.len())
				}
				other => panic!("{other:?}"),
			})
			.collect();
		assert_eq!(lens, [(1, CHUNK_SIZE as usize), (2, 1)]);
	}

	fn materials(op_type: &[u8], sizes: &[usize]) -> Materials {
		let tensors: Vec<_> = sizes
			.iter()
			.map(|size| {
				let bytes = vec![*size as u8; *size];
				let digest = TensorDigest {
					dtype: DType::U8,
					shape: vec![*size as u32].try_into().expect("in bounds"),
					hash: noema_primitives::trace::data_hash(&bytes),
				};
				(digest, bytes)
			})
			.collect();
		let inputs = (1u32..)
			.zip(&tensors)
			.map(|(index, (digest, _))| Operand::Leaf {
				index: index % 2 + 1,
				slot: 0,
				dtype: digest.dtype,
				shape: digest.shape.clone(),
				storage: 0,
			})
			.collect::<Vec<_>>();
		Materials {
			step: StepSpec {
				op_type: op_type.to_vec().try_into().expect("in bounds"),
				opset: 17,
				attributes: Default::default(),
				outputs: vec![true].try_into().expect("in bounds"),
				inputs: inputs.try_into().expect("in bounds"),
				cost: Cost {
					macs: 0,
					bytes: 0,
					steps: 1,
					transcendentals: 0,
				},
			},
			plan_proof: Default::default(),
			leaves: vec![Leaf::of_tensors(&[]); 3],
			tensors,
		}
	}

	#[test]
	fn large_operands_go_into_blobs_once_and_sources_are_named_once() {
		let owner = AccountId::new([1; 32]);
		let big = MAX_INLINE_OPERANDS + 1;
		let paper = referee(7, &owner, &materials(b"Add", &[10, big, big]));
		assert_eq!(paper.blobs.len(), 1);
		let pallet_jobs::Call::referee { sources, data, .. } = jobs_call(&paper) else {
			panic!("{paper:?}")
		};
		let named: Vec<_> = sources.iter().map(|(index, _)| *index).collect();
		assert_eq!(named, [1, 2]);
		assert!(matches!(
			&data[..],
			[
				OperandData::Inline(_),
				OperandData::Blob { .. },
				OperandData::Blob { .. }
			]
		));
	}

	#[test]
	fn the_outputs_of_a_run_bring_no_data() {
		let owner = AccountId::new([1; 32]);
		let paper = referee(7, &owner, &materials(OUTPUTS_OP, &[10, 20]));
		let pallet_jobs::Call::referee { data, .. } = jobs_call(&paper) else {
			panic!("{paper:?}")
		};
		assert!(data.is_empty() && paper.blobs.is_empty());
	}
}
