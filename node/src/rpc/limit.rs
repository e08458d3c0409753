//! How much a node answers: so many dry runs and look-ups a second, so many dry runs at once.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// How long a call waits for a place before it is turned away.
const PATIENCE: Duration = Duration::from_secs(5);
/// Calls that wait, for each place there is. Each holds a thread of the RPC server.
const WAITING_PER_PLACE: u32 = 8;

/// Look-ups (a few reads of the state, no inference) for each dry run that is allowed.
const LOOKUPS_PER_RUN: u32 = 20;

/// Why a call was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
	/// More calls a second than allowed.
	#[error("this node answers {per_second} dry runs a second; ask more slowly")]
	RateLimited {
		/// What is allowed.
		per_second: u32,
	},
	/// More look-ups a second than allowed.
	#[error("this node answers {per_second} look-ups a second; ask more slowly")]
	TooManyLookups {
		/// What is allowed.
		per_second: u32,
	},
	/// All places are taken.
	#[error("{places} inference(s) run already and others wait; ask again later")]
	Busy {
		/// What runs at once.
		places: u32,
	},
}

/// Lets dry runs and look-ups through. Each has a bucket of its own, so that the cheap ones do
/// not use up what is there for the dear ones.
#[derive(Debug)]
pub struct Limiter {
	per_second: u32,
	places: u32,
	runs: Mutex<Bucket>,
	lookups: Mutex<Bucket>,
	queue: Mutex<Queue>,
	freed: Condvar,
}

/// A token bucket.
#[derive(Debug)]
struct Bucket {
	tokens: f64,
	filled: Instant,
}

impl Bucket {
	/// As full as it gets.
	fn full(per_second: u32) -> Self {
		Self {
			tokens: 2.0 * f64::from(per_second),
			filled: Instant::now(),
		}
	}

	/// Takes `count` tokens at `now`, if there are so many. A full bucket has always enough.
	fn take(&mut self, count: u32, per_second: u32, now: Instant) -> bool {
		let rate = f64::from(per_second);
		let passed = now.saturating_duration_since(self.filled).as_secs_f64();
		self.tokens = passed.mul_add(rate, self.tokens).min(2.0 * rate);
		self.filled = self.filled.max(now);
		let count = f64::from(count).min(2.0 * rate);
		let taken = self.tokens >= count;
		if taken {
			self.tokens -= count;
		}
		taken
	}
}

#[derive(Debug, Default)]
struct Queue {
	running: u32,
	waiting: u32,
}

/// The right to run, until it is dropped.
#[derive(Debug)]
pub struct Place<'a>(&'a Limiter);

impl Drop for Place<'_> {
	fn drop(&mut self) {
		self.0.queue.lock().running -= 1;
		self.0.freed.notify_one();
	}
}

impl Limiter {
	/// `places` dry runs at once and `per_second` a second, with bursts of twice as many.
	pub fn new(places: u32, per_second: u32) -> Self {
		let lookups = Bucket::full(per_second.saturating_mul(LOOKUPS_PER_RUN));
		Self {
			per_second,
			places,
			runs: Mutex::new(Bucket::full(per_second)),
			lookups: Mutex::new(lookups),
			queue: Mutex::default(),
			freed: Condvar::new(),
		}
	}

	/// Counts `count` look-ups.
	///
	/// # Errors
	///
	/// [`Denied`] if the caller must come later.
	pub fn look_up(&self, count: u32) -> Result<(), Denied> {
		self.look_up_at(count, Instant::now())
	}

	fn look_up_at(&self, count: u32, now: Instant) -> Result<(), Denied> {
		let per_second = self.per_second.saturating_mul(LOOKUPS_PER_RUN);
		if self.lookups.lock().take(count, per_second, now) {
			Ok(())
		} else {
			Err(Denied::TooManyLookups { per_second })
		}
	}

	/// A place for a dry run. Blocks for some seconds if all are taken.
	///
	/// # Errors
	///
	/// [`Denied`] if the caller must come later.
	pub fn enter(&self) -> Result<Place<'_>, Denied> {
		self.enter_within(Instant::now(), PATIENCE)
	}

	fn enter_within(&self, now: Instant, patience: Duration) -> Result<Place<'_>, Denied> {
		if !self.runs.lock().take(1, self.per_second, now) {
			return Err(Denied::RateLimited {
				per_second: self.per_second,
			});
		}
		let busy = Denied::Busy {
			places: self.places,
		};
		let mut queue = self.queue.lock();
		if queue.running >= self.places {
			if queue.waiting >= self.places.saturating_mul(WAITING_PER_PLACE) {
				return Err(busy);
			}
			queue.waiting += 1;
			self.freed
				.wait_while_for(&mut queue, |queue| queue.running >= self.places, patience);
			queue.waiting -= 1;
			if queue.running >= self.places {
				return Err(busy);
			}
		}
		queue.running += 1;
		Ok(Place(self))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_bucket_fills_with_time_and_up_to_a_burst() {
		let start = Instant::now();
		let mut bucket = Bucket {
			tokens: 20.0,
			filled: start,
		};
		assert_eq!((0..100).filter(|_| bucket.take(1, 10, start)).count(), 20);
		let later = start + Duration::from_millis(500);
		assert_eq!((0..100).filter(|_| bucket.take(1, 10, later)).count(), 5);
		let much_later = start + Duration::from_secs(3600);
		assert_eq!(
			(0..100).filter(|_| bucket.take(1, 10, much_later)).count(),
			20
		);
		assert!(
			!bucket.take(1, 10, start),
			"time that runs back fills nothing"
		);
	}

	#[test]
	fn what_costs_more_empties_the_bucket_sooner() {
		let start = Instant::now();
		let mut bucket = Bucket {
			tokens: 20.0,
			filled: start,
		};
		assert_eq!((0..100).filter(|_| bucket.take(6, 10, start)).count(), 3);
		assert!(bucket.take(2, 10, start));
		let much_later = start + Duration::from_secs(3600);
		assert!(
			bucket.take(1000, 10, much_later),
			"no call is denied for ever"
		);
		assert!(!bucket.take(1, 10, much_later));
	}

	#[test]
	fn look_ups_take_nothing_from_dry_runs() {
		let limiter = Limiter::new(1, 1);
		let now = Instant::now();
		let allowed = (0..1000).filter(|_| limiter.look_up_at(1, now).is_ok());
		assert_eq!(allowed.count(), 2 * LOOKUPS_PER_RUN as usize);
		assert_eq!(
			limiter.look_up_at(1, now),
			Err(Denied::TooManyLookups {
				per_second: LOOKUPS_PER_RUN
			}),
		);
		assert!(limiter.enter_within(now, Duration::ZERO).is_ok());
	}

	#[test]
	fn a_call_too_many_is_turned_away() {
		let limiter = Limiter::new(1, 1);
		let now = Instant::now();
		let place = limiter
			.enter_within(now, Duration::ZERO)
			.expect("the first one");
		assert_eq!(
			limiter.enter_within(now, Duration::ZERO).err(),
			Some(Denied::Busy { places: 1 }),
		);
		drop(place);
		assert_eq!(
			limiter.enter_within(now, Duration::ZERO).err(),
			Some(Denied::RateLimited { per_second: 1 }),
		);
	}

	#[test]
	fn a_waiting_call_takes_the_place_that_becomes_free() {
		let limiter = Limiter::new(1, 100);
		let place = limiter.enter().expect("the first one");
		std::thread::scope(|scope| {
			let second = scope.spawn(|| limiter.enter().map(drop));
			while limiter.queue.lock().waiting == 0 {
				std::thread::yield_now();
			}
			drop(place);
			assert_eq!(second.join().expect("no panic"), Ok(()));
		});
		assert_eq!(limiter.queue.lock().running, 0);
	}
}
