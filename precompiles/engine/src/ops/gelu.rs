//! Gelu: [`math::gelu`](crate::math::gelu()), or [`math::gelu_tanh`](crate::math::gelu_tanh) where
//! `approximate` is `tanh`.

use super::{
	unary::{lower_floats, FloatFn},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::OpError,
	math::{gelu_tanh, Float},
};

#[derive(Debug)]
struct Exact;

#[derive(Debug)]
struct Approximate;

pub(super) fn build(node: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	match node.attrs.string_or("approximate", "none")? {
		"none" => lower_floats(Exact),
		"tanh" => lower_floats(Approximate),
		other => Err(OpError::bad_attribute(
			"approximate",
			format!("is '{other}', but must be 'none' or 'tanh'"),
		)),
	}
}

impl FloatFn for Exact {
	const NAME: &'static str = "Gelu";
	const TRANSCENDENTALS: u64 = 2;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.gelu()
	}
}

impl FloatFn for Approximate {
	const NAME: &'static str = "Gelu";
	const TRANSCENDENTALS: u64 = 2;

	#[inline(always)]
	fn at<F: Float>(&self, x: F) -> F {
		x.via_f64(gelu_tanh)
	}
}
