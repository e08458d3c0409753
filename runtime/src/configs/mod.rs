//! The pallets' configuration.

mod accounts;
mod consensus;
mod model;
mod system;

pub use accounts::ProxyKind;
pub use consensus::{GenesisAuthorities, EPOCH_CONFIGURATION};
pub use model::MaxInferenceWeight;
