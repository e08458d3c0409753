//! Plans and verdicts, remembered by (model, profile), bounded in bytes.
//!
//! ```text
//!   pinned     plans of the models that may be called or mature, on the chain's heads. The chain
//!              bounds their bytes. The node's prefetch puts them here and takes them away, and
//!              nothing else does
//!   recent     plans of all other models that were called: dry runs at old blocks, blocks of a
//!              full sync. The least recently used goes first
//!   verdicts   what admission finds of a file. Its plan is not kept: anyone may queue files, and
//!              what anyone may do must not push out what a block needs
//! ```
//!
//! A miss builds in place, once, whoever asks first: a block, a dry run or the node's prefetch;
//! the others wait for it. What is here, or is not, changes time and nothing else: the engine is
//! a pure function, and a weight comes from the report that the chain stores.

use std::{
	collections::HashMap,
	sync::{
		atomic::{AtomicU64, Ordering},
		Arc, OnceLock,
	},
};

use moka::{notification::RemovalCause, policy::EvictionPolicy, sync::Cache};
use noema_engine::{Plan, Profile1};
use noema_primitives::{ModelId, ModelLocation, ModelReport, Refusal, PROFILE_1};
use parking_lot::RwLock;

use super::{convert, single_flight::get_or_make, working_set::MAX_FORK_BYTES};
use crate::Status;

const LOG_TARGET: &str = "noema::precompile";

/// Bytes of the plans kept beside the pinned ones, unless [`PlanCache::configure`] says otherwise.
pub const DEFAULT_MAX_BYTES: u64 = 1 << 30;

/// Verdicts kept. One takes some KiB.
pub(super) const MAX_VERDICTS: u64 = 1024;

/// What a cached model is charged beside its plan: report, bookkeeping.
const ENTRY_OVERHEAD: u64 = 16 * 1024;

/// A model under a profile.
pub(super) type Key = (ModelId, u16);

/// What admission finds of a file.
pub(crate) type Verdict = Result<ModelReport, Refusal>;

/// What the host knows of a model under a profile.
#[derive(Debug)]
// An entry lies behind an `Arc` of its own, and refused models are few.
#[allow(clippy::large_enum_variant)]
pub(crate) enum Entry {
	/// It runs.
	Ready {
		/// The report as the chain stores it.
		report: ModelReport,
		/// The executable form.
		plan: Plan,
	},
	/// It is no model.
	Refused(Refusal),
}

impl Entry {
	fn build(file: &[u8]) -> Self {
		match Profile1.build_described(file) {
			Ok((plan, steps)) => match convert::report(plan.report(), steps.as_ref().ok()) {
				Some(report) => Self::Ready { report, plan },
				None => Self::Refused(convert::interface_refusal()),
			},
			Err(error) => Self::Refused(convert::refusal(&error)),
		}
	}

	/// Bytes that the entry is charged.
	pub(super) fn bytes(&self) -> u64 {
		match self {
			Self::Ready { report, .. } => report.plan_bytes.saturating_add(ENTRY_OVERHEAD),
			Self::Refused(_) => ENTRY_OVERHEAD,
		}
	}

	/// What admission finds.
	pub(crate) fn verdict(&self) -> Verdict {
		match self {
			Self::Ready { report, .. } => Ok(report.clone()),
			Self::Refused(refusal) => Err(refusal.clone()),
		}
	}
}

/// How the cache does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
	/// Bytes of the plans held, pinned ones included.
	pub bytes: u64,
	/// Bytes of the pinned plans.
	pub pinned_bytes: u64,
	/// Plans and verdicts held.
	pub entries: u64,
	/// Plans held, pinned ones included.
	pub plans: u64,
	/// Calls that found what they needed.
	pub hits: u64,
	/// Calls that did not.
	pub misses: u64,
	/// Plans built, or files refused.
	pub builds: u64,
	/// Plans that were pushed out for want of room.
	pub evictions: u64,
}

/// The process-wide cache; see [`plan_cache`].
#[derive(Debug)]
pub struct PlanCache {
	pub(super) pinned: RwLock<HashMap<Key, Arc<Entry>>>,
	pub(super) recent: Cache<Key, Arc<Entry>>,
	pub(super) verdicts: Cache<Key, Arc<Verdict>>,
	pub(super) max_fork_bytes: u64,
	hits: AtomicU64,
	misses: AtomicU64,
	builds: AtomicU64,
	evictions: Arc<AtomicU64>,
}

static CACHE: OnceLock<PlanCache> = OnceLock::new();

/// The cache of this process, [`DEFAULT_MAX_BYTES`] large unless it was configured before.
pub fn plan_cache() -> &'static PlanCache {
	CACHE.get_or_init(|| PlanCache::new(DEFAULT_MAX_BYTES))
}

impl PlanCache {
	/// A cache of at most `max_bytes` bytes of plans beside the pinned ones. The least recently
	/// used goes first.
	pub fn new(max_bytes: u64) -> Self {
		// Weighed in KiB: a weight is 32 bits wide. The policy must be LRU: moka's own would let a
		// plan in only if it is asked for more often than what it would push out.
		let evictions = Arc::<AtomicU64>::default();
		let counted = evictions.clone();
		let recent = Cache::builder()
			.eviction_listener(move |_, _, cause| {
				if cause == RemovalCause::Size {
					counted.fetch_add(1, Ordering::Relaxed);
				}
			})
			.max_capacity(max_bytes / 1024)
			.weigher(|_, entry: &Arc<Entry>| {
				u32::try_from(entry.bytes().div_ceil(1024)).unwrap_or(u32::MAX)
			})
			.eviction_policy(EvictionPolicy::lru())
			.build();
		let verdicts = Cache::builder()
			.max_capacity(MAX_VERDICTS)
			.eviction_policy(EvictionPolicy::lru())
			.build();
		Self {
			pinned: RwLock::default(),
			recent,
			verdicts,
			max_fork_bytes: MAX_FORK_BYTES,
			hits: 0.into(),
			misses: 0.into(),
			builds: 0.into(),
			evictions,
		}
	}

	/// Sets the size of the cache of this process. False if it is in use already.
	pub fn configure(max_bytes: u64) -> bool {
		CACHE.set(Self::new(max_bytes)).is_ok()
	}

	/// Whether a call of this model would find its plan.
	pub fn has_plan(&self, model: &ModelId, profile: u16) -> bool {
		let key = (*model, profile);
		self.pinned.read().contains_key(&key) || self.recent.contains_key(&key)
	}

	/// Forgets everything, so that a benchmark measures the slow way.
	pub fn clear(&self) {
		self.pinned.write().clear();
		self.recent.invalidate_all();
		self.recent.run_pending_tasks();
		self.verdicts.invalidate_all();
		self.verdicts.run_pending_tasks();
	}

	/// How the cache does.
	pub fn stats(&self) -> CacheStats {
		self.recent.run_pending_tasks();
		self.verdicts.run_pending_tasks();
		let pinned = self.pinned.read();
		let pinned_bytes = pinned.values().map(|entry| entry.bytes()).sum();
		CacheStats {
			bytes: self.recent.weighted_size() * 1024 + pinned_bytes,
			pinned_bytes,
			entries: self.recent.entry_count() + self.verdicts.entry_count() + pinned.len() as u64,
			plans: self.recent.entry_count() + pinned.len() as u64,
			hits: self.hits.load(Ordering::Relaxed),
			misses: self.misses.load(Ordering::Relaxed),
			builds: self.builds.load(Ordering::Relaxed),
			evictions: self.evictions.load(Ordering::Relaxed),
		}
	}

	/// The plan of a model. On a miss its file is read and the plan built, here and now, unless
	/// another thread is at it already, which is then waited for.
	///
	/// # Errors
	///
	/// Those of this caller's own `read`, never those of another thread's.
	pub(crate) fn entry(
		&self,
		model: ModelId,
		profile: u16,
		read: impl Fn() -> Result<Vec<u8>, Status>,
	) -> Result<Arc<Entry>, Status> {
		let key = known_profile(model, profile)?;
		let pinned = || self.pinned.read().get(&key).cloned();
		let built = std::cell::Cell::new(false);
		let entry = match pinned() {
			Some(entry) => entry,
			None => get_or_make(&self.recent, key, || {
				// It may have been pinned since, and so have left the others.
				if let Some(entry) = pinned() {
					return Ok(entry);
				}
				built.set(true);
				Ok(Arc::new(self.build(model, &read()?)))
			})?,
		};
		if built.get() {
			// moka lets go of what is too much when it finds the time. Plans are too large for that.
			self.recent.run_pending_tasks();
		}
		self.count(!built.get());
		Ok(entry)
	}

	/// What admission finds of a model. On a miss its file is read and its plan built as by
	/// [`entry`](Self::entry), and then dropped.
	///
	/// # Errors
	///
	/// Those of this caller's own `read`, never those of another thread's.
	pub(crate) fn verdict(
		&self,
		model: ModelId,
		profile: u16,
		read: impl Fn() -> Result<Vec<u8>, Status>,
	) -> Result<Arc<Verdict>, Status> {
		let key = known_profile(model, profile)?;
		let built = std::cell::Cell::new(false);
		let verdict = get_or_make(&self.verdicts, key, || {
			if let Some(entry) = self.held(&key) {
				return Ok(Arc::new(entry.verdict()));
			}
			built.set(true);
			Ok(Arc::new(self.build(model, &read()?).verdict()))
		})?;
		self.count(!built.get());
		Ok(verdict)
	}

	/// The plan of a model, if it is here.
	pub(super) fn held(&self, key: &Key) -> Option<Arc<Entry>> {
		let pinned = self.pinned.read().get(key).cloned();
		pinned.or_else(|| self.recent.get(key))
	}

	fn count(&self, hit: bool) {
		let counter = if hit { &self.hits } else { &self.misses };
		counter.fetch_add(1, Ordering::Relaxed);
	}

	fn build(&self, model: ModelId, file: &[u8]) -> Entry {
		let started = std::time::Instant::now();
		let entry = Entry::build(file);
		self.builds.fetch_add(1, Ordering::Relaxed);
		log::debug!(
			target: LOG_TARGET,
			"model {model}, {} bytes, built in {:?}: {}",
			file.len(),
			started.elapsed(),
			match &entry {
				Entry::Ready { .. } => "ready".to_string(),
				Entry::Refused(refusal) => format!("refused, {refusal:?}"),
			},
		);
		entry
	}
}

const fn known_profile(model: ModelId, profile: u16) -> Result<Key, Status> {
	match profile {
		PROFILE_1 => Ok((model, profile)),
		_ => Err(Status::UnknownProfile),
	}
}

/// Puts a file together from its chunks.
///
/// # Errors
///
/// [`Status::ModelMissing`] if they are not there, or not as long.
pub fn read_file(
	location: &ModelLocation,
	read_chunk: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Result<Vec<u8>, Status> {
	read_chunks(&location.chunk_prefix, location.size, read_chunk).ok_or(Status::ModelMissing)
}

/// Puts bytes together from their chunks; `None` if they are not there, or not as long.
pub(super) fn read_chunks(
	prefix: &[u8],
	size: u32,
	read_chunk: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
	let len = size as usize;
	let mut bytes = Vec::new();
	let mut key = prefix.to_vec();
	for index in 0..size.div_ceil(noema_primitives::CHUNK_SIZE) {
		key.truncate(prefix.len());
		key.extend_from_slice(&index.to_le_bytes());
		let value = read_chunk(&key)?;
		let mut chunk = &value[..];
		let chunk_len = <codec::Compact<u32> as codec::Decode>::decode(&mut chunk).ok()?;
		if chunk_len.0 as usize != chunk.len() || bytes.len() + chunk.len() > len {
			return None;
		}
		// Now that there is something: a size alone is but a claim.
		bytes.reserve_exact(if index == 0 { len } else { 0 });
		bytes.extend_from_slice(chunk);
	}
	(bytes.len() == len).then_some(bytes)
}
