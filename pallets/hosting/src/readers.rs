//! What others read of hosts, through the runtime API.

use alloc::vec::Vec;
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use noema_primitives::{
	hosting::{Commitment, HostInfo, ModelCatalog},
	ModelId,
};
use sp_runtime::traits::{Saturating, Zero};

use crate::{
	types::{BalanceOf, HostRecordOf},
	Commitments, Config, Hosts, HostsOf, ModelPools, Pallet,
};

/// The most hosts that one answer lists.
const MAX_LISTED: u32 = 100;

/// [`HostInfo`] of a runtime.
type HostInfoOf<T> =
	HostInfo<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;

impl<T: Config> Pallet<T> {
	/// One host. Fees of its models that are not settled yet count as claimable.
	pub fn host(who: T::AccountId) -> Option<HostInfoOf<T>> {
		Hosts::<T>::get(&who).map(|host| Self::host_info(who, host))
	}

	/// Up to `limit`, at most 100, hosts, the first one after `after`: those committed to a model
	/// in the order of their accounts, or all in the order of their keys.
	pub fn hosts(
		model: Option<ModelId>,
		after: Option<T::AccountId>,
		limit: u32,
	) -> Vec<HostInfoOf<T>> {
		let limit = limit.min(MAX_LISTED) as usize;
		let Some(model) = model else {
			let hosts = match after {
				Some(after) => Hosts::<T>::iter_from(Hosts::<T>::hashed_key_for(after)),
				None => Hosts::<T>::iter(),
			};
			return hosts
				.take(limit)
				.map(|(who, host)| Self::host_info(who, host))
				.collect();
		};
		HostsOf::<T>::get(model)
			.into_iter()
			.map(|place| place.host)
			.filter(|who| after.as_ref().is_none_or(|after| who > after))
			.take(limit)
			.filter_map(Self::host)
			.collect()
	}

	/// What must be committed to an admitted model for it to be callable in a block.
	pub fn requirement(model: ModelId) -> Option<BalanceOf<T>> {
		T::Catalog::report(&model).map(|report| Self::requirement_of(&report))
	}

	fn host_info(who: T::AccountId, host: HostRecordOf<T>) -> HostInfoOf<T> {
		let mut unsettled: BalanceOf<T> = Zero::zero();
		let commitments = Commitments::<T>::iter_prefix(&who)
			.take(T::MaxCommitments::get() as usize)
			.map(|(model, commitment)| {
				let fees = Self::earned_since(&commitment, &ModelPools::<T>::get(model));
				unsettled = unsettled.saturating_add(fees);
				Commitment {
					model,
					stake: commitment.stake,
					locked: commitment.locked,
				}
			})
			.collect();
		let own = Self::own_part(&host, unsettled);
		HostInfo {
			host: who,
			bond: host.own(),
			backing: Self::from_u128(host.pool.active()),
			unbonding: host
				.unbonding
				.iter()
				.map(|leaving| (leaving.amount, leaving.at))
				.collect(),
			price: host.terms.price,
			capacity: host.terms.capacity,
			assigned: host.assigned,
			chilled_until: host.chilled_until.filter(|until| *until > Self::now()),
			commitments,
			claimable: host.claimable.saturating_add(own),
			earned: host.earned.saturating_add(unsettled),
			slashed: host.slashed,
		}
	}
}
