//! pallet-inference
