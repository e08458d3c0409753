//! Concatenations along the channels without copies.
//!
//! Where only normalisations and further concatenations read one, they read its pieces instead:
//! dense blocks would else copy all that is there again and again. In the others, convolutions that
//! nothing else reads write to their place at once.

use std::sync::Arc;

use super::{downcast, Users, GRAPH_OUTPUT};
use crate::{
	import::{drop_dead, Graph, Source},
	limits::MAX_EDGES,
	ops::{
		batch_normalization::ChannelAffine,
		concat::Concat,
		conv_channels_last::ConvChannelsLast,
		joined::{Joined, Part},
	},
};

/// Convolutions write into the concatenations that they are for.
pub(super) fn join(mut graph: Graph) -> Graph {
	let users = Users::of(&graph);
	for index in 0..graph.steps.len() {
		let step = &graph.steps[index];
		if !is_last_concat(&graph, index) {
			continue;
		}
		let convolution = |source: &Source| {
			let Source::Step { step, slot: 0 } = source else {
				return None;
			};
			let made = &graph.steps[*step];
			let conv = downcast::<ConvChannelsLast>(&*made.kernel)?;
			(users.sole(*step) == Some(index) && conv.is_unary()).then_some((made, conv))
		};
		let (mut parts, mut inputs, mut facts) = (vec![], vec![], vec![]);
		for (source, fact) in step.inputs.iter().zip(&step.input_facts) {
			match convolution(source) {
				Some((made, conv)) => {
					parts.push(Part::Convolved(Arc::new(conv.clone())));
					inputs.push(made.inputs[0].clone());
					facts.push(made.input_facts[0].clone());
				}
				None => {
					parts.push(Part::Copied);
					inputs.push(source.clone());
					facts.push(fact.clone());
				}
			}
		}
		if parts.iter().all(|part| matches!(part, Part::Copied)) {
			continue;
		}
		let step = &mut graph.steps[index];
		step.kernel = Arc::new(Joined::new(parts));
		step.inputs = inputs;
		step.input_facts = facts;
	}
	drop_dead(graph)
}

/// Readers of concatenations read their pieces, where all of them can.
pub(super) fn spread(mut graph: Graph) -> Graph {
	let users = Users::of(&graph);
	let mut edges: usize = graph.steps.iter().map(|step| step.inputs.len()).sum();
	for index in 0..graph.steps.len() {
		let step = &graph.steps[index];
		let may_read_pieces = is_last_concat(&graph, index)
			|| downcast::<ChannelAffine>(&*step.kernel).is_some_and(ChannelAffine::takes_pieces);
		if !may_read_pieces {
			continue;
		}
		let (mut inputs, mut facts) = (vec![], vec![]);
		for (source, fact) in step.inputs.iter().zip(&step.input_facts) {
			let pieces = match source {
				Source::Step { step, .. } if is_dispensable(&graph, &users, *step) => {
					Some(&graph.steps[*step])
				}
				_ => None,
			};
			match pieces {
				Some(pieces) => {
					inputs.extend(pieces.inputs.iter().cloned());
					facts.extend(pieces.input_facts.iter().cloned());
				}
				None => {
					inputs.push(source.clone());
					facts.push(fact.clone());
				}
			}
		}
		edges += inputs.len() - step.inputs.len();
		if edges > MAX_EDGES {
			// Dense blocks do not grow like this; what is left is right as it is.
			break;
		}
		let step = &mut graph.steps[index];
		step.inputs = inputs;
		step.input_facts = facts;
	}
	drop_dead(graph)
}

fn is_last_concat(graph: &Graph, index: usize) -> bool {
	downcast::<Concat>(&*graph.steps[index].kernel).is_some_and(Concat::is_along_last)
}

/// Whether a step is a concatenation along the channels that nothing needs in one piece.
fn is_dispensable(graph: &Graph, users: &Users, index: usize) -> bool {
	is_last_concat(graph, index)
		&& users.steps.get(&index).is_some_and(|users| {
			users.iter().all(|user| {
				*user != GRAPH_OUTPUT && {
					let kernel = &*graph.steps[*user].kernel;
					is_last_concat(graph, *user)
						|| downcast::<ChannelAffine>(kernel)
							.is_some_and(ChannelAffine::takes_pieces)
				}
			})
		})
}
