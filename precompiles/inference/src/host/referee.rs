//! The body of the host function that runs one step of a plan.

use std::cell::RefCell;

use codec::{DecodeAll, Encode};
use noema_engine::{
	limits::MAX_TENSOR_BYTES,
	trace::{run_step as run, StepError},
};
use noema_primitives::{
	trace::{Operand, TensorSource, INPUTS_OP, OUTPUTS_OP},
	Leaf, StepSpec, TensorDigest, PROFILE_1,
};
use sp_externalities::Externalities;

use super::{
	cache::read_chunks,
	call_kind::{guarded, Failure, Subject},
	entry::{known, write},
	steps,
};
use crate::{status::wrong_tensor, Status};

/// A tensor, and where it is.
type Given = (TensorDigest, TensorSource);

/// Why there is no leaf.
enum Refused {
	/// The tensor at this place is not the one that is named.
	Tensor(u16),
	/// All else.
	Other(Failure),
}

impl From<Failure> for Refused {
	fn from(failure: Failure) -> Self {
		Self::Other(failure)
	}
}

impl From<Status> for Refused {
	fn from(status: Status) -> Self {
		Self::Other(status.into())
	}
}

/// See [`noema_inference::run_step`](crate::interface::noema_inference::run_step).
pub(crate) fn run_step(
	ext: &mut dyn Externalities,
	profile: u32,
	step: &[u8],
	tensors: &[u8],
	leaf: &mut [u8],
) -> i64 {
	let ran = guarded(Subject::Step, || {
		if known(profile)? != PROFILE_1 {
			return Err(Status::UnknownProfile.into());
		}
		let step = StepSpec::decode_all(&mut &step[..]).map_err(|_| Status::BadStep)?;
		let tensors = Vec::<Given>::decode_all(&mut &tensors[..]).map_err(|_| Status::BadStep)?;
		let ext = RefCell::new(ext);
		let read = |key: &[u8]| ext.borrow_mut().storage(key);
		match judge(&step, tensors, read) {
			Ok(found) => Ok(write(&found.encode(), leaf)? as i64),
			Err(Refused::Tensor(place)) => Ok(wrong_tensor(place)),
			Err(Refused::Other(failure)) => Err(failure),
		}
	});
	ran.unwrap_or_else(|status| status as i64)
}

/// The leaf that a step makes of these tensors.
fn judge(
	step: &StepSpec,
	tensors: Vec<Given>,
	read: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Result<Leaf, Refused> {
	let operands = step.inputs.iter().filter(|operand| operand.has_elements());
	let is_last = step.op_type[..] == *OUTPUTS_OP;
	if step.op_type[..] == *INPUTS_OP
		|| operands.clone().count() != tensors.len()
		|| (is_last && tensors.len() != step.inputs.len())
	{
		return Err(Status::BadStep.into());
	}
	for (place, (operand, (digest, _))) in (0..).zip(operands.zip(&tensors)) {
		if !names(operand, digest) {
			return Err(Refused::Tensor(place));
		}
	}
	if is_last {
		let digests = tensors.into_iter().map(|(digest, _)| digest);
		let digests = digests.collect::<Vec<_>>().try_into();
		return Ok(Leaf::Tensors(digests.map_err(|_| Status::BadStep)?));
	}
	let mut data = Vec::with_capacity(tensors.len());
	for (place, (digest, source)) in (0..).zip(tensors) {
		data.push(elements(&digest, source, &read).ok_or(Refused::Tensor(place))?);
	}
	let data: Vec<&[u8]> = data.iter().map(Vec::as_slice).collect();
	let spec = steps::engine_spec(step).ok_or(Status::BadStep)?;
	match run(&spec, &data) {
		Ok(found) => Ok(steps::leaf(&found)
			.ok_or_else(|| Failure::Internal("a leaf beyond its bounds".into()))?),
		// There are fewer than 256.
		Err(StepError::BadTensor { index, .. }) => Err(Refused::Tensor(index as u16)),
		Err(StepError::BadStep { .. } | StepError::TensorCount { .. }) => {
			Err(Status::BadStep.into())
		}
		Err(StepError::Internal { reason }) => Err(Failure::Internal(reason).into()),
	}
}

/// Whether a tensor of this digest is one that the operand can stand for.
fn names(operand: &Operand, digest: &TensorDigest) -> bool {
	match operand {
		Operand::Constant { digest: named, .. } => named == digest,
		Operand::Leaf { dtype, shape, .. } => *dtype == digest.dtype && *shape == digest.shape,
		Operand::Omitted | Operand::Typed { .. } => false,
	}
}

/// The elements of a tensor, if they are where they should be, and have its digest.
fn elements(
	digest: &TensorDigest,
	source: TensorSource,
	read: &impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
	let len = digest.byte_len().filter(|len| *len <= MAX_TENSOR_BYTES)?;
	let data = match source {
		TensorSource::Inline(data) => data,
		TensorSource::Chunks { size, .. } if u64::from(size) != len => return None,
		TensorSource::Chunks { prefix, size } => read_chunks(&prefix, size, read)?,
	};
	let is_it =
		data.len() as u64 == len && noema_primitives::trace::data_hash(&data) == digest.hash;
	is_it.then_some(data)
}
