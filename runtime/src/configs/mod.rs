//! The pallets' configuration.

mod accounts;
mod consensus;
mod hosting;
mod jobs;
mod model;
mod system;

pub use accounts::ProxyKind;
pub use consensus::{GenesisAuthorities, EPOCH_CONFIGURATION};
pub use hosting::FEE_PER_SECOND;
pub use model::MaxInferenceWeight;
