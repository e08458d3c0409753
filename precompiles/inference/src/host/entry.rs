//! The bodies of the host functions.

use std::{
	cell::{Cell, RefCell},
	time::Instant,
};

use codec::{DecodeAll, Encode};
use noema_engine::{Engine, Profile1};
use noema_primitives::{ModelId, ModelLocation, NamedTensor};
use sp_externalities::Externalities;

use super::{
	cache::{plan_cache, read_file, Entry},
	call_kind::{guarded, Failure, Subject},
	convert,
	observe::{notify, Ran, Work},
};
use crate::Status;

/// See [`noema_inference::admit`](crate::interface::noema_inference::admit).
pub(crate) fn admit(
	ext: &mut dyn Externalities,
	profile: u32,
	model: &[u8; 32],
	size: u32,
	chunk_prefix: &[u8],
	report: &mut [u8],
) -> i64 {
	let location = location(model, size, chunk_prefix);
	let result = guarded(Subject::Model(location.id), || {
		let profile = known(profile)?;
		let ext = RefCell::new(ext);
		let verdict = plan_cache().verdict(location.id, profile, || read(&ext, &location))?;
		Ok(write(&verdict.encode(), report)?)
	});
	notify(Work::Admission, &result, None);
	finish(result)
}

/// See [`noema_inference::infer`](crate::interface::noema_inference::infer).
pub(crate) fn infer(
	ext: &mut dyn Externalities,
	profile: u32,
	model: &[u8; 32],
	size: u32,
	chunk_prefix: &[u8],
	inputs: &[u8],
	outputs: &mut [u8],
) -> i64 {
	let location = location(model, size, chunk_prefix);
	let ran = Cell::new(None);
	let result = guarded(Subject::Model(location.id), || {
		let inputs =
			Vec::<NamedTensor>::decode_all(&mut &inputs[..]).map_err(|_| Status::SchemaMismatch)?;
		let profile = known(profile)?;
		let ext = RefCell::new(ext);
		let entry = plan_cache().entry(location.id, profile, || read(&ext, &location))?;
		let Entry::Ready { plan, .. } = &*entry else {
			return Err(Status::ModelRefused.into());
		};
		let inputs =
			convert::inputs(&plan.report().inputs, inputs).ok_or(Status::SchemaMismatch)?;
		let started = Instant::now();
		let answer = Profile1.run(plan, &inputs);
		ran.set(Some(Ran {
			took: started.elapsed(),
			cost: convert::cost(plan.report().cost),
		}));
		let answer = answer.map_err(convert::run_failure)?;
		let answer = convert::outputs(&plan.report().outputs, answer)
			.ok_or_else(|| Failure::Internal("outputs beyond the interface's bounds".into()))?;
		Ok(write(&answer.encode(), outputs)?)
	});
	notify(Work::Inference, &result, ran.get());
	finish(result)
}

fn location(model: &[u8; 32], size: u32, chunk_prefix: &[u8]) -> ModelLocation {
	ModelLocation {
		id: ModelId(*model),
		size,
		chunk_prefix: chunk_prefix.to_vec(),
	}
}

pub(super) fn known(profile: u32) -> Result<u16, Status> {
	u16::try_from(profile).map_err(|_| Status::UnknownProfile)
}

/// Reads the file from the state that the call is made on.
fn read(
	ext: &RefCell<&mut dyn Externalities>,
	location: &ModelLocation,
) -> Result<Vec<u8>, Status> {
	read_file(location, |key| ext.borrow_mut().storage(key))
}

pub(super) fn write(bytes: &[u8], buffer: &mut [u8]) -> Result<usize, Status> {
	buffer
		.get_mut(..bytes.len())
		.ok_or(Status::BufferTooSmall)?
		.copy_from_slice(bytes);
	Ok(bytes.len())
}

fn finish(result: Result<usize, Status>) -> i64 {
	// A buffer in guest memory is far shorter than 2^63 bytes.
	result.map_or_else(|status| status as i64, |written| written as i64)
}
