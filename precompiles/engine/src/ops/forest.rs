//! What the tree ensembles of `ai.onnx.ml` share: decision trees, checked and laid out once.
//!
//! A branch compares the feature with the node's value, both taken to binary64 (exact for all types
//! but i64). A NaN takes the true branch where `nodes_missing_value_tracks_true` says so, and else
//! the one that the comparison, false for a NaN but for NEQ, leads to. The weights of the leaves are
//! aggregated in binary64, in the order of the trees and within a leaf in the file's, from +0.

use std::collections::HashMap;

use tract_onnx::prelude::Tensor;

use crate::{
	attrs::Attrs,
	error::{EvalError, OpError},
	fact::Fact,
	kernel::Cost,
	select::Select,
	tensor::{dtype, slice},
	DType,
};

/// The element types of the features.
pub(super) const FEATURES: [DType; 4] = [DType::F32, DType::F64, DType::I32, DType::I64];

/// How a branch compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
	LessOrEqual,
	Less,
	GreaterOrEqual,
	Greater,
	Equal,
	NotEqual,
	/// The value is where the members begin and how many there are.
	Member {
		first: u32,
		count: u32,
	},
}

impl Mode {
	/// The mode of a number of TreeEnsemble's.
	pub(super) fn of_number(number: u8) -> Option<Self> {
		Some(match number {
			0 => Self::LessOrEqual,
			1 => Self::Less,
			2 => Self::GreaterOrEqual,
			3 => Self::Greater,
			4 => Self::Equal,
			5 => Self::NotEqual,
			6 => Self::Member { first: 0, count: 0 },
			_ => return None,
		})
	}

	fn of_name(name: &str) -> Option<Self> {
		let names = [
			"BRANCH_LEQ",
			"BRANCH_LT",
			"BRANCH_GTE",
			"BRANCH_GT",
			"BRANCH_EQ",
			"BRANCH_NEQ",
		];
		let at = names.iter().position(|known| *known == name)?;
		Self::of_number(at as u8)
	}
}

/// Where a branch leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
	Node(usize),
	Leaf(usize),
}

/// A branch of a tree, as the file has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Branch {
	pub(super) feature: i64,
	pub(super) mode: Mode,
	pub(super) value: f64,
	pub(super) missing_is_true: bool,
	pub(super) yes: Link,
	pub(super) no: Link,
}

/// The weights of a leaf: where they begin in a list of (target, weight), and how many there are.
pub(super) type Leaf = (usize, usize);

/// How the trees' weights become scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregate {
	Sum,
	Average,
	Min,
	Max,
}

#[derive(Clone, Copy, Debug)]
struct Node {
	value: f64,
	feature: u32,
	mode: Mode,
	missing_is_true: bool,
	/// The next node, or, with [`LEAF`], a leaf.
	yes: u32,
	no: u32,
}

const LEAF: u32 = 1 << 31;

/// The trees of a model.
#[derive(Debug)]
pub(super) struct Forest {
	nodes: Vec<Node>,
	roots: Vec<u32>,
	leaves: Vec<Leaf>,
	weights: Vec<(u32, f64)>,
	members: Vec<f64>,
	/// Scores of one row.
	pub(super) targets: usize,
	aggregate: Aggregate,
	/// Comparisons on the longest path of each tree, added up.
	depth: u64,
}

/// The parts of a forest that come from the file.
#[derive(Debug)]
pub(super) struct Parts {
	pub(super) branches: Vec<Branch>,
	pub(super) roots: Vec<Link>,
	pub(super) leaves: Vec<Leaf>,
	pub(super) weights: Vec<(i64, f64)>,
	pub(super) members: Vec<f64>,
	pub(super) targets: usize,
	pub(super) aggregate: Aggregate,
}

fn bad(name: &str, reason: impl Into<String>) -> OpError {
	OpError::bad_attribute(name, reason)
}

impl Forest {
	/// Checks that the branches are trees over `features` features, and lays them out.
	pub(super) fn new(parts: Parts, features: usize) -> Result<Self, OpError> {
		let Parts {
			branches,
			roots,
			leaves,
			weights,
			members,
			targets,
			aggregate,
		} = parts;
		// What the plan keeps takes the memory of its elements, and none for more to come.
		let (mut leaves, mut members) = (leaves, members);
		leaves.shrink_to_fit();
		members.shrink_to_fit();
		let mut forest = Self {
			nodes: Vec::with_capacity(branches.len()),
			roots: Vec::with_capacity(roots.len()),
			leaves,
			weights: Vec::with_capacity(weights.len()),
			members,
			targets,
			aggregate,
			depth: 0,
		};
		for (target, weight) in weights {
			let target = u32::try_from(target)
				.ok()
				.filter(|target| (*target as usize) < targets)
				.ok_or_else(|| bad("target ids", format!("{target} is not below {targets}")))?;
			forest.weights.push((target, weight));
		}
		let mut seen = vec![false; branches.len()];
		for root in roots {
			// Depth first, the true branch first, so that a path's nodes lie near each other. What is
			// on the stack: a link, its length from the root, and where the link is to be written.
			let mut stack = vec![(root, 1u64, None)];
			let mut deepest = 0;
			while let Some((link, depth, parent)) = stack.pop() {
				let place = match link {
					Link::Leaf(leaf) if leaf < forest.leaves.len() => leaf as u32 | LEAF,
					Link::Node(index) if index < branches.len() => {
						if std::mem::replace(&mut seen[index], true) {
							return Err(bad("nodes", format!("node {index} has two parents")));
						}
						forest.lay_out(
							&branches[index],
							features,
							depth,
							&mut stack,
							&mut deepest,
						)?
					}
					_ => return Err(bad("nodes", "a branch leads to a node that is not there")),
				};
				match parent {
					None => forest.roots.push(place),
					Some((node, true)) => forest.node_mut(node).yes = place,
					Some((node, false)) => forest.node_mut(node).no = place,
				}
			}
			forest.depth = forest.depth.saturating_add(deepest);
		}
		if let Some(index) = seen.iter().position(|seen| !seen) {
			return Err(bad("nodes", format!("node {index} belongs to no tree")));
		}
		Ok(forest)
	}

	fn node_mut(&mut self, index: u32) -> &mut Node {
		&mut self.nodes[index as usize]
	}

	#[allow(clippy::type_complexity, reason = "the entries of one stack")]
	fn lay_out(
		&mut self,
		branch: &Branch,
		features: usize,
		depth: u64,
		stack: &mut Vec<(Link, u64, Option<(u32, bool)>)>,
		deepest: &mut u64,
	) -> Result<u32, OpError> {
		let feature = u32::try_from(branch.feature)
			.ok()
			.filter(|feature| (*feature as usize) < features)
			.ok_or_else(|| {
				bad(
					"nodes_featureids",
					format!("feature {} of {features}", branch.feature),
				)
			})?;
		let compared = match branch.mode {
			Mode::Member { count, .. } => u64::from(count) + 1,
			_ => 1,
		};
		let depth = depth.saturating_add(compared);
		*deepest = depth.max(*deepest);
		let place = self.nodes.len() as u32;
		self.nodes.push(Node {
			value: branch.value,
			feature,
			mode: branch.mode,
			missing_is_true: branch.missing_is_true,
			yes: 0,
			no: 0,
		});
		stack.push((branch.no, depth, Some((place, false))));
		stack.push((branch.yes, depth, Some((place, true))));
		Ok(place)
	}

	/// The trees of TreeEnsembleClassifier (`kind` is `class`) and TreeEnsembleRegressor (`target`).
	pub(super) fn of_node_lists(
		attrs: &Attrs<'_>,
		names: &ListNames,
		features: usize,
		targets: usize,
		aggregate: Aggregate,
	) -> Result<Self, OpError> {
		let ints = |name: &'static str| -> Result<&[i64], OpError> {
			attrs.ints(name)?.ok_or_else(|| Attrs::missing(name))
		};
		let tree_ids = ints("nodes_treeids")?;
		let count = tree_ids.len();
		let same = |name: &str, len: usize, expected: usize| {
			if len == expected {
				return Ok(());
			}
			Err(bad(
				name,
				format!("has {len} entries, but must have {expected}"),
			))
		};
		let (node_ids, feature_ids) = (ints("nodes_nodeids")?, ints("nodes_featureids")?);
		let (yes, no) = (ints("nodes_truenodeids")?, ints("nodes_falsenodeids")?);
		let modes = attrs
			.strings("nodes_modes")?
			.ok_or_else(|| Attrs::missing("nodes_modes"))?;
		let values = floats(attrs, "nodes_values", "nodes_values_as_tensor")?
			.ok_or_else(|| Attrs::missing("nodes_values"))?;
		let missing = attrs
			.ints("nodes_missing_value_tracks_true")?
			.unwrap_or_default();
		for (name, len) in [
			("nodes_nodeids", node_ids.len()),
			("nodes_featureids", feature_ids.len()),
			("nodes_truenodeids", yes.len()),
			("nodes_falsenodeids", no.len()),
			("nodes_modes", modes.len()),
			("nodes_values", values.len()),
		] {
			same(name, len, count)?;
		}
		if !missing.is_empty() {
			same("nodes_missing_value_tracks_true", missing.len(), count)?;
		}

		// Each (tree, node) as a branch or a leaf.
		let mut links = HashMap::with_capacity(count);
		let (mut branches, mut leaves) = (0, 0);
		for (index, mode) in modes.iter().enumerate() {
			let link = if *mode == "LEAF" {
				leaves += 1;
				Link::Leaf(leaves - 1)
			} else {
				branches += 1;
				Link::Node(branches - 1)
			};
			let key = (tree_ids[index], node_ids[index]);
			if links.insert(key, link).is_some() {
				return Err(bad("nodes_nodeids", format!("node {key:?} is there twice")));
			}
		}
		let find = |tree: i64, node: i64| {
			links
				.get(&(tree, node))
				.copied()
				.ok_or_else(|| bad("nodes", format!("tree {tree} has no node {node}")))
		};
		let mut listed = Vec::with_capacity(branches);
		let mut has_parent = (vec![false; branches], vec![false; leaves]);
		for index in 0..count {
			if modes[index] == "LEAF" {
				continue;
			}
			let tree = tree_ids[index];
			let branch = Branch {
				feature: feature_ids[index],
				mode: Mode::of_name(modes[index])
					.ok_or_else(|| bad("nodes_modes", "holds an unknown mode"))?,
				value: values[index],
				missing_is_true: missing.get(index).is_some_and(|flag| *flag != 0),
				yes: find(tree, yes[index])?,
				no: find(tree, no[index])?,
			};
			for link in [branch.yes, branch.no] {
				match link {
					Link::Node(at) => has_parent.0[at] = true,
					Link::Leaf(at) => has_parent.1[at] = true,
				}
			}
			listed.push(branch);
		}
		// The one node of each tree that no branch leads to, in the order of the trees.
		let mut roots: Vec<(i64, Vec<Link>)> = vec![];
		let mut place_of = HashMap::new();
		for index in 0..count {
			let tree = tree_ids[index];
			let place = *place_of.entry(tree).or_insert_with(|| {
				roots.push((tree, vec![]));
				roots.len() - 1
			});
			let link = find(tree, node_ids[index])?;
			let is_root = match link {
				Link::Node(at) => !has_parent.0[at],
				Link::Leaf(at) => !has_parent.1[at],
			};
			if is_root {
				roots[place].1.push(link);
			}
		}
		let roots = roots
			.into_iter()
			.map(|(tree, roots)| match roots[..] {
				[root] => Ok(root),
				_ => Err(bad(
					"nodes",
					format!("tree {tree} has {} roots", roots.len()),
				)),
			})
			.collect::<Result<Vec<_>, _>>()?;

		let (trees, nodes, ids) = (ints(names.trees)?, ints(names.nodes)?, ints(names.ids)?);
		let weights = floats(attrs, names.weights, names.weights_as_tensor)?
			.ok_or_else(|| Attrs::missing(names.weights))?;
		for (name, len) in [
			(names.nodes, nodes.len()),
			(names.ids, ids.len()),
			(names.weights, weights.len()),
		] {
			same(name, len, trees.len())?;
		}
		let mut of_leaf: Vec<Vec<(i64, f64)>> = vec![vec![]; leaves];
		for index in 0..trees.len() {
			match find(trees[index], nodes[index])? {
				Link::Leaf(at) => of_leaf[at].push((ids[index], weights[index])),
				Link::Node(_) => {
					return Err(bad(names.nodes, "gives a weight to a node that is no leaf"))
				}
			}
		}
		let mut flat = vec![];
		let leaves = of_leaf
			.into_iter()
			.map(|weights| {
				let first = flat.len();
				flat.extend(weights);
				(first, flat.len() - first)
			})
			.collect();
		Self::new(
			Parts {
				branches: listed,
				roots,
				leaves,
				weights: flat,
				members: vec![],
				targets,
				aggregate,
			},
			features,
		)
	}

	/// Whether any weight is below zero, and the one target of all weights, if there is but one.
	pub(super) fn signs_and_target(&self) -> (bool, Option<u32>) {
		let negative = self.weights.iter().any(|(_, weight)| *weight < 0.0);
		let first = self.weights.first().map(|(target, _)| *target);
		let one = first.filter(|first| self.weights.iter().all(|(target, _)| target == first));
		(negative, one)
	}

	/// What evaluating rows costs.
	pub(super) fn cost(&self, rows: usize, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		// Each comparison waits for a load; each tree adds at most its fullest leaf's weights.
		let fullest = self
			.leaves
			.iter()
			.map(|(_, count)| *count)
			.max()
			.unwrap_or(0);
		let weights = (fullest as u64).saturating_mul(self.roots.len() as u64);
		let of_row = self
			.depth
			.saturating_mul(16)
			.saturating_add(weights.saturating_mul(2))
			.saturating_add(4 * self.targets as u64);
		// The first visit of a node waits for memory.
		let visits = self.depth.saturating_mul(rows as u64);
		let first = visits.min(self.nodes.len() as u64);
		Cost::touching(inputs, outputs)
			.with_scalars(of_row.saturating_mul(rows as u64))
			.with_bytes(first.saturating_mul(512))
			.with_transcendentals((self.targets as u64).saturating_mul(rows as u64))
	}

	/// Bytes of the trees.
	pub(super) fn bytes(&self) -> u64 {
		let lists = [
			self.nodes.len() * size_of::<Node>(),
			self.roots.len() * size_of::<u32>(),
			self.leaves.len() * size_of::<Leaf>(),
			self.weights.len() * size_of::<(u32, f64)>(),
			self.members.len() * size_of::<f64>(),
		];
		lists.iter().sum::<usize>() as u64
	}

	/// Calls `row(index, scores)` for each row of the features.
	pub(super) fn for_each_row(
		&self,
		x: &Tensor,
		features: usize,
		row: impl FnMut(usize, &mut [f64]),
	) -> Result<(), EvalError> {
		match dtype(x)? {
			DType::F32 => self.rows(slice::<f32>(x)?, features, |x| f64::from(*x), row),
			DType::F64 => self.rows(slice::<f64>(x)?, features, |x| *x, row),
			DType::I32 => self.rows(slice::<i32>(x)?, features, |x| f64::from(*x), row),
			DType::I64 => self.rows(slice::<i64>(x)?, features, |x| *x as f64, row),
			other => return Err(EvalError::unexpected_dtype(other)),
		}
		Ok(())
	}

	fn rows<T>(
		&self,
		x: &[T],
		features: usize,
		wide: impl Fn(&T) -> f64,
		mut row: impl FnMut(usize, &mut [f64]),
	) {
		let mut scores = vec![0.0; self.targets];
		let mut scored = vec![false; self.targets];
		for (index, x) in x.chunks_exact(features.max(1)).enumerate() {
			scores.fill(0.0);
			scored.fill(false);
			for root in &self.roots {
				let mut at = *root;
				while at & LEAF == 0 {
					let node = &self.nodes[at as usize];
					let yes = self.goes_yes(node, wide(&x[node.feature as usize]));
					at = if yes { node.yes } else { node.no };
				}
				let (first, count) = self.leaves[(at & !LEAF) as usize];
				for (target, weight) in &self.weights[first..first + count] {
					let target = *target as usize;
					let score = &mut scores[target];
					let is_first = !std::mem::replace(&mut scored[target], true);
					*score = match self.aggregate {
						Aggregate::Sum | Aggregate::Average => *score + weight,
						_ if is_first => *weight,
						Aggregate::Min => score.smaller(*weight),
						Aggregate::Max => score.larger(*weight),
					};
				}
			}
			if self.aggregate == Aggregate::Average {
				for score in &mut scores {
					*score /= self.roots.len() as f64;
				}
			}
			row(index, &mut scores);
		}
	}

	#[inline(always)]
	fn goes_yes(&self, node: &Node, x: f64) -> bool {
		let value = node.value;
		let holds = match node.mode {
			Mode::LessOrEqual => x <= value,
			Mode::Less => x < value,
			Mode::GreaterOrEqual => x >= value,
			Mode::Greater => x > value,
			Mode::Equal => x == value,
			Mode::NotEqual => x != value,
			Mode::Member { first, count } => {
				self.members[first as usize..][..count as usize].contains(&x)
			}
		};
		holds | (node.missing_is_true & x.is_nan())
	}
}

/// What the lists of leaf weights are called.
#[derive(Clone, Copy, Debug)]
pub(super) struct ListNames {
	pub(super) trees: &'static str,
	pub(super) nodes: &'static str,
	pub(super) ids: &'static str,
	pub(super) weights: &'static str,
	pub(super) weights_as_tensor: &'static str,
}

/// Floats that an attribute holds as a list of binary32, or another as a tensor of any float type.
pub(super) fn floats(
	attrs: &Attrs<'_>,
	list: &'static str,
	tensor: &'static str,
) -> Result<Option<Vec<f64>>, OpError> {
	let listed = attrs.floats(list)?.filter(|values| !values.is_empty());
	match (listed, attrs.tensor(tensor)?) {
		(Some(_), Some(_)) => Err(bad(list, "given both as a list and as a tensor")),
		(Some(values), None) => Ok(Some(values.iter().map(|value| f64::from(*value)).collect())),
		(None, Some(tensor)) => tensor_floats(&tensor).map(Some),
		(None, None) => Ok(None),
	}
}

/// The elements of a tensor of floats.
pub(super) fn tensor_floats(tensor: &Tensor) -> Result<Vec<f64>, OpError> {
	let wrong = |error: EvalError| OpError::BadTensor {
		reason: error.to_string(),
	};
	match dtype(tensor).map_err(wrong)? {
		DType::F32 => Ok(slice::<f32>(tensor)
			.map_err(wrong)?
			.iter()
			.map(|value| f64::from(*value))
			.collect()),
		DType::F64 => Ok(slice::<f64>(tensor).map_err(wrong)?.to_vec()),
		other => Err(OpError::UnsupportedDType {
			reason: format!("a tensor of {other}, but it must be of floats"),
		}),
	}
}

/// Rows and features of an input: a matrix, or one row.
pub(super) fn rows_and_features(x: &Fact, dtypes: &[DType]) -> Result<(usize, usize), OpError> {
	x.expect("X", dtypes)?;
	match x.shape() {
		[features] if *features > 0 => Ok((1, *features)),
		[rows, features] if *features > 0 => Ok((*rows, *features)),
		other => Err(OpError::mismatch(format!(
			"X has shape {other:?}, but must be a matrix with features"
		))),
	}
}

/// The base value of each target; none, one for all, or one for each.
pub(super) fn base_values(attrs: &Attrs<'_>, targets: usize) -> Result<Vec<f64>, OpError> {
	let values = floats(attrs, "base_values", "base_values_as_tensor")?.unwrap_or_default();
	match values[..] {
		[] => Ok(vec![0.0; targets]),
		[one] if targets == 1 => Ok(vec![one]),
		_ if values.len() == targets => Ok(values),
		_ => Err(bad(
			"base_values",
			format!("has {} entries for {targets} targets", values.len()),
		)),
	}
}
