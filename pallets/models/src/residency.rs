//! Residency: stake decides which models nodes hold.
//!
//! ```text
//!   admission
//!      |              covered, and room         maturity
//!      v      +------------------------> Maturing -------> Resident
//!   Dormant --+                             |               |    ^
//!      ^                 not covered        |        notice |    | covered, and
//!      +------------------------------------+               v    | not displaced
//!      +-------------------------------------------------- Leaving
//!                 not covered, or displaced: after the notice
//! ```
//!
//! Hosting tells of changes of stake; they wait in a queue, and each block looks at a few. Dormant
//! models that are covered contend for room. Each block lets one of them in, or gives notice to one
//! model of lesser claim: the greatest claim first, and no other before it while it has hope.

use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use noema_primitives::{hosting::ModelStake, ModelId, ModelStage};
use sp_runtime::traits::Saturating;

use crate::{
	contest::{Claim, Contest, Prospect},
	types::{Cause, Contender, ModelRecordOf, Notice, WorkingStage},
	Config, Contenders, Event, MaturingQueue, Models, Notices, Pallet, Reports, StakeChanged,
	StakeChanges, StakeQueue, WorkingModels,
};

/// The most models that become resident, or dormant instead, in one block.
pub(crate) const MATURITIES_PER_BLOCK: u32 = 8;

/// The most models of which one block looks at the stake.
pub(crate) const LOOKS_PER_BLOCK: u32 = 8;

/// The most models that leave, or are found to stay, in one block.
pub(crate) const NOTICES_PER_BLOCK: u32 = 4;

/// The most dormant models that contend for room.
pub(crate) const MAX_CONTENDERS: u32 = 32;

impl<T: Config> Pallet<T> {
	/// Remembers to look at the stake of an admitted model.
	pub(crate) fn queue_look(id: &ModelId) {
		if StakeChanged::<T>::contains_key(id) {
			return;
		}
		if !Models::<T>::get(id).is_some_and(|record| record.stage.is_admitted()) {
			return;
		}
		StakeChanged::<T>::insert(id, ());
		StakeQueue::<T>::mutate(|ends| {
			StakeChanges::<T>::insert(ends.next, id);
			ends.next = ends.next.saturating_add(1);
		});
	}

	/// Looks at models whose stake has changed. Returns at how many.
	pub(crate) fn process_stake_changes(now: BlockNumberFor<T>) -> u32 {
		let mut ends = StakeQueue::<T>::get();
		let mut steps = 0;
		while ends.first < ends.next && steps < LOOKS_PER_BLOCK {
			if let Some(id) = StakeChanges::<T>::take(ends.first) {
				StakeChanged::<T>::remove(id);
				Self::look(now, id);
			} else {
				frame_support::defensive!("a change of nothing", ends.first);
			}
			ends.first = ends.first.saturating_add(1);
			steps = steps.saturating_add(1);
		}
		if steps > 0 {
			StakeQueue::<T>::put(ends);
		}
		steps
	}

	/// Does what a model's stake asks for.
	pub(crate) fn look(now: BlockNumberFor<T>, id: ModelId) {
		let Some(record) = Models::<T>::get(id) else {
			return;
		};
		let stake = T::Hosting::committed(&id);
		if record.stage.is_working() {
			Self::change_working(id, |model| model.stake = stake);
		}
		match record.stage {
			ModelStage::Resident if !Self::is_covered(&id) => {
				Self::give_notice(now, id, record, Cause::NotCovered);
			}
			ModelStage::Dormant => Self::contend(id),
			_ => {}
		}
	}

	/// Whether enough is committed to an admitted model.
	fn is_covered(id: &ModelId) -> bool {
		Reports::<T>::get(id).is_some_and(|report| T::Hosting::is_covered(id, &report))
	}

	/// Makes a resident model leave after a while, unless it has won its place back by then.
	fn give_notice(
		now: BlockNumberFor<T>,
		id: ModelId,
		mut record: ModelRecordOf<T>,
		cause: Cause,
	) {
		let until = now.saturating_add(T::ResidencyNotice::get());
		record.stage = ModelStage::Leaving { until };
		Models::<T>::insert(id, record);
		Self::change_working(id, |model| model.stage = WorkingStage::Leaving(cause));
		if Notices::<T>::try_append(Notice { id, until }).is_err() {
			frame_support::defensive!("more notices than models", id);
		}
		Self::deposit_event(Event::NoticeGiven {
			model: id,
			until,
			cause,
		});
	}

	/// Makes models resident whose time has come, if they are covered. Returns how many it has looked
	/// at.
	pub(crate) fn process_maturities(now: BlockNumberFor<T>) -> u32 {
		let mut maturing = MaturingQueue::<T>::get();
		let due = maturing
			.iter()
			.take(MATURITIES_PER_BLOCK as usize)
			.take_while(|model| model.resident <= now)
			.count();
		if due == 0 {
			return 0;
		}
		let matured: alloc::vec::Vec<_> = maturing.drain(..due).collect();
		MaturingQueue::<T>::put(maturing);
		for model in matured {
			let Some(mut record) = Models::<T>::get(model.id) else {
				frame_support::defensive!("a maturing model that is unknown", model.id);
				continue;
			};
			if !Self::is_covered(&model.id) {
				Self::let_sleep(model.id, record);
				continue;
			}
			record.stage = ModelStage::Resident;
			Models::<T>::insert(model.id, record);
			Self::change_working(model.id, |model| model.stage = WorkingStage::Resident);
			Self::deposit_event(Event::ModelResident { model: model.id });
		}
		due as u32
	}

	/// Lets models go whose notice has ended, unless they have won their place back. Returns how many
	/// it has looked at.
	pub(crate) fn process_notices(now: BlockNumberFor<T>) -> u32 {
		let mut steps = 0;
		while steps < NOTICES_PER_BLOCK {
			let first = Notices::<T>::get().first().cloned();
			let Some(Notice { id, .. }) = first.filter(|notice| notice.until <= now) else {
				break;
			};
			steps = steps.saturating_add(1);
			let Some(mut record) = Models::<T>::get(id) else {
				frame_support::defensive!("notice to a model that is unknown", id);
				Notices::<T>::mutate(|notices| notices.retain(|notice| notice.id != id));
				continue;
			};
			if !Self::is_covered(&id) || Self::is_outbid(id) {
				Self::let_sleep(id, record);
				continue;
			}
			Notices::<T>::mutate(|notices| notices.retain(|notice| notice.id != id));
			record.stage = ModelStage::Resident;
			Models::<T>::insert(id, record);
			Self::change_working(id, |model| model.stage = WorkingStage::Resident);
			Self::deposit_event(Event::NoticeWithdrawn { model: id });
		}
		steps
	}

	/// Whether a contender is to have the room of a model under notice.
	fn is_outbid(id: ModelId) -> bool {
		let contenders = Contenders::<T>::get();
		let contest = Self::contest();
		let plan_bytes = contest
			.working
			.iter()
			.find(|model| model.id == id)
			.map_or(0, |model| model.plan_bytes);
		let claim = Claim::new(T::Hosting::committed(&id), plan_bytes, contest.place);
		contest.wants_room_of(&claim, &contenders)
	}

	/// Makes a working model dormant. If it is covered, it contends for room at once.
	fn let_sleep(id: ModelId, mut record: ModelRecordOf<T>) {
		Self::free_plan_room(id);
		record.stage = ModelStage::Dormant;
		Models::<T>::insert(id, record);
		Self::deposit_event(Event::ModelDormant { model: id });
		Self::contend(id);
	}

	/// Lists a dormant model among the contenders if it is covered, and takes it off if not.
	pub(crate) fn contend(id: ModelId) {
		let covered = Reports::<T>::get(id)
			.filter(|report| Self::may_fit(report.plan_bytes))
			.filter(|report| T::Hosting::is_covered(&id, report));
		let Some(report) = covered else {
			return Self::give_up(id);
		};
		let contender = Contender {
			id,
			plan_bytes: report.plan_bytes,
			stake: T::Hosting::committed(&id),
		};
		Contenders::<T>::mutate(|contenders| {
			if let Some(known) = contenders.iter_mut().find(|known| known.id == id) {
				*known = contender;
				return;
			}
			let Err(contender) = contenders.try_push(contender) else {
				return;
			};
			// The least claim makes way, if it is less than this one's.
			let claim = |of: &Contender| Claim::new(of.stake, of.plan_bytes, Self::place_bytes());
			let least = contenders
				.iter_mut()
				.min_by(|a, b| claim(a).compare(&claim(b)));
			if let Some(least) = least.filter(|least| claim(&contender).exceeds(&claim(least))) {
				*least = contender;
			}
		});
	}

	/// Takes a model off the contenders.
	pub(crate) fn give_up(id: ModelId) {
		Contenders::<T>::mutate_exists(|contenders| {
			let Some(list) = contenders else { return };
			list.retain(|contender| contender.id != id);
			if list.is_empty() {
				*contenders = None;
			}
		});
	}

	/// Lets one contender mature, or gives notice to one model for it. Returns whether there was a
	/// contender to look at.
	pub(crate) fn process_contenders(now: BlockNumberFor<T>) -> bool {
		let contenders = Contenders::<T>::get();
		if contenders.is_empty() {
			return false;
		}
		let contest = Self::contest();
		for contender in contest.in_order(contenders.into_inner()) {
			let id = contender.id;
			match contest.prospect(&contender) {
				Prospect::Hopeless => continue,
				Prospect::Awaited => break,
				// Those behind it wait too: else small models could keep a large one out.
				Prospect::Free if !Self::may_mature(contender.plan_bytes) => break,
				// Its stake has left, and the queue has not come to it yet.
				_ if !Self::is_covered(&id) => Self::give_up(id),
				Prospect::Free => match Models::<T>::get(id) {
					Some(record) => {
						Self::give_up(id);
						let stake = T::Hosting::committed(&id);
						Self::start_maturity(now, id, record, contender.plan_bytes, stake);
					}
					None => {
						frame_support::defensive!("a contender that is unknown", id);
					}
				},
				Prospect::Displace(least) => match Models::<T>::get(least) {
					Some(record) => Self::give_notice(now, least, record, Cause::Displaced),
					None => {
						frame_support::defensive!("a resident model that is unknown", least);
					}
				},
			}
			break;
		}
		true
	}

	fn contest() -> Contest {
		Contest {
			working: WorkingModels::<T>::get().into_inner(),
			free: Self::free_room(),
			place: Self::place_bytes(),
		}
	}

	/// Bytes that a place among the working models is worth.
	fn place_bytes() -> u64 {
		let places = u64::from(T::MaxResidentModels::get());
		T::MaxResidentBytes::get()
			.checked_div(places)
			.unwrap_or_default()
	}
}
