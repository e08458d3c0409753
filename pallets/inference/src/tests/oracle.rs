//! A pallet that asks a model and uses the answer in the same transaction.

#![allow(unreachable_pub)]

pub use pallet::*;

#[frame_support::pallet(dev_mode)]
pub mod pallet {
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::*;
	use noema_primitives::{
		tensor::MAX_TENSORS, InferenceProvider, NamedTensor, ReceiptId, ReleaseId,
	};

	use crate::tests::executor::floats;

	type Inputs = BoundedVec<NamedTensor, ConstU32<MAX_TENSORS>>;

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// Whom to ask.
		type Inference: InferenceProvider<Self::AccountId>;
	}

	/// The class of highest score in the latest answer, and the receipt that proves it.
	#[pallet::storage]
	pub type Verdict<T: Config> = StorageValue<_, (u32, Option<ReceiptId>)>;

	#[pallet::error]
	pub enum Error<T> {
		/// The model's first output holds no number.
		NoAnswer,
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Stores the class that the model sees.
		#[pallet::call_index(0)]
		#[pallet::weight(Pallet::<T>::weight(release))]
		pub fn ask(
			origin: OriginFor<T>,
			release: ReleaseId<T::AccountId>,
			inputs: Inputs,
		) -> DispatchResult {
			let caller = ensure_signed(origin)?;
			Self::classify(&caller, &release, inputs)
		}

		/// Stores the class that the model sees, or this one if the model cannot be asked.
		#[pallet::call_index(1)]
		#[pallet::weight(Pallet::<T>::weight(release))]
		pub fn ask_or(
			origin: OriginFor<T>,
			release: ReleaseId<T::AccountId>,
			inputs: Inputs,
			otherwise: u32,
		) -> DispatchResult {
			let caller = ensure_signed(origin)?;
			if Self::classify(&caller, &release, inputs).is_err() {
				Verdict::<T>::put((otherwise, Option::<ReceiptId>::None));
			}
			Ok(())
		}
	}

	impl<T: Config> Pallet<T> {
		/// What the pallet does on its own, and the inference.
		pub fn weight(release: &ReleaseId<T::AccountId>) -> Weight {
			T::DbWeight::get()
				.writes(1)
				.saturating_add(T::Inference::infer_weight(release))
		}

		fn classify(
			caller: &T::AccountId,
			release: &ReleaseId<T::AccountId>,
			inputs: Inputs,
		) -> DispatchResult {
			let answer = T::Inference::infer(caller, release, inputs.into_inner())?;
			let scores = answer.outputs.first().ok_or(Error::<T>::NoAnswer)?;
			let class = floats(&scores.tensor)
				.enumerate()
				.max_by(|(_, a), (_, b)| a.total_cmp(b))
				.map(|(class, _)| class as u32)
				.ok_or(Error::<T>::NoAnswer)?;
			Verdict::<T>::put((class, Some(answer.receipt)));
			Ok(())
		}
	}
}
