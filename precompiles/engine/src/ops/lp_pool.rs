//! LpPool and GlobalLpPool: the p-norm of each window, or of each channel.
//!
//! The accumulator starts at +0 and takes in, in row-major order, the elements of the window that lie
//! in the input: their magnitudes (`p` = 1), their squares (`p` = 2), or their magnitudes to the power
//! of p. Then come the square root (`p` = 2) or the power of 1 / p, which is rounded to the type.
//! In opset 1 p is a float.

use tract_onnx::prelude::{Datum, TValue, TVec, Tensor};

use super::{
	window::{kernel_shape, spatial_rank, Window},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{one_by_one, Cost, Kernel},
	math::Float,
	tensor::{build as build_tensor, dtype, slice},
	DType,
};

/// Attributes of LpPool.
pub(super) const ATTRIBUTES: &[&str] = &[
	"auto_pad",
	"ceil_mode",
	"dilations",
	"kernel_shape",
	"p",
	"pads",
	"strides",
];

#[derive(Debug)]
struct LpPool {
	name: &'static str,
	p: f64,
	/// The window, or the whole channel.
	window: Option<Window>,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let rank = spatial_rank(x)?;
	let kernel = kernel_shape(&node.attrs, rank)?;
	let ceil = node.attrs.flag_or("ceil_mode", false)?;
	let pool = LpPool {
		name: "LpPool",
		p: power(node)?,
		window: Some(Window::new(node, x, &kernel, ceil)?),
	};
	Ok(Lowered::step(pool, inputs))
}

/// Lowers GlobalLpPool.
pub(super) fn build_global(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	inputs.required(0)?.expect_rank("X", 2..)?;
	let pool = LpPool {
		name: "GlobalLpPool",
		p: power(node)?,
		window: None,
	};
	Ok(Lowered::step(pool, inputs))
}

fn power(node: &NodeCtx<'_>) -> Result<f64, OpError> {
	const MOST: i64 = 1 << 20;
	let p = if node.opset < 2 {
		f64::from(node.attrs.float_or("p", 2.0)?)
	} else {
		// A number so large is refused in any case.
		node.attrs.int_or("p", 2)?.clamp(0, MOST + 1) as f64
	};
	if (1.0..=MOST as f64).contains(&p) {
		return Ok(p);
	}
	Err(OpError::bad_attribute("p", format!("{p} is impossible")))
}

impl LpPool {
	/// Elements that are summed up, over all windows.
	fn terms(&self, inputs: &[Fact], outputs: &[Fact]) -> u64 {
		match &self.window {
			None => inputs[0].len() as u64,
			Some(window) => (outputs[0].len() as u64).saturating_mul(window.kernel_len()),
		}
	}

	fn shape(&self, x: &[usize]) -> Vec<usize> {
		let mut shape = x[..2].to_vec();
		match &self.window {
			Some(window) => shape.extend(window.output_shape()),
			None => shape.resize(x.len(), 1),
		}
		shape
	}

	#[inline(always)]
	fn term<T: Float>(&self, x: T) -> T {
		if self.p == 1.0 {
			x.abs()
		} else if self.p == 2.0 {
			x * x
		} else {
			x.abs().pow(T::from_f64(self.p))
		}
	}

	#[inline(always)]
	fn finish<T: Float>(&self, sum: T) -> T {
		if self.p == 1.0 {
			sum
		} else if self.p == 2.0 {
			sum.sqrt()
		} else {
			sum.pow(T::ONE / T::from_f64(self.p))
		}
	}

	fn run<T: Float + Datum>(&self, x: &Tensor) -> Result<Tensor, EvalError> {
		let source = slice::<T>(x)?;
		build_tensor::<T>(&self.shape(x.shape()), |y| {
			if y.is_empty() {
				return;
			}
			let planes = x.shape()[0] * x.shape()[1];
			let (len, out_len) = (source.len() / planes, y.len() / planes);
			for plane in 0..planes {
				let x = &source[plane * len..][..len];
				let y = &mut y[plane * out_len..][..out_len];
				match &self.window {
					None => y[0] = x.iter().fold(T::ZERO, |sum, x| sum + self.term(*x)),
					Some(window) => {
						window.for_each_tap(|tap| {
							window.for_each_pair(
								tap,
								y,
								x,
								#[inline(always)]
								|y, x| *y = *y + self.term(x),
							);
						});
					}
				}
				for y in y {
					*y = self.finish(*y);
				}
			}
		})
	}
}

impl Kernel for LpPool {
	fn name(&self) -> &'static str {
		self.name
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		x.expect("X", &DType::FLOATS)?;
		Ok(vec![Fact::new(x.dtype(), self.shape(x.shape()))?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let terms = self.terms(inputs, outputs);
		// Of tiny planes the runs are found in more time than they take.
		let planes = outputs[0].shape()[0] as u64 * outputs[0].shape()[1] as u64;
		let found = match &self.window {
			None => planes.saturating_mul(64),
			Some(window) => window.run_macs(planes),
		};
		let outputs_len = outputs[0].len() as u64;
		let powers = if self.p == 1.0 {
			0
		} else if self.p == 2.0 {
			outputs_len
		} else {
			terms.saturating_add(outputs_len).saturating_mul(8)
		};
		Cost::touching(inputs, outputs)
			.with_scalars(terms)
			.with_macs(found)
			.with_transcendentals(powers)
	}

	fn subnormals(&self, inputs: &[Fact], outputs: &[Fact]) -> u64 {
		let terms = self.terms(inputs, outputs);
		let roots = outputs[0].len() as u64;
		// Rows may be short.
		one_by_one(inputs[0].dtype(), terms.saturating_add(roots))
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		Ok(vec![crate::with_float!(dtype(x)?, T => self.run::<T>(x))?])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, float, int, ints, OpTest},
	};

	#[test]
	fn windows_of_every_norm() {
		let test = || {
			OpTest::new("LpPool")
				.attr(ints("kernel_shape", &[2]))
				.input(f32s(&[1, 1, 4], &[3.0, -4.0, 0.0, 2.0]))
		};
		assert_eq!(test().elements::<f32>().1, [5.0, 4.0, 2.0]);
		assert_eq!(
			test().attr(int("p", 1)).elements::<f32>().1,
			[7.0, 4.0, 2.0]
		);
		let (_, y) = test()
			.attr(int("p", 3))
			.attr(ints("pads", &[1, 0]))
			.attr(ints("strides", &[4]))
			.elements::<f32>();
		assert_eq!(y, [3.0]);
		let error = test().attr(int("p", 0)).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }));
	}

	#[test]
	fn the_first_opset_has_a_float() {
		let test = || {
			OpTest::new("LpPool")
				.opset(1)
				.attr(ints("kernel_shape", &[2]))
				.input(f32s(&[1, 1, 2], &[4.0, -4.0]))
		};
		assert_eq!(test().attr(float("p", 1.0)).elements::<f32>().1, [8.0]);
		// 4^1.5 is 8, and 16^(2/3) is 2^(8/3).
		let (_, y) = test().attr(float("p", 1.5)).elements::<f32>();
		assert!((y[0] - 6.349_604).abs() < 1e-6, "{y:?}");
		for p in [0.5, f32::NAN, f32::INFINITY, -2.0] {
			let error = test().attr(float("p", p)).refused();
			assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
		}
		let error = test().attr(int("p", 2)).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
		let error = test().opset(2).attr(int("p", i64::MAX)).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
	}

	#[test]
	fn whole_channels() {
		let (shape, y) = OpTest::new("GlobalLpPool")
			.input(f32s(&[1, 2, 2], &[3.0, -4.0, 0.0, 2.0]))
			.elements::<f32>();
		assert_eq!((shape, y), (vec![1, 2, 1], vec![5.0, 2.0]));
	}
}
