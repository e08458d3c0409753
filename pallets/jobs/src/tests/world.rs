//! What stands around jobs in the tests: models, releases, and hosts with their stake, as a pallet, so
//! that what a failed call did to them is undone.

#![allow(unreachable_pub, missing_docs, missing_debug_implementations)]

pub use pallet::*;

#[frame_support::pallet(dev_mode)]
pub mod pallet {
	use frame_support::{
		pallet_prelude::*,
		traits::{
			fungible::{Mutate, MutateHold},
			tokens::{Fortitude, Precision, Restriction},
		},
	};
	use noema_primitives::{
		hosting::{Candidate, Commitment, JobStake, ModelCatalog, MAX_CANDIDATES},
		jobs::JobReleases,
		Cost, ModelId, ModelLocation, ModelReport, ReleaseId, ResolveError,
	};

	#[pallet::config]
	pub trait Config: frame_system::Config<AccountId = u64> {
		type Currency: Mutate<u64, Balance = u64> + MutateHold<u64, Reason: From<HoldReason>>;
	}

	#[pallet::pallet]
	#[pallet::without_storage_info]
	pub struct Pallet<T>(_);

	#[pallet::composite_enum]
	pub enum HoldReason {
		Bond,
	}

	#[pallet::storage]
	pub type Reports<T: Config> = StorageMap<_, Twox64Concat, ModelId, ModelReport>;
	#[pallet::storage]
	pub type Pins<T: Config> = StorageMap<_, Twox64Concat, ModelId, u32, ValueQuery>;
	#[pallet::storage]
	pub type Releases<T: Config> =
		StorageMap<_, Twox64Concat, ReleaseId<u64>, (ModelId, u64, bool)>;
	#[pallet::storage]
	pub type Commitments<T: Config> =
		StorageDoubleMap<_, Twox64Concat, ModelId, Twox64Concat, u64, Commitment<u64>>;
	/// Price, capacity, and jobs that it has.
	#[pallet::storage]
	pub type Terms<T: Config> = StorageMap<_, Twox64Concat, u64, (u64, u32, u32), ValueQuery>;
	#[pallet::storage]
	pub type Earned<T: Config> = StorageMap<_, Twox64Concat, u64, u64, ValueQuery>;
	#[pallet::storage]
	pub type Slashed<T: Config> = StorageMap<_, Twox64Concat, u64, u64, ValueQuery>;

	/// Where earnings wait.
	pub const POT: u64 = 999_999;

	impl<T: Config> Pallet<T> {
		/// Lets a host stand behind a model.
		pub fn join(host: u64, model: ModelId, stake: u64, price: u64, capacity: u32) {
			T::Currency::hold(&HoldReason::Bond.into(), &host, stake).expect("it has that much");
			Commitments::<T>::mutate(model, host, |commitment| {
				let old = commitment.take().map_or(0, |commitment| commitment.stake);
				*commitment = Some(Commitment {
					model,
					stake: old + stake,
					locked: 0,
				});
			});
			Terms::<T>::insert(host, (price, capacity, 0));
		}
	}

	impl<T: Config> JobStake<u64, u64> for Pallet<T> {
		fn candidates(
			model: &ModelId,
			_: &Cost,
			stake: u64,
			max_price: u64,
		) -> Vec<Candidate<u64, u64>> {
			let mut candidates: Vec<_> = Commitments::<T>::iter_prefix(model)
				.filter_map(|(host, commitment)| {
					let (price, capacity, assigned) = Terms::<T>::get(host);
					let free = commitment.stake - commitment.locked;
					(free >= stake && price <= max_price && assigned < capacity)
						.then_some(Candidate { host, free, price })
				})
				.collect();
			candidates.sort_by_key(|candidate| candidate.host);
			candidates.truncate(MAX_CANDIDATES as usize);
			candidates
		}

		fn lock(host: &u64, model: &ModelId, stake: u64) -> DispatchResult {
			let mut commitment =
				Commitments::<T>::get(model, host).ok_or(DispatchError::CannotLookup)?;
			let (price, capacity, assigned) = Terms::<T>::get(host);
			let free = commitment.stake - commitment.locked;
			ensure!(
				free >= stake && assigned < capacity,
				DispatchError::Exhausted
			);
			commitment.locked += stake;
			Commitments::<T>::insert(model, host, commitment);
			Terms::<T>::insert(host, (price, capacity, assigned + 1));
			Ok(())
		}

		fn unlock(host: &u64, model: &ModelId, stake: u64) {
			Commitments::<T>::mutate(model, host, |commitment| {
				commitment.as_mut().expect("committed").locked -= stake;
			});
			Terms::<T>::mutate(host, |terms| terms.2 -= 1);
		}

		fn slash(
			host: &u64,
			model: &ModelId,
			locked: u64,
			amount: u64,
			reward: u64,
			beneficiaries: &[u64],
		) -> u64 {
			assert!(amount <= locked && reward <= amount);
			Self::unlock(host, model, locked);
			Commitments::<T>::mutate(model, host, |commitment| {
				commitment.as_mut().expect("committed").stake -= amount;
			});
			let reason = HoldReason::Bond.into();
			let mut given = 0;
			if !beneficiaries.is_empty() {
				let part = reward / beneficiaries.len() as u64;
				for beneficiary in beneficiaries {
					given += T::Currency::transfer_on_hold(
						&reason,
						host,
						beneficiary,
						part,
						Precision::Exact,
						Restriction::Free,
						Fortitude::Force,
					)
					.expect("it is held");
				}
			}
			T::Currency::burn_held(
				&reason,
				host,
				amount - given,
				Precision::Exact,
				Fortitude::Force,
			)
			.expect("it is held");
			Slashed::<T>::mutate(host, |slashed| *slashed += amount);
			amount
		}

		fn credit(host: &u64, amount: u64) {
			Earned::<T>::mutate(host, |earned| *earned += amount);
		}

		fn pot() -> u64 {
			POT
		}
	}

	impl<T: Config> ModelCatalog<u64> for Pallet<T> {
		fn report(model: &ModelId) -> Option<ModelReport> {
			Reports::<T>::get(model)
		}

		fn location(model: &ModelId) -> Option<ModelLocation> {
			Reports::<T>::get(model).map(|_| ModelLocation {
				id: *model,
				size: 8,
				chunk_prefix: model.0.to_vec(),
			})
		}

		fn pin(model: &ModelId) -> DispatchResult {
			Pins::<T>::mutate(model, |pins| *pins += 1);
			Ok(())
		}

		fn unpin(model: &ModelId) {
			Pins::<T>::mutate(model, |pins| *pins -= 1);
		}

		fn stake_changed(_: &ModelId) {}
	}

	impl<T: Config> JobReleases<u64, u64> for Pallet<T> {
		fn release(release: &ReleaseId<u64>) -> Result<(ModelId, u64), ResolveError> {
			let (model, royalty, retired) =
				Releases::<T>::get(release).ok_or(ResolveError::Unknown)?;
			if retired {
				return Err(ResolveError::Retired);
			}
			Ok((model, royalty))
		}
	}
}
