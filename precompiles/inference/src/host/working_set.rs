//! Keeps ready what the chain's next blocks need.
//!
//! A pass compares the working sets of the chain's heads with what is here, lets go of what no
//! head needs any more, and works out the most urgent thing that is missing. It does one thing
//! only, so that the next pass sees the chain as it is by then.

use std::{
	collections::HashSet,
	panic::{catch_unwind, AssertUnwindSafe},
	sync::Arc,
	time::{Duration, Instant},
};

use noema_primitives::{Refusal, WorkItem, WorkStage};

use super::{
	cache::{read_file, Entry, Key, PlanCache, MAX_VERDICTS},
	call_kind::panic_message,
};
use crate::Status;

/// Bytes of plans pinned for heads other than the best block; one plan more may be begun. The
/// chain bounds the plans of each head, and nothing bounds the heads.
pub(super) const MAX_FORK_BYTES: u64 = 1 << 30;

/// Files that wait for admission and are looked at ahead, over all heads. Fewer than the verdicts
/// that are kept: else a pass could push out what the last one found, for ever.
const MAX_QUEUED: usize = MAX_VERDICTS as usize / 2;

/// A block that others may build on.
#[derive(Clone, Debug)]
pub struct Head<R> {
	/// Its working set.
	pub items: Vec<WorkItem>,
	/// The value of a key in the state after it.
	pub read: R,
}

/// What became of an attempt to work something out ahead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnsureOutcome {
	/// It is there.
	Ready,
	/// The file is no model; the chain will find the same.
	Refused(Refusal),
	/// The file cannot be read at the block asked for.
	Missing,
	/// The profile is not one of this node's.
	UnknownProfile,
	/// The build met an internal fault. The block that calls the model will end the process.
	Fault(String),
}

/// An attempt to work something out ahead.
#[derive(Clone, Debug)]
pub struct Attempt {
	/// The model.
	pub item: WorkItem,
	/// What became of it.
	pub outcome: EnsureOutcome,
	/// How long it took.
	pub took: Duration,
}

/// When the next pass is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
	/// When the chain has moved on: all is there that this node can have.
	AfterImport,
	/// Now: there is more to do.
	Now,
	/// After a pause: something failed that may go well later.
	AfterPause,
}

/// What a pass did.
#[derive(Clone, Debug)]
pub struct Pass {
	/// What was tried: at most one thing that worked out, and before it those that did not.
	pub attempts: Vec<Attempt>,
	/// Plans and verdicts that the heads want and that are still not here.
	pub missing: u64,
	/// When to call again.
	pub next: Next,
}

/// Something that a head wants to be here.
struct Want<'a, R> {
	item: &'a WorkItem,
	read: &'a R,
	of_best: bool,
}

impl<R> Want<'_, R> {
	const fn key(&self) -> Key {
		(self.item.location.id, self.item.profile)
	}

	/// Whether it is a plan; else a verdict is enough.
	fn is_plan(&self) -> bool {
		self.item.stage != WorkStage::Queued
	}
}

impl PlanCache {
	/// Brings the cache closer to what `best` and the `others` need; see the module's text. Never
	/// panics. Waits for a build under way.
	///
	/// Without `best`, whose state may not be here yet, nothing is let go of.
	pub fn follow<R>(&self, best: Option<&Head<R>>, others: &[Head<R>]) -> Pass
	where
		R: Fn(&[u8]) -> Option<Vec<u8>>,
	{
		let wants = wants(best, others);
		let of_best: HashSet<Key> = wants
			.iter()
			.filter(|want| want.of_best && want.is_plan())
			.map(Want::key)
			.collect();
		if best.is_some() {
			self.unpin_unwanted(&wants);
		}

		let mut attempts = Vec::new();
		let mut missing = 0;
		let (mut worked_out, mut may_go_well) = (false, best.is_none());
		for want in &wants {
			if self.is_here(want, &of_best) {
				continue;
			}
			if !worked_out {
				let attempt = self.attempt(want);
				let unknown = attempt.outcome == EnsureOutcome::UnknownProfile;
				attempts.push(attempt);
				// What counts is what is here afterwards.
				worked_out = self.is_here(want, &of_best);
				if worked_out {
					continue;
				}
				may_go_well |= !unknown;
			}
			missing += 1;
		}
		let next = match (missing, worked_out) {
			(1.., true) => Next::Now,
			_ if may_go_well => Next::AfterPause,
			_ => Next::AfterImport,
		};
		Pass {
			attempts,
			missing,
			next,
		}
	}

	/// Whether the plan is pinned, or the verdict known. A plan that is here already is pinned.
	fn is_here<R>(&self, want: &Want<'_, R>, of_best: &HashSet<Key>) -> bool {
		let key = want.key();
		if !want.is_plan() {
			// Asking also keeps it from being the least recently used.
			return self.verdicts.get(&key).is_some() || self.held(&key).is_some();
		}
		if self.pinned.read().contains_key(&key) {
			return true;
		}
		if !want.of_best && self.fork_bytes(of_best) >= self.max_fork_bytes {
			// No more of these.
			return true;
		}
		let held = self.recent.get(&key);
		held.map(|entry| self.pin(key, entry)).is_some()
	}

	/// Works one thing out from the state that wants it.
	fn attempt<R>(&self, want: &Want<'_, R>) -> Attempt
	where
		R: Fn(&[u8]) -> Option<Vec<u8>>,
	{
		let started = Instant::now();
		let (model, profile) = want.key();
		let read = || read_file(&want.item.location, want.read);
		// Substrate's panic hook would end the process.
		let _unwind = sp_panic_handler::AbortGuard::force_unwind();
		let found = catch_unwind(AssertUnwindSafe(|| {
			if !want.is_plan() {
				return self.verdict(model, profile, read).map(|v| (*v).clone());
			}
			let entry = self.entry(model, profile, read)?;
			let verdict = entry.verdict();
			self.pin(want.key(), entry);
			Ok(verdict)
		}));
		let outcome = match found {
			Ok(Ok(Ok(_))) => EnsureOutcome::Ready,
			Ok(Ok(Err(refusal))) => EnsureOutcome::Refused(refusal),
			Ok(Err(Status::UnknownProfile)) => EnsureOutcome::UnknownProfile,
			Ok(Err(_)) => EnsureOutcome::Missing,
			Err(panic) => EnsureOutcome::Fault(panic_message(&*panic)),
		};
		Attempt {
			item: want.item.clone(),
			outcome,
			took: started.elapsed(),
		}
	}

	fn pin(&self, key: Key, entry: Arc<Entry>) {
		self.pinned.write().insert(key, entry);
		self.recent.invalidate(&key);
	}

	/// Bytes pinned for heads other than the best block.
	fn fork_bytes(&self, of_best: &HashSet<Key>) -> u64 {
		let pinned = self.pinned.read();
		let of_forks = pinned.iter().filter(|(key, _)| !of_best.contains(key));
		of_forks.map(|(_, entry)| entry.bytes()).sum()
	}

	/// Hands pinned plans that no head wants, or that are too many, over to the recent ones.
	fn unpin_unwanted<R>(&self, wants: &[Want<'_, R>]) {
		let pinned = self.pinned.read().clone();
		let mut fork_bytes = 0u64;
		let mut kept = HashSet::new();
		for want in wants.iter().filter(|want| want.is_plan()) {
			let Some(entry) = pinned.get(&want.key()) else {
				continue;
			};
			if !want.of_best {
				if fork_bytes >= self.max_fork_bytes {
					break;
				}
				fork_bytes = fork_bytes.saturating_add(entry.bytes());
			}
			kept.insert(want.key());
		}
		// First here, then gone there: who looks meanwhile finds it.
		for (key, entry) in pinned {
			if !kept.contains(&key) {
				self.recent.insert(key, entry);
			}
		}
		self.pinned.write().retain(|key, _| kept.contains(key));
		self.recent.run_pending_tasks();
	}
}

/// What the heads want, each thing once, the most urgent first: plans before verdicts, those of
/// the best block before those of others, those that may be called before those that mature.
fn wants<'a, R>(best: Option<&'a Head<R>>, others: &'a [Head<R>]) -> Vec<Want<'a, R>> {
	let heads = best.into_iter().map(|head| (head, true));
	let heads = heads.chain(others.iter().map(|head| (head, false)));
	let mut wants: Vec<_> = heads
		.flat_map(|(head, of_best)| {
			head.items.iter().map(move |item| Want {
				item,
				read: &head.read,
				of_best,
			})
		})
		.collect();
	// Stable: otherwise the chain's order stays.
	wants.sort_by_key(|want| (!want.is_plan(), !want.of_best, want.item.stage));
	let mut seen = HashSet::new();
	let mut queued = 0;
	wants.retain(|want| {
		let first = seen.insert((want.key(), want.is_plan()));
		queued += usize::from(first && !want.is_plan());
		first && queued <= MAX_QUEUED
	});
	wants
}
