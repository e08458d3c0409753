//! What a host needs to answer jobs, and whoever judges a dispute needs to open it.
//!
//! Native calls, for a node's background work: they read no state, and never panic.

use std::panic::{catch_unwind, AssertUnwindSafe};

use noema_engine::{
	trace::{Canonical, MaterialsError, Undescribed},
	ModelError, RunError,
};
use noema_primitives::{
	trace::{prove, step_hash, Failure, Proof},
	Leaf, NamedTensor, StepSpec, TensorDigest, PROFILE_1,
};
use thiserror::Error;

use super::{call_kind::panic_message, convert, steps};

/// A run, traced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
	/// The leaves, in order.
	pub leaves: Vec<Leaf>,
	/// The outputs in the order of the schema, or the failure of the run.
	pub outputs: Result<Vec<NamedTensor>, Failure>,
}

/// What the referee must be given to find a leaf again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Materials {
	/// The description of the step that makes the leaf.
	pub step: StepSpec,
	/// The proof of it under the plan's root.
	pub plan_proof: Proof,
	/// The contents of the leaves before it, in order: those that operands name are among them.
	pub leaves: Vec<Leaf>,
	/// The tensors whose elements go into the step, in the order of its operands. For the outputs of
	/// the run the referee needs the digests only. None if a step before has failed: then the leaf
	/// holds that failure, and nobody runs a step.
	pub tensors: Vec<(TensorDigest, Vec<u8>)>,
}

/// Why there is no trace, or nothing to judge by.
#[derive(Debug, Error)]
pub enum TraceError {
	/// The bytes are no model.
	#[error(transparent)]
	Model(#[from] ModelError),
	/// The profile is not one of this node's.
	#[error("this node does not know numerics profile {0}")]
	UnknownProfile(u16),
	/// The names of the inputs are not those of the schema, in its order.
	#[error("the inputs are not those of the model, in its order")]
	Inputs,
	/// The run cannot begin on these inputs, or met an internal fault.
	#[error(transparent)]
	Run(#[from] RunError),
	/// The model cannot be refereed, and so is not for jobs.
	#[error("the model is not for jobs: {0}")]
	Undescribed(#[from] Undescribed),
	/// There is no such leaf, or it is the inputs.
	#[error("no step makes leaf {0}")]
	NoStep(u32),
	/// What came out is beyond the chain's bounds.
	#[error("outputs beyond the chain's bounds")]
	Bounds,
	/// The engine panicked.
	#[error("internal fault: {0}")]
	Fault(String),
}

/// Runs a model on inputs and keeps what its steps make, hashed. Slower than a run.
pub fn trace(file: &[u8], profile: u16, inputs: Vec<NamedTensor>) -> Result<Traced, TraceError> {
	caught(|| {
		let (canonical, inputs) = prepare(file, profile, inputs)?;
		let trace = canonical.trace(&inputs)?;
		let leaves = trace.leaves.iter().map(steps::leaf);
		let leaves = leaves
			.collect::<Option<Vec<_>>>()
			.ok_or(TraceError::Bounds)?;
		let outputs = match (trace.outputs, leaves.last()) {
			(Ok(outputs), _) => {
				let outputs = convert::outputs(canonical.outputs(), outputs);
				Ok(outputs.ok_or(TraceError::Bounds)?)
			}
			(Err(_), Some(Leaf::Failed(failure))) => Err(*failure),
			(Err(error), _) => return Err(error.into()),
		};
		Ok(Traced { leaves, outputs })
	})
}

/// Runs a model up to the step that makes leaf `index`, and gives what the referee needs to run that
/// step.
pub fn materials(
	file: &[u8],
	profile: u16,
	inputs: Vec<NamedTensor>,
	index: u32,
) -> Result<Materials, TraceError> {
	caught(|| {
		let (canonical, inputs) = prepare(file, profile, inputs)?;
		let description = canonical.describe()?;
		let hashes = (0..)
			.zip(&description.steps)
			.map(|(index, step)| Some(step_hash(index, &steps::spec(step)?)))
			.collect::<Option<Vec<_>>>()
			.ok_or(TraceError::Bounds)?;
		let plan_proof = prove(&hashes, index).ok_or(TraceError::NoStep(index))?;
		let found = canonical.materials(&inputs, index as usize);
		let found = found.map_err(|error| match error {
			MaterialsError::Run(error) => TraceError::Run(error),
			MaterialsError::Undescribed(error) => TraceError::Undescribed(error),
			MaterialsError::NoStep { .. } => TraceError::NoStep(index),
		})?;
		let tensors = found.tensors.into_iter().map(|value| {
			let digest = TensorDigest {
				dtype: convert::dtype(value.dtype),
				shape: convert::shape(&value.shape)?.try_into().ok()?,
				hash: noema_primitives::trace::data_hash(&value.data),
			};
			Some((digest, value.data))
		});
		let tensors = tensors.collect::<Option<_>>().ok_or(TraceError::Bounds)?;
		let leaves = found.leaves.iter().map(steps::leaf);
		Ok(Materials {
			step: steps::spec(&found.step).ok_or(TraceError::Bounds)?,
			plan_proof,
			leaves: leaves.collect::<Option<_>>().ok_or(TraceError::Bounds)?,
			tensors,
		})
	})
}

fn prepare(
	file: &[u8],
	profile: u16,
	inputs: Vec<NamedTensor>,
) -> Result<(Canonical, Vec<noema_engine::Value>), TraceError> {
	if profile != PROFILE_1 {
		return Err(TraceError::UnknownProfile(profile));
	}
	let canonical = Canonical::build(file)?;
	let inputs = convert::inputs(canonical.inputs(), inputs).ok_or(TraceError::Inputs)?;
	Ok((canonical, inputs))
}

/// Makes an error of a panic.
fn caught<R>(body: impl FnOnce() -> Result<R, TraceError>) -> Result<R, TraceError> {
	// Substrate's panic hook would end the process.
	let _unwind = sp_panic_handler::AbortGuard::force_unwind();
	catch_unwind(AssertUnwindSafe(body))
		.unwrap_or_else(|panic| Err(TraceError::Fault(panic_message(&*panic))))
}
