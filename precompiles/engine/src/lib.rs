//! noema-engine
