//! What the elementwise operators of two inputs share.

use std::fmt::Debug;

use tract_onnx::prelude::{TVec, TValue, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	broadcast::broadcast_shape,
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	tensor::reshape,
	DType,
};

/// Attributes of all versions of the arithmetic and logic operators.
pub(super) const ATTRIBUTES: &[&str] = &["axis", "broadcast", "consumed_inputs"];

/// An elementwise operator of two inputs that broadcast.
pub(super) trait BinaryOp: Debug + Send + Sync + 'static {
	/// The ONNX operator type.
	const NAME: &'static str;
	/// The element types that the first input may have.
	const DTYPES: &'static [DType];
	/// The element types that the second input may have; without, that of the first.
	const OTHER_DTYPES: Option<&'static [DType]> = None;
	/// Transcendental functions evaluated for each element.
	const TRANSCENDENTALS: u64 = 0;
	/// Arithmetic operations for each element.
	const OPERATIONS: u64 = 1;

	/// The element type of the output.
	fn output(&self, input: DType) -> DType {
		input
	}

	/// The output, which has this shape.
	fn apply(&self, a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError>;
}

#[derive(Debug)]
struct Binary<O> {
	op: O,
	/// The second input's shape, where the old form of broadcasting needs another.
	other: Option<Vec<usize>>,
	/// Shape of the output.
	shape: Vec<usize>,
}

/// Lowers a node of two inputs.
///
/// Below opset 7, inputs broadcast only where `broadcast` is 1: the second one, whose dimensions
/// line up with those of the first from `axis` on (at the end, if `axis` is not given).
pub(super) fn lower(
	op: impl BinaryOp,
	node: &NodeCtx<'_>,
	inputs: Inputs<'_>,
) -> Result<Lowered, OpError> {
	let (a, b) = (inputs.required(0)?, inputs.required(1)?);
	let other = legacy_shape(node, a, b)?;
	let shape = broadcast_shape(a.shape(), other.as_deref().unwrap_or(b.shape()))?;
	Ok(Lowered::step(Binary { op, other, shape }, inputs))
}

/// The shape of the second input that makes the old broadcasting the new one.
pub(super) fn legacy_shape(
	node: &NodeCtx<'_>,
	a: &Fact,
	b: &Fact,
) -> Result<Option<Vec<usize>>, OpError> {
	if node.opset >= 7 {
		for attribute in ["broadcast", "axis"] {
			if node.attrs.has(attribute) {
				return Err(OpError::bad_attribute(
					attribute,
					"unknown: broadcasting is implied from opset 7 on",
				));
			}
		}
		return Ok(None);
	}
	let misfit = || {
		OpError::mismatch(format!(
			"shapes {:?} and {:?} do not broadcast as opset {} defines it",
			a.shape(),
			b.shape(),
			node.opset
		))
	};
	if !node.attrs.flag_or("broadcast", false)? {
		return if a.shape() == b.shape() { Ok(None) } else { Err(misfit()) };
	}
	let suffix = a.rank().checked_sub(b.rank()).ok_or_else(misfit)?;
	let axis = match node.attrs.int("axis")? {
		Some(axis) => a.axis("axis", axis)?,
		None => suffix,
	};
	if axis > suffix {
		return Err(misfit());
	}
	let mut shape = b.shape().to_vec();
	shape.resize(a.rank() - axis, 1);
	if broadcast_shape(a.shape(), &shape)? != a.shape() {
		return Err(misfit());
	}
	Ok(Some(shape))
}

impl<O: BinaryOp> Kernel for Binary<O> {
	fn name(&self) -> &'static str {
		O::NAME
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [a, b] = inputs else { return Err(super::internal_arity(inputs)) };
		a.expect("A", O::DTYPES)?;
		match O::OTHER_DTYPES {
			None => b.expect_same_dtype("B", a)?,
			Some(dtypes) => b.expect("B", dtypes)?,
		}
		Ok(vec![Fact::new(self.op.output(a.dtype()), self.shape.clone())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let len = outputs[0].len() as u64;
		Cost::touching(inputs, outputs)
			.with_macs(len.saturating_mul(O::OPERATIONS))
			.with_transcendentals(len.saturating_mul(O::TRANSCENDENTALS))
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		self.other.as_ref().map_or(0, |_| inputs[1].bytes())
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let (a, b) = (&inputs[0], &inputs[1]);
		Ok(vec![match &self.other {
			None => self.op.apply(a, b, &self.shape)?,
			Some(other) => {
				let b = reshape((**b).clone(), other)?;
				self.op.apply(a, &b, &self.shape)?
			},
		}])
	}
}

/// Implements `apply` of a [`BinaryOp`] that is one expression for floats and another for
/// integers.
macro_rules! arithmetic {
	($float:expr, $integer:expr) => {
		fn apply(
			&self,
			a: &tract_onnx::prelude::Tensor,
			b: &tract_onnx::prelude::Tensor,
			shape: &[usize],
		) -> Result<tract_onnx::prelude::Tensor, $crate::error::EvalError> {
			use $crate::{broadcast::zip, simd::vectorized, DType};
			match $crate::tensor::dtype(a)? {
				DType::F32 => vectorized(#[inline(always)] || zip::<f32, f32, f32>(a, b, shape, $float)),
				DType::F64 => vectorized(#[inline(always)] || zip::<f64, f64, f64>(a, b, shape, $float)),
				dtype => $crate::with_integer!(dtype, T => vectorized(
					#[inline(always)]
					|| zip::<T, T, T>(a, b, shape, $integer)
				)),
			}
		}
	};
}
pub(super) use arithmetic;
