//! Traces on whole models: they must give what runs give, and each step alone must give its leaf.

use proptest::prelude::*;

use super::{run_step, Canonical, Description, Failure, Leaf, Operand, StepError, StepSpec, Trace};
use crate::{
	conformance::{
		catalog, golden,
		graph::{float, i64s, int, Case, GraphBuilder},
		networks::networks,
		random::{Elements, Random},
		random_graph::random_graph,
		trace::{check, Fault},
	},
	limits::{MAX_STEP_ATTRIBUTE_BYTES, MAX_TRACE_LEAVES},
	simd::{with_isa, Isa},
	DType, Engine, Profile1, RunError, Value,
};

fn checked(name: &str, case: &Case) -> Option<Trace> {
	match check(case) {
		Ok(trace) => Some(trace),
		Err(Fault::Refused(_) | Fault::NotRun(_) | Fault::Undescribed(_)) => None,
		Err(fault) => panic!("{name}: {fault}"),
	}
}

fn f32s(shape: &[usize], seed: u64) -> Value {
	Random::new(seed).value(DType::F32, shape, Elements::Plain)
}

fn description(case: &Case) -> Description {
	Canonical::build(&case.file).unwrap().describe().unwrap()
}

#[test]
fn every_operator_is_run_again_alone() {
	let mut traced = 0;
	for entry in catalog::entries() {
		for dtype in DType::ALL {
			for case in golden::cases(entry, dtype) {
				traced += u32::from(checked(entry.op, &case).is_some());
			}
		}
	}
	assert!(traced > 1000, "{traced}");
}

#[test]
fn old_versions_are_run_again_alone() {
	let mut traced = 0;
	for entry in catalog::entries() {
		for opset in [1, 6, 8] {
			let case = entry.case(
				DType::F32,
				golden::nearest(entry, opset),
				Elements::Plain,
				7,
			);
			let trace = case.and_then(|case| checked(entry.op, &case));
			traced += u32::from(trace.is_some());
		}
	}
	assert!(traced > 100, "{traced}");
}

#[test]
fn networks_have_one_trace_on_every_instruction_set() {
	for network in networks() {
		let trace = |isa| with_isa(isa, || checked(network.name, &network.case)).unwrap();
		let expected = trace(Isa::Scalar).expect("it is described");
		for isa in Isa::available() {
			assert_eq!(
				trace(isa).as_ref(),
				Some(&expected),
				"{} {isa}",
				network.name
			);
		}
		for case in &network.all_values {
			checked(network.name, case).expect("it is described");
		}
	}
}

#[test]
fn random_graphs_have_one_trace_on_every_instruction_set() {
	for seed in 0..200 {
		let case = random_graph(seed);
		let trace = |isa| with_isa(isa, || checked(&format!("graph {seed}"), &case)).unwrap();
		let expected = trace(Isa::Scalar);
		for isa in Isa::available() {
			assert_eq!(trace(isa), expected, "graph {seed}, {isa}");
		}
	}
}

/// Gather of the input's rows, with a step before and one after.
fn gather(index: i64) -> Case {
	let mut graph = GraphBuilder::new();
	let x = graph.input(f32s(&[3, 2], 1));
	let at = graph.input(i64s(&[index]));
	let y = graph.apply("Relu", &[&x], vec![]);
	let y = graph.apply("Gather", &[&y, &at], vec![int("axis", 0)]);
	let y = graph.apply("Neg", &[&y], vec![]);
	graph.case(17, &[y])
}

#[test]
fn after_a_step_that_fails_all_leaves_are_its_failure() {
	let (works, fails) = (gather(1), gather(5));
	let [works, fails] = [works, fails].map(|case| checked("gather", &case).unwrap());
	assert_eq!(works.leaves.len(), 5);
	assert!(works
		.leaves
		.iter()
		.all(|leaf| matches!(leaf, Leaf::Tensors(_))));
	assert_eq!(fails.leaves.len(), 5);
	assert_eq!(fails.leaves[1], works.leaves[1]);
	let failed = Leaf::Failed(Failure::IndexOutOfRange);
	assert!(fails.leaves[2..].iter().all(|leaf| *leaf == failed));
	assert!(matches!(
		fails.outputs,
		Err(RunError::IndexOutOfRange { .. })
	));
}

#[test]
fn what_folds_into_a_convolution_is_described_as_constants() {
	let mut graph = GraphBuilder::new();
	let x = graph.input(f32s(&[1, 2, 4, 4], 1));
	let w = graph.constant(&f32s(&[3, 2, 3, 3], 2));
	let y = graph.apply("Conv", &[&x, &w], vec![]);
	let parameters: Vec<String> = (0..4)
		.map(|i| {
			let mut value = f32s(&[3], 3 + i);
			// A variance is positive.
			value
				.data
				.chunks_exact_mut(4)
				.for_each(|bytes| bytes[3] &= 0x7f);
			graph.constant(&value)
		})
		.collect();
	let mut inputs = vec![y.as_str()];
	inputs.extend(parameters.iter().map(String::as_str));
	let y = graph.apply("BatchNormalization", &inputs, vec![float("epsilon", 0.1)]);
	let case = graph.case(17, &[y]);
	checked("conv", &case).unwrap();
	let steps = description(&case).steps;
	let names: Vec<&str> = steps.iter().map(|step| step.op_type.as_str()).collect();
	assert_eq!(names, ["Noema.Inputs", "Conv", "Noema.Outputs"]);
	let [Operand::Leaf {
		index: 0, slot: 0, ..
	}, Operand::Constant { digest: w, .. }, Operand::Constant { digest: b, .. }] =
		&steps[1].inputs[..]
	else {
		panic!("{:?}", steps[1].inputs);
	};
	assert_eq!((&w.shape[..], &b.shape[..]), (&[3, 2, 3, 3][..], &[3][..]));
}

#[test]
fn operands_that_old_operators_stretch_are_named_as_they_are() {
	let mut graph = GraphBuilder::new();
	let (x, y) = (graph.input(f32s(&[2, 3, 4], 1)), graph.input(f32s(&[3], 2)));
	let y = graph.apply("Neg", &[&y], vec![]);
	let attributes = vec![int("broadcast", 1), int("axis", 1)];
	let y = graph.apply("Add", &[&x, &y], attributes);
	let case = graph.case(6, &[y]);
	checked("add", &case).unwrap();
	let steps = description(&case).steps;
	let names: Vec<&str> = steps.iter().map(|step| step.op_type.as_str()).collect();
	assert_eq!(
		names,
		["Noema.Inputs", "Neg", "Reshape", "Add", "Noema.Outputs"]
	);
	// The Add names what Neg makes, and reshapes it itself.
	assert!(
		matches!(&steps[3].inputs[1], Operand::Leaf { index: 1, shape, .. } if shape == &[3]),
		"{:?}",
		steps[3]
	);
}

#[test]
fn what_is_only_looked_at_has_no_elements() {
	let mut graph = GraphBuilder::new();
	let (x, like) = (graph.input(f32s(&[2, 3], 1)), graph.input(i64s(&[1])));
	let like = graph.apply("Neg", &[&like], vec![]);
	let y = graph.apply("CastLike", &[&x, &like], vec![]);
	let case = graph.case(19, &[y]);
	checked("cast", &case).unwrap();
	let steps = description(&case).steps;
	assert_eq!(steps.len(), 3, "nothing reads what Neg makes");
	let typed = matches!(
		&steps[1].inputs[1],
		Operand::Typed {
			dtype: DType::I64,
			..
		}
	);
	assert!(typed, "{:?}", steps[1]);
}

#[test]
fn inputs_that_are_none_have_no_trace() {
	let case = gather(1);
	let canonical = Canonical::build(&case.file).unwrap();
	let found = canonical.trace(&case.inputs[..1]);
	assert!(
		matches!(found, Err(RunError::SchemaMismatch { .. })),
		"{found:?}"
	);
	for index in [0, 5, usize::MAX] {
		let found = canonical.materials(&case.inputs, index);
		assert!(
			matches!(found, Err(super::MaterialsError::NoStep { .. })),
			"{found:?}"
		);
	}
}

#[test]
fn after_a_failure_there_is_a_description_and_nothing_to_run() {
	let case = gather(5);
	let canonical = Canonical::build(&case.file).unwrap();
	let trace = canonical.trace(&case.inputs).unwrap();
	for index in 3..5 {
		let found = canonical.materials(&case.inputs, index).unwrap();
		assert_eq!(found.step, description(&case).steps[index]);
		assert_eq!(found.leaves, trace.leaves[..index]);
		assert!(found.tensors.is_empty());
	}
}

#[test]
fn models_beyond_the_limits_run_and_have_no_description() {
	let mut graph = GraphBuilder::new();
	let mut y = graph.input(f32s(&[1], 1));
	for _ in 0..MAX_TRACE_LEAVES - 1 {
		y = graph.apply("Neg", &[&y], vec![]);
	}
	let case = graph.case(17, &[y]);
	let (_, description) = Profile1.build_described(&case.file).unwrap();
	let expected = super::Undescribed::TooManyLeaves {
		leaves: MAX_TRACE_LEAVES + 1,
	};
	assert_eq!(description.unwrap_err(), expected);

	let mut graph = GraphBuilder::new();
	let x = graph.input(f32s(&[1], 1));
	let y = graph.apply("Concat", &vec![x.as_str(); 257], vec![int("axis", 0)]);
	let case = graph.case(17, &[y]);
	let (plan, description) = Profile1.build_described(&case.file).unwrap();
	let found = description.unwrap_err();
	assert!(
		matches!(
			found,
			super::Undescribed::TooManyTensors { tensors: 257, .. }
		),
		"{found}"
	);
	assert_eq!(plan.report(), Profile1.build(&case.file).unwrap().report());
}

/// A step of a network, with its operands' elements.
fn some_step(pick: usize) -> (StepSpec, Vec<Value>) {
	let networks = networks();
	let case = &networks[pick % networks.len()].case;
	let canonical = Canonical::build(&case.file).unwrap();
	let index = 1 + pick / networks.len() % (canonical.leaves() - 1);
	let materials = canonical.materials(&case.inputs, index).unwrap();
	(materials.step, materials.tensors)
}

fn elements(tensors: &[Value]) -> Vec<&[u8]> {
	tensors.iter().map(|tensor| &tensor.data[..]).collect()
}

#[test]
fn a_description_that_the_engine_has_not_made_is_refused() {
	let case = &networks()[1].case;
	let canonical = Canonical::build(&case.file).unwrap();
	let materials = canonical.materials(&case.inputs, 1).unwrap();
	let tensors = elements(&materials.tensors);
	let refused = |change: fn(&mut StepSpec)| {
		let mut spec = materials.step.clone();
		change(&mut spec);
		let found = run_step(&spec, &tensors);
		assert!(matches!(found, Err(StepError::BadStep { .. })), "{found:?}");
	};
	assert!(run_step(&materials.step, &tensors).is_ok());
	refused(|spec| spec.cost.macs += 1);
	refused(|spec| spec.cost.bytes -= 1);
	refused(|spec| spec.opset = 0);
	refused(|spec| spec.opset = u16::MAX);
	refused(|spec| spec.op_type = "Constant".into());
	refused(|spec| spec.op_type = "Noema.Inputs".into());
	refused(|spec| spec.op_type = "Noema.ChannelAffine".into());
	refused(|spec| spec.op_type.clear());
	refused(|spec| spec.outputs = vec![true; 2]);
	refused(|spec| spec.outputs = vec![true; 257]);
	refused(|spec| spec.attributes.push(0xff));
	refused(|spec| spec.attributes = vec![0; MAX_STEP_ATTRIBUTE_BYTES + 1]);
	refused(|spec| {
		if let Some(Operand::Leaf { storage, .. }) = spec.inputs.first_mut() {
			*storage = 21;
		}
	});
	let found = run_step(&materials.step, &tensors[1..]);
	assert!(
		matches!(found, Err(StepError::TensorCount { .. })),
		"{found:?}"
	);
	let mut short = tensors.clone();
	short[0] = &short[0][1..];
	let found = run_step(&materials.step, &short);
	assert!(
		matches!(found, Err(StepError::BadTensor { index: 0, .. })),
		"{found:?}"
	);
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(400))]

	#[test]
	fn hostile_descriptions_never_panic(
		pick: usize,
		edits in prop::collection::vec((0u8..12, any::<u64>()), 1..5),
	) {
		let (mut spec, mut tensors) = some_step(pick % 1000);
		let mut random = Random::new(pick as u64);
		for (kind, value) in edits {
			mutate(&mut spec, &mut tensors, kind, value, &mut random);
		}
		let mut tensors: Vec<&[u8]> = elements(&tensors);
		// With the cost that it states and with any other.
		let _ = run_step(&spec, &tensors);
		tensors.truncate(1);
		let _ = run_step(&spec, &tensors);
	}
}

fn mutate(spec: &mut StepSpec, tensors: &mut [Value], kind: u8, value: u64, random: &mut Random) {
	let operands = spec.inputs.len().max(1);
	let at = value as usize % operands;
	match kind {
		0 => spec.op_type = catalog_name(value),
		1 => spec.opset = value as u16 % 30,
		2 if !spec.attributes.is_empty() => {
			let at = value as usize % spec.attributes.len();
			spec.attributes[at] ^= 1 << (value >> 32 & 7);
		}
		3 => {
			spec.attributes.truncate(value as usize % 40);
		}
		4 => spec.outputs.resize(value as usize % 5, true),
		5 if !spec.inputs.is_empty() => {
			spec.inputs.swap_remove(at);
		}
		6 => spec.inputs.push(Operand::Omitted),
		7 => {
			if let Some(operand) = spec.inputs.get_mut(at) {
				*operand = Operand::Typed {
					dtype: *random.pick(&DType::ALL),
					shape: vec![value as usize % 9; value as usize % 10],
					storage: (value % 28) as u8,
				};
			}
		}
		8 | 9 => {
			// The same number of bytes in another shape or type.
			if let Some(Operand::Leaf { dtype, shape, .. }) = spec.inputs.get_mut(at) {
				if kind == 8 {
					shape.reverse();
				} else if *dtype == DType::F32 {
					*dtype = DType::I32;
				}
			}
		}
		10 => {
			if let Some(tensor) = tensors.get_mut(at) {
				let fill = random.value(DType::U8, &[tensor.data.len()], Elements::Special);
				tensor.data = fill.data;
			}
		}
		_ => {
			if let Some(Operand::Leaf { shape, .. }) = spec.inputs.get_mut(at) {
				shape.push(value as usize);
			}
		}
	}
}

fn catalog_name(value: u64) -> String {
	let names: Vec<&str> = catalog::entries().map(|entry| entry.op).collect();
	names[value as usize % names.len()].into()
}
