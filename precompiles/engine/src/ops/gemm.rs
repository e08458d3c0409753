//! Gemm: `alpha * (A' x B') + beta * C`, where A' and B' may be transposed.
//!
//! The sum of products runs over ascending k from +0; it is multiplied by alpha, then `beta * C` is
//! added if there is a C. Integers wrap around, with alpha and beta truncated. C broadcasts; up to
//! opset 6 only if `broadcast` is not 0.

use std::borrow::Cow;

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	product::{
		is_wide, pack, pack_constant, packed_bytes, with_product, Element, PackedMatrix, DTYPES,
	},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	broadcast::{broadcast_shape, broadcast_strides},
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{macs_of, of_vectors, Cost, Kernel},
	linalg::{self, Packed},
	operand::operands,
	tensor::{slice, slice_mut},
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &["alpha", "beta", "transA", "transB"];

#[derive(Debug)]
struct Gemm {
	alpha: f32,
	beta: f32,
	trans_a: bool,
	trans_b: bool,
	rows: usize,
	k: usize,
	columns: usize,
	/// Bytes of an element.
	size: usize,
	/// B, if it is constant.
	packed: Option<PackedMatrix>,
	has_c: bool,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (a, b) = (inputs.required(0)?, inputs.required(1)?);
	a.expect("A", &DTYPES)?;
	b.expect_same_dtype("B", a)?;
	a.expect_rank("A", 2..=2)?;
	b.expect_rank("B", 2..=2)?;
	// Before opset 11 any other number than 0 meant true.
	let trans_a = node.attrs.int_or("transA", 0)? != 0;
	let trans_b = node.attrs.int_or("transB", 0)? != 0;
	let oriented = |shape: &[usize], transposed| {
		if transposed {
			(shape[1], shape[0])
		} else {
			(shape[0], shape[1])
		}
	};
	let (rows, k) = oriented(a.shape(), trans_a);
	let (k_of_b, columns) = oriented(b.shape(), trans_b);
	if k != k_of_b {
		return Err(OpError::mismatch(format!(
			"A of {:?} and B of {:?} do not multiply: {k} against {k_of_b}",
			a.shape(),
			b.shape()
		)));
	}
	if let Some(c) = inputs.optional(2) {
		c.expect_same_dtype("C", a)?;
		// Any other number than 0 means true.
		let broadcasts = node.opset > 6 || node.attrs.int_or("broadcast", 0)? != 0;
		if !broadcasts && c.shape() != [rows, columns] {
			return Err(OpError::mismatch(format!(
				"C has shape {:?}, but must have [{rows}, {columns}]: opset {} broadcasts with \
				 broadcast = 1 only",
				c.shape(),
				node.opset
			)));
		}
		if broadcast_shape(c.shape(), &[rows, columns])? != [rows, columns] {
			return Err(OpError::mismatch(format!(
				"C of {:?} does not broadcast to [{rows}, {columns}]",
				c.shape()
			)));
		}
	}
	let packed = b
		.konst()
		.filter(|_| is_wide(columns))
		.map(|b| pack_constant(b, k, columns, trans_b))
		.transpose()?;
	let has_c = inputs.optional(2).is_some();
	let mut consumed = vec![0];
	if packed.is_none() {
		consumed.push(1);
	}
	if has_c {
		consumed.push(2);
	}
	let gemm = Gemm {
		alpha: node.attrs.float_or("alpha", 1.0)?,
		beta: node.attrs.float_or("beta", 1.0)?,
		trans_a,
		trans_b,
		rows,
		k,
		columns,
		size: a.dtype().size(),
		packed,
		has_c,
	};
	Ok(Lowered::step_of(gemm, consumed))
}

impl Gemm {
	fn run<T: Element>(
		&self,
		a: &Tensor,
		b: Option<&Tensor>,
		c: Option<&Tensor>,
	) -> Result<Tensor, EvalError> {
		let (rows, k, columns) = (self.rows, self.k, self.columns);
		let made: T::Matrix;
		let packed = match (self.packed.as_ref().and_then(T::unwrap), b) {
			(Some(packed), _) => packed,
			(None, Some(b)) => {
				made = pack(slice::<T>(b)?, k, columns, self.trans_b);
				&made
			}
			(None, None) => return Err(EvalError::Internal("no B".into())),
		};
		let a = operands(slice::<T>(a)?);
		let a: &[T] = &if self.trans_a {
			Cow::Owned((0..rows * k).map(|i| a[i % k * rows + i / k]).collect())
		} else {
			a
		};
		let mut y = Tensor::zero_dt(T::datum_type(), &[rows, columns])?;
		let output = slice_mut::<T>(&mut y)?;
		let (alpha, beta) = (T::from_attribute(self.alpha), T::from_attribute(self.beta));
		T::product(a, k, packed, output, columns);
		let Some(c) = c else {
			output.iter_mut().for_each(|y| *y = alpha.times(*y));
			return Ok(y);
		};
		let strides = broadcast_strides(c.shape(), &[rows, columns]);
		let c = slice::<T>(c)?;
		for (row, output) in output.chunks_exact_mut(columns.max(1)).enumerate() {
			for (column, y) in output.iter_mut().enumerate() {
				let c = c[row * strides[0] + column * strides[1]];
				*y = alpha.times(*y).plus(beta.times(c));
			}
		}
		Ok(y)
	}
}

impl Kernel for Gemm {
	fn name(&self) -> &'static str {
		"Gemm"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let a = inputs
			.first()
			.ok_or_else(|| super::internal_arity(inputs))?;
		Ok(vec![Fact::new(a.dtype(), [self.rows, self.columns])?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let macs = linalg::macs(self.rows, self.k, self.columns);
		// A is turned element by element, from anywhere in it, by two divisions.
		let turned = if self.trans_a {
			(inputs[0].len() as u64).saturating_mul(8)
		} else {
			0
		};
		Cost::touching(inputs, outputs)
			.with_scalars(turned)
			.with_macs(macs.saturating_mul(macs_of(outputs[0].dtype())))
			.with_bytes(self.constant_bytes())
	}

	fn scratch_bytes(&self, inputs: &[Fact], _outputs: &[Fact]) -> u64 {
		let dtype = inputs[0].dtype();
		let packed = if self.packed.is_some() {
			0
		} else {
			packed_bytes(dtype, self.k, self.columns)
		};
		let turned = if self.trans_a { inputs[0].bytes() } else { 0 };
		packed
			.saturating_add(turned)
			.saturating_add(inputs[0].bytes())
			.saturating_add(self.rows as u64 * 8)
	}

	fn constant_bytes(&self) -> u64 {
		match &self.packed {
			None => 0,
			Some(_) if self.size == 8 => Packed::<f64>::bytes(self.k, self.columns),
			Some(_) => Packed::<f32>::bytes(self.k, self.columns),
		}
	}

	fn subnormals(&self, inputs: &[Fact], outputs: &[Fact]) -> u64 {
		// alpha and beta, in vectors of 128 bits.
		of_vectors(
			inputs[0].dtype(),
			(outputs[0].len() as u64).saturating_mul(4),
		)
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let mut inputs = inputs.iter().map(|value| &**value);
		let a = inputs
			.next()
			.ok_or_else(|| EvalError::Internal("no A".into()))?;
		let b = if self.packed.is_none() {
			inputs.next()
		} else {
			None
		};
		let c = if self.has_c { inputs.next() } else { None };
		let dtype = crate::tensor::dtype(a)?;
		Ok(vec![with_product!(dtype, T => self.run::<T>(a, b, c)?)])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, float, int, tensor, OpTest},
	};

	#[test]
	fn scaled_product_plus_scaled_row() {
		for constant in [false, true] {
			let b = f32s(&[2, 4], &[1.0, 0.0, 2.0, 1.0, 0.0, 1.0, 3.0, 1.0]);
			let test = OpTest::new("Gemm")
				.attr(float("alpha", 2.0))
				.attr(float("beta", 0.5))
				.input(f32s(&[2, 2], &[1.0, 2.0, 3.0, 4.0]));
			let test = if constant {
				test.constant(b)
			} else {
				test.input(b)
			};
			let (shape, y) = test
				.input(f32s(&[4], &[2.0, 4.0, 6.0, 8.0]))
				.elements::<f32>();
			assert_eq!(shape, [2, 4]);
			assert_eq!(y, [3.0, 6.0, 19.0, 10.0, 7.0, 10.0, 39.0, 18.0]);
		}
	}

	#[test]
	fn old_opsets_broadcast_where_asked_to() {
		let test = |c| {
			OpTest::new("Gemm")
				.opset(6)
				.input(f32s(&[1, 1], &[2.0]))
				.input(f32s(&[1, 2], &[3.0, 4.0]))
				.input(c)
		};
		let row = || f32s(&[2], &[1.0, -1.0]);
		let (_, y) = test(row()).attr(int("broadcast", 1)).elements::<f32>();
		assert_eq!(y, [7.0, 7.0]);
		let (_, y) = test(f32s(&[1, 2], &[1.0, -1.0])).elements::<f32>();
		assert_eq!(y, [7.0, 7.0]);
		let error = test(row()).refused();
		assert!(error.to_string().contains("broadcast = 1"), "{error}");
		let error = test(row()).opset(7).attr(int("broadcast", 1)).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
	}

	#[test]
	fn both_sides_transposed() {
		let (shape, y) = OpTest::new("Gemm")
			.attr(int("transA", 1))
			.attr(int("transB", 1))
			.input(f32s(&[2, 1], &[2.0, 3.0]))
			.input(f32s(&[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
			.elements::<f32>();
		assert_eq!((shape, y), (vec![1, 3], vec![8.0, 18.0, 28.0]));
	}

	#[test]
	fn integers_wrap_around() {
		let (_, y) = OpTest::new("Gemm")
			.input(tensor(&[1, 1], &[i32::MAX]))
			.input(tensor(&[1, 1], &[2i32]))
			.elements::<i32>();
		assert_eq!(y, [-2]);
	}

	#[test]
	fn what_does_not_fit_is_refused() {
		let a = || OpTest::new("Gemm").input(f32s(&[2, 2], &[0.0; 4]));
		assert!(matches!(
			a().input(f32s(&[3, 2], &[0.0; 6])).refused(),
			OpError::ShapeMismatch { .. }
		));
		assert!(matches!(
			a().input(f32s(&[2], &[0.0; 2])).refused(),
			OpError::ShapeMismatch { .. }
		));
		let error = a()
			.input(f32s(&[2, 2], &[0.0; 4]))
			.input(f32s(&[3], &[0.0; 3]))
			.refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
	}
}
