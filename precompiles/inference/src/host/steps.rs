//! Descriptions of steps and leaves, between the engine's types and those that cross crates.

use noema_engine::{trace as engine, Cost as EngineCost};
use noema_primitives::{
	trace::{root, step_hash, Failure, Operand, MAX_LEAVES},
	Cost, Leaf, PlanCommitment, StepSpec, TensorDigest,
};

use super::convert::{cost, dtype, engine_dtype, shape};

/// What admission commits to of described steps; `None` if one is beyond the chain's bounds, which
/// the engine's limits keep it from.
pub(super) fn commitment(steps: &engine::Description) -> Option<PlanCommitment> {
	let leaves = u32::try_from(steps.steps.len()).ok()?;
	if leaves > MAX_LEAVES {
		return None;
	}
	let hashes = (0..)
		.zip(&steps.steps)
		.map(|(index, step)| Some(step_hash(index, &spec(step)?)))
		.collect::<Option<Vec<_>>>()?;
	Some(PlanCommitment {
		root: root(&hashes),
		leaves,
		heaviest_step: cost(steps.heaviest),
		most_step_bytes: steps.most_bytes,
	})
}

/// A description as the chain knows it.
pub(super) fn spec(step: &engine::StepSpec) -> Option<StepSpec> {
	let inputs = step
		.inputs
		.iter()
		.map(operand)
		.collect::<Option<Vec<_>>>()?;
	Some(StepSpec {
		op_type: step.op_type.as_bytes().to_vec().try_into().ok()?,
		opset: step.opset,
		attributes: step.attributes.clone().try_into().ok()?,
		outputs: step.outputs.clone().try_into().ok()?,
		inputs: inputs.try_into().ok()?,
		cost: cost(step.cost),
	})
}

fn operand(operand: &engine::Operand) -> Option<Operand> {
	Some(match operand {
		engine::Operand::Omitted => Operand::Omitted,
		engine::Operand::Constant {
			digest: constant,
			storage,
		} => Operand::Constant {
			digest: digest(constant)?,
			storage: *storage,
		},
		engine::Operand::Leaf {
			index,
			slot,
			dtype: of,
			shape: dims,
			storage,
		} => Operand::Leaf {
			index: *index,
			slot: *slot,
			dtype: dtype(*of),
			shape: shape(dims)?.try_into().ok()?,
			storage: *storage,
		},
		engine::Operand::Typed {
			dtype: of,
			shape: dims,
			storage,
		} => Operand::Typed {
			dtype: dtype(*of),
			shape: shape(dims)?.try_into().ok()?,
			storage: *storage,
		},
	})
}

pub(super) fn digest(digest: &engine::TensorDigest) -> Option<TensorDigest> {
	Some(TensorDigest {
		dtype: dtype(digest.dtype),
		shape: shape(&digest.shape)?.try_into().ok()?,
		hash: digest.hash,
	})
}

/// A leaf as the chain knows it; `None` if it is beyond the chain's bounds.
pub(super) fn leaf(leaf: &engine::Leaf) -> Option<Leaf> {
	Some(match leaf {
		engine::Leaf::Tensors(tensors) => {
			let tensors = tensors.iter().map(digest).collect::<Option<Vec<_>>>()?;
			Leaf::Tensors(tensors.try_into().ok()?)
		}
		engine::Leaf::Failed(failed) => Leaf::Failed(failure(*failed)),
	})
}

const fn failure(failure: engine::Failure) -> Failure {
	match failure {
		engine::Failure::IndexOutOfRange => Failure::IndexOutOfRange,
		engine::Failure::DivisionByZero => Failure::DivisionByZero,
		engine::Failure::InvalidValue => Failure::InvalidValue,
	}
}

/// A description as the engine knows it; `None` if its operator type is no text.
pub(super) fn engine_spec(step: &StepSpec) -> Option<engine::StepSpec> {
	Some(engine::StepSpec {
		op_type: String::from_utf8(step.op_type.to_vec()).ok()?,
		opset: step.opset,
		attributes: step.attributes.to_vec(),
		outputs: step.outputs.to_vec(),
		inputs: step.inputs.iter().map(engine_operand).collect(),
		cost: engine_cost(step.cost),
	})
}

fn dims(shape: &[u32]) -> Vec<usize> {
	shape.iter().map(|dim| *dim as usize).collect()
}

fn engine_operand(operand: &Operand) -> engine::Operand {
	match operand {
		Operand::Omitted => engine::Operand::Omitted,
		Operand::Constant { digest, storage } => engine::Operand::Constant {
			digest: engine::TensorDigest {
				dtype: engine_dtype(digest.dtype),
				shape: dims(&digest.shape),
				hash: digest.hash,
			},
			storage: *storage,
		},
		Operand::Leaf {
			index,
			slot,
			dtype,
			shape,
			storage,
		} => engine::Operand::Leaf {
			index: *index,
			slot: *slot,
			dtype: engine_dtype(*dtype),
			shape: dims(shape),
			storage: *storage,
		},
		Operand::Typed {
			dtype,
			shape,
			storage,
		} => engine::Operand::Typed {
			dtype: engine_dtype(*dtype),
			shape: dims(shape),
			storage: *storage,
		},
	}
}

const fn engine_cost(cost: Cost) -> EngineCost {
	EngineCost {
		macs: cost.macs,
		bytes: cost.bytes,
		steps: cost.steps,
		transcendentals: cost.transcendentals,
	}
}
