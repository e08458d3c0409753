//! LinearClassifier and LinearRegressor of `ai.onnx.ml`.
//!
//! Each score has one accumulator in binary64, which starts at +0 and takes in coefficient times
//! feature for ascending features, product rounded, then sum; the intercept comes last. What becomes
//! of the scores is rounded once to f32. A classifier with two labels and one score s has the scores
//! of -s and s, and chooses the second label for s > 0; otherwise the first largest score chooses.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	forest::{rows_and_features, FEATURES},
	post_transform::PostTransform,
	tree_ensemble_classifier::{first_largest, labels},
	tree_ensemble_regressor::MAX_TARGETS,
	Inputs, Lowered, NodeCtx,
};
use crate::{
	attrs::Attrs,
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{one_by_one, Cost, Kernel},
	math::Float,
	tensor::{dtype, slice, slice_mut, zeros},
	DType,
};

/// Attributes of LinearClassifier.
pub(super) const CLASSIFIER_ATTRIBUTES: &[&str] = &[
	"classlabels_ints",
	"classlabels_strings",
	"coefficients",
	"intercepts",
	"multi_class",
	"post_transform",
];

/// Attributes of LinearRegressor.
pub(super) const REGRESSOR_ATTRIBUTES: &[&str] =
	&["coefficients", "intercepts", "post_transform", "targets"];

#[derive(Debug)]
struct Linear {
	/// A row of coefficients for each score.
	coefficients: Vec<f64>,
	intercepts: Vec<f64>,
	post_transform: PostTransform,
	/// The labels of a classifier.
	labels: Option<Vec<i64>>,
	rows: usize,
	features: usize,
}

/// Lowers LinearClassifier.
pub(super) fn build_classifier(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let labels = labels(&node.attrs, "classlabels_ints")?;
	let scores = match node.attrs.floats("intercepts")?.map(<[f32]>::len) {
		Some(1) if labels.len() == 2 => 1,
		_ => labels.len(),
	};
	lower(node, inputs, scores, Some(labels))
}

/// Lowers LinearRegressor.
pub(super) fn build_regressor(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let targets = node.attrs.int_or("targets", 1)?;
	let targets = usize::try_from(targets)
		.ok()
		.filter(|targets| (1..=MAX_TARGETS).contains(targets))
		.ok_or_else(|| OpError::bad_attribute("targets", format!("{targets} is impossible")))?;
	lower(node, inputs, targets, None)
}

fn lower(
	node: &NodeCtx<'_>,
	inputs: Inputs<'_>,
	scores: usize,
	labels: Option<Vec<i64>>,
) -> Result<Lowered, OpError> {
	let (rows, features) = rows_and_features(inputs.required(0)?, &FEATURES)?;
	let list = |name: &'static str, len: usize| {
		let values = match node.attrs.floats(name)? {
			None if name == "intercepts" => return Ok(vec![0.0; len]),
			None => return Err(Attrs::missing(name)),
			Some(values) => values,
		};
		if values.len() != len {
			return Err(OpError::bad_attribute(
				name,
				format!("has {} entries, but must have {len}", values.len()),
			));
		}
		Ok(values.iter().map(|value| f64::from(*value)).collect())
	};
	let linear = Linear {
		coefficients: list("coefficients", scores.saturating_mul(features))?,
		intercepts: list("intercepts", scores)?,
		post_transform: PostTransform::of_node(node)?,
		labels,
		rows,
		features,
	};
	Ok(Lowered::step(linear, inputs))
}

impl Linear {
	/// Scores of a row in the output.
	fn width(&self) -> usize {
		self.labels.as_ref().map_or(self.intercepts.len(), Vec::len)
	}

	fn scores(&self, x: &[f64], scores: &mut Vec<f64>) {
		scores.clear();
		let rows = self.coefficients.chunks_exact(self.features);
		for (coefficients, intercept) in rows.zip(&self.intercepts) {
			let mut sum = 0.0;
			for (coefficient, x) in coefficients.iter().zip(x) {
				sum += coefficient * x;
			}
			scores.push(sum + intercept);
		}
	}
}

/// The features as binary64.
fn wide(x: &Tensor) -> Result<Vec<f64>, EvalError> {
	Ok(match dtype(x)? {
		DType::F32 => slice::<f32>(x)?.iter().map(|x| f64::from(*x)).collect(),
		DType::F64 => slice::<f64>(x)?.to_vec(),
		DType::I32 => slice::<i32>(x)?.iter().map(|x| f64::from(*x)).collect(),
		_ => slice::<i64>(x)?.iter().map(|x| *x as f64).collect(),
	})
}

impl Kernel for Linear {
	fn name(&self) -> &'static str {
		match self.labels {
			Some(_) => "LinearClassifier",
			None => "LinearRegressor",
		}
	}

	fn infer(&self, _: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let scores = Fact::new(DType::F32, [self.rows, self.width()])?;
		Ok(match self.labels {
			Some(_) => vec![Fact::new(DType::I64, [self.rows])?, scores],
			None => vec![scores],
		})
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let rows = self.rows as u64;
		Cost::touching(inputs, outputs)
			.with_macs((self.coefficients.len() as u64).saturating_mul(4 * rows))
			.with_transcendentals(rows.saturating_mul(self.width() as u64))
	}

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		// In binary64, where no number of binary32 is subnormal.
		match inputs[0].dtype() {
			DType::F64 => {
				let products = (self.coefficients.len() as u64).saturating_mul(self.rows as u64);
				one_by_one(DType::F64, products)
			}
			_ => 0,
		}
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		(inputs[0].len() + self.width()) as u64 * 8
	}

	fn constant_bytes(&self) -> u64 {
		(self.coefficients.len() + 2 * self.width()) as u64 * 8
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = wide(&inputs[0])?;
		let width = self.width();
		let mut output = zeros(DType::F32, &[self.rows, width])?;
		let mut chosen = vec![];
		let mut scores = Vec::with_capacity(width);
		let targets = slice_mut::<f32>(&mut output)?.chunks_exact_mut(width);
		for (x, target) in x.chunks_exact(self.features).zip(targets) {
			self.scores(x, &mut scores);
			if let Some(labels) = &self.labels {
				if let [score] = scores[..] {
					chosen.push(labels[usize::from(score > 0.0)]);
					scores.insert(0, -score);
				} else {
					chosen.push(labels[first_largest(&scores)]);
				}
			}
			self.post_transform.apply(&mut scores);
			for (y, score) in target.iter_mut().zip(&scores) {
				*y = Float::from_f64(*score);
			}
		}
		Ok(match self.labels {
			Some(_) => vec![crate::tensor::from_slice(&[self.rows], &chosen)?, output],
			None => vec![output],
		})
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		tensor::slice,
		testing::{f32s, float_list, int, ints, string, tensor, OpTest},
	};

	#[test]
	fn regression_of_two_targets() {
		let (shape, y) = OpTest::new("LinearRegressor")
			.attr(int("targets", 2))
			.attr(float_list("coefficients", &[1.0, 2.0, 3.0, 4.0]))
			.attr(float_list("intercepts", &[0.5, -0.5]))
			.input(tensor(&[1, 2], &[10i64, 1]))
			.elements::<f32>();
		assert_eq!((shape, y), (vec![1, 2], vec![12.5, 33.5]));
	}

	#[test]
	fn one_score_or_one_for_each_class() {
		let outputs = OpTest::new("LinearClassifier")
			.attr(float_list("coefficients", &[1.0]))
			.attr(float_list("intercepts", &[-1.0]))
			.attr(ints("classlabels_ints", &[7, 8]))
			.input(f32s(&[2, 1], &[1.0, 3.0]))
			.outputs(2)
			.ok();
		assert_eq!(slice::<i64>(&outputs[0]).unwrap(), [7, 8]);
		assert_eq!(slice::<f32>(&outputs[1]).unwrap(), [0.0, 0.0, -2.0, 2.0]);
		let outputs = OpTest::new("LinearClassifier")
			.attr(float_list("coefficients", &[1.0, -1.0, 0.0]))
			.attr(float_list("intercepts", &[0.0, 0.0, 1.0]))
			.attr(ints("classlabels_ints", &[1, 2, 3]))
			.attr(string("post_transform", "SOFTMAX"))
			.input(f32s(&[1, 1], &[-9.0]))
			.outputs(2)
			.ok();
		assert_eq!(slice::<i64>(&outputs[0]).unwrap(), [2]);
		let sum: f32 = slice::<f32>(&outputs[1]).unwrap().iter().sum();
		assert!((sum - 1.0).abs() < 1e-6);
	}

	#[test]
	fn coefficients_of_another_number_are_refused() {
		let error = OpTest::new("LinearRegressor")
			.attr(float_list("coefficients", &[1.0]))
			.input(f32s(&[1, 2], &[0.0; 2]))
			.refused();
		assert!(matches!(error, OpError::BadAttribute { .. }));
	}
}
