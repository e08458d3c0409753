//! From steps to a tract plan made of this crate's own operators only.
//!
//! tract keeps the graph, the order of evaluation and the lifetimes of buffers. Nodes are added
//! with `add_node` and `add_edge`, which run no inference, folding or rewriting.

use std::sync::Arc;

use tract_onnx::{
	prelude::{tvec, IntoTValue, TValue, TVec, Tensor, TractResult, TypedFact, TypedModel},
	tract_core::{
		internal::{
			not_out_of_plan, op_as_typed_op, EvalContext, EvalOp, Op, RunOptions, SimplePlan,
			StaticName, TypedOp,
		},
		model::{InletId, OutletId},
	},
};

use crate::{
	engine::Observed,
	error::{EvalError, ModelError},
	fact::Fact,
	import::{Graph, Source, Step},
	kernel::{Cost, Kernel},
	limits::{MAX_PEAK_BYTES, MAX_PLAN_BYTES, MAX_RUN_WORK},
};

/// tract's plan, which runs the steps.
pub type TractPlan = SimplePlan<TypedFact, Box<dyn TypedOp>>;

/// A plan and what it takes.
#[derive(Debug)]
pub struct Emitted {
	/// The plan.
	pub plan: Arc<TractPlan>,
	/// Cost of one run.
	pub cost: Cost,
	/// Bytes that the plan keeps.
	pub plan_bytes: u64,
	/// Most bytes of activations alive at once in a run.
	pub peak_bytes: u64,
}

/// The failure of one step of a run, on its way through tract's errors.
#[derive(Debug, thiserror::Error)]
#[error("{step}: {error}")]
pub struct StepFailure {
	/// The step.
	pub step: String,
	/// What happened.
	pub error: EvalError,
}

/// A graph input: hands on the value that the run starts with.
#[derive(Clone, Debug, PartialEq, Eq)]
struct InputOp;

/// A constant that is a graph output.
#[derive(Clone, Debug)]
struct ConstantOp(Arc<Tensor>);

/// A step: a kernel, and where its inputs come from.
#[derive(Clone, Debug)]
struct StepOp(Arc<StepBody>);

#[derive(Debug)]
struct StepBody {
	label: String,
	cost: Cost,
	kernel: Arc<dyn Kernel>,
	/// The kernel's inputs: constants, or the next edge of the graph.
	inputs: Vec<Option<Arc<Tensor>>>,
}

impl PartialEq for ConstantOp {
	fn eq(&self, other: &Self) -> bool {
		Arc::ptr_eq(&self.0, &other.0)
	}
}

impl Eq for ConstantOp {}

impl PartialEq for StepOp {
	fn eq(&self, other: &Self) -> bool {
		Arc::ptr_eq(&self.0, &other.0)
	}
}

impl Eq for StepOp {}

/// What the three operators share. The facts of nodes are set when they are added; nothing asks an
/// operator for them later.
macro_rules! typed_op {
	($op:ty, $name:expr) => {
		impl Op for $op {
			fn name(&self) -> StaticName {
				let name: fn(&$op) -> StaticName = $name;
				name(self)
			}
			op_as_typed_op!();
		}

		impl TypedOp for $op {
			fn as_op(&self) -> &dyn Op {
				self
			}

			fn as_op_mut(&mut self) -> &mut dyn Op {
				self
			}

			fn output_facts(&self, _inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
				Err(tract_onnx::prelude::TractError::msg(
					"facts are settled before a plan is made, and never inferred again",
				))
			}
		}
	};
}

typed_op!(InputOp, |_| "Input".into());
typed_op!(ConstantOp, |_| "Constant".into());
typed_op!(StepOp, |op| op.0.kernel.name().into());

impl EvalOp for InputOp {
	not_out_of_plan!();

	fn eval(&self, _: &EvalContext<'_>, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
		Ok(inputs)
	}
}

impl EvalOp for ConstantOp {
	not_out_of_plan!();

	fn eval(&self, _: &EvalContext<'_>, _: TVec<TValue>) -> TractResult<TVec<TValue>> {
		Ok(tvec![Arc::clone(&self.0).into_tvalue()])
	}
}

impl EvalOp for StepOp {
	not_out_of_plan!();

	fn eval(&self, _: &EvalContext<'_>, edges: TVec<TValue>) -> TractResult<TVec<TValue>> {
		let body = &self.0;
		let mut edges = edges.into_iter();
		let inputs = body
			.inputs
			.iter()
			.filter_map(|constant| match constant {
				Some(constant) => Some(Arc::clone(constant).into_tvalue()),
				None => edges.next(),
			})
			.collect();
		match body.kernel.eval(inputs) {
			Ok(outputs) => Ok(outputs.into_iter().map(Tensor::into_tvalue).collect()),
			Err(error) => Err(StepFailure {
				step: body.label.clone(),
				error,
			}
			.into()),
		}
	}
}

/// Whether every operator of a plan is one of this crate's, by type id.
pub fn is_own(plan: &TractPlan) -> bool {
	plan.model()
		.nodes()
		.iter()
		.all(|node| node.op_is::<InputOp>() || node.op_is::<ConstantOp>() || node.op_is::<StepOp>())
}

/// Runs a plan and tells `observer` of each step as it has run.
pub fn run_observed(
	plan: &Arc<TractPlan>,
	inputs: TVec<TValue>,
	observer: &mut dyn FnMut(Observed<'_>),
) -> TractResult<TVec<TValue>> {
	plan.spawn()?
		.run_plan_with_eval(inputs, |context, _, node, inputs| {
			let outputs = node.op().eval(context, inputs)?;
			if let Some(StepOp(body)) = node.op_as::<StepOp>() {
				observer(Observed {
					step: &body.label,
					kernel: body.kernel.name(),
					shape: outputs.first().map_or(&[], |output| output.shape()),
					cost: body.cost,
				});
			}
			TractResult::Ok(outputs)
		})
}

/// What bookkeeping of a plan, and of each of its steps, is counted with in a plan's bytes: what
/// the test `memory` finds, and some more.
const PLAN_BYTES: u64 = 32 * 1024;
const STEP_BYTES: u64 = 4 * 1024;

/// The same for a run.
const RUN_BYTES: u64 = 8 * 1024;
const RUN_STEP_BYTES: u64 = 256;

/// Makes the plan, and checks what it costs.
///
/// # Panics
///
/// If an operator that is not this crate's has found its way into the plan, or if tract cannot
/// order the steps: bugs of the engine, which no file may cause.
pub fn emit(graph: &Graph) -> Result<Emitted, ModelError> {
	let cost = graph
		.steps
		.iter()
		.map(cost_of)
		.fold(interface_cost(graph), Cost::plus)
		.with_bytes(cold_bytes(graph));
	if cost.work() > MAX_RUN_WORK {
		return Err(ModelError::TooExpensive {
			work: cost.work(),
			limit: MAX_RUN_WORK,
		});
	}
	let plan_bytes = plan_bytes(graph);
	if plan_bytes > MAX_PLAN_BYTES {
		return Err(ModelError::TooMuchMemory {
			what: "the constants of the plan",
			bytes: plan_bytes,
			limit: MAX_PLAN_BYTES,
		});
	}
	let (plan, step_of_node) = tract_plan(graph)
		.unwrap_or_else(|error| panic!("the engine cannot make a plan of its steps: {error:#}"));
	assert!(is_own(&plan), "a foreign operator is in the plan");
	let peak_bytes = peak_bytes(graph, &plan, &step_of_node);
	if peak_bytes > MAX_PEAK_BYTES {
		return Err(ModelError::TooMuchMemory {
			what: "the activations of one run",
			bytes: peak_bytes,
			limit: MAX_PEAK_BYTES,
		});
	}
	Ok(Emitted {
		plan,
		cost,
		plan_bytes,
		peak_bytes,
	})
}

fn cost_of(step: &Step) -> Cost {
	let (inputs, outputs) = (&step.input_facts, &step.output_facts);
	step.kernel.cost_of_any_values(inputs, outputs)
}

/// Bytes of weights. Between one run and the next caches forget them, unlike what steps hand on to
/// each other, so that they count once more than their kernels say.
fn cold_bytes(graph: &Graph) -> u64 {
	let weights = graph.steps.iter().map(|step| step.kernel.constant_bytes());
	weights.fold(0, u64::saturating_add)
}

/// What a run costs whatever its steps are: code and bookkeeping that no cache holds, and copies of
/// all inputs and outputs, whose values are checked.
fn interface_cost(graph: &Graph) -> Cost {
	const RUN_BYTES: u64 = 256 * 1024;
	const TENSOR_BYTES: u64 = 4 * 1024;
	let schemas = graph.inputs.iter();
	let schemas = schemas.chain(graph.outputs.iter().map(|(schema, _)| schema));
	let bytes = schemas.fold(RUN_BYTES, |bytes, schema| {
		let elements = schema.shape.iter().product::<usize>() as u64;
		elements
			.saturating_mul(3 * schema.dtype.size() as u64)
			.saturating_add(TENSOR_BYTES)
			.saturating_add(bytes)
	});
	Cost::default().with_bytes(bytes)
}

/// Bytes of the distinct constants, packed weights and bookkeeping.
fn plan_bytes(graph: &Graph) -> u64 {
	let mut seen = std::collections::HashSet::new();
	let mut constants = 0u64;
	let sources = graph.steps.iter().flat_map(|step| &step.inputs);
	for source in sources.chain(graph.outputs.iter().map(|(_, source)| source)) {
		if let Source::Constant(value) = source {
			if seen.insert(Arc::as_ptr(value)) {
				constants = constants.saturating_add(value.as_bytes().len() as u64);
			}
		}
	}
	let bytes = constants.saturating_add(PLAN_BYTES);
	graph.steps.iter().fold(bytes, |bytes, step| {
		bytes
			.saturating_add(step.kernel.constant_bytes())
			.saturating_add(STEP_BYTES)
	})
}

fn typed_fact(fact: &Fact) -> TypedFact {
	TypedFact::dt_shape(fact.dtype().datum_type(), fact.shape())
}

/// The plan, and which step each of its nodes is.
fn tract_plan(graph: &Graph) -> TractResult<(Arc<TractPlan>, Vec<Option<usize>>)> {
	let mut model = TypedModel::default();
	let mut step_of_node = vec![];
	let mut inputs = vec![];
	for (index, input) in graph.inputs.iter().enumerate() {
		let fact = TypedFact::dt_shape(input.dtype.datum_type(), &input.shape[..]);
		let node = model.add_node(format!("input {index}"), InputOp, tvec![fact])?;
		step_of_node.push(None);
		inputs.push(OutletId::new(node, 0));
	}
	let mut node_of_step = vec![];
	let outlet = |source: &Source, node_of_step: &[usize]| match source {
		Source::Input(index) => Some(inputs[*index]),
		Source::Step { step, slot } => Some(OutletId::new(node_of_step[*step], *slot)),
		Source::Constant(_) => None,
	};
	for (index, step) in graph.steps.iter().enumerate() {
		let node = add_step(&mut model, index, step)?;
		step_of_node.push(Some(index));
		node_of_step.push(node);
		let edges = step
			.inputs
			.iter()
			.filter_map(|source| outlet(source, &node_of_step));
		for (slot, edge) in edges.enumerate() {
			model.add_edge(edge, InletId::new(node, slot))?;
		}
	}
	let mut outputs = vec![];
	for (index, (_, source)) in graph.outputs.iter().enumerate() {
		outputs.push(match (outlet(source, &node_of_step), source) {
			(Some(outlet), _) => outlet,
			(None, Source::Constant(value)) => {
				let fact = TypedFact::dt_shape(value.datum_type(), value.shape());
				let op = ConstantOp(Arc::clone(value));
				let node = model.add_node(format!("constant {index}"), op, tvec![fact])?;
				step_of_node.push(None);
				OutletId::new(node, 0)
			}
			(None, _) => return Err(tract_onnx::prelude::TractError::msg("no outlet")),
		});
	}
	model.set_input_outlets(&inputs)?;
	model.select_output_outlets(&outputs)?;
	let options = RunOptions {
		skip_order_opt_ram: true,
		..RunOptions::default()
	};
	Ok((Arc::new(SimplePlan::build(model, &options)?), step_of_node))
}

fn add_step(model: &mut TypedModel, index: usize, step: &Step) -> TractResult<usize> {
	let inputs = step
		.inputs
		.iter()
		.map(|source| match source {
			Source::Constant(value) => Some(Arc::clone(value)),
			_ => None,
		})
		.collect();
	let body = StepBody {
		label: step.label.clone(),
		cost: cost_of(step),
		kernel: Arc::clone(&step.kernel),
		inputs,
	};
	let facts = step.output_facts.iter().map(typed_fact).collect();
	model.add_node(format!("step {index}"), StepOp(Arc::new(body)), facts)
}

/// Most bytes alive at once, in tract's order: a node's outputs live until the last node that reads
/// one of them has run; outputs of the graph, and what nothing reads, until the end.
fn peak_bytes(graph: &Graph, plan: &TractPlan, step_of_node: &[Option<usize>]) -> u64 {
	let nodes = plan.model().nodes();
	let order = plan.order_without_consts();
	let bytes: Vec<u64> = nodes
		.iter()
		.map(|node| {
			node.outputs.iter().fold(0u64, |sum, outlet| {
				let elements: usize = outlet
					.fact
					.shape
					.as_concrete()
					.map_or(0, |dims| dims.iter().product());
				sum.saturating_add((elements * outlet.fact.datum_type.size_of()) as u64)
			})
		})
		.collect();
	let mut last_use = vec![usize::MAX; nodes.len()];
	for (position, node) in order.iter().enumerate() {
		for input in &nodes[*node].inputs {
			last_use[input.node] = position;
		}
	}
	for output in &plan.model().outputs {
		last_use[output.node] = usize::MAX;
	}
	let mut dies_at: Vec<Vec<usize>> = vec![vec![]; order.len()];
	for (node, position) in last_use.iter().enumerate() {
		if let Some(dying) = dies_at.get_mut(*position) {
			dying.push(node);
		}
	}
	// The inputs of the run are all there before the first node runs.
	let inputs: u64 = plan
		.model()
		.inputs
		.iter()
		.map(|input| bytes[input.node])
		.sum();
	let (mut alive, mut peak) = (inputs, inputs);
	for (position, node) in order.iter().enumerate() {
		let scratch = step_of_node[*node].map_or(0, |index| {
			let step = &graph.steps[index];
			step.kernel
				.scratch_bytes(&step.input_facts, &step.output_facts)
		});
		let is_input = plan.model().inputs.iter().any(|input| input.node == *node);
		alive = alive.saturating_add(if is_input { 0 } else { bytes[*node] });
		peak = peak.max(alive.saturating_add(scratch));
		for dead in &dies_at[position] {
			alive = alive.saturating_sub(bytes[*dead]);
		}
	}
	// Each output is copied out before its tensor is dropped.
	let outputs = plan.model().outputs.iter();
	let largest = outputs.map(|output| bytes[output.node]).max();
	peak.max(alive.saturating_add(largest.unwrap_or(0)))
		.saturating_add(RUN_BYTES)
		.saturating_add(RUN_STEP_BYTES.saturating_mul(graph.steps.len() as u64))
}
