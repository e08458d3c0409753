//! RNN: `h' = f(clip(g))`, g the one gate of [`recurrent`](super::recurrent).

use super::{
	activation::clip,
	recurrent::{attributes, lower, Cell, Real, Step},
	Inputs, Lowered, NodeCtx,
};
use crate::error::OpError;

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = attributes!();

#[derive(Debug)]
struct Rnn;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(Rnn, node, inputs)
}

impl Cell for Rnn {
	const NAME: &'static str = "RNN";
	const GATES: usize = 1;
	const PRODUCTS: &'static [usize] = &[1];
	const ACTIVATIONS: &'static [&'static str] = &["Tanh"];
	const HAS_CELL_STATE: bool = false;

	#[inline(always)]
	fn advance<T: Real>(&self, step: Step<'_, T>) {
		for ((h, gate), x) in step.h.iter_mut().zip(step.gates.iter()).zip(step.x) {
			*h = *x + *gate;
		}
		clip(step.h, step.clip);
		step.activations[0].apply(step.h);
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, float, float_list as floats, strings, tensor, OpTest},
	};

	fn step(function: &str, x: f64) -> f64 {
		OpTest::new("RNN")
			.attr(strings("activations", &[function]))
			.attr(floats("activation_alpha", &[0.5]))
			.attr(floats("activation_beta", &[0.25]))
			.input(tensor(&[1, 1, 1], &[x]))
			.input(tensor(&[1, 1, 1], &[1.0f64]))
			.input(tensor(&[1, 1, 1], &[1.0f64]))
			.elements::<f64>()
			.1[0]
	}

	#[test]
	fn every_function_with_its_parameters() {
		let cases = [
			("Relu", -2.0, 0.0),
			("LeakyRelu", -2.0, -1.0),
			("ThresholdedRelu", 0.4, 0.0),
			("ThresholdedRelu", 0.6, 0.6),
			("Affine", 2.0, 1.25),
			("HardSigmoid", 1.0, 0.75),
			("HardSigmoid", -9.0, 0.0),
			("Softsign", 3.0, 0.75),
			("Sigmoid", 0.0, 0.5),
			("Softplus", 0.0, std::f64::consts::LN_2),
			("Tanh", 0.0, 0.0),
			("ScaledTanh", 0.0, 0.0),
			("elu", 1.5, 1.5),
		];
		for (function, x, expected) in cases {
			assert_eq!(step(function, x), expected, "{function}({x})");
		}
		assert!((step("Elu", -1.0) + 0.5 * (1.0 - (-1f64).exp())).abs() < 1e-15);
		assert!((step("ScaledTanh", 2.0) - 0.5 * 0.5f64.tanh()).abs() < 1e-15);
	}

	#[test]
	fn the_state_is_fed_back_and_cut() {
		let (_, y) = OpTest::new("RNN")
			.attr(strings("activations", &["Affine"]))
			.attr(float("clip", 4.0))
			.input(f32s(&[3, 1, 1], &[1.0, 1.0, 1.0]))
			.input(f32s(&[1, 1, 1], &[1.0]))
			.input(f32s(&[1, 1, 1], &[2.0]))
			.elements::<f32>();
		assert_eq!(y, [1.0, 3.0, 4.0]);
	}

	#[test]
	fn unknown_functions_are_refused() {
		let error = OpTest::new("RNN")
			.attr(strings("activations", &["Sine"]))
			.input(f32s(&[1, 1, 1], &[1.0]))
			.input(f32s(&[1, 1, 1], &[1.0]))
			.input(f32s(&[1, 1, 1], &[1.0]))
			.refused();
		assert!(matches!(error, OpError::BadAttribute { .. }));
	}
}
