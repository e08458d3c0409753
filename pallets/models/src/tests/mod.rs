//! One file for each call, then one for each thing that happens outside of calls.

mod begin_upload;
mod cancel_upload;
mod release;
mod remove_model;
mod retire;
mod submit;
mod upload_chunk;

mod admission;
mod content_removal;
mod deposit;
mod expiry;
mod extension;
mod integrity;
mod invariants;
mod pins;
mod plan_room;
mod registry;
mod removal;
mod residency;
