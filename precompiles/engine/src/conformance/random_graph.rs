//! Random graphs of operators of the catalog, for comparing instruction sets.

use super::{
	catalog::{entries, Available, Draw, Entry},
	graph::{hash, Case, GraphBuilder},
	random::{Elements, Random},
};
use crate::{
	simd::{with_isa, Isa, IsaError},
	DType, Engine, Profile1,
};

/// Most nodes of a graph.
const MAX_NODES: usize = 8;
/// Plans that cost more are made no larger.
const MAX_WORK: u64 = 1 << 26;
/// The same where axes may be long: a sum of 150,000 products has nothing to hide its latency behind.
const MAX_LONG_WORK: u64 = 1 << 28;

/// A graph of up to eight nodes, all of which the engine takes. The same for the same seed.
pub fn random_graph(seed: u64) -> Case {
	let mut random = Random::named("random graph", seed);
	let catalog: Vec<&Entry> = entries().collect();
	let opset = *random.pick(&[1, 2, 4, 5, 6, 7, 8, 9, 11, 13, 17, 19, 21, 24, 28]);
	let elements = *random.pick(&[Elements::Plain, Elements::Plain, Elements::Special]);
	// Networks are mostly of binary32.
	let dtype = if random.one_in(3) {
		*random.pick(&DType::ALL)
	} else {
		DType::F32
	};
	let mut graph = Growing {
		builder: GraphBuilder::new(),
		opset,
		long: random.one_in(12),
		values: vec![],
	};
	let nodes = random.between(1, MAX_NODES);
	// Much of what is drawn fits no operator, or is refused.
	for _ in 0..8 * MAX_NODES {
		if graph.values.len() >= nodes {
			break;
		}
		let entry = *random.pick(&catalog);
		let chained = !graph.values.is_empty() && !random.one_in(4);
		let main = if chained {
			// Long chains rather than wide bushes.
			let last = graph.values.len() - 1;
			let at = if random.one_in(3) {
				random.below(last + 1)
			} else {
				last
			};
			Some(graph.values[at].clone())
		} else {
			None
		};
		graph.grow(entry, main, dtype, elements, &mut random);
	}
	graph.case(&mut random)
}

struct Growing {
	builder: GraphBuilder,
	opset: i64,
	/// Whether axes may be long.
	long: bool,
	/// What the nodes make.
	values: Vec<Available>,
}

impl Growing {
	fn most_work(&self) -> u64 {
		if self.long {
			MAX_LONG_WORK
		} else {
			MAX_WORK
		}
	}

	/// Adds a node, if the engine takes it.
	fn grow(
		&mut self,
		entry: &Entry,
		main: Option<Available>,
		dtype: DType,
		elements: Elements,
		random: &mut Random,
	) {
		let mut draw = Draw {
			op: entry.op,
			opset: self.opset,
			dtype: main.as_ref().map_or(dtype, |main| main.dtype),
			elements,
			long: self.long,
			main: main.as_ref().map(|main| main.shape.clone()),
			pool: &self.values,
			random,
		};
		let Some(drawn) = entry.draw(&mut draw) else {
			return;
		};
		let before = self.builder.clone();
		let name = match (&main, &drawn.main) {
			(Some(main), _) => main.name.clone(),
			(None, Some(shape)) => {
				let value = random.value(dtype, shape, elements);
				self.builder.input(value)
			}
			(None, None) => String::new(),
		};
		let outputs = drawn.add_to(&mut self.builder, &name);
		let mut names: Vec<String> = self.values.iter().map(|value| value.name.clone()).collect();
		names.extend(outputs.iter().cloned());
		match Profile1.build(&self.builder.case(self.opset, &names).file) {
			Ok(plan) if plan.report().cost.work() < self.most_work() => {
				let schemas = &plan.report().outputs[self.values.len()..];
				self.values.extend(schemas.iter().map(|schema| Available {
					name: schema.name.clone(),
					dtype: schema.dtype,
					shape: schema.shape.clone(),
				}));
			}
			_ => self.builder = before,
		}
	}

	/// The graph, with the last value and some others as outputs.
	fn case(&self, random: &mut Random) -> Case {
		let Some((last, others)) = self.values.split_last() else {
			return self.builder.case(self.opset, &[]);
		};
		let mut outputs: Vec<String> = others
			.iter()
			.filter(|_| random.one_in(5))
			.map(|value| value.name.clone())
			.collect();
		outputs.push(last.name.clone());
		self.builder.case(self.opset, &outputs)
	}
}

/// Instruction sets that disagree about a case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disagreement {
	/// Other bits, or another failure.
	#[error("{isa} gives {found}, {reference} gives {expected}")]
	Bits {
		/// The instruction set.
		isa: Isa,
		/// Its hash.
		found: blake3::Hash,
		/// The one that it is compared with.
		reference: Isa,
		/// Its hash.
		expected: blake3::Hash,
	},
	/// The engine refuses what it has built before.
	#[error("{isa} refuses the model: {reason}")]
	Refused {
		/// The instruction set.
		isa: Isa,
		/// Why.
		reason: String,
	},
	/// The machine does not have it.
	#[error(transparent)]
	Isa(#[from] IsaError),
}

/// Builds and runs a case on the scalar path and on all others of this machine, which must agree.
/// Returns the hash.
pub fn compare_isas(case: &Case) -> Result<blake3::Hash, Disagreement> {
	let on = |isa: Isa| match with_isa(isa, || case.run())? {
		Ok(outcome) => Ok(hash(&outcome)),
		Err(error) => Err(Disagreement::Refused {
			isa,
			reason: error.to_string(),
		}),
	};
	let reference = Isa::Scalar;
	let expected = on(reference)?;
	for isa in Isa::available() {
		let found = on(isa)?;
		if found != expected {
			return Err(Disagreement::Bits {
				isa,
				found,
				reference,
				expected,
			});
		}
	}
	Ok(expected)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn graphs_are_accepted_and_repeat() {
		let (mut nodes, mut longest) = (0, 0);
		for seed in 0..100 {
			let case = random_graph(seed);
			assert_eq!(case, random_graph(seed));
			let plan = Profile1.build(&case.file).expect("each node was accepted");
			nodes += plan.report().node_count;
			let axes = case.inputs.iter().flat_map(|input| &input.shape);
			longest = axes.fold(longest, |longest, axis| *axis.max(&longest));
		}
		assert!(nodes > 200, "{nodes}");
		assert!(longest > 1000, "{longest}");
	}
}
