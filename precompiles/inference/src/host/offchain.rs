//! The one limit on calls that are not part of a block, through whichever door they came.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Calls at once unless [`set_offchain_limit`] says otherwise.
const DEFAULT_LIMIT: usize = 2;

static LIMIT: AtomicUsize = AtomicUsize::new(DEFAULT_LIMIT);
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Sets how many off-chain calls may compute at once; further ones get
/// [`Status::Busy`](crate::Status::Busy).
pub fn set_offchain_limit(calls: usize) {
	LIMIT.store(calls, Ordering::Relaxed);
}

/// The right to compute, until it is dropped.
#[derive(Debug)]
pub(super) struct Permit(());

impl Drop for Permit {
	fn drop(&mut self) {
		RUNNING.fetch_sub(1, Ordering::Release);
	}
}

/// A permit, if one is left.
pub(super) fn acquire() -> Option<Permit> {
	let limit = LIMIT.load(Ordering::Relaxed);
	RUNNING
		.fetch_update(Ordering::Acquire, Ordering::Relaxed, |running| {
			(running < limit).then_some(running + 1)
		})
		.ok()
		.map(|_| Permit(()))
}
