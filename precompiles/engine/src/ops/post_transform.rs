//! What the classifiers and regressors of `ai.onnx.ml` do to their scores.

use super::NodeCtx;
use crate::{
	error::OpError,
	math::{exp, sigmoid},
	select::Select,
};

/// A `post_transform`, in binary64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PostTransform {
	/// The scores stay.
	None,
	/// As the operator Softmax, over a row.
	Softmax,
	/// The logistic function of each score.
	Logistic,
	/// As Softmax, but scores within 1e-7 of zero are multiplied by `exp(-m)` instead.
	SoftmaxZero,
}

impl PostTransform {
	/// The one that the attribute names.
	pub(super) fn of_node(node: &NodeCtx<'_>) -> Result<Self, OpError> {
		Self::of_name(node.attrs.string_or("post_transform", "NONE")?)
	}

	fn of_name(name: &str) -> Result<Self, OpError> {
		match name {
			"NONE" => Ok(Self::None),
			"SOFTMAX" => Ok(Self::Softmax),
			"LOGISTIC" => Ok(Self::Logistic),
			"SOFTMAX_ZERO" => Ok(Self::SoftmaxZero),
			"PROBIT" => Err(OpError::unsupported("post_transform PROBIT")),
			_ => Err(OpError::bad_attribute("post_transform", "is unknown")),
		}
	}

	/// The one that TreeEnsemble has by this number.
	pub(super) fn of_number(number: i64) -> Result<Self, OpError> {
		let names = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"];
		let name = usize::try_from(number).ok().and_then(|at| names.get(at));
		Self::of_name(name.unwrap_or(&""))
	}

	/// Transforms the scores of one row.
	pub(super) fn apply(self, scores: &mut [f64]) {
		match self {
			Self::None => {}
			Self::Logistic => {
				for score in scores {
					*score = sigmoid(*score);
				}
			}
			Self::Softmax | Self::SoftmaxZero => {
				let Some(first) = scores.first().copied() else {
					return;
				};
				let largest = scores.iter().fold(first, |m, score| m.larger(*score));
				let mut sum = 0.0;
				for score in scores.iter_mut() {
					let is_zero = self == Self::SoftmaxZero && score.abs() <= 1e-7;
					*score = if is_zero {
						*score * exp(-largest)
					} else {
						exp(*score - largest)
					};
					sum += *score;
				}
				for score in scores {
					*score /= sum;
				}
			}
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn rows_sum_to_one() {
		let mut scores = [1.0, 2.0, 0.0];
		PostTransform::Softmax.apply(&mut scores);
		assert!((scores.iter().sum::<f64>() - 1.0).abs() < 1e-15);
		let mut zero = [0.0, 2.0];
		PostTransform::SoftmaxZero.apply(&mut zero);
		assert_eq!(zero, [0.0, 1.0]);
		let mut logistic = [0.0, f64::INFINITY];
		PostTransform::Logistic.apply(&mut logistic);
		assert_eq!(logistic, [0.5, 1.0]);
		PostTransform::Softmax.apply(&mut []);
		assert!(PostTransform::of_number(4).is_err());
		assert!(PostTransform::of_number(-1).is_err());
	}
}
