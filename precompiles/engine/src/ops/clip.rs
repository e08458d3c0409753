//! Clip: `smaller(larger(x, min), max)`, with the rules of [`Select`]: a NaN in the element or in
//! a bound gives a NaN, and where min is above max the result is max.
//!
//! Up to opset 10 the bounds are attributes, the least and the largest finite binary32 if not
//! given (up to opset 5 those of the element type); from opset 11 on they are inputs, and one that is
//! omitted does not bound.

use std::sync::Arc;

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{ChannelsLast, Cost, FollowUp, Kernel},
	panels::Activation,
	select::Select,
	simd::vectorized,
	tensor::{dtype, from_slice, map, slice},
	DType,
};

/// Where a bound comes from.
#[derive(Debug)]
enum Bound {
	None,
	Constant(Arc<Tensor>),
	Input(usize),
}

impl Bound {
	fn tensor<'a>(&'a self, inputs: &'a [TValue]) -> Option<&'a Tensor> {
		match self {
			Self::None => None,
			Self::Constant(value) => Some(value),
			Self::Input(index) => Some(&inputs[*index]),
		}
	}
}

#[derive(Debug)]
struct Clip {
	min: Bound,
	max: Bound,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	if node.opset < 11 {
		if inputs.len() > 1 {
			return Err(OpError::WrongArity {
				reason: format!("opset {} has the bounds as attributes", node.opset),
			});
		}
		let dtype = inputs.required(0)?.dtype();
		let bound = |name, default: f32, widest: f64| -> Result<Bound, OpError> {
			let value = node.attrs.float(name)?;
			let tensor = match (dtype, value) {
				(DType::F64, None) if node.opset < 6 => from_slice(&[], &[widest]),
				(DType::F64, value) => from_slice(&[], &[f64::from(value.unwrap_or(default))]),
				(_, value) => from_slice(&[], &[value.unwrap_or(default)]),
			};
			let tensor = tensor.map_err(|error| OpError::bad_attribute(name, error.to_string()))?;
			Ok(Bound::Constant(Arc::new(tensor)))
		};
		inputs.required(0)?.expect("the input", &DType::FLOATS)?;
		let clip = Clip {
			min: bound("min", f32::MIN, f64::MIN)?,
			max: bound("max", f32::MAX, f64::MAX)?,
		};
		return Ok(Lowered::step_of(clip, [0]));
	}
	for name in ["min", "max"] {
		if node.attrs.has(name) {
			return Err(OpError::bad_attribute(name, "is an input from opset 11 on"));
		}
	}
	let mut used = vec![0];
	let mut bound = |index: usize, name: &str| -> Result<Bound, OpError> {
		let Some(fact) = inputs.optional(index) else {
			return Ok(Bound::None);
		};
		if fact.len() != 1 {
			return Err(OpError::mismatch(format!(
				"{name} has shape {:?}, but must be a scalar",
				fact.shape()
			)));
		}
		fact.expect_same_dtype(name, inputs.required(0)?)?;
		if let Some(value) = fact.konst() {
			return Ok(Bound::Constant(value.clone()));
		}
		used.push(index);
		Ok(Bound::Input(used.len() - 1))
	};
	let (min, max) = (bound(1, "min")?, bound(2, "max")?);
	Ok(Lowered::step_of(Clip { min, max }, used))
}

impl Kernel for Clip {
	fn name(&self) -> &'static str {
		"Clip"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let Some(x) = inputs.first() else {
			return Err(super::internal_arity(inputs));
		};
		x.expect("the input", &DType::NUMBERS)?;
		Ok(vec![x.without_value()])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_macs(outputs[0].len() as u64 * 2)
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &*inputs[0];
		let (min, max) = (self.min.tensor(&inputs), self.max.tensor(&inputs));
		crate::with_number!(dtype(x)?, T => {
			let bound = |tensor: Option<&Tensor>, none: T| -> Result<T, EvalError> {
				Ok(match tensor {
					None => none,
					Some(tensor) => slice::<T>(tensor)?[0],
				})
			};
			let min = bound(min, <T as Select>::LOWEST)?;
			let max = bound(max, <T as Select>::HIGHEST)?;
			let clipped = vectorized(
				#[inline(always)]
				|| map(x, #[inline(always)] |x: T| x.larger(min).smaller(max))
			)?;
			Ok(vec![clipped])
		})
	}

	fn channels_last(&self, inputs: &[Fact]) -> Option<ChannelsLast> {
		(inputs.len() == 1).then(|| ChannelsLast::elementwise(1))
	}

	fn follow_up(&self, inputs: &[Fact]) -> Option<FollowUp> {
		let bound = |bound: &Bound, none: f32| match bound {
			Bound::None => Some(none),
			Bound::Constant(value) => slice::<f32>(value).ok()?.first().copied(),
			Bound::Input(_) => None,
		};
		if inputs.first()?.dtype() != DType::F32 {
			return None;
		}
		let low = bound(&self.min, f32::NEG_INFINITY)?;
		let high = bound(&self.max, f32::INFINITY)?;
		// Else comparisons alone would not give the rule's zeros and NaNs.
		let plain =
			!(low.is_nan() || high.is_nan() || high == 0.0) && low.to_bits() != (-0.0f32).to_bits();
		plain.then_some(FollowUp::Activation(Activation::Clip { low, high }))
	}
}

#[cfg(test)]
mod tests {
	use crate::testing::{f32s, float, tensor, OpTest};

	const X: [f32; 6] = [-2.0, -0.0, 0.5, 9.0, f32::INFINITY, f32::NEG_INFINITY];

	#[test]
	fn bounds_may_be_constants_run_time_values_or_missing() {
		let (_, y) = OpTest::new("Clip")
			.input(f32s(&[6], &X))
			.constant(f32s(&[], &[0.0]))
			.input(f32s(&[], &[6.0]))
			.elements::<f32>();
		assert_eq!(y, [0.0, 0.0, 0.5, 6.0, 6.0, 0.0]);
		assert_eq!(y[1].to_bits(), 0);
		let (_, y) = OpTest::new("Clip")
			.input(f32s(&[6], &X))
			.omitted()
			.input(f32s(&[], &[6.0]))
			.elements::<f32>();
		assert_eq!(y, [-2.0, -0.0, 0.5, 6.0, 6.0, f32::NEG_INFINITY]);
	}

	#[test]
	fn nan_passes_and_nan_bounds_win() {
		let clip = |x: f32, min: f32| {
			OpTest::new("Clip")
				.input(f32s(&[1], &[x]))
				.input(f32s(&[], &[min]))
				.elements::<f32>()
				.1[0]
				.to_bits()
		};
		assert_eq!(clip(-f32::NAN, 0.0), 0x7fc0_0000);
		assert_eq!(clip(1.0, f32::NAN), 0x7fc0_0000);
	}

	#[test]
	fn max_wins_over_a_larger_min() {
		let (_, y) = OpTest::new("Clip")
			.input(tensor(&[3], &[-5i8, 0, 5]))
			.input(tensor(&[], &[3i8]))
			.input(tensor(&[], &[1i8]))
			.elements::<i8>();
		assert_eq!(y, [1, 1, 1]);
	}

	#[test]
	fn old_opsets_clip_infinities_by_default() {
		let (_, y) = OpTest::new("Clip")
			.opset(10)
			.attr(float("min", -1.0))
			.input(f32s(&[6], &X))
			.elements::<f32>();
		assert_eq!(y, [-1.0, -0.0, 0.5, 9.0, f32::MAX, -1.0]);
		let of_doubles = |opset| {
			let x = [1e300, f64::NEG_INFINITY];
			let test = OpTest::new("Clip").opset(opset).input(tensor(&[2], &x));
			test.elements::<f64>().1
		};
		assert_eq!(of_doubles(5), [1e300, f64::MIN]);
		assert_eq!(of_doubles(6), [f64::from(f32::MAX), f64::from(f32::MIN)]);
	}
}
