//! # The registry of models
//!
//! The way of an ONNX file from a sequence of chunks to a model that a transaction may call.
//!
//! ```text
//!  begin_upload        submit           due block          stake, room          MaturityPeriod
//!  ----------> Uploading ----> Queued -----------> Dormant -----------> Maturing --------------+
//!   upload_chunk |                |    admitted     ^  ^                    |                  v
//!                |                |                 |  +--------------------+              Resident
//!                |                | refused         |     stake has left                    |  ^
//!                |                |                 |                               notice  v  |
//!                |                |                 +------------------------------------ Leaving
//!                |                |                       ResidencyNotice
//!                | cancel         |
//!                | expiry         |          remove_model, remove_content: any admitted model
//!                +----------------+-------> Removing
//!                                              | jobs that need the bytes end;
//!                                              v chunks go step by step
//!                                           (unknown)
//! ```
//!
//! Where stake does not decide ([`ModelStake::decides`]),
//! no model is ever dormant or leaving: an admitted one matures at once, and becomes resident. One that
//! finds no room goes back to the uploads.
//!
//! ## Key terms
//!
//! * **Model**: a file, named by its BLAKE3 hash ([`ModelId`]), as `b3sum` prints it.
//! * **Chunk**: [`CHUNK_SIZE`] bytes of it, a whole subtree of the file's BLAKE3 tree. The
//!   subtree's value is kept until admission, so that `submit` checks the hash of the whole file
//!   without reading it again.
//! * **Admission**: the chain takes the report of the file through [`Config::Admission`], at a
//!   height that leaves every node time to work it out in the background.
//! * **Plan room**: the bytes of plans that nodes must hold. Working models, which are the maturing,
//!   the resident and the leaving ones, together take at most [`Config::MaxResidentBytes`], maturing
//!   ones at most [`Config::MaxMaturingBytes`].
//! * **Covered**: a model to which hosts have committed at least what its plan and its runs require
//!   ([`Config::Hosting`]). Only covered models get plan room.
//! * **Contender**: a covered dormant model, which waits for plan room.
//! * **Claim**: the stake behind a model for each byte of room that it takes. If there is not room
//!   for all, a contender displaces resident models whose claims are strictly less, the least first.
//! * **Notice**: [`Config::ResidencyNotice`] blocks, in which a model that has lost its cover, or that
//!   another displaces, may still be called, and may win its place back.
//! * **Pin**: an open job's need of a model. A model that is removed keeps its bytes while there is
//!   one.
//! * **Deposit**: for the bytes of the file or of the plan, whichever are more. `begin_upload`
//!   takes it for the file, admission raises it; it returns when removal begins. An uploader who
//!   cannot pay what the plan takes is refused (`DepositTooSmall`), as a bad file is.
//! * **Release**: `owner/name@version`, pointing at a model for ever, at a royalty. Anybody may
//!   release any admitted model.
//!
//! ## Uploads and blocks
//!
//! [`CheckUploads`] bounds the bytes of chunks in a block. A chunk beyond the bound stays in the
//! pool and costs nothing. It also gives each chunk of a top-level call a permit, without which
//! [`upload_chunk`](Pallet::upload_chunk) fails: chunks inside a batch, a proxied, a scheduled or a
//! sudo call would evade the bound.
//!
//! ## Work outside of calls
//!
//! `on_initialize` ends maturities, expires uploads, admits at most one model, looks at models whose
//! stake has changed, ends notices, lets in one contender or gives notice to one model for it, ends one
//! job on a model that was removed for its content, and removes chunks, each up to a fixed number per
//! block. What is left is taken up in the next block. A block that admits a file so large that blocks
//! without an admission follow leaves three things to these: ends of notices, ends of jobs, and telling
//! hosting that a model is gone.
//!
//! What a file asks of admission is bounded by its size and by the engine's caps on what it may
//! compute from constants; [`WeightInfo::admit`] charges both. `submit` weighs as much, so that
//! whoever asks for an admission pays for it, whatever it finds. A refused file gets its deposit
//! back, and may come again at the same price. After a file of more than
//! [`Config::AdmissionBytesPerBlock`] no other is taken for as many blocks as it fills.
//!
//! ## Limitations
//!
//! * The id of a file is taken as soon as somebody begins to upload it, with or without the file,
//!   and with whatever size: the chain cannot know the size that belongs to a hash. So an id may be
//!   squatted for the deposit of one byte. The upload is dropped after
//!   [`Config::UploadIdleTimeout`] blocks without a chunk, after [`Config::UploadLifetime`] at
//!   the latest, but may be begun again, for a fee. Who finds an id taken can wait, or change a
//!   byte of the file that does not matter, such as its `doc_string`, and so its id.
//! * The deposit of an upload returns when its removal begins; until its last chunk is gone it
//!   still counts against [`Config::MaxTotalBytes`], and its id cannot be used again.
//! * At most 32 models contend for room, those with the greatest claims. Others are looked at again
//!   when their stake changes.
//! * A model that was removed for its content stays banned, until the ban is lifted: its 32 bytes
//!   are kept for ever.
//! * The tombstone of a retired release stays for ever, so that nobody finds other bytes under
//!   a name and version that they trusted; so does the deposit for its bytes.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod admission;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod content;
mod contest;
mod extension;
mod pins;
mod plan_room;
mod registry;
mod releases;
mod removal;
mod residency;
#[cfg(any(feature = "std", feature = "try-runtime", test))]
mod try_state;
mod types;
mod upload;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::{BenchmarkHelper, OnnxFiles};
pub use extension::{rejection, CheckUploads};
pub use pallet::*;
pub use types::{
	BalanceOf, Cause, Chunk, Contender, MaturingModel, MaxChunks, ModelRecord, ModelRecordOf,
	Notice, QueueEnds, QueuedModel, RefusalRecord, ReleaseInfoOf, ReleaseRecord, ReleaseRecordOf,
	RemovalProgress, SubtreeValue, WorkingModel, WorkingStage,
};
pub use weights::WeightInfo;

use noema_primitives::{
	hosting::ModelStake, jobs::Voiding, ModelAdmission, ModelId, ModelReport, Refusal, ReleaseId,
	ReleaseName, ReleaseVersion, CHUNK_SIZE,
};

/// The target of this pallet's log lines.
pub(crate) const LOG_TARGET: &str = "runtime::models";

/// The registry of models.
#[frame_support::pallet]
// The macro makes types for the storage prefixes without it.
#[allow(missing_debug_implementations)]
pub mod pallet {
	use super::*;
	use frame_support::{
		dispatch::WithPostDispatchInfo,
		pallet_prelude::*,
		traits::{fungible, Consideration, Footprint},
	};
	use frame_system::pallet_prelude::*;

	/// The in-code storage version.
	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the runtime decides.
	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// The weights of calls and hook steps.
		type WeightInfo: WeightInfo;

		/// The token in which royalties are given.
		type Currency: fungible::Inspect<Self::AccountId>;

		/// The deposit for a model: a footprint of one item of the file's size or, once it is
		/// admitted or waits for room to mature in, of its plan's size, if that is more.
		type UploadConsideration: Consideration<Self::AccountId, Footprint>;

		/// The deposit for a release: a footprint of one item of the largest size that a release
		/// has in storage; once it is retired, of this one's size.
		type ReleaseConsideration: Consideration<Self::AccountId, Footprint>;

		/// Works out what a file is.
		type Admission: ModelAdmission;

		/// Whether there is stake behind a model; `()` if that does not matter.
		type Hosting: ModelStake;

		/// Ends open jobs on a model that is removed for its content; `()` if there are none.
		type Voiding: Voiding;

		/// Who removes models for their content.
		type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// The numerics profile under which models are admitted.
		#[pallet::constant]
		type Profile: Get<u16>;

		/// The largest file, in bytes.
		#[pallet::constant]
		type MaxModelSize: Get<u32>;

		/// The most bytes of models that the chain stores, uploads and removals in progress
		/// included at their full size.
		#[pallet::constant]
		type MaxTotalBytes: Get<u64>;

		/// The most bytes of plans, of all working models together.
		#[pallet::constant]
		type MaxResidentBytes: Get<u64>;

		/// The most bytes of plans that mature at the same time.
		#[pallet::constant]
		type MaxMaturingBytes: Get<u64>;

		/// The most working models.
		#[pallet::constant]
		type MaxResidentModels: Get<u32>;

		/// The most bytes of chunks in one block.
		#[pallet::constant]
		type MaxUploadBytesPerBlock: Get<u32>;

		/// Blocks after which an upload that was not submitted is dropped.
		#[pallet::constant]
		type UploadLifetime: Get<BlockNumberFor<Self>>;

		/// Blocks after which an upload is dropped if no chunk of it has come meanwhile.
		#[pallet::constant]
		type UploadIdleTimeout: Get<BlockNumberFor<Self>>;

		/// Blocks between the submission of an empty file and its admission. Larger files wait
		/// one block longer for each [`AdmissionBytesPerBlock`](Self::AdmissionBytesPerBlock).
		#[pallet::constant]
		type AdmissionDelay: Get<BlockNumberFor<Self>>;

		/// Bytes for which a submitted file waits one block longer, and for which no file is
		/// admitted for one block more after it.
		#[pallet::constant]
		type AdmissionBytesPerBlock: Get<u32>;

		/// Blocks between that in which a model gets plan room and the first one in which it may be
		/// called.
		#[pallet::constant]
		type MaturityPeriod: Get<BlockNumberFor<Self>>;

		/// Blocks between a notice and the first one in which the model may not be called any more.
		#[pallet::constant]
		type ResidencyNotice: Get<BlockNumberFor<Self>>;

		/// The most models that wait for admission.
		#[pallet::constant]
		type MaxQueue: Get<u32>;

		/// How many refusals are kept for readers.
		#[pallet::constant]
		type RefusalsKept: Get<u32>;

		/// What the benchmarks need.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkHelper: BenchmarkHelper;
	}

	/// Why tokens are held.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// The bytes of a model.
		Model,
		/// A release.
		Release,
	}

	/// All models that the chain knows, whatever their stage.
	#[pallet::storage]
	pub type Models<T: Config> = StorageMap<_, Identity, ModelId, ModelRecordOf<T>>;

	/// The bytes of models: chunk `i` of a model has the key `prefix ++ model id ++ i`, `i` as
	/// four bytes, little endian.
	#[pallet::storage]
	pub type Chunks<T: Config> = StorageDoubleMap<_, Identity, ModelId, Identity, u32, Chunk>;

	/// The BLAKE3 subtree values of the chunks that have arrived, until admission.
	#[pallet::storage]
	pub type Subtrees<T: Config> = StorageMap<
		_,
		Identity,
		ModelId,
		BoundedVec<Option<SubtreeValue>, MaxChunks<T>>,
		ValueQuery,
	>;

	/// The reports of admitted models, until their bytes go.
	#[pallet::storage]
	pub type Reports<T: Config> = StorageMap<_, Identity, ModelId, ModelReport>;

	/// The sum of the sizes of all models.
	#[pallet::storage]
	pub type TotalBytes<T: Config> = StorageValue<_, u64, ValueQuery>;

	/// The uploads that expire at a block.
	#[pallet::storage]
	pub type Expiries<T: Config> =
		StorageDoubleMap<_, Twox64Concat, BlockNumberFor<T>, Identity, ModelId, ()>;

	/// The first block whose expiries are not all dealt with, if that is not the next one.
	#[pallet::storage]
	pub type ExpiryBacklog<T: Config> = StorageValue<_, BlockNumberFor<T>>;

	/// The models that wait for admission, in the order in which they will be taken.
	#[pallet::storage]
	pub type AdmissionQueue<T: Config> =
		StorageValue<_, BoundedVec<QueuedModel<BlockNumberFor<T>>, T::MaxQueue>, ValueQuery>;

	/// The first block in which another file may be taken for admission, after a large one.
	#[pallet::storage]
	pub type NextAdmission<T: Config> = StorageValue<_, BlockNumberFor<T>>;

	/// The models that mature, in the order in which they have got room.
	#[pallet::storage]
	pub type MaturingQueue<T: Config> = StorageValue<
		_,
		BoundedVec<MaturingModel<BlockNumberFor<T>>, T::MaxResidentModels>,
		ValueQuery,
	>;

	/// The models that mature, are resident, or are leaving, in the order in which they have got
	/// room.
	#[pallet::storage]
	pub type WorkingModels<T: Config> =
		StorageValue<_, BoundedVec<WorkingModel, T::MaxResidentModels>, ValueQuery>;

	/// The bytes of the plans of [`WorkingModels`].
	#[pallet::storage]
	pub type WorkingBytes<T: Config> = StorageValue<_, u64, ValueQuery>;

	/// The models under notice, in the order in which they have got it.
	#[pallet::storage]
	pub type Notices<T: Config> =
		StorageValue<_, BoundedVec<Notice<BlockNumberFor<T>>, T::MaxResidentModels>, ValueQuery>;

	/// The dormant models that are covered and wait for room, in the order in which they have come.
	#[pallet::storage]
	pub type Contenders<T: Config> = StorageValue<
		_,
		BoundedVec<Contender, ConstU32<{ crate::residency::MAX_CONTENDERS }>>,
		ValueQuery,
	>;

	/// The models whose stake has changed, by their number in the queue.
	#[pallet::storage]
	pub type StakeChanges<T: Config> = StorageMap<_, Twox64Concat, u64, ModelId>;

	/// The ends of [`StakeChanges`].
	#[pallet::storage]
	pub type StakeQueue<T: Config> = StorageValue<_, QueueEnds, ValueQuery>;

	/// The models in [`StakeChanges`].
	#[pallet::storage]
	pub type StakeChanged<T: Config> = StorageMap<_, Identity, ModelId, ()>;

	/// How many open jobs need a model.
	#[pallet::storage]
	pub type Pins<T: Config> = StorageMap<_, Identity, ModelId, u32, ValueQuery>;

	/// The models that were removed for their content, and may not come back.
	#[pallet::storage]
	pub type Banned<T: Config> = StorageMap<_, Identity, ModelId, ()>;

	/// Those of them on which jobs are open, which end one by one.
	#[pallet::storage]
	pub type Voids<T: Config> =
		StorageValue<_, BoundedVec<ModelId, ConstU32<{ crate::content::MAX_VOIDS }>>, ValueQuery>;

	/// The last refusals, the newest last.
	#[pallet::storage]
	pub type Refusals<T: Config> =
		StorageValue<_, BoundedVec<RefusalRecord<BlockNumberFor<T>>, T::RefusalsKept>, ValueQuery>;

	/// The models whose chunks are being removed, by their number in the queue.
	#[pallet::storage]
	pub type RemovalQueue<T: Config> = StorageMap<_, Twox64Concat, u64, ModelId>;

	/// How far removals have come.
	#[pallet::storage]
	pub type Removals<T: Config> = StorageValue<_, RemovalProgress, ValueQuery>;

	/// Releases by owner, name and version; retired ones stay.
	#[pallet::storage]
	pub type Releases<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Blake2_128Concat,
		(ReleaseName, ReleaseVersion),
		ReleaseRecordOf<T>,
	>;

	/// The releases that point at a model, by whether they are retired.
	#[pallet::storage]
	pub type ReleasesOf<T: Config> = StorageNMap<
		_,
		(
			NMapKey<Identity, ModelId>,
			NMapKey<Identity, bool>,
			NMapKey<Blake2_128Concat, ReleaseId<T::AccountId>>,
		),
		(),
	>;

	/// Bytes of chunks in this block so far.
	#[pallet::storage]
	#[pallet::whitelist_storage]
	pub type BlockUploadBytes<T: Config> = StorageValue<_, u32, ValueQuery>;

	/// Whether the extrinsic that is being applied is an `upload_chunk` that has passed
	/// [`CheckUploads`] and has not stored its chunk yet.
	#[pallet::storage]
	#[pallet::whitelist_storage]
	pub type UploadPermit<T: Config> = StorageValue<_, (), OptionQuery>;

	/// What happened to models and releases.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// An upload has begun.
		UploadStarted {
			/// The model.
			model: ModelId,
			/// Who uploads it and pays the deposit.
			owner: T::AccountId,
			/// Bytes of the file.
			size: u32,
			/// The block at which the upload is dropped, unless a chunk comes before.
			expires: BlockNumberFor<T>,
		},
		/// A chunk was stored.
		ChunkUploaded {
			/// The model.
			model: ModelId,
			/// The chunk's number.
			index: u32,
		},
		/// A complete file waits for admission.
		ModelQueued {
			/// The model.
			model: ModelId,
			/// The first block that may take the admission.
			admission: BlockNumberFor<T>,
		},
		/// The uploader has given an upload up.
		UploadCancelled {
			/// The model.
			model: ModelId,
		},
		/// No chunk of an upload has come for too long, or it was not submitted in time.
		UploadExpired {
			/// The model.
			model: ModelId,
		},
		/// A model was admitted. It is dormant, until it matures.
		ModelAdmitted {
			/// The model.
			model: ModelId,
			/// Bytes that its plan takes of the plan room.
			plan_bytes: u64,
		},
		/// A model has got plan room: nodes build its plan.
		ModelMaturing {
			/// The model.
			model: ModelId,
			/// The first block in which it may be called, if it is covered then.
			resident: BlockNumberFor<T>,
		},
		/// The file is no model, or its uploader cannot pay for its plan. Its deposit has
		/// returned, its chunks go.
		ModelRefused {
			/// The model.
			model: ModelId,
			/// Why.
			refusal: Refusal,
		},
		/// A model is fit for admission, and waits until enough of the maturing models are done.
		AdmissionDeferred {
			/// The model.
			model: ModelId,
		},
		/// A model is fit for admission, but the plan room is taken. It is back among the
		/// uploads; its owner may submit it again once there is room.
		NoRoom {
			/// The model.
			model: ModelId,
			/// Bytes that its plan would take.
			plan_bytes: u64,
			/// The block at which what was uploaded is dropped, unless submitted again.
			expires: BlockNumberFor<T>,
		},
		/// A model may be called from this block on.
		ModelResident {
			/// The model.
			model: ModelId,
		},
		/// A resident model is to leave.
		NoticeGiven {
			/// The model.
			model: ModelId,
			/// The first block in which it may not be callable, unless it wins its place back.
			until: BlockNumberFor<T>,
			/// Why.
			cause: Cause,
		},
		/// A model under notice has won its place back: it is resident.
		NoticeWithdrawn {
			/// The model.
			model: ModelId,
		},
		/// A model that was working is dormant: it may not be called, and gives its plan room back.
		ModelDormant {
			/// The model.
			model: ModelId,
		},
		/// A model is not callable any more, and its chunks go, once no job needs them.
		ModelRemovalStarted {
			/// The model.
			model: ModelId,
		},
		/// The last chunk of a model is gone; its id may be used again.
		ModelRemoved {
			/// The model.
			model: ModelId,
		},
		/// A model has got a name by which it may be called.
		ModelReleased {
			/// The name.
			release: ReleaseId<T::AccountId>,
			/// The model.
			model: ModelId,
			/// What the owner earns from each inference.
			royalty: BalanceOf<T>,
		},
		/// A release was withdrawn by its owner, or because its model was removed for its content. The
		/// deposit is now that of its tombstone.
		ReleaseRetired {
			/// The release.
			release: ReleaseId<T::AccountId>,
		},
		/// A model may not be on the chain for its content. If it was, it goes.
		ContentBanned {
			/// The model.
			model: ModelId,
		},
		/// A model that was banned may be uploaded again.
		BanLifted {
			/// The model.
			model: ModelId,
		},
	}

	/// Why a call failed.
	#[pallet::error]
	pub enum Error<T> {
		/// A file has at least one byte.
		EmptyModel,
		/// The file is larger than `MaxModelSize`.
		ModelTooLarge,
		/// The chain knows this model already: it is uploaded, or being uploaded.
		ModelExists,
		/// An earlier upload of this model is still being removed; try again some blocks later.
		RemovalInProgress,
		/// The chain's storage for models, `MaxTotalBytes`, is taken; wait until models are
		/// removed.
		NoStorageRoom,
		/// The chain knows no such model.
		UnknownModel,
		/// The model is not being uploaded: it is complete, or being removed.
		NotUploading,
		/// Only the account that uploads the model may do that.
		NotUploader,
		/// A chunk can only be uploaded by an extrinsic of its own, not inside another call.
		NestedUpload,
		/// The file has fewer chunks.
		ChunkIndexOutOfRange,
		/// All chunks but the last have exactly 512 KiB; the last has the rest of the file.
		WrongChunkLength,
		/// This chunk has been uploaded already.
		ChunkExists,
		/// Not all chunks have been uploaded yet.
		IncompleteUpload,
		/// The uploaded bytes do not hash to the model's id. Cancel the upload and begin again
		/// with the id that `b3sum` prints for the file.
		HashMismatch,
		/// Too many models wait for admission; try again some blocks later.
		QueueFull,
		/// The model is not admitted, or is being removed.
		ModelNotAdmitted,
		/// There are releases of the model that are not retired.
		ModelHasReleases,
		/// A name has 1 to 64 characters of `a-z`, `0-9`, `-`, `_` and `.`.
		InvalidName,
		/// A version has 1 to 32 characters of `a-z`, `A-Z`, `0-9`, `-`, `+` and `.`.
		InvalidVersion,
		/// The owner has used this name and version before; releases never change.
		ReleaseExists,
		/// The caller owns no release of this name and version.
		UnknownRelease,
		/// The release is retired already.
		AlreadyRetired,
		/// The model was removed for its content, and may not be uploaded again.
		ContentBanned,
		/// The model is banned already.
		AlreadyBanned,
		/// The model is not banned.
		NotBanned,
		/// Jobs on too many other models that were removed for their content are being ended; try
		/// again some blocks later.
		TooManyVoids,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(now: BlockNumberFor<T>) -> Weight {
			// Maturity first: it makes room for admissions.
			let weight = T::WeightInfo::on_initialize_idle()
				.saturating_add(T::WeightInfo::mature(Self::process_maturities(now)))
				.saturating_add(T::WeightInfo::expire(Self::process_expiries(now)));
			let admission = Self::process_admission(now);
			// Looks first: what they find makes notices and contenders. Notices make room for these.
			let weight = weight
				.saturating_add(admission.weight)
				.saturating_add(T::WeightInfo::look(Self::process_stake_changes(now)))
				.saturating_add(match admission.large {
					true => Weight::zero(),
					false => T::WeightInfo::end_notice(Self::process_notices(now)),
				})
				.saturating_add(match Self::process_contenders(now) {
					true => T::WeightInfo::contend(),
					false => Weight::zero(),
				});
			let voids = match admission.large {
				true => Weight::zero(),
				false => Self::process_voids(),
			};
			let removed = Self::process_removals(!admission.large);
			weight
				.saturating_add(voids)
				.saturating_add(removed.weight::<T::WeightInfo>())
		}

		fn on_finalize(_: BlockNumberFor<T>) {
			// The pool validates on the state that this block leaves behind: it must see an empty
			// block.
			BlockUploadBytes::<T>::kill();
		}

		fn integrity_test() {
			assert!(T::MaxModelSize::get() > 0, "MaxModelSize must not be 0");
			assert!(
				T::MaxTotalBytes::get() >= u64::from(T::MaxModelSize::get()),
				"MaxTotalBytes must hold a file of MaxModelSize"
			);
			assert!(
				T::MaxMaturingBytes::get() <= T::MaxResidentBytes::get(),
				"MaxMaturingBytes must not exceed MaxResidentBytes"
			);
			assert!(
				T::MaxUploadBytesPerBlock::get() >= CHUNK_SIZE,
				"MaxUploadBytesPerBlock must hold a chunk"
			);
			assert!(
				T::AdmissionBytesPerBlock::get() > 0,
				"AdmissionBytesPerBlock must not be 0"
			);
			assert!(T::MaxQueue::get() > 0, "MaxQueue must not be 0");
			assert!(
				T::MaxResidentModels::get() > 0,
				"MaxResidentModels must not be 0"
			);
			assert!(
				T::UploadLifetime::get() > 0u32.into(),
				"UploadLifetime must not be 0"
			);
			assert!(
				T::UploadIdleTimeout::get() > 0u32.into(),
				"UploadIdleTimeout must not be 0"
			);
			assert!(
				T::AdmissionDelay::get() > 0u32.into(),
				"AdmissionDelay must not be 0"
			);
			assert!(
				T::MaturityPeriod::get() > 0u32.into(),
				"MaturityPeriod must not be 0"
			);
			assert!(
				T::ResidencyNotice::get() > 0u32.into(),
				"ResidencyNotice must not be 0"
			);

			let weights = T::BlockWeights::get();
			assert!(
				Self::heaviest_hooks().all_lte(weights.max_block),
				"a block must have the weight for all that may be due in it"
			);
			let normal = frame_support::dispatch::DispatchClass::Normal;
			if let Some(max) = weights.get(normal).max_extrinsic {
				let chunk = T::WeightInfo::upload_chunk(CHUNK_SIZE);
				assert!(
					chunk.all_lte(max),
					"a block must have the weight for a chunk"
				);
				let submit = T::WeightInfo::submit(MaxChunks::<T>::get());
				assert!(
					submit.all_lte(max / 2),
					"a block must have the weight to submit a file"
				);
			}
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	impl<T: Config> Pallet<T> {
		/// The weight of a block in which as much is due as one block takes up.
		pub(crate) fn heaviest_hooks() -> Weight {
			use crate::{
				removal::REMOVALS_PER_BLOCK,
				residency::{LOOKS_PER_BLOCK, MATURITIES_PER_BLOCK, NOTICES_PER_BLOCK},
				upload::EXPIRIES_PER_BLOCK,
			};
			let retired = T::WeightInfo::retire().saturating_mul(REMOVALS_PER_BLOCK.into());
			let always = T::WeightInfo::on_initialize_idle()
				.saturating_add(T::WeightInfo::mature(MATURITIES_PER_BLOCK))
				.saturating_add(T::WeightInfo::expire(EXPIRIES_PER_BLOCK))
				.saturating_add(T::Hosting::admission_weight())
				.saturating_add(T::WeightInfo::look(LOOKS_PER_BLOCK))
				.saturating_add(T::WeightInfo::contend())
				.saturating_add(T::WeightInfo::remove_chunks(REMOVALS_PER_BLOCK))
				.saturating_add(retired);
			// Beside the admission of a large file, or without one.
			let large = T::WeightInfo::admit(T::MaxModelSize::get());
			let small = T::MaxModelSize::get().min(T::AdmissionBytesPerBlock::get());
			let small = T::WeightInfo::admit(small)
				.saturating_add(T::WeightInfo::end_notice(NOTICES_PER_BLOCK))
				.saturating_add(T::WeightInfo::void())
				.saturating_add(T::Voiding::heaviest())
				.saturating_add(T::Hosting::heaviest_removal());
			always.saturating_add(large.max(small))
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Begins the upload of a file of `size` bytes whose BLAKE3 hash is `model_id`.
		///
		/// The caller deposits for the whole file, and may then upload its chunks, in any order,
		/// until [`Config::UploadIdleTimeout`] blocks have passed without one, or
		/// [`Config::UploadLifetime`] blocks in all. Admission raises the deposit if the plan
		/// takes more bytes than the file.
		///
		/// # Errors
		///
		/// [`EmptyModel`](Error::EmptyModel), [`ModelTooLarge`](Error::ModelTooLarge),
		/// [`ModelExists`](Error::ModelExists), [`RemovalInProgress`](Error::RemovalInProgress),
		/// [`NoStorageRoom`](Error::NoStorageRoom); the deposit's own, such as
		/// `FundsUnavailable`.
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::begin_upload())]
		pub fn begin_upload(origin: OriginFor<T>, model_id: ModelId, size: u32) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_begin_upload(who, model_id, size)
		}

		/// Uploads chunk `index`, counted from 0: [`CHUNK_SIZE`] bytes, or what is left of the
		/// file for the last one.
		///
		/// It must be the extrinsic's own call and pass [`CheckUploads`]. A chunk that turns out
		/// to be wrong in a block is paid for like one that is right.
		///
		/// # Errors
		///
		/// [`NestedUpload`](Error::NestedUpload), [`UnknownModel`](Error::UnknownModel),
		/// [`NotUploading`](Error::NotUploading), [`NotUploader`](Error::NotUploader),
		/// [`ChunkIndexOutOfRange`](Error::ChunkIndexOutOfRange),
		/// [`WrongChunkLength`](Error::WrongChunkLength), [`ChunkExists`](Error::ChunkExists).
		///
		/// # Weight
		///
		/// Linear in the length of the chunk, which is hashed and stored.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::upload_chunk(bytes.len() as u32))]
		pub fn upload_chunk(
			origin: OriginFor<T>,
			model_id: ModelId,
			index: u32,
			bytes: Chunk,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_upload_chunk(who, model_id, index, bytes)
		}

		/// Queues a complete file for admission.
		///
		/// It is admitted or refused [`Config::AdmissionDelay`] blocks later, or one more for
		/// each [`Config::AdmissionBytesPerBlock`] of its size, or later if others wait. The caller
		/// should be able to deposit for the plan then: else the model is refused.
		///
		/// # Errors
		///
		/// [`UnknownModel`](Error::UnknownModel), [`NotUploading`](Error::NotUploading),
		/// [`NotUploader`](Error::NotUploader), [`IncompleteUpload`](Error::IncompleteUpload),
		/// [`HashMismatch`](Error::HashMismatch), [`QueueFull`](Error::QueueFull).
		///
		/// # Weight
		///
		/// Linear in the number of chunks, whose subtree values are merged, and in the size of the
		/// file, whose admission is paid here, whatever it finds: a constant for what any file may
		/// ask of it and a part for each byte, together at most half of what one normal extrinsic
		/// may weigh. A call that fails pays for no admission.
		#[pallet::call_index(2)]
		#[pallet::weight(Pallet::<T>::submit_weight(*model_id))]
		pub fn submit(origin: OriginFor<T>, model_id: ModelId) -> DispatchResultWithPostInfo {
			let call_weight = Self::submit_call_weight(model_id);
			ensure_signed(origin)
				.map_err(DispatchError::from)
				.and_then(|who| Self::do_submit(who, model_id))
				.map_err(|error| error.with_weight(call_weight))?;
			Ok(().into())
		}

		/// Gives up an upload, submitted or not, that is not admitted yet.
		///
		/// The deposit returns at once; the chunks go step by step.
		///
		/// # Errors
		///
		/// [`UnknownModel`](Error::UnknownModel), [`NotUploading`](Error::NotUploading),
		/// [`NotUploader`](Error::NotUploader).
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::cancel_upload())]
		pub fn cancel_upload(origin: OriginFor<T>, model_id: ModelId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_cancel_upload(who, model_id)
		}

		/// Releases an admitted model as `caller/name@version`, for a deposit.
		///
		/// A release never changes but for its retirement. It may be called from the next block
		/// on, if its model is resident by then. Anybody may release any model.
		///
		/// # Errors
		///
		/// [`InvalidName`](Error::InvalidName), [`InvalidVersion`](Error::InvalidVersion),
		/// [`UnknownModel`](Error::UnknownModel), [`ModelNotAdmitted`](Error::ModelNotAdmitted),
		/// [`ReleaseExists`](Error::ReleaseExists); the deposit's own, such as
		/// `FundsUnavailable`.
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::release())]
		pub fn release(
			origin: OriginFor<T>,
			model_id: ModelId,
			name: ReleaseName,
			version: ReleaseVersion,
			royalty: BalanceOf<T>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_release(who, model_id, name, version, royalty)
		}

		/// Withdraws the release `caller/name@version`, at once and for ever.
		///
		/// The name and version cannot be used again. What the tombstone takes in storage keeps its
		/// deposit; the rest returns.
		///
		/// # Errors
		///
		/// [`UnknownRelease`](Error::UnknownRelease), [`AlreadyRetired`](Error::AlreadyRetired).
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::retire())]
		pub fn retire(
			origin: OriginFor<T>,
			name: ReleaseName,
			version: ReleaseVersion,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_retire(who, name, version)
		}

		/// Removes an admitted model that the caller has uploaded and of which no releases are
		/// left but retired ones, whoever made them.
		///
		/// The deposit and the plan room return at once; the chunks go step by step, once no job
		/// needs them. The stake that is committed to it is free as soon as they begin to go.
		///
		/// # Errors
		///
		/// [`UnknownModel`](Error::UnknownModel), [`NotUploader`](Error::NotUploader),
		/// [`ModelNotAdmitted`](Error::ModelNotAdmitted) (cancel the upload instead),
		/// [`ModelHasReleases`](Error::ModelHasReleases).
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::remove_model())]
		pub fn remove_model(origin: OriginFor<T>, model_id: ModelId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_remove_model(who, model_id)
		}

		/// Removes a model whose content is unlawful, whatever its stage, and bans it for good. A
		/// model that the chain does not have is banned in advance.
		///
		/// The deposit and the plan room return at once. Open jobs on it end one by one, without
		/// blame; then the chunks go step by step; then the releases that point at it are retired.
		///
		/// # Errors
		///
		/// `BadOrigin`, [`AlreadyBanned`](Error::AlreadyBanned),
		/// [`TooManyVoids`](Error::TooManyVoids).
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(7)]
		#[pallet::weight(T::WeightInfo::remove_content())]
		pub fn remove_content(origin: OriginFor<T>, model_id: ModelId) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_remove_content(model_id)
		}

		/// Lifts the ban of a model. What has gone does not come back by itself: the file must be
		/// uploaded anew.
		///
		/// # Errors
		///
		/// `BadOrigin`, [`NotBanned`](Error::NotBanned).
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::lift_ban())]
		pub fn lift_ban(origin: OriginFor<T>, model_id: ModelId) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Banned::<T>::take(model_id).ok_or(Error::<T>::NotBanned)?;
			Self::deposit_event(Event::BanLifted { model: model_id });
			Ok(())
		}
	}
}
