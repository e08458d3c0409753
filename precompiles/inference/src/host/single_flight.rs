//! Work that several threads want is done once.

use std::hash::Hash;

use moka::sync::Cache;

/// How often another thread's failure is waited for.
const ROUNDS: u32 = 3;

/// The value of `key`, made by one of the threads that want it now.
///
/// moka hands the error of the thread that did the work to all that waited for it. But what
/// `make` reads is the state of the block that its own caller is at, and another's may be pruned
/// or lack what this one has: so another's error is no answer, and the work is begun again.
///
/// # Errors
///
/// That of this caller's own `make`.
pub(super) fn get_or_make<K, V, E>(
	cache: &Cache<K, V>,
	key: K,
	make: impl Fn() -> Result<V, E>,
) -> Result<V, E>
where
	K: Copy + Eq + Hash + Send + Sync + 'static,
	V: Clone + Send + Sync + 'static,
	E: Copy + Send + Sync + 'static,
{
	for _ in 0..ROUNDS {
		let mut own = false;
		let made = cache.try_get_with(key, || {
			own = true;
			make()
		});
		match made {
			Ok(value) => return Ok(value),
			Err(error) if own => return Err(*error),
			Err(_) => {}
		}
	}
	// Others fail again and again, and a block must not wait for them.
	let value = make()?;
	cache.insert(key, value.clone());
	Ok(value)
}

#[cfg(test)]
mod tests {
	use super::*;
	use std::{
		sync::{
			atomic::{AtomicU32, Ordering},
			mpsc,
		},
		thread,
		time::Duration,
	};

	/// Long enough for a thread that is about to wait for another to do so.
	const A_WHILE: Duration = Duration::from_millis(200);

	#[test]
	fn the_failure_of_another_thread_is_not_ones_own() {
		let cache = Cache::<u8, &str>::new(8);
		let (started, wait) = mpsc::channel();
		thread::scope(|scope| {
			let failing = scope.spawn(|| {
				get_or_make(&cache, 1, || {
					started.send(()).unwrap();
					thread::sleep(A_WHILE);
					Err("pruned")
				})
			});
			wait.recv().unwrap();
			let own = get_or_make(&cache, 1, || Ok::<_, &str>("made"));
			assert_eq!(own, Ok("made"));
			assert_eq!(failing.join().unwrap(), Err("pruned"));
		});
		assert_eq!(cache.get(&1), Some("made"));
	}

	#[test]
	fn each_of_many_failures_is_ones_own() {
		let cache = Cache::<u8, ()>::new(8);
		thread::scope(|scope| {
			let threads: Vec<_> = (0..8u8)
				.map(|own| {
					let cache = &cache;
					scope.spawn(move || {
						get_or_make(cache, 1, || {
							thread::sleep(A_WHILE / 10);
							Err(own)
						})
					})
				})
				.collect();
			for (own, thread) in (0..8u8).zip(threads) {
				assert_eq!(thread.join().unwrap(), Err(own));
			}
		});
	}

	#[test]
	fn what_succeeds_is_done_once() {
		let cache = Cache::<u8, u32>::new(8);
		let made = AtomicU32::new(0);
		let make = || {
			thread::sleep(A_WHILE / 4);
			Ok::<_, ()>(made.fetch_add(1, Ordering::Relaxed))
		};
		thread::scope(|scope| {
			let threads: Vec<_> = (0..4)
				.map(|_| scope.spawn(|| get_or_make(&cache, 1, make)))
				.collect();
			for thread in threads {
				assert_eq!(thread.join().unwrap(), Ok(0));
			}
		});
	}

	#[test]
	fn a_panic_of_another_thread_is_not_ones_own() {
		let cache = Cache::<u8, &str>::new(8);
		let (started, wait) = mpsc::channel();
		thread::scope(|scope| {
			let failing = scope.spawn(|| {
				get_or_make(&cache, 1, || -> Result<_, ()> {
					started.send(()).unwrap();
					thread::sleep(A_WHILE);
					panic!("of this thread");
				})
			});
			wait.recv().unwrap();
			assert_eq!(get_or_make(&cache, 1, || Ok::<_, ()>("made")), Ok("made"));
			assert!(failing.join().is_err());
		});
	}
}
