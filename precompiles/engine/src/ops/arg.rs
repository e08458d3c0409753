//! What ArgMax and ArgMin share.
//!
//! The first NaN of a row wins over everything, as it does for Max and Min; otherwise the first of
//! the equal extremes (the last, with `select_last_index`). -0.0 equals +0.0.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	select::Select,
	tensor::{build, dtype, slice},
	DType,
};

/// Attributes of ArgMax and ArgMin.
pub(super) const ATTRIBUTES: &[&str] = &["axis", "keepdims", "select_last_index"];

#[derive(Debug)]
struct ArgExtreme {
	largest: bool,
	last: bool,
	/// Extents before, of and behind the axis.
	extents: [usize; 3],
	/// Shape of the output.
	shape: Vec<usize>,
}

/// Lowers ArgMax, or ArgMin.
pub(super) fn lower(
	node: &NodeCtx<'_>,
	inputs: Inputs<'_>,
	largest: bool,
) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let axis = x.axis("axis", node.attrs.int_or("axis", 0)?)?;
	let (before, from) = x.shape().split_at(axis);
	let (len, behind) = (from[0], &from[1..]);
	let extents = [before.iter().product(), len, behind.iter().product()];
	let mut shape = x.shape().to_vec();
	if node.attrs.flag_or("keepdims", true)? {
		shape[axis] = 1;
	} else {
		shape.remove(axis);
	}
	if len == 0 && !shape.contains(&0) {
		return Err(OpError::mismatch(format!(
			"axis {axis} of shape {:?} is empty: there is no extreme",
			x.shape()
		)));
	}
	let last = node.attrs.flag_or("select_last_index", false)?;
	Ok(Lowered::step(
		ArgExtreme {
			largest,
			last,
			extents,
			shape,
		},
		inputs,
	))
}

impl Kernel for ArgExtreme {
	fn name(&self) -> &'static str {
		if self.largest {
			"ArgMax"
		} else {
			"ArgMin"
		}
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		x.expect("data", &DType::NUMBERS)?;
		Ok(vec![Fact::new(DType::I64, self.shape.clone())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_scalars((inputs[0].len() as u64).saturating_mul(3))
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &*inputs[0];
		let found = crate::with_number!(dtype(x)?, T => self.find::<T>(slice::<T>(x)?))?;
		Ok(vec![found])
	}
}

impl ArgExtreme {
	fn find<T: Select + Datum>(&self, x: &[T]) -> Result<Tensor, EvalError> {
		let [_, len, inner] = self.extents;
		build::<i64>(&self.shape, |output| {
			if output.is_empty() {
				return;
			}
			for (block, found) in x
				.chunks_exact(len * inner)
				.zip(output.chunks_exact_mut(inner))
			{
				for k in 1..len {
					let row = &block[k * inner..][..inner];
					for (i, (at, x)) in found.iter_mut().zip(row).enumerate() {
						if self.replaces(block[*at as usize * inner + i], *x) {
							*at = k as i64;
						}
					}
				}
			}
		})
	}

	/// Whether a later element takes the place of the best so far.
	fn replaces<T: Select>(&self, best: T, x: T) -> bool {
		if best.is_nan() {
			return self.last && x.is_nan();
		}
		let better = if self.largest { x > best } else { x < best };
		better || x.is_nan() || (self.last && x == best)
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, int, tensor, OpTest},
	};
	use proptest::prelude::*;

	fn found(op: &'static str, last: i64, x: &[f32]) -> i64 {
		OpTest::new(op)
			.attr(int("select_last_index", last))
			.input(f32s(&[x.len()], x))
			.elements::<i64>()
			.1[0]
	}

	#[test]
	fn ties_go_to_the_lower_index_unless_the_last_is_asked_for() {
		let x = [0.0, 3.0, -0.0, 3.0];
		assert_eq!(found("ArgMax", 0, &x), 1);
		assert_eq!(found("ArgMax", 1, &x), 3);
		assert_eq!(found("ArgMin", 0, &x), 0);
		assert_eq!(found("ArgMin", 1, &x), 2);
	}

	#[test]
	fn a_nan_wins() {
		let x = [1.0, f32::NAN, f32::INFINITY, -f32::NAN, f32::NEG_INFINITY];
		for op in ["ArgMax", "ArgMin"] {
			assert_eq!(found(op, 0, &x), 1);
			assert_eq!(found(op, 1, &x), 3);
		}
	}

	#[test]
	fn any_axis_kept_or_dropped() {
		let x = || tensor(&[2, 3], &[1i32, 5, 3, 4, 2, 6]);
		let (shape, y) = OpTest::new("ArgMax").input(x()).elements::<i64>();
		assert_eq!((shape, y), (vec![1, 3], vec![1, 0, 1]));
		let test = OpTest::new("ArgMax")
			.attr(int("axis", -1))
			.attr(int("keepdims", 0))
			.input(x());
		assert_eq!(test.elements::<i64>(), (vec![2], vec![1, 2]));
	}

	#[test]
	fn an_empty_axis_is_refused() {
		let error = OpTest::new("ArgMax").input(f32s(&[0, 2], &[])).refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
	}

	proptest! {
		#[test]
		fn the_extreme_is_an_extreme(bits in prop::collection::vec(any::<u32>(), 1..20)) {
			let x: Vec<f32> = bits.into_iter().map(f32::from_bits).collect();
			let best = x[found("ArgMax", 0, &x) as usize];
			if x.iter().any(|x| x.is_nan()) {
				prop_assert!(best.is_nan());
			} else {
				prop_assert!(x.iter().all(|x| *x <= best));
			}
		}
	}
}
