//! LSTM: gates in the order input, output, forget, cell.
//!
//! With g the gates of [`recurrent`](super::recurrent):
//! `i = f(clip(g_i + P_i · c))`, `f = f(clip(g_f + P_f · c))` (`1 - i` with `input_forget`),
//! `c' = f · c + i · g(clip(g_c))`, `o = f(clip(g_o + P_o · c'))`, `h' = o · h(c')`; without
//! peepholes nothing is added to a gate.

use super::{
	activation::clip,
	recurrent::{attributes, lower, Cell, Real, Step},
	Inputs, Lowered, NodeCtx,
};
use crate::error::OpError;

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = attributes!("input_forget");

#[derive(Debug)]
struct Lstm {
	/// Whether the forget gate is what the input gate leaves.
	input_forget: bool,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let input_forget = node.attrs.flag_or("input_forget", false)?;
	lower(Lstm { input_forget }, node, inputs)
}

impl Cell for Lstm {
	const NAME: &'static str = "LSTM";
	const GATES: usize = 4;
	const PRODUCTS: &'static [usize] = &[4];
	const ACTIVATIONS: &'static [&'static str] = &["Sigmoid", "Tanh", "Tanh"];
	const HAS_CELL_STATE: bool = true;

	#[inline(always)]
	fn advance<T: Real>(&self, step: Step<'_, T>) {
		let hidden = step.h.len();
		let [f, g, h] = [0, 1, 2].map(|index| step.activations[index]);
		for (gate, x) in step.gates.iter_mut().zip(step.x) {
			*gate = *x + *gate;
		}
		let (input, rest) = step.gates.split_at_mut(hidden);
		let (output, rest) = rest.split_at_mut(hidden);
		let (forget, cell) = rest.split_at_mut(hidden);
		let peep = |gate: &mut [T], index: usize, c: &[T]| {
			if let Some(peepholes) = step.peepholes {
				let weights = &peepholes[index * hidden..][..hidden];
				for ((gate, weight), c) in gate.iter_mut().zip(weights).zip(c) {
					*gate = *gate + *weight * *c;
				}
			}
		};
		peep(input, 0, step.c);
		peep(forget, 2, step.c);
		for gate in [&mut *input, &mut *forget, &mut *cell] {
			clip(gate, step.clip);
		}
		f.apply(input);
		f.apply(forget);
		g.apply(cell);
		if self.input_forget {
			for (forget, input) in forget.iter_mut().zip(input.iter()) {
				*forget = T::ONE - *input;
			}
		}
		for (((c, forget), input), cell) in step
			.c
			.iter_mut()
			.zip(forget.iter())
			.zip(input.iter())
			.zip(cell.iter())
		{
			*c = *forget * *c + *input * *cell;
		}
		peep(output, 1, step.c);
		clip(output, step.clip);
		f.apply(output);
		cell.copy_from_slice(step.c);
		h.apply(cell);
		for ((state, output), cell) in step.h.iter_mut().zip(output).zip(cell) {
			*state = *output * *cell;
		}
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::{DomainError, OpError},
		math::Float,
		tensor::slice,
		testing::{f32s, float, int, string, tensor, OpTest},
	};

	/// One input, one hidden unit, weights 1, 2, 3 and 4 for i, o, f and c, R of 0.5 everywhere.
	fn test(x: &[f32]) -> OpTest {
		OpTest::new("LSTM")
			.attr(int("hidden_size", 1))
			.input(f32s(&[x.len(), 1, 1], x))
			.constant(f32s(&[1, 4, 1], &[1.0, 2.0, 3.0, 4.0]))
			.constant(f32s(&[1, 4, 1], &[0.5; 4]))
			.outputs(3)
	}

	fn floats(tensor: &tract_onnx::prelude::Tensor) -> Vec<f32> {
		slice::<f32>(tensor).unwrap().to_vec()
	}

	/// The definition, for the same weights.
	fn by_hand(x: &[f32]) -> (Vec<f32>, f32) {
		let (mut h, mut c) = (0f32, 0f32);
		let mut y = vec![];
		for x in x {
			let gate = |w: f32| w * x + 0.5 * h;
			let (i, o, f) = (
				gate(1.0).sigmoid(),
				gate(2.0).sigmoid(),
				gate(3.0).sigmoid(),
			);
			c = f * c + i * Float::tanh(gate(4.0));
			h = o * Float::tanh(c);
			y.push(h);
		}
		(y, c)
	}

	#[test]
	fn steps_follow_the_definition_to_the_bit() {
		let x = [0.1, -0.7, 0.4];
		let outputs = test(&x).ok();
		let (y, c) = by_hand(&x);
		assert_eq!(floats(&outputs[0]), y);
		assert_eq!(floats(&outputs[1]), [y[2]]);
		assert_eq!(floats(&outputs[2]), [c]);
		assert_eq!(outputs[0].shape(), [3, 1, 1, 1]);
	}

	#[test]
	fn backwards_is_forwards_over_the_reversed_sequence() {
		let outputs = test(&[0.4, -0.7, 0.1])
			.attr(string("direction", "reverse"))
			.ok();
		let (mut y, c) = by_hand(&[0.1, -0.7, 0.4]);
		y.reverse();
		assert_eq!(floats(&outputs[0]), y);
		assert_eq!(floats(&outputs[2]), [c]);
	}

	#[test]
	fn both_directions_lengths_layouts_and_weights_at_run_time() {
		let both = |weights: [f32; 4]| -> Vec<f32> { [weights, weights].concat() };
		let run = |batch_first: bool, constant: bool| {
			let x = [0.1, 5.0, -0.7, 6.0, 0.4, 7.0];
			let x_first = [0.1, -0.7, 0.4, 5.0, 6.0, 7.0];
			let x = if batch_first {
				f32s(&[2, 3, 1], &x_first)
			} else {
				f32s(&[3, 2, 1], &x)
			};
			let test = OpTest::new("LSTM")
				.attr(string("direction", "bidirectional"))
				.attr(int("layout", batch_first.into()))
				.input(x);
			let w = f32s(&[2, 4, 1], &both([1.0, 2.0, 3.0, 4.0]));
			let r = f32s(&[2, 4, 1], &[0.5; 8]);
			let test = if constant {
				test.constant(w).constant(r)
			} else {
				test.input(w).input(r)
			};
			test.omitted()
				.input(tensor(&[2], &[2i32, 0]))
				.outputs(3)
				.ok()
		};
		let (forward, c) = by_hand(&[0.1, -0.7]);
		let (backward, back_c) = by_hand(&[-0.7, 0.1]);
		let outputs = run(false, true);
		let expected = [
			forward[0],
			0.0,
			backward[1],
			0.0,
			forward[1],
			0.0,
			backward[0],
			0.0,
			0.0,
			0.0,
			0.0,
			0.0,
		];
		assert_eq!(floats(&outputs[0]), expected);
		assert_eq!(floats(&outputs[1]), [forward[1], 0.0, backward[1], 0.0]);
		assert_eq!(floats(&outputs[2]), [c, 0.0, back_c, 0.0]);
		assert_eq!(run(false, false), outputs);
		let outputs = run(true, true);
		assert_eq!(outputs[0].shape(), [2, 3, 2, 1]);
		assert_eq!(
			floats(&outputs[0])[..6],
			[forward[0], backward[1], forward[1], backward[0], 0.0, 0.0]
		);
		assert_eq!(floats(&outputs[1]), [forward[1], backward[1], 0.0, 0.0]);
	}

	#[test]
	fn peepholes_initial_state_bias_and_clip() {
		let outputs = test(&[0.3])
			.attr(float("clip", 0.25))
			.input(f32s(&[1, 8], &[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]))
			.omitted()
			.input(f32s(&[1, 1, 1], &[0.2]))
			.input(f32s(&[1, 1, 1], &[-0.6]))
			.input(f32s(&[1, 3], &[0.5, -2.0, 3.0]))
			.ok();
		let clip = |x: f32| x.clamp(-0.25, 0.25);
		let gate = |w: f32, wb: f32, rb: f32| (w * 0.3 + wb) + (0.5 * 0.2 + rb);
		let i = clip(gate(1.0, 0.1, 0.5) + 0.5 * -0.6).sigmoid();
		let f = clip(gate(3.0, 0.3, 0.7) + 3.0 * -0.6).sigmoid();
		let c = f * -0.6 + i * Float::tanh(clip(gate(4.0, 0.4, 0.8)));
		let o = clip(gate(2.0, 0.2, 0.6) + -2.0 * c).sigmoid();
		assert_eq!(floats(&outputs[2]), [c]);
		assert_eq!(floats(&outputs[1]), [o * Float::tanh(c)]);
	}

	#[test]
	fn a_length_beyond_the_sequence_fails() {
		for len in [-1, 3] {
			let error = test(&[0.0, 0.0])
				.omitted()
				.input(tensor(&[1], &[len]))
				.fails();
			assert!(matches!(error, DomainError::InvalidValue { .. }));
		}
	}

	#[test]
	fn misfits_are_refused() {
		let error = test(&[0.0]).input(f32s(&[1, 4], &[0.0; 4])).refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
		let error = test(&[0.0]).attr(string("direction", "sideways")).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }));
		let error = test(&[0.0]).attr(float("clip", -1.0)).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }));
	}
}
