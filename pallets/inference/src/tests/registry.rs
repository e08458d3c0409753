//! A stand-in for the models pallet: releases in storage, so that a test can make and retire them
//! within a transaction.

#![allow(unreachable_pub)]
// Of the calls, one holds a whole report.
#![allow(clippy::large_enum_variant)]

pub use pallet::*;

#[frame_support::pallet(dev_mode)]
pub mod pallet {
	use frame_support::pallet_prelude::*;
	use frame_system::pallet_prelude::*;
	use noema_primitives::{
		ModelId, ModelLocation, ModelRegistry, ModelReport, ReleaseCost, ReleaseId, ResolveError,
		ResolvedRelease, RunCost,
	};

	/// A release.
	#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
	pub struct Entry {
		pub model: ModelId,
		pub report: ModelReport,
		pub royalty: u64,
		pub created: u64,
		pub retired: bool,
		/// The first block in which the model may be called.
		pub resident: u64,
	}

	#[pallet::pallet]
	#[pallet::without_storage_info]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config {}

	#[pallet::storage]
	pub type Releases<T: Config> = StorageMap<_, Blake2_128Concat, ReleaseId<T::AccountId>, Entry>;

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Makes a release.
		#[pallet::call_index(0)]
		#[pallet::weight(Weight::from_parts(1_000, 0))]
		pub fn release(
			origin: OriginFor<T>,
			id: ReleaseId<T::AccountId>,
			entry: Entry,
		) -> DispatchResult {
			ensure_signed(origin)?;
			Releases::<T>::insert(id, entry);
			Ok(())
		}

		/// Retires a release.
		#[pallet::call_index(1)]
		#[pallet::weight(Weight::from_parts(1_000, 0))]
		pub fn retire(origin: OriginFor<T>, id: ReleaseId<T::AccountId>) -> DispatchResult {
			ensure_signed(origin)?;
			Releases::<T>::mutate(id, |entry| {
				if let Some(entry) = entry {
					entry.retired = true;
				}
			});
			Ok(())
		}
	}

	impl<T: Config> ModelRegistry<T::AccountId, u64> for Pallet<T>
	where
		BlockNumberFor<T>: Into<u64>,
	{
		fn resolve(
			release: &ReleaseId<T::AccountId>,
		) -> Result<ResolvedRelease<u64>, ResolveError> {
			let now: u64 = frame_system::Pallet::<T>::block_number().into();
			let entry = Releases::<T>::get(release).ok_or(ResolveError::Unknown)?;
			if entry.retired {
				return Err(ResolveError::Retired);
			}
			if now <= entry.created || now < entry.resident {
				return Err(ResolveError::NotResident);
			}
			Ok(ResolvedRelease {
				location: ModelLocation {
					id: entry.model,
					size: 1,
					chunk_prefix: Vec::new(),
				},
				report: entry.report,
				royalty: entry.royalty,
			})
		}

		fn cost(release: &ReleaseId<T::AccountId>) -> Option<ReleaseCost> {
			let now: u64 = frame_system::Pallet::<T>::block_number().into();
			let entry = Releases::<T>::get(release)?;
			(!entry.retired && entry.created < now).then(|| ReleaseCost {
				run: RunCost::of(&entry.report),
				has_royalty: entry.royalty > 0,
			})
		}

		/// The file is the SCALE encoding of a report.
		#[cfg(feature = "runtime-benchmarks")]
		fn make_callable(release: &ReleaseId<T::AccountId>, file: &[u8]) {
			let report = ModelReport::decode(&mut &file[..]).expect("made by the mock's helper");
			let now = frame_system::Pallet::<T>::block_number();
			if now == Default::default() {
				frame_system::Pallet::<T>::set_block_number(1u32.into());
			}
			Releases::<T>::insert(
				release,
				Entry {
					model: ModelId::of(file),
					report,
					royalty: 0,
					created: 0,
					retired: false,
					resident: 0,
				},
			);
		}
	}
}
