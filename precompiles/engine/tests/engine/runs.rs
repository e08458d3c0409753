//! Running admitted models: outputs, failures by values, threads, and what the plan is made of.

use noema_engine::{DType, Engine, Profile1, RunError, Value};
use tract_onnx::pb::tensor_proto::DataType;

use crate::models::*;

/// A small convolutional classifier over constants that are folded.
fn classifier() -> tract_onnx::pb::ModelProto {
	let weights: Vec<f32> = (0..8 * 9).map(|i| (i % 7) as f32 * 0.25 - 0.5).collect();
	let dense: Vec<f32> = (0..8 * 3).map(|i| (i % 5) as f32 * 0.5 - 1.0).collect();
	model(
		vec![floats("image", &[1, 1, 8, 8])],
		vec![
			f32s("w", &[8, 1, 3, 3], &weights),
			f32s("half", &[1], &[0.5]),
			f32s("dense", &[8, 3], &dense),
			f32s("bias", &[3], &[0.1, 0.2, 0.3]),
		],
		vec![
			node("Mul", &["w", "half"], &["w2"]),
			with(
				node("Conv", &["image", "w2"], &["c"]),
				&[ints("pads", &[1, 1, 1, 1])],
			),
			node("Relu", &["c"], &["r"]),
			node("GlobalAveragePool", &["r"], &["g"]),
			node("Flatten", &["g"], &["f"]),
			node("Gemm", &["f", "dense", "bias"], &["logits"]),
			with(node("Softmax", &["logits"], &["p"]), &[int("axis", 1)]),
			node("Sigmoid", &["half"], &["dead"]),
		],
		&["p", "logits"],
	)
}

fn image() -> Value {
	let pixels: Vec<f32> = (0..64).map(|i| (i * 37 % 64) as f32 / 64.0).collect();
	value(&[1, 1, 8, 8], &pixels)
}

/// A convolution, its bias by channel, a normalisation, slopes by channel, a factor by row.
fn old_and_new(opset: i64) -> tract_onnx::pb::ModelProto {
	let old = opset < 7;
	let weights: Vec<f32> = (0..2 * 9).map(|i| (i % 7) as f32 * 0.25 - 0.5).collect();
	let channels: &[i64] = if old { &[2] } else { &[2, 1, 1] };
	let rows: &[i64] = if old { &[6] } else { &[6, 1] };
	let among = |mut node: tract_onnx::pb::NodeProto, axis| {
		if old {
			node.attribute
				.extend([int("broadcast", 1), int("axis", axis)]);
		}
		node
	};
	let mut norm = node("BatchNormalization", &["a", "s", "b", "b", "s"], &["n"]);
	if old {
		norm.attribute.push(int("is_test", 1));
	}
	let mut model = model(
		vec![floats("image", &[1, 1, 8, 8]), floats("rows", rows)],
		vec![
			f32s("w", &[2, 1, 3, 3], &weights),
			f32s("bias", channels, &[0.25, -0.5]),
			f32s("s", &[2], &[1.5, 0.75]),
			f32s("b", &[2], &[0.1, 0.3]),
			f32s("slope", channels, &[0.5, 0.125]),
		],
		vec![
			node("Conv", &["image", "w"], &["c"]),
			among(node("Add", &["c", "bias"], &["a"]), 1),
			norm,
			node("PRelu", &["n", "slope"], &["p"]),
			among(node("Mul", &["p", "rows"], &["y"]), 2),
		],
		&["y"],
	);
	model.opset_import[0].version = opset;
	model
}

#[test]
fn old_versions_compute_what_new_ones_do() {
	let rows: Vec<f32> = (0..6).map(|row| row as f32 * 0.375 - 1.0).collect();
	let run = |opset, rows_shape: &[usize]| {
		let plan = build(&old_and_new(opset)).unwrap();
		let outputs = Profile1.run(&plan, &[image(), value(rows_shape, &rows)]);
		(plan.report().cost, outputs.unwrap())
	};
	let (cost, expected) = run(17, &[6, 1]);
	for opset in [1, 6] {
		let (old_cost, outputs) = run(opset, &[6]);
		assert_eq!(outputs, expected);
		// The rows are reshaped at run time; what is constant is folded.
		assert_eq!(old_cost.steps, cost.steps + 1);
	}
}

#[test]
fn a_classifier_runs() {
	let plan = build(&classifier()).unwrap();
	let report = plan.report();
	assert_eq!(report.profile, 1);
	assert_eq!(report.node_count, 8);
	// Folded and dead nodes cost nothing, nor does Relu after Conv; two steps change the layout.
	assert_eq!(report.cost.steps, 7);
	assert!(report.cost.macs >= 64 * 9 * 8);
	assert!(report.peak_bytes >= 8 * 64 * 4);
	assert!(report.plan_bytes > (8 * 9 + 8 * 3) * 4);
	let outputs = Profile1.run(&plan, &[image()]).unwrap();
	let p = elements(&outputs[0]);
	assert_eq!(p.len(), 3);
	assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-6);
	assert_eq!(elements(&outputs[1]).len(), 3);
}

#[test]
fn every_operator_of_a_plan_is_the_engines_own() {
	assert!(build(&classifier()).unwrap().is_own());
}

#[test]
fn plans_are_shared_between_threads() {
	fn assert_send_sync<T: Send + Sync>() {}
	assert_send_sync::<noema_engine::Plan>();
	let plan = build(&classifier()).unwrap();
	let expected = Profile1.run(&plan, &[image()]).unwrap();
	std::thread::scope(|scope| {
		let runs: Vec<_> = (0..4)
			.map(|_| {
				scope.spawn(|| {
					(0..20)
						.map(|_| Profile1.run(&plan, &[image()]))
						.collect::<Vec<_>>()
				})
			})
			.collect();
		for run in runs {
			for outputs in run.join().unwrap() {
				assert_eq!(outputs.unwrap(), expected);
			}
		}
	});
}

#[test]
fn building_twice_gives_the_same_report() {
	let (a, b) = (build(&classifier()).unwrap(), build(&classifier()).unwrap());
	assert_eq!(a.report(), b.report());
}

#[test]
fn inputs_and_constants_may_be_outputs() {
	let w = f32s("w", &[2], &[1.0, 2.0]);
	let model = model(vec![floats("x", &[1])], vec![w], vec![], &["w", "x"]);
	let plan = build(&model).unwrap();
	let outputs = Profile1.run(&plan, &[value(&[1], &[7.0])]).unwrap();
	assert_eq!(elements(&outputs[0]), [1.0, 2.0]);
	assert_eq!(elements(&outputs[1]), [7.0]);
}

#[test]
fn a_model_without_inputs() {
	let model = model(
		vec![],
		vec![f32s("w", &[1], &[-2.0])],
		vec![node("Abs", &["w"], &["y"])],
		&["y"],
	);
	let outputs = Profile1.run(&build(&model).unwrap(), &[]).unwrap();
	assert_eq!(elements(&outputs[0]), [2.0]);
}

#[test]
fn initializers_that_are_graph_inputs_are_constants() {
	let mut model = model(
		vec![floats("x", &[1]), floats("w", &[1])],
		vec![f32s("w", &[1], &[3.0])],
		vec![node("Mul", &["x", "w"], &["y"])],
		&["y"],
	);
	model.ir_version = 3;
	let plan = build(&model).unwrap();
	assert_eq!(plan.report().inputs.len(), 1);
	let outputs = Profile1.run(&plan, &[value(&[1], &[2.0])]).unwrap();
	assert_eq!(elements(&outputs[0]), [6.0]);
}

#[test]
fn inputs_that_do_not_fit() {
	let plan = build(&classifier()).unwrap();
	let good = image();
	let cases = [
		vec![],
		vec![good.clone(), good.clone()],
		vec![Value {
			dtype: DType::F64,
			..good.clone()
		}],
		vec![Value {
			shape: vec![1, 8, 8],
			..good.clone()
		}],
		vec![Value {
			shape: vec![1, 1, 8, 9],
			..good.clone()
		}],
		vec![Value {
			data: good.data[1..].to_vec(),
			..good.clone()
		}],
		vec![Value {
			data: [&good.data[..], &[0]].concat(),
			..good
		}],
	];
	for inputs in cases {
		let error = Profile1.run(&plan, &inputs).unwrap_err();
		assert!(
			matches!(error, RunError::SchemaMismatch { .. }),
			"{error:?}"
		);
	}
}

#[test]
fn a_bool_that_is_neither_0_nor_1() {
	let model = single(
		info("x", DataType::Bool, &[2]),
		vec![],
		node("Not", &["x"], &["y"]),
	);
	let plan = build(&model).unwrap();
	let bools = |data: &[u8]| Value {
		dtype: DType::Bool,
		shape: vec![2],
		data: data.to_vec(),
	};
	assert_eq!(
		Profile1.run(&plan, &[bools(&[0, 1])]).unwrap(),
		[bools(&[1, 0])]
	);
	let error = Profile1.run(&plan, &[bools(&[0, 2])]).unwrap_err();
	assert!(matches!(error, RunError::InvalidValue { .. }), "{error:?}");
}

#[test]
fn nans_are_canonical_in_inputs_constants_and_outputs() {
	let foreign = f32::from_bits(0xffc1_2345);
	let model = model(
		vec![floats("x", &[1])],
		vec![f32s("w", &[1], &[f32::from_bits(0x7f80_0001)])],
		vec![node("Neg", &["x"], &["n"])],
		&["x", "w", "n"],
	);
	let plan = build(&model).unwrap();
	for output in Profile1.run(&plan, &[value(&[1], &[foreign])]).unwrap() {
		assert_eq!(output.data, 0x7fc0_0000u32.to_le_bytes());
	}
	// 0 / 0 and infinity - infinity, whose sign differs between processors.
	let two = |op: &str| {
		let inputs = vec![floats("a", &[1]), floats("b", &[1])];
		build(&crate::models::model(
			inputs,
			vec![],
			vec![node(op, &["a", "b"], &["y"])],
			&["y"],
		))
		.unwrap()
	};
	let zero = || value(&[1], &[0.0]);
	let infinity = || value(&[1], &[f32::INFINITY]);
	let quotient = Profile1.run(&two("Div"), &[zero(), zero()]).unwrap();
	let difference = Profile1
		.run(&two("Sub"), &[infinity(), infinity()])
		.unwrap();
	for outputs in [quotient, difference] {
		assert_eq!(outputs[0].data, 0x7fc0_0000u32.to_le_bytes());
	}
}

#[test]
fn an_index_out_of_range() {
	let model = model(
		vec![floats("x", &[3]), info("i", DataType::Int64, &[1])],
		vec![],
		vec![node("Gather", &["x", "i"], &["y"])],
		&["y"],
	);
	let plan = build(&model).unwrap();
	let run = |i: i64| {
		Profile1.run(
			&plan,
			&[value(&[3], &[1.0, 2.0, 3.0]), int_value(&[1], &[i])],
		)
	};
	assert_eq!(elements(&run(-1).unwrap()[0]), [3.0]);
	for index in [3, -4, i64::MAX, i64::MIN] {
		let error = run(index).unwrap_err();
		assert!(
			matches!(error, RunError::IndexOutOfRange { .. }),
			"{error:?}"
		);
		assert!(error.to_string().contains("Gather"));
	}
}

#[test]
fn integer_division_by_zero() {
	for op in ["Div", "Mod"] {
		let inputs = vec![
			info("a", DataType::Int64, &[2]),
			info("b", DataType::Int64, &[2]),
		];
		let plan = build(&model(
			inputs,
			vec![],
			vec![node(op, &["a", "b"], &["y"])],
			&["y"],
		))
		.unwrap();
		let run = |b: [i64; 2]| {
			Profile1.run(
				&plan,
				&[int_value(&[2], &[7, i64::MIN]), int_value(&[2], &b)],
			)
		};
		// The one overflow that division has must not trap either.
		assert!(run([2, -1]).is_ok());
		let error = run([1, 0]).unwrap_err();
		assert!(
			matches!(error, RunError::DivisionByZero { .. }),
			"{error:?}"
		);
	}
}

#[test]
fn top_k_with_nan() {
	let top_k = node("TopK", &["x", "k"], &["values", "indices"]);
	let model = model(
		vec![floats("x", &[50])],
		vec![i64s("k", &[1], &[3])],
		vec![top_k],
		&["values", "indices"],
	);
	let plan = build(&model).unwrap();
	let mut x: Vec<f32> = (0..50).map(|i| (i * 7 % 50) as f32).collect();
	x[20] = f32::NAN;
	x[30] = f32::NAN;
	let outputs = Profile1.run(&plan, &[value(&[50], &x)]).unwrap();
	let again = Profile1.run(&plan, &[value(&[50], &x)]).unwrap();
	assert_eq!(outputs, again);
	assert_eq!(outputs[1].data.len(), 24);
}

#[test]
fn one_hot_takes_any_index() {
	let model = model(
		vec![info("i", DataType::Int64, &[4])],
		vec![i64s("d", &[1], &[3]), f32s("v", &[2], &[0.0, 1.0])],
		vec![node("OneHot", &["i", "d", "v"], &["y"])],
		&["y"],
	);
	let plan = build(&model).unwrap();
	let y = Profile1
		.run(&plan, &[int_value(&[4], &[0, -1, 3, i64::MIN])])
		.unwrap();
	let rows: Vec<f32> = elements(&y[0])
		.chunks(3)
		.map(|row| row.iter().sum())
		.collect();
	assert_eq!(rows, [1.0, 1.0, 0.0, 0.0]);
}
