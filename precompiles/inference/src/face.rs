//! The runtime face: the precompile as the pallets' `Config` types want it.

use alloc::{vec, vec::Vec};
use codec::{DecodeAll, Encode, MaxEncodedLen};
use noema_primitives::{
	tensor::encoded_len,
	trace::{Referee, RefereeError, TensorSource},
	InferError, Leaf, ModelAdmission, ModelExecutor, ModelLocation, ModelReport, NamedTensor,
	Refusal, StepSpec, TensorDigest,
};

use crate::{interface::noema_inference, status::wrong_place, Status};

/// Reaches the engine of the node that executes the runtime.
#[derive(Debug)]
pub struct NativeEngine;

impl ModelAdmission for NativeEngine {
	fn admit(
		model: &ModelLocation,
		profile: u16,
	) -> Result<Result<ModelReport, Refusal>, InferError> {
		let mut report = vec![0; <Result<ModelReport, Refusal>>::max_encoded_len()];
		let written = noema_inference::admit(
			profile.into(),
			&model.id.0,
			model.size,
			&model.chunk_prefix,
			&mut report,
		);
		decode_prefix(&report, written)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn forget() {
		crate::interface::noema_inference_benchmarking::clear();
	}
}

impl ModelExecutor for NativeEngine {
	fn infer(
		model: &ModelLocation,
		report: &ModelReport,
		inputs: &[NamedTensor],
	) -> Result<Vec<NamedTensor>, InferError> {
		let len = encoded_len(&report.outputs)
			.and_then(|len| usize::try_from(len).ok())
			.ok_or(InferError::SchemaMismatch)?;
		let mut outputs = vec![0; len];
		let written = noema_inference::infer(
			report.profile.into(),
			&model.id.0,
			model.size,
			&model.chunk_prefix,
			&inputs.encode(),
			&mut outputs,
		);
		decode_prefix(&outputs, written)
	}
}

impl Referee for NativeEngine {
	fn run_step(
		profile: u16,
		step: &StepSpec,
		tensors: &[(TensorDigest, TensorSource)],
	) -> Result<Leaf, RefereeError> {
		let mut leaf = vec![0; Leaf::max_encoded_len()];
		let written =
			noema_inference::run_step(profile.into(), &step.encode(), &tensors.encode(), &mut leaf);
		if let Some(place) = wrong_place(written) {
			return Err(RefereeError::WrongTensor(place));
		}
		if let Some(status) = Status::from_raw(written) {
			return Err(status.into());
		}
		prefix(&leaf, written).ok_or(RefereeError::BadStep)
	}
}

/// Decodes the first `written` bytes of an out-buffer, or says why there are none.
fn decode_prefix<T: DecodeAll>(buffer: &[u8], written: i64) -> Result<T, InferError> {
	if let Some(status) = Status::from_raw(written) {
		return Err(status.into());
	}
	prefix(buffer, written).ok_or(InferError::SchemaMismatch)
}

fn prefix<T: DecodeAll>(buffer: &[u8], written: i64) -> Option<T> {
	let mut bytes = buffer.get(..usize::try_from(written).ok()?)?;
	T::decode_all(&mut bytes).ok()
}
