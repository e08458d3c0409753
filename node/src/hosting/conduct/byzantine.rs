//! Hosts that cheat, each in one way: what tests of the chain need, and no release has.

use std::{
	collections::{BTreeMap, BTreeSet},
	sync::Arc,
};

use clap::ValueEnum;
use noema_primitives::{
	jobs::{Answer, Payload, Phase},
	trace::leaf_hash,
	JobId, Leaf,
};
use noema_runtime::{AccountId, BlockNumber, RuntimeCall};
use parking_lot::Mutex;
use sp_core::H256;

use super::super::{
	bench::Trace,
	duty::{Due, Duty, Job, Party},
	paper,
	sender::{Order, What},
};

/// A way to cheat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Misdeed {
	/// Claims wrong outputs, and a trace that is wrong from its middle on.
	WrongAnswer,
	/// Commits to what another member has committed to.
	CopiedAnswer,
	/// Claims the trace of something else altogether.
	OtherModel,
	/// Claims the right outputs with one wrong leaf.
	WrongTrace,
	/// Claims wrong outputs with a trace that is right up to them.
	WrongOutput,
	/// Commits when it is too late.
	LateCommit,
	/// Never commits.
	NoCommit,
	/// Commits and never reveals.
	NoReveal,
	/// Reveals two answers.
	TwoReveals,
	/// Challenges right answers.
	FalseChallenge,
	/// Claims wrong outputs and brings no evidence.
	SilentInDispute,
	/// Reveals outputs that are longer than any may be.
	OversizeTensors,
	/// Reveals with a proof that does not verify.
	BadProof,
	/// Claims the same wrong outputs as all who collude.
	Collusion,
}

/// Of a host that may cheat.
#[derive(Clone, Debug, Default)]
pub struct Conduct {
	misdeed: Option<Misdeed>,
	/// The jobs that were challenged: once is enough.
	challenged: Arc<Mutex<BTreeSet<JobId>>>,
	/// The traces of jobs that are to be challenged.
	computed: Arc<Mutex<BTreeMap<JobId, Trace>>>,
}

impl Conduct {
	/// Cheats in this way, if in any.
	pub fn new(misdeed: Option<Misdeed>) -> Self {
		Self {
			misdeed,
			..Self::default()
		}
	}

	/// The trace that the host claims.
	pub fn claim(&self, job: &Job, party: &Party, computed: Trace) -> Trace {
		if self.misdeed == Some(Misdeed::FalseChallenge) {
			self.computed.lock().insert(job.id, computed.clone());
		}
		let last = computed.hashes().len().saturating_sub(1);
		let own = salt(&party.account);
		match self.misdeed {
			Some(Misdeed::WrongAnswer | Misdeed::SilentInDispute) => {
				forged(&computed, last.div_ceil(2)..last, own, true)
			}
			Some(Misdeed::OtherModel) => forged(&computed, 1..last, own, true),
			Some(Misdeed::WrongTrace) => {
				let middle = last.div_ceil(2);
				forged(&computed, middle..middle + 1, own, false)
			}
			Some(Misdeed::WrongOutput) => forged(&computed, 0..0, own, true),
			Some(Misdeed::Collusion) => forged(&computed, last.div_ceil(2)..last, 1, true),
			_ => computed,
		}
	}

	/// What the host does of what is due.
	pub fn due(
		&self,
		job: &Job,
		party: &Party,
		trace: Option<&Trace>,
		due: Option<Due>,
		now: BlockNumber,
	) -> Option<Due> {
		let Some(misdeed) = self.misdeed else {
			return due;
		};
		if misdeed == Misdeed::FalseChallenge {
			if let (Phase::Challengeable { until }, Some(_)) = (&job.phase, trace) {
				return (!self.challenged.lock().contains(&job.id)).then_some(Due {
					duty: Duty::Challenge,
					until: *until,
					own_stake: true,
				});
			}
			return due;
		}
		due.filter(|due| match (misdeed, due.duty) {
			(Misdeed::NoCommit, Duty::Commit)
			| (Misdeed::NoReveal, Duty::Reveal)
			| (Misdeed::SilentInDispute, Duty::PostLeaves | Duty::Referee { .. })
			// It knows that it lies.
			| (_, Duty::Challenge) => false,
			(Misdeed::LateCommit, Duty::Commit) => now.saturating_add(1) >= due.until,
			(Misdeed::CopiedAnswer, Duty::Commit) => others_commitment(job, party).is_some(),
			_ => true,
		})
	}

	/// What the host sends.
	pub fn orders(&self, job: &Job, party: &Party, mut orders: Vec<Order>) -> Vec<Order> {
		let mut more = Vec::new();
		for order in &mut orders {
			let RuntimeCall::Jobs(call) = &mut order.call else {
				continue;
			};
			match (self.misdeed, call) {
				(Some(Misdeed::CopiedAnswer), pallet_jobs::Call::commit { commitment, .. }) => {
					if let Some(other) = others_commitment(job, party) {
						*commitment = other;
					}
				}
				(Some(Misdeed::OversizeTensors), pallet_jobs::Call::reveal { answer, .. }) => {
					*answer = Answer::Outputs(Payload::Blob {
						hash: [0; 32],
						size: u32::MAX,
					});
				}
				(Some(Misdeed::BadProof), pallet_jobs::Call::reveal { answer, proof, .. }) => {
					// The answer of another under the same root needs no proof.
					if *answer == Answer::Known {
						*answer = Answer::Failed(noema_primitives::trace::Failure::InvalidValue);
					}
					if let Some(first) = proof.iter_mut().next() {
						first.0[0] ^= 1;
					}
				}
				(
					Some(Misdeed::TwoReveals),
					pallet_jobs::Call::reveal {
						job,
						salt,
						answer,
						proof,
						..
					},
				) => {
					let call = pallet_jobs::Call::reveal {
						job: *job,
						trace_root: H256::repeat_byte(1),
						salt: *salt,
						answer: answer.clone(),
						proof: proof.clone(),
					};
					more.push(Order {
						what: What::Other(*job, 1),
						call: call.into(),
						urgency: order.urgency,
					});
				}
				(
					Some(Misdeed::FalseChallenge),
					pallet_jobs::Call::challenge {
						job,
						trace_root,
						answer,
						proof,
					},
				) => {
					// The right answer, under the root of a trace with a wrong leaf.
					if let Some(computed) = self.computed.lock().remove(job) {
						let lie = forged(&computed, 1..2, salt(&party.account), false);
						let paper = paper::challenge(*job, &lie);
						if let RuntimeCall::Jobs(pallet_jobs::Call::challenge {
							trace_root: root,
							answer: lied,
							proof: proven,
							..
						}) = paper.call
						{
							*trace_root = root;
							*answer = lied;
							*proof = proven;
						}
					}
					self.challenged.lock().insert(*job);
				}
				_ => {}
			}
		}
		orders.extend(more);
		orders
	}
}

/// A number that no other host has.
fn salt(account: &AccountId) -> u8 {
	let bytes: &[u8; 32] = account.as_ref();
	sp_io::hashing::blake2_256(bytes)[0] | 1
}

fn others_commitment(job: &Job, party: &Party) -> Option<H256> {
	job.members
		.iter()
		.filter(|member| member.host != party.account)
		.find_map(|member| member.commitment)
}

/// A trace with wrong leaves in a range, and, if wanted, wrong outputs, which its last leaf proves.
fn forged(trace: &Trace, leaves: std::ops::Range<usize>, salt: u8, outputs_too: bool) -> Trace {
	let mut hashes = trace.hashes().to_vec();
	let mut outputs = trace.outputs().clone();
	for hash in hashes.iter_mut().take(leaves.end).skip(leaves.start) {
		hash.0[0] ^= salt;
	}
	if outputs_too {
		if let Ok(outputs) = &mut outputs {
			if let Some(byte) = outputs
				.iter_mut()
				.find_map(|named| named.tensor.data.iter_mut().next())
			{
				*byte ^= 1;
			}
			let last = hashes.len().saturating_sub(1);
			if let Some(hash) = hashes.last_mut() {
				*hash = leaf_hash(last as u32, &Leaf::of_tensors(outputs));
			}
		}
	}
	Trace::new(hashes, outputs)
}
