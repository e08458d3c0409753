//! Between the engine's types and those that cross crates.

use noema_engine::{trace::Description, DType as EngineDType, ModelError, Report, RunError, Value};
use noema_primitives::{
	tensor::{named, MAX_TENSOR_BYTES},
	Cost, DType, ModelReport, NamedTensor, Refusal, RefusalCode, Tensor, TensorSchema,
};

use super::{call_kind::Failure, steps};
use crate::Status;

pub(super) fn dtype(dtype: EngineDType) -> DType {
	match dtype {
		EngineDType::F32 => DType::F32,
		EngineDType::F64 => DType::F64,
		EngineDType::U8 => DType::U8,
		EngineDType::I8 => DType::I8,
		EngineDType::U16 => DType::U16,
		EngineDType::I16 => DType::I16,
		EngineDType::U32 => DType::U32,
		EngineDType::I32 => DType::I32,
		EngineDType::U64 => DType::U64,
		EngineDType::I64 => DType::I64,
		EngineDType::Bool => DType::Bool,
	}
}

pub(super) fn engine_dtype(dtype: DType) -> EngineDType {
	match dtype {
		DType::F32 => EngineDType::F32,
		DType::F64 => EngineDType::F64,
		DType::U8 => EngineDType::U8,
		DType::I8 => EngineDType::I8,
		DType::U16 => EngineDType::U16,
		DType::I16 => EngineDType::I16,
		DType::U32 => EngineDType::U32,
		DType::I32 => EngineDType::I32,
		DType::U64 => EngineDType::U64,
		DType::I64 => EngineDType::I64,
		DType::Bool => EngineDType::Bool,
	}
}

pub(super) fn shape(shape: &[usize]) -> Option<Vec<u32>> {
	shape.iter().map(|dim| u32::try_from(*dim).ok()).collect()
}

fn schema(schema: &noema_engine::TensorSchema) -> Option<TensorSchema> {
	Some(TensorSchema {
		name: schema.name.as_bytes().to_vec().try_into().ok()?,
		dtype: dtype(schema.dtype),
		shape: shape(&schema.shape)?.try_into().ok()?,
	})
}

/// The cost as the chain stores it.
pub(super) fn cost(cost: noema_engine::Cost) -> Cost {
	Cost {
		macs: cost.macs,
		bytes: cost.bytes,
		steps: cost.steps,
		transcendentals: cost.transcendentals,
	}
}

/// The report as the chain stores it, with the commitment to the plan's steps where they have a
/// description; `None` if the interface is beyond the chain's bounds: more
/// inputs or outputs, longer names, or larger tensors than a call can carry.
pub(super) fn report(report: &Report, steps: Option<&Description>) -> Option<ModelReport> {
	let schemas = |schemas: &[noema_engine::TensorSchema]| {
		let schemas = schemas.iter().map(schema).collect::<Option<Vec<_>>>()?;
		let fit = schemas.iter().all(|schema| {
			Tensor::byte_len(schema.dtype, &schema.shape)
				.is_some_and(|bytes| bytes <= MAX_TENSOR_BYTES.into())
		});
		fit.then_some(schemas)?.try_into().ok()
	};
	Some(ModelReport {
		profile: report.profile,
		inputs: schemas(&report.inputs)?,
		outputs: schemas(&report.outputs)?,
		cost: cost(report.cost),
		plan_bytes: report.plan_bytes,
		peak_bytes: report.peak_bytes,
		node_count: report.node_count,
		plan: steps.and_then(steps::commitment).unwrap_or_default(),
	})
}

/// The refusal of a model that the engine admits and the chain's types cannot hold.
pub(super) fn interface_refusal() -> Refusal {
	Refusal::new(RefusalCode::BadInterface, "inputs and outputs")
}

/// Why the engine refused a file, as the chain stores it.
pub(super) fn refusal(error: &ModelError) -> Refusal {
	let code = match error {
		ModelError::NotOnnx { .. } => RefusalCode::NotOnnx,
		ModelError::FileTooLarge { .. } => RefusalCode::FileTooLarge,
		ModelError::UnsupportedVersion { .. } => RefusalCode::UnsupportedVersion,
		ModelError::UnsupportedOp { .. } => RefusalCode::UnsupportedOp,
		ModelError::UnsupportedDomain { .. } => RefusalCode::UnsupportedDomain,
		ModelError::UnsupportedDType { .. } => RefusalCode::UnsupportedDType,
		ModelError::DynamicShape { .. } => RefusalCode::DynamicShape,
		ModelError::ShapeOverflow { .. } => RefusalCode::ShapeOverflow,
		ModelError::TooManyItems { .. } => RefusalCode::TooManyItems,
		ModelError::RankTooHigh { .. } => RefusalCode::RankTooHigh,
		ModelError::TensorTooLarge { .. } => RefusalCode::TensorTooLarge,
		ModelError::ExternalData { .. } => RefusalCode::ExternalData,
		ModelError::UnsupportedFeature { .. } => RefusalCode::UnsupportedFeature,
		ModelError::NotTopological { .. } => RefusalCode::NotTopological,
		ModelError::DuplicateName { .. } => RefusalCode::DuplicateName,
		ModelError::UndefinedTensor { .. } => RefusalCode::UndefinedTensor,
		ModelError::BadTensor { .. } => RefusalCode::BadTensor,
		ModelError::BadAttribute { .. } => RefusalCode::BadAttribute,
		ModelError::ShapeMismatch { .. } => RefusalCode::ShapeMismatch,
		ModelError::WrongArity { .. } => RefusalCode::WrongArity,
		ModelError::NotConstant { .. } => RefusalCode::NotConstant,
		ModelError::FoldingTooLarge { .. } => RefusalCode::FoldingTooLarge,
		ModelError::FoldingFailed { .. } => RefusalCode::FoldingFailed,
		ModelError::TooExpensive { .. } => RefusalCode::TooExpensive,
		ModelError::TooMuchMemory { .. } => RefusalCode::TooMuchMemory,
		ModelError::BadInterface { .. } => RefusalCode::BadInterface,
	};
	Refusal::new(code, &error.subject())
}

/// The inputs as the engine takes them; `None` if their names are not the schema's, in its order.
/// Types, shapes and lengths are the engine's to check.
pub(super) fn inputs(
	schemas: &[noema_engine::TensorSchema],
	inputs: Vec<NamedTensor>,
) -> Option<Vec<Value>> {
	let names_fit = inputs.len() == schemas.len()
		&& inputs
			.iter()
			.zip(schemas)
			.all(|(t, s)| t.name[..] == *s.name.as_bytes());
	names_fit.then(|| inputs.into_iter().map(value).collect())
}

fn value(tensor: NamedTensor) -> Value {
	Value {
		dtype: engine_dtype(tensor.tensor.dtype),
		shape: tensor
			.tensor
			.shape
			.iter()
			.map(|dim| *dim as usize)
			.collect(),
		data: tensor.tensor.data.into_inner(),
	}
}

/// The outputs as the runtime takes them; `None` if one is beyond the chain's bounds.
pub(super) fn outputs<'a>(
	schemas: impl IntoIterator<Item = &'a noema_engine::TensorSchema>,
	outputs: Vec<Value>,
) -> Option<Vec<NamedTensor>> {
	schemas
		.into_iter()
		.zip(outputs)
		.map(|(schema, value)| {
			named(
				&schema.name,
				dtype(value.dtype),
				&shape(&value.shape)?,
				value.data,
			)
		})
		.collect()
}

/// What a failed run means for the call.
pub(super) fn run_failure(error: RunError) -> Failure {
	match error {
		RunError::IndexOutOfRange { .. } => Status::IndexOutOfRange.into(),
		RunError::DivisionByZero { .. } => Status::DivisionByZero.into(),
		RunError::InvalidValue { .. } => Status::InvalidValue.into(),
		RunError::SchemaMismatch { .. } => Status::SchemaMismatch.into(),
		RunError::Internal { .. } => Failure::Internal(error.to_string()),
	}
}
