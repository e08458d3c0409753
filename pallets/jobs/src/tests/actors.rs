//! Hosts of all kinds, a watcher, and somebody who challenges what is right: they play jobs to their
//! end.

use std::collections::{BTreeMap, BTreeSet};

use frame_support::{assert_noop, assert_ok};
use noema_primitives::{
	jobs::{Answer, Ending, Payload, Phase},
	JobId,
};
use sp_runtime::DispatchError;

use super::{
	fake::{tensor, Data, Lie, Trace, LAST, STEPS},
	mock::*,
	world,
};
use crate::{Answers, ClaimsOf, Error, Event, Jobs as JobsOf, Leaves, Members};

/// What a host is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
	/// Does all that it should.
	Honest,
	/// Answers rightly, and lets others see to it that this is found.
	FreeRider,
	/// Makes a mistake at a step of its own, and all that follows from it.
	WrongAnswer,
	/// Makes the same mistake as all of its kind.
	Colluder,
	/// The same, and then one of its own.
	Faction,
	/// Runs another model.
	OtherModel,
	/// Gets the answer right, and a step before it wrong.
	WrongTrace,
	/// Gets all steps right, and answers something else.
	WrongOutput,
	/// Has run another input.
	WrongInput,
	/// Lies, and posts nothing.
	Silent,
	/// Commits to what another has committed to.
	CopiedCommitment,
	/// Commits when it is too late.
	LateCommit,
	/// Does nothing.
	NoShow,
	/// Commits and does not reveal.
	NoReveal,
	/// Reveals what it has committed to, and then something else.
	TwoReveals,
	/// Reveals tensors that are larger than the model's.
	Oversize,
	/// Proves its answer by another leaf.
	BadProof,
}

use Kind::*;

/// All that are not honest.
pub(crate) const DISHONEST: [Kind; 16] = [
	FreeRider,
	WrongAnswer,
	Colluder,
	Faction,
	OtherModel,
	WrongTrace,
	WrongOutput,
	WrongInput,
	Silent,
	CopiedCommitment,
	LateCommit,
	NoShow,
	NoReveal,
	TwoReveals,
	Oversize,
	BadProof,
];

impl Kind {
	/// Whether it comes to reveal something wrong.
	pub(crate) fn lies(self) -> bool {
		matches!(
			self,
			WrongAnswer
				| Colluder | Faction
				| OtherModel | WrongTrace
				| WrongOutput
				| WrongInput | Silent
				| TwoReveals
		)
	}

	/// Whether it comes to commit, and then to reveal nothing that counts.
	fn aborts(self) -> bool {
		matches!(self, CopiedCommitment | NoReveal | Oversize | BadProof)
	}

	/// What it has computed.
	fn trace(self, host: u64, id: JobId, data: &Data) -> Trace {
		let own = (host - HOST + 2) as u8;
		let step = 1 + ((host + id) % u64::from(STEPS)) as u32;
		let shared = 1 + (id % u64::from(STEPS - 1)) as u32;
		let lie = match self {
			WrongAnswer | Silent | TwoReveals => Lie::Step(step, own),
			Colluder => Lie::Step(shared, 1),
			Faction => Lie::Steps(shared, 1, STEPS, own),
			WrongTrace => Lie::Leaf(step, own),
			WrongOutput => Lie::Leaf(LAST, own),
			WrongInput => Lie::Input(own),
			OtherModel => return OTHER.run(data, None),
			_ => return truth(data),
		};
		MODEL.run(data, Some(lie))
	}
}

/// Who plays, and how it went.
#[derive(Debug)]
pub(crate) struct Play {
	/// What each host is like.
	pub(crate) kinds: BTreeMap<u64, Kind>,
	/// Whether somebody watches.
	pub(crate) watched: bool,
	/// How many times somebody challenges each answer that is right, and whether it then shows its
	/// leaves.
	pub(crate) false_challenges: (u32, bool),
	/// Inputs of the jobs.
	inputs: BTreeMap<JobId, Data>,
	challenged: BTreeMap<JobId, u32>,
	turn: u64,
}

impl Play {
	/// Nobody has asked anything yet.
	pub(crate) fn new(kind_of: impl Fn(u64) -> Kind, watched: bool) -> Self {
		Self {
			kinds: hosts().map(|host| (host, kind_of(host))).collect(),
			watched,
			false_challenges: (0, false),
			inputs: BTreeMap::new(),
			challenged: BTreeMap::new(),
			turn: 0,
		}
	}

	/// Asks for one more job.
	pub(crate) fn ask(&mut self, k: u8, data: Data) -> JobId {
		let id = ask(k, &data);
		self.inputs.insert(id, data);
		id
	}

	fn truth(&self, id: JobId) -> Trace {
		truth(&self.inputs[&id])
	}

	/// Plays until all jobs are over.
	pub(crate) fn play(&mut self) {
		for _ in 0..2_000 {
			let open: Vec<JobId> = crate::OpenJobs::<Test>::iter_keys().collect();
			if open.is_empty() {
				return;
			}
			for id in open {
				self.act(id);
			}
			next_block();
		}
		panic!("a job does not end");
	}

	/// Everybody does what it does, in another order each time.
	fn act(&mut self, id: JobId) {
		self.turn += 1;
		// Nobody can do anything any more until the pallet takes the job up.
		if job(id).due <= System::block_number() {
			return;
		}
		let mut hosts = members(id);
		let offset = self.turn as usize % hosts.len().max(1);
		hosts.rotate_left(offset);
		if self.turn.is_multiple_of(2) {
			self.watch(id);
		}
		self.attack(id);
		for host in hosts {
			self.host(host, id);
		}
		self.watch(id);
	}

	fn host(&self, host: u64, id: JobId) {
		let kind = self.kinds[&host];
		let data = self.inputs[&id];
		let trace = kind.trace(host, id, &data);
		let Some(seat) = Members::<Test>::get(id)
			.into_iter()
			.find(|seat| seat.member.host == host)
		else {
			return;
		};
		let (committed, revealed) = (seat.member.commitment, seat.member.revealed);
		match phase(id) {
			Phase::Committing { .. } if committed.is_none() => match kind {
				NoShow | LateCommit => {}
				CopiedCommitment => {
					let other = Members::<Test>::get(id)
						.into_iter()
						.find_map(|seat| seat.member.commitment);
					if let Some(other) = other {
						let origin = RuntimeOrigin::signed(host);
						assert_ok!(Jobs::commit(origin, id, other));
					}
				}
				_ => {
					assert_ok!(commit_to(host, id, &trace.root));
				}
			},
			Phase::Committing { .. } => {
				let again = || commit_to(host, id, &trace.root);
				assert_noop!(again(), Error::<Test>::AlreadyCommitted);
			}
			Phase::Revealing { .. } if committed.is_none() => {
				panic!("a no-show has kept its seat");
			}
			Phase::Revealing { .. } if revealed.is_none() => self.reveal(host, kind, id, &trace),
			Phase::Revealing { .. } => {
				let again = reveal(host, id, &truth(&data));
				let refused = [
					Error::<Test>::AlreadyRevealed,
					Error::<Test>::CommitmentMismatch,
				];
				assert!(refused
					.map(DispatchError::from)
					.contains(&again.unwrap_err()));
			}
			Phase::Posting { .. } => match kind {
				Silent | FreeRider => {}
				WrongInput => {
					let refused = [Error::<Test>::WrongInputLeaf, Error::<Test>::UnknownClaim];
					let posted = post(host, id, &trace).unwrap_err();
					assert!(refused.map(DispatchError::from).contains(&posted));
				}
				_ => {
					if waits_for(id, &trace) {
						assert_ok!(post(host, id, &trace));
					}
				}
			},
			Phase::Refereeing { step, .. } => {
				if kind == Honest && claimed(id, &trace) {
					assert_ok!(referee(host, id, MODEL, &trace));
				} else if kind != FreeRider && kind != Honest {
					forge(host, id, &trace, step);
				}
			}
			_ => {}
		}
	}

	fn reveal(&self, host: u64, kind: Kind, id: JobId, trace: &Trace) {
		let data = self.inputs[&id];
		match kind {
			NoReveal | LateCommit | NoShow => {}
			CopiedCommitment => {
				let right = self.truth(id);
				assert_noop!(reveal(host, id, &right), Error::<Test>::CommitmentMismatch);
			}
			Oversize => {
				let twice = noema_primitives::tensor::named(
					"y",
					noema_primitives::DType::U8,
					&[16],
					vec![0; 16],
				);
				let huge = noema_primitives::tensor::named(
					"y",
					noema_primitives::DType::U8,
					&[4096],
					vec![0; 4096],
				);
				for (tensor, error) in [
					(twice, Error::<Test>::WrongOutputs),
					(huge, Error::<Test>::OutputsTooLarge),
				] {
					let list = vec![tensor.expect("short")].try_into().expect("one");
					let answer = Answer::Outputs(Payload::Inline(list));
					assert_noop!(
						reveal_with(host, id, &trace.root, answer, trace.proof()),
						error
					);
				}
			}
			BadProof => {
				let mut proof = trace.proof();
				proof[0].0[0] ^= 1;
				let answer = answer_of(trace);
				assert_noop!(
					reveal_with(host, id, &trace.root, answer, proof),
					Error::<Test>::AnswerNotProven
				);
				// Another's outputs are not under this root.
				let other = Answer::Outputs(inline("y", &data));
				assert_noop!(
					reveal_with(host, id, &trace.root, other, trace.proof()),
					Error::<Test>::AnswerNotProven
				);
			}
			_ if host.is_multiple_of(2) && Answers::<Test>::contains_key(id, trace.root) => {
				let proof = Default::default();
				assert_ok!(reveal_with(host, id, &trace.root, Answer::Known, proof));
			}
			_ => {
				assert_ok!(reveal(host, id, trace));
			}
		}
		if kind == TwoReveals {
			assert!(reveal(host, id, &self.truth(id)).is_err());
		}
	}

	/// The watcher challenges what is wrong, and sees the dispute through.
	fn watch(&mut self, id: JobId) {
		if !self.watched {
			return;
		}
		let right = self.truth(id);
		match phase(id) {
			Phase::Challengeable { .. } if !claimed(id, &right) => {
				assert_ok!(challenge(WATCHER, id, &right));
			}
			// Those who free-ride may have left it to others.
			Phase::Posting { .. } if waits_for(id, &right) => {
				assert_ok!(post(WATCHER, id, &right));
			}
			Phase::Refereeing { step, .. } => {
				let claims = ClaimsOf::<Test>::get(id);
				let agreed = Leaves::<Test>::get(id, claims[0].root).expect("posted");
				let known = step as usize;
				if agreed[..known] == right.hashes[..known] {
					assert_ok!(referee(WATCHER, id, MODEL, &right));
				}
			}
			_ => {}
		}
	}

	/// Somebody challenges what is right.
	fn attack(&mut self, id: JobId) {
		let (times, shows) = self.false_challenges;
		let lie = MODEL.run(&self.inputs[&id], Some(Lie::Step(1 + (id % 6) as u32, 99)));
		match phase(id) {
			Phase::Challengeable { .. } => {
				let count = self.challenged.entry(id).or_default();
				if *count < times && !claimed(id, &lie) {
					*count += 1;
					assert_ok!(challenge(STRANGER, id, &lie));
					// Nobody can claim one root twice, nor open a second dispute.
					assert_noop!(challenge(STRANGER, id, &lie), Error::<Test>::WrongPhase);
				}
			}
			Phase::Posting { .. } if shows && waits_for(id, &lie) => {
				assert_ok!(post(STRANGER, id, &lie));
			}
			Phase::Refereeing { step, .. } if times > 0 => forge(STRANGER, id, &lie, step),
			_ => {}
		}
	}

	/// Checks how all jobs have gone, after the end of the last.
	///
	/// `deep` says whether the watcher could call the referee in each dispute among liars.
	pub(crate) fn judge(&self, deep: bool) {
		let events = events();
		let stake = JOB_STAKE;
		let mut drawn: BTreeMap<JobId, Vec<u64>> = BTreeMap::new();
		let mut slashed: BTreeMap<(JobId, u64), u64> = BTreeMap::new();
		let mut paid: BTreeSet<(JobId, u64)> = BTreeSet::new();
		let mut committed: BTreeSet<(JobId, u64)> = BTreeSet::new();
		let mut ended: BTreeMap<JobId, Ending> = BTreeMap::new();
		let mut answers: BTreeMap<JobId, sp_core::H256> = BTreeMap::new();
		for event in events {
			match event {
				Event::Drawn { job, hosts, .. } => drawn.entry(job).or_default().extend(hosts),
				Event::Committed { job, host } => {
					committed.insert((job, host));
				}
				Event::HostSlashed { job, host, amount } => {
					let before = slashed.insert((job, host), amount);
					assert_eq!(before, None, "slashed twice for one job");
				}
				Event::HostPaid { job, host, .. } => {
					assert!(paid.insert((job, host)), "paid twice for one job");
				}
				Event::JobDone { job, ending, .. } => {
					assert_eq!(ended.insert(job, ending), None, "ended twice");
				}
				Event::Answered {
					job, trace_root, ..
				} => {
					answers.insert(job, trace_root);
				}
				_ => {}
			}
		}
		for id in self.inputs.keys() {
			let right = self.truth(*id);
			let ending = ended[id];
			let hosts = drawn.get(id).cloned().unwrap_or_default();
			let answered = ending == Ending::Answered;
			if answered && self.watched {
				// The last answer that stood is the one that was paid for.
				assert_eq!(answers[id], right.root, "a wrong answer is final");
			}
			if let Some(job) = JobsOf::<Test>::get(id) {
				assert!(!answered || !self.watched || job.answer == Some(right.root));
			}
			let honest = hosts.iter().any(|host| self.kinds[host] == Honest);
			assert!(answered || !honest, "an honest answer was not accepted");
			for host in hosts {
				let kind = self.kinds[&host];
				let lost = slashed.get(&(*id, host)).copied().unwrap_or_default();
				let came = committed.contains(&(*id, host));
				let expected = match kind {
					Honest | FreeRider if honest || self.watched => 0,
					_ if !came => stake / 100,
					kind if kind.aborts() => stake,
					kind if kind.lies() && (honest || self.watched && deep) => stake,
					_ => lost,
				};
				assert_eq!(lost, expected, "{kind:?} {host} in job {id}, {ending:?}");
				let right = matches!(kind, Honest | FreeRider) && answered && came;
				if self.watched || honest {
					assert_eq!(paid.contains(&(*id, host)), right);
				}
			}
		}
		for host in hosts().filter(|host| self.kinds[host] == Honest) {
			assert_eq!(world::Slashed::<Test>::get(host), 0);
		}
	}
}

/// Whether the root of a trace is claimed.
pub(crate) fn claimed(id: JobId, trace: &Trace) -> bool {
	ClaimsOf::<Test>::get(id)
		.iter()
		.any(|claim| claim.root == trace.root)
}

/// Whether the leaves of a trace are awaited.
fn waits_for(id: JobId, trace: &Trace) -> bool {
	ClaimsOf::<Test>::get(id)
		.iter()
		.any(|claim| claim.root == trace.root && !claim.posted)
}

/// Tries to get the referee to say something else.
fn forge(who: u64, id: JobId, trace: &Trace, step: u32) {
	// Another step of the plan, and a step that is none.
	let other = 1 + step % STEPS;
	if other != step {
		let called = call(|| {
			Jobs::referee(
				RuntimeOrigin::signed(who),
				id,
				Box::new(MODEL.step(other)),
				MODEL.step_proof(other),
				Default::default(),
				Default::default(),
			)
		});
		assert_eq!(called, Err(Error::<Test>::StepNotProven.into()));
	}
	// Data that are not the agreed ones.
	let mut forged = trace.clone();
	for data in forged.data.iter_mut().flatten() {
		data[0] ^= 64;
	}
	if step != LAST {
		assert!(referee(who, id, MODEL, &forged).is_err());
	}
	// Leaves that are not the agreed ones.
	let nowhere = MODEL.run(&tensor_data(&tensor("x", &[9; 8])), None);
	assert!(referee(who, id, MODEL, &nowhere).is_err());
}

fn tensor_data(named: &noema_primitives::NamedTensor) -> Data {
	named.tensor.data[..].try_into().expect("eight bytes")
}
