//! Who gets the room for plans if not all can have it: pure arithmetic.
//!
//! A model's claim is its stake for each byte of room. It takes up as many bytes as its plan has, or
//! an equal share of a place among the working models, whichever are more: else a tiny plan would
//! outbid all others for its place with next to nothing.

use alloc::vec::Vec;
use core::cmp::Ordering;
use noema_primitives::ModelId;

use crate::{
	plan_room::Room,
	types::{Cause, Contender, WorkingModel, WorkingStage},
};

/// Stake for each byte of room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
	stake: u128,
	room: u64,
}

impl Claim {
	/// The claim of a model with such a plan, where a place is worth `place` bytes.
	pub(crate) fn new(stake: u128, plan_bytes: u64, place: u64) -> Self {
		let room = plan_bytes.max(place).max(1);
		Self { stake, room }
	}

	/// Whether it is strictly more than another.
	pub(crate) fn exceeds(&self, other: &Self) -> bool {
		self.compare(other) == Ordering::Greater
	}

	/// By stake for each byte, exactly.
	pub(crate) fn compare(&self, other: &Self) -> Ordering {
		product(self.stake, other.room).cmp(&product(other.stake, self.room))
	}
}

/// The product in 192 bits: the high 128, the low 64. It is worked out so often that 256 bits, as
/// `U256` has them, would take most of the time.
fn product(stake: u128, room: u64) -> (u128, u64) {
	// Neither product exceeds `(2^64 - 1)^2`, so that there is room for the carry.
	let low = u128::from(stake as u64).saturating_mul(room.into());
	let high = (stake >> 64).saturating_mul(room.into());
	(high.saturating_add(low >> 64), low as u64)
}

/// What a contender may hope for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prospect {
	/// There is room now.
	Free,
	/// Those under notice leave enough.
	Awaited,
	/// There is enough once this one, and perhaps others after it, leave too.
	Displace(ModelId),
	/// Too few have a lesser claim.
	Hopeless,
}

/// The room for plans, and who is in it.
#[derive(Debug)]
pub(crate) struct Contest {
	/// Models that mature, are resident, or under notice.
	pub(crate) working: Vec<WorkingModel>,
	/// What is free.
	pub(crate) free: Room,
	/// Bytes that a place is worth.
	pub(crate) place: u64,
}

impl Contest {
	fn claim_of(&self, model: &WorkingModel) -> Claim {
		Claim::new(model.stake, model.plan_bytes, self.place)
	}

	/// The claim of a contender.
	pub(crate) fn claim(&self, contender: &Contender) -> Claim {
		Claim::new(contender.stake, contender.plan_bytes, self.place)
	}

	/// Contenders in the order of their claims, the greatest first; those with equal ones in the
	/// order in which they have come.
	pub(crate) fn in_order(&self, mut contenders: Vec<Contender>) -> Vec<Contender> {
		contenders.sort_by(|a, b| self.claim(b).compare(&self.claim(a)));
		contenders
	}

	/// What a contender may hope for.
	pub(crate) fn prospect(&self, contender: &Contender) -> Prospect {
		let mut room = self.free;
		if room.holds(contender.plan_bytes) {
			return Prospect::Free;
		}
		let claim = self.claim(contender);
		for model in &self.working {
			let leaves = match model.stage {
				WorkingStage::Leaving(Cause::NotCovered) => true,
				WorkingStage::Leaving(Cause::Displaced) => claim.exceeds(&self.claim_of(model)),
				WorkingStage::Maturing | WorkingStage::Resident => false,
			};
			if leaves {
				room = room.without(model);
			}
		}
		if room.holds(contender.plan_bytes) {
			return Prospect::Awaited;
		}
		let mut least: Option<&WorkingModel> = None;
		let lesser = self
			.working
			.iter()
			.filter(|model| model.stage == WorkingStage::Resident)
			.filter(|model| claim.exceeds(&self.claim_of(model)));
		for model in lesser {
			room = room.without(model);
			if least.is_none_or(|least| self.claim_of(least).exceeds(&self.claim_of(model))) {
				least = Some(model);
			}
		}
		match least {
			Some(least) if room.holds(contender.plan_bytes) => Prospect::Displace(least.id),
			_ => Prospect::Hopeless,
		}
	}

	/// Whether one of the contenders is to have the room of a model with this claim.
	pub(crate) fn wants_room_of(&self, claim: &Claim, contenders: &[Contender]) -> bool {
		contenders
			.iter()
			.filter(|contender| self.claim(contender).exceeds(claim))
			.any(|contender| {
				matches!(
					self.prospect(contender),
					Prospect::Awaited | Prospect::Displace(_)
				)
			})
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const PLACE: u64 = 10;

	fn id(seed: u8) -> ModelId {
		ModelId([seed; 32])
	}

	fn working(seed: u8, plan_bytes: u64, stake: u128, stage: WorkingStage) -> WorkingModel {
		let id = id(seed);
		WorkingModel {
			id,
			plan_bytes,
			stake,
			stage,
		}
	}

	fn resident(seed: u8, plan_bytes: u64, stake: u128) -> WorkingModel {
		working(seed, plan_bytes, stake, WorkingStage::Resident)
	}

	fn contender(plan_bytes: u64, stake: u128) -> Contender {
		let id = id(99);
		Contender {
			id,
			plan_bytes,
			stake,
		}
	}

	fn contest(bytes: u64, places: u32, working: Vec<WorkingModel>) -> Contest {
		Contest {
			working,
			free: Room { bytes, places },
			place: PLACE,
		}
	}

	#[test]
	fn claims_compare_stake_by_byte() {
		let claim = |stake, bytes| Claim::new(stake, bytes, PLACE);
		assert!(claim(101, 100).exceeds(&claim(100, 100)));
		assert!(claim(100, 99).exceeds(&claim(100, 100)));
		assert!(!claim(200, 200).exceeds(&claim(100, 100)));
		// A place is worth ten bytes.
		assert_eq!(claim(5, 0).compare(&claim(5, 10)), Ordering::Equal);
		assert!(claim(5, 9).exceeds(&claim(5, 11)));
		// Exact where 128 bits would not do.
		let most = u128::MAX;
		assert!(claim(most, u64::MAX - 1).exceeds(&claim(most, u64::MAX)));
		assert!(claim(most, u64::MAX).exceeds(&claim(most - 1, u64::MAX)));
	}

	#[test]
	fn products_are_exact() {
		let (max, room) = (u128::MAX, u64::MAX);
		// (2^128 - 1) (2^64 - 1) = 2^192 - 2^128 - 2^64 + 1
		assert_eq!(product(max, room), (max - (1 << 64), 1));
		assert_eq!(product(1 << 64, 3), (3, 0));
		assert_eq!(product(7, 3), (0, 21));
		assert_eq!(product(max, 0), (0, 0));
	}

	#[test]
	fn what_fits_displaces_nobody() {
		let working = alloc::vec![resident(1, 50, 1)];
		let prospect = |bytes, places| {
			let contest = contest(bytes, places, working.clone());
			contest.prospect(&contender(50, 100))
		};
		assert_eq!(prospect(50, 1), Prospect::Free);
		assert_eq!(prospect(49, 1), Prospect::Displace(id(1)));
		assert_eq!(prospect(50, 0), Prospect::Displace(id(1)));
	}

	#[test]
	fn the_least_claim_goes_first_and_equal_ones_stay() {
		let models = alloc::vec![
			resident(1, 50, 100),
			resident(2, 50, 99),
			resident(3, 50, 99),
			working(4, 50, 1, WorkingStage::Maturing),
		];
		let contest = contest(0, 5, models);
		let prospect = |bytes, stake| contest.prospect(&contender(bytes, stake));
		assert_eq!(prospect(50, 101), Prospect::Displace(id(2)));
		assert_eq!(prospect(50, 100), Prospect::Displace(id(2)));
		assert_eq!(prospect(50, 99), Prospect::Hopeless);
		// It needs all three, and has more than all three have only with 201 of stake for 100.
		assert_eq!(prospect(150, 300), Prospect::Hopeless);
		assert_eq!(prospect(150, 301), Prospect::Displace(id(2)));
		assert_eq!(prospect(151, 1_000), Prospect::Hopeless);
	}

	#[test]
	fn who_leaves_anyway_is_waited_for() {
		let leaving = |cause, stake| working(1, 50, stake, WorkingStage::Leaving(cause));
		let prospect = |leaving| {
			let contest = contest(0, 0, alloc::vec![leaving, resident(2, 50, 50)]);
			contest.prospect(&contender(50, 60))
		};
		assert_eq!(prospect(leaving(Cause::Displaced, 59)), Prospect::Awaited);
		assert_eq!(prospect(leaving(Cause::NotCovered, 99)), Prospect::Awaited);
		// It will win its place back.
		let stays = leaving(Cause::Displaced, 60);
		assert_eq!(prospect(stays), Prospect::Displace(id(2)));
	}

	#[test]
	fn room_is_wanted_by_a_greater_claim_that_has_none() {
		let leaving = working(1, 50, 50, WorkingStage::Leaving(Cause::Displaced));
		let claim = Claim::new(50, 50, PLACE);
		let wanted = |free, bytes, stake| {
			let contest = contest(free, 1, alloc::vec![leaving.clone()]);
			contest.wants_room_of(&claim, &[contender(bytes, stake)])
		};
		assert!(wanted(0, 50, 51));
		assert!(!wanted(0, 50, 50));
		assert!(!wanted(50, 50, 51));
		assert!(!wanted(0, 51, 100));
	}
}
