//! A case of each operator: what tests, golden vectors and the documentation draw from.
//!
//! An [`Entry`] knows how nodes of its operator look: which shapes, attributes and operands they
//! take. It does not know which element types and versions the engine takes: what it draws may be
//! refused, and what is not refused is what the engine has. Every operator of the engine's table has
//! an entry, which a test makes sure of.

mod activations;
mod arithmetic;
mod classical;
mod constants;
mod logic;
mod moving;
mod products;
mod quantised;
mod reductions;
mod sampling;
mod sequences;

use std::ops::RangeInclusive;

use tract_onnx::pb::{AttributeProto, NodeProto};

use super::{
	graph::{self, Case, GraphBuilder},
	random::{Elements, Random},
};
use crate::{DType, Value};

/// A chapter of the documentation.
#[derive(Clone, Copy, Debug)]
pub struct Family {
	/// Its heading.
	pub title: &'static str,
	/// The operators.
	pub entries: &'static [Entry],
}

/// All operators.
pub const FAMILIES: &[Family] = &[
	arithmetic::FAMILY,
	logic::FAMILY,
	activations::FAMILY,
	products::FAMILY,
	quantised::FAMILY,
	sequences::FAMILY,
	sampling::FAMILY,
	reductions::FAMILY,
	moving::FAMILY,
	constants::FAMILY,
	classical::FAMILY,
];

/// How far an operator's results may be from the exact ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Accuracy {
	/// Not at all: bits move, or the result is a truth value, an index or a wrapping integer.
	Exact,
	/// One operation of IEEE 754 an element, correctly rounded; integers are exact.
	Rounded,
	/// This many operations of IEEE 754 an element.
	Operations(u32),
	/// An elementary function: in binary32 half an ulp, in binary64 at most this many ulp.
	Ulp(f64),
	/// A sum of products or of elements in the order that the profile fixes, each operation rounded.
	Summed,
	/// A sum of elementary functions: as the two before.
	SummedUlp(f64),
}

impl std::fmt::Display for Accuracy {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		match self {
			Self::Exact => write!(f, "exact"),
			Self::Rounded => write!(f, "½ ulp"),
			Self::Operations(count) => write!(f, "{count} roundings"),
			Self::Ulp(ulp) => write!(f, "f32 ½ ulp, f64 {ulp} ulp"),
			Self::Summed => write!(f, "a rounding a term"),
			Self::SummedUlp(ulp) => write!(f, "a rounding a term; terms f32 ½ ulp, f64 {ulp} ulp"),
		}
	}
}

/// What is known of an operator.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
	/// The operator type.
	pub op: &'static str,
	/// The domain; empty for ONNX's default.
	pub domain: &'static str,
	/// How good its results are.
	pub accuracy: Accuracy,
	/// What a user should know, in Markdown.
	pub note: &'static str,
	draw: fn(&mut Draw<'_>) -> Option<Drawn>,
}

impl Entry {
	const fn new(
		op: &'static str,
		accuracy: Accuracy,
		draw: fn(&mut Draw<'_>) -> Option<Drawn>,
	) -> Self {
		Self {
			op,
			domain: "",
			accuracy,
			note: "",
			draw,
		}
	}

	const fn note(mut self, note: &'static str) -> Self {
		self.note = note;
		self
	}

	/// Of the domain `ai.onnx.ml`.
	const fn ml(mut self) -> Self {
		self.domain = "ai.onnx.ml";
		self
	}

	/// A node of this operator, unless it cannot have a main operand of this shape.
	pub fn draw(&self, draw: &mut Draw<'_>) -> Option<Drawn> {
		draw.op = self.op;
		let mut drawn = (self.draw)(draw)?;
		drawn.domain = self.domain;
		let is_bounded = !drawn.operands.contains(&Operand::TooLarge);
		is_bounded.then_some(drawn)
	}

	/// A model of one node whose main operand has this type. The same for the same seed.
	pub fn case(&self, dtype: DType, opset: i64, elements: Elements, seed: u64) -> Option<Case> {
		let mut random = Random::named(self.op, seed);
		let mut draw = Draw {
			op: self.op,
			opset,
			dtype,
			elements,
			long: false,
			main: None,
			pool: &[],
			random: &mut random,
		};
		let drawn = self.draw(&mut draw)?;
		let mut builder = GraphBuilder::new();
		let main = drawn
			.main
			.as_ref()
			.map(|shape| random.value(dtype, shape, elements));
		let main = main.map(|value| builder.input(value)).unwrap_or_default();
		let outputs = drawn.add_to(&mut builder, &main);
		Some(builder.case(opset, &outputs))
	}
}

/// The operator of this name.
pub fn find(op: &str) -> Option<&'static Entry> {
	entries().find(|entry| entry.op == op)
}

/// All operators.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
	FAMILIES.iter().flat_map(|family| family.entries)
}

/// A value that a graph has already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Available {
	/// Its name.
	pub name: String,
	/// Its type.
	pub dtype: DType,
	/// Its shape.
	pub shape: Vec<usize>,
}

/// What a node is drawn for.
#[derive(Debug)]
pub struct Draw<'a> {
	/// The operator.
	pub op: &'static str,
	/// The version of the operator set.
	pub opset: i64,
	/// The type of the main operand.
	pub dtype: DType,
	/// What drawn operands hold.
	pub elements: Elements,
	/// Whether axes may be longer than what kernels cut into blocks: up to some 150,000.
	pub long: bool,
	/// The shape that the main operand has; any if `None`.
	pub main: Option<Vec<usize>>,
	/// Other operands may be taken from here.
	pub pool: &'a [Available],
	/// Where numbers come from.
	pub random: &'a mut Random,
}

/// An operand of a drawn node.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Operand {
	/// The main one.
	Main,
	/// A new graph input.
	Input(Value),
	/// An initializer.
	Constant(Value),
	/// Something that the graph has already.
	Existing(String),
	/// None.
	Omitted,
	/// One that would take too long to draw, and to compute with.
	TooLarge,
}

/// A drawn node.
#[derive(Clone, Debug)]
pub struct Drawn {
	op: &'static str,
	domain: &'static str,
	/// The shape of the main operand, if there is one.
	pub main: Option<Vec<usize>>,
	operands: Vec<Operand>,
	attributes: Vec<AttributeProto>,
	outputs: usize,
}

impl Drawn {
	/// Adds the node to a graph that has the main operand under this name. Returns the names of the
	/// outputs.
	pub fn add_to(self, builder: &mut GraphBuilder, main: &str) -> Vec<String> {
		let input = self
			.operands
			.into_iter()
			.map(|operand| match operand {
				Operand::Main => main.to_owned(),
				Operand::Input(value) => builder.input(value),
				Operand::Constant(value) => builder.constant(&value),
				Operand::Existing(name) => name,
				Operand::Omitted | Operand::TooLarge => String::new(),
			})
			.collect();
		let node = NodeProto {
			op_type: self.op.into(),
			domain: self.domain.into(),
			input,
			attribute: self.attributes,
			..Default::default()
		};
		builder.node(node, self.outputs)
	}

	fn main(mut self) -> Self {
		self.operands.push(Operand::Main);
		self
	}

	fn constant(mut self, value: Value) -> Self {
		self.operands.push(Operand::Constant(value));
		self
	}

	/// A list of i64 as an initializer.
	fn list(self, elements: &[i64]) -> Self {
		self.constant(graph::i64s(elements))
	}

	fn omitted(mut self) -> Self {
		self.operands.push(Operand::Omitted);
		self
	}

	/// An operand that may be anything: a constant, an input, or what the graph has.
	fn any(mut self, draw: &mut Draw<'_>, dtype: DType, shape: &[usize]) -> Self {
		let operand = draw.operand(dtype, shape);
		self.operands.push(operand);
		self
	}

	/// A graph input that holds this.
	fn input(mut self, value: Value) -> Self {
		self.operands.push(Operand::Input(value));
		self
	}

	fn attribute(mut self, attribute: AttributeProto) -> Self {
		self.attributes.push(attribute);
		self
	}

	fn int(self, name: &str, i: i64) -> Self {
		self.attribute(graph::int(name, i))
	}

	fn ints(self, name: &str, ints: &[i64]) -> Self {
		self.attribute(graph::ints(name, ints))
	}

	fn float(self, name: &str, f: f32) -> Self {
		self.attribute(graph::float(name, f))
	}

	fn string(self, name: &str, s: &str) -> Self {
		self.attribute(graph::string(name, s))
	}

	fn outputs(mut self, outputs: usize) -> Self {
		self.outputs = outputs;
		self
	}
}

/// Most elements of a drawn main operand.
const MAX_ELEMENTS: usize = 4096;
/// The same where axes may be long, and of any operand.
const MAX_LONG_ELEMENTS: usize = 1 << 18;

impl Draw<'_> {
	/// A node without operands, whose main operand will have this shape.
	fn node(&self, main: &[usize]) -> Drawn {
		Drawn {
			op: self.op,
			domain: "",
			main: Some(main.to_vec()),
			operands: vec![],
			attributes: vec![],
			outputs: 1,
		}
	}

	/// A node whose first operand is the main one.
	fn on(&self, main: &[usize]) -> Drawn {
		self.node(main).main()
	}

	/// The shape of the main operand, if one of these ranks is possible.
	fn shape(&mut self, ranks: RangeInclusive<usize>) -> Option<Vec<usize>> {
		match &self.main {
			Some(shape) => ranks.contains(&shape.len()).then(|| shape.clone()),
			None => {
				let (from, to) = ranks.into_inner();
				let rank = self.random.between(from, to);
				Some(self.dims(rank))
			}
		}
	}

	/// The shape of the main operand, if it has one of these ranks and no axis of length zero.
	fn filled(&mut self, ranks: RangeInclusive<usize>) -> Option<Vec<usize>> {
		let shape = self.shape(ranks)?;
		match &self.main {
			Some(_) if shape.contains(&0) => None,
			_ => Some(shape.into_iter().map(|dim| dim.max(1)).collect()),
		}
	}

	/// A shape of this rank.
	fn dims(&mut self, rank: usize) -> Vec<usize> {
		let mut shape: Vec<usize> = (0..rank).map(|_| self.random.between(1, 5)).collect();
		if rank > 0 {
			// Long enough for the widest registers, and for what is left over.
			let axis = self.random.below(rank);
			if self.random.one_in(3) {
				shape[axis] = self.random.between(6, 40);
			} else if self.random.one_in(8) {
				// Sums of several blocks.
				shape[axis] = self.random.between(65, 150);
			} else if self.random.one_in(40) {
				shape[axis] = 0;
			}
			if self.long && self.random.one_in(2) {
				shape[axis] = self.long_axis();
			}
		}
		let most = if self.long {
			MAX_LONG_ELEMENTS
		} else {
			MAX_ELEMENTS
		};
		while shape.iter().product::<usize>() > most {
			let longest = (0..rank).max_by_key(|axis| shape[*axis]).unwrap_or(0);
			shape[longest] /= 2;
		}
		shape
	}

	/// A length from 150 to 150,000, of which each order is as likely.
	fn long_axis(&mut self) -> usize {
		let order = 1 << self.random.between(7, 17);
		order + order / 8 + self.random.below(32)
	}

	/// An axis of a shape that has some, often counted from the back.
	fn axis(&mut self, rank: usize) -> i64 {
		let axis = self.random.below(rank) as i64;
		if self.random.one_in(2) {
			axis - rank as i64
		} else {
			axis
		}
	}

	/// Some axes, in ascending order, each once.
	fn axes(&mut self, rank: usize) -> Vec<i64> {
		(0..rank as i64).filter(|_| self.random.one_in(2)).collect()
	}

	/// A tensor of this type and shape.
	fn value(&mut self, dtype: DType, shape: &[usize]) -> Value {
		self.random.value(dtype, shape, self.elements)
	}

	/// A scalar or tensor of integers from `from` to `to`, of i32 or i64.
	fn indices(&mut self, shape: &[usize], from: i64, to: i64) -> Value {
		let wide = self.random.one_in(2);
		let dtype = if wide { DType::I64 } else { DType::I32 };
		let mut data = vec![];
		for _ in 0..shape.iter().product::<usize>() {
			let index = from + self.random.below((to - from + 1).max(1) as usize) as i64;
			data.extend(&index.to_le_bytes()[..dtype.size()]);
		}
		Value {
			dtype,
			shape: shape.to_vec(),
			data,
		}
	}

	fn operand(&mut self, dtype: DType, shape: &[usize]) -> Operand {
		let fits: Vec<&Available> = self
			.pool
			.iter()
			.filter(|value| value.dtype == dtype && value.shape == shape)
			.collect();
		if !fits.is_empty() && self.random.one_in(2) {
			return Operand::Existing(self.random.pick(&fits).name.clone());
		}
		if shape.iter().product::<usize>() > MAX_LONG_ELEMENTS {
			return Operand::TooLarge;
		}
		let value = self.value(dtype, shape);
		if self.random.one_in(2) {
			Operand::Constant(value)
		} else {
			Operand::Input(value)
		}
	}

	/// A shape that broadcasts with this one, mostly to this one.
	fn broadcast(&mut self, shape: &[usize]) -> Vec<usize> {
		if self.random.one_in(3) {
			return shape.to_vec();
		}
		let dropped = self.random.below(shape.len() + 1);
		let mut other: Vec<usize> = shape[dropped..].to_vec();
		for dim in &mut other {
			if self.random.one_in(3) {
				*dim = 1;
			} else if *dim == 1 && self.random.one_in(4) {
				*dim = self.random.between(2, 4);
			}
		}
		other
	}

	/// Another element type.
	fn dtype(&mut self) -> DType {
		*self.random.pick(&DType::ALL)
	}

	/// A small float, as attributes have.
	fn small(&mut self) -> f32 {
		self.random.unit() * 2.0
	}
}

/// A node of one operand, of any shape.
fn unary(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(0..=5)?;
	Some(draw.on(&shape))
}

/// A node of two operands of which the second broadcasts as opsets 1 to 6 have it.
fn limited(draw: &mut Draw<'_>) -> Option<Drawn> {
	let dtype = draw.dtype;
	let shape = draw.shape(0..=5)?;
	if draw.random.one_in(3) {
		return Some(draw.on(&shape).any(draw, dtype, &shape));
	}
	let drawn = draw.on(&shape);
	if draw.random.one_in(4) {
		let ones = vec![1; draw.random.below(shape.len() + 1)];
		return Some(drawn.any(draw, dtype, &ones).int("broadcast", 1));
	}
	let axis = draw.random.below(shape.len() + 1);
	let end = axis + draw.random.below(shape.len() - axis + 1);
	let drawn = drawn.any(draw, dtype, &shape[axis..end]);
	let drawn = drawn.int("broadcast", 1);
	Some(if end == shape.len() && draw.random.one_in(2) {
		drawn
	} else {
		drawn.int("axis", axis as i64)
	})
}

/// A node of two operands that broadcast.
fn binary(draw: &mut Draw<'_>) -> Option<Drawn> {
	if draw.opset < 7 {
		return limited(draw);
	}
	let shape = draw.shape(0..=5)?;
	let other = draw.broadcast(&shape);
	let dtype = draw.dtype;
	Some(if draw.random.one_in(2) {
		draw.on(&shape).any(draw, dtype, &other)
	} else {
		draw.node(&shape).any(draw, dtype, &other).main()
	})
}

/// A node of one to four operands that broadcast.
fn variadic(draw: &mut Draw<'_>) -> Option<Drawn> {
	let shape = draw.shape(0..=4)?;
	let dtype = draw.dtype;
	let mut drawn = draw.on(&shape);
	for _ in 0..draw.random.below(4) {
		// To one shape each: two others need not broadcast with each other otherwise.
		let mut other = if draw.opset < 8 {
			shape.clone()
		} else {
			draw.broadcast(&shape)
		};
		let offset = shape.len() - other.len();
		for (axis, dim) in other.iter_mut().enumerate() {
			if shape[offset + axis] == 1 {
				*dim = 1;
			}
		}
		drawn = drawn.any(draw, dtype, &other);
	}
	Some(drawn)
}
