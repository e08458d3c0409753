//! Checks traces of cases: they give what runs give, and each step alone gives its leaf.

use super::graph::{hash, Case};
use crate::{
	trace::{run_step, Canonical, Leaf, StepError, Trace, Undescribed},
	Engine, ModelError, Profile1, RunError,
};

/// What is wrong with the trace of a case, or why it has none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
	/// The case is no model.
	#[error(transparent)]
	Refused(#[from] ModelError),
	/// The run cannot begin, or met an internal fault.
	#[error("no trace: {0}")]
	NotRun(RunError),
	/// The model is not for referees.
	#[error(transparent)]
	Undescribed(#[from] Undescribed),
	/// A trace and a run give different results.
	#[error("a run gives {expected}, its trace {found}")]
	Outputs {
		/// The hash of what the run gives.
		expected: blake3::Hash,
		/// The hash of what the trace gives.
		found: blake3::Hash,
	},
	/// There is nothing to judge a leaf by.
	#[error("leaf {index}: {reason}")]
	Materials {
		/// The leaf.
		index: usize,
		/// Why.
		reason: String,
	},
	/// A step cannot be run alone.
	#[error("step {index} alone: {error}")]
	Step {
		/// The leaf that it makes.
		index: usize,
		/// Why.
		error: StepError,
	},
	/// A step alone gives another leaf than in its run.
	#[error("step {index} gives {expected:?} in a run, {found:?} alone")]
	Leaf {
		/// The leaf that it makes.
		index: usize,
		/// What is in the trace.
		expected: Box<Leaf>,
		/// What the step gives alone.
		found: Box<Leaf>,
	},
}

/// Traces a case, compares it with a run, runs each step again alone, and compares that with its
/// leaf. Takes time quadratic in the number of steps.
pub fn check(case: &Case) -> Result<Trace, Fault> {
	let (plan, description) = Profile1.build_described(&case.file)?;
	let canonical = Canonical::build(&case.file)?;
	let trace = canonical.trace(&case.inputs).map_err(Fault::NotRun)?;
	let outcome = Profile1.run(&plan, &case.inputs);
	let (expected, found) = (hash(&outcome), hash(&trace.outputs));
	if expected != found {
		return Err(Fault::Outputs { expected, found });
	}
	let description = description?;
	let materials_fault = |index, reason: &str| Fault::Materials {
		index,
		reason: reason.into(),
	};
	if description.steps.len() != trace.leaves.len() {
		return Err(materials_fault(
			0,
			"descriptions and leaves differ in number",
		));
	}
	for index in 1..trace.leaves.len() {
		let materials = match canonical.materials(&case.inputs, index) {
			Ok(materials) => materials,
			Err(error) => return Err(materials_fault(index, &error.to_string())),
		};
		if materials.step != description.steps[index] {
			return Err(materials_fault(index, "another description"));
		}
		if materials.leaves != trace.leaves[..index] {
			return Err(materials_fault(index, "other leaves"));
		}
		if let Leaf::Failed(_) = trace.leaves[index - 1] {
			// There is no step to run after one that failed.
			continue;
		}
		let tensors: Vec<&[u8]> = materials.tensors.iter().map(|t| &t.data[..]).collect();
		let found = run_step(&materials.step, &tensors);
		let found = found.map_err(|error| Fault::Step { index, error })?;
		if found != trace.leaves[index] {
			return Err(Fault::Leaf {
				index,
				expected: Box::new(trace.leaves[index].clone()),
				found: Box::new(found),
			});
		}
	}
	Ok(trace)
}
