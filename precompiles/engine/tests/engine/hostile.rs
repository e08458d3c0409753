//! Small files that ask for much, or that have stopped other importers: gigabytes from bytes,
//! panics, loops without an end. Each is refused, at once and for the right reason.

use noema_engine::{ops::OPERATORS, Engine, ModelError, Profile1};
use prost::Message;
use tract_onnx::pb::{tensor_proto::DataType, ModelProto, NodeProto, TensorProto};

use crate::models::*;

/// A model in which `node` makes `c` from initializers only; `y` is `x + c`.
fn folding(initializers: Vec<TensorProto>, node_of_c: NodeProto) -> ModelProto {
	let nodes = vec![node_of_c, node("Add", &["x", "c"], &["y"])];
	model(vec![floats("x", &[1])], initializers, nodes, &["y"])
}

/// A model of one node over an input of this shape, with integer parameters as initializers.
fn over(dims: &[i64], parameters: &[(&str, &[i64])], node: NodeProto) -> ModelProto {
	let initializers = parameters
		.iter()
		.map(|(name, data)| i64s(name, &[data.len() as i64], data))
		.collect();
	single(floats("x", dims), initializers, node)
}

macro_rules! assert_refused {
	($model:expr, $($pattern:tt)+) => {{
		let model = $model;
		let error = refusal(&model);
		assert!(matches!(error, $($pattern)+), "{error:?}");
	}};
}

#[test]
fn constants_that_ask_for_gigabytes() {
	let shape = |dims: &[i64]| vec![i64s("s", &[dims.len() as i64], dims)];
	let of_shape = || node("ConstantOfShape", &["s"], &["c"]);
	for dims in [
		&[1 << 30][..],
		&[1 << 34],
		&[1 << 20, 1 << 20],
		&[1 << 38],
		&[i64::MAX, 8],
	] {
		assert_refused!(
			folding(shape(dims), of_shape()),
			ModelError::TensorTooLarge { .. } | ModelError::ShapeOverflow { .. }
		);
	}
	assert_refused!(
		folding(shape(&[1; 3000]), of_shape()),
		ModelError::RankTooHigh { .. }
	);
	for dims in [&[-1][..], &[i64::MIN]] {
		assert_refused!(
			folding(shape(dims), of_shape()),
			ModelError::BadAttribute { .. }
				| ModelError::ShapeOverflow { .. }
				| ModelError::ShapeMismatch { .. }
		);
	}
	// Each within the limits of a tensor, together beyond those of folding.
	let mut nodes = vec![];
	let names: Vec<String> = (0..6).map(|i| format!("c{i}")).collect();
	for name in &names {
		nodes.push(node("ConstantOfShape", &["s"], &[name]));
	}
	let mut inputs: Vec<&str> = names.iter().map(String::as_str).collect();
	inputs.push("x");
	nodes.push(node("Max", &inputs, &["y"]));
	assert_refused!(
		model(vec![floats("x", &[1])], shape(&[1 << 25]), nodes, &["y"]),
		ModelError::FoldingTooLarge { .. }
	);
}

#[test]
fn a_small_file_that_asks_for_a_terabyte() {
	for x in [floats("x", &[1 << 38]), floats("x", &[1 << 20, 1 << 18])] {
		let model = single(x, vec![], node("Relu", &["x"], &["y"]));
		assert!(model.encode_to_vec().len() < 1024);
		assert_refused!(model, ModelError::TensorTooLarge { .. });
	}
	assert_refused!(
		over(
			&[1],
			&[("s", &[1 << 19, 1 << 19])],
			node("Expand", &["x", "s"], &["y"])
		),
		ModelError::TensorTooLarge { .. }
	);
	// An outer product of two inputs.
	let inputs = vec![floats("a", &[1 << 19, 1]), floats("b", &[1, 1 << 19])];
	assert_refused!(
		model(
			inputs,
			vec![],
			vec![node("MatMul", &["a", "b"], &["y"])],
			&["y"]
		),
		ModelError::TensorTooLarge { .. }
	);
}

#[test]
fn identity_matrices_permutations_and_one_hots() {
	assert_refused!(
		model(
			vec![floats("x", &[1])],
			vec![i64s("s", &[2], &[100_000, 100_000])],
			vec![
				node("ConstantOfShape", &["s"], &["c"]),
				node("EyeLike", &["c"], &["e"]),
				node("Add", &["x", "e"], &["y"]),
			],
			&["y"]
		),
		ModelError::TensorTooLarge { .. }
	);
	for perm in [&[0, 0][..], &[0], &[0, 2], &[0, -3], &[0, -2], &[0, 1, 2]] {
		assert_refused!(
			over(
				&[2, 2],
				&[],
				with(node("Transpose", &["x"], &["y"]), &[ints("perm", perm)])
			),
			ModelError::BadAttribute { .. }
		);
	}
	let initializers = |depth| vec![i64s("d", &[1], &[depth]), f32s("v", &[2], &[0.0, 1.0])];
	let one_hot = node("OneHot", &["i", "d", "v"], &["y"]);
	let x = || vec![info("i", DataType::Int64, &[1])];
	assert_refused!(
		model(x(), initializers(1 << 30), vec![one_hot.clone()], &["y"]),
		ModelError::TensorTooLarge { .. }
	);
	assert_refused!(
		model(x(), initializers(-1), vec![one_hot], &["y"]),
		ModelError::BadAttribute { .. } | ModelError::ShapeOverflow { .. }
	);
}

#[test]
fn operators_that_are_not_there() {
	for op in [
		"NonZero",
		"ZipMap",
		"RandomNormal",
		"RandomUniform",
		"Loop",
		"Scan",
		"If",
	] {
		assert_refused!(
			single(floats("x", &[1]), vec![], node(op, &["x"], &["y"])),
			ModelError::UnsupportedOp { .. }
		);
	}
}

#[test]
fn tiles_pads_ranges_and_expansions() {
	for repeats in [&[1 << 40][..], &[-1], &[1, 1], &[i64::MAX]] {
		let error = refusal(&over(
			&[4],
			&[("r", repeats)],
			node("Tile", &["x", "r"], &["y"]),
		));
		assert!(!matches!(error, ModelError::NotOnnx { .. }), "{error:?}");
	}
	for pads in [
		&[1 << 40, 0][..],
		&[i64::MAX, i64::MAX],
		&[-5, 0],
		&[-2, -3],
		&[1],
		&[1, 2, 3],
	] {
		let error = refusal(&over(
			&[4],
			&[("p", pads)],
			node("Pad", &["x", "p"], &["y"]),
		));
		assert!(!matches!(error, ModelError::NotOnnx { .. }), "{error:?}");
	}
	for mode in ["reflect", "edge", "wrap", "bogus"] {
		let pad = with(node("Pad", &["x", "p"], &["y"]), &[string("mode", mode)]);
		let error = refusal(&over(&[4], &[("p", &[1 << 40, 0])], pad));
		assert!(!matches!(error, ModelError::NotOnnx { .. }), "{error:?}");
	}
	for (start, limit, delta) in [(0, 10, 0), (0, i64::MAX, 1), (i64::MIN, i64::MAX, 1)] {
		let initializers =
			[("a", start), ("b", limit), ("d", delta)].map(|(name, v)| i64s(name, &[], &[v]));
		let range = node("Range", &["a", "b", "d"], &["c"]);
		let error = refusal(&model(
			vec![info("x", DataType::Int64, &[1])],
			initializers.to_vec(),
			vec![range, node("Add", &["x", "c"], &["y"])],
			&["y"],
		));
		assert!(!matches!(error, ModelError::NotOnnx { .. }), "{error:?}");
	}
	for shape in [&[1 << 40][..], &[-1], &[3], &[0]] {
		let error = refusal(&over(
			&[2],
			&[("s", shape)],
			node("Expand", &["x", "s"], &["y"]),
		));
		assert!(!matches!(error, ModelError::NotOnnx { .. }), "{error:?}");
	}
}

#[test]
fn a_dimension_of_parentheses() {
	let parentheses: &'static str = Box::leak("(".repeat(20_000).into_boxed_str());
	let x = info_of("x", DataType::Float, &[Dim::Param(parentheses)]);
	assert_refused!(
		single(x, vec![], node("Relu", &["x"], &["y"])),
		ModelError::DynamicShape { .. }
	);
}

#[test]
fn three_thousand_axes() {
	let axes: Vec<i64> = (0..3000).collect();
	assert_refused!(
		over(
			&[1],
			&[("a", &axes)],
			node("Unsqueeze", &["x", "a"], &["y"])
		),
		ModelError::RankTooHigh { .. } | ModelError::BadAttribute { .. }
	);
}

#[test]
fn four_hundred_constant_products() {
	let mut nodes = vec![node("ConstantOfShape", &["s"], &["m0"])];
	for i in 0..400 {
		nodes.push(node(
			"MatMul",
			&[&format!("m{i}"), "m0"],
			&[&format!("m{}", i + 1)],
		));
	}
	nodes.push(node("Add", &["x", "m400"], &["y"]));
	assert_refused!(
		model(
			vec![floats("x", &[1])],
			vec![i64s("s", &[2], &[1024, 1024])],
			nodes,
			&["y"]
		),
		ModelError::FoldingTooLarge { .. }
	);
}

/// Each node is within the caps, all together are not.
#[test]
fn small_files_that_ask_for_much_work() {
	let powers = |count: usize| {
		let mut nodes = vec![node("ConstantOfShape", &["s"], &["c0"])];
		for i in 0..count {
			nodes.push(node(
				"Pow",
				&[&format!("c{i}"), "c0"],
				&[&format!("c{}", i + 1)],
			));
		}
		nodes.push(node("Gather", &[&format!("c{count}"), "i"], &["z"]));
		nodes.push(node("Add", &["x", "z"], &["y"]));
		model(
			vec![floats("x", &[1])],
			vec![i64s("s", &[1], &[1 << 16]), i64s("i", &[1], &[3])],
			nodes,
			&["y"],
		)
	};
	assert!(build(&powers(1)).is_ok());
	assert_refused!(powers(6), ModelError::FoldingTooLarge { .. });

	// One constant of 16 MiB that every product packs anew.
	let products = |count: usize| {
		let mut nodes = vec![node("ConstantOfShape", &["s"], &["w"])];
		let names: Vec<String> = (0..count).map(|i| format!("y{i}")).collect();
		for name in &names {
			nodes.push(node("MatMul", &["x", "w"], &[name]));
		}
		let names: Vec<&str> = names.iter().map(String::as_str).collect();
		model(
			vec![floats("x", &[1, 2048])],
			vec![i64s("s", &[2], &[2048, 2048])],
			nodes,
			&names,
		)
	};
	assert!(build(&products(2)).is_ok());
	assert_refused!(products(4), ModelError::FoldingTooLarge { .. });
}

/// A file may be packed once whatever its size: that is no folding.
#[test]
fn a_file_larger_than_the_work_of_folding() {
	let (k, columns) = (2048, 9 * 1024);
	let weights = f32s("w", &[k, columns], &vec![0.5; (k * columns) as usize]);
	let file = model(
		vec![floats("x", &[1, k])],
		vec![weights],
		vec![node("MatMul", &["x", "w"], &["y"])],
		&["y"],
	);
	let bytes = file.encode_to_vec().len() as u64;
	let packing = noema_engine::Cost {
		bytes,
		..Default::default()
	};
	assert!(packing.work() > noema_engine::limits::MAX_FOLDING_WORK);
	assert!(build(&file).is_ok());
}

fn chain(len: usize) -> ModelProto {
	let nodes = (0..len)
		.map(|i| node("Relu", &[&format!("t{i}")], &[&format!("t{}", i + 1)]))
		.collect();
	model(
		vec![floats("t0", &[1])],
		vec![],
		nodes,
		&[&format!("t{len}")],
	)
}

#[test]
fn long_chains() {
	assert_refused!(chain(100_000), ModelError::TooManyItems { .. });
	let plan = build(&chain(20_000)).unwrap();
	let y = Profile1.run(&plan, &[value(&[1], &[-1.0])]).unwrap();
	assert_eq!(elements(&y[0]), [0.0]);
}

#[test]
fn many_constants() {
	let names: Vec<String> = (0..20_000).map(|i| format!("w{i}")).collect();
	let initializers: Vec<_> = names.iter().map(|name| f32s(name, &[1], &[1.0])).collect();
	let mut nodes = vec![];
	let mut last = "x".to_string();
	for (i, name) in names.iter().take(10_000).enumerate() {
		let next = format!("t{i}");
		nodes.push(node("Add", &[&last, name], &[&next]));
		last = next;
	}
	let mut model = model(vec![floats("x", &[1])], initializers, nodes, &[&last]);
	let plan = build(&model).unwrap();
	let y = Profile1.run(&plan, &[value(&[1], &[0.0])]).unwrap();
	assert_eq!(elements(&y[0]), [10_000.0]);
	if let Some(graph) = &mut model.graph {
		graph.initializer.push(f32s("one too many", &[1], &[1.0]));
	}
	assert_refused!(model, ModelError::TooManyItems { .. });
}

#[test]
fn windows_without_end() {
	let image = &[1, 1, 4, 4];
	let w = || f32s("w", &[1, 1, 2, 2], &[1.0; 4]);
	for attribute in [
		ints("pads", &[1 << 40, 0, 0, 0]),
		ints("pads", &[i64::MAX; 4]),
		ints("pads", &[1, 1]),
		ints("pads", &[]),
		ints("strides", &[0, 0]),
		ints("strides", &[-1, 1]),
		ints("dilations", &[0, 1]),
		ints("dilations", &[i64::MAX, 1]),
		ints("kernel_shape", &[0, 0]),
	] {
		assert_refused!(
			single(
				floats("x", image),
				vec![w()],
				with(
					node("Conv", &["x", "w"], &["y"]),
					std::slice::from_ref(&attribute)
				)
			),
			ModelError::BadAttribute { .. }
		);
	}
	for op in ["MaxPool", "AveragePool"] {
		for kernel in [&[0, 2][..], &[-1, 2], &[1 << 31, 1], &[i64::MAX, 1], &[2]] {
			assert_refused!(
				over(
					image,
					&[],
					with(node(op, &["x"], &["y"]), &[ints("kernel_shape", kernel)])
				),
				ModelError::BadAttribute { .. }
			);
		}
		// A window of 2^56 elements over padding.
		let attributes = [
			ints("kernel_shape", &[1 << 28, 1 << 28]),
			ints("pads", &[1 << 27; 4]),
			ints("strides", &[1 << 28, 1 << 28]),
		];
		let error = refusal(&over(
			image,
			&[],
			with(node(op, &["x"], &["y"]), &attributes),
		));
		assert!(
			matches!(
				error,
				ModelError::TooExpensive { .. } | ModelError::ShapeMismatch { .. }
			),
			"{error:?}"
		);
	}
}

#[test]
fn slices_and_blocks() {
	let slice = node("Slice", &["x", "a", "b", "c", "d"], &["y"]);
	for (start, end, axis, step) in [
		(0, 1, 0, 0),
		(0, 1, 5, 1),
		(0, 1, 0, i64::MIN),
		(i64::MIN, i64::MAX, 0, i64::MAX),
	] {
		let parameters: [(&str, &[i64]); 4] = [
			("a", &[start]),
			("b", &[end]),
			("c", &[axis]),
			("d", &[step]),
		];
		// The last two are odd, but fine: what counts is that they do not panic.
		let result = build(&over(&[4], &parameters, slice.clone()));
		assert_eq!(result.is_err(), step == 0 || axis == 5, "{result:?}");
	}
	for op in ["DepthToSpace", "SpaceToDepth"] {
		for blocksize in [0, -1, 3, i64::MAX] {
			let node = with(node(op, &["x"], &["y"]), &[int("blocksize", blocksize)]);
			let error = refusal(&over(&[1, 4, 4, 4], &[], node));
			assert!(
				matches!(
					error,
					ModelError::BadAttribute { .. } | ModelError::ShapeMismatch { .. }
				),
				"{error:?}"
			);
		}
	}
}

#[test]
fn constant_failures() {
	let ints_of = |name: &str, v: &[i64]| i64s(name, &[v.len() as i64], v);
	for op in ["Div", "Mod"] {
		let model = model(
			vec![info("x", DataType::Int64, &[1])],
			vec![ints_of("a", &[1]), ints_of("b", &[0])],
			vec![
				node(op, &["a", "b"], &["c"]),
				node("Add", &["x", "c"], &["y"]),
			],
			&["y"],
		);
		assert_refused!(model, ModelError::FoldingFailed { .. });
	}
	for index in [2, -3, i64::MAX, i64::MIN] {
		let initializers = vec![f32s("w", &[2], &[1.0, 2.0]), ints_of("i", &[index])];
		assert_refused!(
			folding(initializers, node("Gather", &["w", "i"], &["c"])),
			ModelError::FoldingFailed { .. } | ModelError::BadAttribute { .. }
		);
	}
	// A constant index out of range is found even where the data is not constant.
	assert_refused!(
		over(&[2], &[("i", &[2])], node("Gather", &["x", "i"], &["y"])),
		ModelError::BadAttribute { .. } | ModelError::FoldingFailed { .. }
	);
	// A mean over nothing.
	let empty = node("ConstantOfShape", &["s"], &["e"]);
	let mean = with(node("ReduceMean", &["e"], &["c"]), &[ints("axes", &[0])]);
	let nodes = vec![empty, mean, node("Add", &["x", "c"], &["y"])];
	let made = build(&model(
		vec![floats("x", &[1])],
		vec![i64s("s", &[2], &[0, 1])],
		nodes,
		&["y"],
	));
	if let Ok(plan) = made {
		let y = Profile1.run(&plan, &[value(&[1], &[1.0])]).unwrap();
		assert_eq!(elements(&y[0])[0].to_bits(), 0x7fc0_0000);
	}
}

#[test]
fn reshapes_of_all_kinds() {
	for shape in [
		&[-1, -1][..],
		&[3],
		&[0, 0, 0],
		&[-2],
		&[i64::MAX, 2],
		&[1 << 32, 1 << 32],
		&[7, -1],
	] {
		let error = refusal(&over(
			&[2, 2],
			&[("s", shape)],
			node("Reshape", &["x", "s"], &["y"]),
		));
		assert!(!matches!(error, ModelError::NotOnnx { .. }), "{error:?}");
	}
}

#[test]
fn every_operator_survives_no_inputs_no_attributes_and_odd_shapes() {
	let shapes: [&[i64]; 5] = [&[], &[1], &[2, 3], &[1, 2, 3, 4], &[1, 1, 1, 1, 1, 1, 1, 2]];
	let mut admitted = 0;
	for op in OPERATORS {
		for data_type in [DataType::Float, DataType::Int64, DataType::Bool] {
			for shape in shapes {
				for count in 0..5 {
					for outputs in [&["y"][..], &["y", "z"]] {
						let inputs = vec!["x"; count];
						let model = model(
							vec![info("x", data_type, shape)],
							vec![],
							vec![node(op, &inputs, outputs)],
							&["y"],
						);
						let Ok(plan) = build(&model) else { continue };
						assert!(plan.is_own());
						admitted += 1;
						let schema = &plan.report().inputs[0];
						let size = match data_type {
							DataType::Float => 4,
							DataType::Int64 => 8,
							_ => 1,
						};
						let elements: usize = schema.shape.iter().product();
						let x = noema_engine::Value {
							dtype: schema.dtype,
							shape: schema.shape.clone(),
							data: vec![1; elements * size],
						};
						if let Ok(outputs) = Profile1.run(&plan, &[x]) {
							assert_eq!(outputs[0].shape, plan.report().outputs[0].shape);
						}
					}
				}
			}
		}
	}
	assert!(admitted > 200, "{admitted}");
}
