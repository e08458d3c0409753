//! The domain `ai.onnx.ml`: trees, linear models, and what prepares their features.

use tract_onnx::pb::AttributeProto;

use super::{unary, Accuracy, Draw, Drawn, Entry, Family};
use crate::{
	conformance::graph::{floats, ints, strings, tensor_attribute},
	DType, Value,
};

pub(super) const FAMILY: Family = Family {
	title: "Domain `ai.onnx.ml`",
	entries: &[
		Entry::new("TreeEnsemble", Accuracy::Summed, tree_ensemble)
			.ml()
			.note("in binary64, rounded once; sets, all comparisons and aggregates; no PROBIT"),
		Entry::new("TreeEnsembleClassifier", Accuracy::Summed, classifier)
			.ml()
			.note("in binary64, rounded once; labels i64, scores f32; no PROBIT, no strings"),
		Entry::new("TreeEnsembleRegressor", Accuracy::Summed, regressor)
			.ml()
			.note("in binary64, rounded once; output f32; no PROBIT"),
		Entry::new("LinearClassifier", Accuracy::Summed, linear_classifier)
			.ml()
			.note("in binary64, rounded once; labels i64, scores f32; no PROBIT, no strings"),
		Entry::new("LinearRegressor", Accuracy::Summed, linear_regressor)
			.ml()
			.note("in binary64, rounded once; output f32; no PROBIT"),
		Entry::new("Scaler", Accuracy::Operations(2), scaler)
			.ml()
			.note("output f32"),
		Entry::new("Normalizer", Accuracy::Summed, normalizer)
			.ml()
			.note("output f32"),
		Entry::new("Binarizer", Accuracy::Exact, |draw| {
			let threshold = draw.small();
			Some(unary(draw)?.float("threshold", threshold))
		})
		.ml(),
		Entry::new("ArrayFeatureExtractor", Accuracy::Exact, extractor)
			.ml()
			.note("an index out of range fails at run time"),
	],
};

/// A matrix of rows and features.
fn features(draw: &mut Draw<'_>) -> Option<Vec<usize>> {
	draw.filled(2..=2)
}

/// Lists of three-node trees over so many features, and of their leaves.
struct Trees {
	features: Vec<i64>,
	values: Vec<f32>,
	modes: Vec<&'static str>,
	/// Weights of the two leaves of each tree, and their targets.
	weights: Vec<f32>,
	targets: Vec<i64>,
	count: usize,
}

impl Trees {
	fn draw(draw: &mut Draw<'_>, features: usize, targets: usize) -> Self {
		let count = draw.random.between(1, 6);
		let modes = [
			"BRANCH_LEQ",
			"BRANCH_LT",
			"BRANCH_GTE",
			"BRANCH_GT",
			"BRANCH_EQ",
			"BRANCH_NEQ",
		];
		let mut trees = Self {
			features: vec![],
			values: vec![],
			modes: vec![],
			weights: vec![],
			targets: vec![],
			count,
		};
		for _ in 0..count {
			trees.features.push(draw.random.below(features) as i64);
			trees.values.push(draw.small());
			trees.modes.push(*draw.random.pick::<&str>(&modes));
			for _ in 0..2 {
				trees.weights.push(draw.small());
				trees.targets.push(draw.random.below(targets) as i64);
			}
		}
		trees
	}

	/// The attributes of the operators that list nodes.
	fn lists(&self, kind: &str) -> Vec<AttributeProto> {
		let each = |of_tree: &dyn Fn(usize) -> [i64; 3]| -> Vec<i64> {
			(0..self.count).flat_map(of_tree).collect()
		};
		let modes: Vec<&str> = self
			.modes
			.iter()
			.flat_map(|mode| [*mode, "LEAF", "LEAF"])
			.collect();
		let values: Vec<f32> = self
			.values
			.iter()
			.flat_map(|value| [*value, 0.0, 0.0])
			.collect();
		let leaves = |of_tree: &dyn Fn(usize) -> [i64; 2]| -> Vec<i64> {
			(0..self.count).flat_map(of_tree).collect()
		};
		vec![
			ints("nodes_treeids", &each(&|tree| [tree as i64; 3])),
			ints("nodes_nodeids", &each(&|_| [0, 1, 2])),
			ints(
				"nodes_featureids",
				&each(&|tree| [self.features[tree], 0, 0]),
			),
			ints("nodes_truenodeids", &each(&|_| [1, 0, 0])),
			ints("nodes_falsenodeids", &each(&|_| [2, 0, 0])),
			ints(
				"nodes_missing_value_tracks_true",
				&each(&|tree| [(tree % 2) as i64, 0, 0]),
			),
			strings("nodes_modes", &modes),
			floats("nodes_values", &values),
			ints(
				&format!("{kind}_treeids"),
				&leaves(&|tree| [tree as i64; 2]),
			),
			ints(&format!("{kind}_nodeids"), &leaves(&|_| [1, 2])),
			ints(&format!("{kind}_ids"), &self.targets),
			floats(&format!("{kind}_weights"), &self.weights),
		]
	}
}

fn with(mut drawn: Drawn, attributes: Vec<AttributeProto>) -> Drawn {
	for attribute in attributes {
		drawn = drawn.attribute(attribute);
	}
	drawn
}

fn regressor(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = features(draw)?;
	let targets = draw.random.between(1, 3);
	let trees = Trees::draw(draw, shape[1], targets);
	let aggregate = *draw.random.pick(&["SUM", "AVERAGE", "MIN", "MAX"]);
	let transform = *draw
		.random
		.pick(&["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"]);
	Some(
		with(draw.on(&shape), trees.lists("target"))
			.int("n_targets", targets as i64)
			.string("aggregate_function", aggregate)
			.string("post_transform", transform),
	)
}

fn classifier(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = features(draw)?;
	let classes = draw.random.between(2, 4);
	// Two classes have but one score in some models.
	let scored = if classes == 2 && draw.random.one_in(2) {
		1
	} else {
		classes
	};
	let trees = Trees::draw(draw, shape[1], scored);
	let labels: Vec<i64> = (0..classes as i64).map(|label| 10 - label).collect();
	let transform = *draw.random.pick(&["NONE", "LOGISTIC"]);
	Some(
		with(draw.on(&shape), trees.lists("class"))
			.ints("classlabels_int64s", &labels)
			.string("post_transform", transform)
			.outputs(2),
	)
}

fn tree_ensemble(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = features(draw)?;
	let trees = Trees::draw(draw, shape[1], 2);
	let count = trees.count as i64;
	let bytes = |data: Vec<u8>, dtype: DType| Value {
		dtype,
		shape: vec![data.len() / dtype.size()],
		data,
	};
	let reals = |values: &[f32]| {
		let data = values
			.iter()
			.flat_map(|value| value.to_le_bytes())
			.collect();
		bytes(data, DType::F32)
	};
	let modes: Vec<u8> = (0..count).map(|_| draw.random.below(6) as u8).collect();
	let aggregate = draw.random.below(4) as i64;
	let all = |f: &dyn Fn(i64) -> i64| -> Vec<i64> { (0..count).map(f).collect() };
	Some(
		draw.on(&shape)
			.int("n_targets", 2)
			.int("aggregate_function", aggregate)
			.ints("tree_roots", &all(&|tree| tree))
			.ints("nodes_featureids", &trees.features)
			.ints("nodes_truenodeids", &all(&|tree| 2 * tree))
			.ints("nodes_trueleafs", &all(&|_| 1))
			.ints("nodes_falsenodeids", &all(&|tree| 2 * tree + 1))
			.ints("nodes_falseleafs", &all(&|_| 1))
			.ints("leaf_targetids", &trees.targets)
			.attribute(tensor_attribute("nodes_modes", &bytes(modes, DType::U8)))
			.attribute(tensor_attribute("nodes_splits", &reals(&trees.values)))
			.attribute(tensor_attribute("leaf_weights", &reals(&trees.weights))),
	)
}

fn numbers(draw: &mut Draw<'_>, count: usize) -> Vec<f32> {
	(0..count).map(|_| draw.small()).collect()
}

fn linear_classifier(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = features(draw)?;
	let classes = draw.random.between(2, 4);
	let scores = if classes == 2 { 1 } else { classes };
	let labels: Vec<i64> = (0..classes as i64).collect();
	let (coefficients, intercepts) = (numbers(draw, scores * shape[1]), numbers(draw, scores));
	let transform = *draw.random.pick(&["NONE", "LOGISTIC", "SOFTMAX"]);
	Some(
		draw.on(&shape)
			.attribute(floats("coefficients", &coefficients))
			.attribute(floats("intercepts", &intercepts))
			.ints("classlabels_ints", &labels)
			.string("post_transform", transform)
			.outputs(2),
	)
}

fn linear_regressor(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = features(draw)?;
	let targets = draw.random.between(1, 3);
	let (coefficients, intercepts) = (numbers(draw, targets * shape[1]), numbers(draw, targets));
	Some(
		draw.on(&shape)
			.attribute(floats("coefficients", &coefficients))
			.attribute(floats("intercepts", &intercepts))
			.int("targets", targets as i64),
	)
}

fn scaler(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = features(draw)?;
	let count = if draw.random.one_in(2) { 1 } else { shape[1] };
	let (offset, scale) = (numbers(draw, count), numbers(draw, count));
	Some(
		draw.on(&shape)
			.attribute(floats("offset", &offset))
			.attribute(floats("scale", &scale)),
	)
}

fn normalizer(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = features(draw)?;
	let norm = *draw.random.pick(&["MAX", "L1", "L2"]);
	Some(draw.on(&shape).string("norm", norm))
}

fn extractor(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.filled(1..=3)?;
	let last = shape[shape.len() - 1] as i64;
	let count = draw.random.between(1, 4);
	let indices = draw.indices(&[count], 0, last - 1);
	Some(draw.on(&shape).input(indices))
}
