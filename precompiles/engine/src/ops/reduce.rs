//! What the reductions share.
//!
//! Each output element has one accumulator, which starts at the reduction's identity and takes in
//! the elements in ascending row-major order of the input. Sums of floats have accumulators of
//! binary64, whatever their element type, and are rounded once.

use std::fmt::Debug;

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::{resolve_axes, Fact},
	kernel::{one_by_one, Cost, Kernel},
	math::Float,
	simd::vectorized,
	tensor::{build, reshape, slice},
	DType,
};

/// Attributes of all versions of the reductions.
pub(super) const ATTRIBUTES: &[&str] = &["axes", "keepdims", "noop_with_empty_axes"];

/// The element types of the arithmetic reductions.
pub(super) const NUMBERS: [DType; 6] = [
	DType::F32,
	DType::F64,
	DType::I32,
	DType::I64,
	DType::U32,
	DType::U64,
];

/// A reduction over axes.
pub(super) trait Reduction: Debug + Send + Sync + 'static {
	/// The ONNX operator type.
	const NAME: &'static str;
	/// The element types that it takes.
	const DTYPES: &'static [DType];
	/// Transcendental functions evaluated for each input element.
	const TRANSCENDENTALS: u64 = 0;
	/// Multiply-accumulates that an element takes along a reduced row, where each operation waits
	/// for the one before.
	const CHAIN: u64 = 32;

	/// Whether it multiplies in this type, and not in a wider one.
	fn multiplies(_: DType) -> bool {
		false
	}

	/// Reduces the walk's elements.
	fn reduce(&self, x: &Tensor, walk: &Walk) -> Result<Tensor, EvalError>;
}

/// Which accumulator each element of the input goes to.
///
/// The input's axes, neighbours of the same kind merged, alternate between kept and reduced ones.
#[derive(Debug)]
pub(super) struct Walk {
	/// Merged dimensions.
	dims: Vec<usize>,
	/// How far a step along each goes in the output; zero for a reduced one.
	steps: Vec<usize>,
	/// Whether the innermost merged axis is reduced.
	inner_reduced: bool,
	/// Elements of the output.
	pub(super) outputs: usize,
	/// Input elements that each output element takes in.
	pub(super) count: usize,
}

impl Walk {
	fn new(shape: &[usize], reduced: &[bool]) -> Self {
		let mut merged: Vec<(usize, bool)> = Vec::new();
		for (dim, reduced) in shape.iter().zip(reduced) {
			match merged.last_mut() {
				Some((size, kind)) if kind == reduced => *size *= dim,
				_ => merged.push((*dim, *reduced)),
			}
		}
		let mut steps = vec![0; merged.len()];
		let mut outputs = 1;
		let mut count = 1;
		for ((dim, reduced), step) in merged.iter().zip(&mut steps).rev() {
			if *reduced {
				count *= dim;
			} else {
				*step = outputs;
				outputs *= dim;
			}
		}
		let inner_reduced = merged.last().is_some_and(|(_, reduced)| *reduced);
		let dims = merged.into_iter().map(|(dim, _)| dim).collect();
		Self {
			dims,
			steps,
			inner_reduced,
			outputs,
			count,
		}
	}

	/// Folds the elements of `x` into `accumulators`, which hold the identity.
	#[inline(always)]
	pub(super) fn fold<T: Copy, A: Copy>(
		&self,
		x: &[T],
		accumulators: &mut [A],
		take: impl Fn(A, T) -> A,
	) {
		let Some((inner, outer)) = self.dims.split_last() else {
			accumulators[0] = take(accumulators[0], x[0]);
			return;
		};
		if x.is_empty() {
			return;
		}
		let mut index = vec![0usize; outer.len()];
		let mut at = 0;
		for row in x.chunks_exact(*inner) {
			if self.inner_reduced {
				let mut accumulator = accumulators[at];
				for x in row {
					accumulator = take(accumulator, *x);
				}
				accumulators[at] = accumulator;
			} else {
				for (accumulator, x) in accumulators[at..at + inner].iter_mut().zip(row) {
					*accumulator = take(*accumulator, *x);
				}
			}
			for axis in (0..outer.len()).rev() {
				index[axis] += 1;
				at += self.steps[axis];
				if index[axis] < outer[axis] {
					break;
				}
				at -= self.steps[axis] * outer[axis];
				index[axis] = 0;
			}
		}
	}

	/// Folds into accumulators that become the output, of one dimension.
	#[inline(always)]
	pub(super) fn reduce<T: Datum + Copy>(
		&self,
		x: &Tensor,
		identity: T,
		take: impl Fn(T, T) -> T,
		finish: impl Fn(T) -> T,
	) -> Result<Tensor, EvalError> {
		let x = slice::<T>(x)?;
		build::<T>(&[self.outputs], |accumulators| {
			vectorized(
				#[inline(always)]
				|| {
					accumulators.fill(identity);
					self.fold(x, accumulators, take);
					for accumulator in accumulators {
						*accumulator = finish(*accumulator);
					}
				},
			);
		})
	}
}

impl Walk {
	/// Sums `term` of each element up in binary64, and rounds what `finish` makes of a sum once.
	#[inline(always)]
	pub(super) fn sum<T: Datum + Float>(
		&self,
		x: &Tensor,
		term: impl Fn(f64) -> f64,
		finish: impl Fn(f64) -> f64,
	) -> Result<Tensor, EvalError> {
		let x = slice::<T>(x)?;
		let mut sums = vec![0.0f64; self.outputs];
		vectorized(
			#[inline(always)]
			|| self.fold(x, &mut sums, |sum, x| sum + term(x.to_f64())),
		);
		build::<T>(&[self.outputs], |outputs| {
			for (output, sum) in outputs.iter_mut().zip(sums) {
				*output = T::from_f64(finish(sum));
			}
		})
	}
}

#[derive(Debug)]
struct Reduce<R> {
	reduction: R,
	walk: Walk,
	/// Shape of the output.
	shape: Vec<usize>,
}

/// Lowers a reduction. The axes are an attribute or the second input, a constant; without axes all
/// are reduced, unless `noop_with_empty_axes` is 1: then the input passes unchanged.
pub(super) fn lower<R: Reduction>(
	reduction: R,
	node: &NodeCtx<'_>,
	inputs: Inputs<'_>,
) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	x.expect("data", R::DTYPES)?;
	let axes = match (node.attrs.ints("axes")?, inputs.constant_ints(1, "axes")?) {
		(Some(_), Some(_)) => {
			return Err(OpError::bad_attribute(
				"axes",
				"given both as attribute and as input",
			));
		}
		(Some(axes), None) => axes.to_vec(),
		(None, axes) => axes.unwrap_or_default(),
	};
	let axes = resolve_axes("axes", &axes, x.rank())?;
	if axes.is_empty() && node.attrs.flag_or("noop_with_empty_axes", false)? {
		return Ok(Lowered::Alias(0));
	}
	let keep = node.attrs.flag_or("keepdims", true)?;
	let reduced: Vec<bool> = (0..x.rank())
		.map(|axis| axes.is_empty() || axes.contains(&axis))
		.collect();
	let shape = x
		.shape()
		.iter()
		.zip(&reduced)
		.filter_map(|(dim, reduced)| match (reduced, keep) {
			(false, _) => Some(*dim),
			(true, true) => Some(1),
			(true, false) => None,
		})
		.collect();
	let walk = Walk::new(x.shape(), &reduced);
	Ok(Lowered::step_of(
		Reduce {
			reduction,
			walk,
			shape,
		},
		[0],
	))
}

impl<R: Reduction> Kernel for Reduce<R> {
	fn name(&self) -> &'static str {
		R::NAME
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![Fact::new(x.dtype(), self.shape.clone())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let len = inputs[0].len() as u64;
		// Nothing is left for vectors along a reduced row.
		let (chain, functions) = if self.walk.inner_reduced {
			(R::CHAIN, 6 * R::TRANSCENDENTALS)
		} else {
			(1, R::TRANSCENDENTALS)
		};
		Cost::touching(inputs, outputs)
			.with_macs(
				len.saturating_mul(chain)
					.saturating_add(outputs[0].len() as u64),
			)
			.with_transcendentals(
				len.saturating_mul(functions)
					.saturating_add(outputs[0].len() as u64),
			)
	}

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		let (dtype, len) = (inputs[0].dtype(), inputs[0].len() as u64);
		if R::multiplies(dtype) {
			one_by_one(dtype, len)
		} else {
			0
		}
	}

	fn scratch_bytes(&self, _: &[Fact], outputs: &[Fact]) -> u64 {
		// Wider accumulators than the output: of 128 bits, or a maximum and a sum.
		outputs[0].len() as u64 * 16
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let reduced = self.reduction.reduce(&inputs[0], &self.walk)?;
		Ok(vec![reshape(reduced, &self.shape)?])
	}
}

#[cfg(test)]
mod tests {
	use super::Walk;
	use crate::{
		error::OpError,
		testing::{f32s, i64s, int, ints, tensor, OpTest},
	};
	use proptest::prelude::*;

	const X: [f32; 12] = [
		5.0, 1.0, 20.0, 2.0, 30.0, 1.0, 40.0, 2.0, 55.0, 1.0, 60.0, 2.0,
	];

	#[test]
	fn axes_are_attribute_or_input_and_may_count_from_the_back() {
		for test in [
			OpTest::new("ReduceSum")
				.input(f32s(&[3, 2, 2], &X))
				.constant(i64s(&[1])),
			OpTest::new("ReduceSum")
				.input(f32s(&[3, 2, 2], &X))
				.constant(i64s(&[-2])),
			OpTest::new("ReduceSum")
				.attr(ints("axes", &[1]))
				.input(f32s(&[3, 2, 2], &X)),
		] {
			let (shape, y) = test.elements::<f32>();
			assert_eq!(shape, [3, 1, 2]);
			assert_eq!(y, [25.0, 3.0, 70.0, 3.0, 115.0, 3.0]);
		}
	}

	#[test]
	fn dimensions_may_be_dropped_and_all_axes_are_the_default() {
		let test = || {
			OpTest::new("ReduceMax")
				.input(f32s(&[3, 2, 2], &X))
				.attr(int("keepdims", 0))
		};
		assert_eq!(test().elements::<f32>(), (vec![], vec![60.0]));
		let (shape, y) = test().attr(ints("axes", &[0, 2])).elements::<f32>();
		assert_eq!((shape, y), (vec![2], vec![55.0, 60.0]));
	}

	#[test]
	fn an_empty_list_of_axes_may_mean_none() {
		let (shape, y) = OpTest::new("ReduceSum")
			.attr(int("noop_with_empty_axes", 1))
			.input(f32s(&[3, 2, 2], &X))
			.constant(i64s(&[]))
			.elements::<f32>();
		assert_eq!((shape, y), (vec![3, 2, 2], X.to_vec()));
	}

	#[test]
	fn empty_rows_give_the_identity() {
		let reduced = |op| {
			OpTest::new(op)
				.attr(ints("axes", &[1]))
				.input(f32s(&[1, 0], &[]))
				.elements::<f32>()
				.1[0]
		};
		assert_eq!(reduced("ReduceSum").to_bits(), 0);
		assert_eq!(reduced("ReduceProd"), 1.0);
		assert_eq!(reduced("ReduceMax"), f32::NEG_INFINITY);
		assert_eq!(reduced("ReduceMin"), f32::INFINITY);
		assert_eq!(reduced("ReduceLogSumExp"), f32::NEG_INFINITY);
		assert!(reduced("ReduceMean").is_nan());
	}

	#[test]
	fn what_does_not_fit_is_refused() {
		let test = || OpTest::new("ReduceSum").input(f32s(&[2, 2], &[0.0; 4]));
		for error in [
			test().constant(i64s(&[2])).refused(),
			test().constant(i64s(&[0, 0])).refused(),
			test()
				.attr(ints("axes", &[0]))
				.constant(i64s(&[0]))
				.refused(),
		] {
			assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
		}
		assert!(matches!(
			test().input(i64s(&[0])).refused(),
			OpError::NotConstant { .. }
		));
	}

	#[test]
	fn scalars_reduce_to_themselves() {
		let (shape, y) = OpTest::new("ReduceMean")
			.input(f32s(&[], &[3.5]))
			.elements::<f32>();
		assert_eq!((shape, y), (vec![], vec![3.5]));
	}

	proptest! {
		// Against the definition: every element visited in ascending order.
		#[test]
		fn the_walk_reaches_each_accumulator_in_order(
			shape in prop::collection::vec(0usize..4, 0..5),
			mask: [bool; 5],
		) {
			let reduced = &mask[..shape.len()];
			let len: usize = shape.iter().product();
			let x: Vec<usize> = (0..len).collect();
			let walk = Walk::new(&shape, reduced);
			let mut hashes = vec![1usize; walk.outputs];
			let take = |h: usize, x: usize| h.wrapping_mul(31).wrapping_add(x);
			walk.fold(&x, &mut hashes, take);

			let kept: Vec<usize> = (0..shape.len()).filter(|axis| !reduced[*axis]).collect();
			let outputs: usize = kept.iter().map(|axis| shape[*axis]).product();
			let mut expected = vec![1usize; outputs];
			let strides = crate::tensor::strides(&shape);
			for i in 0..len {
				let at = kept.iter().fold(0, |at, axis| {
					at * shape[*axis] + i / strides[*axis] % shape[*axis]
				});
				expected[at] = take(expected[at], i);
			}
			prop_assert_eq!(hashes, expected);
			prop_assert_eq!(walk.count * outputs, if outputs == 0 { 0 } else { len });
		}
	}

	#[test]
	fn integers_wrap_around() {
		let (_, y) = OpTest::new("ReduceSum")
			.input(tensor(&[2], &[i32::MAX, 1]))
			.elements::<i32>();
		assert_eq!(y, [i32::MIN]);
	}
}
