//! Noema's node.
//!
//! It is a Substrate node with BABE and GRANDPA, and five parts of its own:
//!
//! * [`executor`]: tells the inference precompile whether a runtime call belongs to a block, so
//!   that an internal fault stops the node in the one case and is an error in the other,
//! * [`prefetch`] and [`proposer`]: plans of models are built ahead, and a block is authored only
//!   once every callable model has one; import never waits,
//! * [`gate`]: a machine that is too small or too slow does not validate,
//! * [`rpc`]: the `inference_*` namespace, for wallets and dapps,
//! * [`hosting`]: answers jobs for a host, and challenges wrong answers.
//!
//! ```text
//!              +---------------- service (full | instant) ----------------+
//!   network -> | import queue -> BABE -> GRANDPA -> client -> executor -> | -> runtime
//!              |                                    ^   |        |        |      |
//!   RPC     -> | inference_*, standard Substrate ---+   |     CallKind    |      v
//!              | prefetch <---- import notifications ---+                 |  precompile
//!              |     +--> plan cache <-- proposer (waits for plans)       |  (plan cache)
//!   jobs   <-- | hosting <-- finality notifications                       |
//!              +----------------------------------------------------------+
//! ```

// Kernels of profile 1 are checked bit by bit on these; on others nobody has.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("noema-node builds for x86-64 and aarch64 only");

use sp_runtime::{generic, OpaqueExtrinsic};

pub mod benchmark;
pub mod chain_spec;
pub mod cli;
pub mod command;
pub mod executor;
pub mod gate;
pub mod hosting;
pub mod metrics;
pub mod plans;
pub mod prefetch;
pub mod proposer;
pub mod rpc;
pub mod service;

/// A block as the node sees it: only the runtime knows what its extrinsics mean, so that a
/// runtime upgrade that changes them needs no new node.
pub type Block = generic::Block<noema_runtime::Header, OpaqueExtrinsic>;
