//! CumSum and CumProd: running sums along a constant axis, from +0, or running products, from 1, in
//! ascending order (descending with `reverse`); with `exclusive` each without its own element.
//! Integers wrap around.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{scatter::Combine, Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	tensor::{build as fill, dtype, slice},
	DType,
};

#[derive(Debug)]
struct CumSum {
	/// Whether products are run.
	products: bool,
	exclusive: bool,
	reverse: bool,
	/// Length of the axis, and elements behind it.
	len: usize,
	inner: usize,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(node, inputs, false)
}

/// Lowers CumProd.
pub(super) fn build_product(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(node, inputs, true)
}

fn lower(node: &NodeCtx<'_>, inputs: Inputs<'_>, products: bool) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let axis = inputs.constant_int(1, "axis")?.unwrap_or_default();
	let axis = x.axis("axis", axis)?;
	let kernel = CumSum {
		products,
		exclusive: node.attrs.flag_or("exclusive", false)?,
		reverse: node.attrs.flag_or("reverse", false)?,
		len: x.shape()[axis],
		inner: x.shape()[axis + 1..].iter().product(),
	};
	Ok(Lowered::step_of(kernel, [0]))
}

impl Kernel for CumSum {
	fn name(&self) -> &'static str {
		if self.products {
			"CumProd"
		} else {
			"CumSum"
		}
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		x.expect("x", &super::reduce::NUMBERS)?;
		Ok(vec![x.without_value()])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		// Each addition waits for the one before.
		Cost::touching(inputs, outputs).with_scalars((outputs[0].len() as u64).saturating_mul(2))
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		(self.inner * inputs[0].dtype().size()) as u64
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		let sums = match dtype(x)? {
			DType::Bool => return Err(EvalError::unexpected_dtype(DType::Bool)),
			dtype => crate::with_number!(dtype, T => if self.products {
				self.run::<T>(x, 1 as T, T::times)
			} else {
				self.run::<T>(x, 0 as T, T::plus)
			})?,
		};
		Ok(vec![sums])
	}
}

impl CumSum {
	fn run<T: Combine + Datum + Default>(
		&self,
		x: &Tensor,
		identity: T,
		combine: impl Fn(T, T) -> T,
	) -> Result<Tensor, EvalError> {
		let source = slice::<T>(x)?;
		let (len, inner) = (self.len, self.inner);
		fill::<T>(x.shape(), |target| {
			if target.is_empty() {
				return;
			}
			let mut sums = vec![identity; inner];
			let blocks = source.chunks_exact(len * inner);
			for (block, target) in blocks.zip(target.chunks_exact_mut(len * inner)) {
				sums.fill(identity);
				for i in 0..len {
					let at = if self.reverse { len - 1 - i } else { i } * inner;
					let (row, out) = (&block[at..at + inner], &mut target[at..at + inner]);
					for ((sum, x), y) in sums.iter_mut().zip(row).zip(out) {
						let before = *sum;
						*sum = combine(before, *x);
						*y = if self.exclusive { before } else { *sum };
					}
				}
			}
		})
	}
}

#[cfg(test)]
mod tests {
	use crate::testing::{f32s, int, tensor, OpTest};

	fn sums(exclusive: i64, reverse: i64) -> Vec<f32> {
		OpTest::new("CumSum")
			.attr(int("exclusive", exclusive))
			.attr(int("reverse", reverse))
			.input(f32s(&[4], &[1.0, 2.0, 3.0, 4.0]))
			.constant(tensor(&[], &[0i32]))
			.elements::<f32>()
			.1
	}

	#[test]
	fn forwards_backwards_with_and_without_the_element() {
		assert_eq!(sums(0, 0), [1.0, 3.0, 6.0, 10.0]);
		assert_eq!(sums(1, 0), [0.0, 1.0, 3.0, 6.0]);
		assert_eq!(sums(0, 1), [10.0, 9.0, 7.0, 4.0]);
		assert_eq!(sums(1, 1), [9.0, 7.0, 4.0, 0.0]);
	}

	#[test]
	fn products_begin_with_one() {
		let products = |exclusive, reverse| {
			OpTest::new("CumProd")
				.opset(26)
				.attr(int("exclusive", exclusive))
				.attr(int("reverse", reverse))
				.input(tensor(&[3], &[2i32, 3, 4]))
				.constant(tensor(&[], &[0i64]))
				.elements::<i32>()
				.1
		};
		assert_eq!(products(0, 0), [2, 6, 24]);
		assert_eq!(products(1, 0), [1, 2, 6]);
		assert_eq!(products(1, 1), [12, 4, 1]);
	}

	#[test]
	fn an_outer_axis() {
		let (_, y) = OpTest::new("CumSum")
			.input(tensor(&[2, 2], &[1i32, 2, i32::MAX, 4]))
			.constant(tensor(&[1], &[-2i64]))
			.elements::<i32>();
		assert_eq!(y, [1, 2, i32::MIN, 6]);
	}
}
