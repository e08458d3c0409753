//! LogSoftmax: `(x_i - m) - ln(s)`, with m and s as [`super::softmax`] has them.

use super::{softmax::lower, Inputs, Lowered, NodeCtx};
use crate::error::OpError;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower(node, inputs, true)
}
