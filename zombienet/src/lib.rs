//! Networks of several Noema nodes for tests.
//!
//! * [`binaries`]: where the node and the command-line tool are,
//! * [`network`]: starts a network of `networks/`,
//! * [`rpc`]: what the tests ask a node,
//! * [`cli`]: what the tests do through the command-line tool.

pub mod binaries;
pub mod cli;
pub mod network;
pub mod rpc;
