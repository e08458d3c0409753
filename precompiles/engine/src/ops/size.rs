//! Size: the number of the input's elements, as a constant.

use std::sync::Arc;

use super::{Inputs, Lowered, NodeCtx};
use crate::{error::OpError, tensor::from_slice};

pub(super) fn build(_: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let tensor = from_slice(&[], &[inputs.required(0)?.len() as i64]).map_err(|error| {
		OpError::BadTensor {
			reason: error.to_string(),
		}
	})?;
	Ok(Lowered::Constants(vec![Arc::new(tensor)]))
}

#[cfg(test)]
mod tests {
	use crate::testing::{f32s, OpTest};

	#[test]
	fn the_product_of_the_dimensions() {
		let size = |shape: &[usize], len| {
			OpTest::new("Size")
				.input(f32s(shape, &vec![0.0; len]))
				.elements::<i64>()
		};
		assert_eq!(size(&[2, 3], 6), (vec![], vec![6]));
		assert_eq!(size(&[], 1), (vec![], vec![1]));
		assert_eq!(size(&[2, 0], 0), (vec![], vec![0]));
	}
}
