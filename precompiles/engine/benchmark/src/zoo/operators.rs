//! Each operator of the catalog, by itself.

use noema_engine::{
	conformance::{
		catalog::{entries, Draw, Entry},
		graph::{Case, GraphBuilder},
		random::{Elements, Random},
	},
	DType, Engine, Profile1,
};

use super::{Model, OPSET};

/// Shapes of main operands: large, so that the operator's work shows and not the step's, with
/// short and long, odd and even axes.
const SHAPES: [&[usize]; 6] = [
	&[50_000],
	&[300, 257],
	&[20, 64, 60],
	&[2, 24, 40, 40],
	&[1, 32, 14, 150],
	&[1, 6, 12, 24, 30],
];

/// Types of main operands: the first that an operator takes.
const DTYPES: [DType; 5] = [DType::F32, DType::I64, DType::I32, DType::U8, DType::Bool];

/// How many variants of an operator are tried for each shape.
const TRIES: u64 = 40;

/// For each operator a model of each shape that it takes, and one of a shape that it chooses
/// itself; if it takes floats, also one of each float type on subnormal numbers, which some
/// processors cannot compute with but by a detour.
pub(super) fn models() -> Vec<Model> {
	let mut models = vec![];
	for entry in entries() {
		if let Some(dtype) = DTYPES.into_iter().find(|dtype| takes(entry, *dtype)) {
			for shape in shapes() {
				models.extend(model(entry, dtype, shape, Elements::Plain));
			}
		}
		for dtype in DType::FLOATS {
			let model = |shape| model(entry, dtype, shape, Elements::Subnormal);
			models.extend(shapes().skip(1).find_map(model));
		}
	}
	models
}

fn shapes() -> impl Iterator<Item = Option<&'static [usize]>> {
	SHAPES.iter().map(|shape| Some(*shape)).chain([None])
}

fn model(
	entry: &Entry,
	dtype: DType,
	shape: Option<&[usize]>,
	elements: Elements,
) -> Option<Model> {
	let case = (0..TRIES).find_map(|seed| case(entry, dtype, shape, elements, seed))?;
	let mut name = format!("{} {dtype}", entry.op);
	if let Some(shape) = shape {
		name = format!("{name} {shape:?}");
	}
	if elements == Elements::Subnormal {
		name = format!("{name}, subnormal");
	}
	Some(Model {
		name,
		file: case.file,
		inputs: Some(case.inputs),
	})
}

/// Whether the engine takes an operator on this type, at some shape.
fn takes(entry: &Entry, dtype: DType) -> bool {
	(0..TRIES).any(|seed| case(entry, dtype, None, Elements::Plain, seed).is_some())
}

/// A model of one node that has something to do.
fn case(
	entry: &Entry,
	dtype: DType,
	shape: Option<&[usize]>,
	elements: Elements,
	seed: u64,
) -> Option<Case> {
	let mut random = Random::named(entry.op, seed);
	let mut draw = Draw {
		op: entry.op,
		opset: OPSET,
		dtype,
		elements,
		long: false,
		main: shape.map(<[usize]>::to_vec),
		pool: &[],
		random: &mut random,
	};
	let drawn = entry.draw(&mut draw)?;
	let mut builder = GraphBuilder::new();
	let main = drawn
		.main
		.as_ref()
		.map(|shape| random.value(dtype, shape, elements));
	let main = main.map(|value| builder.input(value)).unwrap_or_default();
	let outputs = drawn.add_to(&mut builder, &main);
	let case = builder.case(OPSET, &outputs);
	let plan = Profile1.build(&case.file).ok()?;
	// All of it may have been folded.
	let works = plan.report().cost.steps > 0;
	(works && Profile1.run(&plan, &case.inputs).is_ok()).then_some(case)
}
