//! Lane 1: inference in the block.
//!
//! [`Call::infer`] runs a released model on typed tensors and stores the answer in a receipt. Other
//! pallets ask through [`InferenceProvider`](noema_primitives::InferenceProvider) and use the
//! answer in the same transaction.
//!
//! ```text
//!   infer(release, inputs)
//!      |
//!      |  Registry: release -> model, report, royalty       (callable.rs)
//!      |  is it light enough, are its outputs small enough?
//!      |  do the inputs fit the report's schema?
//!      |  royalty: caller -> owner of the release
//!      |  Executor: inputs -> outputs                        (run.rs)
//!      v
//!   Receipts[id], Event::Inferred                            (receipts.rs)
//! ```
//!
//! # Key terms
//!
//! * **Release**: `owner/name@version`; points at a model for ever.
//! * **Report**: the model's schema and cost, as admission found them.
//! * **Receipt**: who asked what of which model, the hashes of inputs and outputs, and the outputs.
//!
//! # Weight
//!
//! A call's weight is read from the state before execution: the pallet's own work
//! ([`WeightInfo::infer`]), the royalty's transfer, and the model's cost as
//! [`Config::CostToWeight`] prices it. Weighing reads one small record, which is kept beside each
//! release ([`RunCost`](noema_primitives::RunCost)). It has to be the weight of the model that then runs, also
//! where the call is one of a batch whose earlier calls change the state. Three rules see to that:
//! a release points at the same model for ever, a release made in this block is not callable, and a
//! model becomes callable only between blocks. So within a block the one change that can come
//! between weighing and running is a retirement, and a retired release runs nothing.
//!
//! A call that cannot run (an unknown release, a model that is too heavy) pays for being refused
//! and not for the model. Whether the model is callable yet is known only in execution; there the
//! difference is given back. Nothing else is: a call whose inputs do not fit, or whose model fails
//! on them, has paid.
//!
//! # Failure
//!
//! A call that fails changes nothing but the fee: the royalty goes back, no receipt is stored. This
//! holds for other pallets too, whether they pass the error on or swallow it.
//!
//! # Limitations
//!
//! * A receipt is kept until [`Config::MaxReceipts`] later ones are stored. A runtime that lowers
//!   the constant must remove the receipts that fall out of the window by a migration.
//! * Weighing a call reads the state, and the transaction pool weighs a batch before it knows
//!   whether the batch can pay: the length of a transaction is what bounds those reads, one for each
//!   call.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod callable;
mod convert;
mod provider;
mod receipts;
mod run;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "std", feature = "try-runtime", test))]
mod try_state;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::{BenchmarkHelper, HeadModel};
pub use callable::Price;
pub use pallet::*;
pub use weights::WeightInfo;

use frame_support::traits::fungible;
use noema_primitives::ReleaseId;

/// The balance of the pallet's currency.
pub type BalanceOf<T> =
	<<T as Config>::Currency as fungible::Inspect<<T as frame_system::Config>::AccountId>>::Balance;

/// The name of a release in this runtime.
pub type ReleaseIdOf<T> = ReleaseId<<T as frame_system::Config>::AccountId>;

/// A receipt in this runtime.
pub type ReceiptOf<T> = noema_primitives::Receipt<
	<T as frame_system::Config>::AccountId,
	frame_system::pallet_prelude::BlockNumberFor<T>,
>;

/// The pallet.
// The macro makes types for storage items that have no `Debug`.
#[allow(missing_debug_implementations)]
#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use frame_support::{dispatch::DispatchErrorWithPostInfo, pallet_prelude::*};
	use frame_system::pallet_prelude::*;
	use noema_primitives::{
		hosting::HostShare, tensor::MAX_TENSORS, Cost, ModelExecutor, ModelId, ModelRegistry,
		NamedTensor, ReceiptId,
	};
	use sp_core::H256;
	use sp_runtime::traits::Convert;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the pallet needs of the runtime.
	#[pallet::config]
	pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
		/// Looks up releases.
		type Registry: ModelRegistry<Self::AccountId, BalanceOf<Self>>;

		/// Runs models.
		type Executor: ModelExecutor;

		/// Takes the share of the model's hosts; `()` if they get none.
		type Hosts: HostShare<Self::AccountId, BalanceOf<Self>>;

		/// Pays royalties.
		type Currency: fungible::Inspect<Self::AccountId> + fungible::Mutate<Self::AccountId>;

		/// The weight of one run of a model of this cost: the engine's work alone. What the
		/// tensors' bytes cost outside of the engine is in [`Config::WeightInfo`].
		type CostToWeight: Convert<Cost, Weight>;

		/// The most that one inference may weigh.
		#[pallet::constant]
		type MaxInferenceWeight: Get<Weight>;

		/// The most bytes that the outputs of one inference may take in a receipt, SCALE encoded.
		#[pallet::constant]
		type MaxOutputBytes: Get<u32>;

		/// How many receipts are kept: the latest ones.
		#[pallet::constant]
		type MaxReceipts: Get<u64>;

		/// The weights of the pallet's own work.
		type WeightInfo: WeightInfo;

		/// Makes models for the benchmarks.
		#[cfg(feature = "runtime-benchmarks")]
		type BenchmarkHelper: BenchmarkHelper;
	}

	/// The latest [`Config::MaxReceipts`] receipts.
	// Unbounded by its type, whose tensors may each be as long as an input. What bounds a receipt
	// is `MaxOutputBytes`, which is checked against the report before a model runs.
	#[pallet::storage]
	#[pallet::unbounded]
	pub type Receipts<T: Config> = StorageMap<_, Twox64Concat, ReceiptId, ReceiptOf<T>>;

	/// The number of the next receipt: how many inferences there have been.
	#[pallet::storage]
	pub type NextReceipt<T: Config> = StorageValue<_, ReceiptId, ValueQuery>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A model ran and its answer is in a receipt.
		Inferred {
			/// The receipt.
			receipt: ReceiptId,
			/// Who asked.
			caller: T::AccountId,
			/// What was called.
			release: ReleaseIdOf<T>,
			/// The model that the release points at.
			model: ModelId,
			/// BLAKE2b-256 of the SCALE encoded inputs, in the order of the model's schema.
			input_hash: H256,
			/// BLAKE2b-256 of the SCALE encoded outputs.
			output_hash: H256,
		},
	}

	/// Why an inference did not happen.
	///
	/// A field `input` is the place of the tensor at fault in the call, counted from 0, unless its
	/// description says otherwise.
	#[pallet::error]
	pub enum Error<T> {
		/// There is no such release. Check its owner, name and version.
		UnknownRelease,
		/// The release's owner has retired it. Call another version.
		ReleaseRetired,
		/// The model is not callable yet, or the release was made in this block. Try again later.
		ModelNotResident,
		/// One run of the model weighs more than a block allows for one inference.
		TooHeavy,
		/// The model's outputs take more bytes than a receipt may hold.
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
		/// The caller cannot pay the royalty and the hosts' share, and keep the account alive.
		InsufficientFunds,
		/// An index in the inputs, or computed from them, lies outside the tensor that it points
		/// into.
		IndexOutOfRange,
		/// The model divided an integer by zero.
		DivisionByZero,
		/// A value lies outside an operator's domain, such as a bool that is neither 0 nor 1.
		InvalidValue,
		/// The precompile found that the inputs do not fit the model.
		SchemaMismatch,
		/// A part of the model is not in the state.
		ModelMissing,
		/// The bytes in the state are no model under this numerics profile.
		ModelRefused,
		/// The precompile does not know the model's numerics profile.
		UnknownProfile,
		/// This machine failed in a call that is not part of a block. Ask another node.
		InternalFault,
		/// Too many calls that are not part of a block run at once. Ask again later.
		Busy,
		/// The outputs are not those that the model's report promises: a fault of the engine.
		OutputMismatch,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Runs a released model and stores the answer in a receipt.
		///
		/// `inputs` may come in any order; each names the graph input that it is for. The fee is
		/// the transaction's, whose weight covers the model's run, the release's royalty, and what
		/// the model's hosts earn from a run.
		///
		/// Emits [`Event::Inferred`], which names the receipt.
		#[pallet::call_index(0)]
		#[pallet::weight(Pallet::<T>::call_weight(release, inputs))]
		pub fn infer(
			origin: OriginFor<T>,
			release: ReleaseIdOf<T>,
			inputs: BoundedVec<NamedTensor, ConstU32<MAX_TENSORS>>,
		) -> DispatchResultWithPostInfo {
			let caller = ensure_signed(origin)?;
			let refusal = T::WeightInfo::infer(callable::data_len(&inputs), 0);
			match Self::infer_and_record(caller, release, inputs.into_inner()) {
				Ok(_) => Ok(().into()),
				Err(error) => Err(DispatchErrorWithPostInfo {
					post_info: Self::is_unresolved(&error).then_some(refusal).into(),
					error,
				}),
			}
		}
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(T::MaxReceipts::get() > 0, "MaxReceipts must be at least 1");
			let blank = T::WeightInfo::infer(0, T::MaxOutputBytes::get());
			assert!(
				blank
					.saturating_add(T::WeightInfo::royalty())
					.saturating_add(T::WeightInfo::hosts_share())
					.all_lte(T::MaxInferenceWeight::get()),
				"MaxInferenceWeight leaves no room for a model",
			);
			let limits = T::BlockWeights::get();
			if let Some(most) = limits.get(DispatchClass::Normal).max_extrinsic {
				assert!(
					T::MaxInferenceWeight::get().all_lte(most),
					"an inference of MaxInferenceWeight must fit into a block",
				);
			}
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}
}
