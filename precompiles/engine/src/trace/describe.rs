//! Describes canonical steps.

use std::{
	collections::{HashMap, HashSet},
	sync::Arc,
};

use tract_onnx::prelude::Tensor;

use super::{
	origin::{Input, Origin},
	run::digest,
	spec::{Operand, StepSpec, TensorDigest, INPUTS, OUTPUTS},
};
use crate::{
	fact::Fact,
	import::{Graph, Source, Step},
	kernel::{Cost, Kernel},
	limits::{
		MAX_MADE_CONSTANT_BYTES, MAX_PEAK_BYTES, MAX_RUN_WORK, MAX_STEP_TENSORS, MAX_TRACE_LEAVES,
	},
	storage::Storage,
	TensorSchema,
};

/// The canonical steps of a model, described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
	/// What makes each leaf, in the order of the leaves: the inputs, the steps, the outputs.
	pub steps: Vec<StepSpec>,
	/// The largest cost of a step alone, field by field.
	pub heaviest: Cost,
	/// Most bytes of tensors that go into a step and come out of it.
	pub most_bytes: u64,
}

/// Why the steps of a model have no description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undescribed {
	/// More steps than leaves of a trace are for.
	#[error("a trace would have {leaves} leaves, at most {MAX_TRACE_LEAVES}")]
	TooManyLeaves {
		/// Leaves that a trace would have.
		leaves: usize,
	},
	/// A step with too many operands or outputs.
	#[error("{step} has {tensors} operands or outputs, at most {MAX_STEP_TENSORS}")]
	TooManyTensors {
		/// The step.
		step: String,
		/// How many it has.
		tensors: usize,
	},
	/// A step whose attributes are too long.
	#[error("{step} has longer attributes than a description may hold")]
	LongAttributes {
		/// The step.
		step: String,
	},
	/// Folding has made many bytes of constants out of few, and all would have to be hashed.
	#[error("{bytes} bytes of constants are beyond those of the file, at most {MAX_MADE_CONSTANT_BYTES}")]
	LargeConstants {
		/// Bytes of constants beyond those of the file.
		bytes: u64,
	},
	/// Without the passes that change no bit, a run would take too much memory, or one step would.
	#[error("the canonical steps take {bytes} bytes, at most {MAX_PEAK_BYTES}")]
	TooMuchMemory {
		/// Bytes that they take.
		bytes: u64,
	},
	/// Without the passes that change no bit, a run would cost too much.
	#[error("the canonical steps take {work} units of work, at most {MAX_RUN_WORK}")]
	TooExpensive {
		/// What they cost.
		work: u64,
	},
}

/// Describes all leaves.
pub(crate) fn describe(graph: &Graph) -> Result<Description, Undescribed> {
	let leaves = graph.steps.len() + 2;
	if leaves > MAX_TRACE_LEAVES {
		return Err(Undescribed::TooManyLeaves { leaves });
	}
	check_run(graph)?;
	check_constants(graph)?;
	let mut digests = Digests::default();
	let mut description = Description {
		steps: vec![inputs(&graph.inputs)],
		heaviest: Cost::default(),
		most_bytes: 0,
	};
	for step in &graph.steps {
		let (spec, bytes) = describe_step(step, &mut digests)?;
		description.heaviest = larger(description.heaviest, spec.cost);
		description.most_bytes = description.most_bytes.max(bytes);
		description.steps.push(spec);
	}
	description.steps.push(outputs(graph, &mut digests));
	Ok(description)
}

/// Where the operands with elements of the step after so many come from, in their order. The last
/// one is that of the run's outputs.
pub(super) fn operands(graph: &Graph, before: usize) -> Vec<Source> {
	let Some(step) = graph.steps.get(before) else {
		let sources = graph.outputs.iter().map(|(_, source)| source.clone());
		return sources.collect();
	};
	let origin = step.origin.iter().flat_map(|origin| &origin.operands);
	origin
		.filter_map(|operand| match operand {
			Input::Constant(value, _) => Some(Source::Constant(Arc::clone(value))),
			Input::Value(source, _) => Some(source.clone()),
			Input::Omitted | Input::Typed(_) => None,
		})
		.collect()
}

/// What it costs to run a step alone: to build its kernel, to look at each of its tensors and hash
/// it, and to compute.
///
/// `tensors` are the operands with elements, as the description names them; the facts are those of
/// the kernel's own inputs and outputs.
pub(super) fn cost_alone(
	kernel: &dyn Kernel,
	inputs: &[Fact],
	outputs: &[Fact],
	tensors: &[u64],
) -> Cost {
	/// Code and bookkeeping that no cache holds.
	const STEP_BYTES: u64 = 256 * 1024;
	/// Bookkeeping of a tensor.
	const TENSOR_BYTES: u64 = 4 * 1024;
	/// How often the bytes of a tensor are gone over: read from the state, copied, looked through for
	/// NaNs, and hashed, which takes as long as some three copies.
	const PASSES: u64 = 6;
	/// The same for the constants that a kernel packs.
	const PACKING: u64 = 3;
	let made = outputs.iter().map(Fact::bytes);
	let bytes = tensors.iter().copied().chain(made);
	let handled = bytes.fold(STEP_BYTES, |sum, bytes| {
		sum.saturating_add(bytes.saturating_mul(PASSES))
			.saturating_add(TENSOR_BYTES)
	});
	let packed = kernel.constant_bytes().saturating_mul(PACKING);
	kernel
		.cost_of_any_values(inputs, outputs)
		.with_bytes(handled.saturating_add(packed))
}

/// Bytes that running a step alone takes: its operands as they are given and as the kernel takes
/// them, what comes out, and what the kernel holds in between.
pub(super) fn memory_alone(
	kernel: &dyn Kernel,
	inputs: &[Fact],
	outputs: &[Fact],
	tensors: &[u64],
) -> u64 {
	let facts = inputs.iter().chain(outputs).map(Fact::bytes);
	let kernel = [
		kernel.scratch_bytes(inputs, outputs),
		kernel.constant_bytes(),
	];
	let bytes = facts.chain(tensors.iter().copied()).chain(kernel);
	bytes.fold(0, u64::saturating_add)
}

/// The number by which a description names a type of storage.
fn storage_number(storage: Option<Storage>) -> u8 {
	storage.map_or(0, Storage::onnx)
}

fn larger(a: Cost, b: Cost) -> Cost {
	Cost {
		macs: a.macs.max(b.macs),
		bytes: a.bytes.max(b.bytes),
		steps: a.steps.max(b.steps),
		transcendentals: a.transcendentals.max(b.transcendentals),
	}
}

/// A description without attributes or cost.
fn bare(op_type: &str, outputs: usize, inputs: Vec<Operand>) -> StepSpec {
	StepSpec {
		op_type: op_type.into(),
		opset: 0,
		attributes: vec![],
		outputs: vec![true; outputs],
		inputs,
		cost: Cost::default(),
	}
}

fn inputs(schemas: &[TensorSchema]) -> StepSpec {
	bare(INPUTS, schemas.len(), vec![])
}

fn outputs(graph: &Graph, digests: &mut Digests) -> StepSpec {
	let operand = |(schema, source): &(TensorSchema, Source)| match source {
		Source::Constant(value) => Operand::Constant {
			digest: digests.of(value),
			storage: 0,
		},
		Source::Input(_) | Source::Step { .. } => {
			leaf_operand(source, schema.dtype, &schema.shape, None)
		}
	};
	let operands = graph.outputs.iter().map(operand).collect();
	bare(OUTPUTS, graph.outputs.len(), operands)
}

fn leaf_operand(
	source: &Source,
	dtype: crate::DType,
	shape: &[usize],
	storage: Option<Storage>,
) -> Operand {
	let (index, slot) = match source {
		Source::Input(index) => (0, *index),
		Source::Step { step, slot } => (step + 1, *slot),
		Source::Constant(_) => unreachable!("a constant is in no leaf"),
	};
	// Leaves and tensors of a step are far fewer.
	Operand::Leaf {
		index: index as u32,
		slot: slot as u16,
		dtype,
		shape: shape.to_vec(),
		storage: storage_number(storage),
	}
}

/// The description of a step, and the bytes of the tensors that go in and come out.
fn describe_step(step: &Step, digests: &mut Digests) -> Result<(StepSpec, u64), Undescribed> {
	let origin = origin(step);
	let tensors = origin
		.operands
		.len()
		.max(origin.outputs.len())
		.max(step.output_facts.len());
	if tensors > MAX_STEP_TENSORS {
		return Err(Undescribed::TooManyTensors {
			step: step.label.clone(),
			tensors,
		});
	}
	let Some(attributes) = origin.attributes.clone() else {
		return Err(Undescribed::LongAttributes {
			step: step.label.clone(),
		});
	};
	let operand = |operand: &Input| match operand {
		Input::Omitted => Operand::Omitted,
		Input::Constant(value, storage) => Operand::Constant {
			digest: digests.of(value),
			storage: storage_number(*storage),
		},
		Input::Value(source, fact) => {
			leaf_operand(source, fact.dtype(), fact.shape(), fact.storage())
		}
		Input::Typed(fact) => Operand::Typed {
			dtype: fact.dtype(),
			shape: fact.shape().to_vec(),
			storage: storage_number(fact.storage()),
		},
	};
	let inputs: Vec<Operand> = origin.operands.iter().map(operand).collect();
	let bytes: Vec<u64> = origin.operands.iter().filter_map(element_bytes).collect();
	let (kernel, facts) = (
		&*step.kernel,
		(&step.input_facts[..], &step.output_facts[..]),
	);
	let made = facts.1.iter().map(Fact::bytes);
	let total = made.chain(bytes.iter().copied());
	let total = total.fold(0, u64::saturating_add);
	let memory = memory_alone(kernel, facts.0, facts.1, &bytes);
	if memory > MAX_PEAK_BYTES {
		return Err(Undescribed::TooMuchMemory { bytes: memory });
	}
	let cost = cost_alone(kernel, facts.0, facts.1, &bytes);
	let spec = StepSpec {
		op_type: origin.op_type.clone(),
		// The guard lets no other pass.
		opset: origin.opset as u16,
		attributes,
		outputs: origin.outputs.clone(),
		inputs,
		cost,
	};
	Ok((spec, total))
}

fn element_bytes(operand: &Input) -> Option<u64> {
	match operand {
		Input::Constant(value, _) => Some(value.as_bytes().len() as u64),
		Input::Value(_, fact) => Some(fact.bytes()),
		Input::Omitted | Input::Typed(_) => None,
	}
}

fn origin(step: &Step) -> &Origin {
	step.origin
		.as_deref()
		.expect("canonical steps say what they are made from")
}

/// Bounds what a run of the canonical steps takes: it may be more than a run of the plan.
fn check_run(graph: &Graph) -> Result<(), Undescribed> {
	let cost = |step: &Step| {
		let (inputs, outputs) = (&step.input_facts, &step.output_facts);
		step.kernel.cost_of_any_values(inputs, outputs)
	};
	let cost = graph.steps.iter().map(cost);
	let work = cost.fold(Cost::default(), Cost::plus).work();
	if work > MAX_RUN_WORK {
		return Err(Undescribed::TooExpensive { work });
	}
	let bytes = peak_bytes(graph);
	if bytes > MAX_PEAK_BYTES {
		return Err(Undescribed::TooMuchMemory { bytes });
	}
	Ok(())
}

/// Most bytes of values and of scratch memory alive at once.
fn peak_bytes(graph: &Graph) -> u64 {
	let mut last_use: HashMap<(usize, usize), usize> = HashMap::new();
	for (index, step) in graph.steps.iter().enumerate() {
		for source in &step.inputs {
			if let Source::Step { step, slot } = source {
				last_use.insert((*step, *slot), index);
			}
		}
	}
	for (_, source) in &graph.outputs {
		if let Source::Step { step, slot } = source {
			last_use.insert((*step, *slot), usize::MAX);
		}
	}
	let mut dies: HashMap<usize, u64> = HashMap::new();
	for ((step, slot), index) in &last_use {
		let bytes = graph.steps[*step].output_facts[*slot].bytes();
		let dying = dies.entry(*index).or_default();
		*dying = dying.saturating_add(bytes);
	}
	let schema_bytes = |schema: &TensorSchema| {
		(schema.shape.iter().product::<usize>() * schema.dtype.size()) as u64
	};
	let mut alive: u64 = graph.inputs.iter().map(schema_bytes).sum();
	let mut peak = alive;
	for (index, step) in graph.steps.iter().enumerate() {
		let facts = (&step.input_facts[..], &step.output_facts[..]);
		let scratch = step.kernel.scratch_bytes(facts.0, facts.1);
		let made = facts.1.iter().map(Fact::bytes);
		alive = made.fold(alive, u64::saturating_add);
		peak = peak.max(alive.saturating_add(scratch));
		let unread = facts.1.iter().enumerate();
		let unread = unread.filter(|(slot, _)| !last_use.contains_key(&(index, *slot)));
		let unread: u64 = unread.map(|(_, fact)| fact.bytes()).sum();
		let dying = dies.get(&index).copied().unwrap_or(0);
		alive = alive.saturating_sub(unread.saturating_add(dying));
	}
	peak
}

/// The constants that descriptions name.
fn constants(graph: &Graph) -> impl Iterator<Item = &Arc<Tensor>> {
	let operands = graph.steps.iter().flat_map(|step| &origin(step).operands);
	let of_steps = operands.filter_map(|operand| match operand {
		Input::Constant(value, _) => Some(value),
		_ => None,
	});
	let of_outputs = graph.outputs.iter().filter_map(|(_, source)| match source {
		Source::Constant(value) => Some(value),
		_ => None,
	});
	of_steps.chain(of_outputs)
}

/// Bounds the bytes of constants that are hashed, before any is.
fn check_constants(graph: &Graph) -> Result<(), Undescribed> {
	let mut seen = HashSet::new();
	let distinct = constants(graph).filter(|value| seen.insert(Arc::as_ptr(value)));
	let bytes = distinct.fold(0u64, |bytes, value| {
		bytes.saturating_add(value.as_bytes().len() as u64)
	});
	let beyond = bytes.saturating_sub(graph.file_bytes);
	if beyond > MAX_MADE_CONSTANT_BYTES {
		return Err(Undescribed::LargeConstants { bytes: beyond });
	}
	Ok(())
}

/// The digests of constants, each worked out once. The graph keeps the constants where they are.
#[derive(Debug, Default)]
struct Digests {
	known: HashMap<*const Tensor, TensorDigest>,
}

impl Digests {
	fn of(&mut self, value: &Arc<Tensor>) -> TensorDigest {
		let found = self.known.entry(Arc::as_ptr(value));
		let made = || digest(value).expect("a constant is of a type that the engine has");
		found.or_insert_with(made).clone()
	}
}
