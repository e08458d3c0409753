//! The node face: what stands behind the ABI on a native node.
//!
//! * `entry`: the host functions' bodies,
//! * [`cache`]: plans and verdicts, remembered by (model, profile), bounded in bytes,
//! * [`working_set`]: keeps ready in it what the chain's next blocks need,
//! * [`mod@observe`]: tells the node of each computation, for its metrics,
//! * `referee`: the body of the host function that runs one step,
//! * [`mod@trace`]: what a host needs to answer jobs and to win disputes,
//! * [`call_kind`]: whether a call is part of a block, and what a fault then means,
//! * [`self_test()`]: the golden network that a node runs before it starts,
//! * [`force_isa`]: computes with a lower instruction set than the best, to compare them.

pub mod cache;
pub mod call_kind;
mod convert;
pub(crate) mod entry;
pub mod observe;
mod offchain;
pub(crate) mod referee;
pub mod self_test;
mod single_flight;
mod steps;
#[cfg(test)]
mod tests;
pub mod trace;
pub mod working_set;

pub use noema_engine::environment::is_ieee;
pub use noema_engine::simd::{force as force_isa, isa, Isa, IsaError};

pub use cache::{plan_cache, read_file, CacheStats, PlanCache};
pub use call_kind::{inject_fault, with_call_kind, CallKind};
pub use observe::{observe, Observed, Outcome, Ran};
pub use offchain::set_offchain_limit;
pub use self_test::{self_test, SelfTestError};
pub use trace::{materials, trace, Materials, TraceError, Traced};
pub use working_set::{Attempt, EnsureOutcome, Head, Next, Pass};
