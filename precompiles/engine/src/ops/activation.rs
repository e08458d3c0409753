//! The activation functions of recurrent operators.

use super::NodeCtx;
use crate::{error::OpError, math::Float, select::Select};

/// An activation function with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Activation {
	kind: Kind,
	alpha: f32,
	beta: f32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
	Affine,
	Elu,
	HardSigmoid,
	LeakyRelu,
	Relu,
	ScaledTanh,
	Sigmoid,
	Softplus,
	Softsign,
	Tanh,
	ThresholdedRelu,
}

impl Kind {
	/// The function of a name, the defaults of its parameters, and how many it has.
	fn of(name: &str) -> Option<(Self, f32, f32, usize)> {
		Some(match name.to_ascii_lowercase().as_str() {
			"affine" => (Self::Affine, 1.0, 0.0, 2),
			"elu" => (Self::Elu, 1.0, 0.0, 1),
			"hardsigmoid" => (Self::HardSigmoid, 0.2, 0.5, 2),
			"leakyrelu" => (Self::LeakyRelu, 0.01, 0.0, 1),
			"relu" => (Self::Relu, 0.0, 0.0, 0),
			"scaledtanh" => (Self::ScaledTanh, 1.0, 1.0, 2),
			"sigmoid" => (Self::Sigmoid, 0.0, 0.0, 0),
			"softplus" => (Self::Softplus, 0.0, 0.0, 0),
			"softsign" => (Self::Softsign, 0.0, 0.0, 0),
			"tanh" => (Self::Tanh, 0.0, 0.0, 0),
			"thresholdedrelu" => (Self::ThresholdedRelu, 1.0, 0.0, 1),
			_ => return None,
		})
	}
}

impl Activation {
	/// Those of a node, `count` of them, from the attributes `activations`, `activation_alpha` and
	/// `activation_beta`. The parameters are handed out in order to the functions that have them.
	pub(super) fn of_node(
		node: &NodeCtx<'_>,
		count: usize,
		defaults: &[&'static str],
	) -> Result<Vec<Self>, OpError> {
		let names = match node.attrs.strings("activations")? {
			Some(names) if !names.is_empty() => names,
			_ => defaults.iter().copied().cycle().take(count).collect(),
		};
		if names.len() != count {
			return Err(OpError::bad_attribute(
				"activations",
				format!("has {} functions, but must have {count}", names.len()),
			));
		}
		let alphas = node.attrs.floats("activation_alpha")?.unwrap_or_default();
		let betas = node.attrs.floats("activation_beta")?.unwrap_or_default();
		let (mut alphas, mut betas) = (alphas.iter(), betas.iter());
		names
			.into_iter()
			.map(|name| {
				let (kind, alpha, beta, parameters) = Kind::of(name).ok_or_else(|| {
					let name: String = name.chars().take(32).collect();
					OpError::bad_attribute("activations", format!("'{name}' is unknown"))
				})?;
				let next = |takes: bool, from: &mut std::slice::Iter<'_, f32>, default: f32| {
					if takes {
						from.next().copied().unwrap_or(default)
					} else {
						default
					}
				};
				Ok(Self {
					kind,
					alpha: next(parameters > 0, &mut alphas, alpha),
					beta: next(parameters > 1, &mut betas, beta),
				})
			})
			.collect()
	}

	/// Applies the function to each element.
	#[inline(always)]
	pub(super) fn apply<T: Float + Select>(self, x: &mut [T]) {
		let (alpha, beta) = (
			T::from_f64(f64::from(self.alpha)),
			T::from_f64(f64::from(self.beta)),
		);
		let below = |x: T| x < T::ZERO;
		match self.kind {
			Kind::Affine => each(
				x,
				#[inline(always)]
				|x| alpha * x + beta,
			),
			Kind::Elu => each(
				x,
				#[inline(always)]
				|x| {
					let scale = f64::from(self.alpha);
					if below(x) {
						x.via_f64(|x| scale * crate::math::expm1(x))
					} else {
						x
					}
				},
			),
			Kind::HardSigmoid => each(
				x,
				#[inline(always)]
				|x| {
					let y = alpha * x + beta;
					if y > T::ONE {
						T::ONE
					} else if below(y) {
						T::ZERO
					} else {
						y
					}
				},
			),
			Kind::LeakyRelu => each(
				x,
				#[inline(always)]
				|x| if below(x) { alpha * x } else { x },
			),
			Kind::Relu => each(
				x,
				#[inline(always)]
				|x| if x <= T::ZERO { T::ZERO } else { x },
			),
			Kind::ScaledTanh => each(
				x,
				#[inline(always)]
				|x| alpha * (beta * x).tanh(),
			),
			Kind::Sigmoid => each(
				x,
				#[inline(always)]
				|x| x.sigmoid(),
			),
			Kind::Softplus => each(
				x,
				#[inline(always)]
				|x| x.softplus(),
			),
			Kind::Softsign => each(
				x,
				#[inline(always)]
				|x| x / (T::ONE + x.abs()),
			),
			Kind::Tanh => each(
				x,
				#[inline(always)]
				|x| x.tanh(),
			),
			Kind::ThresholdedRelu => {
				each(
					x,
					#[inline(always)]
					|x| if x <= alpha { T::ZERO } else { x },
				);
			}
		}
	}
}

#[inline(always)]
fn each<T: Copy>(x: &mut [T], f: impl Fn(T) -> T) {
	for x in x {
		*x = f(*x);
	}
}

/// Cuts each element to `[-limit, limit]`; a NaN stays.
#[inline(always)]
pub(super) fn clip<T: Float + Select>(x: &mut [T], limit: Option<f32>) {
	if let Some(limit) = limit {
		let limit = T::from_f64(f64::from(limit));
		each(
			x,
			#[inline(always)]
			|x| x.larger(-limit).smaller(limit),
		);
	}
}
