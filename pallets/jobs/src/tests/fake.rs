//! A model that is a handful of mixing steps, and a referee that can run each of them.
//!
//! ```text
//!   x -> 1 -> 2 -> 3 (and a constant) -> 4 -> 5 (and what 2 made) -> 6 -> y
//! ```
//!
//! A tensor is eight bytes. Step 2 fails on an input whose first byte is 255.

use codec::{Decode, Encode};
use noema_primitives::{
	tensor::named,
	trace::{
		leaf_hash, prove, root, step_hash, Failure, Operand, Proof, Referee, RefereeError,
		TensorSource, OUTPUTS_OP,
	},
	Cost, DType, Leaf, ModelId, ModelReport, NamedTensor, PlanCommitment, StepSpec, TensorDigest,
	TensorSchema, CHUNK_SIZE, PROFILE_1,
};
use sp_core::H256;

/// The data of a tensor.
pub(crate) type Data = [u8; 8];

/// Steps that compute something.
pub(crate) const STEPS: u32 = 6;
/// Leaves of a trace.
pub(crate) const LEAVES: u32 = STEPS + 2;
/// The last leaf.
pub(crate) const LAST: u32 = LEAVES - 1;
/// What a step costs.
pub(crate) const STEP_COST: Cost = Cost {
	macs: 10,
	bytes: 16,
	steps: 1,
	transcendentals: 0,
};

/// A model, told apart from others by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fake(pub(crate) u64);

fn shape() -> noema_primitives::Shape {
	vec![8].try_into().expect("short")
}

fn digest(data: &[u8]) -> TensorDigest {
	TensorDigest {
		dtype: DType::U8,
		shape: shape(),
		hash: *blake3::hash(data).as_bytes(),
	}
}

fn leaf(data: &Data) -> Leaf {
	Leaf::Tensors(vec![digest(data)].try_into().expect("one"))
}

fn mix(key: u64, step: u32, inputs: &[Data]) -> Result<Data, Failure> {
	let poisoned = inputs.first().is_some_and(|data| data[0] == 255);
	if step == 2 && poisoned {
		return Err(Failure::InvalidValue);
	}
	let mut made = sp_io::hashing::twox_64(&(key, step, inputs).encode()).map(|byte| byte & 0x7f);
	if step == 1 && poisoned {
		made[0] = 255;
	}
	Ok(made)
}

/// What may be wrong with a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
	/// A step makes something else, and all after it follow from that.
	Step(u32, u8),
	/// The same, at two steps.
	Steps(u32, u8, u32, u8),
	/// One leaf is another, and those after it are right.
	Leaf(u32, u8),
	/// Leaf 0 is not the job's input.
	Input(u8),
}

/// What a run leaves behind.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
	/// What each leaf holds.
	pub(crate) leaves: Vec<Leaf>,
	/// Its data, where it has not failed.
	pub(crate) data: Vec<Option<Data>>,
	/// The leaves' hashes.
	pub(crate) hashes: Vec<H256>,
	/// The root over them.
	pub(crate) root: H256,
}

impl Trace {
	fn new(data: Vec<Result<Data, Failure>>) -> Self {
		let leaves: Vec<Leaf> = data
			.iter()
			.map(|data| match data {
				Ok(data) => leaf(data),
				Err(failure) => Leaf::Failed(*failure),
			})
			.collect();
		let hashes: Vec<H256> = (0..)
			.zip(&leaves)
			.map(|(index, leaf)| leaf_hash(index, leaf))
			.collect();
		Self {
			root: root(&hashes),
			data: data.into_iter().map(Result::ok).collect(),
			leaves,
			hashes,
		}
	}

	/// The proof of the last leaf.
	pub(crate) fn proof(&self) -> Proof {
		prove(&self.hashes, LAST).expect("there is one")
	}

	/// The outputs, if it has not failed.
	pub(crate) fn outputs(&self) -> Option<Vec<NamedTensor>> {
		self.data[LAST as usize].map(|data| vec![tensor("y", &data)])
	}
}

/// A tensor of a call.
pub(crate) fn tensor(name: &str, data: &Data) -> NamedTensor {
	named(name, DType::U8, &[8], data.to_vec()).expect("short")
}

impl Fake {
	/// Its name.
	pub(crate) fn id(self) -> ModelId {
		ModelId::of(&self.0.to_le_bytes())
	}

	/// The constant of step 3.
	pub(crate) fn constant(self) -> Data {
		self.0.to_be_bytes()
	}

	/// What goes into a step: leaves, or the constant.
	pub(crate) fn operands(self, step: u32) -> Vec<Option<u32>> {
		match step {
			3 => vec![Some(2), None],
			5 => vec![Some(4), Some(2)],
			_ => vec![Some(step - 1)],
		}
	}

	/// A run, with a lie or without.
	pub(crate) fn run(self, input: &Data, lie: Option<Lie>) -> Trace {
		let mut made: Vec<Result<Data, Failure>> = vec![Ok(*input)];
		for step in 1..=STEPS {
			let inputs: Result<Vec<Data>, Failure> = self
				.operands(step)
				.into_iter()
				.map(|operand| operand.map_or(Ok(self.constant()), |leaf| made[leaf as usize]))
				.collect();
			let mut out = match made[step as usize - 1] {
				Err(failure) => Err(failure),
				Ok(_) => inputs.and_then(|inputs| mix(self.0, step, &inputs)),
			};
			let by = match lie {
				Some(Lie::Step(at, by)) if at == step => Some(by),
				Some(Lie::Steps(at, by, ..)) if at == step => Some(by),
				Some(Lie::Steps(.., at, by)) if at == step => Some(by),
				_ => None,
			};
			if let Some(by) = by {
				out = Ok(bend(out.unwrap_or_default(), by));
			}
			made.push(out);
		}
		made.push(made[STEPS as usize]);
		match lie {
			Some(Lie::Leaf(at, by)) => {
				let data = made[at as usize].unwrap_or_default();
				made[at as usize] = Ok(bend(data, by));
			}
			Some(Lie::Step(LAST, by)) => {
				let data = made[LAST as usize].unwrap_or_default();
				made[LAST as usize] = Ok(bend(data, by));
			}
			Some(Lie::Input(by)) => made[0] = Ok(bend(*input, by)),
			_ => {}
		}
		Trace::new(made)
	}

	/// The description of a leaf's step.
	pub(crate) fn step(self, index: u32) -> StepSpec {
		let op: &[u8] = match index {
			0 => noema_primitives::trace::INPUTS_OP,
			LAST => OUTPUTS_OP,
			_ => b"Mix",
		};
		let operands = match index {
			0 => vec![],
			_ => self.operands(index),
		};
		let inputs: Vec<Operand> = operands
			.into_iter()
			.map(|operand| match operand {
				Some(index) => Operand::Leaf {
					index,
					slot: 0,
					dtype: DType::U8,
					shape: shape(),
					storage: 0,
				},
				None => Operand::Constant {
					digest: digest(&self.constant()),
					storage: 0,
				},
			})
			.collect();
		StepSpec {
			op_type: op.to_vec().try_into().expect("short"),
			opset: 1,
			attributes: (self.0, index).encode().try_into().expect("short"),
			outputs: vec![true].try_into().expect("one"),
			inputs: inputs.try_into().expect("few"),
			cost: STEP_COST,
		}
	}

	fn step_hashes(self) -> Vec<H256> {
		(0..LEAVES)
			.map(|index| step_hash(index, &self.step(index)))
			.collect()
	}

	/// The proof of a step's description.
	pub(crate) fn step_proof(self, index: u32) -> Proof {
		prove(&self.step_hashes(), index).expect("there is one")
	}

	/// What admission found.
	pub(crate) fn report(self) -> ModelReport {
		let schema = |name: &str| TensorSchema {
			name: name.as_bytes().to_vec().try_into().expect("short"),
			dtype: DType::U8,
			shape: shape(),
		};
		ModelReport {
			profile: PROFILE_1,
			inputs: vec![schema("x")].try_into().expect("one"),
			outputs: vec![schema("y")].try_into().expect("one"),
			cost: Cost {
				macs: 60,
				bytes: 96,
				steps: STEPS,
				transcendentals: 0,
			},
			plan_bytes: 100,
			peak_bytes: 100,
			node_count: STEPS,
			plan: PlanCommitment {
				root: root(&self.step_hashes()),
				leaves: LEAVES,
				heaviest_step: STEP_COST,
				most_step_bytes: 24,
			},
		}
	}
}

fn bend(mut data: Data, by: u8) -> Data {
	data[7] ^= by.max(1);
	data
}

/// Runs the steps of any [`Fake`].
// Public as the runtime that has it as an associated type.
#[allow(unreachable_pub)]
#[derive(Debug)]
pub struct FakeReferee;

impl Referee for FakeReferee {
	fn run_step(
		profile: u16,
		step: &StepSpec,
		tensors: &[(TensorDigest, TensorSource)],
	) -> Result<Leaf, RefereeError> {
		if profile != PROFILE_1 {
			return Err(RefereeError::UnknownProfile);
		}
		let (key, index) =
			<(u64, u32)>::decode(&mut &step.attributes[..]).map_err(|_| RefereeError::BadStep)?;
		let mut inputs = vec![];
		for (place, (digest, source)) in tensors.iter().enumerate() {
			let wrong = RefereeError::WrongTensor(place as u16);
			let data = read(source).ok_or(wrong)?;
			if *blake3::hash(&data).as_bytes() != digest.hash {
				return Err(wrong);
			}
			inputs.push(Data::try_from(&data[..]).map_err(|_| wrong)?);
		}
		Ok(match mix(key, index, &inputs) {
			Ok(data) => leaf(&data),
			Err(failure) => Leaf::Failed(failure),
		})
	}
}

/// Reads a tensor as the precompile would: out of the state, by the keys of the source.
fn read(source: &TensorSource) -> Option<Vec<u8>> {
	match source {
		TensorSource::Inline(data) => Some(data.clone()),
		TensorSource::Chunks { prefix, size } => {
			let mut data = vec![];
			for index in 0..size.div_ceil(CHUNK_SIZE) {
				let key = [&prefix[..], &index.to_le_bytes()].concat();
				let value = sp_io::storage::get(&key)?;
				data.extend(Vec::<u8>::decode(&mut &value[..]).ok()?);
			}
			(data.len() == *size as usize).then_some(data)
		}
	}
}
