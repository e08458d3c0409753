//! STFT: the Fourier transforms of windows that slide over a signal.
//!
//! A frame is multiplied by the window in binary64 and transformed there, by
//! [`fourier`](crate::math::fourier); the result is rounded once.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{Inputs, Lowered, NodeCtx};
use crate::{
	attrs::Attrs,
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	math::{fourier, Float},
	tensor::{build as build_tensor, dtype, slice},
	DType,
};

#[derive(Debug)]
struct Stft {
	batch: usize,
	len: usize,
	/// Length of a frame, and how far it moves.
	frame: usize,
	step: usize,
	frames: usize,
	bins: usize,
	complex: bool,
	has_window: bool,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	x.expect("signal", &DType::FLOATS)?;
	let (batch, len, complex) = match *x.shape() {
		[batch, len] => (batch, len, false),
		[batch, len, 1] => (batch, len, false),
		[batch, len, 2] => (batch, len, true),
		_ => return Err(OpError::mismatch(format!("a signal of {:?}", x.shape()))),
	};
	let positive = |value: Option<i64>, name: &'static str| {
		value
			.map(|value| {
				usize::try_from(value)
					.ok()
					.filter(|value| (1..=1 << 28).contains(value))
					.ok_or_else(|| OpError::bad_attribute(name, format!("{value} is impossible")))
			})
			.transpose()
	};
	let step = positive(inputs.constant_int(1, "frame_step")?, "frame_step")?
		.ok_or_else(|| Attrs::missing("frame_step"))?;
	let window = inputs.optional(2);
	if let Some(window) = window {
		window.expect_same_dtype("window", x)?;
		window.expect_rank("window", 1..=1)?;
	}
	let frame = match positive(inputs.constant_int(3, "frame_length")?, "frame_length")? {
		Some(frame) => frame,
		None => window.map_or(len, Fact::len),
	};
	if window.is_some_and(|window| window.len() != frame) || frame == 0 || frame > len {
		return Err(OpError::mismatch(format!(
			"frames of {frame} do not fit the window or the signal of {len}"
		)));
	}
	let onesided = node.attrs.flag_or("onesided", true)?;
	if onesided && complex {
		return Err(OpError::bad_attribute("onesided", "needs a real signal"));
	}
	let stft = Stft {
		batch,
		len,
		frame,
		step,
		frames: (len - frame) / step + 1,
		bins: if onesided { frame / 2 + 1 } else { frame },
		complex,
		has_window: window.is_some(),
	};
	let consumed = if stft.has_window { vec![0, 2] } else { vec![0] };
	Ok(Lowered::step_of(stft, consumed))
}

impl Stft {
	fn run<T: Float + Datum>(
		&self,
		signal: &[T],
		window: Option<&[T]>,
	) -> Result<Tensor, EvalError> {
		let parts = 1 + usize::from(self.complex);
		let twiddles = fourier::twiddles(self.frame);
		let (mut frame, mut work) = (vec![], vec![]);
		build_tensor::<T>(&[self.batch, self.frames, self.bins, 2], |y| {
			for (index, y) in y.chunks_exact_mut(2 * self.bins).enumerate() {
				let (entry, position) = (index / self.frames, index % self.frames);
				frame.clear();
				for i in 0..self.frame {
					let at = (entry * self.len + position * self.step + i) * parts;
					let weight = window.map_or(1.0, |window| window[i].to_f64());
					let imaginary = if self.complex {
						signal[at + 1].to_f64() * weight
					} else {
						0.0
					};
					frame.push((signal[at].to_f64() * weight, imaginary));
				}
				fourier::transform(&mut frame, &mut work, &twiddles, false);
				for (y, (re, im)) in y.chunks_exact_mut(2).zip(&frame) {
					y[0] = T::from_f64(*re);
					y[1] = T::from_f64(*im);
				}
			}
		})
	}
}

impl Kernel for Stft {
	fn name(&self) -> &'static str {
		"STFT"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let x = inputs
			.first()
			.ok_or_else(|| super::internal_arity(inputs))?;
		Ok(vec![Fact::new(
			x.dtype(),
			[self.batch, self.frames, self.bins, 2],
		)?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let transforms = (self.batch as u64).saturating_mul(self.frames as u64);
		Cost::touching(inputs, outputs)
			.with_macs(fourier::macs(self.frame).saturating_mul(transforms))
			.with_transcendentals(self.frame as u64 * 8)
	}

	fn scratch_bytes(&self, _: &[Fact], _: &[Fact]) -> u64 {
		self.frame as u64 * 48
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		let y = crate::with_float!(dtype(x)?, T => {
			let window = if self.has_window {
				Some(slice::<T>(&inputs[1])?)
			} else {
				None
			};
			self.run::<T>(slice::<T>(x)?, window)?
		});
		Ok(vec![y])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, int, tensor, OpTest},
	};

	#[test]
	fn frames_slide_and_are_weighed() {
		let signal = || OpTest::new("STFT").input(f32s(&[1, 4, 1], &[1.0, 2.0, 3.0, 4.0]));
		let (shape, y) = signal()
			.constant(tensor(&[], &[1i64]))
			.input(f32s(&[2], &[1.0, 0.5]))
			.elements::<f32>();
		assert_eq!(shape, [1, 3, 2, 2]);
		let real: Vec<f32> = y.iter().copied().step_by(2).collect();
		assert_eq!(real, [2.0, 0.0, 3.5, 0.5, 5.0, 1.0]);
		let (shape, _) = signal()
			.attr(int("onesided", 0))
			.constant(tensor(&[], &[2i64]))
			.omitted()
			.constant(tensor(&[], &[3i64]))
			.elements::<f32>();
		assert_eq!(shape, [1, 1, 3, 2]);
		let error = signal().constant(tensor(&[], &[0i64])).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }));
		let error = signal()
			.constant(tensor(&[], &[1i64]))
			.omitted()
			.constant(tensor(&[], &[5i64]))
			.refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
	}
}
