//! What the registry of models asks: whether there is stake behind a model.

use frame_support::{traits::Get, weights::Weight};
use noema_primitives::{hosting::ModelStake, ModelId, ModelReport};

use crate::{
	math::{share_up, SECOND},
	types::{BalanceOf, Cause, HostRecordOf},
	weights::WeightInfo,
	Commitments, Config, Hosts, HostsOf, ModelPools, Pallet, StandingHosts,
};

impl<T: Config> Pallet<T> {
	/// What must be committed to a model with this report for it to be callable in a block.
	pub fn requirement_of(report: &ModelReport) -> BalanceOf<T> {
		let memory =
			Self::to_u128(T::StakePerPlanByte::get()).saturating_mul(u128::from(report.plan_bytes));
		let second = Self::to_u128(T::StakePerSecond::get());
		let compute = share_up(second, Self::ref_time(&report.cost), SECOND);
		Self::from_u128(memory.saturating_add(compute))
	}

	/// Ends a commitment to a model that is gone, but for what still stands behind open jobs.
	pub(crate) fn let_go(who: &T::AccountId, host: &mut HostRecordOf<T>, model: &ModelId) {
		if Commitments::<T>::contains_key(who, model) {
			Self::change_commitment(who, host, model, Cause::ModelGone, |commitment| {
				commitment.stake = commitment.locked;
			});
		}
	}
}

impl<T: Config> ModelStake for Pallet<T> {
	fn is_covered(model: &ModelId, report: &ModelReport) -> bool {
		ModelPools::<T>::get(model).committed >= Self::requirement_of(report)
	}

	fn committed(model: &ModelId) -> u128 {
		Self::to_u128(ModelPools::<T>::get(model).committed)
	}

	fn on_admitted(model: &ModelId, _: &ModelReport) {
		for host in StandingHosts::<T>::get() {
			if Self::commit_standing(&host, model).is_err() {
				frame_support::defensive!("a standing commitment of nobody", model);
			}
		}
	}

	fn on_removed(model: &ModelId) {
		for place in HostsOf::<T>::get(model) {
			let Some(mut host) = Hosts::<T>::get(&place.host) else {
				frame_support::defensive!("a commitment of nobody", model);
				continue;
			};
			Self::let_go(&place.host, &mut host, model);
			Self::put_host(&place.host, host);
		}
		if !HostsOf::<T>::contains_key(model) && !Self::is_untouched(model) {
			Self::last_host_left(model);
		}
	}

	fn admission_weight() -> Weight {
		T::WeightInfo::on_admitted(T::MaxStandingHosts::get())
	}

	fn removal_weight(model: &ModelId) -> Weight {
		if Self::is_untouched(model) {
			return Weight::zero();
		}
		let hosts = HostsOf::<T>::decode_len(model).unwrap_or(0) as u32;
		T::WeightInfo::on_removed(hosts)
	}

	fn heaviest_removal() -> Weight {
		T::WeightInfo::on_removed(T::MaxHostsPerModel::get())
	}
}
