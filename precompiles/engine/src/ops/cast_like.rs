//! CastLike: the elements of the first input in the type of the second. See [`super::cast`].

use super::{cast::lower_to, Inputs, Lowered, NodeCtx};
use crate::error::OpError;

pub(super) fn build(_: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	lower_to(inputs.required(1)?.dtype(), inputs)
}
