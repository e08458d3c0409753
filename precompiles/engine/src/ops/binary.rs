//! What the elementwise operators of two inputs share.

use std::{fmt::Debug, sync::Arc};

use tract_onnx::prelude::{Datum, IntoTensor, TValue, TVec, Tensor};

use super::{limited_broadcast, Inputs, Lowered, NodeCtx};
use crate::{
	broadcast::broadcast_shape,
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{of_functions, of_vectors, ChannelsLast, Cost, FollowUp, Kernel, Layout},
	passes::channels_last_axes,
	DType,
};

/// Computes an output in the memory of the first input.
pub(super) type InPlace = fn(Tensor, &Tensor) -> Result<Tensor, EvalError>;

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
	/// Operations on each element that [subnormal numbers](Kernel::subnormals) slow down.
	const SUBNORMALS: u64 = 0;

	/// The element type of the output.
	fn output(&self, input: DType) -> DType {
		input
	}

	/// Arithmetic operations for each element of this type.
	fn operations(&self, _: DType) -> u64 {
		Self::OPERATIONS
	}

	/// Whether it is the sum of its inputs, whatever their order.
	const IS_SUM: bool = false;

	/// The output, which has this shape.
	fn apply(&self, a: &Tensor, b: &Tensor, shape: &[usize]) -> Result<Tensor, EvalError>;

	/// The output in the memory of `a`, which is binary32 of the output's shape, if the operator can.
	fn in_place(&self) -> Option<InPlace> {
		None
	}
}

#[derive(Debug)]
struct Binary<O> {
	op: Arc<O>,
	/// Shape of the output.
	shape: Vec<usize>,
}

/// Lowers a node of two inputs.
pub(super) fn lower(
	op: impl BinaryOp,
	node: &NodeCtx<'_>,
	inputs: Inputs<'_>,
) -> Result<Lowered, OpError> {
	let (a, b) = (inputs.required(0)?.shape(), inputs.required(1)?.shape());
	let other = if node.opset <= limited_broadcast::LAST {
		limited_broadcast::aligned(node, a, b)?
	} else {
		b.to_vec()
	};
	let shape = broadcast_shape(a, &other)?;
	let op = Arc::new(op);
	Ok(Lowered::step(Binary { op, shape }, inputs).taking(1, b, other))
}

impl<O: BinaryOp> Kernel for Binary<O> {
	fn name(&self) -> &'static str {
		O::NAME
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [a, b] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		a.expect("A", O::DTYPES)?;
		match O::OTHER_DTYPES {
			None => b.expect_same_dtype("B", a)?,
			Some(dtypes) => b.expect("B", dtypes)?,
		}
		Ok(vec![Fact::new(
			self.op.output(a.dtype()),
			self.shape.clone(),
		)?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let len = outputs[0].len() as u64;
		// Operands that broadcast are walked row by row.
		let broadcasts = inputs
			.windows(2)
			.any(|pair| pair[0].shape() != pair[1].shape())
			&& inputs.iter().all(|input| input.len() > 1);
		let row = outputs[0].shape().last().copied().unwrap_or(1).max(1) as u64;
		let rows = if broadcasts { len / row } else { 0 };
		Cost::touching(inputs, outputs)
			.with_scalars(rows.saturating_mul(16))
			.with_macs(len.saturating_mul(self.op.operations(inputs[0].dtype())))
			.with_transcendentals(len.saturating_mul(O::TRANSCENDENTALS))
	}

	fn subnormals(&self, inputs: &[Fact], outputs: &[Fact]) -> u64 {
		let len = outputs[0].len() as u64;
		let dtype = inputs[0].dtype();
		of_vectors(dtype, len.saturating_mul(O::SUBNORMALS)).saturating_add(of_functions(
			dtype,
			O::TRANSCENDENTALS,
			len,
		))
	}

	fn eval(&self, mut inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let of_a = inputs[0].datum_type() == f32::datum_type() && inputs[0].shape() == self.shape;
		if let Some(in_place) = self.op.in_place().filter(|_| of_a) {
			// A copy of A, if something else needs it.
			let a = inputs.remove(0).into_tensor();
			return Ok(vec![in_place(a, &inputs[0])?]);
		}
		Ok(vec![self.op.apply(&inputs[0], &inputs[1], &self.shape)?])
	}

	fn channels_last(&self, inputs: &[Fact]) -> Option<ChannelsLast> {
		let axes = channels_last_axes(self.shape.len())?;
		Some(ChannelsLast {
			kernel: Some(Arc::new(Self {
				op: Arc::clone(&self.op),
				shape: axes.iter().map(|axis| self.shape[*axis]).collect(),
			})),
			inputs: operand_layouts(inputs, self.shape.len())?,
			demanded: false,
		})
	}

	fn follow_up(&self, inputs: &[Fact]) -> Option<FollowUp> {
		let [a, b] = inputs else { return None };
		if !O::IS_SUM || a.dtype() != DType::F32 {
			return None;
		}
		sum_as_follow_up(a, b)
	}
}

/// How the operands of a broadcasting kernel whose output has this rank must lie for it to work on
/// values whose channels lie last.
pub(super) fn operand_layouts(inputs: &[Fact], rank: usize) -> Option<Vec<(usize, Layout)>> {
	let layout = |fact: &Fact| {
		if fact.rank() == rank || fact.konst().is_some() {
			Some(Layout::ChannelsLast)
		} else if fact.len() == 1 {
			Some(Layout::Given)
		} else {
			None
		}
	};
	inputs
		.iter()
		.enumerate()
		.map(|(index, fact)| Some((index, layout(fact)?)))
		.collect()
}

/// The sum of two values of binary32 as a follow-up on one of them.
pub(super) fn sum_as_follow_up(a: &Fact, b: &Fact) -> Option<FollowUp> {
	let bias = |value: &Fact, other: &Fact| {
		let is_row = value.rank() == 1 || value.len() == 1;
		let fits = other.rank() > 0 && other.shape().last() == value.shape().last();
		value
			.konst()
			.filter(|_| is_row && fits && value.rank() <= other.rank())
			.map(|value| FollowUp::Bias(Arc::clone(value)))
	};
	match (a.konst(), b.konst()) {
		(None, None) if a.shape() == b.shape() => Some(FollowUp::Add),
		(None, Some(_)) => bias(b, a),
		(Some(_), None) => bias(a, b),
		_ => None,
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

		$crate::ops::binary::in_place!($float);
	};
}
pub(super) use arithmetic;

/// Implements `in_place` of a [`BinaryOp`] whose output is this expression for binary32.
macro_rules! in_place {
	($float:expr) => {
		fn in_place(&self) -> Option<$crate::ops::binary::InPlace> {
			use $crate::{broadcast::zip_in_place, simd::vectorized};
			Some(|a, b| {
				vectorized(
					#[inline(always)]
					|| zip_in_place::<f32, f32>(a, b, $float),
				)
			})
		}
	};
}
pub(super) use in_place;
