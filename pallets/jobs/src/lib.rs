//! # Jobs: lane 2, inference off the block
//!
//! For what is too heavy for a block. Somebody asks, hosts with a stake answer, anybody may
//! challenge, and where two answers differ the chain runs the one step on which they do.
//! **A majority of a committee never decides what is true.**
//!
//! ```text
//!  request          draw             commit          reveal        all alike
//!  -------> Drawing ----> Committing -----> Revealing ------> Challengeable ----> Done
//!              |            |   ^                |  two roots      |   ^   no challenge,
//!              | nobody     |   | refill         |               challenge   or audit alike
//!              v            v   |                v                 v   |
//!             Done        (no-shows)          Posting <------------+   | one root is left
//!                                                | leaves of all roots |
//!                                                v                     |
//!                                            Refereeing ---------------+
//!                                                | referee runs the first step that differs:
//!                                                +-> wrong roots are out; again, if more differ
//! ```
//!
//! ## Key terms
//!
//! * **Committee**: the hosts drawn for a job. Each has a *seat* and locks stake behind it.
//! * **Trace root**: the Merkle root over the leaves of a run
//!   ([`trace`](noema_primitives::trace)). Leaf 0 is the job's input, set by the chain; the last one
//!   is the answer's outputs.
//! * **Claim**: a trace root that somebody says is right: members who have revealed it, or one
//!   challenger with a bond. All who claim a root stand and fall with it.
//! * **Dispute**: two or more claims. Leaves are posted once for each root, by whoever has them; the
//!   first index on which they differ names a step whose inputs all agree on.
//! * **Audit**: a second committee, drawn by chance when the window of an answer closes.
//! * **Job time**: blocks, less those in which finality lagged ([`clock`]). All windows count in it.
//! * **Bounty**: what was taken from liars and not burnt; whoever is right at the end gets it.
//!
//! ## Why an honest party loses nothing
//!
//! * Its root's leaves are those that the referee computes from what all parties agree on, so no
//!   verdict ever puts it out. What others claim, post, or keep to themselves does not matter to it,
//!   as long as the leaves under its root are posted, by anybody, and the referee is called, by
//!   anybody.
//! * A member that holds its root with a silent or a lying one shares its leaves, not its fate: what
//!   counts is the root.
//! * Deadlines are the last block in which a call succeeds, and are taken up at the start of a later
//!   block, so nothing depends on the order of extrinsics within a block.
//! * After each dispute there is a window in which what is left may be challenged again. So neither
//!   a false challenge that comes first, nor a dispute between liars, uses up the right to challenge;
//!   each costs a bond.
//!
//! ## Why a requester gets nothing for free
//!
//! Answers are hidden until all who will answer have committed. After that a job ends without
//! payment only if no claim is left, or if nobody calls the referee; who is right can prevent both.
//!
//! ## Work outside of calls
//!
//! Each open job has one place in an agenda, at the job time of its next deadline. `on_initialize`
//! takes up a fixed number of them; what is left comes first in the next block, and calls look at
//! the deadline themselves, so a late one stays late.
//!
//! ## Limitations
//!
//! * Auditors can see the answer that stands, so a lazy one may repeat it. It earns its price if
//!   that is right, and loses its stake if anybody proves it wrong.
//! * The author of the last block of a draw knows the seed before its block is out, and may withhold
//!   the block. It gives up what the block earns, and draws one more time at most, for that slot.
//! * Whether finality lags is for the runtime to say; see [`Config::FinalityLags`].

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

mod answer;
mod beacon;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod blobs;
mod callback;
mod challenge;
pub mod clock;
mod commit;
mod convert;
mod draw;
mod leaves;
mod origin;
mod params;
mod penalty;
mod referee;
mod request;
mod reveal;
mod settle;
#[cfg(any(feature = "std", feature = "try-runtime", test))]
mod try_state;
mod types;
mod view;
mod void;
pub mod weights;

#[cfg(test)]
mod tests;

pub use origin::EnsureCallback;
pub use pallet::*;
pub use types::{
	AgendaItem, AnswerRecord, AnswerRecordOf, Audit, BalanceOf, Beacon, Blob, BlobOf, Callback,
	Chunk, Claim, ClaimOf, Claims, Drawable, Job, JobOf, Lane, LeafHashes, ParamsOf, ReleaseIdOf,
	Seat, SeatOf, Seats, TensorList, TensorsRecord, TensorsRecordOf, MAX_CLAIMS, MAX_SEATS,
};
pub use weights::WeightInfo;

/// The target of this pallet's log lines.
pub(crate) const LOG_TARGET: &str = "runtime::jobs";

/// The pallet.
#[frame_support::pallet]
// The macro makes types for storage items that have no `Debug`.
#[allow(missing_debug_implementations)]
pub mod pallet {
	use super::*;
	use alloc::boxed::Box;
	use frame_support::{
		dispatch::{GetDispatchInfo, PostDispatchInfo},
		pallet_prelude::*,
		traits::{fungible, Consideration, Contains, Footprint},
		PalletId,
	};
	use frame_system::pallet_prelude::*;
	use noema_primitives::{
		hosting::{JobStake, ModelCatalog, MAX_CANDIDATES},
		jobs::{Answer, Ending, JobReleases, OperandData, Payload},
		model::TensorSchema,
		tensor::MAX_TENSORS,
		trace::{Proof, Referee, MAX_STEP_TENSORS},
		Cost, JobId, Leaf, ModelId, StepSpec,
	};
	use sp_core::H256;
	use sp_runtime::traits::{Convert, Dispatchable};

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the pallet needs of the runtime.
	#[pallet::config]
	pub trait Config:
		frame_system::Config<RuntimeEvent: From<Event<Self>>, RuntimeOrigin: From<Origin>>
	{
		/// The weights of calls and hook steps.
		type WeightInfo: WeightInfo;

		/// Escrow, bonds and payments.
		type Currency: fungible::Mutate<Self::AccountId>
			+ fungible::MutateHold<Self::AccountId, Reason: From<HoldReason>>;

		/// The stake of hosts.
		type Hosting: JobStake<Self::AccountId, BalanceOf<Self>>;

		/// What is known of models.
		type Models: ModelCatalog<Self::AccountId>;

		/// What releases stand for.
		type Releases: JobReleases<Self::AccountId, BalanceOf<Self>>;

		/// Runs one step of a plan.
		type Referee: Referee;

		/// The weight of work of this cost.
		type CostToWeight: Convert<Cost, Weight>;

		/// The author of this block, as soon as its hooks run.
		type Author: Get<Option<Self::AccountId>>;

		/// The VRF output of the author of the parent block.
		type ParentRandomness: Get<Option<[u8; 32]>>;

		/// How many validators there are.
		type Validators: Get<u32>;

		/// Whether finality lags so far behind that no window may run on.
		type FinalityLags: Get<bool>;

		/// Who sets parameters and voids jobs.
		type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

		/// The deposit for what is stored of a job: inputs and outputs.
		type JobConsideration: Consideration<Self::AccountId, Footprint>;

		/// The deposit for a blob.
		type BlobConsideration: Consideration<Self::AccountId, Footprint>;

		/// What a job may call at its end.
		type Callback: Parameter
			+ Dispatchable<
				RuntimeOrigin = <Self as frame_system::Config>::RuntimeOrigin,
				PostInfo = PostDispatchInfo,
			> + GetDispatchInfo;

		/// Which callbacks are allowed.
		type CallbackFilter: Contains<Self::Callback>;

		/// The most that a callback may weigh.
		#[pallet::constant]
		type MaxCallbackWeight: Get<Weight>;

		/// Blocks between the end of a job and its callback, so that the end is final by then.
		#[pallet::constant]
		type CallbackDelay: Get<BlockNumberFor<Self>>;

		/// The most that one step may weigh for the referee to run it.
		#[pallet::constant]
		type MaxRefereeWeight: Get<Weight>;

		/// The most bytes of tensors that go into one step and come out of it.
		#[pallet::constant]
		type MaxStepBytes: Get<u64>;

		/// The most bytes that inputs or outputs may take, SCALE encoded.
		#[pallet::constant]
		type MaxPayloadBytes: Get<u32>;

		/// The most bytes that inputs or outputs may take in the call itself, SCALE encoded.
		#[pallet::constant]
		type MaxInlineBytes: Get<u32>;

		/// The most bytes of a blob.
		#[pallet::constant]
		type MaxBlobSize: Get<u32>;

		/// Blocks after which a blob goes to which no chunk has come, and that no job uses.
		#[pallet::constant]
		type BlobLifetime: Get<BlockNumberFor<Self>>;

		/// The most jobs that are open at a time.
		#[pallet::constant]
		type MaxOpenJobs: Get<u32>;

		/// The account in which bounties lie.
		#[pallet::constant]
		type PotId: Get<PalletId>;
	}

	/// Why tokens are held.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// What a requester has promised for answers.
		Escrow,
		/// What a challenger risks.
		Challenge,
		/// The bytes of a job.
		Job,
		/// The bytes of a blob.
		Blob,
	}

	/// Who calls a callback.
	#[pallet::origin]
	#[derive(
		Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
	)]
	pub enum Origin {
		/// The end of this job.
		Callback(JobId),
	}

	/// What governs jobs.
	#[pallet::storage]
	pub type Params<T: Config> = StorageValue<_, ParamsOf<T>, ValueQuery>;

	/// The number of the next job.
	#[pallet::storage]
	pub type NextJob<T: Config> = StorageValue<_, JobId, ValueQuery>;

	/// No job with a lower number is kept.
	#[pallet::storage]
	pub type OldestJob<T: Config> = StorageValue<_, JobId, ValueQuery>;

	/// Jobs, until the window of their result is over.
	#[pallet::storage]
	pub type Jobs<T: Config> = StorageMap<_, Twox64Concat, JobId, JobOf<T>>;

	/// The jobs that are not over.
	#[pallet::storage]
	pub type OpenJobs<T: Config> = CountedStorageMap<_, Twox64Concat, JobId, ()>;

	/// The committee and the auditors of each job. Of a job that is over: those who were right.
	#[pallet::storage]
	pub type Members<T: Config> = StorageMap<_, Twox64Concat, JobId, Seats<T>, ValueQuery>;

	/// The open jobs of each host.
	#[pallet::storage]
	pub type Assignments<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, JobId, ()>;

	/// The candidates of each open job that were not drawn yet, in the order in which they will be,
	/// once that is known.
	#[pallet::storage]
	pub type Order<T: Config> = StorageMap<
		_,
		Twox64Concat,
		JobId,
		BoundedVec<Drawable<T::AccountId, BalanceOf<T>>, ConstU32<MAX_CANDIDATES>>,
		ValueQuery,
	>;

	/// The trace roots that are claimed, of open jobs.
	#[pallet::storage]
	pub type ClaimsOf<T: Config> = StorageMap<_, Twox64Concat, JobId, Claims<T>, ValueQuery>;

	/// The inputs of open jobs, in the order of the schema.
	// Unbounded by its type, whose tensors may each be as long as an input of lane 1. What bounds it
	// is `MaxInlineBytes`.
	#[pallet::storage]
	#[pallet::unbounded]
	pub type Inputs<T: Config> = StorageMap<_, Twox64Concat, JobId, TensorsRecordOf<T>>;

	/// The schemas of the outputs of open jobs.
	#[pallet::storage]
	pub type Outputs<T: Config> = StorageMap<
		_,
		Twox64Concat,
		JobId,
		BoundedVec<TensorSchema, ConstU32<MAX_TENSORS>>,
		ValueQuery,
	>;

	/// The answers that are claimed, by trace root; of a job that is over, the right one.
	// Bounded as `Inputs`.
	#[pallet::storage]
	#[pallet::unbounded]
	pub type Answers<T: Config> =
		StorageDoubleMap<_, Twox64Concat, JobId, Identity, H256, AnswerRecordOf<T>>;

	/// The hashes of leaves that were posted, by trace root, of open jobs.
	#[pallet::storage]
	pub type Leaves<T: Config> =
		StorageDoubleMap<_, Twox64Concat, JobId, Identity, H256, LeafHashes>;

	/// Blobs by uploader and BLAKE3 hash.
	#[pallet::storage]
	pub type Blobs<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Identity, [u8; 32], BlobOf<T>>;

	/// The bytes of blobs: chunk `i` of a blob has the key `prefix ++ hashed (uploader, hash) ++ i`,
	/// `i` as four bytes, little endian.
	#[pallet::storage]
	pub type BlobChunks<T: Config> =
		StorageDoubleMap<_, Blake2_128Concat, (T::AccountId, [u8; 32]), Identity, u32, Chunk>;

	/// What is due, by queue and job time.
	#[pallet::storage]
	pub type Agenda<T: Config> = StorageDoubleMap<
		_,
		Twox64Concat,
		(Lane, BlockNumberFor<T>),
		Blake2_128Concat,
		AgendaItem<T::AccountId>,
		(),
	>;

	/// The first job time whose tasks are not all done, for queues that are behind.
	#[pallet::storage]
	pub type Backlog<T: Config> = StorageMap<_, Identity, Lane, BlockNumberFor<T>>;

	/// Blocks in which finality lagged: job time is the block's number less these.
	#[pallet::storage]
	pub type Paused<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

	/// What the latest blocks leave for draws, by the remainder of their numbers.
	#[pallet::storage]
	pub type Beacons<T: Config> =
		StorageMap<_, Identity, u32, Beacon<T::AccountId, BlockNumberFor<T>>>;

	/// The author of this block, or of the last one.
	#[pallet::storage]
	pub type LastAuthor<T: Config> = StorageValue<_, (BlockNumberFor<T>, T::AccountId)>;

	/// The callbacks of jobs that are open, or over since a short time.
	// What bounds it is `callback::MAX_BYTES`.
	#[pallet::storage]
	#[pallet::unbounded]
	pub type Callbacks<T: Config> = StorageMap<_, Twox64Concat, JobId, Callback<T::Callback>>;

	/// What governs jobs from genesis on.
	#[pallet::genesis_config]
	#[derive(frame_support::DefaultNoBound)]
	pub struct GenesisConfig<T: Config> {
		/// The parameters.
		pub params: ParamsOf<T>,
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			assert!(
				Pallet::<T>::are_sane(&self.params),
				"the parameters of jobs are out of range"
			);
			Params::<T>::put(&self.params);
			Pallet::<T>::found_pot();
		}
	}

	/// What happened to jobs and blobs. Blocks in it are as they will be if finality keeps up.
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// All chunks of a blob are there.
		BlobUploaded {
			/// Who has uploaded it.
			owner: T::AccountId,
			/// Its hash.
			hash: [u8; 32],
			/// Bytes.
			size: u32,
		},
		/// A blob is gone, and its deposit has returned.
		BlobRemoved {
			/// Who had uploaded it.
			owner: T::AccountId,
			/// Its hash.
			hash: [u8; 32],
		},
		/// Somebody asks.
		JobRequested {
			/// The job.
			job: JobId,
			/// Who asks.
			requester: T::AccountId,
			/// The model.
			model: ModelId,
			/// BLAKE2b-256 of the SCALE encoded inputs, in the order of the model's schema.
			input_hash: H256,
			/// Hosts asked for.
			committee: u8,
			/// What is in escrow.
			escrow: BalanceOf<T>,
		},
		/// Too few validators have authored the blocks of the draw; it goes on to later ones.
		DrawExtended {
			/// The job.
			job: JobId,
		},
		/// The committee is drawn, or filled up, or auditors are drawn.
		Drawn {
			/// The job.
			job: JobId,
			/// The new members.
			hosts: alloc::vec::Vec<T::AccountId>,
			/// Whether they audit.
			audit: bool,
			/// The last block in which they may commit.
			until: BlockNumberFor<T>,
		},
		/// The fixed share of an escrow is burnt.
		ShareBurnt {
			/// The job.
			job: JobId,
			/// How much.
			amount: BalanceOf<T>,
		},
		/// A member has committed.
		Committed {
			/// The job.
			job: JobId,
			/// Who.
			host: T::AccountId,
		},
		/// A member has not committed in time.
		NoShow {
			/// The job.
			job: JobId,
			/// Who.
			host: T::AccountId,
		},
		/// Nobody commits any more: those who have may reveal.
		RevealStarted {
			/// The job.
			job: JobId,
			/// The last block in which they may.
			until: BlockNumberFor<T>,
		},
		/// A member has revealed.
		Revealed {
			/// The job.
			job: JobId,
			/// Who.
			host: T::AccountId,
			/// Its trace root.
			trace_root: H256,
		},
		/// A member has committed, and has not revealed in time.
		NotRevealed {
			/// The job.
			job: JobId,
			/// Who.
			host: T::AccountId,
		},
		/// One answer stands, and anybody may challenge it.
		Answered {
			/// The job.
			job: JobId,
			/// Its trace root.
			trace_root: H256,
			/// The last block in which it may be challenged.
			until: BlockNumberFor<T>,
		},
		/// Somebody has bonded against the answer that stood.
		Challenged {
			/// The job.
			job: JobId,
			/// Who.
			challenger: T::AccountId,
			/// The root that they say is right.
			trace_root: H256,
		},
		/// There are two or more answers: their leaves are awaited.
		DisputeOpened {
			/// The job.
			job: JobId,
			/// How many answers.
			claims: u32,
			/// The last block in which leaves may be posted.
			until: BlockNumberFor<T>,
		},
		/// The leaves under a root are there.
		LeavesPosted {
			/// The job.
			job: JobId,
			/// The root.
			trace_root: H256,
		},
		/// The referee is awaited.
		RefereeAwaited {
			/// The job.
			job: JobId,
			/// The step: the first leaf on which the traces differ.
			step: u32,
			/// The last block in which the referee may be called.
			until: BlockNumberFor<T>,
		},
		/// The referee has run a step.
		Refereed {
			/// The job.
			job: JobId,
			/// The step.
			step: u32,
			/// The hash of the leaf that is right; none if what all parties agreed on before it is
			/// not what the plan's steps make.
			verdict: Option<H256>,
		},
		/// A root is out: its leaves were not posted, or are not what the referee computes.
		ClaimRefuted {
			/// The job.
			job: JobId,
			/// The root.
			trace_root: H256,
		},
		/// A member has lost stake.
		HostSlashed {
			/// The job.
			job: JobId,
			/// Who.
			host: T::AccountId,
			/// How much.
			amount: BalanceOf<T>,
		},
		/// A challenger has lost a bond, or a part of it.
		ChallengerSlashed {
			/// The job.
			job: JobId,
			/// Who.
			challenger: T::AccountId,
			/// How much.
			amount: BalanceOf<T>,
		},
		/// A member was paid for the right answer.
		HostPaid {
			/// The job.
			job: JobId,
			/// Who.
			host: T::AccountId,
			/// How much.
			amount: BalanceOf<T>,
		},
		/// Somebody who was right got a part of what was taken from those who were not.
		BountyPaid {
			/// The job.
			job: JobId,
			/// Who.
			to: T::AccountId,
			/// How much.
			amount: BalanceOf<T>,
		},
		/// A job is over.
		JobDone {
			/// The job.
			job: JobId,
			/// How it ended.
			ending: Ending,
			/// What returned to the requester.
			refund: BalanceOf<T>,
		},
		/// A result is not kept any longer.
		JobRemoved {
			/// The job.
			job: JobId,
		},
		/// A callback was called.
		CalledBack {
			/// The job.
			job: JobId,
			/// What came of it.
			result: DispatchResult,
		},
		/// The parameters have changed.
		ParamsSet {
			/// What governs jobs from now on.
			params: ParamsOf<T>,
		},
	}

	/// Why a call failed.
	///
	/// A field `input` is the place of a tensor in the call, and `operand` that of an operand in a
	/// step's description, counted from 0, unless the description says otherwise.
	#[pallet::error]
	pub enum Error<T> {
		/// A blob has at least one byte.
		EmptyBlob,
		/// The blob is larger than `MaxBlobSize`.
		BlobTooLarge,
		/// The blob was begun with another size.
		WrongBlobSize,
		/// Chunks come in order: the first that is missing is another one, or none is.
		ChunkOutOfOrder,
		/// All chunks but the last have exactly 512 KiB; the last has the rest of the blob.
		WrongChunkLength,
		/// The blob is being removed; try again some blocks later.
		BlobGoing,
		/// There is no such blob of this uploader.
		UnknownBlob,
		/// A job uses the blob.
		BlobInUse,
		/// Chunks of the blob are missing.
		BlobIncomplete,
		/// The uploaded bytes do not have the hash under which they were uploaded.
		BlobHashMismatch,
		/// The bytes of the blob are not the SCALE encoding of a list of named tensors.
		NotTensors,

		/// There are `MaxOpenJobs` open jobs. Try again later.
		TooManyJobs,
		/// The committee is smaller or larger than the parameters allow.
		CommitteeSize,
		/// There is no such release. Check its owner, name and version.
		UnknownRelease,
		/// The release's owner has retired it. Ask another version.
		ReleaseRetired,
		/// The model is not admitted, or on its way out.
		ModelNotAdmitted,
		/// The model cannot be refereed: it has too many steps, or one whose description is too long.
		NotForJobs,
		/// A step of the model weighs more than the referee may run in a block.
		StepTooHeavy,
		/// A step of the model takes more bytes of tensors than can be brought before the referee.
		StepTooLarge,
		/// The inputs take more bytes than `MaxPayloadBytes`, or, in the call, `MaxInlineBytes`.
		/// Bring them in a blob, if that is still allowed.
		InputsTooLarge,
		/// The outputs would take more bytes than `MaxPayloadBytes`; or, in the call, do take more
		/// than `MaxInlineBytes`: bring them in a blob.
		OutputsTooLarge,
		/// The model needs an input that the call does not bring. `input` is its place in the
		/// model's schema.
		MissingInput {
			/// Place in the model's schema, counted from 0.
			input: u8,
		},
		/// The model has no input of this name.
		UnexpectedInput {
			/// Place in the call, counted from 0.
			input: u8,
		},
		/// The call brings an input of this name twice.
		DuplicateInput {
			/// Place of the second one in the call, counted from 0.
			input: u8,
		},
		/// The input's element type is not the one in the model's schema.
		WrongDType {
			/// Place in the call, counted from 0.
			input: u8,
		},
		/// The input has more or fewer dimensions than the model's schema says.
		WrongRank {
			/// Place in the call, counted from 0.
			input: u8,
		},
		/// A dimension of the input is not the one in the model's schema.
		WrongDimension {
			/// Place in the call, counted from 0.
			input: u8,
			/// The dimension at fault, counted from 0, outermost first.
			axis: u8,
		},
		/// The input's data is shorter or longer than its element type and shape say.
		WrongByteLength {
			/// Place in the call, counted from 0.
			input: u8,
		},
		/// The input has a NaN that is not the canonical one (7fc00000 or 7ff8000000000000), or a
		/// bool that is neither 0 nor 1.
		NotCanonical {
			/// Place in the model's schema, counted from 0.
			input: u8,
		},
		/// The tensors in a blob must be in the order of the model's schema.
		InputsOutOfOrder,
		/// Too few hosts offer this model, with enough stake, at this price. Ask for less stake, or
		/// offer more.
		TooFewHosts,
		/// The callback is none that jobs may call.
		CallbackForbidden,
		/// The callback weighs more than `MaxCallbackWeight`.
		CallbackTooHeavy,
		/// The callback takes too many bytes.
		CallbackTooLarge,

		/// There is no such job, or its result is not kept any longer.
		UnknownJob,
		/// The job is not in the phase for that.
		WrongPhase,
		/// The last block for that has passed.
		TooLate,
		/// The caller is no member of the job.
		NotMember,
		/// The member has committed already.
		AlreadyCommitted,
		/// The member has not committed, and so cannot reveal.
		NotCommitted,
		/// The member has revealed already.
		AlreadyRevealed,
		/// Trace root and salt are not those that the member has committed to.
		CommitmentMismatch,
		/// Nobody has brought an answer under this trace root yet: bring it.
		AnswerUnknown,
		/// The outputs are not those that the model's schema says, or not canonical.
		WrongOutputs,
		/// The proof does not show that the answer is the last leaf under the trace root.
		AnswerNotProven,
		/// The trace root is that of the answer that stands.
		AlreadyClaimed,
		/// More trace roots than members: a fault of the pallet.
		TooManyClaims,

		/// Nobody claims this trace root, or it is out.
		UnknownClaim,
		/// The leaves under this root are there already.
		AlreadyPosted,
		/// A trace of this model has more or fewer leaves.
		WrongLeafCount,
		/// Leaf 0 is not that of the job's inputs.
		WrongInputLeaf,
		/// The leaves do not have this root.
		LeavesNotOfRoot,

		/// The proof does not show that the description is that of the step in dispute.
		StepNotProven,
		/// A source is not a leaf before the step in dispute, or not the one on which all agree.
		WrongSource {
			/// Place in the list of sources, counted from 0.
			source: u16,
		},
		/// The leaf that an operand names is not among the sources.
		MissingSource {
			/// Place in the description, counted from 0.
			operand: u16,
		},
		/// There must be the data of each operand that has elements, in their order; for the outputs
		/// of a run, of none.
		WrongDataCount,
		/// The data of an operand do not have the digest of its tensor, or are not where they should
		/// be.
		WrongData {
			/// Place in the list of data, counted from 0.
			data: u16,
		},
		/// The referee cannot read the step's description.
		BadStep,
		/// The referee does not know the model's numerics profile.
		UnknownProfile,
		/// This machine failed in a call that is not part of a block. Ask another node.
		InternalFault,
		/// Too many calls that are not part of a block run at once. Ask again later.
		Busy,

		/// The job is over.
		JobOver,
		/// A period is 0, a committee has no or too many members, or a share is out of range.
		InvalidParams,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(now: BlockNumberFor<T>) -> Weight {
			Self::note_beacon(now);
			Self::tick();
			T::WeightInfo::on_initialize_idle()
				.saturating_add(Self::process_jobs())
				.saturating_add(Self::process_blobs())
				.saturating_add(Self::process_callbacks())
		}

		fn integrity_test() {
			assert!(
				T::MaxInlineBytes::get() <= T::MaxPayloadBytes::get(),
				"MaxInlineBytes must not exceed MaxPayloadBytes"
			);
			assert!(
				T::MaxPayloadBytes::get() <= T::MaxBlobSize::get(),
				"a blob must hold a payload of MaxPayloadBytes"
			);
			assert!(
				T::MaxStepBytes::get() <= u64::from(T::MaxBlobSize::get()),
				"a blob must hold a tensor of MaxStepBytes"
			);
			assert!(T::MaxOpenJobs::get() > 0, "MaxOpenJobs must not be 0");
			assert!(
				T::MaxOpenJobs::get() as usize <= crate::view::MAX_NUMBERS,
				"one answer must list all open jobs: a job that watchers do not see has none"
			);
			assert!(
				T::BlobLifetime::get() > 0u32.into(),
				"BlobLifetime must not be 0"
			);
			assert!(
				T::CallbackDelay::get() > 0u32.into(),
				"CallbackDelay must not be 0"
			);
			let limits = T::BlockWeights::get();
			assert!(
				Self::heaviest_hooks().all_lte(limits.max_block),
				"a block must have the weight for all that may be due in it"
			);
			if let Some(most) = limits.get(DispatchClass::Normal).max_extrinsic {
				assert!(
					Self::heaviest_referee().all_lte(most),
					"a block must have the weight for the referee"
				);
			}
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Uploads chunk `index`, counted from 0, of a blob of `size` bytes whose BLAKE3 hash is
		/// `hash`: [`CHUNK_SIZE`](noema_primitives::CHUNK_SIZE) bytes, or what is left for the last
		/// one. Chunks come in order; the first takes the deposit for the whole.
		///
		/// The blob goes, and the deposit returns, [`Config::BlobLifetime`] blocks after the last
		/// chunk, or when no job uses it any more, if that is later.
		///
		/// # Errors
		///
		/// [`EmptyBlob`](Error::EmptyBlob), [`BlobTooLarge`](Error::BlobTooLarge),
		/// [`WrongBlobSize`](Error::WrongBlobSize), [`ChunkOutOfOrder`](Error::ChunkOutOfOrder),
		/// [`WrongChunkLength`](Error::WrongChunkLength), [`BlobGoing`](Error::BlobGoing); the
		/// deposit's own, such as `FundsUnavailable`.
		///
		/// # Weight
		///
		/// Linear in the length of the chunk.
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::upload_blob(bytes.len() as u32))]
		pub fn upload_blob(
			origin: OriginFor<T>,
			hash: [u8; 32],
			size: u32,
			index: u32,
			bytes: Chunk,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_upload_blob(who, hash, size, index, bytes)
		}

		/// Removes a blob of the caller's that no job uses. Its chunks go step by step, then the
		/// deposit returns.
		///
		/// # Errors
		///
		/// [`UnknownBlob`](Error::UnknownBlob), [`BlobInUse`](Error::BlobInUse),
		/// [`BlobGoing`](Error::BlobGoing).
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::remove_blob())]
		pub fn remove_blob(origin: OriginFor<T>, hash: [u8; 32]) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_remove_blob(who, hash)
		}

		/// Asks a committee of `committee` hosts to run a released model on `inputs`.
		///
		/// At least `min_stake` must stand behind the answer, all members together; none is drawn
		/// who asks more than `max_price`. In escrow go the highest price of committee and auditors,
		/// the royalty, and the share that the draw burns; what is not spent returns. A deposit for
		/// the bytes of inputs and outputs returns when the result is removed.
		///
		/// `callback` is called once, some blocks after the end, with the origin
		/// [`Origin::Callback`]; its weight is paid here.
		///
		/// # Errors
		///
		/// [`TooManyJobs`](Error::TooManyJobs), [`CommitteeSize`](Error::CommitteeSize),
		/// [`UnknownRelease`](Error::UnknownRelease), [`ReleaseRetired`](Error::ReleaseRetired),
		/// [`ModelNotAdmitted`](Error::ModelNotAdmitted), [`NotForJobs`](Error::NotForJobs),
		/// [`StepTooHeavy`](Error::StepTooHeavy), [`StepTooLarge`](Error::StepTooLarge),
		/// [`OutputsTooLarge`](Error::OutputsTooLarge), [`InputsTooLarge`](Error::InputsTooLarge),
		/// those of inputs that do not fit the schema, [`NotCanonical`](Error::NotCanonical),
		/// [`InputsOutOfOrder`](Error::InputsOutOfOrder), those of a blob that is not there or not
		/// right, [`TooFewHosts`](Error::TooFewHosts),
		/// [`CallbackForbidden`](Error::CallbackForbidden),
		/// [`CallbackTooHeavy`](Error::CallbackTooHeavy),
		/// [`CallbackTooLarge`](Error::CallbackTooLarge); the holds' own, such as
		/// `FundsUnavailable`.
		///
		/// # Weight
		///
		/// Linear in the bytes of the inputs; and the callback's.
		#[pallet::call_index(2)]
		#[pallet::weight(Pallet::<T>::request_weight(inputs, callback.as_deref()))]
		#[allow(clippy::too_many_arguments)]
		pub fn request(
			origin: OriginFor<T>,
			release: ReleaseIdOf<T>,
			inputs: Payload,
			committee: u8,
			min_stake: BalanceOf<T>,
			max_price: BalanceOf<T>,
			callback: Option<Box<T::Callback>>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			let callback = callback.map(|call| *call);
			Self::do_request(
				who, release, inputs, committee, min_stake, max_price, callback,
			)
		}

		/// Commits to an answer: `commitment` is
		/// [`commitment`](noema_primitives::jobs::commitment)`(job, host, trace_root, salt)`.
		///
		/// # Errors
		///
		/// [`UnknownJob`](Error::UnknownJob), [`WrongPhase`](Error::WrongPhase),
		/// [`TooLate`](Error::TooLate), [`NotMember`](Error::NotMember),
		/// [`AlreadyCommitted`](Error::AlreadyCommitted).
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::commit())]
		pub fn commit(origin: OriginFor<T>, job: JobId, commitment: H256) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_commit(who, job, commitment)
		}

		/// Reveals the answer that the caller has committed to. `proof` shows that `answer` is the
		/// last leaf under `trace_root`; it is not looked at if the answer is [`Answer::Known`].
		///
		/// # Errors
		///
		/// [`UnknownJob`](Error::UnknownJob), [`WrongPhase`](Error::WrongPhase),
		/// [`TooLate`](Error::TooLate), [`NotMember`](Error::NotMember),
		/// [`NotCommitted`](Error::NotCommitted), [`AlreadyRevealed`](Error::AlreadyRevealed),
		/// [`CommitmentMismatch`](Error::CommitmentMismatch),
		/// [`AnswerUnknown`](Error::AnswerUnknown), [`OutputsTooLarge`](Error::OutputsTooLarge),
		/// [`WrongOutputs`](Error::WrongOutputs), [`AnswerNotProven`](Error::AnswerNotProven), and
		/// those of a blob that is not there or not right. After an error the caller may try again.
		///
		/// # Weight
		///
		/// Linear in the bytes of the outputs.
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::reveal(Pallet::<T>::answer_bytes(answer)))]
		pub fn reveal(
			origin: OriginFor<T>,
			job: JobId,
			trace_root: H256,
			salt: [u8; 32],
			answer: Answer,
			proof: Proof,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_reveal(who, job, trace_root, salt, answer, proof)
		}

		/// Challenges the answer that stands, with a bond: says that `trace_root` is right, and its
		/// last leaf `answer`.
		///
		/// # Errors
		///
		/// [`UnknownJob`](Error::UnknownJob), [`WrongPhase`](Error::WrongPhase),
		/// [`TooLate`](Error::TooLate), [`AlreadyClaimed`](Error::AlreadyClaimed), those of
		/// [`reveal`](Pallet::reveal) for the answer; the hold's own, such as `FundsUnavailable`.
		///
		/// # Weight
		///
		/// Linear in the bytes of the outputs.
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::challenge(Pallet::<T>::answer_bytes(answer)))]
		pub fn challenge(
			origin: OriginFor<T>,
			job: JobId,
			trace_root: H256,
			answer: Answer,
			proof: Proof,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_challenge(who, job, trace_root, answer, proof)
		}

		/// Posts the hashes of all leaves under a root in dispute, in order. Anybody may who has them,
		/// once for each root.
		///
		/// # Errors
		///
		/// [`UnknownJob`](Error::UnknownJob), [`WrongPhase`](Error::WrongPhase),
		/// [`TooLate`](Error::TooLate), [`UnknownClaim`](Error::UnknownClaim),
		/// [`AlreadyPosted`](Error::AlreadyPosted), [`WrongLeafCount`](Error::WrongLeafCount),
		/// [`WrongInputLeaf`](Error::WrongInputLeaf), [`LeavesNotOfRoot`](Error::LeavesNotOfRoot).
		///
		/// # Weight
		///
		/// Linear in the number of leaves.
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::post_leaves(leaves.len() as u32))]
		pub fn post_leaves(
			origin: OriginFor<T>,
			job: JobId,
			trace_root: H256,
			leaves: LeafHashes,
		) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_post_leaves(job, trace_root, leaves)
		}

		/// Runs the step in dispute. Anybody may call it.
		///
		/// `step` is its description, `proof` shows that under the model's plan root. `sources` are
		/// the contents of the leaves that its operands name, with their numbers; `data` are those of
		/// the operands that have elements, in their order. Where the leaf before the step is a
		/// failure, and for the outputs of a run, no step is run and `data` is empty.
		///
		/// # Errors
		///
		/// [`UnknownJob`](Error::UnknownJob), [`WrongPhase`](Error::WrongPhase),
		/// [`TooLate`](Error::TooLate), [`StepNotProven`](Error::StepNotProven),
		/// [`WrongSource`](Error::WrongSource), [`MissingSource`](Error::MissingSource),
		/// [`WrongDataCount`](Error::WrongDataCount), [`WrongData`](Error::WrongData),
		/// [`UnknownBlob`](Error::UnknownBlob), [`BlobIncomplete`](Error::BlobIncomplete),
		/// [`BadStep`](Error::BadStep), [`UnknownProfile`](Error::UnknownProfile); outside of blocks
		/// [`InternalFault`](Error::InternalFault), [`Busy`](Error::Busy).
		///
		/// # Weight
		///
		/// That of the step, by the cost in its description; linear in the bytes of the call, in the
		/// number of claims times that of leaves, and in the number of members.
		#[pallet::call_index(7)]
		#[pallet::weight(Pallet::<T>::referee_weight(*job, step, sources, data))]
		pub fn referee(
			origin: OriginFor<T>,
			job: JobId,
			step: Box<StepSpec>,
			proof: Proof,
			sources: BoundedVec<(u32, Leaf), ConstU32<MAX_STEP_TENSORS>>,
			data: BoundedVec<OperandData<T::AccountId>, ConstU32<MAX_STEP_TENSORS>>,
		) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_referee(job, *step, proof, sources.into_inner(), data.into_inner())
		}

		/// Ends a job whose model, or whose inputs, are unlawful. All that is locked, bonded or in
		/// escrow returns; nobody is slashed, and no callback is called.
		///
		/// # Errors
		///
		/// `BadOrigin`, [`UnknownJob`](Error::UnknownJob), [`JobOver`](Error::JobOver).
		///
		/// # Weight
		///
		/// Constant: that of a job with as many members as there may be.
		#[pallet::call_index(8)]
		#[pallet::weight(T::WeightInfo::void())]
		pub fn void(origin: OriginFor<T>, job: JobId) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_void(job)
		}

		/// Sets what governs jobs. Deadlines that are set stay; what comes after them is as the new
		/// parameters say.
		///
		/// # Errors
		///
		/// `BadOrigin`, [`InvalidParams`](Error::InvalidParams).
		///
		/// # Weight
		///
		/// Constant.
		#[pallet::call_index(9)]
		#[pallet::weight(T::WeightInfo::set_params())]
		pub fn set_params(origin: OriginFor<T>, params: ParamsOf<T>) -> DispatchResult {
			T::AdminOrigin::ensure_origin(origin)?;
			Self::do_set_params(params)
		}
	}
}
