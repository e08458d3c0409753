//! MatMul: the matrix product of the last two axes, the others broadcast, as in NumPy.
//!
//! The sum of products runs over ascending k from +0. Integers wrap around.

use std::sync::Arc;

use tract_onnx::prelude::{Datum, IntoTensor, TValue, TVec, Tensor};

use super::{
	product::{
		is_wide, pack, pack_constant, packed_bytes, product_through, with_product, Element,
		PackedMatrix, DTYPES,
	},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	broadcast::{broadcast_shape, broadcast_strides, for_each_row},
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{macs_of, Cost, FollowUp, Kernel},
	linalg::{self, Packed},
	operand::operands,
	panels::{Activation, Epilogue, Panels},
	tensor::{slice, slice_mut},
};

#[derive(Clone, Debug)]
struct MatMul {
	/// Batch dimensions of each side and of the output.
	batch_a: Vec<usize>,
	batch_b: Vec<usize>,
	batch: Vec<usize>,
	rows: usize,
	k: usize,
	columns: usize,
	/// Shape of the output as ONNX has it: an axis that a vector was given is gone.
	shape: Vec<usize>,
	/// Bytes of an element.
	size: usize,
	/// B, if it is one constant matrix.
	packed: Option<PackedMatrix>,
	/// What is added to each row of a packed product of binary32.
	bias: Option<Arc<[f32]>>,
	/// Whether a further input is added to such a product, before the activation.
	adds: bool,
	activation: Activation,
}

pub(super) fn build(_: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (a, b) = (inputs.required(0)?, inputs.required(1)?);
	a.expect("A", &DTYPES)?;
	b.expect_same_dtype("B", a)?;
	a.expect_rank("A", 1..)?;
	b.expect_rank("B", 1..)?;
	let (batch_a, rows, k) = match a.shape() {
		[k] => (vec![], 1, *k),
		[batch @ .., rows, k] => (batch.to_vec(), *rows, *k),
		[] => return Err(OpError::mismatch("A is a scalar")),
	};
	let (mut batch_b, k_of_b, columns) = match b.shape() {
		[k] => (vec![], *k, 1),
		[batch @ .., k, columns] => (batch.to_vec(), *k, *columns),
		[] => return Err(OpError::mismatch("B is a scalar")),
	};
	if k != k_of_b {
		return Err(OpError::mismatch(format!(
			"A of {:?} and B of {:?} do not multiply: {k} against {k_of_b}",
			a.shape(),
			b.shape()
		)));
	}
	let mut shape = broadcast_shape(&batch_a, &batch_b)?;
	let (mut batch, mut batch_a, mut rows) = (shape.clone(), batch_a, rows);
	if a.rank() > 1 {
		shape.push(rows);
	}
	if b.rank() > 1 {
		shape.push(columns);
	}
	// One matrix on the right: all matrices on the left are one tall matrix.
	if batch_b.iter().all(|dim| *dim == 1) && batch_a.len() >= batch_b.len() {
		rows *= batch_a.iter().product::<usize>();
		(batch, batch_a, batch_b) = (vec![], vec![], vec![]);
	}
	let packed = b
		.konst()
		.filter(|_| batch_b.is_empty() && is_wide(columns))
		.map(|b| pack_constant(b, k, columns, false))
		.transpose()?;
	let consumed = if packed.is_some() {
		vec![0]
	} else {
		vec![0, 1]
	};
	let size = a.dtype().size();
	let mat_mul = MatMul {
		batch_a,
		batch_b,
		batch,
		rows,
		k,
		columns,
		shape,
		size,
		packed,
		bias: None,
		adds: false,
		activation: Activation::None,
	};
	Ok(Lowered::step_of(mat_mul, consumed))
}

impl MatMul {
	/// The product with one packed matrix of binary32, and what follows it.
	fn run_packed(&self, mut inputs: TVec<TValue>, packed: &Panels) -> Result<Tensor, EvalError> {
		let addend = if self.adds { inputs.pop() } else { None };
		let mut y = match addend {
			// Its memory becomes the output's, if nothing else needs it.
			Some(addend) => addend.into_tensor(),
			None => Tensor::zero_dt(f32::datum_type(), &self.shape)?,
		};
		let a = operands(slice::<f32>(&inputs[0])?);
		let epilogue = Epilogue {
			bias: self.bias.as_deref(),
			accumulate: self.adds,
			activation: self.activation,
		};
		let output = slice_mut::<f32>(&mut y)?;
		product_through(&a, self.k, packed, output, self.columns, epilogue);
		Ok(y)
	}

	fn run<T: Element>(&self, a: &Tensor, b: Option<&Tensor>) -> Result<Tensor, EvalError> {
		let (rows, k, columns) = (self.rows, self.k, self.columns);
		let mut y = Tensor::zero_dt(T::datum_type(), &self.shape)?;
		let (a, output) = (&*operands(slice::<T>(a)?), slice_mut::<T>(&mut y)?);
		if let Some(packed) = self.packed.as_ref().and_then(T::unwrap) {
			T::product(a, k, packed, output, columns);
			return Ok(y);
		}
		let b = slice::<T>(b.ok_or_else(|| EvalError::Internal("no B".into()))?)?;
		// A last axis of one makes each matrix a row of the walk over the batch.
		let mut batch = self.batch.clone();
		batch.push(1);
		let strides = |side: &[usize]| {
			let mut strides = broadcast_strides(side, &self.batch);
			strides.push(0);
			strides
		};
		let mut made: Option<(usize, T::Matrix)> = None;
		let (of_a, of_b) = (strides(&self.batch_a), strides(&self.batch_b));
		for_each_row(&batch, [&of_a, &of_b], |position, [i, j]| {
			let packed = match made.take() {
				Some((index, packed)) if index == j => packed,
				_ => pack(&b[j * k * columns..][..k * columns], k, columns, false),
			};
			T::product(
				&a[i * rows * k..][..rows * k],
				k,
				&packed,
				&mut output[position * rows * columns..][..rows * columns],
				columns,
			);
			made = Some((j, packed));
		});
		Ok(y)
	}
}

impl Kernel for MatMul {
	fn name(&self) -> &'static str {
		"MatMul"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let a = inputs
			.first()
			.ok_or_else(|| super::internal_arity(inputs))?;
		Ok(vec![Fact::new(a.dtype(), self.shape.clone())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let products = self
			.batch
			.iter()
			.fold(1, |n, dim| u64::saturating_mul(n, *dim as u64));
		let mut cost = Cost::touching(inputs, outputs).with_macs(
			linalg::macs(self.rows, self.k, self.columns)
				.saturating_mul(macs_of(outputs[0].dtype()))
				.saturating_mul(products),
		);
		// Packing touches the right-hand side once more, and each product is a small step.
		cost.bytes = cost
			.bytes
			.saturating_add(inputs.get(1).map_or(0, Fact::bytes))
			.saturating_add(self.constant_bytes())
			.saturating_add(products.saturating_mul(2048));
		// One chain of additions has nothing to hide its latency behind.
		if self.rows < 4 && self.columns <= linalg::LANES {
			cost = cost.with_scalars(products.saturating_mul(32 * self.k as u64));
		}
		cost
	}

	fn scratch_bytes(&self, inputs: &[Fact], _outputs: &[Fact]) -> u64 {
		let packed = match self.packed {
			Some(_) => 0,
			None => packed_bytes(inputs[0].dtype(), self.k, self.columns),
		};
		packed
			.saturating_add(inputs[0].bytes())
			.saturating_add(self.rows as u64 * 8)
	}

	fn constant_bytes(&self) -> u64 {
		match &self.packed {
			None => 0,
			Some(_) if self.size == 8 => Packed::<f64>::bytes(self.k, self.columns),
			Some(_) => {
				let bias = self.bias.as_ref().map_or(0, |bias| bias.len() as u64 * 4);
				Packed::<f32>::bytes(self.k, self.columns).saturating_add(bias)
			}
		}
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		if let Some(PackedMatrix::F32(packed)) = &self.packed {
			return Ok(vec![self.run_packed(inputs, packed)?]);
		}
		let a = inputs
			.first()
			.ok_or_else(|| EvalError::Internal("no A".into()))?;
		let b = inputs.get(1).map(|b| &**b);
		let dtype = crate::tensor::dtype(a)?;
		Ok(vec![with_product!(dtype, T => self.run::<T>(a, b)?)])
	}

	fn followed_by(&self, next: &FollowUp) -> Option<Arc<dyn Kernel>> {
		let is_packed = matches!(self.packed, Some(PackedMatrix::F32(_)));
		if !is_packed || self.activation != Activation::None {
			return None;
		}
		let mut fused = self.clone();
		match next {
			FollowUp::Activation(activation) => fused.activation = *activation,
			FollowUp::Add if !self.adds => fused.adds = true,
			FollowUp::Bias(bias) if !self.adds && self.bias.is_none() => {
				let bias = slice::<f32>(bias).ok()?;
				if bias.len() != self.columns || self.shape.last() != Some(&self.columns) {
					return None;
				}
				fused.bias = Some(bias.into());
			}
			FollowUp::Add | FollowUp::Bias(_) => return None,
		}
		Some(Arc::new(fused))
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, tensor, OpTest},
	};

	#[test]
	fn matrices() {
		for constant in [false, true] {
			let b = f32s(&[2, 4], &[1.0, 0.0, 2.0, 1.0, 0.0, 1.0, 3.0, 1.0]);
			let test = OpTest::new("MatMul").input(f32s(&[2, 2], &[1.0, 2.0, 3.0, 4.0]));
			let test = if constant {
				test.constant(b)
			} else {
				test.input(b)
			};
			let (shape, y) = test.elements::<f32>();
			assert_eq!(shape, [2, 4]);
			assert_eq!(y, [1.0, 2.0, 8.0, 3.0, 3.0, 4.0, 18.0, 7.0]);
		}
	}

	#[test]
	fn operands_too_small_to_multiply_count_as_zero() {
		let small = f64::from_bits(0x2000_0000_0000_0000 - 1);
		let a = || tensor(&[1, 2], &[small, 1.0f64]);
		let b = || tensor(&[2, 1], &[1e300f64, small]);
		let of_inputs = OpTest::new("MatMul").input(a()).input(b());
		let of_constant = OpTest::new("MatMul").input(a()).constant(b());
		for test in [of_inputs, of_constant] {
			assert_eq!(test.elements::<f64>().1, [0.0]);
		}
	}

	#[test]
	fn vectors_lose_their_axis() {
		let v = || f32s(&[3], &[1.0, 2.0, 3.0]);
		let m = f32s(&[3, 2], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
		let (shape, y) = OpTest::new("MatMul")
			.input(v())
			.input(v())
			.elements::<f32>();
		assert_eq!((shape, y), (vec![], vec![14.0]));
		let (shape, y) = OpTest::new("MatMul").input(v()).input(m).elements::<f32>();
		assert_eq!((shape, y), (vec![2], vec![4.0, 5.0]));
		let m = f32s(&[1, 2, 3], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
		let (shape, y) = OpTest::new("MatMul").input(m).input(v()).elements::<f32>();
		assert_eq!((shape, y), (vec![1, 2], vec![1.0, 6.0]));
	}

	#[test]
	fn batches_broadcast() {
		// [2, 1, 1, 2] x [3, 2, 1] -> [2, 3, 1, 1]
		let a = tensor(&[2, 1, 1, 2], &[1i32, 2, 3, 4]);
		let b = tensor(&[3, 2, 1], &[1i32, 0, 0, 1, 1, 1]);
		let (shape, y) = OpTest::new("MatMul").input(a).input(b).elements::<i32>();
		assert_eq!((shape, y), (vec![2, 3, 1, 1], vec![1, 2, 3, 3, 4, 7]));
		// The right-hand side is one matrix.
		let a = tensor(&[2, 1, 2], &[1i32, 2, 3, 4]);
		let b = tensor(&[1, 2, 1], &[10i32, 1]);
		let (shape, y) = OpTest::new("MatMul").input(a).input(b).elements::<i32>();
		assert_eq!((shape, y), (vec![2, 1, 1], vec![12, 34]));
		// The left-hand side is one matrix.
		let a = tensor(&[1, 2], &[1i32, 2]);
		let b = tensor(&[2, 2, 1], &[1i32, 2, 3, 4]);
		let (shape, y) = OpTest::new("MatMul").input(a).input(b).elements::<i32>();
		assert_eq!((shape, y), (vec![2, 1, 1], vec![5, 11]));
	}

	#[test]
	fn what_does_not_fit_is_refused() {
		let a = || OpTest::new("MatMul").input(f32s(&[2, 2, 2], &[0.0; 8]));
		for b in [
			f32s(&[3, 2], &[0.0; 6]),
			f32s(&[3, 2, 1], &[0.0; 6]),
			f32s(&[], &[0.0]),
		] {
			assert!(matches!(
				a().input(b).refused(),
				OpError::ShapeMismatch { .. }
			));
		}
	}
}
