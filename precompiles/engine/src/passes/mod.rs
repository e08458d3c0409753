//! Work on the graph between import and plan.
//!
//! ```text
//!   fold_affine      normalisation and scaling by channel into convolutions    part of the profile
//!   channel_shuffle  Reshape, Transpose, Reshape that shuffle channels: one step     ) equal to the
//!   channels_last    one layout for activations; weights packed                      ) steps before
//!   fuse             bias, sum and activation in the store of the kernel before      ) to the bit
//!   concat           pieces read where they are, or written where they go            )
//! ```
//!
//! The steps after the first pass are the canonical ones of the profile. All passes are
//! deterministic, and know nothing of the machine: they decide by the graph alone.

mod channel_shuffle;
mod channels_last;
mod concat;
mod fold_affine;
mod fuse;

use std::{any::Any, collections::HashMap};

use crate::{
	error::ModelError,
	import::{Graph, Source},
	kernel::Kernel,
};

/// The canonical steps of a model: what the profile fixes, and what a trace is made of.
pub fn canonical(graph: Graph) -> Result<Graph, ModelError> {
	fold_affine::fold(graph)
}

/// The steps that a plan runs, from the canonical ones. They do not say what they are made from.
pub fn optimise(mut graph: Graph) -> Result<Graph, ModelError> {
	for step in &mut graph.steps {
		step.origin = None;
	}
	let graph = channel_shuffle::join(graph)?;
	let graph = fuse::fuse(channels_last::arrange(graph)?);
	Ok(concat::join(concat::spread(graph)))
}

/// The axes of an activation of this rank in the order of the layout with channels last, if it has
/// batch, channels, and one to three spatial axes.
pub(crate) fn channels_last_axes(rank: usize) -> Option<Vec<usize>> {
	(3..=5)
		.contains(&rank)
		.then(|| [0].into_iter().chain(2..rank).chain([1]).collect())
}

/// The axes with channels last in the order of the given layout: the inverse.
fn channels_first_axes(rank: usize) -> Vec<usize> {
	[0, rank - 1].into_iter().chain(1..rank - 1).collect()
}

#[cfg(test)]
pub(crate) use channels_last::arranged;

/// A kernel as what it is, if it is that.
fn downcast<K: Kernel>(kernel: &dyn Kernel) -> Option<&K> {
	(kernel as &dyn Any).downcast_ref()
}

/// Who reads the outputs of steps.
struct Users {
	/// The readers of each step's outputs; one that reads twice is there twice.
	steps: HashMap<usize, Vec<usize>>,
}

/// Stands for a graph output among the readers.
const GRAPH_OUTPUT: usize = usize::MAX;

impl Users {
	fn of(graph: &Graph) -> Self {
		let mut steps: HashMap<usize, Vec<usize>> = HashMap::new();
		for (index, step) in graph.steps.iter().enumerate() {
			for source in &step.inputs {
				if let Source::Step { step, .. } = source {
					steps.entry(*step).or_default().push(index);
				}
			}
		}
		for (_, source) in &graph.outputs {
			if let Source::Step { step, .. } = source {
				steps.entry(*step).or_default().push(GRAPH_OUTPUT);
			}
		}
		Self { steps }
	}

	/// The one step that reads what this step makes, if there is just one reader, which is no graph
	/// output.
	fn sole(&self, step: usize) -> Option<usize> {
		match self.steps.get(&step)?.as_slice() {
			[one] if *one != GRAPH_OUTPUT => Some(*one),
			_ => None,
		}
	}
}

#[cfg(test)]
mod tests;
