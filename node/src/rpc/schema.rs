//! Says how inputs do not fit a model, in words: the runtime says it in numbers.

use noema_primitives::{NamedTensor, Tensor, TensorSchema};

use super::{
	error::{Error, ErrorCode},
	types::{describe, name_text},
};

/// Whether `inputs` are those that `schemas` ask for, in any order.
///
/// # Errors
///
/// [`ErrorCode::SchemaMismatch`], with a message that names the input and what it should be.
pub fn check(inputs: &[NamedTensor], schemas: &[TensorSchema]) -> Result<(), Error> {
	for (index, input) in inputs.iter().enumerate() {
		let name = name_text(&input.name);
		if inputs[..index].iter().any(|other| other.name == input.name) {
			return Err(misfit(format!(
				"input `{name}` is there twice; bring it once"
			)));
		}
		let schema = schemas
			.iter()
			.find(|schema| schema.name == input.name)
			.ok_or_else(|| {
				let names: Vec<_> = schemas
					.iter()
					.map(|schema| format!("`{}`", name_text(&schema.name)))
					.collect();
				misfit(format!(
					"the model has no input `{name}`; it has {}",
					names.join(", ")
				))
			})?;
		check_one(&name, &input.tensor, schema)?;
	}
	for schema in schemas {
		if !inputs.iter().any(|input| input.name == schema.name) {
			return Err(misfit(format!(
				"input `{}` is missing; bring a tensor of {}",
				name_text(&schema.name),
				describe(schema.dtype, &schema.shape),
			)));
		}
	}
	Ok(())
}

fn check_one(name: &str, tensor: &Tensor, schema: &TensorSchema) -> Result<(), Error> {
	if tensor.dtype != schema.dtype || tensor.shape != schema.shape {
		return Err(misfit(format!(
			"input `{name}` is {}; the model wants {}",
			describe(tensor.dtype, &tensor.shape),
			describe(schema.dtype, &schema.shape),
		)));
	}
	if !tensor.is_consistent() {
		let want = Tensor::byte_len(tensor.dtype, &tensor.shape);
		return Err(misfit(format!(
			"input `{name}` brings {} bytes of data; {} takes {}",
			tensor.data.len(),
			describe(tensor.dtype, &tensor.shape),
			want.map_or_else(|| "more than 2^64".into(), |want| want.to_string()),
		)));
	}
	Ok(())
}

fn misfit(message: String) -> Error {
	Error::new(ErrorCode::SchemaMismatch, message)
}

#[cfg(test)]
mod tests {
	use super::*;
	use noema_primitives::{tensor::named, DType};

	fn schema(name: &str, shape: &[u32]) -> TensorSchema {
		let tensor = named(name, DType::F32, shape, vec![]).expect("within bounds");
		TensorSchema {
			name: tensor.name,
			dtype: DType::F32,
			shape: tensor.tensor.shape,
		}
	}

	fn input(name: &str, dtype: DType, shape: &[u32], bytes: usize) -> NamedTensor {
		named(name, dtype, shape, vec![0; bytes]).expect("within bounds")
	}

	#[test]
	fn inputs_in_any_order_fit() {
		let schemas = [schema("a", &[2]), schema("b", &[])];
		let inputs = [
			input("b", DType::F32, &[], 4),
			input("a", DType::F32, &[2], 8),
		];
		assert_eq!(check(&inputs, &schemas), Ok(()));
	}

	#[test]
	fn each_misfit_is_named() {
		let schemas = [schema("a", &[2])];
		let good = || input("a", DType::F32, &[2], 8);
		let cases = [
			(vec![], "input `a` is missing; bring a tensor of f32 [2]"),
			(
				vec![good(), good()],
				"input `a` is there twice; bring it once",
			),
			(
				vec![input("x", DType::F32, &[2], 8)],
				"the model has no input `x`; it has `a`",
			),
			(
				vec![input("a", DType::F64, &[2], 16)],
				"input `a` is f64 [2]; the model wants f32 [2]",
			),
			(
				vec![input("a", DType::F32, &[1, 2], 8)],
				"input `a` is f32 [1, 2]; the model wants f32 [2]",
			),
			(
				vec![input("a", DType::F32, &[2], 7)],
				"input `a` brings 7 bytes of data; f32 [2] takes 8",
			),
		];
		for (inputs, message) in cases {
			let error = check(&inputs, &schemas).expect_err(message);
			assert_eq!(
				(error.code, error.message.as_str()),
				(ErrorCode::SchemaMismatch, message)
			);
		}
	}
}
