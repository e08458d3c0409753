//! Plans and reports, remembered by (model, profile), bounded in bytes.
//!
//! A miss builds in place, once, whoever asks first: a block, a dry run or the node's prefetch;
//! the others wait for it. What is here, or is not, changes time and nothing else: the engine is
//! a pure function, and a weight comes from the report that the chain stores.

use std::{
	panic::{catch_unwind, AssertUnwindSafe},
	sync::{
		atomic::{AtomicU64, Ordering},
		Arc, OnceLock,
	},
};

use moka::{policy::EvictionPolicy, sync::Cache};
use noema_engine::{Engine, Plan, Profile1};
use noema_primitives::{ModelId, ModelLocation, ModelReport, Refusal, WorkItem, PROFILE_1};

use super::{call_kind::panic_message, convert};
use crate::Status;

const LOG_TARGET: &str = "noema::precompile";

/// Bytes of plans kept unless [`PlanCache::configure`] says otherwise.
pub const DEFAULT_MAX_BYTES: u64 = 4 << 30;

/// What a cached model is charged beside its plan: report, bookkeeping.
const ENTRY_OVERHEAD: u64 = 16 * 1024;

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
		match Profile1.build(file) {
			Ok(plan) => match convert::report(plan.report()) {
				Some(report) => Self::Ready { report, plan },
				None => Self::Refused(convert::interface_refusal()),
			},
			Err(error) => Self::Refused(convert::refusal(&error)),
		}
	}

	fn bytes(&self) -> u64 {
		match self {
			Self::Ready { report, .. } => report.plan_bytes.saturating_add(ENTRY_OVERHEAD),
			Self::Refused(_) => ENTRY_OVERHEAD,
		}
	}
}

/// How the cache does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
	/// Bytes of the plans held.
	pub bytes: u64,
	/// Models held, refused ones included.
	pub entries: u64,
	/// Calls that found what they needed.
	pub hits: u64,
	/// Calls that did not.
	pub misses: u64,
	/// Plans built, or files refused.
	pub builds: u64,
}

/// What [`PlanCache::ensure`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnsureOutcome {
	/// It was there, or is now.
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

/// The process-wide cache; see [`plan_cache`].
#[derive(Debug)]
pub struct PlanCache {
	entries: Cache<(ModelId, u16), Arc<Entry>>,
	hits: AtomicU64,
	misses: AtomicU64,
	builds: AtomicU64,
}

static CACHE: OnceLock<PlanCache> = OnceLock::new();

/// The cache of this process, [`DEFAULT_MAX_BYTES`] large unless it was configured before.
pub fn plan_cache() -> &'static PlanCache {
	CACHE.get_or_init(|| PlanCache::new(DEFAULT_MAX_BYTES))
}

impl PlanCache {
	/// A cache of at most `max_bytes` bytes of plans. The least recently used goes first.
	pub fn new(max_bytes: u64) -> Self {
		// Weighed in KiB: a weight is 32 bits wide.
		let entries = Cache::builder()
			.max_capacity(max_bytes / 1024)
			.weigher(|_, entry: &Arc<Entry>| {
				u32::try_from(entry.bytes().div_ceil(1024)).unwrap_or(u32::MAX)
			})
			.eviction_policy(EvictionPolicy::lru())
			.build();
		Self {
			entries,
			hits: 0.into(),
			misses: 0.into(),
			builds: 0.into(),
		}
	}

	/// Sets the size of the cache of this process. False if it is in use already.
	pub fn configure(max_bytes: u64) -> bool {
		CACHE.set(Self::new(max_bytes)).is_ok()
	}

	/// Whether a call of this model would find what it needs.
	pub fn contains(&self, model: &ModelId, profile: u16) -> bool {
		self.entries.contains_key(&(*model, profile))
	}

	/// Forgets everything, so that a benchmark measures the slow way.
	pub fn clear(&self) {
		self.entries.invalidate_all();
		self.entries.run_pending_tasks();
	}

	/// How the cache does.
	pub fn stats(&self) -> CacheStats {
		self.entries.run_pending_tasks();
		CacheStats {
			bytes: self.entries.weighted_size() * 1024,
			entries: self.entries.entry_count(),
			hits: self.hits.load(Ordering::Relaxed),
			misses: self.misses.load(Ordering::Relaxed),
			builds: self.builds.load(Ordering::Relaxed),
		}
	}

	/// Works out ahead what a block will need. Never panics; waits for a build under way.
	pub fn ensure(
		&self,
		item: &WorkItem,
		read_chunk: impl Fn(&[u8]) -> Option<Vec<u8>>,
	) -> EnsureOutcome {
		let _unwind = sp_panic_handler::AbortGuard::force_unwind();
		let entry = catch_unwind(AssertUnwindSafe(|| {
			self.entry(item.location.id, item.profile, || {
				read_file(&item.location, read_chunk)
			})
		}));
		match entry {
			Ok(Ok(entry)) => match &*entry {
				Entry::Ready { .. } => EnsureOutcome::Ready,
				Entry::Refused(refusal) => EnsureOutcome::Refused(refusal.clone()),
			},
			Ok(Err(Status::UnknownProfile)) => EnsureOutcome::UnknownProfile,
			Ok(Err(_)) => EnsureOutcome::Missing,
			Err(panic) => EnsureOutcome::Fault(panic_message(&*panic)),
		}
	}

	/// What is known of a model; on a miss its file is read and its plan built, here and now,
	/// unless another thread is at it already, which is then waited for.
	pub(crate) fn entry(
		&self,
		model: ModelId,
		profile: u16,
		read: impl FnOnce() -> Result<Vec<u8>, Status>,
	) -> Result<Arc<Entry>, Status> {
		if profile != PROFILE_1 {
			return Err(Status::UnknownProfile);
		}
		let mut missed = false;
		let entry = self
			.entries
			.try_get_with((model, profile), || {
				missed = true;
				let file = read()?;
				let started = std::time::Instant::now();
				let entry = Entry::build(&file);
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
				Ok(Arc::new(entry))
			})
			.map_err(|status: Arc<Status>| *status)?;
		let counter = if missed { &self.misses } else { &self.hits };
		counter.fetch_add(1, Ordering::Relaxed);
		Ok(entry)
	}
}

/// Puts a file together from its chunks.
pub(crate) fn read_file(
	location: &ModelLocation,
	read_chunk: impl Fn(&[u8]) -> Option<Vec<u8>>,
) -> Result<Vec<u8>, Status> {
	let size = location.size as usize;
	let mut file = Vec::with_capacity(size);
	let mut key = location.chunk_prefix.clone();
	for index in 0..location.size.div_ceil(noema_primitives::CHUNK_SIZE) {
		key.truncate(location.chunk_prefix.len());
		key.extend_from_slice(&index.to_le_bytes());
		let value = read_chunk(&key).ok_or(Status::ModelMissing)?;
		let mut chunk = &value[..];
		let len = <codec::Compact<u32> as codec::Decode>::decode(&mut chunk)
			.map_err(|_| Status::ModelMissing)?;
		if len.0 as usize != chunk.len() || file.len() + chunk.len() > size {
			return Err(Status::ModelMissing);
		}
		file.extend_from_slice(chunk);
	}
	if file.len() == size {
		Ok(file)
	} else {
		Err(Status::ModelMissing)
	}
}
