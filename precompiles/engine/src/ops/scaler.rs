//! Scaler of `ai.onnx.ml`: `(x - offset) · scale` for each feature, in binary32.
//!
//! Features of other types are converted to binary32 first.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	forest::{rows_and_features, FEATURES},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{of_vectors, Cost, Kernel},
	tensor::{build as build_tensor, dtype, slice},
	DType,
};

#[derive(Debug)]
struct Scaler {
	/// One for all features, or one for each.
	offsets: Vec<f32>,
	scales: Vec<f32>,
	features: usize,
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (_, features) = rows_and_features(inputs.required(0)?, &FEATURES)?;
	let list = |name: &'static str, neutral: f32| {
		let values = node.attrs.floats(name)?.unwrap_or(&[]);
		match values.len() {
			0 => Ok(vec![neutral; features]),
			1 => Ok(vec![values[0]; features]),
			len if len == features => Ok(values.to_vec()),
			len => Err(OpError::bad_attribute(
				name,
				format!("has {len} entries for {features} features"),
			)),
		}
	};
	let scaler = Scaler {
		offsets: list("offset", 0.0)?,
		scales: list("scale", 1.0)?,
		features,
	};
	Ok(Lowered::step(scaler, inputs))
}

impl Kernel for Scaler {
	fn name(&self) -> &'static str {
		"Scaler"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let [x] = inputs else {
			return Err(super::internal_arity(inputs));
		};
		Ok(vec![x.with_dtype(DType::F32)?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_macs((outputs[0].len() as u64).saturating_mul(3))
	}

	fn constant_bytes(&self) -> u64 {
		self.features as u64 * 8
	}

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		// In vectors of 128 bits.
		of_vectors(DType::F32, (inputs[0].len() as u64).saturating_mul(2))
	}

	#[allow(
		clippy::unnecessary_cast,
		reason = "one of the element types is the target"
	)]
	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let x = &inputs[0];
		let y = crate::with_number!(dtype(x)?, T => {
			let rows = slice::<T>(x)?.chunks_exact(self.features);
			build_tensor::<f32>(x.shape(), |y| {
				for (x, y) in rows.zip(y.chunks_exact_mut(self.features)) {
					let parameters = self.offsets.iter().zip(&self.scales);
					for ((y, x), (offset, scale)) in y.iter_mut().zip(x).zip(parameters) {
						*y = (*x as f32 - offset) * scale;
					}
				}
			})?
		});
		Ok(vec![y])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, float_list, tensor, OpTest},
	};

	#[test]
	fn features_are_shifted_and_scaled() {
		let test = || OpTest::new("Scaler").attr(float_list("offset", &[1.0, 2.0]));
		let (_, y) = test()
			.attr(float_list("scale", &[10.0]))
			.input(tensor(&[2, 2], &[1i64, 2, 3, 4]))
			.elements::<f32>();
		assert_eq!(y, [0.0, 0.0, 20.0, 20.0]);
		let error = test().input(f32s(&[1, 3], &[0.0; 3])).refused();
		assert!(matches!(error, OpError::BadAttribute { .. }));
	}
}
