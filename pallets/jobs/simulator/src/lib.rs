//! Plays dishonest strategies against the rules of jobs, and tells who gained and who lost.
//!
//! The rules are those of `pallet-jobs`, without a chain: one job at a time runs from its request to
//! its end, on a ledger of whole units, and what has no effect on the game (hashes, proofs, bytes of
//! tensors) is left out. A trace is the list of the steps at which it leaves the plan. What each
//! strategy may do, and why it should lose, is in `docs/hosting-economics.md`.
//!
//! ```text
//!   population   hosts, their stake, who is dishonest; the draw
//!   strategy     what the dishonest do at each of their moves
//!   job          request -> draw -> commit -> reveal -> window, disputes, audit -> end
//!   ledger       who has what; nothing is made, what is burnt is counted
//!   game         many jobs of one strategy, compared with the same jobs played honestly
//!   closed_form  what mathematics says about some of the figures
//! ```
//!
//! All randomness comes from one seed, and each job has a stream of its own: the same seed gives the
//! same table, and a job draws the same committee whatever the strategy.

pub mod closed_form;
pub mod game;
pub mod job;
pub mod ledger;
pub mod params;
pub mod population;
pub mod random;
pub mod report;
pub mod strategy;
pub mod trace;
