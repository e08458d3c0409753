//! # How far finality lags
//!
//! The windows in which an answer may be challenged count blocks, and have to pause while blocks are
//! not finalised: a fork that is dropped takes challenges with it. A runtime does not see what
//! GRANDPA finalises, so authors tell it: each block may carry, as an inherent, the number of the
//! last block that its author knows to be final.
//!
//! ```text
//!   author: finalised number --inherent--> note(number) --> Notes, the last MaxNotes of them
//!                                                              |
//!                              lag = block number - median <---+   Lagging: lag > MaxLag
//! ```
//!
//! ## Trust
//!
//! Nobody can check a note but against the block's own number. The median is within what honest
//! authors say as long as they author most blocks, which BABE and GRANDPA need anyway. Authors who
//! leave the note out leave the median as it is, so that the lag grows with the blocks. On a chain
//! whose authors have never said anything (instant sealing, where each block is final at once)
//! nothing lags.

#![cfg_attr(not(feature = "std"), no_std)]

mod inherent;
#[cfg(test)]
mod tests;

#[cfg(feature = "std")]
pub use inherent::InherentDataProvider;
pub use inherent::{InherentType, INHERENT_IDENTIFIER};
pub use pallet::*;

use core::marker::PhantomData;
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::Saturating;

/// What authors say of finality.
#[frame_support::pallet]
// The macro makes types for the storage prefixes without it.
#[allow(missing_debug_implementations)]
pub mod pallet {
	use super::*;
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::*;
	use sp_inherents::MakeFatalError;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// What the runtime decides.
	#[pallet::config]
	pub trait Config: frame_system::Config {
		/// How many notes count: the latest ones.
		#[pallet::constant]
		type MaxNotes: Get<u32>;

		/// The most blocks that the median may be behind before finality is said to lag.
		#[pallet::constant]
		type MaxLag: Get<BlockNumberFor<Self>>;
	}

	/// The latest notes, the oldest first.
	#[pallet::storage]
	pub type Notes<T: Config> =
		StorageValue<_, BoundedVec<BlockNumberFor<T>, T::MaxNotes>, ValueQuery>;

	/// The median of [`Notes`]; none before the first.
	#[pallet::storage]
	pub type Median<T: Config> = StorageValue<_, BlockNumberFor<T>>;

	/// Whether this block has its note.
	#[pallet::storage]
	#[pallet::whitelist_storage]
	pub type Noted<T: Config> = StorageValue<_, (), OptionQuery>;

	/// Why a note is none.
	#[pallet::error]
	pub enum Error<T> {
		/// A block has one note at most.
		AlreadyNoted,
		/// A block that is not there yet cannot be final.
		InTheFuture,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(_: BlockNumberFor<T>) -> Weight {
			// For `on_finalize`.
			T::DbWeight::get().writes(1)
		}

		fn on_finalize(_: BlockNumberFor<T>) {
			Noted::<T>::kill();
		}

		fn integrity_test() {
			assert!(T::MaxNotes::get() > 0, "MaxNotes must not be 0");
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Notes the last block that the author of this one knows to be final.
		///
		/// An inherent: authors add it, nobody signs it.
		///
		/// # Errors
		///
		/// [`AlreadyNoted`](Error::AlreadyNoted), [`InTheFuture`](Error::InTheFuture).
		///
		/// # Weight
		///
		/// Constant: sorts at most [`Config::MaxNotes`] numbers.
		#[pallet::call_index(0)]
		#[pallet::weight((
			// Sorting a hundred numbers in Wasm takes some microseconds.
			T::DbWeight::get().reads_writes(3, 3)
				.saturating_add(Weight::from_parts(1_000_000, 0)
					.saturating_mul(T::MaxNotes::get().into())),
			DispatchClass::Mandatory,
		))]
		pub fn note(origin: OriginFor<T>, finalized: BlockNumberFor<T>) -> DispatchResult {
			ensure_none(origin)?;
			ensure!(!Noted::<T>::exists(), Error::<T>::AlreadyNoted);
			ensure!(
				finalized < frame_system::Pallet::<T>::block_number(),
				Error::<T>::InTheFuture
			);
			Noted::<T>::put(());
			Self::take(finalized);
			Ok(())
		}
	}

	#[pallet::inherent]
	impl<T: Config> ProvideInherent for Pallet<T> {
		type Call = Call<T>;
		// No note is an error that an importer could find: what it does not know, the block's author
		// may.
		type Error = MakeFatalError<()>;

		const INHERENT_IDENTIFIER: InherentIdentifier = INHERENT_IDENTIFIER;

		fn create_inherent(data: &InherentData) -> Option<Self::Call> {
			let finalized: InherentType = data.get_data(&INHERENT_IDENTIFIER).ok().flatten()?;
			let finalized = BlockNumberFor::<T>::from(finalized);
			// A node that sees more than the chain it builds on is on its way to another fork.
			(finalized < frame_system::Pallet::<T>::block_number())
				.then_some(Call::note { finalized })
		}

		fn is_inherent(call: &Self::Call) -> bool {
			matches!(call, Call::note { .. })
		}
	}

	impl<T: Config> Pallet<T> {
		/// Lets a note count.
		fn take(finalized: BlockNumberFor<T>) {
			let mut notes = Notes::<T>::get();
			if notes.is_full() {
				notes.remove(0);
			}
			// There is room now, unless the bound is 0, which the integrity test refuses.
			let _ = notes.try_push(finalized);
			let mut sorted = notes.to_vec();
			sorted.sort_unstable();
			// Of two in the middle the lower one: rather too much lag than too little.
			let middle = sorted.len().saturating_sub(1) / 2;
			if let Some(median) = sorted.get(middle) {
				Median::<T>::put(median);
			}
			Notes::<T>::put(notes);
		}

		/// How many blocks finality is behind, as most authors see it; 0 if none has said anything.
		pub fn lag() -> BlockNumberFor<T> {
			Median::<T>::get().map_or_else(
				|| 0u32.into(),
				|median| frame_system::Pallet::<T>::block_number().saturating_sub(median),
			)
		}
	}
}

/// Whether finality lags by more than [`Config::MaxLag`] blocks.
#[derive(Debug)]
pub struct Lagging<T>(PhantomData<T>);

impl<T: Config> Get<bool> for Lagging<T> {
	fn get() -> bool {
		Pallet::<T>::lag() > T::MaxLag::get()
	}
}
