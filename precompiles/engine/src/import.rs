//! From a checked graph to the steps of a plan.
//!
//! Nodes are lowered one by one in file order with their inputs' facts. A step whose inputs are all
//! constant is evaluated at once by its own kernel, after its work and its bytes have been counted;
//! steps that no output needs are dropped. Constants are let go as soon as nothing needs them.

use std::{
	collections::{BTreeMap, HashMap},
	sync::Arc,
};

use tract_onnx::prelude::{IntoTValue, TValue, TVec, Tensor};

use crate::{
	attrs::{decode_tensor, Attrs},
	error::{EvalError, ModelError},
	fact::Fact,
	guard::{label, DeclaredOutput, Model},
	kernel::{Cost, Kernel},
	limits::{MAX_FOLDING_BYTES, MAX_FOLDING_WORK, MAX_PLAN_BYTES},
	operand::may_be_subnormal,
	ops::{self, Lowered, NodeCtx},
	storage::Storage,
	tensor::canonicalise_nans,
	trace::origin::{Input, Origin},
	TensorSchema,
};

/// Where a value of the graph comes from.
#[derive(Clone, Debug)]
pub enum Source {
	/// The graph input of this index.
	Input(usize),
	/// A constant.
	Constant(Arc<Tensor>),
	/// An output of a step.
	Step {
		/// The step's index.
		step: usize,
		/// Which of its outputs.
		slot: usize,
	},
}

/// A step of the plan.
#[derive(Debug)]
pub struct Step {
	/// How errors name its node.
	pub label: String,
	/// What it does.
	pub kernel: Arc<dyn Kernel>,
	/// Where the kernel's inputs come from.
	pub inputs: Vec<Source>,
	/// Types and shapes of the kernel's inputs.
	pub input_facts: Vec<Fact>,
	/// Types and shapes of the kernel's outputs.
	pub output_facts: Vec<Fact>,
	/// What the step was made from. Canonical steps have it; those of a plan do not, for it keeps
	/// constants alive.
	pub origin: Option<Box<Origin>>,
}

impl Step {
	/// Everything that says where a value comes from.
	pub(crate) fn sources_mut(&mut self) -> impl Iterator<Item = &mut Source> {
		let origin = self.origin.iter_mut();
		let inputs = self.inputs.iter_mut();
		inputs.chain(origin.flat_map(|origin| origin.sources_mut()))
	}
}

/// The steps of a model, and how they hang together.
#[derive(Debug)]
pub struct Graph {
	/// The graph inputs.
	pub inputs: Vec<TensorSchema>,
	/// The graph outputs.
	pub outputs: Vec<(TensorSchema, Source)>,
	/// The steps, in an order in which they can run. All of them are needed.
	pub steps: Vec<Step>,
	/// Nodes of the file.
	pub node_count: u32,
	/// How many nodes of the file there are of each operator type.
	pub ops: BTreeMap<String, u32>,
	/// Bytes that constant folding has written so far.
	pub folding_bytes: u64,
	/// Bytes of the constants that are in the file, unpacked.
	pub file_bytes: u64,
}

/// Operators whose output does not share the range of their first input.
const CHANGES_RANGE: [&str; 3] = ["Cast", "CastLike", "QuantizeLinear"];

/// A value of the graph while it is being lowered.
#[derive(Clone, Debug)]
struct Slot {
	fact: Fact,
	source: Source,
}

/// What is built up, and what it may still take.
struct Importer {
	slots: HashMap<String, Slot>,
	/// How often nodes and graph outputs will still read each tensor.
	uses: HashMap<String, u32>,
	steps: Vec<Step>,
	folding_bytes: u64,
	folding_work: u64,
	kernel_bytes: u64,
	/// Bytes of the constants that are in the file.
	file_bytes: u64,
	/// Bytes of the tensors that the file holds, unpacked: up to eight times those of the file.
	constant_bytes: u64,
}

/// Lowers a model.
///
/// # Panics
///
/// If a kernel finds a bug of the engine while it folds a constant. No file may cause that; the
/// caller of the engine treats it like any other panic.
pub fn import(model: Model) -> Result<Graph, ModelError> {
	let mut uses = HashMap::new();
	let read = model
		.nodes
		.iter()
		.flat_map(|node| &node.input)
		.chain(model.outputs.iter().map(|o| &o.name));
	for name in read {
		*uses.entry(name.clone()).or_default() += 1;
	}
	let mut importer = Importer {
		slots: HashMap::new(),
		uses,
		steps: vec![],
		folding_bytes: 0,
		folding_work: 0,
		kernel_bytes: 0,
		file_bytes: 0,
		constant_bytes: 0,
	};
	for (index, input) in model.inputs.iter().enumerate() {
		let fact = Fact::new(input.dtype, input.shape.clone())
			.map_err(|error| ModelError::of(&format!("graph input '{}'", input.name), "", error))?;
		importer.slots.insert(
			input.name.clone(),
			Slot {
				fact,
				source: Source::Input(index),
			},
		);
	}
	for proto in model.initializers {
		// By value: each protobuf's memory is free before the next tensor is made.
		let subject = format!("initializer '{}'", proto.name);
		let storage = Storage::from_onnx(proto.data_type);
		let tensor = decode_tensor(&proto.name, &proto)
			.map_err(|error| ModelError::of(&subject, "", error))?;
		importer.count_constant(&tensor)?;
		importer.define_constant(&subject, proto.name, Arc::new(tensor), storage)?;
	}
	let mut ops = BTreeMap::new();
	let node_count = model.nodes.len() as u32;
	for (index, node) in model.nodes.into_iter().enumerate() {
		*ops.entry(node.op_type.clone()).or_default() += 1;
		let label = label(index, &node);
		importer.lower(model.opset, &label, node)?;
	}
	let outputs = model
		.outputs
		.into_iter()
		.map(|declared| importer.output(&declared))
		.collect::<Result<Vec<_>, _>>()?;
	Ok(drop_dead(Graph {
		inputs: model.inputs,
		outputs,
		steps: importer.steps,
		node_count,
		ops,
		folding_bytes: importer.folding_bytes,
		file_bytes: importer.file_bytes,
	}))
}

impl Importer {
	/// Bounds what small element types can blow up to.
	fn count_constant(&mut self, value: &Tensor) -> Result<(), ModelError> {
		self.constant_bytes = self
			.constant_bytes
			.saturating_add(value.as_bytes().len() as u64);
		if self.constant_bytes > MAX_PLAN_BYTES {
			return Err(ModelError::TooMuchMemory {
				what: "the constants of the file, unpacked,",
				bytes: self.constant_bytes,
				limit: MAX_PLAN_BYTES,
			});
		}
		Ok(())
	}

	fn define_constant(
		&mut self,
		subject: &str,
		name: String,
		value: Arc<Tensor>,
		storage: Option<Storage>,
	) -> Result<(), ModelError> {
		if self.uses.contains_key(&name) {
			let fact = Fact::constant(Arc::clone(&value))
				.map_err(|error| ModelError::of(subject, "", error))?
				.stored_as(storage);
			self.file_bytes = self.file_bytes.saturating_add(fact.bytes());
			self.slots.insert(
				name,
				Slot {
					fact,
					source: Source::Constant(value),
				},
			);
		}
		Ok(())
	}

	fn lower(
		&mut self,
		opset: i64,
		label: &str,
		node: tract_onnx::pb::NodeProto,
	) -> Result<(), ModelError> {
		let refuse = |error| ModelError::of(label, &node.op_type, error);
		// Trailing omitted inputs and outputs are as good as none.
		let inputs = trimmed(&node.input);
		// An output that nothing reads is as good as omitted.
		let outputs: Vec<String> = trimmed(&node.output)
			.iter()
			.map(|name| {
				if self.uses.contains_key(name) {
					name.clone()
				} else {
					String::new()
				}
			})
			.collect();
		let slots: Vec<Option<&Slot>> = inputs.iter().map(|name| self.slots.get(name)).collect();
		let facts: Vec<Option<Fact>> = slots
			.iter()
			.map(|slot| slot.map(|slot| slot.fact.clone()))
			.collect();
		let attrs = Attrs::new(&node.attribute).map_err(refuse)?;
		let ctx = NodeCtx {
			op_type: &node.op_type,
			opset,
			attrs,
			outputs: &outputs,
		};
		let lowered = ops::build(&ctx, &facts)
			.ok_or_else(|| ModelError::UnsupportedOp {
				node: label.into(),
				op: node.op_type.clone(),
				reason: String::new(),
			})?
			.map_err(refuse)?;
		let narrow = facts
			.first()
			.and_then(|fact| fact.as_ref()?.storage())
			.filter(|stored| stored.range().is_some() && !CHANGES_RANGE.contains(&&*node.op_type));
		let made: Vec<Slot> = match lowered {
			Lowered::Alias(index) => {
				vec![slots[index]
					.expect("a build function names an input that is there")
					.clone()]
			}
			Lowered::Constants(values) => {
				for value in &values {
					self.count_constant(value)?;
				}
				let made = constants(values).map_err(refuse)?;
				// Those of other operators, such as Shape, are small.
				if node.op_type == "Constant" {
					let bytes = made.iter().map(|slot| slot.fact.bytes());
					self.file_bytes = bytes.fold(self.file_bytes, u64::saturating_add);
				}
				made
			}
			Lowered::Step {
				kernel,
				inputs: consumed,
				reshaped,
			} => {
				let operands = slots.iter().enumerate().map(|(index, slot)| match slot {
					None => Input::Omitted,
					Some(slot) => Input::of(&slot.fact, &slot.source, consumed.contains(&index)),
				});
				let operands: Vec<Input> = operands.collect();
				let origin = || Ok(Origin::node(&ctx, operands));
				let pick = |index: &usize| {
					slots[*index]
						.expect("a build function names inputs that are there")
						.clone()
				};
				let mut consumed: Vec<Slot> = consumed.iter().map(pick).collect();
				for (place, shape) in reshaped {
					let slot = consumed[place].clone();
					consumed[place] = self.reshape(label, &node.op_type, slot, shape)?;
				}
				self.step(label, &node.op_type, kernel, consumed, origin)?
			}
		};
		let wanted = trimmed(&outputs).len();
		if made.len() < wanted {
			return Err(ModelError::WrongArity {
				node: label.into(),
				reason: format!(
					"output {wanted} is used, but the operator makes {} in this form",
					made.len()
				),
			});
		}
		for (name, mut slot) in outputs.iter().zip(made) {
			if !name.is_empty() {
				// What only moves elements keeps their range.
				if let Some(stored) = narrow.filter(|stored| stored.dtype() == slot.fact.dtype()) {
					slot.fact = slot.fact.stored_as(Some(stored));
				}
				self.slots.insert(name.clone(), slot);
			}
		}
		self.release(&node.input);
		Ok(())
	}

	/// What a kernel makes of these inputs: by a step, or at once if all of them are constant.
	fn step(
		&mut self,
		label: &str,
		op: &str,
		kernel: Arc<dyn Kernel>,
		consumed: Vec<Slot>,
		origin: impl FnOnce() -> Result<Origin, EvalError>,
	) -> Result<Vec<Slot>, ModelError> {
		let refuse = |error| ModelError::of(label, op, error);
		let input_facts: Vec<Fact> = consumed.iter().map(|slot| slot.fact.clone()).collect();
		let output_facts = kernel.infer(&input_facts).map_err(refuse)?;
		let mut step = Step {
			label: label.into(),
			kernel,
			inputs: consumed.into_iter().map(|slot| slot.source).collect(),
			input_facts,
			output_facts,
			origin: None,
		};
		if step.input_facts.iter().all(|fact| fact.konst().is_some()) {
			let values = self.fold(&step)?;
			constants(values).map_err(refuse)
		} else {
			let origin = origin().map_err(|error| internal(&step, &error))?;
			step.origin = Some(Box::new(origin));
			self.push(step)
		}
	}

	/// The same elements in another shape.
	fn reshape(
		&mut self,
		label: &str,
		op: &str,
		slot: Slot,
		shape: Vec<usize>,
	) -> Result<Slot, ModelError> {
		let reshaped = shape.clone();
		let lowered = ops::shaped::reshaped("Reshape", &slot.fact, shape)
			.map_err(|error| ModelError::of(label, op, error))?;
		match lowered {
			Lowered::Step { kernel, .. } => {
				let x = Input::of(&slot.fact, &slot.source, true);
				let origin = || Origin::reshaped(x, &reshaped);
				let mut made = self.step(label, op, kernel, vec![slot], origin)?;
				Ok(made.remove(0))
			}
			Lowered::Alias(_) | Lowered::Constants(_) => Ok(slot),
		}
	}

	/// Lets go of tensors that nothing reads any more.
	fn release(&mut self, names: &[String]) {
		for name in names {
			if let Some(left) = self.uses.get_mut(name) {
				*left -= 1;
				if *left == 0 {
					self.uses.remove(name);
					self.slots.remove(name);
				}
			}
		}
	}

	fn push(&mut self, step: Step) -> Result<Vec<Slot>, ModelError> {
		self.kernel_bytes = self
			.kernel_bytes
			.saturating_add(step.kernel.constant_bytes());
		if self.kernel_bytes > MAX_PLAN_BYTES {
			return Err(ModelError::TooMuchMemory {
				what: "the constants of the plan",
				bytes: self.kernel_bytes,
				limit: MAX_PLAN_BYTES,
			});
		}
		self.check_work(&step.label)?;
		let index = self.steps.len();
		let slots = step
			.output_facts
			.iter()
			.enumerate()
			.map(|(slot, fact)| Slot {
				fact: fact.without_value(),
				source: Source::Step { step: index, slot },
			})
			.collect();
		self.steps.push(step);
		Ok(slots)
	}

	/// Checks the work of folding constants, and of packing more of them than the file holds.
	fn check_work(&self, label: &str) -> Result<(), ModelError> {
		let packing = self.kernel_bytes.saturating_sub(self.file_bytes);
		let packing = Cost::default().with_bytes(packing).work();
		let needed = self.folding_work.saturating_add(packing);
		if needed > MAX_FOLDING_WORK {
			return Err(ModelError::FoldingTooLarge {
				node: label.into(),
				what: "units of work",
				needed,
				limit: MAX_FOLDING_WORK,
			});
		}
		Ok(())
	}

	/// Evaluates a step whose inputs are all constant, once its work and bytes are counted.
	fn fold(&mut self, step: &Step) -> Result<Vec<Arc<Tensor>>, ModelError> {
		let too_large = |what, needed, limit| ModelError::FoldingTooLarge {
			node: step.label.clone(),
			what,
			needed,
			limit,
		};
		let (inputs, outputs) = (&step.input_facts, &step.output_facts);
		let constants = || inputs.iter().filter_map(Fact::konst);
		let subnormals = if constants().any(|value| may_be_subnormal(value)) {
			step.kernel.subnormals(inputs, outputs)
		} else {
			0
		};
		let cost = step.kernel.cost(inputs, outputs);
		self.folding_work = self
			.folding_work
			.saturating_add(cost.with_subnormals(subnormals).work());
		self.check_work(&step.label)?;
		let scratch = step.kernel.scratch_bytes(inputs, outputs);
		self.folding_bytes = outputs
			.iter()
			.map(Fact::bytes)
			.chain([scratch, step.kernel.constant_bytes()])
			.fold(self.folding_bytes, u64::saturating_add);
		if self.folding_bytes > MAX_FOLDING_BYTES {
			return Err(too_large("bytes", self.folding_bytes, MAX_FOLDING_BYTES));
		}
		let values: TVec<TValue> = constants()
			.map(|value| Arc::clone(value).into_tvalue())
			.collect();
		match step.kernel.eval(values) {
			Ok(values) => values
				.into_iter()
				.map(|mut value| {
					canonicalise_nans(&mut value)?;
					Ok(Arc::new(value))
				})
				.collect::<Result<Vec<_>, EvalError>>()
				.map_err(|error| internal(step, &error)),
			Err(EvalError::Domain(error)) => Err(ModelError::FoldingFailed {
				node: step.label.clone(),
				reason: error.to_string(),
			}),
			Err(error) => Err(internal(step, &error)),
		}
	}

	fn output(&mut self, declared: &DeclaredOutput) -> Result<(TensorSchema, Source), ModelError> {
		let slot = self
			.slots
			.get(&declared.name)
			.expect("the guard has checked the outputs");
		let subject = format!("graph output '{}'", declared.name);
		let fact = &slot.fact;
		if declared.dtype.is_some_and(|dtype| dtype != fact.dtype()) {
			return Err(ModelError::ShapeMismatch {
				subject,
				reason: format!(
					"is declared as {}, but the graph makes {}",
					declared.dtype.map_or("", |dtype| dtype.name()),
					fact.dtype()
				),
			});
		}
		if let Some(shape) = &declared.shape {
			let fits = shape.len() == fact.rank()
				&& shape
					.iter()
					.zip(fact.shape())
					.all(|(a, b)| a.is_none_or(|a| a == *b));
			if !fits {
				return Err(ModelError::ShapeMismatch {
					subject,
					reason: format!(
						"is declared with another shape than {:?}, which the graph makes",
						fact.shape()
					),
				});
			}
		}
		let schema = TensorSchema {
			name: declared.name.clone(),
			dtype: fact.dtype(),
			shape: fact.shape().to_vec(),
		};
		Ok((schema, slot.source.clone()))
	}
}

fn internal(step: &Step, error: &EvalError) -> ModelError {
	panic!("the engine cannot fold {}: {error}", step.label)
}

fn trimmed(names: &[String]) -> &[String] {
	let len = names
		.iter()
		.rposition(|name| !name.is_empty())
		.map_or(0, |last| last + 1);
	&names[..len]
}

fn constants(values: Vec<Arc<Tensor>>) -> Result<Vec<Slot>, crate::error::OpError> {
	values
		.into_iter()
		.map(|value| {
			Ok(Slot {
				fact: Fact::constant(Arc::clone(&value))?,
				source: Source::Constant(value),
			})
		})
		.collect()
}

/// Keeps the steps that some output needs, in their order.
pub(crate) fn drop_dead(mut graph: Graph) -> Graph {
	let mut needed = vec![false; graph.steps.len()];
	for (_, source) in &graph.outputs {
		if let Source::Step { step, .. } = source {
			needed[*step] = true;
		}
	}
	for index in (0..graph.steps.len()).rev() {
		if needed[index] {
			for source in &graph.steps[index].inputs {
				if let Source::Step { step, .. } = source {
					needed[*step] = true;
				}
			}
		}
	}
	let mut new_index = vec![usize::MAX; graph.steps.len()];
	let mut kept = 0;
	for (index, needed) in needed.iter().enumerate() {
		if *needed {
			new_index[index] = kept;
			kept += 1;
		}
	}
	let mut keep = needed.iter();
	graph
		.steps
		.retain(|_| *keep.next().expect("one flag for each step"));
	let renumber = |source: &mut Source| {
		if let Source::Step { step, .. } = source {
			*step = new_index[*step];
		}
	};
	graph
		.steps
		.iter_mut()
		.flat_map(Step::sources_mut)
		.for_each(renumber);
	graph
		.outputs
		.iter_mut()
		.map(|(_, source)| source)
		.for_each(renumber);
	graph
}
