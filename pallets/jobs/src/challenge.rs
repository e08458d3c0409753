//! Challenges: anybody with a bond against the answer that stands.
//!
//! One at a time: a challenge opens a dispute, and each dispute ends with a window in which what is
//! left may be challenged again.

use frame_support::{ensure, traits::fungible::MutateHold};
use noema_primitives::{
	jobs::{Answer, Phase},
	trace::Proof,
	JobId,
};
use sp_core::H256;
use sp_runtime::DispatchResult;

use crate::{types::Claim, ClaimsOf, Config, Error, Event, HoldReason, Pallet, Params};

impl<T: Config> Pallet<T> {
	/// Opens a dispute about the answer that stands.
	pub(crate) fn do_challenge(
		who: T::AccountId,
		id: JobId,
		root: H256,
		answer: Answer,
		proof: Proof,
	) -> DispatchResult {
		let mut job = Self::job_of(id)?;
		let Phase::Challengeable { until } = job.phase else {
			return Err(Error::<T>::WrongPhase.into());
		};
		ensure!(Self::now() <= until, Error::<T>::TooLate);
		let mut claims = ClaimsOf::<T>::get(id);
		ensure!(
			claims.iter().all(|claim| claim.root != root),
			Error::<T>::AlreadyClaimed
		);
		Self::take_answer(&who, id, &job, root, answer, &proof)?;
		let bond = Params::<T>::get().challenge_bond;
		T::Currency::hold(&HoldReason::Challenge.into(), &who, bond)?;
		claims
			.try_push(Claim {
				root,
				posted: false,
				challenger: Some((who.clone(), bond)),
			})
			.map_err(|_| Error::<T>::TooManyClaims)?;
		let count = claims.len() as u32;
		ClaimsOf::<T>::insert(id, claims);
		Self::deposit_event(Event::Challenged {
			job: id,
			challenger: who,
			trace_root: root,
		});
		Self::open_dispute(id, &mut job, count);
		Ok(())
	}
}
