//! HannWindow, HammingWindow and BlackmanWindow: weights for spectra.
//!
//! `a0 - a1 cos(t) + a2 cos(2 t)` with `t = 2π i / n` (`periodic`) or `2π i / (n - 1)`, in binary64,
//! rounded once; a symmetric window of one element is 1. a is (0.5, 0.5, 0), (25/46, 21/46, 0) and
//! (0.42, 0.5, 0.08).

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{cast::data_type, Inputs, Lowered, NodeCtx};
use crate::{
	attrs::Attrs,
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	math::{cos, Float},
	tensor::build as build_tensor,
	DType,
};

/// Attributes of all three.
pub(super) const ATTRIBUTES: &[&str] = &["output_datatype", "periodic"];

#[derive(Debug)]
struct CosineWindow {
	name: &'static str,
	a: [f64; 3],
	len: usize,
	periodic: bool,
	dtype: DType,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (name, a) = match node.op_type {
		"HannWindow" => ("HannWindow", [0.5, 0.5, 0.0]),
		"HammingWindow" => ("HammingWindow", [25.0 / 46.0, 21.0 / 46.0, 0.0]),
		_ => ("BlackmanWindow", [0.42, 0.5, 0.08]),
	};
	let size = inputs
		.constant_int(0, "size")?
		.ok_or_else(|| Attrs::missing("size"))?;
	let len = usize::try_from(size)
		.map_err(|_| OpError::bad_attribute("size", format!("{size} is impossible")))?;
	let dtype = data_type("output_datatype", node.attrs.int_or("output_datatype", 1)?)?;
	if !dtype.is_float() {
		return Err(OpError::UnsupportedDType {
			reason: format!("a window of {dtype}, but it must be of f32 or f64"),
		});
	}
	// The constant size stays an input, so that the window is folded, and its work counted.
	Ok(Lowered::step(
		CosineWindow {
			name,
			a,
			len,
			periodic: node.attrs.flag_or("periodic", true)?,
			dtype,
		},
		inputs,
	))
}

impl CosineWindow {
	fn run<T: Float + Datum>(&self) -> Result<Tensor, EvalError> {
		let n = if self.periodic {
			self.len
		} else {
			self.len.saturating_sub(1)
		};
		build_tensor::<T>(&[self.len], |y| {
			for (i, y) in y.iter_mut().enumerate() {
				let t = 2.0 * std::f64::consts::PI * i as f64 / n as f64;
				let [a0, a1, a2] = self.a;
				let weight = a0 - a1 * cos(t) + a2 * cos(2.0 * t);
				*y = T::from_f64(if n == 0 { 1.0 } else { weight });
			}
		})
	}
}

impl Kernel for CosineWindow {
	fn name(&self) -> &'static str {
		self.name
	}

	fn infer(&self, _: &[Fact]) -> Result<Vec<Fact>, OpError> {
		Ok(vec![Fact::new(self.dtype, [self.len])?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_transcendentals((self.len as u64).saturating_mul(8))
	}

	fn eval(&self, _: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		Ok(vec![crate::with_float!(self.dtype, T => self.run::<T>())?])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{int, tensor, OpTest},
	};

	fn window(name: &'static str, size: i64, periodic: i64) -> Vec<f64> {
		OpTest::new(name)
			.attr(int("output_datatype", 11))
			.attr(int("periodic", periodic))
			.constant(tensor(&[], &[size]))
			.elements::<f64>()
			.1
	}

	#[test]
	fn windows_rise_and_fall() {
		for (name, ends, middle) in [
			("HannWindow", 0.0, 1.0),
			("HammingWindow", 4.0 / 46.0, 1.0),
			("BlackmanWindow", 0.0, 1.0),
		] {
			let symmetric = window(name, 5, 0);
			assert!((symmetric[0] - ends).abs() < 1e-15, "{name}");
			assert!((symmetric[2] - middle).abs() < 1e-15, "{name}");
			assert!((symmetric[4] - symmetric[0]).abs() < 1e-15, "{name}");
			assert_eq!(window(name, 4, 1), symmetric[..4]);
			assert_eq!(window(name, 1, 0), [1.0]);
			assert_eq!(window(name, 0, 0), [0.0; 0]);
		}
		let error = OpTest::new("HannWindow")
			.constant(tensor(&[], &[1i64 << 40]))
			.refused();
		assert!(matches!(error, OpError::TensorTooLarge { .. }));
	}
}
