//! TreeEnsembleClassifier of `ai.onnx.ml`, with labels of i64. See [`super::forest`].
//!
//! Scores are the sums over the trees plus the base values; the label is that of the first largest
//! score. With two classes whose weights all name one class there is one score s. With the post
//! transform LOGISTIC the scores are those of -s and s; without one they are -s and s if some weight
//! is negative, else 1 - s and s. The second label is chosen for s > 0; for s > 0.5 in the last case.
//! All in binary64; the scores are rounded once to f32.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	forest::{floats, rows_and_features, Aggregate, Forest, ListNames, FEATURES},
	post_transform::PostTransform,
	Inputs, Lowered, NodeCtx,
};
use crate::{
	attrs::Attrs,
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	math::Float,
	tensor::{slice_mut, zeros},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &[
	"base_values",
	"base_values_as_tensor",
	"class_ids",
	"class_nodeids",
	"class_treeids",
	"class_weights",
	"class_weights_as_tensor",
	"classlabels_int64s",
	"classlabels_strings",
	"nodes_falsenodeids",
	"nodes_featureids",
	"nodes_hitrates",
	"nodes_hitrates_as_tensor",
	"nodes_missing_value_tracks_true",
	"nodes_modes",
	"nodes_nodeids",
	"nodes_treeids",
	"nodes_truenodeids",
	"nodes_values",
	"nodes_values_as_tensor",
	"post_transform",
];

const NAMES: ListNames = ListNames {
	trees: "class_treeids",
	nodes: "class_nodeids",
	ids: "class_ids",
	weights: "class_weights",
	weights_as_tensor: "class_weights_as_tensor",
};

#[derive(Debug)]
struct Classifier {
	forest: Forest,
	labels: Vec<i64>,
	base: Vec<f64>,
	/// The one class that has weights, of two, and whether a weight is negative.
	binary: Option<(usize, bool)>,
	post_transform: PostTransform,
	rows: usize,
	features: usize,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (rows, features) = rows_and_features(inputs.required(0)?, &FEATURES)?;
	let labels = labels(&node.attrs, "classlabels_int64s")?;
	let forest =
		Forest::of_node_lists(&node.attrs, &NAMES, features, labels.len(), Aggregate::Sum)?;
	let (negative, one) = forest.signs_and_target();
	let binary = one
		.filter(|_| labels.len() == 2)
		.map(|class| (class as usize, negative));
	let post_transform = PostTransform::of_node(node)?;
	if binary.is_some()
		&& !matches!(
			post_transform,
			PostTransform::None | PostTransform::Logistic
		) {
		return Err(OpError::unsupported(
			"two classes with one score take the post_transform NONE or LOGISTIC",
		));
	}
	let base = floats(&node.attrs, "base_values", "base_values_as_tensor")?.unwrap_or_default();
	let base = match (base.len(), binary) {
		(0, _) => vec![0.0; labels.len()],
		(1, Some(_)) => vec![base[0]; 2],
		(len, _) if len == labels.len() => base,
		(len, _) => {
			return Err(OpError::bad_attribute(
				"base_values",
				format!("has {len} entries for {} classes", labels.len()),
			))
		}
	};
	Ok(Lowered::step(
		Classifier {
			forest,
			labels,
			base,
			binary,
			post_transform,
			rows,
			features,
		},
		inputs,
	))
}

/// The labels of a classifier, at least two, which must be integers.
pub(super) fn labels(attrs: &Attrs<'_>, name: &'static str) -> Result<Vec<i64>, OpError> {
	if attrs
		.strings("classlabels_strings")?
		.is_some_and(|labels| !labels.is_empty())
	{
		return Err(OpError::unsupported(
			"labels are strings: train on integers, and keep their names outside the model",
		));
	}
	let labels = attrs.ints(name)?.ok_or_else(|| Attrs::missing(name))?;
	if !(2..=super::tree_ensemble_regressor::MAX_TARGETS).contains(&labels.len()) {
		return Err(OpError::bad_attribute(
			name,
			format!("has {} labels, but needs two at least", labels.len()),
		));
	}
	Ok(labels.to_vec())
}

/// Where the first largest of some scores is; NaNs do not count.
pub(super) fn first_largest(scores: &[f64]) -> usize {
	let mut best = 0;
	for (at, score) in scores.iter().enumerate() {
		if *score > scores[best] || (scores[best].is_nan() && !score.is_nan()) {
			best = at;
		}
	}
	best
}

impl Classifier {
	/// Turns sums to scores, and says which label is chosen.
	fn decide(&self, scores: &mut [f64]) -> usize {
		let Some((class, negative)) = self.binary else {
			for (score, base) in scores.iter_mut().zip(&self.base) {
				*score += base;
			}
			let best = first_largest(scores);
			self.post_transform.apply(scores);
			return best;
		};
		let score = scores[class] + self.base[1];
		let logistic = self.post_transform == PostTransform::Logistic;
		let complement = !logistic && !negative;
		scores[0] = if complement { 1.0 - score } else { -score };
		scores[1] = score;
		self.post_transform.apply(scores);
		usize::from(score > if complement { 0.5 } else { 0.0 })
	}
}

impl Kernel for Classifier {
	fn name(&self) -> &'static str {
		"TreeEnsembleClassifier"
	}

	fn infer(&self, _: &[Fact]) -> Result<Vec<Fact>, OpError> {
		Ok(vec![
			Fact::new(DType::I64, [self.rows])?,
			Fact::new(DType::F32, [self.rows, self.labels.len()])?,
		])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		self.forest.cost(self.rows, inputs, outputs)
	}

	fn scratch_bytes(&self, _: &[Fact], _: &[Fact]) -> u64 {
		self.labels.len() as u64 * 9
	}

	fn constant_bytes(&self) -> u64 {
		self.forest.bytes() + self.labels.len() as u64 * 16
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let classes = self.labels.len();
		let mut labels = zeros(DType::I64, &[self.rows])?;
		let mut scores = zeros(DType::F32, &[self.rows, classes])?;
		let chosen = slice_mut::<i64>(&mut labels)?;
		let output = slice_mut::<f32>(&mut scores)?;
		self.forest
			.for_each_row(&inputs[0], self.features, |row, sums| {
				chosen[row] = self.labels[self.decide(sums)];
				let target = &mut output[row * classes..][..classes];
				for (y, score) in target.iter_mut().zip(sums.iter()) {
					*y = Float::from_f64(*score);
				}
			})?;
		Ok(vec![labels, scores])
	}
}

#[cfg(test)]
mod tests {
	use super::first_largest;
	use crate::{
		error::OpError,
		tensor::slice,
		testing::{f32s, float_list, ints, string, strings, OpTest},
	};

	/// One tree: x <= 0 ? left : right, with these (class, weight)s.
	fn test(left: &[(i64, f32)], right: &[(i64, f32)]) -> OpTest {
		let both = || {
			left.iter()
				.map(|w| (1, w))
				.chain(right.iter().map(|w| (2, w)))
		};
		let nodes: Vec<i64> = both().map(|(node, _)| node).collect();
		let ids: Vec<i64> = both().map(|(_, (id, _))| *id).collect();
		let weights: Vec<f32> = both().map(|(_, (_, weight))| *weight).collect();
		OpTest::new("TreeEnsembleClassifier")
			.attr(ints("nodes_treeids", &[0, 0, 0]))
			.attr(ints("nodes_nodeids", &[0, 1, 2]))
			.attr(ints("nodes_featureids", &[0, 0, 0]))
			.attr(strings("nodes_modes", &["BRANCH_LEQ", "LEAF", "LEAF"]))
			.attr(float_list("nodes_values", &[0.0, 0.0, 0.0]))
			.attr(ints("nodes_truenodeids", &[1, 0, 0]))
			.attr(ints("nodes_falsenodeids", &[2, 0, 0]))
			.attr(ints("class_treeids", &vec![0; ids.len()]))
			.attr(ints("class_nodeids", &nodes))
			.attr(ints("class_ids", &ids))
			.attr(float_list("class_weights", &weights))
			.input(f32s(&[2, 1], &[-1.0, 1.0]))
			.outputs(2)
	}

	fn run(test: OpTest) -> (Vec<i64>, Vec<f32>) {
		let outputs = test.ok();
		(
			slice::<i64>(&outputs[0]).unwrap().to_vec(),
			slice::<f32>(&outputs[1]).unwrap().to_vec(),
		)
	}

	#[test]
	fn the_largest_score_chooses_the_label() {
		let test = test(&[(0, 0.25), (1, 0.5), (2, 0.25)], &[(2, 1.0)])
			.attr(ints("classlabels_int64s", &[10, 20, 30]));
		assert_eq!(
			run(test),
			(vec![20, 30], vec![0.25, 0.5, 0.25, 0.0, 0.0, 1.0])
		);
	}

	#[test]
	fn two_classes_with_one_score() {
		let labelled = |test: OpTest| test.attr(ints("classlabels_int64s", &[0, 1]));
		let found = run(labelled(test(&[(0, 0.25)], &[(0, 0.75)])));
		assert_eq!(found, (vec![0, 1], vec![0.75, 0.25, 0.25, 0.75]));
		let found = run(labelled(test(&[(0, -0.25)], &[(0, 0.25)])));
		assert_eq!(found, (vec![0, 1], vec![0.25, -0.25, -0.25, 0.25]));
		let logistic = labelled(test(&[(1, -100.0)], &[(1, 1.0)]))
			.attr(string("post_transform", "LOGISTIC"))
			.attr(float_list("base_values", &[-1.0]));
		let (labels, scores) = run(logistic);
		assert_eq!(labels, [0, 0]);
		assert_eq!(scores[2..], [0.5, 0.5]);
		assert_eq!(scores[0], 1.0);
	}

	#[test]
	fn nan_scores_are_passed_over() {
		assert_eq!(first_largest(&[f64::NAN, 1.0, 2.0, 2.0]), 2);
		assert_eq!(first_largest(&[f64::NAN, f64::NAN]), 0);
	}

	#[test]
	fn labels_of_strings_are_refused() {
		let error = test(&[(0, 1.0)], &[(1, 1.0)])
			.attr(strings("classlabels_strings", &["cat", "dog"]))
			.refused();
		assert!(matches!(error, OpError::Unsupported { .. }));
		let error = test(&[(0, 1.0)], &[(0, 1.0)])
			.attr(ints("classlabels_int64s", &[1]))
			.refused();
		assert!(matches!(error, OpError::BadAttribute { .. }));
	}
}
