//! ArgMax: the index of the largest element along an axis. See [`super::arg`] for the rules.

use super::{arg::lower, Inputs, Lowered, NodeCtx};
use crate::error::OpError;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(node, inputs, true)
}
