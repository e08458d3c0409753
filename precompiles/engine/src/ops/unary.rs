//! What the elementwise operators of one input share.

use std::fmt::Debug;

use tract_onnx::prelude::{IntoTensor, TValue, TVec, Tensor};

use super::Lowered;
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{of_functions, of_vectors, ChannelsLast, Cost, Kernel},
	math::Float,
	simd::vectorized,
	tensor::{dtype, map, slice_mut},
	DType,
};

/// An elementwise operator of one input.
pub(super) trait UnaryOp: Sized + Debug + Send + Sync + 'static {
	/// The ONNX operator type.
	const NAME: &'static str;
	/// The element types that it takes.
	const DTYPES: &'static [DType];
	/// Transcendental functions evaluated for each element.
	const TRANSCENDENTALS: u64 = 0;
	/// Operations on each element that [subnormal numbers](Kernel::subnormals) slow down.
	const SUBNORMALS: u64 = 0;

	/// The element type of the output.
	fn output(&self, input: DType) -> DType {
		input
	}

	/// The output.
	fn apply(&self, x: &Tensor) -> Result<Tensor, EvalError>;

	/// The output in the memory of `x`, if the operator can.
	const IN_PLACE: Option<InPlace<Self>> = None;
}

/// Computes the output of an operator in the memory of its input.
pub(super) type InPlace<O> = fn(&O, Tensor) -> Result<Tensor, EvalError>;

/// An elementwise function of floats.
pub(super) trait FloatFn: Debug + Send + Sync + 'static {
	/// The ONNX operator type.
	const NAME: &'static str;
	/// Transcendental functions evaluated for each element.
	const TRANSCENDENTALS: u64 = 0;
	/// Operations on each element that [subnormal numbers](Kernel::subnormals) slow down, in its own
	/// type: what is computed in binary64 meets none of binary32.
	const SUBNORMALS: u64 = 0;

	/// The output for one element. Must be `#[inline(always)]`.
	fn at<F: Float>(&self, x: F) -> F;
}

/// The kernel of a [`UnaryOp`].
#[derive(Debug)]
struct Unary<O>(O);

/// Makes a [`UnaryOp`] of a [`FloatFn`].
#[derive(Debug)]
struct Floats<F>(F);

/// Lowers to an operator that consumes input 0 only.
pub(super) fn lower(op: impl UnaryOp) -> Result<Lowered, OpError> {
	Ok(Lowered::step_of(Unary(op), [0]))
}

/// Lowers to a function of floats that consumes input 0 only.
pub(super) fn lower_floats(function: impl FloatFn) -> Result<Lowered, OpError> {
	lower(Floats(function))
}

impl<F: FloatFn> UnaryOp for Floats<F> {
	const NAME: &'static str = F::NAME;
	const DTYPES: &'static [DType] = &DType::FLOATS;
	const TRANSCENDENTALS: u64 = F::TRANSCENDENTALS;
	const SUBNORMALS: u64 = F::SUBNORMALS;

	fn apply(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		let function = &self.0;
		crate::with_float!(dtype(x)?, T => vectorized(
			#[inline(always)]
			|| map(x, #[inline(always)] |x: T| function.at(x))
		))
	}

	const IN_PLACE: Option<InPlace<Self>> = Some(|op, mut x| {
		let function = &op.0;
		crate::with_float!(dtype(&x)?, T => {
			let elements = slice_mut::<T>(&mut x)?;
			vectorized(
				#[inline(always)]
				|| {
					for x in elements {
						*x = function.at(*x);
					}
				},
			);
		});
		Ok(x)
	});
}

impl<O: UnaryOp> Kernel for Unary<O> {
	fn name(&self) -> &'static str {
		O::NAME
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		x.expect("the input", O::DTYPES)?;
		Ok(vec![x.with_dtype(self.0.output(x.dtype()))?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let len = outputs[0].len() as u64;
		Cost::touching(inputs, outputs)
			.with_macs(len)
			.with_transcendentals(len.saturating_mul(O::TRANSCENDENTALS))
	}

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		let (dtype, len) = (inputs[0].dtype(), inputs[0].len() as u64);
		of_vectors(dtype, len.saturating_mul(O::SUBNORMALS)).saturating_add(of_functions(
			dtype,
			O::TRANSCENDENTALS,
			len,
		))
	}

	fn eval(&self, mut inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		if let Some(in_place) = O::IN_PLACE {
			// A copy of the input, if something else needs it.
			return Ok(vec![in_place(&self.0, inputs.remove(0).into_tensor())?]);
		}
		Ok(vec![self.0.apply(&inputs[0])?])
	}

	fn channels_last(&self, _: &[Fact]) -> Option<ChannelsLast> {
		Some(ChannelsLast::elementwise(1))
	}
}
