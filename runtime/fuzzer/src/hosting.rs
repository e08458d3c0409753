//! Calls of hosts, and of those who ask them: nearly right, like those in [`calls`](crate::calls).

use noema_primitives::{
	jobs::{Answer, OperandData, Payload},
	trace::{Failure, StepSpec},
	Cost, Leaf,
};
use noema_runtime::{constants::money::NOE, AccountId, Runtime, RuntimeCall};
use sp_core::H256;

use crate::{calls::World, random::Random};

/// The numbers of jobs that calls name.
const JOBS: usize = 8;
/// Blocks that are still to come, or have just passed.
const BLOCKS: usize = 100;

impl World {
	/// A call of a host, or of somebody who backs one.
	pub(crate) fn hosting(&self, random: &mut Random) -> pallet_hosting::Call<Runtime> {
		use pallet_hosting::Call;
		let host: AccountId = random.pick(&self.accounts).clone();
		let model = *random.pick(&self.ids);
		let amount = match random.below(4) {
			0 => random.odd_u128(),
			_ => random.below(1_000) as u128 * NOE,
		};
		match random.below(14) {
			0 | 1 => Call::bond { amount },
			2 => Call::bond_extra { amount },
			3 => Call::unbond { amount },
			4 => Call::withdraw_unbonded {},
			5 => Call::set_terms {
				price: random.odd_u128(),
				capacity: random.below(300) as u32,
				standing: random.one_in(2).then_some(amount),
			},
			6 | 7 => Call::commit {
				model,
				stake: amount,
			},
			8 => Call::uncommit {
				model,
				stake: amount,
			},
			9 => match random.below(2) {
				0 => Call::unchill {},
				_ => Call::chill {
					until: random.one_in(2).then(|| random.below(BLOCKS) as u32),
				},
			},
			10 => Call::claim {},
			11 => Call::back { host, amount },
			12 => Call::unback { host, amount },
			_ => Call::withdraw { host },
		}
	}

	/// A call about a job.
	pub(crate) fn jobs(&self, random: &mut Random) -> pallet_jobs::Call<Runtime> {
		use pallet_jobs::Call;
		let job = match random.below(8) {
			0 => random.next(),
			_ => random.below(JOBS) as u64,
		};
		let root = hash(random);
		match random.below(12) {
			0..4 => Call::request {
				release: self.release.clone(),
				inputs: self.payload(random),
				committee: random.below(4) as u8,
				min_stake: random.below(100) as u128 * NOE,
				max_price: random.below(100) as u128 * NOE,
				callback: random.one_in(4).then(|| {
					let call = frame_system::Call::remark {
						remark: random.bytes(8),
					};
					Box::new(RuntimeCall::from(call))
				}),
			},
			4 => {
				let size = 1 + random.below(2_000) as u32;
				let bytes = random.bytes(size as usize);
				Call::upload_blob {
					hash: noema_primitives::trace::data_hash(&bytes),
					size,
					index: random.below(2) as u32,
					bytes: bytes.try_into().unwrap_or_default(),
				}
			}
			5 => Call::remove_blob { hash: root.0 },
			6 | 7 => Call::commit {
				job,
				commitment: root,
			},
			8 => Call::reveal {
				job,
				trace_root: root,
				salt: [0; 32],
				answer: self.answer(random),
				proof: vec![hash(random)].try_into().unwrap_or_default(),
			},
			9 => Call::challenge {
				job,
				trace_root: root,
				answer: self.answer(random),
				proof: Default::default(),
			},
			10 => Call::post_leaves {
				job,
				trace_root: root,
				leaves: vec![root; random.below(9)].try_into().unwrap_or_default(),
			},
			_ => Call::referee {
				job,
				step: Box::new(step(random)),
				proof: Default::default(),
				sources: vec![(random.odd_u32(), Leaf::Failed(Failure::InvalidValue))]
					.try_into()
					.unwrap_or_default(),
				data: vec![OperandData::Inline(random.bytes(4))]
					.try_into()
					.unwrap_or_default(),
			},
		}
	}

	fn payload(&self, random: &mut Random) -> Payload {
		if random.one_in(6) {
			return Payload::Blob {
				hash: hash(random).0,
				size: random.odd_u32(),
			};
		}
		Payload::Inline(self.tensors(random).try_into().unwrap_or_default())
	}

	fn answer(&self, random: &mut Random) -> Answer {
		match random.below(3) {
			0 => Answer::Known,
			1 => Answer::Failed(Failure::DivisionByZero),
			_ => Answer::Outputs(self.payload(random)),
		}
	}
}

/// One of a few hashes, so that calls meet what earlier ones have named.
fn hash(random: &mut Random) -> H256 {
	H256::repeat_byte(random.below(4) as u8)
}

fn step(random: &mut Random) -> StepSpec {
	StepSpec {
		op_type: b"Add".to_vec().try_into().unwrap_or_default(),
		opset: random.next() as u16,
		attributes: random.bytes(3).try_into().unwrap_or_default(),
		outputs: vec![true].try_into().unwrap_or_default(),
		inputs: Default::default(),
		cost: Cost {
			macs: random.next(),
			bytes: random.next(),
			steps: random.odd_u32(),
			transcendentals: random.next(),
		},
	}
}
