//! NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss.
//!
//! The loss of a place is `-x[target] · weight[target]` (without weights `-x[target]`), +0 where the
//! target is `ignore_index`. `sum` adds the losses in row-major order from +0; `mean` divides that sum
//! by the sum of the weights that count, likewise. For SoftmaxCrossEntropyLoss x is LogSoftmax of the
//! scores over axis 1. A target that is no class is a deterministic failure.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{index, part::Part, Inputs, Lowered, NodeCtx};
use crate::{
	error::{DomainError, EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	math::Float,
	tensor::{build as build_tensor, dtype, from_slice, indices, slice},
	DType,
};

/// Attributes of both.
pub(super) const ATTRIBUTES: &[&str] = &["ignore_index", "reduction"];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Reduction {
	None,
	Sum,
	Mean,
}

#[derive(Debug)]
struct Loss {
	name: &'static str,
	log_softmax: Option<Part>,
	reduction: Reduction,
	ignored: Option<i64>,
	has_weights: bool,
	/// Whether the logarithms are an output too.
	shows_logs: bool,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (x, target) = (inputs.required(0)?, inputs.required(1)?);
	x.expect("the scores", &DType::FLOATS)?;
	x.expect_rank("the scores", 2..)?;
	target.expect("the targets", &index::DTYPES)?;
	let mut expected = x.shape().to_vec();
	let classes = expected.remove(1);
	if target.shape() != expected {
		return Err(OpError::mismatch(format!(
			"the targets have shape {:?}, but must have {expected:?}",
			target.shape()
		)));
	}
	if let Some(weights) = inputs.optional(2) {
		weights.expect_same_dtype("the weights", x)?;
		if weights.shape() != [classes] {
			return Err(OpError::mismatch(format!(
				"the weights have shape {:?}, but must have [{classes}]",
				weights.shape()
			)));
		}
	}
	let with_softmax = node.op_type == "SoftmaxCrossEntropyLoss";
	let log_softmax = if with_softmax {
		let axis = tract_onnx::pb::AttributeProto {
			name: "axis".into(),
			r#type: tract_onnx::pb::attribute_proto::AttributeType::Int as i32,
			i: 1,
			..Default::default()
		};
		Some(Part::new("LogSoftmax", 13, &[axis], &[x.without_value()])?)
	} else {
		None
	};
	let reduction = match node.attrs.string_or("reduction", "mean")? {
		"none" => Reduction::None,
		"sum" => Reduction::Sum,
		"mean" => Reduction::Mean,
		_ => {
			return Err(OpError::bad_attribute(
				"reduction",
				"is none of none, sum, mean",
			))
		}
	};
	Ok(Lowered::step(
		Loss {
			name: if with_softmax {
				"SoftmaxCrossEntropyLoss"
			} else {
				"NegativeLogLikelihoodLoss"
			},
			log_softmax,
			reduction,
			ignored: node.attrs.int("ignore_index")?,
			has_weights: inputs.optional(2).is_some(),
			shows_logs: with_softmax && node.wants(1),
		},
		inputs,
	))
}

impl Loss {
	fn run<T: Float + Datum>(
		&self,
		x: &Tensor,
		targets: &[i64],
		weights: Option<&[T]>,
	) -> Result<Tensor, EvalError> {
		let shape = x.shape();
		let classes = shape[1];
		let plane: usize = shape[2..].iter().product();
		let source = slice::<T>(x)?;
		let mut losses = Vec::with_capacity(targets.len());
		let (mut sum, mut counted) = (T::ZERO, T::ZERO);
		for (place, target) in targets.iter().enumerate() {
			let (mut loss, mut weight) = (T::ZERO, T::ZERO);
			if self.ignored != Some(*target) {
				let class = usize::try_from(*target)
					.ok()
					.filter(|class| *class < classes)
					.ok_or(DomainError::IndexOutOfRange {
						op: self.name,
						index: *target,
						len: classes,
					})?;
				let (entry, at) = (place / plane, place % plane);
				let x = source[(entry * classes + class) * plane + at];
				weight = weights.map_or(T::ONE, |weights| weights[class]);
				loss = weights.map_or(-x, |_| -x * weight);
			}
			losses.push(loss);
			sum = sum + loss;
			counted = counted + weight;
		}
		match self.reduction {
			Reduction::None => {
				let mut shape = shape.to_vec();
				shape.remove(1);
				build_tensor::<T>(&shape, |y| y.copy_from_slice(&losses))
			}
			Reduction::Sum => from_slice(&[], &[sum]),
			Reduction::Mean => from_slice(&[], &[sum / counted]),
		}
	}
}

impl Kernel for Loss {
	fn name(&self) -> &'static str {
		self.name
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let x = inputs
			.first()
			.ok_or_else(|| super::internal_arity(inputs))?;
		let mut shape = x.shape().to_vec();
		shape.remove(1);
		if self.reduction != Reduction::None {
			shape.clear();
		}
		let mut facts = vec![Fact::new(x.dtype(), shape)?];
		if self.shows_logs {
			facts.push(x.without_value());
		}
		Ok(facts)
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let places = inputs[1].len() as u64;
		let cost = Cost::touching(inputs, outputs).with_macs(places.saturating_mul(16));
		match &self.log_softmax {
			Some(part) => cost.plus(part.cost()),
			None => cost,
		}
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		let part = self.log_softmax.as_ref().map_or(0, Part::scratch_bytes);
		part.saturating_add((inputs[1].len() as u64).saturating_mul(16))
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let logs = match &self.log_softmax {
			Some(part) => Some(part.eval([Some(inputs[0].clone())])?),
			None => None,
		};
		let x = logs.as_ref().unwrap_or(&inputs[0]);
		let targets = indices(&inputs[1])?;
		let loss = crate::with_float!(dtype(x)?, T => {
			let weights = if self.has_weights {
				Some(slice::<T>(&inputs[2])?)
			} else {
				None
			};
			self.run::<T>(x, &targets, weights)?
		});
		Ok(match logs {
			Some(logs) if self.shows_logs => vec![loss, logs],
			_ => vec![loss],
		})
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::{DomainError, OpError},
		tensor::slice,
		testing::{f32s, i64s, int, string, OpTest},
	};

	fn test(targets: &[i64], reduction: &str) -> OpTest {
		OpTest::new("NegativeLogLikelihoodLoss")
			.attr(string("reduction", reduction))
			.input(f32s(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
			.input(i64s(targets))
	}

	#[test]
	fn every_reduction_with_weights_and_without() {
		assert_eq!(
			test(&[0, 2], "none").elements::<f32>(),
			(vec![2], vec![-1.0, -6.0])
		);
		assert_eq!(test(&[0, 2], "sum").elements::<f32>(), (vec![], vec![-7.0]));
		assert_eq!(test(&[0, 2], "mean").elements::<f32>().1, [-3.5]);
		let weights = || f32s(&[3], &[1.0, 2.0, 3.0]);
		let (_, y) = test(&[0, 2], "mean").input(weights()).elements::<f32>();
		assert_eq!(y, [-4.75]);
		let (_, y) = test(&[0, -5], "none")
			.attr(int("ignore_index", -5))
			.input(weights())
			.elements::<f32>();
		assert_eq!(y, [-1.0, 0.0]);
	}

	#[test]
	fn logarithms_are_an_output_of_the_cross_entropy() {
		let outputs = OpTest::new("SoftmaxCrossEntropyLoss")
			.input(f32s(&[1, 2], &[0.0, 0.0]))
			.input(i64s(&[1]))
			.outputs(2)
			.ok();
		let ln_2 = std::f32::consts::LN_2;
		assert_eq!(slice::<f32>(&outputs[0]).unwrap(), [ln_2]);
		assert_eq!(slice::<f32>(&outputs[1]).unwrap(), [-ln_2, -ln_2]);
	}

	#[test]
	fn targets_outside_fail() {
		for target in [3, -1, i64::MIN] {
			assert!(matches!(
				test(&[0, target], "sum").fails(),
				DomainError::IndexOutOfRange { .. }
			));
		}
		assert!(matches!(
			test(&[0], "sum").refused(),
			OpError::ShapeMismatch { .. }
		));
	}
}
