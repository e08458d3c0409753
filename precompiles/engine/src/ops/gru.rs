//! GRU: gates in the order update, reset, hidden.
//!
//! With g the gates of [`recurrent`](super::recurrent), `z = f(clip(g_z))`, `r = f(clip(g_r))`; then
//! n = x · Wᵀ + Wb of the hidden gate plus `(r · h) · Rᵀ + Rb`, or, with `linear_before_reset`, plus
//! `r · (h · Rᵀ + Rb)`; and `h' = (1 - z) · g(clip(n)) + z · h`.

use super::{
	activation::{clip, Activation},
	recurrent::{attributes, lower, Cell, Real, Step},
	Inputs, Lowered, NodeCtx,
};
use crate::error::OpError;

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = attributes!("linear_before_reset");

#[derive(Debug)]
struct Gru {
	/// Whether the reset gate is applied behind the product.
	linear_before_reset: bool,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let linear_before_reset = node.attrs.flag_or("linear_before_reset", false)?;
	lower(
		Gru {
			linear_before_reset,
		},
		node,
		inputs,
	)
}

impl Cell for Gru {
	const NAME: &'static str = "GRU";
	const GATES: usize = 3;
	const PRODUCTS: &'static [usize] = &[2, 1];
	const ACTIVATIONS: &'static [&'static str] = &["Sigmoid", "Tanh"];
	const HAS_CELL_STATE: bool = false;

	#[inline(always)]
	fn second_factor<T: Real>(
		&self,
		activations: &[Activation],
		limit: Option<f32>,
		gates: &mut [T],
		h: &[T],
		target: &mut [T],
	) {
		clip(gates, limit);
		activations[0].apply(gates);
		let reset = &gates[h.len()..];
		for ((target, reset), h) in target.iter_mut().zip(reset).zip(h) {
			*target = if self.linear_before_reset {
				*h
			} else {
				*reset * *h
			};
		}
	}

	#[inline(always)]
	fn advance<T: Real>(&self, step: Step<'_, T>) {
		let hidden = step.h.len();
		let (update, rest) = step.gates.split_at_mut(hidden);
		let (reset, new) = rest.split_at_mut(hidden);
		let from_x = &step.x[2 * hidden..];
		for ((new, x), reset) in new.iter_mut().zip(from_x).zip(reset.iter()) {
			*new = if self.linear_before_reset {
				*x + *reset * *new
			} else {
				*x + *new
			};
		}
		clip(new, step.clip);
		step.activations[1].apply(new);
		for ((h, z), new) in step.h.iter_mut().zip(update.iter()).zip(new.iter()) {
			*h = (T::ONE - *z) * *new + *z * *h;
		}
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		math::Float,
		tensor::slice,
		testing::{f32s, int, OpTest},
	};

	/// Two hidden units, to tell `(r · h) · R` from `r · (h · R)`.
	fn hidden(linear_before_reset: bool) -> Vec<f32> {
		let outputs = OpTest::new("GRU")
			.attr(int("linear_before_reset", linear_before_reset.into()))
			.input(f32s(&[1, 1, 1], &[0.3]))
			.input(f32s(&[1, 6, 1], &[0.1, -0.2, 0.3, 0.4, -0.5, 0.6]))
			.input(f32s(
				&[1, 6, 2],
				&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2],
			))
			.input(f32s(
				&[1, 12],
				&[
					0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.11, 0.12,
				],
			))
			.omitted()
			.input(f32s(&[1, 1, 2], &[0.5, -0.25]))
			.outputs(2)
			.ok();
		assert_eq!(outputs.len(), 2);
		slice::<f32>(&outputs[1]).unwrap().to_vec()
	}

	#[test]
	fn the_reset_gate_comes_before_or_behind_the_product() {
		let (x, h) = (0.3f32, [0.5f32, -0.25]);
		let dot = |a: f32, b: f32, h: [f32; 2]| (0.0 + h[0] * a) + h[1] * b;
		let gate = |w: f32, wb: f32, a: f32, b: f32, rb: f32, h: [f32; 2]| {
			((0.0 + x * w) + wb) + (dot(a, b, h) + rb)
		};
		let z = [
			gate(0.1, 0.01, 0.1, 0.2, 0.07, h).sigmoid(),
			gate(-0.2, 0.02, 0.3, 0.4, 0.08, h).sigmoid(),
		];
		let r = [
			gate(0.3, 0.03, 0.5, 0.6, 0.09, h).sigmoid(),
			gate(0.4, 0.04, 0.7, 0.8, 0.1, h).sigmoid(),
		];
		let finish = |n: [f32; 2]| -> Vec<f32> {
			(0..2)
				.map(|i| (1.0 - z[i]) * Float::tanh(n[i]) + z[i] * h[i])
				.collect()
		};
		let reset = [r[0] * h[0], r[1] * h[1]];
		let before = finish([
			gate(-0.5, 0.05, 0.9, 1.0, 0.11, reset),
			gate(0.6, 0.06, 1.1, 1.2, 0.12, reset),
		]);
		assert_eq!(hidden(false), before);
		let behind = finish([
			((0.0 + x * -0.5) + 0.05) + r[0] * (dot(0.9, 1.0, h) + 0.11),
			((0.0 + x * 0.6) + 0.06) + r[1] * (dot(1.1, 1.2, h) + 0.12),
		]);
		assert_eq!(hidden(true), behind);
		assert_ne!(before, behind);
	}
}
