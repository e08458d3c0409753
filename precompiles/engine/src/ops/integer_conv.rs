//! What ConvInteger and QLinearConv share: convolutions of images of 8-bit integers, less their zero
//! points, in i32, where they wrap around.
//!
//! They run on the convolution of floats. All products and sums are integers that the float holds
//! exactly (below 2^24 for binary32, 2^53 for binary64), so the order of summation is not visible.

use std::sync::Arc;

use tract_onnx::prelude::{Datum, IntoTValue, TValue, Tensor};

use super::{
	integer_product::constant_zero,
	part::Part,
	quantized::{centred, parameter_shape, BYTES},
	NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::Cost,
	tensor::map,
	DType,
};

/// `(X - zero point of X) * (W - zero point of W)`, the padding being zero.
#[derive(Debug)]
pub(super) struct IntegerConv {
	conv: Part,
	dtype: DType,
	/// The shape in which the zero points of the output channels broadcast to W.
	zero_shape: Option<Vec<usize>>,
	constant_w: Option<Arc<Tensor>>,
	/// Elements of X and W.
	elements: u64,
}

impl IntegerConv {
	/// The zero point of X is a scalar; that of W is one, or has an element for each output channel.
	pub(super) fn new(
		node: &NodeCtx<'_>,
		x: &Fact,
		w: &Fact,
		zeros: [Option<&Fact>; 2],
	) -> Result<Self, OpError> {
		x.expect("X", &BYTES)?;
		w.expect("W", &BYTES)?;
		let [zero_x, zero_w] = zeros;
		if let Some(zero) = zero_x {
			zero.expect_same_dtype("the zero point of X", x)?;
			if zero.len() != 1 {
				return Err(OpError::mismatch("the zero point of X must be a scalar"));
			}
		}
		let zero_shape = zero_w
			.map(|zero| {
				zero.expect_same_dtype("the zero point of W", w)?;
				parameter_shape("the zero point of W", zero, w.rank(), w.shape())
			})
			.transpose()?;
		let k = w
			.shape()
			.iter()
			.skip(1)
			.fold(1u64, |k, dim| k.saturating_mul(*dim as u64));
		let dtype = if k.saturating_mul(255 * 255) < 1 << 24 {
			DType::F32
		} else {
			DType::F64
		};
		let wide_x = x.with_dtype(dtype)?;
		let mut wide_w = w.with_dtype(dtype)?;
		let mut constant_w = None;
		if let (Some(value), Some(zero)) = (w.konst(), constant_zero(zero_w)) {
			let zero = zero.map(|zero| (&**zero, zero_shape.as_deref().unwrap_or(&[])));
			let centred = widened(dtype, value, zero).map_err(|error| OpError::BadTensor {
				reason: error.to_string(),
			})?;
			let centred = Arc::new(centred);
			wide_w = Fact::constant(Arc::clone(&centred))?;
			constant_w = Some(centred);
		}
		let conv = Part::new("Conv", node.opset, node.attrs.all(), &[wide_x, wide_w])?;
		if !conv.takes(1) {
			// It is packed inside the convolution.
			constant_w = None;
		}
		Ok(Self {
			conv,
			dtype,
			zero_shape,
			constant_w,
			elements: x.len() as u64 + w.len() as u64,
		})
	}

	/// Whether W, and its zero point, are absorbed.
	pub(super) fn absorbs_w(&self) -> bool {
		self.constant_w.is_some() || !self.conv.takes(1)
	}

	/// Shape of the sums.
	pub(super) fn shape(&self) -> &[usize] {
		self.conv.output().shape()
	}

	/// What the convolution adds to a step's cost.
	pub(super) fn cost(&self) -> Cost {
		let moved = self.elements + 2 * self.conv.output().len() as u64;
		self.conv.cost().with_scalars(moved.saturating_mul(3))
	}

	/// Scratch memory: both sides widened, and the sums.
	pub(super) fn scratch_bytes(&self) -> u64 {
		self.conv
			.scratch_bytes()
			.saturating_add(self.elements.saturating_mul(self.dtype.size() as u64))
			.saturating_add(self.conv.output().len() as u64 * 4)
	}

	/// Bytes of the constants.
	pub(super) fn constant_bytes(&self) -> u64 {
		let unpacked = self
			.constant_w
			.as_ref()
			.map_or(0, |w| (w.len() * self.dtype.size()) as u64);
		self.conv.constant_bytes().saturating_add(unpacked)
	}

	/// The sums, of i32. W and its zero point are looked at only if they are not absorbed.
	pub(super) fn eval(
		&self,
		x: &Tensor,
		w: Option<&Tensor>,
		zeros: [Option<&Tensor>; 2],
	) -> Result<Tensor, EvalError> {
		let x = widened(self.dtype, x, zeros[0].map(|zero| (zero, &[][..])))?;
		let w: Option<TValue> = match (&self.constant_w, w) {
			(Some(constant), _) => Some(Arc::clone(constant).into_tvalue()),
			(None, Some(w)) if self.conv.takes(1) => {
				let zero = zeros[1].map(|zero| (zero, self.zero_shape.as_deref().unwrap_or(&[])));
				Some(widened(self.dtype, w, zero)?.into_tvalue())
			}
			_ => None,
		};
		let sums = self.conv.eval([Some(x.into_tvalue()), w])?;
		match self.dtype {
			DType::F64 => narrowed::<f64>(&sums),
			_ => narrowed::<f32>(&sums),
		}
	}
}

fn widened(
	dtype: DType,
	x: &Tensor,
	zero: Option<(&Tensor, &[usize])>,
) -> Result<Tensor, EvalError> {
	match dtype {
		DType::F64 => centred::<f64>(x, zero),
		_ => centred::<f32>(x, zero),
	}
}

/// The integers that these floats are, modulo 2^32.
fn narrowed<T: Datum + Copy + Into<f64>>(sums: &Tensor) -> Result<Tensor, EvalError> {
	map(sums, |sum: T| {
		let sum: f64 = sum.into();
		sum as i64 as i32
	})
}
