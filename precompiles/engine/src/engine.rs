//! The engine's face: build a plan from a file, run a plan on inputs.

use std::{collections::BTreeMap, sync::Arc};

use tract_onnx::prelude::{IntoTValue, TValue, TVec};

use crate::{
	emit::{emit, StepFailure, TractPlan},
	environment::is_ieee,
	error::{ModelError, RunError},
	guard::guard,
	import::{import, Graph},
	kernel::Cost,
	passes::{canonical, optimise},
	tensor::{canonicalise_nans, from_bytes},
	trace::{describe, Description, Undescribed},
	DType, TensorSchema, Value,
};

/// Why a thread must not compute.
pub(crate) const FOREIGN_ARITHMETIC: &str =
	"this thread rounds, or treats subnormal numbers, other than IEEE 754 asks for";

/// What a file is, as [`Engine::build`] has found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
	/// The numerics profile under which it was found out, and which fixes the model's bits.
	pub profile: u16,
	/// What a run must bring, in the graph's order.
	pub inputs: Vec<TensorSchema>,
	/// What a run returns, in the graph's order.
	pub outputs: Vec<TensorSchema>,
	/// What one run costs.
	pub cost: Cost,
	/// Bytes that the plan keeps in memory: constants after folding, and bookkeeping.
	pub plan_bytes: u64,
	/// Most bytes of activations alive at once in a run.
	pub peak_bytes: u64,
	/// Nodes of the ONNX graph.
	pub node_count: u32,
	/// How many nodes there are of each operator type.
	pub ops: BTreeMap<String, u32>,
}

/// The executable form of a model. Any number of runs may share it, also at once.
#[derive(Clone, Debug)]
pub struct Plan {
	report: Report,
	plan: Arc<TractPlan>,
}

impl Plan {
	/// What the model is.
	pub fn report(&self) -> &Report {
		&self.report
	}

	/// Whether every operator of tract's plan is one of this crate's. Building makes sure of it.
	pub fn is_own(&self) -> bool {
		crate::emit::is_own(&self.plan)
	}
}

/// What a run has just done, for [`Profile1::run_observed`].
#[derive(Clone, Copy, Debug)]
pub struct Observed<'a> {
	/// How errors name the step's node.
	pub step: &'a str,
	/// The operator type of the step's kernel.
	pub kernel: &'a str,
	/// The shape of its first output.
	pub shape: &'a [usize],
	/// What the step costs by the report's rule.
	pub cost: Cost,
}

/// Deterministic ONNX inference under one numerics profile.
pub trait Engine {
	/// The profile's number.
	fn profile(&self) -> u16;

	/// Finds out what a file is, and makes its plan. A pure function of the bytes.
	///
	/// # Panics
	///
	/// Only on a bug of the engine, or if other code has changed how this thread rounds; a caller
	/// that must survive it catches the unwinding and treats it as an internal fault, never as a
	/// finding about the file.
	fn build(&self, file: &[u8]) -> Result<Plan, ModelError>;

	/// Runs a plan on inputs in the order of the report. A pure function of model and inputs.
	///
	/// # Panics
	///
	/// Only on a bug of the engine; to be caught and treated like [`RunError::Internal`].
	fn run(&self, plan: &Plan, inputs: &[Value]) -> Result<Vec<Value>, RunError>;
}

/// Numerics profile 1, as `docs/numerics.md` specifies it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Profile1;

impl Engine for Profile1 {
	fn profile(&self) -> u16 {
		1
	}

	fn build(&self, file: &[u8]) -> Result<Plan, ModelError> {
		self.plan(canonical_steps(file)?)
	}

	fn run(&self, plan: &Plan, inputs: &[Value]) -> Result<Vec<Value>, RunError> {
		run(plan, inputs, None)
	}
}

/// The canonical steps of a file.
pub(crate) fn canonical_steps(file: &[u8]) -> Result<Graph, ModelError> {
	let model = guard(file)?;
	assert!(is_ieee(), "{FOREIGN_ARITHMETIC}");
	canonical(import(model)?)
}

impl Profile1 {
	/// Builds a plan like [`build`](Engine::build), and describes the canonical steps, if a referee
	/// could judge by the description. A pure function of the bytes, too.
	pub fn build_described(
		&self,
		file: &[u8],
	) -> Result<(Plan, Result<Description, Undescribed>), ModelError> {
		let graph = canonical_steps(file)?;
		let description = describe(&graph);
		Ok((self.plan(graph)?, description))
	}

	/// The plan of canonical steps.
	fn plan(&self, graph: Graph) -> Result<Plan, ModelError> {
		let graph = optimise(graph)?;
		let emitted = emit(&graph)?;
		let report = Report {
			profile: self.profile(),
			inputs: graph.inputs,
			outputs: graph
				.outputs
				.into_iter()
				.map(|(schema, _)| schema)
				.collect(),
			cost: emitted.cost,
			plan_bytes: emitted.plan_bytes,
			peak_bytes: emitted.peak_bytes,
			node_count: graph.node_count,
			ops: graph.ops,
		};
		Ok(Plan {
			report,
			plan: emitted.plan,
		})
	}

	/// Runs a plan like [`run`](Engine::run), and tells `observer` of each step as it has run.
	pub fn run_observed(
		&self,
		plan: &Plan,
		inputs: &[Value],
		observer: &mut dyn FnMut(Observed<'_>),
	) -> Result<Vec<Value>, RunError> {
		run(plan, inputs, Some(observer))
	}
}

fn run(
	plan: &Plan,
	inputs: &[Value],
	observer: Option<&mut dyn FnMut(Observed<'_>)>,
) -> Result<Vec<Value>, RunError> {
	let inputs = tvalues(inputs, &plan.report.inputs)?;
	let outputs = match observer {
		None => plan.plan.run(inputs),
		Some(observer) => crate::emit::run_observed(&plan.plan, inputs, observer),
	};
	let outputs = outputs.map_err(|error| match error.downcast_ref::<StepFailure>() {
		Some(failure) => RunError::of_step(&failure.step, &failure.error),
		None => RunError::Internal {
			reason: format!("{error:#}"),
		},
	})?;
	if outputs.len() != plan.report.outputs.len() {
		return Err(RunError::Internal {
			reason: format!("{} outputs", outputs.len()),
		});
	}
	outputs
		.into_iter()
		.zip(&plan.report.outputs)
		.map(|(o, schema)| value(&o, schema))
		.collect()
}

/// The inputs of a run as kernels take them, with canonical NaNs.
pub(crate) fn tvalues(
	inputs: &[Value],
	schemas: &[TensorSchema],
) -> Result<TVec<TValue>, RunError> {
	if !is_ieee() {
		return Err(RunError::Internal {
			reason: FOREIGN_ARITHMETIC.into(),
		});
	}
	if inputs.len() != schemas.len() {
		return Err(RunError::SchemaMismatch {
			subject: format!("{} inputs given, {} expected", inputs.len(), schemas.len()),
		});
	}
	// All of them are checked before the first is converted.
	inputs
		.iter()
		.zip(schemas)
		.try_for_each(|(input, schema)| check_schema(input, schema))?;
	inputs
		.iter()
		.zip(schemas)
		.map(|(input, schema)| tvalue(input, schema))
		.collect()
}

fn check_schema(input: &Value, schema: &TensorSchema) -> Result<(), RunError> {
	let mismatch = |what: String| RunError::SchemaMismatch {
		subject: format!("input '{}' {what}", schema.name),
	};
	if input.dtype != schema.dtype {
		return Err(mismatch(format!(
			"is {}, but must be {}",
			input.dtype, schema.dtype
		)));
	}
	if input.shape != schema.shape {
		return Err(mismatch(format!(
			"has shape {:?}, but must have {:?}",
			input.shape, schema.shape
		)));
	}
	// The schema's product is within the limits, so it cannot overflow.
	let bytes = schema.shape.iter().product::<usize>() * schema.dtype.size();
	if input.data.len() != bytes {
		return Err(mismatch(format!(
			"has {} bytes, but must have {bytes}",
			input.data.len()
		)));
	}
	Ok(())
}

fn internal(error: &crate::error::EvalError) -> RunError {
	RunError::Internal {
		reason: error.to_string(),
	}
}

fn tvalue(input: &Value, schema: &TensorSchema) -> Result<TValue, RunError> {
	match from_bytes(input.dtype, &input.shape, &input.data).map_err(|error| internal(&error))? {
		Ok(tensor) => Ok(tensor.into_tvalue()),
		Err(position) => Err(RunError::InvalidValue {
			subject: format!(
				"bool {position} of input '{}' is neither 0 nor 1",
				schema.name
			),
		}),
	}
}

/// An output of a run as it crosses the crate's boundary.
pub(crate) fn value(output: &TValue, schema: &TensorSchema) -> Result<Value, RunError> {
	let dtype = DType::from_datum_type(output.datum_type());
	if dtype != Some(schema.dtype) || output.shape() != schema.shape {
		return Err(RunError::Internal {
			reason: format!("output '{}' came out as {output:?}", schema.name),
		});
	}
	let foreign = crate::tensor::has_foreign_nan(output).map_err(|error| internal(&error))?;
	let data = if foreign {
		let mut tensor = (**output).clone();
		canonicalise_nans(&mut tensor).map_err(|error| internal(&error))?;
		tensor.as_bytes().to_vec()
	} else {
		output.as_bytes().to_vec()
	};
	Ok(Value {
		dtype: schema.dtype,
		shape: schema.shape.clone(),
		data,
	})
}
