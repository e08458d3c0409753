//! How many dry runs a node answers: so many a second, so many at once.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

/// How long a call waits for a place before it is turned away.
const PATIENCE: Duration = Duration::from_secs(5);
/// Calls that wait, for each place there is. Each holds a thread of the RPC server.
const WAITING_PER_PLACE: u32 = 8;

/// Why a dry run was turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
	/// More calls a second than allowed.
	#[error("this node answers {per_second} dry runs a second; ask more slowly")]
	RateLimited {
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

/// Lets dry runs through.
#[derive(Debug)]
pub struct Limiter {
	per_second: u32,
	places: u32,
	bucket: Mutex<Bucket>,
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
	/// Takes a token at `now`, if there is one.
	fn take(&mut self, per_second: u32, now: Instant) -> bool {
		let rate = f64::from(per_second);
		let passed = now.saturating_duration_since(self.filled).as_secs_f64();
		self.tokens = passed.mul_add(rate, self.tokens).min(2.0 * rate);
		self.filled = self.filled.max(now);
		let taken = self.tokens >= 1.0;
		if taken {
			self.tokens -= 1.0;
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
	/// `places` at once and `per_second` a second, with bursts of twice as many.
	pub fn new(places: u32, per_second: u32) -> Self {
		let bucket = Bucket {
			tokens: 2.0 * f64::from(per_second),
			filled: Instant::now(),
		};
		Self {
			per_second,
			places,
			bucket: Mutex::new(bucket),
			queue: Mutex::default(),
			freed: Condvar::new(),
		}
	}

	/// A place. Blocks for some seconds if all are taken.
	///
	/// # Errors
	///
	/// [`Denied`] if the caller must come later.
	pub fn enter(&self) -> Result<Place<'_>, Denied> {
		self.enter_within(Instant::now(), PATIENCE)
	}

	fn enter_within(&self, now: Instant, patience: Duration) -> Result<Place<'_>, Denied> {
		if !self.bucket.lock().take(self.per_second, now) {
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
		assert_eq!((0..100).filter(|_| bucket.take(10, start)).count(), 20);
		let later = start + Duration::from_millis(500);
		assert_eq!((0..100).filter(|_| bucket.take(10, later)).count(), 5);
		let much_later = start + Duration::from_secs(3600);
		assert_eq!((0..100).filter(|_| bucket.take(10, much_later)).count(), 20);
		assert!(!bucket.take(10, start), "time that runs back fills nothing");
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
