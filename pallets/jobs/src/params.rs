//! The parameters: which are sane, and how they change.

use frame_support::ensure;
use noema_primitives::jobs::MAX_COMMITTEE;
use sp_runtime::{traits::Zero, DispatchResult, Perbill};

use crate::{types::ParamsOf, Config, Error, Event, Pallet, Params};

/// The most times that a committee may be filled up.
const MAX_REFILLS: u8 = 16;

impl<T: Config> Pallet<T> {
	/// Whether jobs can run under these parameters, and everybody risks something.
	pub(crate) fn are_sane(params: &ParamsOf<T>) -> bool {
		let periods = [
			params.commit_period,
			params.reveal_period,
			params.challenge_period,
			params.renewed_period,
			params.posting_period,
			params.referee_period,
			params.result_window,
		];
		periods.iter().all(|period| !period.is_zero())
			&& params.refills <= MAX_REFILLS
			&& (1..=params.max_committee).contains(&params.min_committee)
			&& u32::from(params.max_committee) <= MAX_COMMITTEE
			&& u32::from(params.auditors) <= MAX_COMMITTEE
			// An audit without auditors is none.
			&& (params.auditors > 0 || params.audit_rate.is_zero())
			&& params.burnt_share <= Perbill::from_percent(50)
			&& !params.operator_cap.is_zero()
			&& !params.challenge_bond.is_zero()
			&& !params.min_job_stake.is_zero()
	}

	/// Sets the parameters.
	pub(crate) fn do_set_params(params: ParamsOf<T>) -> DispatchResult {
		ensure!(Self::are_sane(&params), Error::<T>::InvalidParams);
		Params::<T>::put(&params);
		Self::deposit_event(Event::ParamsSet { params });
		Ok(())
	}
}
