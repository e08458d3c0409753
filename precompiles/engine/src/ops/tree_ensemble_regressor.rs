//! TreeEnsembleRegressor of `ai.onnx.ml`: the aggregate of the trees, plus the base values, through
//! the post transform, in binary64, rounded once to f32. See [`super::forest`].

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	forest::{base_values, rows_and_features, Aggregate, Forest, ListNames, FEATURES},
	post_transform::PostTransform,
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	math::Float,
	tensor::{slice_mut, zeros},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &[
	"aggregate_function",
	"base_values",
	"base_values_as_tensor",
	"n_targets",
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
	"target_ids",
	"target_nodeids",
	"target_treeids",
	"target_weights",
	"target_weights_as_tensor",
];

const NAMES: ListNames = ListNames {
	trees: "target_treeids",
	nodes: "target_nodeids",
	ids: "target_ids",
	weights: "target_weights",
	weights_as_tensor: "target_weights_as_tensor",
};

/// The most scores that a row may have.
pub(super) const MAX_TARGETS: usize = 1 << 16;

/// A forest whose scores are the output.
#[derive(Debug)]
pub(super) struct Regressor {
	pub(super) name: &'static str,
	pub(super) forest: Forest,
	pub(super) base: Vec<f64>,
	pub(super) post_transform: PostTransform,
	pub(super) rows: usize,
	pub(super) features: usize,
	pub(super) output: DType,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (rows, features) = rows_and_features(inputs.required(0)?, &FEATURES)?;
	let targets = targets(node)?;
	let aggregate = match node.attrs.string_or("aggregate_function", "SUM")? {
		"SUM" => Aggregate::Sum,
		"AVERAGE" => Aggregate::Average,
		"MIN" => Aggregate::Min,
		"MAX" => Aggregate::Max,
		_ => return Err(OpError::bad_attribute("aggregate_function", "is unknown")),
	};
	let forest = Forest::of_node_lists(&node.attrs, &NAMES, features, targets, aggregate)?;
	Ok(Lowered::step(
		Regressor {
			name: "TreeEnsembleRegressor",
			forest,
			base: base_values(&node.attrs, targets)?,
			post_transform: PostTransform::of_node(node)?,
			rows,
			features,
			output: DType::F32,
		},
		inputs,
	))
}

/// The attribute `n_targets`.
pub(super) fn targets(node: &NodeCtx<'_>) -> Result<usize, OpError> {
	let targets = node.attrs.int_or("n_targets", 1)?;
	usize::try_from(targets)
		.ok()
		.filter(|targets| (1..=MAX_TARGETS).contains(targets))
		.ok_or_else(|| OpError::bad_attribute("n_targets", format!("{targets} is impossible")))
}

impl Kernel for Regressor {
	fn name(&self) -> &'static str {
		self.name
	}

	fn infer(&self, _: &[Fact]) -> Result<Vec<Fact>, OpError> {
		Ok(vec![Fact::new(self.output, [self.rows, self.base.len()])?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		self.forest.cost(self.rows, inputs, outputs)
	}

	fn scratch_bytes(&self, _: &[Fact], _: &[Fact]) -> u64 {
		self.base.len() as u64 * 9
	}

	fn constant_bytes(&self) -> u64 {
		self.forest.bytes() + self.base.len() as u64 * 8
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let targets = self.base.len();
		let mut y = zeros(self.output, &[self.rows, targets])?;
		crate::with_float!(self.output, T => {
			let output = slice_mut::<T>(&mut y)?;
			self.forest.for_each_row(&inputs[0], self.features, |row, scores| {
				for (score, base) in scores.iter_mut().zip(&self.base) {
					*score += base;
				}
				self.post_transform.apply(scores);
				let target = &mut output[row * targets..][..targets];
				for (y, score) in target.iter_mut().zip(scores.iter()) {
					*y = <T as Float>::from_f64(*score);
				}
			})?;
		});
		Ok(vec![y])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, float_list, int, ints, string, strings, tensor, OpTest},
	};

	/// Two trees: x0 <= 0.5 ? 1 : (x1 < 2 ? 2 : 4), and a lone leaf of 0.25.
	fn test() -> OpTest {
		OpTest::new("TreeEnsembleRegressor")
			.attr(ints("nodes_treeids", &[0, 0, 0, 0, 0, 7]))
			.attr(ints("nodes_nodeids", &[0, 1, 2, 3, 4, 0]))
			.attr(ints("nodes_featureids", &[0, 0, 1, 0, 0, 0]))
			.attr(strings(
				"nodes_modes",
				&["BRANCH_LEQ", "LEAF", "BRANCH_LT", "LEAF", "LEAF", "LEAF"],
			))
			.attr(float_list("nodes_values", &[0.5, 0.0, 2.0, 0.0, 0.0, 0.0]))
			.attr(ints("nodes_truenodeids", &[1, 0, 3, 0, 0, 0]))
			.attr(ints("nodes_falsenodeids", &[2, 0, 4, 0, 0, 0]))
			.attr(ints("target_treeids", &[0, 0, 0, 7]))
			.attr(ints("target_nodeids", &[1, 3, 4, 0]))
			.attr(ints("target_ids", &[0, 0, 0, 0]))
			.attr(float_list("target_weights", &[1.0, 2.0, 4.0, 0.25]))
	}

	const X: [f32; 8] = [0.5, 9.0, 0.6, 1.9, 0.6, 2.0, f32::NAN, f32::NAN];

	#[test]
	fn rows_go_their_ways_and_nan_goes_false() {
		let (shape, y) = test().input(f32s(&[4, 2], &X)).elements::<f32>();
		assert_eq!((shape, y), (vec![4, 1], vec![1.25, 2.25, 4.25, 4.25]));
		let (_, y) = test()
			.attr(ints("nodes_missing_value_tracks_true", &[1, 0, 0, 0, 0, 0]))
			.input(f32s(&[4, 2], &X))
			.elements::<f32>();
		assert_eq!(y, [1.25, 2.25, 4.25, 1.25]);
	}

	#[test]
	fn aggregates_base_values_and_types() {
		for (aggregate, expected) in [
			("SUM", 4.25),
			("AVERAGE", 2.125),
			("MIN", 0.25),
			("MAX", 4.0),
		] {
			let (_, y) = test()
				.attr(string("aggregate_function", aggregate))
				.attr(float_list("base_values", &[10.0]))
				.input(tensor(&[1, 2], &[3i64, 2]))
				.elements::<f32>();
			assert_eq!(y, [10.0 + expected], "{aggregate}");
		}
		let (_, y) = test()
			.attr(string("post_transform", "LOGISTIC"))
			.attr(float_list("base_values", &[-1.25]))
			.input(tensor(&[1, 2], &[0f64, 0.0]))
			.elements::<f32>();
		assert_eq!(y, [0.5]);
	}

	#[test]
	fn what_is_no_tree_is_refused() {
		let x = || f32s(&[4, 2], &X);
		let loops = test();
		let refused = |name: &str, values: &[i64]| {
			let mut test = test();
			test.replace(ints(name, values));
			let error = test.input(x()).refused();
			assert!(
				matches!(error, OpError::BadAttribute { .. }),
				"{name}: {error}"
			);
		};
		refused("nodes_truenodeids", &[0, 0, 3, 0, 0, 0]);
		refused("nodes_truenodeids", &[1, 0, 0, 0, 0, 0]);
		refused("nodes_truenodeids", &[2, 0, 3, 0, 0, 0]);
		refused("nodes_truenodeids", &[9, 0, 3, 0, 0, 0]);
		refused("nodes_featureids", &[0, 0, 2, 0, 0, 0]);
		refused("nodes_featureids", &[-1, 0, 1, 0, 0, 0]);
		refused("nodes_nodeids", &[0, 1, 2, 3, 3, 0]);
		refused("target_nodeids", &[1, 3, 2, 0]);
		refused("target_ids", &[0, 0, 1, 0]);
		refused("target_ids", &[0, 0, 0]);
		assert!(matches!(
			loops.attr(int("n_targets", 0)).input(x()).refused(),
			OpError::BadAttribute { .. }
		));
	}
}
