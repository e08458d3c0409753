//! Range: `start + i delta` for as long as it lies before `limit`. All three are constants.
//!
//! The count is `ceil((limit - start) / delta)`, in binary64 for floats; element i is computed from
//! i (one product, one sum, in the type of the inputs), not from its neighbour. Integers wrap
//! around.

use std::sync::Arc;

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	tensor::{build as fill, slice},
	DType,
};

#[derive(Debug)]
struct Range {
	start: Arc<Tensor>,
	delta: Arc<Tensor>,
	fact: Fact,
}

pub(super) fn build(_: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let first = inputs.required(0)?;
	first.expect(
		"start",
		&[DType::F32, DType::F64, DType::I16, DType::I32, DType::I64],
	)?;
	let constant = |index: usize, name: &'static str| -> Result<&Arc<Tensor>, OpError> {
		let fact = inputs.required(index)?;
		fact.expect_same_dtype(name, first)?;
		if fact.len() != 1 {
			return Err(OpError::bad_attribute(name, "must have one element"));
		}
		fact.konst().ok_or(OpError::NotConstant { input: name })
	};
	let (start, limit) = (constant(0, "start")?, constant(1, "limit")?);
	let delta = constant(2, "delta")?;
	let len = match first.dtype() {
		DType::F32 => float_count([start, limit, delta].map(|x| one::<f32>(x).map(f64::from))),
		DType::F64 => float_count([start, limit, delta].map(|x| one::<f64>(x))),
		DType::I16 => integer_count([start, limit, delta].map(|x| one::<i16>(x).map(i128::from))),
		DType::I32 => integer_count([start, limit, delta].map(|x| one::<i32>(x).map(i128::from))),
		_ => integer_count([start, limit, delta].map(|x| one::<i64>(x).map(i128::from))),
	};
	let len = len.ok_or_else(|| {
		OpError::bad_attribute(
			"delta",
			"start, limit and delta must be finite, delta not zero",
		)
	})?;
	let fact = Fact::new(first.dtype(), [len])?;
	let kernel = Range {
		start: start.clone(),
		delta: delta.clone(),
		fact,
	};
	Ok(Lowered::step_of(kernel, []))
}

fn one<T: Datum + Copy>(tensor: &Tensor) -> Option<T> {
	slice::<T>(tensor)
		.ok()
		.and_then(|data| data.first().copied())
}

fn float_count([start, limit, delta]: [Option<f64>; 3]) -> Option<usize> {
	let (start, limit, delta) = (start?, limit?, delta?);
	if !(start.is_finite() && limit.is_finite() && delta.is_finite()) || delta == 0.0 {
		return None;
	}
	// A conversion from a float saturates: what is too large is refused by its bytes.
	Some(((limit - start) / delta).ceil() as usize)
}

fn integer_count([start, limit, delta]: [Option<i128>; 3]) -> Option<usize> {
	let (start, limit, delta) = (start?, limit?, delta?);
	if delta == 0 {
		return None;
	}
	let (distance, step) = if delta > 0 {
		(limit - start, delta)
	} else {
		(start - limit, -delta)
	};
	Some(usize::try_from((distance.max(0) + step - 1) / step).unwrap_or(usize::MAX))
}

impl Kernel for Range {
	fn name(&self) -> &'static str {
		"Range"
	}

	fn infer(&self, _: &[Fact]) -> Result<Vec<Fact>, OpError> {
		Ok(vec![self.fact.clone()])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_macs(outputs[0].len() as u64)
	}

	fn eval(&self, _: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let shape = self.fact.shape();
		let tensor = match self.fact.dtype() {
			DType::F32 => {
				let (start, delta) = (slice::<f32>(&self.start)?[0], slice::<f32>(&self.delta)?[0]);
				fill::<f32>(shape, |y| {
					for (i, y) in y.iter_mut().enumerate() {
						*y = start + i as f32 * delta;
					}
				})
			}
			DType::F64 => {
				let (start, delta) = (slice::<f64>(&self.start)?[0], slice::<f64>(&self.delta)?[0]);
				fill::<f64>(shape, |y| {
					for (i, y) in y.iter_mut().enumerate() {
						*y = start + i as f64 * delta;
					}
				})
			}
			dtype => crate::with_integer!(dtype, T => {
				let (start, delta) = (slice::<T>(&self.start)?[0], slice::<T>(&self.delta)?[0]);
				fill::<T>(shape, |y| {
					for (i, y) in y.iter_mut().enumerate() {
						*y = start.wrapping_add((i as T).wrapping_mul(delta));
					}
				})
			}),
		}?;
		Ok(vec![tensor])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, tensor, OpTest},
	};

	fn ints(start: i32, limit: i32, delta: i32) -> OpTest {
		[start, limit, delta]
			.into_iter()
			.fold(OpTest::new("Range"), |test, x| {
				test.constant(tensor(&[], &[x]))
			})
	}

	fn floats(start: f32, limit: f32, delta: f32) -> OpTest {
		[start, limit, delta]
			.into_iter()
			.fold(OpTest::new("Range"), |test, x| {
				test.constant(f32s(&[], &[x]))
			})
	}

	#[test]
	fn both_directions() {
		assert_eq!(ints(10, 4, -3).elements::<i32>(), (vec![2], vec![10, 7]));
		assert_eq!(ints(0, 5, 2).elements::<i32>().1, [0, 2, 4]);
		assert!(ints(3, 3, 1).elements::<i32>().1.is_empty());
		assert!(ints(3, 9, -1).elements::<i32>().1.is_empty());
		assert_eq!(floats(1.0, 2.0, 0.5).elements::<f32>().1, [1.0, 1.5]);
		assert!(floats(0.0, 1.0, -0.5).elements::<f32>().1.is_empty());
		assert_eq!(
			ints(i32::MIN, i32::MAX, i32::MAX).elements::<i32>().1,
			[i32::MIN, -1, i32::MAX - 1]
		);
	}

	#[test]
	fn what_has_no_end_is_refused() {
		assert!(matches!(
			ints(0, 5, 0).refused(),
			OpError::BadAttribute { .. }
		));
		assert!(matches!(
			floats(0.0, f32::NAN, 1.0).refused(),
			OpError::BadAttribute { .. }
		));
		assert!(matches!(
			floats(0.0, f32::INFINITY, 1.0).refused(),
			OpError::BadAttribute { .. }
		));
		assert!(matches!(
			ints(i32::MIN, i32::MAX, 1).refused(),
			OpError::TensorTooLarge { .. }
		));
		assert!(matches!(
			floats(0.0, 1e30, 1e-30).refused(),
			OpError::ShapeOverflow { .. }
		));
	}
}
