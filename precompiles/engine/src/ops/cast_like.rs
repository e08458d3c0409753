//! CastLike: the elements of the first input in the type of the second. See [`super::cast`].

use super::{
	cast::{lower_to, lower_to_storage},
	Inputs, Lowered, NodeCtx,
};
use crate::error::OpError;

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let like = inputs.required(1)?;
	match like.storage() {
		Some(storage) => lower_to_storage(storage, node),
		None => lower_to(like.dtype(), inputs),
	}
}
