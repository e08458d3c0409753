//! Builds and runs mutants of a corpus of ONNX files, and watches the memory that they take.
//!
//! ```text
//! cargo run --release -p noema-engine --example fuzz -- COUNT [SEED] [FILE.onnx ...]
//! ```
//!
//! Every mutant must give a plan or a refusal, and every plan that is small enough to be run must
//! give outputs or a failure by value, without a panic, and without more memory than the caps allow.
//! Files given on the command line join the built-in corpus. Ends with figures, or with the seed
//! and the bytes (in hex) of the first mutant that misbehaved.

use std::{
	collections::BTreeMap,
	panic::{catch_unwind, AssertUnwindSafe},
	process::ExitCode,
};

use noema_engine::{limits, DType, Engine, Plan, Profile1, RunError, Value};
use peak_alloc::PeakAlloc;
use prost::Message;
use tract_onnx::pb::{
	attribute_proto::AttributeType, tensor_proto::DataType, tensor_shape_proto, type_proto,
	AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
	TensorShapeProto, TypeProto, ValueInfoProto,
};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Most bytes that a build may hold at once: the decoded file, what folding has written, the
/// constants, and one kernel's packed copy of them.
const MAX_BUILD_BYTES: u64 = limits::MAX_DECODED_BYTES
	+ limits::MAX_FOLDING_BYTES
	+ limits::MAX_PLAN_BYTES
	+ 2 * limits::MAX_TENSOR_BYTES;
/// Most bytes that a run may hold at once beside its plan: activations, and inputs and outputs.
const MAX_RUN_BYTES: u64 = 2 * limits::MAX_PEAK_BYTES + (64 << 20);
/// Plans that cost more are not run: they take long, and nothing new is learnt.
const MAX_WORK: u64 = 1 << 27;

/// SplitMix64.
struct Random(u64);

impl Random {
	fn next(&mut self) -> u64 {
		self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
		let mut z = self.0;
		z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
		z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
		z ^ (z >> 31)
	}

	fn below(&mut self, bound: usize) -> usize {
		(self.next() % bound.max(1) as u64) as usize
	}

	fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
		&items[self.below(items.len())]
	}

	/// A number that code trips over.
	fn odd_number(&mut self) -> i64 {
		match self.below(8) {
			0 => 0,
			1 => -1,
			2 => i64::MAX,
			3 => i64::MIN,
			4 => 1 << self.below(63),
			5 => -(1 << self.below(63)),
			6 => self.below(20) as i64 - 5,
			_ => self.next() as i64,
		}
	}
}

const OPS: &[&str] = &[
	"Abs",
	"Add",
	"And",
	"ArgMax",
	"ArgMin",
	"AveragePool",
	"BatchNormalization",
	"BitwiseAnd",
	"Cast",
	"Ceil",
	"Celu",
	"Clip",
	"Concat",
	"Constant",
	"ConstantOfShape",
	"Conv",
	"Cos",
	"CumSum",
	"DepthToSpace",
	"Div",
	"Dropout",
	"Elu",
	"Equal",
	"Erf",
	"Exp",
	"Expand",
	"EyeLike",
	"Flatten",
	"Floor",
	"Gather",
	"GatherElements",
	"GatherND",
	"Gelu",
	"Gemm",
	"GlobalAveragePool",
	"GlobalMaxPool",
	"Greater",
	"GroupNormalization",
	"HardSigmoid",
	"HardSwish",
	"Identity",
	"InstanceNormalization",
	"IsInf",
	"IsNaN",
	"LRN",
	"LayerNormalization",
	"LeakyRelu",
	"Less",
	"Log",
	"LogSoftmax",
	"MatMul",
	"Max",
	"MaxPool",
	"Mean",
	"Min",
	"Mish",
	"Mod",
	"Mul",
	"Neg",
	"Not",
	"OneHot",
	"Or",
	"PRelu",
	"Pad",
	"Pow",
	"Range",
	"Reciprocal",
	"ReduceL1",
	"ReduceL2",
	"ReduceLogSum",
	"ReduceLogSumExp",
	"ReduceMax",
	"ReduceMean",
	"ReduceMin",
	"ReduceProd",
	"ReduceSum",
	"ReduceSumSquare",
	"Relu",
	"Reshape",
	"Round",
	"ScatterElements",
	"ScatterND",
	"Selu",
	"Shape",
	"Shrink",
	"Sigmoid",
	"Sign",
	"Sin",
	"Size",
	"Slice",
	"Softmax",
	"Softplus",
	"Softsign",
	"SpaceToDepth",
	"Split",
	"Sqrt",
	"Squeeze",
	"Sub",
	"Sum",
	"Tanh",
	"ThresholdedRelu",
	"Tile",
	"TopK",
	"Transpose",
	"Trilu",
	"Unsqueeze",
	"Where",
	"Xor",
];

const ATTRIBUTES: &[&str] = &[
	"allowzero",
	"alpha",
	"approximate",
	"auto_pad",
	"axes",
	"axis",
	"batch_dims",
	"beta",
	"bias",
	"blocksize",
	"ceil_mode",
	"count_include_pad",
	"dilations",
	"dtype",
	"end",
	"epsilon",
	"exclusive",
	"fmod",
	"group",
	"k",
	"keepdims",
	"kernel_shape",
	"largest",
	"mode",
	"num_groups",
	"num_outputs",
	"pads",
	"perm",
	"reduction",
	"reverse",
	"select_last_index",
	"size",
	"sorted",
	"split",
	"start",
	"strides",
	"to",
	"transA",
	"transB",
	"upper",
	"value",
];

const STRINGS: &[&str] = &[
	"SAME_UPPER",
	"SAME_LOWER",
	"VALID",
	"reflect",
	"edge",
	"wrap",
	"DCR",
	"CRD",
	"add",
	"tanh",
	"",
];

/// How many inputs an operator may well take.
fn arity(random: &mut Random, op: &str) -> usize {
	match op {
		"Add" | "And" | "BitwiseAnd" | "Conv" | "CumSum" | "Div" | "Equal" | "Expand"
		| "Gather" | "GatherElements" | "GatherND" | "Gemm" | "Greater" | "LayerNormalization"
		| "Less" | "MatMul" | "Mod" | "Mul" | "Or" | "PRelu" | "Pad" | "Pow" | "Reshape"
		| "Sub" | "Tile" | "TopK" | "Xor" => 2,
		"GroupNormalization"
		| "InstanceNormalization"
		| "OneHot"
		| "Range"
		| "ScatterElements"
		| "ScatterND"
		| "Where" => 3,
		"BatchNormalization" => 5,
		"Clip" | "Squeeze" | "Unsqueeze" | "Split" | "Trilu" | "ReduceSum" | "ReduceMean"
		| "ReduceMax" => 1 + random.below(2),
		"Concat" | "Max" | "Mean" | "Min" | "Sum" => 1 + random.below(4),
		"Slice" => 3 + random.below(3),
		"Constant" => 0,
		_ => 1,
	}
}

/// The attributes that an operator may well have.
fn attributes_of(op: &str) -> &'static [&'static str] {
	match op {
		"AveragePool" | "MaxPool" => &[
			"auto_pad",
			"ceil_mode",
			"dilations",
			"kernel_shape",
			"kernel_shape",
			"pads",
			"strides",
		],
		"Conv" => &[
			"auto_pad",
			"dilations",
			"group",
			"kernel_shape",
			"pads",
			"strides",
		],
		"Transpose" => &["perm"],
		"Constant" | "ConstantOfShape" => &["value"],
		"Cast" => &["to", "to"],
		"Gemm" => &["alpha", "beta", "transA", "transB"],
		"DepthToSpace" | "SpaceToDepth" => &["blocksize", "blocksize", "mode"],
		"ArgMax" | "ArgMin" => &["axis", "keepdims", "select_last_index"],
		"Concat" | "Gather" | "GatherElements" | "Softmax" | "LogSoftmax" | "Flatten"
		| "OneHot" | "Split" | "LayerNormalization" => &["axis", "axis", "axis"],
		"TopK" => &["axis", "largest", "sorted"],
		"ScatterElements" | "ScatterND" => &["axis", "reduction"],
		"GroupNormalization" => &["num_groups", "num_groups", "epsilon"],
		"LRN" => &["size", "size", "alpha", "beta", "bias"],
		"Pad" => &["mode"],
		"CumSum" => &["exclusive", "reverse"],
		"EyeLike" => &["dtype", "k"],
		"Mod" => &["fmod"],
		"Gelu" => &["approximate"],
		op if op.starts_with("Reduce") => &["axes", "keepdims"],
		"Squeeze" | "Unsqueeze" | "Slice" => &["axes"],
		_ => &[],
	}
}

/// A graph of a few nodes over random attributes and constants; mostly nonsense.
fn random_model(random: &mut Random) -> ModelProto {
	let shape = |random: &mut Random| -> Vec<i64> {
		let rank = *random.pick(&[0, 1, 2, 3, 4, 4, 4, 5]);
		(0..rank).map(|_| 1 + random.below(4) as i64).collect()
	};
	let types = [
		DataType::Float,
		DataType::Float,
		DataType::Int64,
		DataType::Bool,
		DataType::Int32,
	];
	let mut names = vec![];
	let mut input = vec![];
	for i in 0..1 + random.below(2) {
		let name = format!("x{i}");
		let dims = shape(random);
		let elem_type = *random.pick(&types) as i32;
		input.push(info(&name, elem_type, &dims));
		names.push(name);
	}
	let mut initializer = vec![];
	for i in 0..random.below(4) {
		let name = format!("w{i}");
		initializer.push(random_tensor(random, &name));
		names.push(name);
	}
	let mut node = vec![];
	for i in 0..1 + random.below(4) {
		let op_type = (*random.pick(OPS)).to_string();
		let count = if random.below(16) == 0 {
			random.below(6)
		} else {
			arity(random, &op_type)
		};
		let inputs = (0..count).map(|_| random.pick(&names).clone()).collect();
		let mut attribute: Vec<AttributeProto> = vec![];
		let known = attributes_of(&op_type);
		if random.below(16) == 0 {
			attribute.push(random_attribute(random, ATTRIBUTES));
		} else if !known.is_empty() {
			for _ in 0..random.below(known.len() + 1) {
				let new = random_attribute(random, known);
				if attribute.iter().all(|old| old.name != new.name) {
					attribute.push(new);
				}
			}
		}
		let outputs = match op_type.as_str() {
			"TopK" => 2,
			"Split" | "Dropout" | "LayerNormalization" => 1 + random.below(3),
			_ => 1 + usize::from(random.below(32) == 0),
		};
		let output: Vec<String> = (0..outputs).map(|j| format!("t{i}_{j}")).collect();
		names.extend(output.iter().cloned());
		node.push(NodeProto {
			op_type,
			input: inputs,
			output,
			attribute,
			..Default::default()
		});
	}
	let output = vec![ValueInfoProto {
		name: node
			.last()
			.map(|node| node.output[0].clone())
			.unwrap_or_default(),
		..Default::default()
	}];
	let version = 1 + random.below(28) as i64;
	ModelProto {
		ir_version: 8,
		opset_import: vec![OperatorSetIdProto {
			domain: String::new(),
			version,
		}],
		graph: Some(GraphProto {
			node,
			initializer,
			input,
			output,
			..Default::default()
		}),
		..Default::default()
	}
}

fn info(name: &str, elem_type: i32, dims: &[i64]) -> ValueInfoProto {
	use tensor_shape_proto::{dimension::Value as Dim, Dimension};
	let dim = dims
		.iter()
		.map(|dim| Dimension {
			value: Some(Dim::DimValue(*dim)),
			..Default::default()
		})
		.collect();
	let tensor = type_proto::Tensor {
		elem_type,
		shape: Some(TensorShapeProto { dim }),
	};
	let value = Some(type_proto::Value::TensorType(tensor));
	ValueInfoProto {
		name: name.into(),
		r#type: Some(TypeProto {
			value,
			..Default::default()
		}),
		..Default::default()
	}
}

fn random_tensor(random: &mut Random, name: &str) -> TensorProto {
	let mut tensor = TensorProto {
		name: name.into(),
		..Default::default()
	};
	match random.below(3) {
		0 => {
			tensor.data_type = DataType::Float as i32;
			tensor.dims = (0..random.below(5))
				.map(|_| 1 + random.below(3) as i64)
				.collect();
			let len: i64 = tensor.dims.iter().product();
			tensor.float_data = (0..len)
				.map(|_| match random.below(6) {
					0 => f32::from_bits(random.next() as u32),
					_ => random.below(17) as f32 - 8.0,
				})
				.collect();
		}
		_ => {
			tensor.data_type = DataType::Int64 as i32;
			let len = random.below(5);
			tensor.dims = if len == 1 && random.below(2) == 0 {
				vec![]
			} else {
				vec![len as i64]
			};
			tensor.int64_data = (0..len)
				.map(|_| match random.below(4) {
					0 => random.odd_number(),
					_ => random.below(6) as i64 - 1,
				})
				.collect();
		}
	}
	tensor
}

fn random_attribute(random: &mut Random, names: &[&str]) -> AttributeProto {
	let mut attribute = AttributeProto {
		name: (*random.pick(names)).into(),
		..Default::default()
	};
	let number = |random: &mut Random| match random.below(10) {
		0 => random.odd_number(),
		1..=4 => 1 + random.below(3) as i64,
		_ => random.below(4) as i64 - 1,
	};
	let plural = [
		"axes",
		"dilations",
		"kernel_shape",
		"pads",
		"perm",
		"split",
		"strides",
	];
	let words = ["auto_pad", "mode", "reduction", "approximate"];
	let name = attribute.name.as_str();
	if plural.contains(&name) {
		attribute.r#type = AttributeType::Ints as i32;
		attribute.ints = (0..random.below(6)).map(|_| number(random)).collect();
	} else if words.contains(&name) {
		attribute.r#type = AttributeType::String as i32;
		attribute.s = random.pick(STRINGS).as_bytes().to_vec();
	} else if name == "value" {
		attribute.r#type = AttributeType::Tensor as i32;
		attribute.t = Some(random_tensor(random, "value"));
	} else if ["alpha", "beta", "epsilon", "bias"].contains(&name) {
		attribute.r#type = AttributeType::Float as i32;
		attribute.f = f32::from_bits(random.next() as u32);
	} else {
		attribute.r#type = AttributeType::Int as i32;
		attribute.i = number(random);
	}
	attribute
}

/// A corpus file with a few bytes changed, or with parts of another.
fn mutate(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
	let mut file = random.pick(corpus).clone();
	for _ in 0..1 + random.below(8) {
		let at = random.below(file.len());
		match random.below(6) {
			_ if file.is_empty() => break,
			0 => file[at] = random.next() as u8,
			1 => file[at] ^= 1 << random.below(8),
			2 => {
				file.remove(at);
			}
			3 => file.insert(at, random.next() as u8),
			4 => file.truncate(at + 1),
			_ => {
				let other = random.pick(corpus);
				let from = random.below(other.len());
				let len = random
					.below(64)
					.min(other.len() - from)
					.min(file.len() - at);
				file[at..at + len].copy_from_slice(&other[from..from + len]);
			}
		}
	}
	file
}

fn inputs(random: &mut Random, plan: &Plan) -> Vec<Value> {
	plan.report()
		.inputs
		.iter()
		.map(|schema| {
			let len = schema.shape.iter().product::<usize>();
			let size = schema.dtype.size();
			let mut data = Vec::with_capacity(len * size);
			for _ in 0..len {
				let bits = match (schema.dtype, random.below(3)) {
					(DType::Bool, _) => random.next() & 1,
					(DType::F32, 0) => u64::from((random.below(9) as f32 - 4.0).to_bits()),
					(DType::F32 | DType::F64, _) => random.next(),
					(_, 0) => random.odd_number() as u64,
					_ => random.below(6) as u64,
				};
				data.extend(&bits.to_le_bytes()[..size]);
			}
			Value {
				dtype: schema.dtype,
				shape: schema.shape.clone(),
				data,
			}
		})
		.collect()
}

/// What became of mutants.
#[derive(Default)]
struct Figures {
	admitted: u64,
	run: u64,
	failed: BTreeMap<String, u64>,
	refused: BTreeMap<String, u64>,
	peak_build: u64,
	peak_run: u64,
}

fn variant(debug: &str) -> String {
	debug
		.split([' ', '{', '('])
		.next()
		.unwrap_or_default()
		.to_string()
}

/// Bytes held at most while `f` ran, beyond those held before.
fn measured<R>(f: impl FnOnce() -> R) -> (R, u64) {
	ALLOCATOR.reset_peak_usage();
	let before = ALLOCATOR.current_usage() as u64;
	let result = f();
	(
		result,
		(ALLOCATOR.peak_usage() as u64).saturating_sub(before),
	)
}

fn exercise(random: &mut Random, file: &[u8], figures: &mut Figures) -> Result<(), String> {
	let (built, bytes) = measured(|| Profile1.build(file));
	figures.peak_build = figures.peak_build.max(bytes);
	if bytes > MAX_BUILD_BYTES {
		return Err(format!("building took {bytes} bytes"));
	}
	let plan = match built {
		Ok(plan) => plan,
		Err(error) => {
			let _ = (error.to_string(), error.subject());
			*figures
				.refused
				.entry(variant(&format!("{error:?}")))
				.or_default() += 1;
			return Ok(());
		}
	};
	figures.admitted += 1;
	if plan.report().cost.work() > MAX_WORK {
		return Ok(());
	}
	let inputs = inputs(random, &plan);
	let (outputs, bytes) = measured(|| Profile1.run(&plan, &inputs));
	figures.peak_run = figures.peak_run.max(bytes);
	let allowed = MAX_RUN_BYTES.min(3 * plan.report().peak_bytes + (1 << 20));
	if bytes > allowed {
		return Err(format!(
			"a run took {bytes} bytes, reported {}",
			plan.report().peak_bytes
		));
	}
	match &outputs {
		Ok(_) => figures.run += 1,
		Err(RunError::Internal { reason }) => return Err(format!("internal: {reason}")),
		Err(error) => {
			*figures
				.failed
				.entry(variant(&format!("{error:?}")))
				.or_default() += 1;
		}
	}
	if Profile1.run(&plan, &inputs) != outputs {
		return Err("a second run differs".into());
	}
	Ok(())
}

fn main() -> ExitCode {
	let mut arguments = std::env::args().skip(1);
	let count: u64 = arguments
		.next()
		.and_then(|count| count.parse().ok())
		.unwrap_or(100_000);
	let seed: u64 = arguments
		.next()
		.and_then(|seed| seed.parse().ok())
		.unwrap_or(1);
	let mut corpus: Vec<Vec<u8>> = arguments
		.filter_map(|path| std::fs::read(path).ok())
		.collect();
	let mut figures = Figures::default();
	for number in 0..count {
		let mut random = Random(seed.wrapping_mul(0x1000_0000_01b3).wrapping_add(number));
		let file = if corpus.len() < 64 || random.below(4) != 0 {
			random_model(&mut random).encode_to_vec()
		} else {
			mutate(&mut random, &corpus)
		};
		let admitted = figures.admitted;
		let result = catch_unwind(AssertUnwindSafe(|| {
			exercise(&mut random, &file, &mut figures)
		}))
		.unwrap_or_else(|_| Err("a panic".into()));
		if let Err(what) = result {
			let hex: String = file.iter().map(|byte| format!("{byte:02x}")).collect();
			eprintln!("seed {seed}, mutant {number}: {what}\n{hex}");
			return ExitCode::FAILURE;
		}
		// What is admitted is worth mutating.
		if figures.admitted > admitted && corpus.len() < 4096 && file.len() < 4096 {
			corpus.push(file);
		}
	}
	println!(
		"{count} mutants, seed {seed}: {} admitted, {} run; at most {} MiB to build, {} MiB to run",
		figures.admitted,
		figures.run,
		figures.peak_build >> 20,
		figures.peak_run >> 20
	);
	for (what, counts) in [
		("refused", &figures.refused),
		("failed by value", &figures.failed),
	] {
		println!("{what}:");
		for (variant, count) in counts {
			println!("  {count:9} {variant}");
		}
	}
	ExitCode::SUCCESS
}
