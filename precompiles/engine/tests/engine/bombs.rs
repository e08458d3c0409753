//! What small files may ask of every operator: each number of a case of each operator is replaced by
//! numbers that ask for too much, and constants are made so large that folding them would take minutes.
//! Each is refused, or admitted as something that runs.

use std::collections::HashSet;

use noema_engine::{
	conformance::{
		catalog::{entries, Entry},
		random::{Elements, Random},
	},
	limits::{MAX_PEAK_BYTES, MAX_PLAN_BYTES},
	ops::OPERATORS,
	DType, Engine, ModelError, Profile1, RunError,
};
use prost::Message;
use tract_onnx::pb::{
	tensor_proto::DataType,
	tensor_shape_proto::{dimension::Value as Dim, Dimension},
	type_proto, AttributeProto, ModelProto, NodeProto, TypeProto, ValueInfoProto,
};

use crate::{models::*, mutants};

const BOMBS: [i64; 9] = [
	0,
	-1,
	i64::MIN,
	i64::MAX,
	1 << 20,
	1 << 31,
	-(1 << 31),
	1 << 32,
	1 << 40,
];

/// More than this is not run.
const MAX_WORK: u64 = 1 << 24;

/// Builds a model, and runs what is admitted and small. Returns whether it was admitted.
fn survives(model: &ModelProto) -> bool {
	let plan = match build(model) {
		Ok(plan) => plan,
		Err(error) => {
			assert!(error.to_string().len() > 10);
			return false;
		}
	};
	let report = plan.report();
	assert!(report.peak_bytes <= MAX_PEAK_BYTES && report.plan_bytes <= MAX_PLAN_BYTES);
	if report.cost.work() < MAX_WORK {
		let inputs = mutants::inputs(&mut Random::new(report.peak_bytes), &plan);
		let outputs = Profile1.run(&plan, &inputs);
		let is_internal = matches!(outputs, Err(RunError::Internal { .. }));
		assert!(!is_internal, "{outputs:?}");
	}
	true
}

/// Four cases of each operator that are admitted as they are, of each of some versions, which together
/// have all operators.
fn cases() -> impl Iterator<Item = (&'static str, ModelProto)> {
	const DTYPES: [DType; 4] = [DType::F32, DType::I64, DType::U8, DType::Bool];
	let drawn = |(entry, opset): (&'static Entry, i64)| {
		let case = move |seed: usize| {
			let dtype = DTYPES[seed % DTYPES.len()];
			let case = entry.case(dtype, opset, Elements::Plain, seed as u64)?;
			Profile1.build(&case.file).ok()?;
			let model = ModelProto::decode(&case.file[..]).ok()?;
			Some((entry.op, model))
		};
		(0..12).filter_map(case).take(4)
	};
	entries()
		.flat_map(|entry| [6, 9, 13, 24, 28].map(|opset| (entry, opset)))
		.flat_map(drawn)
}

/// Calls `f` for each model that comes of replacing one integer of an attribute.
fn each_attribute(model: &ModelProto, mut f: impl FnMut(&ModelProto)) {
	let nodes = model.graph.as_ref().map_or(&[][..], |graph| &graph.node);
	for (n, node) in nodes.iter().enumerate() {
		for (a, attribute) in node.attribute.iter().enumerate() {
			for i in 0..attribute.ints.len().max(1) {
				for bomb in BOMBS {
					let mut model = model.clone();
					let graph = model.graph.as_mut().expect("it has a node");
					let attribute = &mut graph.node[n].attribute[a];
					match attribute.ints.get_mut(i) {
						Some(item) => *item = bomb,
						None => attribute.i = bomb,
					}
					f(&model);
				}
			}
		}
	}
}

/// The same for each integer of an initializer that is a short list.
fn each_parameter(model: &ModelProto, mut f: impl FnMut(&ModelProto)) {
	let initializers = model.graph.as_ref().map_or(&[][..], |g| &g.initializer);
	for (t, tensor) in initializers.iter().enumerate() {
		let is_list = tensor.dims.len() < 2 && tensor.raw_data.len() <= 8 * 8;
		if tensor.data_type != DataType::Int64 as i32 || !is_list {
			continue;
		}
		for word in 0..tensor.raw_data.len() / 8 {
			for bomb in BOMBS {
				let mut model = model.clone();
				let graph = model.graph.as_mut().expect("it has an initializer");
				graph.initializer[t].raw_data[8 * word..][..8].copy_from_slice(&bomb.to_le_bytes());
				f(&model);
			}
		}
	}
}

/// The same for each dimension of a graph input.
fn each_dimension(model: &ModelProto, mut f: impl FnMut(&ModelProto)) {
	fn dims(input: &mut ValueInfoProto) -> Option<&mut Vec<Dimension>> {
		let TypeProto {
			value: Some(type_proto::Value::TensorType(tensor)),
			..
		} = input.r#type.as_mut()?
		else {
			return None;
		};
		Some(&mut tensor.shape.as_mut()?.dim)
	}
	let inputs = model.graph.as_ref().map_or(0, |graph| graph.input.len());
	for index in 0..inputs {
		for axis in 0..8 {
			for bomb in BOMBS {
				let mut model = model.clone();
				let graph = model.graph.as_mut().expect("it has inputs");
				let dims = dims(&mut graph.input[index]);
				let Some(dim) = dims.and_then(|dims| dims.get_mut(axis)) else {
					break;
				};
				dim.value = Some(Dim::DimValue(bomb));
				f(&model);
			}
		}
	}
}

#[test]
fn every_number_of_every_operator() {
	let (mut models, mut admitted) = (0, 0);
	let mut ops = HashSet::new();
	for (op, model) in cases() {
		let mut check = |bomb: &ModelProto| {
			models += 1;
			admitted += usize::from(survives(bomb));
			ops.insert(op);
		};
		each_attribute(&model, &mut check);
		each_parameter(&model, &mut check);
		each_dimension(&model, &mut check);
	}
	let missed: Vec<_> = OPERATORS.iter().filter(|op| !ops.contains(*op)).collect();
	assert!(missed.is_empty(), "{missed:?}");
	assert!(models > 50_000 && admitted > 1000, "{models}, {admitted}");
}

/// The model `y = ReduceMax(op(operands))`, so that what is large is no output.
fn reduced(
	inputs: Vec<ValueInfoProto>,
	parameters: &[(&str, &[i64])],
	op: NodeProto,
) -> ModelProto {
	let initializers = parameters
		.iter()
		.map(|(name, data)| i64s(name, &[data.len() as i64], data))
		.collect();
	let reduce = with(node("ReduceMax", &["t"], &["y"]), &[int("keepdims", 0)]);
	model(inputs, initializers, vec![op, reduce], &["y"])
}

#[test]
fn intermediates_of_billions_of_elements() {
	const MANY: i64 = 1 << 31;
	let byte = |dims: &[i64]| vec![info("x", DataType::Uint8, dims)];
	let x = |dims: &[i64]| vec![floats("x", dims)];
	for model in [
		reduced(
			byte(&[1]),
			&[("s", &[MANY])],
			node("Expand", &["x", "s"], &["t"]),
		),
		reduced(
			byte(&[1]),
			&[("s", &[MANY])],
			node("Tile", &["x", "s"], &["t"]),
		),
		reduced(
			byte(&[1]),
			&[("s", &[0, MANY])],
			node("Pad", &["x", "s"], &["t"]),
		),
		reduced(
			x(&[65_536]),
			&[],
			with(
				node("Einsum", &["x", "x"], &["t"]),
				&[string("equation", "i,j->ij")],
			),
		),
		reduced(
			x(&[65_536, 1]),
			&[("s", &[1, 65_536])],
			node("Expand", &["x", "s"], &["t"]),
		),
		reduced(
			vec![floats("a", &[65_536, 1]), floats("b", &[1, 65_536])],
			&[],
			node("MatMul", &["a", "b"], &["t"]),
		),
		reduced(
			vec![floats("a", &[65_536, 1]), floats("b", &[1, 65_536])],
			&[],
			node("Gemm", &["a", "b"], &["t"]),
		),
		reduced(
			vec![info("i", DataType::Int64, &[65_536]), floats("v", &[2])],
			&[("d", &[65_536])],
			node("OneHot", &["i", "d", "v"], &["t"]),
		),
		reduced(
			vec![
				floats("x", &[65_536]),
				info("i", DataType::Int64, &[65_536, 65_536]),
			],
			&[],
			node("Gather", &["x", "i"], &["t"]),
		),
		reduced(
			x(&[1, 1, 4, 4]),
			&[],
			with(
				node("AveragePool", &["x"], &["t"]),
				&[
					ints("kernel_shape", &[1, 1]),
					ints("pads", &[0, 0, 1 << 16, 1 << 16]),
				],
			),
		),
		reduced(
			vec![floats("x", &[1, 1, 2, 2]), floats("w", &[1, 1, 2, 2])],
			&[],
			with(
				node("ConvTranspose", &["x", "w"], &["t"]),
				&[ints("strides", &[1 << 16, 1 << 16])],
			),
		),
		reduced(
			vec![
				floats("x", &[1, 1, 2, 2]),
				floats("g", &[1, 1 << 16, 1 << 16, 2]),
			],
			&[],
			node("GridSample", &["x", "g"], &["t"]),
		),
		reduced(
			x(&[1, 1, 2, 2]),
			&[("s", &[1, 1, 1 << 16, 1 << 16])],
			node("Resize", &["x", "", "", "s"], &["t"]),
		),
	] {
		let error = refusal(&model);
		let is_size = matches!(
			error,
			ModelError::TensorTooLarge { .. }
				| ModelError::ShapeOverflow { .. }
				| ModelError::TooExpensive { .. }
				| ModelError::TooMuchMemory { .. }
		);
		assert!(is_size, "{error:?}");
	}
}

/// Each axis doubles the output, whichever operator broadcasts.
#[test]
fn deep_broadcasts() {
	let dims =
		|odd: usize| -> Vec<i64> { (0..8).map(|i| if i % 2 == odd { 16 } else { 1 }).collect() };
	let mut refused = 0;
	for op in OPERATORS {
		for data_type in [DataType::Float, DataType::Int64, DataType::Bool] {
			let inputs = vec![
				info("a", data_type, &dims(0)),
				info("b", data_type, &dims(1)),
				info("c", DataType::Bool, &dims(0)),
			];
			for operands in [&["a", "b"][..], &["a", "b", "a"], &["c", "a", "b"]] {
				let node = node(op, operands, &["y"]);
				let broadcasts = model(inputs.clone(), vec![], vec![node], &["y"]);
				if let Err(ModelError::TensorTooLarge { .. }) = build(&broadcasts) {
					refused += 1;
				} else {
					survives(&broadcasts);
				}
			}
		}
	}
	assert!(refused > 40, "{refused}");
}

/// A constant of millions of elements, and an operator on it over and over.
#[test]
fn folding_that_would_take_minutes() {
	let mut refused = 0;
	for op in OPERATORS {
		for data_type in [DataType::Float, DataType::Int64] {
			for operands in 1..4 {
				let mut nodes = vec![
					node("ConstantOfShape", &["s"], &["f"]),
					with(
						node("Cast", &["f"], &["c0"]),
						&[int("to", data_type as i64)],
					),
				];
				for i in 0..200 {
					let from = format!("c{i}");
					let inputs = vec![from.as_str(); operands];
					nodes.push(node(op, &inputs, &[&format!("c{}", i + 1)]));
				}
				nodes.push(node("Size", &["c200"], &["n"]));
				nodes.push(with(node("Cast", &["n"], &["z"]), &[int("to", 1)]));
				nodes.push(node("Add", &["x", "z"], &["y"]));
				let shape = i64s("s", &[4], &[4, 4, 256, 512]);
				let folds = model(vec![floats("x", &[1])], vec![shape], nodes, &["y"]);
				match build(&folds) {
					Err(ModelError::FoldingTooLarge { .. }) => refused += 1,
					_ => drop(survives(&folds)),
				}
			}
		}
	}
	assert!(refused > 100, "{refused}");
}

/// As many nodes as there may be, of operators that fuse, alias, fold or move.
#[test]
fn chains_of_many_operators() {
	let step = |op: &str, inputs: &[&str], attributes: &[AttributeProto]| {
		let (op, attributes) = (op.to_owned(), attributes.to_vec());
		let inputs: Vec<String> = inputs.iter().map(|name| (*name).to_owned()).collect();
		move |from: &str, to: &str| {
			let mut operands = vec![from];
			operands.extend(inputs.iter().map(String::as_str));
			with(node(&op, &operands, &[to]), &attributes)
		}
	};
	for step in [
		step("Add", &["w"], &[]),
		step("Mul", &["w"], &[]),
		step("Conv", &["k"], &[]),
		step("BatchNormalization", &["v", "v", "v", "v"], &[]),
		step("Transpose", &[], &[ints("perm", &[0, 1, 3, 2])]),
		step("Reshape", &["s"], &[]),
		step("Concat", &[], &[int("axis", 1)]),
		step("MaxPool", &[], &[ints("kernel_shape", &[1, 1])]),
		step("Identity", &[], &[]),
	] {
		let chain = |len: usize| {
			let name = |i: usize| format!("t{i}");
			let nodes = (0..len).map(|i| step(&name(i), &name(i + 1))).collect();
			let initializers = vec![
				f32s("w", &[1, 2, 1, 1], &[0.5, 2.0]),
				f32s("k", &[2, 2, 1, 1], &[1.0, 0.0, 0.0, 1.0]),
				f32s("v", &[2], &[0.5, 0.25]),
				i64s("s", &[4], &[1, 2, 2, 2]),
			];
			model(
				vec![floats("t0", &[1, 2, 2, 2])],
				initializers,
				nodes,
				&[&name(len)],
			)
		};
		assert!(survives(&chain(20_000)));
		let error = refusal(&chain(100_000));
		assert!(
			matches!(error, ModelError::TooManyItems { .. }),
			"{error:?}"
		);
	}
}
