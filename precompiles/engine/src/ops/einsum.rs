//! Einsum: sums of products over labelled axes.
//!
//! Each output element is the sum of its [partial sums](BLOCK), which start at +0 and take in the
//! product of the operands' elements, multiplied from the first to the last, for all values of the
//! labels that the output lacks, in row-major order of their first appearance. What is too small to multiply, a
//! product on the way included, counts as zero, as in [`operand`](crate::operand). Integers wrap
//! around.
//!
//! Two operands that share all summed labels are multiplied as matrices, which gives the same bits.

use tract_onnx::prelude::{IntoTValue, TValue, TVec, Tensor};

use super::{
	copy::View,
	part::Part,
	product::{with_product, DTYPES},
	shaped::materialise,
	Inputs, Lowered, NodeCtx,
};
use crate::{
	attrs::Attrs,
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{Cost, Kernel},
	limits::MAX_RANK,
	linalg::{Scalar, BLOCK},
	tensor::{build as build_tensor, dtype, reshape, slice, strides},
};

/// Operands of one node.
pub(super) const MAX_OPERANDS: usize = 8;
/// Different labels, the ellipsis' axes included.
const MAX_LABELS: usize = 32;

#[derive(Debug)]
struct Einsum {
	/// Shape of the output, and of the summed labels.
	shape: Vec<usize>,
	summed: Vec<usize>,
	/// How far a step along each output axis, and each summed label, goes in each operand.
	steps: Vec<(Vec<usize>, Vec<usize>)>,
	product: Option<Product>,
}

/// Two operands as batches of matrices.
#[derive(Debug)]
struct Product {
	/// The operands in the order batch, rows, k and batch, k, columns, and their shapes.
	a: (View, Vec<usize>),
	b: (View, Vec<usize>),
	part: Part,
	/// How the output's axes are found in (batch, rows, columns).
	back: View,
}

/// A label: a letter, or an axis of the ellipsis counted from the back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
	Ellipsis(usize),
	Letter(char),
}

/// A label with its length.
type Labels = Vec<(Label, usize)>;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let operands = inputs.all()?;
	let equation = node
		.attrs
		.string("equation")?
		.ok_or_else(|| Attrs::missing("equation"))?;
	let bad = |reason: String| OpError::bad_attribute("equation", reason);
	if equation.len() > 512 {
		return Err(bad("is far too long".into()));
	}
	let equation: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
	let (left, right) = match equation.split_once("->") {
		Some((left, right)) => (left, Some(right)),
		None => (&equation[..], None),
	};
	let terms: Vec<&str> = left.split(',').collect();
	if terms.len() != operands.len() {
		return Err(bad(format!(
			"has {} terms for {} inputs",
			terms.len(),
			operands.len()
		)));
	}
	for operand in &operands {
		operand.expect("an input", &DTYPES)?;
		operand.expect_same_dtype("an input", operands[0])?;
	}
	let mut labels: Labels = vec![];
	let mut of_operand = vec![];
	for (term, operand) in terms.iter().zip(&operands) {
		let axes = axes_of(term, operand.rank()).map_err(bad)?;
		for (label, dim) in axes.iter().zip(operand.shape()) {
			match labels.iter_mut().find(|(known, _)| known == label) {
				None => labels.push((*label, *dim)),
				Some((_, known)) if *known == *dim || *dim == 1 => {}
				Some((_, known)) if *known == 1 => *known = *dim,
				Some((_, known)) => {
					return Err(OpError::mismatch(format!(
						"one label stands for axes of {known} and {dim}"
					)));
				}
			}
		}
		of_operand.push(axes);
	}
	if labels.len() > MAX_LABELS {
		return Err(bad(format!(
			"has {} labels, at most {MAX_LABELS}",
			labels.len()
		)));
	}
	let output = output_labels(right, &labels, &of_operand).map_err(bad)?;
	if output.len() > MAX_RANK {
		return Err(OpError::RankTooHigh { rank: output.len() });
	}
	let len_of = |label: &Label| {
		labels
			.iter()
			.find(|(known, _)| known == label)
			.map_or(1, |(_, dim)| *dim)
	};
	let summed: Vec<Label> = labels
		.iter()
		.map(|(label, _)| *label)
		.filter(|label| !output.contains(label))
		.collect();
	let shape: Vec<usize> = output.iter().map(len_of).collect();
	let summed_dims: Vec<usize> = summed.iter().map(len_of).collect();
	let terms = summed_dims
		.iter()
		.try_fold(1usize, |terms, dim| terms.checked_mul((*dim).max(1)))
		.filter(|terms| *terms <= 1 << 31);
	if terms.is_none() {
		return Err(OpError::ShapeOverflow { shape: summed_dims });
	}
	// A repeated label walks a diagonal; a dimension of 1 is repeated.
	let step = |operand: usize, label: &Label| {
		let fact = operands[operand];
		let axes = of_operand[operand].iter().zip(fact.shape());
		axes.zip(strides(fact.shape()))
			.filter(|((axis, dim), _)| *axis == label && **dim != 1)
			.map(|(_, stride)| stride)
			.sum::<usize>()
	};
	let steps: Vec<(Vec<usize>, Vec<usize>)> = (0..operands.len())
		.map(|operand| {
			let of = |labels: &[Label]| labels.iter().map(|label| step(operand, label)).collect();
			(of(&output), of(&summed))
		})
		.collect();
	let product = match &of_operand[..] {
		[a, b] if !shape.contains(&0) && !summed_dims.contains(&0) => {
			let has = |axes: &[Label], label: &Label| axes.contains(label);
			let shared = summed.iter().all(|label| has(a, label) && has(b, label));
			let kinds: Vec<(bool, bool)> = output
				.iter()
				.map(|label| (has(a, label), has(b, label)))
				.collect();
			if shared {
				Some(as_matrices(
					node,
					&operands,
					&kinds,
					&shape,
					&summed_dims,
					&steps,
				)?)
			} else {
				None
			}
		}
		_ => None,
	};
	let fact = Fact::new(operands[0].dtype(), shape)?;
	Ok(Lowered::step(
		Einsum {
			shape: fact.shape().to_vec(),
			summed: summed_dims,
			steps,
			product,
		},
		inputs,
	))
}

/// The label of each axis of a term.
fn axes_of(term: &str, rank: usize) -> Result<Vec<Label>, String> {
	let (before, behind) = match term.split_once("...") {
		Some((before, behind)) => (before, Some(behind)),
		None => (term, None),
	};
	let letters = |part: &str| -> Result<Vec<Label>, String> {
		part.chars()
			.map(|c| match c {
				c if c.is_ascii_alphabetic() => Ok(Label::Letter(c)),
				c => Err(format!("holds '{c}'")),
			})
			.collect()
	};
	let (mut axes, behind) = (letters(before)?, behind.map(letters).transpose()?);
	let named = axes.len() + behind.as_ref().map_or(0, Vec::len);
	match behind {
		None if named == rank => Ok(axes),
		Some(behind) if named <= rank => {
			axes.extend((0..rank - named).rev().map(Label::Ellipsis));
			axes.extend(behind);
			Ok(axes)
		}
		_ => Err(format!(
			"term '{term}' does not fit an input of rank {rank}"
		)),
	}
}

/// The labels of the output: as given, or those that occur once, in alphabetical order.
fn output_labels(
	given: Option<&str>,
	labels: &Labels,
	of_operand: &[Vec<Label>],
) -> Result<Vec<Label>, String> {
	let mut ellipsis: Vec<Label> = labels
		.iter()
		.map(|(label, _)| *label)
		.filter(|label| matches!(label, Label::Ellipsis(_)))
		.collect();
	ellipsis.sort_unstable_by(|a, b| b.cmp(a));
	let Some(given) = given else {
		let mut once: Vec<Label> = labels
			.iter()
			.map(|(label, _)| *label)
			.filter(|label| {
				let count = of_operand
					.iter()
					.flatten()
					.filter(|axis| *axis == label)
					.count();
				matches!(label, Label::Letter(_)) && count == 1
			})
			.collect();
		once.sort_unstable();
		ellipsis.extend(once);
		return Ok(ellipsis);
	};
	let mut output = vec![];
	for (index, part) in given.split("...").enumerate() {
		match index {
			0 => {}
			1 => output.append(&mut ellipsis),
			_ => return Err("has two ellipses in one term".into()),
		}
		for c in part.chars() {
			let label = Label::Letter(c);
			if output.contains(&label) || !labels.iter().any(|(known, _)| *known == label) {
				return Err(format!(
					"the output's label '{c}' is unknown, or there twice"
				));
			}
			output.push(label);
		}
	}
	Ok(output)
}

/// Two operands as batches of matrices: the labels of both are the batch, those of one its rows or
/// columns.
fn as_matrices(
	node: &NodeCtx<'_>,
	operands: &[&Fact],
	kinds: &[(bool, bool)],
	shape: &[usize],
	summed: &[usize],
	steps: &[(Vec<usize>, Vec<usize>)],
) -> Result<Product, OpError> {
	let of_kind = |kind: (bool, bool)| -> Vec<usize> {
		(0..kinds.len())
			.filter(|axis| kinds[*axis] == kind)
			.collect()
	};
	let (batch, rows, columns) = (
		of_kind((true, true)),
		of_kind((true, false)),
		of_kind((false, true)),
	);
	let len = |axes: &[usize]| axes.iter().map(|axis| shape[*axis]).product::<usize>();
	let k: usize = summed.iter().product();
	let view = |operand: usize, first: &[usize], last: Option<&[usize]>| {
		let (output_steps, summed_steps) = &steps[operand];
		let mut dims: Vec<usize> = batch.iter().chain(first).map(|axis| shape[*axis]).collect();
		let mut walk: Vec<usize> = batch
			.iter()
			.chain(first)
			.map(|axis| output_steps[*axis])
			.collect();
		dims.extend(summed);
		walk.extend(summed_steps);
		for axis in last.unwrap_or_default() {
			dims.push(shape[*axis]);
			walk.push(output_steps[*axis]);
		}
		View {
			shape: dims,
			strides: walk.into_iter().map(|step| step as isize).collect(),
			offset: 0,
		}
	};
	let a_shape = vec![len(&batch), len(&rows), k];
	let b_shape = vec![len(&batch), k, len(&columns)];
	let dtype = operands[0].dtype();
	let part = Part::new(
		"MatMul",
		node.opset,
		&[],
		&[
			Fact::new(dtype, a_shape.clone())?,
			Fact::new(dtype, b_shape.clone())?,
		],
	)?;
	// The product's axes are batch, rows, columns; each output axis has its place among them.
	let order: Vec<usize> = batch.iter().chain(&rows).chain(&columns).copied().collect();
	let dims: Vec<usize> = order.iter().map(|axis| shape[*axis]).collect();
	let place: Vec<usize> = (0..shape.len())
		.map(|axis| order.iter().position(|at| *at == axis).unwrap_or(0))
		.collect();
	Ok(Product {
		a: (view(0, &rows, None), a_shape),
		b: (view(1, &[], Some(&columns)), b_shape),
		part,
		back: View::of(&dims).permuted(&place),
	})
}

impl Einsum {
	fn terms(&self) -> u64 {
		self.summed
			.iter()
			.fold(1u64, |terms, dim| terms.saturating_mul(*dim as u64))
	}

	fn run<T: Scalar>(&self, inputs: &[TValue]) -> Result<Tensor, EvalError> {
		let operands = inputs
			.iter()
			.map(|input| slice::<T>(input))
			.collect::<Result<Vec<_>, _>>()?;
		build_tensor::<T>(&self.shape, |y| {
			if self.summed.contains(&0) {
				return;
			}
			let outer: Vec<&[usize]> = self.steps.iter().map(|(outer, _)| &outer[..]).collect();
			let inner: Vec<&[usize]> = self.steps.iter().map(|(_, inner)| &inner[..]).collect();
			let mut at = 0;
			odometer(
				&self.shape,
				&outer,
				&vec![0; operands.len()],
				&mut |first| {
					let (mut total, mut sum) = (T::default(), T::default());
					let mut room = BLOCK;
					odometer(&self.summed, &inner, first, &mut |places| {
						let elements = operands.iter().zip(places);
						let factor = |x: T| if operands.len() > 1 { x.operand() } else { x };
						let mut elements = elements.map(|(operand, place)| factor(operand[*place]));
						// The last factor is multiplied in the same step that adds.
						let last = elements.next_back();
						let rest = elements.reduce(|product, x| product.operand().times(x));
						sum = match (rest, last) {
							(Some(rest), Some(last)) => sum.mac(rest.operand(), last),
							(None, Some(last)) => sum.plus(last),
							_ => sum,
						};
						room -= 1;
						if room == 0 {
							total = total.plus(std::mem::take(&mut sum));
							room = BLOCK;
						}
					});
					y[at] = total.plus(sum);
					at += 1;
				},
			);
		})
	}
}

/// Visits all indices of a shape in row-major order, with the place in each operand.
fn odometer(shape: &[usize], steps: &[&[usize]], start: &[usize], visit: &mut dyn FnMut(&[usize])) {
	if shape.contains(&0) {
		return;
	}
	let mut places = start.to_vec();
	let mut index = vec![0; shape.len()];
	loop {
		visit(&places);
		let mut axis = shape.len();
		loop {
			if axis == 0 {
				return;
			}
			axis -= 1;
			index[axis] += 1;
			for (place, steps) in places.iter_mut().zip(steps) {
				*place += steps[axis];
			}
			if index[axis] < shape[axis] {
				break;
			}
			for (place, steps) in places.iter_mut().zip(steps) {
				*place -= steps[axis] * shape[axis];
			}
			index[axis] = 0;
		}
	}
}

impl Kernel for Einsum {
	fn name(&self) -> &'static str {
		"Einsum"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let x = inputs
			.first()
			.ok_or_else(|| super::internal_arity(inputs))?;
		Ok(vec![Fact::new(x.dtype(), self.shape.clone())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		let cost = Cost::touching(inputs, outputs);
		if let Some(product) = &self.product {
			let moved = [&product.a, &product.b]
				.into_iter()
				.fold(outputs[0].len() as u64, |moved, (_, shape)| {
					moved.saturating_add(shape.iter().product::<usize>() as u64)
				});
			return cost
				.plus(product.part.cost())
				.with_macs(moved.saturating_mul(32));
		}
		let of_term = 128 + 64 * inputs.len() as u64;
		let terms = self
			.terms()
			.saturating_add(8)
			.saturating_mul(outputs[0].len() as u64);
		cost.with_macs(terms.saturating_mul(of_term))
	}

	fn scratch_bytes(&self, inputs: &[Fact], outputs: &[Fact]) -> u64 {
		let Some(product) = &self.product else {
			return 4096;
		};
		let size = inputs[0].dtype().size() as u64;
		let copied = [&product.a, &product.b]
			.into_iter()
			.fold(0u64, |copied, (_, shape)| {
				copied.saturating_add(shape.iter().product::<usize>() as u64)
			});
		copied
			.saturating_mul(size)
			.saturating_add(product.part.scratch_bytes())
			.saturating_add(outputs[0].bytes())
	}

	fn constant_bytes(&self) -> u64 {
		self.product
			.as_ref()
			.map_or(0, |product| product.part.constant_bytes())
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		if let Some(product) = &self.product {
			let a = materialise(&product.a.0, &inputs[0], &product.a.1)?;
			let b = materialise(&product.b.0, &inputs[1], &product.b.1)?;
			let y = product
				.part
				.eval([Some(a.into_tvalue()), Some(b.into_tvalue())])?;
			let y = materialise(&product.back, &y, &self.shape)?;
			return Ok(vec![reshape(y, &self.shape)?]);
		}
		let dtype = dtype(&inputs[0])?;
		let y = with_product!(dtype, T => self.run::<T>(&inputs)?);
		Ok(vec![y])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, string, tensor, OpTest},
	};

	fn test(equation: &str) -> OpTest {
		OpTest::new("Einsum").attr(string("equation", equation))
	}

	const X: [f32; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

	#[test]
	fn one_operand() {
		let x = || f32s(&[2, 3], &X);
		let run = |equation: &str| test(equation).input(x()).elements::<f32>();
		assert_eq!(
			run("ij->ji"),
			(vec![3, 2], vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0])
		);
		assert_eq!(run("ij->i"), (vec![2], vec![6.0, 15.0]));
		assert_eq!(run("ij->"), (vec![], vec![21.0]));
		assert_eq!(run("ba"), (vec![3, 2], vec![1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
		assert_eq!(run("...j->..."), (vec![2], vec![6.0, 15.0]));
		let square = || tensor(&[2, 2], &[1i32, 2, 3, 4]);
		assert_eq!(test("ii->i").input(square()).elements::<i32>().1, [1, 4]);
		assert_eq!(
			test("ii").input(square()).elements::<i32>(),
			(vec![], vec![5])
		);
	}

	#[test]
	fn products_of_two() {
		let a = || f32s(&[2, 3], &X);
		let run = |equation: &str, b: tract_onnx::prelude::Tensor| {
			test(equation).input(a()).input(b).elements::<f32>()
		};
		let product = vec![22.0, 28.0, 49.0, 64.0];
		assert_eq!(run("ij,jk->ik", f32s(&[3, 2], &X)), (vec![2, 2], product));
		assert_eq!(
			run("ij,jk->ki", f32s(&[3, 2], &X)),
			(vec![2, 2], vec![22.0, 49.0, 28.0, 64.0])
		);
		assert_eq!(run("ij,ij->", a()), (vec![], vec![91.0]));
		assert_eq!(
			run("bj,bk->bjk", f32s(&[2, 1], &[1.0, 10.0])).1[3..],
			[40.0, 50.0, 60.0]
		);
		// A label of one operand only is summed as well.
		assert_eq!(
			run("ij,k->i", f32s(&[2], &[1.0, 2.0])),
			(vec![2], vec![18.0, 45.0])
		);
		// One may be repeated.
		assert_eq!(
			run("...j,...j->...", f32s(&[1, 3], &[1.0, 0.0, 1.0])),
			(vec![2], vec![4.0, 10.0])
		);
	}

	#[test]
	fn three_operands() {
		let (_, y) = test("i,j,k->jk")
			.input(tensor(&[2], &[1i64, 2]))
			.input(tensor(&[2], &[3i64, 4]))
			.input(tensor(&[1], &[5i64]))
			.elements::<i64>();
		assert_eq!(y, [45, 60]);
	}

	#[test]
	fn what_does_not_fit_is_refused() {
		for equation in [
			"ij",
			"ij,jk,kl->il",
			"ij,jk->ix",
			"i j,jk->ii",
			"i?,jk->i",
			"ij...k,jk->i",
			"",
		] {
			let error = test(equation)
				.input(f32s(&[2, 3], &X))
				.input(f32s(&[3, 2], &X))
				.refused();
			assert!(
				matches!(error, OpError::BadAttribute { .. }),
				"{equation}: {error}"
			);
		}
		let error = test("ij,ij->i")
			.input(f32s(&[2, 3], &X))
			.input(f32s(&[3, 2], &X))
			.refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
	}
}
