//! pallet-models
