//! A chain, by JSON-RPC: what it knows, and extrinsics sent to it.
//!
//! ```text
//!   client   connection, blocks, signing            rpc      inference_*: models, quotes, receipts
//!   calls    arguments of the pallets' calls        events   what became of an extrinsic
//!   submit   into the pool and into a block         upload   a model's chunks, resumable
//!   fee      exact and estimated                    jobs     inference off the block
//!   hosts    who stakes on models, and its ledger   blob     bytes too many for one extrinsic
//! ```

pub mod blob;
pub mod calls;
pub mod client;
pub mod error;
pub mod events;
pub mod fee;
mod follow;
pub mod hosts;
pub mod jobs;
pub mod rpc;
pub mod submit;
pub mod types;
pub mod upload;

pub use client::Chain;
pub use error::ChainError;
pub use submit::Wait;

/// The chain's hashes.
pub type Hash = subxt::utils::H256;
