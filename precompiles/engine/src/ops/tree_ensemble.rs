//! TreeEnsemble of `ai.onnx.ml` version 5: trees by the indices of their branches and leaves.
//!
//! The output has the features' type; all else is TreeEnsembleRegressor's. See [`super::forest`].

use tract_onnx::prelude::Tensor;

use super::{
	forest::{rows_and_features, tensor_floats, Aggregate, Branch, Forest, Link, Mode, Parts},
	post_transform::PostTransform,
	tree_ensemble_regressor::{targets, Regressor},
	Inputs, Lowered, NodeCtx,
};
use crate::{attrs::Attrs, error::OpError, tensor::slice, DType};

/// Attributes.
pub(super) const ATTRIBUTES: &[&str] = &[
	"aggregate_function",
	"leaf_targetids",
	"leaf_weights",
	"membership_values",
	"n_targets",
	"nodes_falseleafs",
	"nodes_falsenodeids",
	"nodes_featureids",
	"nodes_hitrates",
	"nodes_missing_value_tracks_true",
	"nodes_modes",
	"nodes_splits",
	"nodes_trueleafs",
	"nodes_truenodeids",
	"post_transform",
	"tree_roots",
];

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let x = inputs.required(0)?;
	let (rows, features) = rows_and_features(x, &DType::FLOATS)?;
	let targets = targets(node)?;
	let aggregate = match node.attrs.int_or("aggregate_function", 1)? {
		0 => Aggregate::Average,
		1 => Aggregate::Sum,
		2 => Aggregate::Min,
		3 => Aggregate::Max,
		_ => return Err(OpError::bad_attribute("aggregate_function", "is unknown")),
	};
	let (branches, members) = branches(&node.attrs)?;
	let ints = |name: &'static str| node.attrs.ints(name)?.ok_or_else(|| Attrs::missing(name));
	let (ids, weights) = (
		ints("leaf_targetids")?,
		tensor_floats(&*tensor(&node.attrs, "leaf_weights")?)?,
	);
	same("leaf_weights", weights.len(), ids.len())?;
	let roots = ints("tree_roots")?
		.iter()
		.map(|root| link(*root, false))
		.collect();
	let forest = Forest::new(
		Parts {
			branches,
			roots,
			leaves: (0..ids.len()).map(|leaf| (leaf, 1)).collect(),
			weights: ids.iter().copied().zip(weights).collect(),
			members,
			targets,
			aggregate,
		},
		features,
	)?;
	Ok(Lowered::step(
		Regressor {
			name: "TreeEnsemble",
			forest,
			base: vec![0.0; targets],
			post_transform: PostTransform::of_number(node.attrs.int_or("post_transform", 0)?)?,
			rows,
			features,
			output: x.dtype(),
		},
		inputs,
	))
}

/// Where an index leads; a negative one nowhere, which the layout refuses.
fn link(index: i64, is_leaf: bool) -> Link {
	let index = usize::try_from(index).unwrap_or(usize::MAX);
	if is_leaf {
		Link::Leaf(index)
	} else {
		Link::Node(index)
	}
}

fn tensor(attrs: &Attrs<'_>, name: &'static str) -> Result<std::sync::Arc<Tensor>, OpError> {
	attrs.tensor(name)?.ok_or_else(|| Attrs::missing(name))
}

fn same(name: &str, len: usize, expected: usize) -> Result<(), OpError> {
	if len == expected {
		return Ok(());
	}
	Err(OpError::bad_attribute(
		name,
		format!("has {len} entries, but must have {expected}"),
	))
}

/// The branches, and the members of all their sets.
fn branches(attrs: &Attrs<'_>) -> Result<(Vec<Branch>, Vec<f64>), OpError> {
	let ints = |name: &'static str| attrs.ints(name)?.ok_or_else(|| Attrs::missing(name));
	let features = ints("nodes_featureids")?;
	let (yes, no) = (ints("nodes_truenodeids")?, ints("nodes_falsenodeids")?);
	let (yes_leaf, no_leaf) = (ints("nodes_trueleafs")?, ints("nodes_falseleafs")?);
	let missing = attrs
		.ints("nodes_missing_value_tracks_true")?
		.unwrap_or_default();
	let modes = tensor(attrs, "nodes_modes")?;
	let modes = slice::<u8>(&modes).map_err(|_| OpError::UnsupportedDType {
		reason: "attribute 'nodes_modes' must be a tensor of u8".into(),
	})?;
	let splits = tensor_floats(&*tensor(attrs, "nodes_splits")?)?;
	let members = match attrs.tensor("membership_values")? {
		Some(members) => tensor_floats(&members)?,
		None => vec![],
	};
	for (name, len) in [
		("nodes_truenodeids", yes.len()),
		("nodes_falsenodeids", no.len()),
		("nodes_trueleafs", yes_leaf.len()),
		("nodes_falseleafs", no_leaf.len()),
		("nodes_modes", modes.len()),
		("nodes_splits", splits.len()),
	] {
		same(name, len, features.len())?;
	}
	if !missing.is_empty() {
		same(
			"nodes_missing_value_tracks_true",
			missing.len(),
			features.len(),
		)?;
	}
	// The sets follow one another in the order of their branches, each ended by a NaN.
	let mut next_set = 0;
	let mut set = || {
		let len = members
			.get(next_set..)
			.and_then(|rest| rest.iter().position(|member| member.is_nan()))
			.ok_or_else(|| {
				OpError::bad_attribute(
					"membership_values",
					"has fewer sets than there are branches",
				)
			})?;
		let first = next_set;
		next_set += len + 1;
		Ok::<_, OpError>(Mode::Member {
			first: first as u32,
			count: len as u32,
		})
	};
	let mut branches = Vec::with_capacity(features.len());
	for (index, feature) in features.iter().enumerate() {
		let mode = match Mode::of_number(modes[index]) {
			Some(Mode::Member { .. }) => set()?,
			Some(mode) => mode,
			None => {
				return Err(OpError::bad_attribute(
					"nodes_modes",
					"holds an unknown mode",
				))
			}
		};
		branches.push(Branch {
			feature: *feature,
			mode,
			value: splits[index],
			missing_is_true: missing.get(index).is_some_and(|flag| *flag != 0),
			yes: link(yes[index], yes_leaf[index] != 0),
			no: link(no[index], no_leaf[index] != 0),
		});
	}
	Ok((branches, members))
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{int, ints, tensor, tensor_attr, OpTest},
	};
	use tract_onnx::pb::tensor_proto::DataType;

	/// A set {1, 3} at the root, then x1 > 0.5.
	fn test(modes: &[u8], members: &[f64]) -> OpTest {
		let floats = |name: &str, values: &[f64]| {
			tensor_attr(name, &tensor(&[values.len()], values), DataType::Double)
		};
		let modes = tensor_attr("nodes_modes", &tensor(&[2], modes), DataType::Uint8);
		OpTest::new("TreeEnsemble")
			.attr(int("n_targets", 2))
			.attr(ints("tree_roots", &[0]))
			.attr(ints("nodes_featureids", &[0, 1]))
			.attr(modes)
			.attr(floats("nodes_splits", &[0.0, 0.5]))
			.attr(ints("nodes_truenodeids", &[0, 1]))
			.attr(ints("nodes_trueleafs", &[1, 1]))
			.attr(ints("nodes_falsenodeids", &[1, 2]))
			.attr(ints("nodes_falseleafs", &[0, 1]))
			.attr(ints("leaf_targetids", &[0, 1, 0]))
			.attr(floats("leaf_weights", &[1.0, 2.0, 4.0]))
			.attr(floats("membership_values", members))
			.input(tensor(
				&[3, 2],
				&[3.0f64, 0.0, 2.0, 0.75, f64::NAN, f64::NAN],
			))
	}

	#[test]
	fn sets_and_comparisons() {
		let (shape, y) = test(&[6, 3], &[1.0, 3.0, f64::NAN]).elements::<f64>();
		assert_eq!((shape, y), (vec![3, 2], vec![1.0, 0.0, 0.0, 2.0, 4.0, 0.0]));
		let (_, y) = test(&[5, 3], &[]).elements::<f64>();
		assert_eq!(y, [1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
	}

	#[test]
	fn misfits_are_refused() {
		for error in [
			test(&[6, 3], &[1.0]).refused(),
			test(&[6, 6], &[1.0, f64::NAN]).refused(),
			test(&[9, 3], &[]).refused(),
		] {
			assert!(matches!(error, OpError::BadAttribute { .. }), "{error}");
		}
		let mut test = test(&[0, 3], &[]);
		test.replace(ints("nodes_falsenodeids", &[0, 2]));
		assert!(matches!(test.refused(), OpError::BadAttribute { .. }));
	}
}
