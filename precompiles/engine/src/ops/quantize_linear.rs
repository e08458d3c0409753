//! QuantizeLinear: `saturate(round(x / scale) + zero point)`, per tensor, per axis or per block.
//!
//! The quotient is one division in binary32. Quantisation to a small float rounds the quotient to
//! its format, ties to even.

use tract_onnx::prelude::{TValue, TVec, Tensor};

use super::{
	quantized::{expect_same_shape, integers, range, saturated, Grid},
	Inputs, Lowered, NodeCtx,
};
use crate::{
	error::{EvalError, OpError},
	fact::Fact,
	kernel::{one_by_one, Cost, Kernel},
	storage::{SmallFloat, Storage},
	tensor::{build as build_tensor, dtype, slice},
	DType,
};

/// Attributes of all versions.
pub(super) const ATTRIBUTES: &[&str] = &[
	"axis",
	"block_size",
	"output_dtype",
	"precision",
	"saturate",
];

#[derive(Debug)]
struct QuantizeLinear {
	grid: Grid,
	target: Target,
}

/// What the elements become.
#[derive(Clone, Copy, Debug)]
enum Target {
	Integer { dtype: DType, range: (i64, i64) },
	Float { format: SmallFloat, saturate: bool },
}

pub(super) fn build(node: &NodeCtx<'_>, inputs: Inputs<'_>) -> Result<Lowered, OpError> {
	let (x, scale) = (inputs.required(0)?, inputs.required(1)?);
	x.expect("x", &[DType::F32, DType::I32])?;
	scale.expect("y_scale", &[DType::F32])?;
	let grid = Grid::new(node, x, scale)?;
	let precision = node.attrs.int_or("precision", 0)?;
	if !matches!(precision, 0 | 1) {
		return Err(OpError::unsupported(
			"quotients are of binary32: leave out the attribute 'precision'",
		));
	}
	let saturate = node.attrs.flag_or("saturate", true)?;
	let declared = match node.attrs.int_or("output_dtype", 0)? {
		0 => None,
		number => Some(declared_target(number, saturate)?),
	};
	let target = match (inputs.optional(2), declared) {
		(None, target) => target.unwrap_or(Target::Integer {
			dtype: DType::U8,
			range: range(DType::U8),
		}),
		(Some(zero), declared) => {
			expect_same_shape(zero, scale)?;
			let target = target_of(zero, saturate)?;
			if declared.is_some_and(|declared| declared.dtype() != target.dtype()) {
				return Err(OpError::bad_attribute(
					"output_dtype",
					"differs from the type of the zero point",
				));
			}
			target
		}
	};
	Ok(Lowered::step(QuantizeLinear { grid, target }, inputs))
}

fn declared_target(number: i64, saturate: bool) -> Result<Target, OpError> {
	let storage = i32::try_from(number).ok().and_then(Storage::from_onnx);
	match storage {
		Some(storage) => stored_target(storage, saturate),
		None => integer_target(super::cast::data_type("output_dtype", number)?),
	}
}

fn target_of(zero: &Fact, saturate: bool) -> Result<Target, OpError> {
	match zero.storage() {
		Some(storage) => stored_target(storage, saturate),
		None => integer_target(zero.dtype()),
	}
}

fn stored_target(storage: Storage, saturate: bool) -> Result<Target, OpError> {
	match (storage, storage.range()) {
		(_, Some(range)) => Ok(Target::Integer {
			dtype: storage.dtype(),
			range,
		}),
		(Storage::Float(format), None) if storage.bits() <= 8 => {
			Ok(Target::Float { format, saturate })
		}
		_ => Err(OpError::unsupported("quantisation to a float of 16 bits")),
	}
}

fn integer_target(dtype: DType) -> Result<Target, OpError> {
	if !matches!(dtype, DType::U8 | DType::I8 | DType::U16 | DType::I16) {
		return Err(OpError::UnsupportedDType {
			reason: format!("the output would be {dtype}, but must be u8, i8, u16 or i16"),
		});
	}
	Ok(Target::Integer {
		dtype,
		range: range(dtype),
	})
}

impl Target {
	fn dtype(self) -> DType {
		match self {
			Self::Integer { dtype, .. } => dtype,
			Self::Float { .. } => DType::F32,
		}
	}
}

impl QuantizeLinear {
	/// Calls `store(place, x / scale, index of the scale)` for each element.
	#[inline(always)]
	fn quotients(&self, x: &[f32], scale: &[f32], mut store: impl FnMut(usize, f32, usize)) {
		self.grid.for_each_run(x.len(), |run, first, step| {
			for (i, at) in run.enumerate() {
				let index = first + i * step;
				store(at, x[at] / scale[index], index);
			}
		});
	}
}

impl Kernel for QuantizeLinear {
	fn name(&self) -> &'static str {
		"QuantizeLinear"
	}

	fn infer(&self, inputs: &[Fact]) -> Result<Vec<Fact>, OpError> {
		let x = inputs
			.first()
			.ok_or_else(|| super::internal_arity(inputs))?;
		Ok(vec![x.with_dtype(self.target.dtype())?])
	}

	fn cost(&self, inputs: &[Fact], outputs: &[Fact]) -> Cost {
		Cost::touching(inputs, outputs).with_scalars((outputs[0].len() as u64).saturating_mul(4))
	}

	fn scratch_bytes(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		let zeros = inputs.get(2).map_or(8, |zero| zero.len() as u64 * 8);
		zeros.saturating_add(inputs[0].bytes())
	}

	fn subnormals(&self, inputs: &[Fact], _: &[Fact]) -> u64 {
		// The quotients.
		one_by_one(DType::F32, inputs[0].len() as u64)
	}

	fn eval(&self, inputs: TVec<TValue>) -> Result<Vec<Tensor>, EvalError> {
		let converted;
		let x = match dtype(&inputs[0])? {
			DType::I32 => {
				converted = crate::tensor::map(&inputs[0], |x: i32| x as f32)?;
				&converted
			}
			_ => &*inputs[0],
		};
		let (source, scale) = (slice::<f32>(x)?, slice::<f32>(&inputs[1])?);
		let y = match self.target {
			Target::Integer { dtype, range } => {
				let zeros = match inputs.get(2) {
					Some(zero) => integers(zero)?,
					None => vec![],
				};
				crate::with_integer!(dtype, T => build_tensor::<T>(x.shape(), |y| {
					self.quotients(source, scale, |at, quotient, index| {
						let zero = zeros.get(index).copied().unwrap_or(0);
						y[at] = saturated(f64::from(quotient), zero, range) as T;
					});
				}))?
			}
			Target::Float { format, saturate } => build_tensor::<f32>(x.shape(), |y| {
				self.quotients(source, scale, |at, quotient, _| {
					y[at] = format.round(f64::from(quotient), saturate);
				});
			})?,
		};
		Ok(vec![y])
	}
}

#[cfg(test)]
mod tests {
	use crate::{
		error::OpError,
		testing::{f32s, int, tensor, OpTest},
	};

	#[test]
	fn per_tensor() {
		let (_, y) = OpTest::new("QuantizeLinear")
			.input(f32s(&[7], &[0.0, 1.0, 2.0, 3.0, 5.0, 1000.0, -254.0]))
			.input(f32s(&[], &[2.0]))
			.input(tensor(&[], &[128u8]))
			.elements::<u8>();
		assert_eq!(y, [128, 128, 129, 130, 130, 255, 1]);
	}

	#[test]
	fn per_axis_and_per_block() {
		let x = || OpTest::new("QuantizeLinear").input(f32s(&[2, 2], &[1.0, 2.0, 3.0, 4.0]));
		let (_, y) = x()
			.attr(int("axis", 0))
			.input(f32s(&[2], &[1.0, 0.5]))
			.input(tensor(&[2], &[0i8, 10]))
			.elements::<i8>();
		assert_eq!(y, [1, 2, 16, 18]);
		let (_, y) = x()
			.input(f32s(&[2], &[1.0, 0.5]))
			.input(tensor(&[2], &[0i8, 10]))
			.elements::<i8>();
		assert_eq!(y, [1, 14, 3, 18]);
		let (_, y) = x()
			.opset(21)
			.attr(int("axis", 1))
			.attr(int("block_size", 2))
			.input(f32s(&[2, 1], &[1.0, 0.25]))
			.input(tensor(&[2, 1], &[1i16, -1]))
			.elements::<i16>();
		assert_eq!(y, [2, 3, 11, 15]);
	}

	#[test]
	fn without_a_zero_point_and_with_odd_scales() {
		let y = |scale: f32| {
			OpTest::new("QuantizeLinear")
				.input(f32s(&[4], &[0.0, 1.0, -1.0, f32::NAN]))
				.input(f32s(&[], &[scale]))
				.elements::<u8>()
				.1
		};
		assert_eq!(y(0.0), [0, 255, 0, 0]);
		assert_eq!(y(f32::INFINITY), [0, 0, 0, 0]);
		assert_eq!(y(-1.0), [0, 0, 1, 0]);
	}

	#[test]
	fn four_bits_and_eight_bit_floats_by_declaration() {
		let test = |number| {
			OpTest::new("QuantizeLinear")
				.opset(25)
				.attr(int("output_dtype", number))
				.input(f32s(&[3], &[100.0, -100.0, 3.0]))
				.input(f32s(&[], &[1.0]))
		};
		assert_eq!(test(22).elements::<i8>().1, [7, -8, 3]);
		assert_eq!(test(21).elements::<u8>().1, [15, 0, 3]);
		assert_eq!(test(17).elements::<f32>().1, [96.0, -96.0, 3.0]);
		assert!(matches!(
			test(7).refused(),
			OpError::UnsupportedDType { .. }
		));
	}

	#[test]
	fn misfits_are_refused() {
		let test = |scale| {
			OpTest::new("QuantizeLinear")
				.input(f32s(&[2, 2], &[0.0; 4]))
				.input(scale)
		};
		let error = test(f32s(&[3], &[1.0; 3])).refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
		let error = test(f32s(&[2], &[1.0; 2]))
			.attr(int("block_size", 3))
			.refused();
		assert!(matches!(error, OpError::BadAttribute { .. }));
		let error = test(f32s(&[], &[1.0]))
			.input(tensor(&[2], &[0u8; 2]))
			.refused();
		assert!(matches!(error, OpError::ShapeMismatch { .. }));
	}
}
