//! Traces, as far as disputes look at them.

/// A claim about a run: the steps at which it leaves the plan, each with a mark for what it makes up.
/// Between these steps it computes as the plan says, from what it has made up before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
	/// In the order of the steps.
	departures: Vec<(u32, u64)>,
}

impl Trace {
	/// What every honest machine computes.
	pub fn right() -> Self {
		Self::default()
	}

	/// Leaves the plan at `step`. Two traces with the same step and mark are the same.
	pub fn wrong_at(step: u32, mark: u64) -> Self {
		Self::right().and_wrong_at(step, mark)
	}

	/// Leaves the plan at one more, later step.
	pub fn and_wrong_at(mut self, step: u32, mark: u64) -> Self {
		debug_assert!(self.departures.last().is_none_or(|last| last.0 < step));
		self.departures.push((step, mark));
		self
	}

	/// Whether this is what every honest machine computes.
	pub fn is_right(&self) -> bool {
		self.departures.is_empty()
	}

	/// The first leaf on which two traces differ.
	pub fn first_difference(&self, other: &Self) -> Option<u32> {
		let step = |trace: &Self, index: usize| trace.departures.get(index).map(|found| found.0);
		(0..self.departures.len().max(other.departures.len()))
			.find(|index| self.departures.get(*index) != other.departures.get(*index))
			.and_then(|index| match (step(self, index), step(other, index)) {
				(Some(one), Some(two)) => Some(one.min(two)),
				(one, two) => one.or(two),
			})
	}

	/// Whether the referee, who computes this step from the leaves before it, finds this trace's
	/// leaf.
	pub fn keeps_to_the_plan_at(&self, step: u32) -> bool {
		self.departures.iter().all(|departure| departure.0 != step)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn differences_are_found_at_their_first_leaf() {
		let right = Trace::right();
		let early = Trace::wrong_at(3, 1);
		let late = Trace::wrong_at(9, 1);
		assert_eq!(right.first_difference(&Trace::right()), None);
		assert_eq!(right.first_difference(&late), Some(9));
		assert_eq!(early.first_difference(&late), Some(3));
		assert_eq!(late.first_difference(&early), Some(3));
		assert_eq!(late.first_difference(&Trace::wrong_at(9, 2)), Some(9));
		let twice = Trace::wrong_at(3, 1).and_wrong_at(7, 1);
		assert_eq!(early.first_difference(&twice), Some(7));
	}

	#[test]
	fn the_referee_judges_from_what_is_agreed() {
		let early = Trace::wrong_at(3, 1);
		let twice = Trace::wrong_at(3, 1).and_wrong_at(7, 1);
		assert!(!early.keeps_to_the_plan_at(3));
		// Both have lied before; at step 7 only one of them does so again.
		assert!(early.keeps_to_the_plan_at(7));
		assert!(!twice.keeps_to_the_plan_at(7));
	}
}
