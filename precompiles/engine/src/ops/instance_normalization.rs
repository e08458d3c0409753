//! InstanceNormalization and GroupNormalization: `(x - mean) / deviation * scale + B`, where mean
//! and deviation are taken over each channel, or each group of channels, of each image.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{normalization::Moments, Inputs, Lowered, NodeCtx};
use crate::{
	attrs::Attrs,
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{of_vectors, one_by_one, Cost, Kernel},
	math::Float,
	tensor::{build as build_tensor, slice, strides},
	DType,
};

/// Attributes of GroupNormalization.
pub(super) const GROUP_ATTRIBUTES: &[&str] = &["epsilon", "num_groups", "stash_type"];

#[derive(Debug)]
struct GroupNormalization {
	name: &'static str,
	groups: usize,
	epsilon: f32,
	/// Channels that share an element of scale and bias.
	channels_per_parameter: usize,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	x.expect_rank("X", 2..)?;
	lower("InstanceNormalization", node, inputs, x.shape()[1], 1)
}

/// Lowers GroupNormalization.
pub(super) fn build_group(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	x.expect_rank("X", 2..)?;
	if node.attrs.int_or("stash_type", 1)? != 1 {
		return Err(OpError::unsupported("stash_type must be 1 (float)"));
	}
	let channels = x.shape()[1];
	let groups = node
		.attrs
		.int("num_groups")?
		.ok_or_else(|| Attrs::missing("num_groups"))?;
	let groups = usize::try_from(groups)
		.ok()
		.filter(|groups| *groups > 0 && channels % groups == 0)
		.ok_or_else(|| {
			OpError::bad_attribute("num_groups", format!("{groups} does not divide {channels}"))
		})?;
	// Until opset 20, scale and bias had one element for each group.
	let shared = if node.opset < 21 {
		channels / groups
	} else {
		1
	};
	lower("GroupNormalization", node, inputs, groups, shared)
}

fn lower(
	name: &'static str,
	node: &NodeCtx<'_>,
	inputs: Inputs<'_>,
	groups: usize,
	channels_per_parameter: usize,
) -> Result<Lowered, OpError> {
	let epsilon = node.attrs.float_or("epsilon", 1e-5)?;
	Ok(Lowered::step(
		GroupNormalization {
			name,
			groups,
			epsilon,
			channels_per_parameter,
		},
		inputs,
	))
}

impl GroupNormalization {
	fn run<T: Float + Datum>(&self, inputs: &[TValue]) -> Result<Tensor, EvalError> {
		let x = &inputs[0];
		let (scale, bias, input) = (
			slice::<T>(&inputs[1])?,
			slice::<T>(&inputs[2])?,
			slice::<T>(x)?,
		);
		let (channels, plane) = (x.shape()[1], strides(x.shape())[1]);
		let epsilon = T::from_f64(f64::from(self.epsilon));
		build_tensor::<T>(x.shape(), |output| {
			if input.is_empty() {
				return;
			}
			let group_channels = channels / self.groups;
			let len = group_channels * plane;
			let groups = input.chunks_exact(len).zip(output.chunks_exact_mut(len));
			for (group, (x, y)) in groups.enumerate() {
				let moments = Moments::new(x, epsilon);
				let first = group % self.groups * group_channels;
				let planes = x.chunks_exact(plane).zip(y.chunks_exact_mut(plane));
				for (channel, (x, y)) in planes.enumerate() {
					let parameter = (first + channel) / self.channels_per_parameter;
					let (scale, bias) = (scale[parameter], bias[parameter]);
					for (y, x) in y.iter_mut().zip(x) {
						*y = moments.normalise(*x) * scale + bias;
					}
				}
			}
		})
	}
}

impl Kernel for GroupNormalization {
	fn name(&self) -> &'static str {
		self.name
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x, scale, bias] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		x.expect("X", &DType::FLOATS)?;
		let parameters = x.shape()[1] / self.channels_per_parameter.max(1);
		for (name, input) in [("scale", scale), ("bias", bias)] {
			input.expect_same_dtype(name, x)?;
			if input.shape() != [parameters] {
				return Err(OpError::mismatch(format!(
					"{name} has shape {:?}, but must have [{parameters}]",
					input.shape()
				)));
			}
		}
		Ok(vec![x.without_value()])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let len = inputs[0].len() as u64;
		let runs = inputs[0].shape()[0] as u64 * self.groups as u64;
		Cost::touching(inputs, outputs)
			.with_scalars(len * 3)
			.with_transcendentals(runs)
	}

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		// Squares that wait for each other, then what goes in vectors of 128 bits.
		let (dtype, len) = (inputs[0].dtype(), inputs[0].len() as u64);
		one_by_one(dtype, len).saturating_add(of_vectors(dtype, len.saturating_mul(4)))
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let dtype = crate::tensor::dtype(&inputs[0])?;
		Ok(vec![
			crate::with_float!(dtype, T => self.run::<T>(&inputs)?),
		])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, float, int, OpTest},
	};

	#[test]
	fn each_channel_of_each_image() {
		let (_, y) = OpTest::new("InstanceNormalization")
			.attr(float("epsilon", 0.0))
			.input(f32s(&[2, 1, 2], &[1.0, 3.0, 10.0, 30.0]))
			.input(f32s(&[1], &[2.0]))
			.input(f32s(&[1], &[0.5]))
			.elements::<f32>();
		assert_eq!(y, [-1.5, 2.5, -1.5, 2.5]);
	}

	#[test]
	fn groups_of_channels_with_parameters_for_each_group_or_channel() {
		let test = || {
			OpTest::new("GroupNormalization")
				.attr(float("epsilon", 0.0))
				.attr(int("num_groups", 1))
				.input(f32s(&[1, 2, 1], &[1.0, 3.0]))
		};
		let (_, y) = test()
			.opset(18)
			.input(f32s(&[1], &[2.0]))
			.input(f32s(&[1], &[1.0]))
			.elements::<f32>();
		assert_eq!(y, [-1.0, 3.0]);
		let (_, y) = test()
			.opset(21)
			.input(f32s(&[2], &[2.0, 5.0]))
			.input(f32s(&[2], &[1.0, 0.0]))
			.elements::<f32>();
		assert_eq!(y, [-1.0, 5.0]);
	}

	#[test]
	fn misfits_are_refused() {
		let test = |groups| {
			OpTest::new("GroupNormalization")
				.attr(int("num_groups", groups))
				.opset(21)
				.input(f32s(&[1, 2, 1], &[1.0, 3.0]))
				.input(f32s(&[1], &[2.0]))
				.input(f32s(&[1], &[1.0]))
				.refused()
		};
		assert!(matches!(test(3), OpError::BadAttribute { .. }));
		assert!(matches!(test(0), OpError::BadAttribute { .. }));
		assert!(matches!(test(1), OpError::ShapeMismatch { .. }));
	}
}
