//! One file for each call or group of calls, then one for each thing that others ask.

mod backing;
mod bond;
mod chill;
mod claim;
mod commit;
mod terms;
mod unbond;
mod uncommit;

mod candidates;
mod fees;
mod genesis;
mod integrity;
mod invariants;
mod locks;
mod readers;
mod residency;
mod slash;
