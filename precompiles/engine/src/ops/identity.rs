//! Identity: the input itself.

use super::{Inputs, Lowered, NodeCtx};
use crate::error::OpError;

pub(super) fn build(_: &NodeCtx<'_>, _: Inputs<'_>) -> Result<Lowered, OpError> {
	Ok(Lowered::Alias(0))
}
