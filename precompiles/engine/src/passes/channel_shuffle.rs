//! Makes one step of a channel shuffle, which ONNX spells as Reshape to groups, Transpose of groups
//! and channels, Reshape back.

use std::sync::Arc;

use super::Users;
use crate::{
	error::ModelError,
	import::{drop_dead, Graph, Source},
	ops::{channel_shuffle::ChannelShuffle, shaped::is_permutation},
};

pub(super) fn join(mut graph: Graph) -> Result<Graph, ModelError> {
	let users = Users::of(&graph);
	for first in 0..graph.steps.len() {
		let Some((last, groups)) = shuffle_from(&graph, &users, first) else {
			continue;
		};
		let (inputs, input_facts) = (
			graph.steps[first].inputs.clone(),
			graph.steps[first].input_facts.clone(),
		);
		let step = &mut graph.steps[last];
		step.kernel = Arc::new(ChannelShuffle::new(groups));
		step.inputs = inputs;
		step.input_facts = input_facts;
	}
	Ok(drop_dead(graph))
}

/// The last step of a shuffle that begins with this one, and its groups.
fn shuffle_from(graph: &Graph, users: &Users, first: usize) -> Option<(usize, usize)> {
	let step = |index: usize, name: &str| {
		Some(&graph.steps[index]).filter(|step| step.kernel.name() == name)
	};
	let split = step(first, "Reshape")?;
	if !matches!(split.inputs[..], [Source::Input(_) | Source::Step { .. }]) {
		return None;
	}
	let second = users.sole(first)?;
	let swap = step(second, "Transpose")?;
	let third = users.sole(second)?;
	let merge = step(third, "Reshape")?;
	let (whole, parts) = (split.input_facts[0].shape(), split.output_facts[0].shape());
	let ([n, c, space @ ..], [m, groups, each, rest @ ..]) = (whole, parts) else {
		return None;
	};
	// The number of channels is what the groups multiply to, for the sizes are equal.
	let splits = n == m && space == rest && !space.is_empty() && groups * each == *c;
	let mut axes: Vec<usize> = (0..parts.len()).collect();
	axes.swap(1, 2);
	let is_shuffle = splits
		&& merge.output_facts[0].shape() == whole
		&& is_permutation(&*swap.kernel, parts, &axes);
	is_shuffle.then_some((third, *groups))
}
