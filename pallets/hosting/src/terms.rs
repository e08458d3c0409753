//! Terms, and rest.

use frame_support::{ensure, traits::Get};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{traits::Bounded, DispatchResult};

use crate::{
	types::{BalanceOf, Terms},
	Config, Error, Event, Hosts, Pallet, StandingHosts,
};

impl<T: Config> Pallet<T> {
	/// Sets a host's terms.
	pub(crate) fn do_set_terms(who: T::AccountId, terms: Terms<BalanceOf<T>>) -> DispatchResult {
		let mut host = Self::host_record(&who)?;
		ensure!(
			terms.capacity <= T::MaxCapacity::get(),
			Error::<T>::CapacityTooLarge
		);
		match terms.standing {
			None => Self::end_standing(&who, &host),
			Some(stake) => {
				ensure!(
					stake >= T::MinCommitment::get(),
					Error::<T>::CommitmentTooSmall
				);
				if host.terms.standing.is_none() {
					StandingHosts::<T>::try_append(&who)
						.map_err(|()| Error::<T>::TooManyStanding)?;
				}
			}
		}
		host.terms = terms;
		Hosts::<T>::insert(&who, host);
		Self::deposit_event(Event::TermsSet { host: who, terms });
		Ok(())
	}

	/// Has a host drawn for no job for a while.
	pub(crate) fn do_chill(who: T::AccountId, until: Option<BlockNumberFor<T>>) -> DispatchResult {
		let mut host = Self::host_record(&who)?;
		let until = until.unwrap_or_else(Bounded::max_value);
		ensure!(until > Self::now(), Error::<T>::ChillInPast);
		host.chilled_until = Some(until);
		Hosts::<T>::insert(&who, host);
		Self::deposit_event(Event::Chilled { host: who, until });
		Ok(())
	}

	/// Has a host drawn again.
	pub(crate) fn do_unchill(who: T::AccountId) -> DispatchResult {
		let mut host = Self::host_record(&who)?;
		ensure!(host.is_chilled(Self::now()), Error::<T>::NotChilled);
		host.chilled_until = None;
		Hosts::<T>::insert(&who, host);
		Self::deposit_event(Event::Unchilled { host: who });
		Ok(())
	}
}
