//! noema-runtime
