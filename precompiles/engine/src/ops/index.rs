//! Indices that are data.

use crate::{
	error::{DomainError, OpError},
	fact::Fact,
	DType,
};

/// The element types of indices.
pub(super) const DTYPES: [DType; 2] = [DType::I32, DType::I64];

/// The position that an index means on an axis; negative ones count from the back.
#[inline(always)]
pub(super) fn position(op: &'static str, index: i64, len: usize) -> Result<usize, DomainError> {
	let signed = len as i64;
	let at = if index < 0 {
		index.saturating_add(signed)
	} else {
		index
	};
	if (0..signed).contains(&at) {
		Ok(at as usize)
	} else {
		Err(DomainError::IndexOutOfRange { op, index, len })
	}
}

/// Refuses constant indices that lie outside an axis; those of run time are checked then.
pub(super) fn check_constant(op: &'static str, indices: &Fact, len: usize) -> Result<(), OpError> {
	indices.expect("indices", &DTYPES)?;
	let Some(value) = indices.konst() else {
		return Ok(());
	};
	let values = crate::tensor::indices(value).map_err(|error| OpError::BadTensor {
		reason: error.to_string(),
	})?;
	for index in values {
		position(op, index, len)
			.map_err(|error| OpError::bad_attribute("indices", error.to_string()))?;
	}
	Ok(())
}

#[cfg(test)]
mod tests {
	use super::position;
	use proptest::prelude::*;

	proptest! {
		#[test]
		fn a_position_is_inside_or_refused(
			index in prop_oneof![any::<i64>(), -20i64..20],
			len in 0usize..20,
		) {
			match position("Gather", index, len) {
				Ok(at) => {
					prop_assert!(at < len);
					prop_assert_eq!((at as i64 - index).rem_euclid(len as i64), 0);
				},
				Err(_) => {
					prop_assert!(index >= len as i64 || index < -(len as i64));
				},
			}
		}
	}
}
