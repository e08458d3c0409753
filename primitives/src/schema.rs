//! Whether tensors fit a model's schema.

use alloc::vec::Vec;

use crate::{
	model::TensorSchema,
	tensor::{NamedTensor, Tensor},
};

/// How the inputs of a call do not fit a model's schema.
///
/// `input` is a place in the call, but in [`Misfit::Missing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
	/// The input at this place of the schema is not in the call.
	Missing {
		/// Place in the schema, counted from 0.
		input: u8,
	},
	/// The schema has no input of this name.
	Unexpected {
		/// Place in the call, counted from 0.
		input: u8,
	},
	/// The second input of one name.
	Duplicate {
		/// Place in the call, counted from 0.
		input: u8,
	},
	/// Another element type.
	DType {
		/// Place in the call, counted from 0.
		input: u8,
	},
	/// Another number of dimensions.
	Rank {
		/// Place in the call, counted from 0.
		input: u8,
	},
	/// Another dimension.
	Dimension {
		/// Place in the call, counted from 0.
		input: u8,
		/// The dimension at fault, counted from 0, outermost first.
		axis: u8,
	},
	/// Data that is not as long as element type and shape say.
	ByteLength {
		/// Place in the call, counted from 0.
		input: u8,
	},
}

/// Where one tensor does not fit.
enum Fault {
	DType,
	Rank,
	Dimension(usize),
	ByteLength,
}

/// A place as errors carry it. Schemas and calls hold no more than 16 tensors of at most 8
/// dimensions; in a longer list that came over RPC, the places past 255 read as 255.
fn place(index: usize) -> u8 {
	u8::try_from(index).unwrap_or(u8::MAX)
}

/// Puts `inputs` into the order of `schemas`, or says how they do not fit.
///
/// Names come first, then each tensor in the order of the call. The time it takes is linear in the
/// number of inputs, and no byte of their data is read.
pub fn arrange(
	inputs: Vec<NamedTensor>,
	schemas: &[TensorSchema],
) -> Result<Vec<NamedTensor>, Misfit> {
	let mut slots: Vec<Option<(usize, NamedTensor)>> = schemas.iter().map(|_| None).collect();
	for (index, input) in inputs.into_iter().enumerate() {
		let slot = schemas
			.iter()
			.position(|schema| schema.name == input.name)
			.and_then(|position| slots.get_mut(position))
			.ok_or(Misfit::Unexpected {
				input: place(index),
			})?;
		if slot.is_some() {
			return Err(Misfit::Duplicate {
				input: place(index),
			});
		}
		*slot = Some((index, input));
	}

	let mut arranged = Vec::with_capacity(schemas.len());
	let mut misfit: Option<(usize, Misfit)> = None;
	for (position, (slot, schema)) in slots.into_iter().zip(schemas).enumerate() {
		let (index, input) = slot.ok_or(Misfit::Missing {
			input: place(position),
		})?;
		if let Err(fault) = check(&input.tensor, schema) {
			// The first one in the order of the call is what the caller looks for.
			if misfit.as_ref().is_none_or(|(first, _)| index < *first) {
				misfit = Some((index, fault.at(place(index))));
			}
		}
		arranged.push(input);
	}
	match misfit {
		Some((_, misfit)) => Err(misfit),
		None => Ok(arranged),
	}
}

/// Whether `tensors` are exactly those that `schemas` say, in their order.
pub fn fits(tensors: &[NamedTensor], schemas: &[TensorSchema]) -> bool {
	tensors.len() == schemas.len()
		&& tensors.iter().zip(schemas).all(|(named, schema)| {
			named.name == schema.name && check(&named.tensor, schema).is_ok()
		})
}

fn check(tensor: &Tensor, schema: &TensorSchema) -> Result<(), Fault> {
	if tensor.dtype != schema.dtype {
		return Err(Fault::DType);
	}
	if tensor.shape.len() != schema.shape.len() {
		return Err(Fault::Rank);
	}
	if let Some(axis) = tensor
		.shape
		.iter()
		.zip(&schema.shape)
		.position(|(is, must)| is != must)
	{
		return Err(Fault::Dimension(axis));
	}
	if !tensor.is_consistent() {
		return Err(Fault::ByteLength);
	}
	Ok(())
}

impl Fault {
	fn at(self, input: u8) -> Misfit {
		match self {
			Self::DType => Misfit::DType { input },
			Self::Rank => Misfit::Rank { input },
			Self::Dimension(axis) => Misfit::Dimension {
				input,
				axis: place(axis),
			},
			Self::ByteLength => Misfit::ByteLength { input },
		}
	}
}
