//! Traces: what each canonical step of a run makes, hashed, and how one step is run alone.
//!
//! ```text
//!   file --import, canonical--> steps --describe--> StepSpec of each      what admission commits to
//!                                 |
//!                                 +---- trace ----> Leaf of each          what a host commits to
//!                                 |
//!                                 +-- materials --> a step's tensors
//!                                                        |
//!   StepSpec + tensors ----------- run_step -------------+--> Leaf        what the referee finds
//! ```
//!
//! Leaf 0 is the inputs of the run, leaf i what canonical step i - 1 makes, the last leaf the
//! outputs. `docs/numerics.md` says what all of them hold, and in which order the steps are.
//!
//! The referee has no plan and no model: it builds the step's kernel from its description by the
//! same table as the importer. So a description holds what a build function sees of a node: also
//! constants that the kernel absorbs, and type and shape of what it never reads.
//!
//! Trace and referee compute with the kernels of the canonical steps, as they stand before the
//! passes that change no bit; a plan that runs has none of this, and keeps nothing for it.

mod attributes;
mod describe;
pub(crate) mod origin;
mod referee;
mod run;
mod spec;
#[cfg(test)]
mod tests;

use crate::{
	engine::{canonical_steps, tvalues, value},
	error::{ModelError, RunError},
	import::Graph,
	TensorSchema, Value,
};

pub(crate) use describe::describe;
pub use describe::{Description, Undescribed};
pub use referee::{run_step, StepError};
pub use spec::{Failure, Leaf, Operand, StepSpec, TensorDigest, CHANNEL_AFFINE, INPUTS, OUTPUTS};

/// The canonical steps of a model, to be described, traced and taken apart.
///
/// It takes more memory than a plan, and longer to run.
#[derive(Debug)]
pub struct Canonical {
	graph: Graph,
}

/// What a run leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
	/// The leaves, in order: as many for each run of a model.
	pub leaves: Vec<Leaf>,
	/// What the run returns: the outputs in the order of the schema, or a deterministic failure.
	pub outputs: Result<Vec<Value>, RunError>,
}

/// What is needed to judge one leaf of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Materials {
	/// The description of the step that makes the leaf.
	pub step: StepSpec,
	/// The tensors whose elements go into it, in the order of its operands, with canonical NaNs. None
	/// if a step before has failed: then the leaf holds that failure, and nobody runs a step.
	pub tensors: Vec<Value>,
	/// The leaves before it.
	pub leaves: Vec<Leaf>,
}

/// Why there is nothing to judge a leaf by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MaterialsError {
	/// The run could not begin, or met an internal fault.
	#[error(transparent)]
	Run(#[from] RunError),
	/// The steps have no description.
	#[error(transparent)]
	Undescribed(#[from] Undescribed),
	/// There is no such leaf, or it is leaf 0, which no step makes.
	#[error("no step makes leaf {index}: there are {leaves} leaves")]
	NoStep {
		/// The leaf that was asked for.
		index: usize,
		/// Leaves of the model.
		leaves: usize,
	},
}

impl Canonical {
	/// The canonical steps of a file.
	///
	/// # Panics
	///
	/// As [`Engine::build`](crate::Engine::build).
	pub fn build(file: &[u8]) -> Result<Self, ModelError> {
		Ok(Self {
			graph: canonical_steps(file)?,
		})
	}

	/// What a run must bring, in the graph's order.
	pub fn inputs(&self) -> &[TensorSchema] {
		&self.graph.inputs
	}

	/// What a run returns, in the graph's order.
	pub fn outputs(&self) -> impl Iterator<Item = &TensorSchema> {
		self.graph.outputs.iter().map(|(schema, _)| schema)
	}

	/// How many leaves a trace has.
	pub fn leaves(&self) -> usize {
		self.graph.steps.len() + 2
	}

	/// Describes each leaf: what a referee needs to find it again.
	pub fn describe(&self) -> Result<Description, Undescribed> {
		describe(&self.graph)
	}

	/// Runs the steps one by one and hashes what they make.
	///
	/// # Errors
	///
	/// What keeps a run from beginning ([`RunError::SchemaMismatch`], or a bool that is neither 0 nor
	/// 1), and [`RunError::Internal`]. The deterministic failure of a step is a trace.
	pub fn trace(&self, inputs: &[Value]) -> Result<Trace, RunError> {
		let graph = &self.graph;
		let inputs = tvalues(inputs, &graph.inputs)?;
		let mut leaves = vec![run::leaf(inputs.iter().map(|input| &**input))?];
		let sources: Vec<_> = graph.outputs.iter().map(|(_, source)| source).collect();
		let ran = run::run(graph, inputs, graph.steps.len(), &sources, &mut |outputs| {
			leaves.push(run::leaf(outputs.iter())?);
			Ok(())
		});
		let values = match ran {
			Ok(values) => values,
			Err(run::Stopped::Internal(error)) => return Err(error),
			Err(run::Stopped::Failed(failure, error)) => {
				leaves.resize(self.leaves(), Leaf::Failed(failure));
				return Ok(Trace {
					leaves,
					outputs: Err(error),
				});
			}
		};
		let outputs = sources
			.iter()
			.map(|source| values.get(source))
			.collect::<Result<Vec<_>, _>>()?;
		leaves.push(run::leaf(outputs.iter().map(|output| &**output))?);
		let outputs = outputs
			.iter()
			.zip(&graph.outputs)
			.map(|(output, (schema, _))| value(output, schema))
			.collect::<Result<Vec<_>, _>>()?;
		Ok(Trace {
			leaves,
			outputs: Ok(outputs),
		})
	}

	/// Runs the steps before the one that makes leaf `index`, and hands out what goes into that.
	pub fn materials(&self, inputs: &[Value], index: usize) -> Result<Materials, MaterialsError> {
		let graph = &self.graph;
		let Some(before) = index
			.checked_sub(1)
			.filter(|before| *before <= graph.steps.len())
		else {
			return Err(MaterialsError::NoStep {
				index,
				leaves: self.leaves(),
			});
		};
		let mut description = self.describe()?;
		let inputs = tvalues(inputs, &graph.inputs)?;
		let mut leaves = vec![run::leaf(inputs.iter().map(|input| &**input))?];
		let operands = describe::operands(graph, before);
		let sources: Vec<_> = operands.iter().collect();
		let ran = run::run(graph, inputs, before, &sources, &mut |outputs| {
			leaves.push(run::leaf(outputs.iter())?);
			Ok(())
		});
		let tensors = match ran {
			Ok(values) => sources
				.iter()
				.map(|source| run::plain(&*values.get(source)?))
				.collect::<Result<_, RunError>>()?,
			Err(run::Stopped::Internal(error)) => return Err(error.into()),
			Err(run::Stopped::Failed(failure, _)) => {
				leaves.resize(index, Leaf::Failed(failure));
				vec![]
			}
		};
		Ok(Materials {
			step: description.steps.swap_remove(index),
			tensors,
			leaves,
		})
	}
}

/// Runs a file on inputs and hashes what its canonical steps make; see [`Canonical::trace`].
pub fn trace(file: &[u8], inputs: &[Value]) -> Result<Result<Trace, RunError>, ModelError> {
	Ok(Canonical::build(file)?.trace(inputs))
}
