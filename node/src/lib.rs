//! noema-node
