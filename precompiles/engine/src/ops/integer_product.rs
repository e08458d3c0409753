//! What MatMulInteger and QLinearMatMul share: products of matrices of 8-bit integers, less their
//! zero points, in i32. Integers wrap around.

use std::sync::Arc;

use tract_onnx::prelude::{IntoTValue, TValue, Tensor};

use super::{
	part::Part,
	quantized::{centred, parameter_shape, BYTES},
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::Cost,
	DType,
};

/// `(A - zero point of A) x (B - zero point of B)`.
#[derive(Debug)]
pub(super) struct IntegerProduct {
	product: Part,
	/// Shapes in which the zero points broadcast to their matrices.
	zero_shapes: [Option<Vec<usize>>; 2],
	/// B less its zero point, where both are constant.
	constant_b: Option<Arc<Tensor>>,
	/// Elements of A and B.
	elements: u64,
}

impl IntegerProduct {
	/// The zero points are scalars, or have an element for each row of A and each column of B.
	pub(super) fn new(
		opset: i64,
		a: &Fact,
		b: &Fact,
		zeros: [Option<&Fact>; 2],
	) -> Result<Self, OpError> {
		a.expect("A", &BYTES)?;
		b.expect("B", &BYTES)?;
		let [zero_a, zero_b] = zeros;
		let shape_of = |name: &str, zero: Option<&Fact>, of: &Fact, from_back: usize| {
			zero.map(|zero| {
				zero.expect_same_dtype(name, of)?;
				parameter_shape(name, zero, from_back, of.shape())
			})
			.transpose()
		};
		let zero_shapes = [
			shape_of("the zero point of A", zero_a, a, 2)?,
			shape_of("the zero point of B", zero_b, b, 1)?,
		];
		let wide_a = a.with_dtype(DType::I32)?;
		let mut wide_b = b.with_dtype(DType::I32)?;
		let mut constant_b = None;
		if let (Some(value), Some(zero)) = (b.konst(), constant_zero(zero_b)) {
			let zero = zero.map(|zero| (&**zero, zero_shapes[1].as_deref().unwrap_or(&[])));
			let centred = centred::<i32>(value, zero).map_err(|error| OpError::BadTensor {
				reason: error.to_string(),
			})?;
			let centred = Arc::new(centred);
			wide_b = Fact::constant(Arc::clone(&centred))?;
			constant_b = Some(centred);
		}
		let product = Part::new("MatMul", opset, &[], &[wide_a, wide_b])?;
		if !product.takes(1) {
			// It is packed inside the product.
			constant_b = None;
		}
		let elements = a.len() as u64 + b.len() as u64;
		Ok(Self {
			product,
			zero_shapes,
			constant_b,
			elements,
		})
	}

	/// Whether B, and its zero point, are absorbed.
	pub(super) fn absorbs_b(&self) -> bool {
		self.constant_b.is_some() || !self.product.takes(1)
	}

	/// The sums.
	pub(super) fn output(&self) -> &Fact {
		self.product.output()
	}

	/// What the product adds to a step's cost.
	pub(super) fn cost(&self) -> Cost {
		self.product
			.cost()
			.with_macs(self.elements.saturating_mul(2))
	}

	/// Scratch memory: both sides widened, and the sums.
	pub(super) fn scratch_bytes(&self) -> u64 {
		self.product
			.scratch_bytes()
			.saturating_add(self.elements.saturating_mul(4))
	}

	/// Bytes of the constants.
	pub(super) fn constant_bytes(&self) -> u64 {
		let unpacked = self.constant_b.as_ref().map_or(0, |b| b.len() as u64 * 4);
		self.product.constant_bytes().saturating_add(unpacked)
	}

	/// The sums, of i32. B and its zero point are looked at only if they are not absorbed.
	pub(super) fn eval(
		&self,
		a: &Tensor,
		b: Option<&Tensor>,
		zeros: [Option<&Tensor>; 2],
	) -> Result<Tensor, EvalError> {
		let shapes = self.zero_shapes.each_ref().map(|shape| shape.as_deref());
		let wide = |x: &Tensor, side: usize| {
			let zero = zeros[side].map(|zero| (zero, shapes[side].unwrap_or(&[])));
			centred::<i32>(x, zero).map(IntoTValue::into_tvalue)
		};
		let a = wide(a, 0)?;
		let b: Option<TValue> = match (&self.constant_b, b) {
			(Some(constant), _) => Some(Arc::clone(constant).into_tvalue()),
			(None, Some(b)) if self.product.takes(1) => Some(wide(b, 1)?),
			_ => None,
		};
		self.product.eval([Some(a), b])
	}
}

/// The value of a zero point that is constant or omitted; `None` if it is known at run time only.
pub(super) fn constant_zero(zero: Option<&Fact>) -> Option<Option<&Arc<Tensor>>> {
	match zero {
		None => Some(None),
		Some(zero) => zero.konst().map(Some),
	}
}
