//! Chooses the layout of activations, once.
//!
//! Kernels of windows over spatial axes run on values whose channels lie last, where vectors go
//! across channels and the window's pieces are contiguous; elementwise kernels and concatenations
//! between them go along. Transposes stand where such a value meets a kernel without such a form,
//! at most one for each value and layout. Moving elements changes no bit.

use std::{collections::HashMap, sync::Arc};

use tract_onnx::prelude::Tensor;

use super::{channels_first_axes, channels_last_axes};
use crate::{
	error::{EvalError, ModelError},
	fact::Fact,
	import::{drop_dead, Graph, Source, Step},
	kernel::Layout,
	limits::MAX_PLAN_BYTES,
	ops::{copy::View, shaped::materialise, transpose::permuted},
};

/// A value of the graph before the pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Value {
	Input(usize),
	Step(usize, usize),
}

impl Value {
	fn of(source: &Source) -> Option<Self> {
		match source {
			Source::Input(index) => Some(Self::Input(*index)),
			Source::Step { step, slot } => Some(Self::Step(*step, *slot)),
			Source::Constant(_) => None,
		}
	}
}

/// Where a value lies in either layout, with the fact of that layout.
#[derive(Clone, Debug, Default)]
struct Places {
	given: Option<(Source, Fact)>,
	last: Option<(Source, Fact)>,
}

struct Arranger {
	steps: Vec<Step>,
	places: HashMap<Value, Places>,
	constant_bytes: u64,
}

pub(super) fn arrange(graph: Graph) -> Result<Graph, ModelError> {
	let Graph {
		inputs,
		outputs,
		steps,
		node_count,
		ops,
		folding_bytes,
		file_bytes,
	} = graph;
	let mut arranger = Arranger {
		steps: vec![],
		places: HashMap::new(),
		constant_bytes: 0,
	};
	for (index, input) in inputs.iter().enumerate() {
		let fact = Fact::new(input.dtype, input.shape.clone())
			.map_err(|error| ModelError::of(&format!("graph input '{}'", input.name), "", error))?;
		let places = Places {
			given: Some((Source::Input(index), fact)),
			last: None,
		};
		arranger.places.insert(Value::Input(index), places);
	}
	for (index, step) in steps.into_iter().enumerate() {
		arranger.arrange(index, step)?;
	}
	let outputs = outputs
		.into_iter()
		.map(|(schema, source)| {
			let label = format!("graph output '{}'", schema.name);
			let (source, _) = arranger.given(&label, &source)?;
			Ok((schema, source))
		})
		.collect::<Result<_, ModelError>>()?;
	Ok(drop_dead(Graph {
		inputs,
		outputs,
		steps: arranger.steps,
		node_count,
		ops,
		folding_bytes,
		file_bytes,
	}))
}

impl Arranger {
	fn arrange(&mut self, index: usize, step: Step) -> Result<(), ModelError> {
		let form = step.kernel.channels_last(&step.input_facts);
		let form = form.filter(|form| {
			form.demanded
				|| form.inputs.iter().any(|(input, layout)| {
					let value = Value::of(&step.inputs[*input]);
					let places = value.and_then(|value| self.places.get(&value));
					*layout == Layout::ChannelsLast
						&& places.is_some_and(|places| places.last.is_some())
				})
		});
		let (label, is_last) = (step.label, form.is_some());
		let (kernel, inputs) = match form {
			Some(form) => {
				let rank = step.output_facts[0].rank();
				let inputs = form
					.inputs
					.iter()
					.map(|(input, layout)| match layout {
						Layout::ChannelsLast => self.last(&label, &step.inputs[*input], rank),
						Layout::Given => self.given(&label, &step.inputs[*input]),
					})
					.collect::<Result<Vec<_>, _>>()?;
				(form.kernel.unwrap_or(step.kernel), inputs)
			}
			None => {
				let inputs = step
					.inputs
					.iter()
					.map(|source| self.given(&label, source))
					.collect::<Result<Vec<_>, _>>()?;
				(step.kernel, inputs)
			}
		};
		self.constant_bytes = self.constant_bytes.saturating_add(kernel.constant_bytes());
		if self.constant_bytes > MAX_PLAN_BYTES {
			return Err(ModelError::TooMuchMemory {
				what: "the constants of the plan",
				bytes: self.constant_bytes,
				limit: MAX_PLAN_BYTES,
			});
		}
		let (inputs, input_facts): (Vec<_>, Vec<_>) = inputs.into_iter().unzip();
		let refuse = |error| ModelError::of(&label, kernel.name(), error);
		let output_facts = kernel.infer(&input_facts).map_err(refuse)?;
		for (slot, fact) in output_facts.iter().enumerate() {
			let source = Source::Step {
				step: self.steps.len(),
				slot,
			};
			let place = Some((source, fact.without_value()));
			let places = if is_last {
				Places {
					given: None,
					last: place,
				}
			} else {
				Places {
					given: place,
					last: None,
				}
			};
			self.places.insert(Value::Step(index, slot), places);
		}
		self.steps.push(Step {
			label,
			kernel,
			inputs,
			input_facts,
			output_facts,
			origin: None,
		});
		Ok(())
	}

	/// The value in the layout of ONNX.
	fn given(&mut self, label: &str, source: &Source) -> Result<(Source, Fact), ModelError> {
		let Some(value) = Value::of(source) else {
			return constant(label, source);
		};
		let places = self.places.get(&value).cloned().unwrap_or_default();
		if let Some(place) = places.given {
			return Ok(place);
		}
		let from = places.last.expect("a value lies somewhere");
		let place = self.permuted(label, from, &channels_first_axes)?;
		self.places.entry(value).or_default().given = Some(place.clone());
		Ok(place)
	}

	/// The value with channels last; a constant as one of this rank.
	fn last(
		&mut self,
		label: &str,
		source: &Source,
		rank: usize,
	) -> Result<(Source, Fact), ModelError> {
		let axes = |rank| channels_last_axes(rank).unwrap_or_else(|| (0..rank).collect());
		let Some(value) = Value::of(source) else {
			let Source::Constant(tensor) = source else {
				return constant(label, source);
			};
			let arranged = arranged(tensor, rank, &axes(rank))
				.unwrap_or_else(|error| panic!("the engine cannot arrange a constant: {error}"));
			return constant(label, &Source::Constant(Arc::new(arranged)));
		};
		let places = self.places.get(&value).cloned().unwrap_or_default();
		if let Some(place) = places.last {
			return Ok(place);
		}
		let from = places.given.expect("a value lies somewhere");
		let place = self.permuted(label, from, &axes)?;
		self.places.entry(value).or_default().last = Some(place.clone());
		Ok(place)
	}

	/// A step that permutes the axes of a value; none if that moves nothing.
	fn permuted(
		&mut self,
		label: &str,
		(source, fact): (Source, Fact),
		axes: &dyn Fn(usize) -> Vec<usize>,
	) -> Result<(Source, Fact), ModelError> {
		let refuse = |error| ModelError::of(label, "Transpose", error);
		let Some(kernel) = permuted(&fact, &axes(fact.rank())).map_err(refuse)? else {
			return Ok((source, fact));
		};
		let output_facts = kernel
			.infer(std::slice::from_ref(&fact))
			.map_err(|error| ModelError::of(label, "Transpose", error))?;
		let made = output_facts[0].clone();
		self.steps.push(Step {
			label: label.into(),
			kernel,
			inputs: vec![source],
			input_facts: vec![fact],
			output_facts,
			origin: None,
		});
		let source = Source::Step {
			step: self.steps.len() - 1,
			slot: 0,
		};
		Ok((source, made))
	}
}

fn constant(label: &str, source: &Source) -> Result<(Source, Fact), ModelError> {
	let Source::Constant(tensor) = source else {
		unreachable!("every other source is a value");
	};
	let fact = Fact::constant(Arc::clone(tensor))
		.map_err(|error| ModelError::of(label, "Constant", error))?;
	Ok((source.clone(), fact))
}

/// A constant of this rank, leading axes of length one added, with its axes in this order.
pub(crate) fn arranged(tensor: &Tensor, rank: usize, axes: &[usize]) -> Result<Tensor, EvalError> {
	let mut shape = vec![1; rank.saturating_sub(tensor.rank())];
	shape.extend(tensor.shape());
	let view = View::of(&shape).permuted(axes);
	materialise(&view, tensor, &view.shape.clone())
}
