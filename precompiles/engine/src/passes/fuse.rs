//! Lets a kernel do, as it stores its output, what the next step would do to it: add a bias or
//! another tensor, apply an activation.
//!
//! The arithmetic and its order stay those of the steps; only the way through memory goes.

use super::Users;
use crate::{
	import::{drop_dead, Graph, Source},
	kernel::FollowUp,
};

pub(super) fn fuse(mut graph: Graph) -> Graph {
	let users = Users::of(&graph);
	for index in 0..graph.steps.len() {
		let step = &graph.steps[index];
		let Some(next) = step.kernel.follow_up(&step.input_facts) else {
			continue;
		};
		// The later of two makers runs last in any case, so that the other summand is there.
		let mut makers: Vec<(usize, usize)> = step
			.inputs
			.iter()
			.enumerate()
			.filter_map(|(input, source)| match source {
				Source::Step { step, slot: 0 } => Some((*step, input)),
				_ => None,
			})
			.filter(|(maker, _)| users.sole(*maker) == Some(index))
			.collect();
		makers.sort_unstable_by(|a, b| b.cmp(a));
		let fused = makers.into_iter().find_map(|(maker, input)| {
			let made = &graph.steps[maker];
			let is_only = made.output_facts.len() == 1;
			let kernel = made.kernel.followed_by(&next).filter(|_| is_only)?;
			Some((maker, input, kernel))
		});
		let Some((maker, input, kernel)) = fused else {
			continue;
		};
		let (label, mut inputs, mut facts) = {
			let made = &graph.steps[maker];
			(
				made.label.clone(),
				made.inputs.clone(),
				made.input_facts.clone(),
			)
		};
		let step = &mut graph.steps[index];
		if matches!(next, FollowUp::Add) {
			inputs.push(step.inputs[1 - input].clone());
			facts.push(step.input_facts[1 - input].clone());
		}
		step.label = label;
		step.kernel = kernel;
		step.inputs = inputs;
		step.input_facts = facts;
	}
	drop_dead(graph)
}
