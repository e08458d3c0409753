//! The referee: runs the one step on which traces differ.
//!
//! All parties agree on the leaves before it, so the digests of what goes in are known; the plan root
//! of the model's report says what the step is. Who calls brings what the two name. A party whose leaf
//! is not what the referee makes of that is wrong.

use alloc::vec::Vec;
use codec::Encode;
use frame_support::{ensure, traits::Get, weights::Weight, BoundedVec};
use noema_primitives::{
	jobs::{OperandData, Phase},
	trace::{
		failure_of, leaf_hash, step_hash, verify, Operand, Proof, Referee, TensorSource,
		MAX_LEAVES, MAX_STEP_TENSORS, OUTPUTS_OP,
	},
	JobId, Leaf, StepSpec, TensorDigest,
};
use sp_core::H256;
use sp_runtime::{
	traits::{Convert, Saturating},
	DispatchResult,
};

use crate::{
	types::{JobOf, LeafHashes, MAX_CLAIMS, MAX_SEATS},
	weights::WeightInfo,
	ClaimsOf, Config, Error, Event, Jobs, Leaves, Members, Pallet, Params,
};

/// What is brought before the referee.
struct Evidence<AccountId> {
	step: StepSpec,
	sources: Vec<(u32, Leaf)>,
	data: Vec<OperandData<AccountId>>,
}

impl<T: Config> Pallet<T> {
	/// What `referee` weighs: the step as its description says, which is checked before it runs, and
	/// what the state says of the dispute.
	pub(crate) fn referee_weight(
		id: JobId,
		step: &StepSpec,
		sources: &[(u32, Leaf)],
		data: &[OperandData<T::AccountId>],
	) -> Weight {
		let given: usize = data
			.iter()
			.map(|data| match data {
				OperandData::Inline(bytes) => bytes.len(),
				OperandData::Blob { .. } => 0,
			})
			.sum();
		let described = step.encoded_size().saturating_add(sources.encoded_size());
		let bytes = u32::try_from(given.saturating_add(described)).unwrap_or(u32::MAX);
		let leaves = Jobs::<T>::get(id).map_or(0, |job| job.leaves);
		let claims = ClaimsOf::<T>::decode_len(id).unwrap_or_default() as u32;
		let members = Members::<T>::decode_len(id).unwrap_or_default() as u32;
		T::WeightInfo::referee(bytes, claims.saturating_mul(leaves), members)
			.saturating_add(T::CostToWeight::convert(step.cost))
	}

	/// The most that a call of the referee weighs, but for the bytes that it brings.
	pub(crate) fn heaviest_referee() -> Weight {
		T::WeightInfo::referee(0, MAX_CLAIMS.saturating_mul(MAX_LEAVES), MAX_SEATS)
			.saturating_add(T::MaxRefereeWeight::get())
	}

	/// Decides a dispute at the step on which it has split.
	pub(crate) fn do_referee(
		id: JobId,
		step: StepSpec,
		proof: Proof,
		sources: Vec<(u32, Leaf)>,
		data: Vec<OperandData<T::AccountId>>,
	) -> DispatchResult {
		let mut job = Self::job_of(id)?;
		let Phase::Refereeing { step: index, until } = job.phase else {
			return Err(Error::<T>::WrongPhase.into());
		};
		ensure!(Self::now() <= until, Error::<T>::TooLate);
		let hash = step_hash(index, &step);
		ensure!(
			verify(&job.plan_root, job.leaves, index, &hash, &proof),
			Error::<T>::StepNotProven
		);
		// All are alike before the step, so any one will do.
		let agreed = ClaimsOf::<T>::get(id)
			.first()
			.and_then(|claim| Leaves::<T>::get(id, claim.root))
			.unwrap_or_default();
		let evidence = Evidence {
			step,
			sources,
			data,
		};
		let verdict = Self::judge(&job, index, &agreed, evidence)?;
		let verdict = verdict.map(|leaf| leaf_hash(index, &leaf));
		Self::deposit_event(Event::Refereed {
			job: id,
			step: index,
			verdict,
		});
		Self::execute_verdict(id, &mut job, index, verdict);
		Ok(())
	}

	/// What leaf `index` must be after these leaves; `None` if they are none that the plan can have
	/// made, so that nothing that follows from them is right.
	fn judge(
		job: &JobOf<T>,
		index: u32,
		agreed: &LeafHashes,
		evidence: Evidence<T::AccountId>,
	) -> Result<Option<Leaf>, Error<T>> {
		let Evidence {
			step,
			sources,
			data,
		} = evidence;
		let before = index.saturating_sub(1);
		let failure = agreed
			.get(before as usize)
			.and_then(|hash| failure_of(before, hash));
		if let Some(failure) = failure {
			ensure!(data.is_empty(), Error::WrongDataCount);
			return Ok(Some(Leaf::Failed(failure)));
		}
		for (place, (source, leaf)) in sources.iter().enumerate() {
			let known =
				*source < index && agreed.get(*source as usize) == Some(&leaf_hash(*source, leaf));
			ensure!(
				known,
				Error::WrongSource {
					source: narrow(place)
				}
			);
		}
		let Some(digests) = operands(&step, &sources)? else {
			return Ok(None);
		};
		if step.op_type[..] == *OUTPUTS_OP {
			// They are handed on as they are, whatever they are.
			ensure!(data.is_empty(), Error::WrongDataCount);
			return Ok(BoundedVec::try_from(digests).ok().map(Leaf::Tensors));
		}
		ensure!(data.len() == digests.len(), Error::WrongDataCount);
		let tensors = digests
			.into_iter()
			.zip(data)
			.enumerate()
			.map(|(place, (digest, data))| {
				let source = Self::tensor_source(narrow(place), &digest, data)?;
				Ok((digest, source))
			})
			.collect::<Result<Vec<(TensorDigest, TensorSource)>, Error<T>>>()?;
		let leaf = T::Referee::run_step(job.profile, &step, &tensors)?;
		Ok(Some(leaf))
	}

	/// Where the referee finds the data of a tensor.
	fn tensor_source(
		place: u16,
		digest: &TensorDigest,
		data: OperandData<T::AccountId>,
	) -> Result<TensorSource, Error<T>> {
		let source = match data {
			OperandData::Inline(bytes) => TensorSource::Inline(bytes),
			OperandData::Blob { owner } => Self::blob_source(&owner, digest.hash)?,
		};
		let len = match &source {
			TensorSource::Inline(bytes) => bytes.len() as u64,
			TensorSource::Chunks { size, .. } => u64::from(*size),
		};
		ensure!(
			digest.byte_len() == Some(len),
			Error::WrongData { data: place }
		);
		Ok(source)
	}

	/// Puts out all whose leaf is another one, and goes on with what is left.
	fn execute_verdict(id: JobId, job: &mut JobOf<T>, index: u32, verdict: Option<H256>) {
		let kept = Self::refute(id, job, |claim| {
			let leaf = Leaves::<T>::get(id, claim.root)
				.and_then(|leaves| leaves.get(index as usize).copied());
			leaf.is_none() || leaf != verdict
		});
		match &kept[..] {
			[] => Self::end_unanswered(id, job.clone()),
			[only] => {
				let until = Self::now().saturating_add(Params::<T>::get().renewed_period);
				Self::open_window(id, job, only.root, until);
			}
			_ => {
				job.split = Self::split_of(id, &kept);
				Self::open_referee(id, job);
			}
		}
	}
}

/// The digests of the operands that have elements, in their order; `None` if a leaf that one of them
/// names is not of the kind that the plan's steps make.
fn operands<T>(
	step: &StepSpec,
	sources: &[(u32, Leaf)],
) -> Result<Option<Vec<TensorDigest>>, Error<T>> {
	let mut digests = Vec::with_capacity(MAX_STEP_TENSORS as usize);
	for (place, operand) in step.inputs.iter().enumerate() {
		match operand {
			Operand::Omitted | Operand::Typed { .. } => {}
			Operand::Constant { digest, .. } => digests.push(digest.clone()),
			Operand::Leaf {
				index,
				slot,
				dtype,
				shape,
				..
			} => {
				let (_, leaf) = sources.iter().find(|(source, _)| source == index).ok_or(
					Error::MissingSource {
						operand: narrow(place),
					},
				)?;
				let Leaf::Tensors(tensors) = leaf else {
					return Ok(None);
				};
				match tensors.get(usize::from(*slot)) {
					Some(digest) if digest.dtype == *dtype && digest.shape == *shape => {
						digests.push(digest.clone());
					}
					_ => return Ok(None),
				}
			}
		}
	}
	Ok(Some(digests))
}

/// A place in a list of at most 256.
fn narrow(place: usize) -> u16 {
	u16::try_from(place).unwrap_or(u16::MAX)
}
