//! One file per concern; `mock` is the runtime, `registry` and `oracle` are pallets of it.

mod dry_run;
mod executor;
mod failures;
mod hosts_share;
mod inputs;
mod inputs_prop;
pub(crate) mod mock;
mod oracle;
mod provider;
mod receipts;
mod registry;
mod releases;
mod royalty;
mod weight;
