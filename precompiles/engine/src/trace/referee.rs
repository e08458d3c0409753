//! Runs one step again from its description.

use std::sync::Arc;

use tract_onnx::prelude::{IntoTValue, TValue, TVec, Tensor};

use super::{
	attributes,
	describe::{cost_alone, memory_alone},
	run::digest,
	spec::{Leaf, Operand, StepSpec, CHANNEL_AFFINE, INPUTS, OUTPUTS},
};
use crate::{
	attrs::Attrs,
	engine::FOREIGN_ARITHMETIC,
	environment::is_ieee,
	error::EvalError,
	fact::{check_bytes, Fact},
	guard::OPSETS,
	kernel::Kernel,
	limits::{MAX_PEAK_BYTES, MAX_RUN_WORK, MAX_STEP_TENSORS},
	ops::{self, batch_normalization::ChannelAffine, Lowered, NodeCtx},
	storage::Storage,
	tensor::{canonicalise_nans, from_bytes, reshape},
	DType,
};

/// Why a step could not be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
	/// The description is none that the engine can have made.
	#[error("no description of a step: {reason}")]
	BadStep {
		/// What is wrong with it.
		reason: String,
	},
	/// Another number of tensors than the description has operands with elements.
	#[error("{given} tensors given, {expected} expected")]
	TensorCount {
		/// How many there are.
		given: usize,
		/// How many there must be.
		expected: usize,
	},
	/// A tensor is not as long as the description says, or holds a bool that is neither 0 nor 1.
	#[error("tensor {index} {reason}")]
	BadTensor {
		/// Its place among the tensors.
		index: usize,
		/// What is wrong with it.
		reason: String,
	},
	/// A fault of the engine or of the machine, as [`RunError::Internal`](crate::RunError::Internal).
	#[error("internal fault: {reason}")]
	Internal {
		/// What happened.
		reason: String,
	},
}

fn bad(reason: impl ToString) -> StepError {
	StepError::BadStep {
		reason: reason.to_string(),
	}
}

fn internal(error: &EvalError) -> StepError {
	StepError::Internal {
		reason: error.to_string(),
	}
}

/// What a step makes of these tensors: the elements of the operands that have some, in their order,
/// row-major, little endian, packed. A pure function.
///
/// Whether the tensors are those that the description names by hash or by leaf is for the caller to
/// check. Descriptions are held to the limits of files, and to the cost that they state.
///
/// # Panics
///
/// As [`Engine::run`](crate::Engine::run).
pub fn run_step(spec: &StepSpec, tensors: &[&[u8]]) -> Result<Leaf, StepError> {
	if !is_ieee() {
		return Err(StepError::Internal {
			reason: FOREIGN_ARITHMETIC.into(),
		});
	}
	if spec.inputs.len().max(spec.outputs.len()) > MAX_STEP_TENSORS {
		return Err(bad("too many operands or outputs"));
	}
	let operands = operands(spec, tensors)?;
	if spec.op_type == OUTPUTS {
		return outputs_of_run(&operands);
	}
	let Alone {
		kernel,
		values,
		input_facts,
		output_facts,
	} = Alone::build(spec, operands)?;
	let bytes: Vec<u64> = tensors.iter().map(|tensor| tensor.len() as u64).collect();
	let memory = memory_alone(&*kernel, &input_facts, &output_facts, &bytes);
	if memory > MAX_PEAK_BYTES {
		return Err(bad(format!("takes {memory} bytes")));
	}
	let cost = cost_alone(&*kernel, &input_facts, &output_facts, &bytes);
	if cost != spec.cost || cost.work() > MAX_RUN_WORK {
		return Err(bad(format!("costs {cost:?}")));
	}
	let mut outputs = match kernel.eval(values) {
		Ok(outputs) => outputs,
		Err(EvalError::Domain(error)) => return Ok(Leaf::Failed((&error).into())),
		Err(error) => return Err(internal(&error)),
	};
	let fits = |(output, fact): (&Tensor, &Fact)| {
		output.datum_type() == fact.dtype().datum_type() && output.shape() == fact.shape()
	};
	if outputs.len() != output_facts.len() || !outputs.iter().zip(&output_facts).all(fits) {
		return Err(StepError::Internal {
			reason: format!("{} made {outputs:?}", spec.op_type),
		});
	}
	outputs
		.iter_mut()
		.try_for_each(canonicalise_nans)
		.map_err(|error| internal(&error))?;
	leaf(outputs.iter())
}

fn leaf<'a>(tensors: impl Iterator<Item = &'a Tensor>) -> Result<Leaf, StepError> {
	let digests = tensors.map(digest).collect::<Result<_, _>>();
	digests.map(Leaf::Tensors).map_err(|error| internal(&error))
}

fn outputs_of_run(operands: &[Option<Given>]) -> Result<Leaf, StepError> {
	let tensors = operands.iter().map(|operand| {
		let value = operand.as_ref().and_then(|given| given.value.as_deref());
		value.ok_or_else(|| bad("an output of the run without elements"))
	});
	leaf(tensors.collect::<Result<Vec<_>, _>>()?.into_iter())
}

/// An operand as it is given.
struct Given {
	/// What a build function sees.
	fact: Fact,
	/// The elements, if they go into the step.
	value: Option<Arc<Tensor>>,
}

/// The operands of a description, with their tensors.
fn operands(spec: &StepSpec, tensors: &[&[u8]]) -> Result<Vec<Option<Given>>, StepError> {
	let expected = spec.inputs.iter().filter_map(Operand::elements).count();
	if tensors.len() != expected {
		return Err(StepError::TensorCount {
			given: tensors.len(),
			expected,
		});
	}
	let mut rest = tensors.iter().enumerate();
	let mut given = Vec::with_capacity(spec.inputs.len());
	for operand in &spec.inputs {
		let value = match operand.elements() {
			None => None,
			Some((dtype, shape)) => {
				let (index, bytes) = rest.next().expect("they have been counted");
				Some(Arc::new(tensor(index, dtype, shape, bytes)?))
			}
		};
		let (dtype, shape, storage) = match operand {
			Operand::Omitted => {
				given.push(None);
				continue;
			}
			Operand::Constant { digest, storage } => (digest.dtype, &digest.shape, *storage),
			Operand::Leaf {
				dtype,
				shape,
				storage,
				..
			}
			| Operand::Typed {
				dtype,
				shape,
				storage,
			} => (*dtype, shape, *storage),
		};
		let fact = match (operand, &value) {
			(Operand::Constant { .. }, Some(value)) => Fact::constant(Arc::clone(value)),
			_ => Fact::new(dtype, shape.clone()),
		};
		let fact = fact.map_err(bad)?.stored_as(storage_of(storage, dtype)?);
		given.push(Some(Given { fact, value }));
	}
	Ok(given)
}

/// A tensor of so many bytes as its shape says, NaNs made canonical.
fn tensor(index: usize, dtype: DType, shape: &[usize], bytes: &[u8]) -> Result<Tensor, StepError> {
	let expected = check_bytes(dtype, shape).map_err(bad)?;
	let wrong = |reason| StepError::BadTensor { index, reason };
	if bytes.len() as u64 != expected {
		return Err(wrong(format!(
			"has {} bytes, but must have {expected}",
			bytes.len()
		)));
	}
	match from_bytes(dtype, shape, bytes).map_err(|error| internal(&error))? {
		Ok(tensor) => Ok(tensor),
		Err(position) => Err(wrong(format!("has a bool at {position} that is none"))),
	}
}

fn storage_of(number: u8, dtype: DType) -> Result<Option<Storage>, StepError> {
	if number == 0 {
		return Ok(None);
	}
	Storage::from_onnx(number.into())
		.filter(|storage| storage.dtype() == dtype)
		.map(Some)
		.ok_or_else(|| bad(format!("{dtype} stored as type {number}")))
}

/// A step that stands alone, ready to run.
struct Alone {
	kernel: Arc<dyn Kernel>,
	values: TVec<TValue>,
	input_facts: Vec<Fact>,
	output_facts: Vec<Fact>,
}

impl Alone {
	/// Lowers the description as the importer lowers its node.
	fn build(spec: &StepSpec, operands: Vec<Option<Given>>) -> Result<Self, StepError> {
		let facts: Vec<Option<Fact>> = operands
			.iter()
			.map(|operand| operand.as_ref().map(|given| given.fact.clone()))
			.collect();
		let (kernel, inputs, reshaped) = lower(spec, &facts)?;
		// The kernel takes in the last reference to what it alone reads.
		drop(facts);
		let mut values: Vec<Option<Arc<Tensor>>> = vec![];
		let mut input_facts = vec![];
		for index in inputs {
			let given = operands.get(index).and_then(Option::as_ref);
			let given = given.ok_or_else(|| bad(format!("operand {index} is missing")))?;
			values.push(given.value.clone());
			input_facts.push(given.fact.clone());
		}
		drop(operands);
		for (place, shape) in reshaped {
			let (Some(value), Some(fact)) = (values.get_mut(place), input_facts.get_mut(place))
			else {
				return Err(bad("reshapes what it does not take"));
			};
			reshape_operand(value, fact, shape)?;
		}
		let output_facts = kernel.infer(&input_facts).map_err(bad)?;
		let used = spec.outputs.iter().rposition(|used| *used);
		if used.is_some_and(|last| last >= output_facts.len())
			|| output_facts.len() > MAX_STEP_TENSORS
		{
			return Err(bad(format!("makes {} outputs", output_facts.len())));
		}
		let values = values
			.into_iter()
			.map(|value| Some(value?.into_tvalue()))
			.collect::<Option<TVec<_>>>()
			.ok_or_else(|| bad("takes in an operand without elements"))?;
		Ok(Self {
			kernel,
			values,
			input_facts,
			output_facts,
		})
	}
}

/// The kernel, the operands that it takes in, and those of them that it takes in another shape.
type Kernelled = (Arc<dyn Kernel>, Vec<usize>, Vec<(usize, Vec<usize>)>);

fn lower(spec: &StepSpec, facts: &[Option<Fact>]) -> Result<Kernelled, StepError> {
	if spec.op_type == CHANNEL_AFFINE {
		return channel_affine(spec, facts);
	}
	if spec.op_type == INPUTS || !ops::is_known(&spec.op_type) {
		return Err(bad("no operator of the engine"));
	}
	let opset = i64::from(spec.opset);
	let is_known = OPSETS.contains(&opset) || (opset == 0 && ops::is_ml(&spec.op_type));
	if !is_known {
		return Err(bad(format!("opset {opset}")));
	}
	let attributes = attributes::decode(&spec.attributes).map_err(bad)?;
	let name = |(index, used): (usize, &bool)| match used {
		true => index.to_string(),
		false => String::new(),
	};
	let outputs: Vec<String> = spec.outputs.iter().enumerate().map(name).collect();
	let node = NodeCtx {
		op_type: &spec.op_type,
		opset,
		attrs: Attrs::new(&attributes).map_err(bad)?,
		outputs: &outputs,
	};
	match ops::build(&node, facts) {
		Some(Ok(Lowered::Step {
			kernel,
			inputs,
			reshaped,
		})) => Ok((kernel, inputs, reshaped)),
		Some(Ok(_)) | None => Err(bad("makes no step")),
		Some(Err(error)) => Err(bad(error)),
	}
}

/// A normalisation with constant parameters, one of each for each channel.
fn channel_affine(spec: &StepSpec, facts: &[Option<Fact>]) -> Result<Kernelled, StepError> {
	let [Some(x), Some(mean), Some(a), Some(b)] = facts else {
		return Err(bad("must have four operands"));
	};
	let fits =
		|parameter: &Fact| parameter.dtype() == x.dtype() && parameter.shape() == &x.shape()[1..2];
	if !x.dtype().is_float() || x.rank() < 2 || ![mean, a, b].into_iter().all(fits) {
		return Err(bad("must have floats, and parameters by channel"));
	}
	if spec.opset != 0 || !spec.attributes.is_empty() || spec.outputs != [true] {
		return Err(bad("has more than operands"));
	}
	Ok((Arc::new(ChannelAffine::default()), vec![0, 1, 2, 3], vec![]))
}

/// What the importer does by a step of its own, or at once to a constant.
fn reshape_operand(
	value: &mut Option<Arc<Tensor>>,
	fact: &mut Fact,
	shape: Vec<usize>,
) -> Result<(), StepError> {
	let new = Fact::new(fact.dtype(), shape).map_err(bad)?;
	if new.len() != fact.len() {
		return Err(bad("reshapes an operand to another size"));
	}
	let Some(given) = value.take() else {
		return Err(bad("takes in an operand without elements"));
	};
	let is_constant = fact.konst().is_some();
	*fact = new.clone();
	let tensor = Arc::unwrap_or_clone(given);
	let tensor = reshape(tensor, new.shape()).map_err(|error| internal(&error))?;
	let tensor = Arc::new(tensor);
	if is_constant {
		*fact = Fact::constant(Arc::clone(&tensor)).map_err(bad)?;
	}
	*value = Some(tensor);
	Ok(())
}
