//! Draws: of a committee, of replacements for hosts that did not commit, of auditors.
//!
//! All come from one order of the candidates, drawn without replacement by stake: whoever is drawn
//! leaves it, so auditors are never members of the committee. The weight of a candidate is what it
//! had free when the job was asked, capped at a share of the sum.

use alloc::vec::Vec;
use codec::Encode;
use frame_support::traits::{
	fungible::MutateHold,
	tokens::{Fortitude, Precision},
};
use frame_system::pallet_prelude::BlockNumberFor;
use noema_primitives::{
	hosting::JobStake,
	jobs::{Ending, Member, Phase},
	JobId,
};
use sp_core::H256;
use sp_runtime::{
	traits::{BlakeTwo256, Hash, Saturating, UniqueSaturatedInto},
	Perbill,
};

use crate::{
	beacon::{Seed, DRAW_BLOCKS, DRAW_DELAY},
	types::{Audit, Drawable, JobOf, Seat, Seats},
	Assignments, Config, Event, HoldReason, Members, Order, Pallet, Params,
};

/// For how many blocks a draw waits before it looks for more authors.
const EXTENSION: u32 = 4;

/// Puts candidates into the order in which they are drawn.
pub(crate) fn shuffle<AccountId, Balance>(
	seed: &H256,
	mut candidates: Vec<Drawable<AccountId, Balance>>,
	cap: Perbill,
) -> Vec<Drawable<AccountId, Balance>>
where
	Balance: Copy + UniqueSaturatedInto<u128>,
{
	let weight = |free: Balance| -> u128 { free.unique_saturated_into() };
	let sum = candidates.iter().fold(0u128, |sum, candidate| {
		sum.saturating_add(weight(candidate.free))
	});
	let most = cap.mul_ceil(sum).max(1);
	// No weight is 0, so that each can be drawn.
	let capped = |candidate: &Drawable<AccountId, Balance>| weight(candidate.free).clamp(1, most);

	let mut left = candidates.iter().fold(0u128, |sum, candidate| {
		sum.saturating_add(capped(candidate))
	});
	let mut order = Vec::with_capacity(candidates.len());
	let mut round = 0u32;
	while !candidates.is_empty() {
		let hash = BlakeTwo256::hash(&(seed, round).encode());
		let drawn = hash
			.as_fixed_bytes()
			.first_chunk()
			.map_or(0, |bytes| u128::from_le_bytes(*bytes));
		let mut point = drawn.checked_rem(left).unwrap_or_default();
		let place = candidates
			.iter()
			.position(|candidate| {
				let weight = capped(candidate);
				let hit = point < weight;
				point = point.saturating_sub(weight);
				hit
			})
			// Only if the sum is beyond 128 bits.
			.unwrap_or_default();
		let candidate = candidates.remove(place);
		left = left.saturating_sub(capped(&candidate));
		order.push(candidate);
		round = round.saturating_add(1);
	}
	order
}

impl<T: Config> Pallet<T> {
	/// Draws the committee of a job, or waits for more blocks.
	pub(crate) fn draw(id: JobId, mut job: JobOf<T>, from: BlockNumberFor<T>) {
		let seed = match Self::seed(id, from) {
			Seed::Known(seed) => seed,
			Seed::Open => {
				Self::deposit_event(Event::DrawExtended { job: id });
				let due = Self::now().saturating_add(EXTENSION.into());
				return Self::put_job(id, &mut job, due);
			}
			Seed::Lost => {
				// Finality has lagged for so long that the draw has to begin anew.
				let block = frame_system::Pallet::<T>::block_number();
				job.phase = Phase::Drawing {
					from: block.saturating_add(DRAW_DELAY.into()),
				};
				Self::deposit_event(Event::DrawExtended { job: id });
				let due = Self::now()
					.saturating_add(DRAW_DELAY.into())
					.saturating_add(DRAW_BLOCKS.into());
				return Self::put_job(id, &mut job, due);
			}
			Seed::Never => return Self::end_unanswered(id, job),
		};
		let params = Params::<T>::get();
		Order::<T>::mutate(id, |order| {
			let candidates = core::mem::take(order).into_inner();
			let shuffled = shuffle(&seed, candidates, params.operator_cap);
			*order = frame_support::BoundedVec::truncate_from(shuffled);
		});

		let mut seats = Seats::<T>::new();
		let hosts = Self::seat(id, &job, &mut seats, job.committee.into(), false);
		Members::<T>::insert(id, &seats);
		if !Self::suffices(hosts.len(), job.stake, job.min_stake) {
			return Self::end_unanswered(id, job);
		}
		Self::burn_share(id, &mut job);
		let until = Self::now().saturating_add(params.commit_period);
		Self::open_commits(id, &mut job, hosts, false, until);
	}

	/// Burns the share of the escrow that each draw costs.
	fn burn_share(id: JobId, job: &mut JobOf<T>) {
		let burnt = T::Currency::burn_held(
			&HoldReason::Escrow.into(),
			&job.requester,
			job.burn,
			Precision::BestEffort,
			Fortitude::Force,
		)
		.unwrap_or_default();
		job.escrow = job.escrow.saturating_sub(burnt);
		Self::deposit_event(Event::ShareBurnt {
			job: id,
			amount: burnt,
		});
	}

	/// Gives up to `wanted` of the next candidates a seat, those whose stake can be locked. Returns
	/// who has got one.
	pub(crate) fn seat(
		id: JobId,
		job: &JobOf<T>,
		seats: &mut Seats<T>,
		wanted: u32,
		auditor: bool,
	) -> Vec<T::AccountId> {
		let mut hosts = Vec::new();
		Order::<T>::mutate(id, |order| {
			while (hosts.len() as u32) < wanted && !order.is_empty() && !seats.is_full() {
				let Drawable { host, price, .. } = order.remove(0);
				// It may have taken other jobs, or left, since the request.
				if T::Hosting::lock(&host, &job.model, job.stake).is_err() {
					continue;
				}
				let member = Member {
					host: host.clone(),
					stake: job.stake,
					price,
					commitment: None,
					revealed: None,
				};
				if seats.try_push(Seat { member, auditor }).is_err() {
					frame_support::defensive!("no seat where there was one", id);
				}
				Assignments::<T>::insert(&host, id, ());
				hosts.push(host);
			}
		});
		hosts
	}

	/// Lets new members commit until `until`.
	pub(crate) fn open_commits(
		id: JobId,
		job: &mut JobOf<T>,
		hosts: Vec<T::AccountId>,
		audit: bool,
		until: BlockNumberFor<T>,
	) {
		job.phase = Phase::Committing { until };
		Self::deposit_event(Event::Drawn {
			job: id,
			hosts,
			audit,
			until: Self::block_at(until),
		});
		Self::put_job(id, job, until.saturating_add(1u32.into()));
	}

	/// What happens to an answer that nobody has challenged: it may be audited, once, else it is
	/// final.
	pub(crate) fn close_window(id: JobId, mut job: JobOf<T>) {
		let params = Params::<T>::get();
		let audited = job.audit == Audit::Open && Self::is_audited(id, params.audit_rate);
		job.audit = Audit::Over;
		if audited {
			let mut seats = Members::<T>::get(id);
			let hosts = Self::seat(id, &job, &mut seats, job.auditors.into(), true);
			if !hosts.is_empty() {
				Members::<T>::insert(id, seats);
				job.audit = Audit::Running;
				let until = Self::now().saturating_add(params.commit_period);
				return Self::open_commits(id, &mut job, hosts, true, until);
			}
		}
		Self::end_answered(id, job);
	}

	/// Ends a job without an answer; whoever has lost something has lost it before.
	pub(crate) fn end_unanswered(id: JobId, job: JobOf<T>) {
		Self::finish(id, job, Ending::Unanswered);
	}
}
