//! The cache as a node and its blocks use it, with one real network under many names.

use std::{
	cell::Cell,
	sync::{mpsc, Arc},
	thread,
	time::Duration,
};

use codec::Encode;
use noema_primitives::{
	ModelId, ModelLocation, RefusalCode, WorkItem, WorkStage, CHUNK_SIZE, PROFILE_1,
};

use super::{cache::Entry, EnsureOutcome, Head, Next, Pass, PlanCache};
use crate::Status;

const NETWORK: &[u8] = include_bytes!("../../../../examples/digits/digits.onnx");

type Read = fn(&[u8]) -> Option<Vec<u8>>;

fn id(n: u8) -> ModelId {
	ModelId([n; 32])
}

fn item(n: u8, stage: WorkStage) -> WorkItem {
	assert!(NETWORK.len() <= CHUNK_SIZE as usize, "one chunk");
	WorkItem {
		location: ModelLocation {
			id: id(n),
			size: NETWORK.len() as u32,
			chunk_prefix: vec![n],
		},
		profile: PROFILE_1,
		stage,
	}
}

fn items(ids: impl IntoIterator<Item = u8>, stage: WorkStage) -> Vec<WorkItem> {
	ids.into_iter().map(|n| item(n, stage)).collect()
}

fn network(_: &[u8]) -> Option<Vec<u8>> {
	Some(NETWORK.encode())
}

/// Of models below 100 the state has the file.
fn below_100(key: &[u8]) -> Option<Vec<u8>> {
	(key[0] < 100).then(|| NETWORK.encode())
}

fn head(items: Vec<WorkItem>) -> Head<Read> {
	Head {
		items,
		read: network,
	}
}

fn network_bytes() -> u64 {
	let cache = PlanCache::new(1 << 30);
	let entry = cache.entry(id(0), PROFILE_1, || Ok(NETWORK.to_vec()));
	entry.unwrap().bytes()
}

/// Passes until nothing more is to be done now.
fn settle(cache: &PlanCache, best: Option<&Head<Read>>, others: &[Head<Read>]) -> Vec<Pass> {
	let mut passes = Vec::new();
	loop {
		let pass = cache.follow(best, others);
		let next = pass.next;
		passes.push(pass);
		if next != Next::Now {
			return passes;
		}
		assert!(passes.len() < 100, "a pass has no end: {passes:?}");
	}
}

fn pinned(cache: &PlanCache) -> Vec<u8> {
	let mut ids: Vec<u8> = cache.pinned.read().keys().map(|key| key.0 .0[0]).collect();
	ids.sort_unstable();
	ids
}

/// A call as a dry run makes it.
fn call(cache: &PlanCache, n: u8) {
	let entry = cache.entry(id(n), PROFILE_1, || Ok(NETWORK.to_vec()));
	assert!(matches!(&*entry.unwrap(), Entry::Ready { .. }));
}

#[test]
fn queued_files_and_calls_push_out_no_plan_that_a_block_needs() {
	// Room for two plans beside the pinned ones.
	let cache = PlanCache::new(2 * network_bytes() + 1024);
	let mut best = head(items(1..=3, WorkStage::Resident));
	best.items.extend(items([4], WorkStage::Maturing));
	settle(&cache, Some(&best), &[]);
	best.items.extend(items(10..19, WorkStage::Queued));
	let last = settle(&cache, Some(&best), &[]).pop().unwrap();
	assert_eq!((last.missing, last.next), (0, Next::AfterImport));
	for n in 30..40 {
		call(&cache, n);
	}
	let stats = cache.stats();
	assert_eq!(pinned(&cache), [1, 2, 3, 4]);
	assert_eq!(stats.pinned_bytes, 4 * network_bytes());
	assert!(stats.bytes <= stats.pinned_bytes + 2 * network_bytes() + 1024);
	assert_eq!(stats.builds, 4 + 9 + 10);
	assert!((1..=4).all(|n| cache.has_plan(&id(n), PROFILE_1)));
	// Nothing is built twice.
	let pass = cache.follow(Some(&best), &[]);
	assert!(pass.attempts.is_empty(), "{pass:?}");
	assert_eq!(pass.next, Next::AfterImport);
}

#[test]
fn a_plan_that_was_lost_is_missed_and_built_again() {
	let cache = PlanCache::new(1 << 30);
	let best = head(items(1..=2, WorkStage::Resident));
	settle(&cache, Some(&best), &[]);
	cache.clear();
	let pass = cache.follow(Some(&best), &[]);
	assert_eq!((pass.missing, pass.next), (1, Next::Now));
	let pass = cache.follow(Some(&best), &[]);
	assert_eq!((pass.missing, pass.next), (0, Next::AfterImport));
	assert_eq!(pinned(&cache), [1, 2]);
}

#[test]
fn a_queued_file_leaves_its_verdict_and_no_plan() {
	let cache = PlanCache::new(1 << 30);
	let no_model = |key: &[u8]| {
		Some(
			if key == [2, 0, 0, 0, 0] {
				&[0xff; 9][..]
			} else {
				NETWORK
			}
			.encode(),
		)
	};
	let mut best = Head {
		items: items(1..=2, WorkStage::Queued),
		read: no_model,
	};
	best.items[1].location.size = 9;
	let first = cache.follow(Some(&best), &[]);
	assert_eq!((first.missing, first.next), (1, Next::Now));
	let second = cache.follow(Some(&best), &[]);
	assert_eq!((second.missing, second.next), (0, Next::AfterImport));
	let outcome = &second.attempts[0].outcome;
	assert!(
		matches!(outcome, EnsureOutcome::Refused(refusal) if refusal.code == RefusalCode::NotOnnx),
		"{outcome:?}",
	);
	assert_eq!(cache.stats().bytes, 0);
	let unread = || -> Result<Vec<u8>, Status> { unreachable!("the verdict is known") };
	assert!(cache.verdict(id(1), PROFILE_1, unread).unwrap().is_ok());
	assert!(cache.verdict(id(2), PROFILE_1, unread).unwrap().is_err());
	// Once it matures, its plan is wanted.
	let matures = head(items([1], WorkStage::Maturing));
	settle(&cache, Some(&matures), &[]);
	assert_eq!(pinned(&cache), [1]);
}

#[test]
fn the_most_urgent_comes_first_and_one_thing_a_pass() {
	let cache = PlanCache::new(1 << 30);
	let mut best = head(items([1], WorkStage::Queued));
	best.items.extend(items([2], WorkStage::Maturing));
	best.items.extend(items([3], WorkStage::Resident));
	let mut fork = head(items([4], WorkStage::Queued));
	fork.items.extend(items([5, 2], WorkStage::Resident));
	let passes = settle(&cache, Some(&best), &[fork]);
	let order: Vec<u8> = passes
		.iter()
		.map(|pass| {
			assert_eq!(pass.attempts.len(), 1, "{pass:?}");
			pass.attempts[0].item.location.id.0[0]
		})
		.collect();
	assert_eq!(order, [3, 2, 5, 1, 4]);
	let left: Vec<u64> = passes.iter().map(|pass| pass.missing).collect();
	assert_eq!(left, [4, 3, 2, 1, 0]);
}

#[test]
fn a_file_that_cannot_be_read_holds_up_no_other_and_is_tried_again() {
	let cache = PlanCache::new(1 << 30);
	let best = Head {
		items: items([100, 1], WorkStage::Resident),
		read: below_100 as Read,
	};
	let pass = cache.follow(Some(&best), &[]);
	let outcomes: Vec<_> = pass.attempts.iter().map(|a| a.outcome.clone()).collect();
	assert_eq!(outcomes, [EnsureOutcome::Missing, EnsureOutcome::Ready]);
	assert_eq!((pass.missing, pass.next), (1, Next::Now));
	let pass = cache.follow(Some(&best), &[]);
	assert_eq!((pass.missing, pass.next), (1, Next::AfterPause));
	assert_eq!(pinned(&cache), [1]);
}

#[test]
fn a_profile_of_the_future_is_missed_but_not_tried_for_ever() {
	let cache = PlanCache::new(1 << 30);
	let mut best = head(items([1], WorkStage::Resident));
	best.items[0].profile = 2;
	let pass = cache.follow(Some(&best), &[]);
	assert_eq!(pass.attempts[0].outcome, EnsureOutcome::UnknownProfile);
	assert_eq!((pass.missing, pass.next), (1, Next::AfterImport));
	assert!(!cache.has_plan(&id(1), 2));
}

#[test]
fn what_leaves_the_working_set_falls_back_and_comes_back_unbuilt() {
	let cache = PlanCache::new(network_bytes() + 1024);
	let both = head(items(1..=2, WorkStage::Resident));
	let one = head(items([1], WorkStage::Resident));
	settle(&cache, Some(&both), &[]);
	settle(&cache, Some(&one), &[]);
	assert_eq!(pinned(&cache), [1]);
	assert!(cache.has_plan(&id(2), PROFILE_1));
	settle(&cache, Some(&both), &[]);
	assert_eq!(pinned(&cache), [1, 2]);
	assert_eq!(cache.stats().builds, 2);
	// And it goes once others are called.
	settle(&cache, Some(&one), &[]);
	call(&cache, 3);
	assert!(cache.stats().bytes <= 2 * network_bytes() + 1024);
	assert!(!cache.has_plan(&id(2), PROFILE_1));
}

#[test]
fn without_the_best_block_nothing_is_let_go_of() {
	let cache = PlanCache::new(1 << 30);
	let best = head(items(1..=2, WorkStage::Resident));
	settle(&cache, Some(&best), &[]);
	let fork = head(items([3], WorkStage::Resident));
	let last = settle(&cache, None, &[fork]).pop().unwrap();
	assert_eq!(last.next, Next::AfterPause, "the best block may come");
	assert_eq!(pinned(&cache), [1, 2, 3]);
}

#[test]
fn forks_pin_up_to_their_bound() {
	let mut cache = PlanCache::new(1 << 30);
	cache.max_fork_bytes = 2 * network_bytes();
	let best = head(items(1..=3, WorkStage::Resident));
	let fork = head(items(2..=9, WorkStage::Resident));
	let last = settle(&cache, Some(&best), std::slice::from_ref(&fork))
		.pop()
		.unwrap();
	assert_eq!((last.missing, last.next), (0, Next::AfterImport));
	assert_eq!(pinned(&cache), [1, 2, 3, 4, 5]);
	// The fork wins: all of it is pinned, and of what was best no more than the bound.
	let last = settle(&cache, Some(&fork), std::slice::from_ref(&best))
		.pop()
		.unwrap();
	assert_eq!(last.missing, 0);
	assert_eq!(pinned(&cache), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
	let forks = [head(items(20..=29, WorkStage::Maturing))];
	settle(&cache, Some(&best), &forks);
	assert_eq!(pinned(&cache), [1, 2, 3, 20, 21]);
}

#[test]
fn a_plan_too_large_for_the_cache_is_used_and_can_be_pinned() {
	let cache = PlanCache::new(1024);
	call(&cache, 1);
	call(&cache, 1);
	assert_eq!(cache.stats().builds, 2, "built in place each time");
	settle(&cache, Some(&head(items([1], WorkStage::Resident))), &[]);
	call(&cache, 1);
	assert_eq!(cache.stats().builds, 3);
}

#[test]
fn a_pinned_plan_answers_admission_too() {
	let cache = PlanCache::new(1 << 30);
	settle(&cache, Some(&head(items([1], WorkStage::Resident))), &[]);
	let read = Cell::new(false);
	let verdict = cache.verdict(id(1), PROFILE_1, || {
		read.set(true);
		Err(Status::ModelMissing)
	});
	assert!(verdict.unwrap().is_ok() && !read.get());
}

/// A prefetch at a block whose state has been pruned, and a block that waits for its build.
#[test]
fn a_block_reads_for_itself_what_another_thread_failed_to_read() {
	let cache = Arc::new(PlanCache::new(1 << 30));
	let (started, wait) = mpsc::channel();
	let prefetch = {
		let cache = cache.clone();
		thread::spawn(move || {
			cache.entry(id(1), PROFILE_1, || {
				started.send(()).unwrap();
				// Long enough for the other thread to begin to wait.
				thread::sleep(Duration::from_millis(200));
				Err(Status::ModelMissing)
			})
		})
	};
	wait.recv().unwrap();
	let block = cache.entry(id(1), PROFILE_1, || Ok(NETWORK.to_vec()));
	assert!(matches!(&*block.unwrap(), Entry::Ready { .. }));
	assert_eq!(prefetch.join().unwrap().err(), Some(Status::ModelMissing));
}
