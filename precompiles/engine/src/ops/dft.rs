//! DFT: the discrete Fourier transform along an axis.
//!
//! Computed in binary64 by [`fourier`](crate::math::fourier), rounded once. The last axis holds real
//! and imaginary part, or the real part only. What lies beyond `dft_length` is cut, what is missing is
//! zero. With `onesided` only the first half of the bins comes out, or, with `inverse`, goes in: the
//! others are their conjugates, the imaginary parts of the first bin and of the middle one count as
//! zero, and the output is real.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	math::{fourier, Float},
	tensor::{build as build_tensor, dtype, slice},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &["axis", "inverse", "onesided"];

#[derive(Debug)]
struct Dft {
	/// Length of the transform, and of the axis in the input and the output.
	n: usize,
	len: usize,
	bins: usize,
	/// Elements behind the axis, but for the last one.
	inner: usize,
	/// Whether the input, and the output, have imaginary parts.
	complex_in: bool,
	complex_out: bool,
	inverse: bool,
	shape: Vec<usize>,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	x.expect("input", &DType::FLOATS)?;
	x.expect_rank("input", 2..)?;
	let axis = if node.opset < 20 {
		node.attrs.int_or("axis", 1)?
	} else {
		inputs.constant_int(2, "axis")?.unwrap_or(-2)
	};
	let axis = x.axis("axis", axis)?;
	let last = x.rank() - 1;
	if axis == last || !matches!(x.shape()[last], 1 | 2) {
		return Err(OpError::mismatch(format!(
			"input of {:?} must have one or two elements on its last axis, and another to transform",
			x.shape()
		)));
	}
	let inverse = node.attrs.flag_or("inverse", false)?;
	let onesided = node.attrs.flag_or("onesided", false)?;
	let len = x.shape()[axis];
	let default = if inverse && onesided {
		2 * len.saturating_sub(1)
	} else {
		len
	};
	let n = match inputs.constant_int(1, "dft_length")? {
		None => default,
		Some(n) => usize::try_from(n).unwrap_or(0),
	};
	if n == 0 || n > 1 << 28 {
		return Err(OpError::bad_attribute(
			"dft_length",
			format!("{n} is impossible"),
		));
	}
	let bins = if onesided && !inverse { n / 2 + 1 } else { n };
	let complex_out = !(onesided && inverse);
	let mut shape = x.shape().to_vec();
	shape[axis] = bins;
	shape[last] = if complex_out { 2 } else { 1 };
	Ok(Lowered::step_of(
		Dft {
			n,
			len: if inverse && onesided {
				len.min(n / 2 + 1)
			} else {
				len.min(n)
			},
			bins,
			inner: x.shape()[axis + 1..last].iter().product(),
			complex_in: x.shape()[last] == 2,
			complex_out,
			inverse,
			shape,
		},
		[0],
	))
}

impl Dft {
	fn run<T: Float + Datum>(&self, x: &Tensor, in_len: usize) -> Result<Tensor, EvalError> {
		let source = slice::<T>(x)?;
		let (n, inner) = (self.n, self.inner);
		let (in_parts, out_parts) = (
			1 + usize::from(self.complex_in),
			1 + usize::from(self.complex_out),
		);
		let twiddles = fourier::twiddles(n);
		let (mut signal, mut work) = (Vec::with_capacity(n), Vec::with_capacity(n));
		build_tensor::<T>(&self.shape, |y| {
			if y.is_empty() {
				return;
			}
			let out_block = self.bins * inner * out_parts;
			for (index, y) in y.chunks_exact_mut(out_block).enumerate() {
				for i in 0..inner {
					signal.clear();
					for step in 0..self.len {
						let at = ((index * in_len + step) * inner + i) * in_parts;
						let imaginary = if self.complex_in {
							source[at + 1].to_f64()
						} else {
							0.0
						};
						signal.push((source[at].to_f64(), imaginary));
					}
					signal.resize(n, (0.0, 0.0));
					if !self.complex_out {
						mirror(&mut signal);
					}
					fourier::transform(&mut signal, &mut work, &twiddles, self.inverse);
					for (bin, (re, im)) in signal.iter().take(self.bins).enumerate() {
						let at = (bin * inner + i) * out_parts;
						y[at] = T::from_f64(*re);
						if self.complex_out {
							y[at + 1] = T::from_f64(*im);
						}
					}
				}
			}
		})
	}
}

/// Makes the upper half of the bins the conjugates of the lower.
fn mirror(bins: &mut [(f64, f64)]) {
	let n = bins.len();
	bins[0].1 = 0.0;
	if n.is_multiple_of(2) {
		bins[n / 2].1 = 0.0;
	}
	for k in n / 2 + 1..n {
		bins[k] = (bins[n - k].0, -bins[n - k].1);
	}
}

impl Kernel for Dft {
	fn name(&self) -> &'static str {
		"DFT"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		// The transform's own sequence must be a tensor that could be.
		Fact::new(DType::F64, [self.n, 2])?;
		Ok(vec![Fact::new(x.dtype(), self.shape.clone())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let parts = 1 + u64::from(self.complex_out);
		let transforms = outputs[0].len() as u64 / (self.bins as u64 * parts).max(1);
		Cost::touching(inputs, outputs)
			.with_macs(fourier::macs(self.n).saturating_mul(transforms))
			.with_transcendentals(self.n as u64 * 8)
	}

	fn scratch_bytes(&self, _: &[Fact], _: &[Fact]) -> u64 {
		self.n as u64 * 48
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		// The axis' own length, of which perhaps only a part is taken.
		let outer: usize = self.shape.iter().product::<usize>()
			/ (self.bins * self.inner * if self.complex_out { 2 } else { 1 }).max(1);
		let parts = if self.complex_in { 2 } else { 1 };
		let in_len = x.len() / (outer * self.inner * parts).max(1);
		Ok(vec![
			crate::with_float!(dtype(x)?, T => self.run::<T>(x, in_len))?,
		])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, int, tensor, OpTest},
	};

	fn close(a: &[f32], b: &[f32]) {
		assert_eq!(a.len(), b.len());
		for (a, b) in a.iter().zip(b) {
			assert!((a - b).abs() < 1e-6, "{a} {b}");
		}
	}

	#[test]
	fn there_and_back() {
		let x = f32s(&[1, 4, 1], &[1.0, 2.0, 3.0, 4.0]);
		let (shape, y) = OpTest::new("DFT")
			.opset(20)
			.input(x.clone())
			.elements::<f32>();
		assert_eq!(shape, [1, 4, 2]);
		close(&y, &[10.0, 0.0, -2.0, 2.0, -2.0, 0.0, -2.0, -2.0]);
		let (_, back) = OpTest::new("DFT")
			.opset(20)
			.attr(int("inverse", 1))
			.input(f32s(&[1, 4, 2], &y))
			.elements::<f32>();
		close(&back, &[1.0, 0.0, 2.0, 0.0, 3.0, 0.0, 4.0, 0.0]);
		let (shape, half) = OpTest::new("DFT")
			.opset(20)
			.attr(int("onesided", 1))
			.input(x)
			.elements::<f32>();
		assert_eq!(shape, [1, 3, 2]);
		let (shape, back) = OpTest::new("DFT")
			.opset(20)
			.attr(int("onesided", 1))
			.attr(int("inverse", 1))
			.input(f32s(&[1, 3, 2], &half))
			.elements::<f32>();
		assert_eq!(shape, [1, 4, 1]);
		close(&back, &[1.0, 2.0, 3.0, 4.0]);
	}

	#[test]
	fn sequences_are_cut_or_filled_up() {
		let run = |n: i64| {
			OpTest::new("DFT")
				.opset(17)
				.input(f32s(&[1, 3, 1], &[1.0, 2.0, 4.0]))
				.constant(tensor(&[], &[n]))
				.elements::<f32>()
		};
		close(&run(2).1, &[3.0, 0.0, -1.0, 0.0]);
		let (shape, y) = run(5);
		assert_eq!(shape, [1, 5, 2]);
		close(&y[..2], &[7.0, 0.0]);
	}

	#[test]
	fn misfits_are_refused() {
		let error = OpTest::new("DFT").input(f32s(&[1, 3], &[0.0; 3])).refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
		let error = OpTest::new("DFT")
			.input(f32s(&[1, 3, 1], &[0.0; 3]))
			.constant(tensor(&[], &[0i64]))
			.refused();
		assert!(matches!(error, OpError::BadAttribute { .. }));
	}
}
