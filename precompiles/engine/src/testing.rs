//! Runs one operator through the table, as the importer does.

use std::sync::Arc;

use tract_onnx::{
	pb::{attribute_proto::AttributeType, tensor_proto::DataType, AttributeProto, TensorProto},
	prelude::{Datum, IntoTValue, Tensor},
};

use crate::{
	attrs::Attrs,
	error::{DomainError, EvalError, OpError},
	fact::Fact,
	kernel::{Kernel, Layout},
	ops::{self, Lowered, NodeCtx},
	passes::{arranged, channels_last_axes},
	tensor::canonicalise_nans,
};

/// A tensor of `T`.
pub(crate) fn tensor<T: Datum + Copy>(shape: &[usize], data: &[T]) -> Tensor {
	crate::tensor::from_slice(shape, data).expect("shape and data of a test fit")
}

/// A tensor of f32.
pub(crate) fn f32s(shape: &[usize], data: &[f32]) -> Tensor {
	tensor(shape, data)
}

/// A tensor of i64 of one dimension.
pub(crate) fn i64s(data: &[i64]) -> Tensor {
	tensor(&[data.len()], data)
}

/// An integer attribute.
pub(crate) fn int(name: &str, i: i64) -> AttributeProto {
	let r#type = AttributeType::Int as i32;
	AttributeProto {
		name: name.into(),
		r#type,
		i,
		..Default::default()
	}
}

/// An attribute that is a list of integers.
pub(crate) fn ints(name: &str, ints: &[i64]) -> AttributeProto {
	let r#type = AttributeType::Ints as i32;
	AttributeProto {
		name: name.into(),
		r#type,
		ints: ints.to_vec(),
		..Default::default()
	}
}

/// A float attribute.
pub(crate) fn float(name: &str, f: f32) -> AttributeProto {
	let r#type = AttributeType::Float as i32;
	AttributeProto {
		name: name.into(),
		r#type,
		f,
		..Default::default()
	}
}

/// A string attribute.
pub(crate) fn string(name: &str, s: &str) -> AttributeProto {
	let r#type = AttributeType::String as i32;
	AttributeProto {
		name: name.into(),
		r#type,
		s: s.into(),
		..Default::default()
	}
}

/// An attribute that is a list of floats.
pub(crate) fn float_list(name: &str, floats: &[f32]) -> AttributeProto {
	AttributeProto {
		name: name.into(),
		r#type: AttributeType::Floats as i32,
		floats: floats.to_vec(),
		..Default::default()
	}
}

/// An attribute that is a list of strings.
pub(crate) fn strings(name: &str, strings: &[&str]) -> AttributeProto {
	AttributeProto {
		name: name.into(),
		r#type: AttributeType::Strings as i32,
		strings: strings.iter().map(|s| s.as_bytes().to_vec()).collect(),
		..Default::default()
	}
}

/// An attribute that is a tensor, stored as its bytes.
pub(crate) fn tensor_attr(name: &str, value: &Tensor, data_type: DataType) -> AttributeProto {
	AttributeProto {
		name: name.into(),
		r#type: AttributeType::Tensor as i32,
		t: Some(TensorProto {
			data_type: data_type as i32,
			dims: value.shape().iter().map(|dim| *dim as i64).collect(),
			raw_data: value.as_bytes().to_vec(),
			..Default::default()
		}),
		..Default::default()
	}
}

/// An operator under test: its attributes, and its inputs in order.
#[derive(Debug)]
pub(crate) struct OpTest {
	op_type: &'static str,
	opset: i64,
	attributes: Vec<AttributeProto>,
	inputs: Vec<Option<(Tensor, bool)>>,
	outputs: Vec<String>,
}

/// Why an operator under test gave no outputs.
#[derive(Debug)]
pub(crate) enum Failure {
	/// It was not lowered.
	Refused(OpError),
	/// Its evaluation failed.
	Failed(EvalError),
}

impl OpTest {
	/// An operator of opset 17, or the nearest that has it, with one output.
	pub(crate) fn new(op_type: &'static str) -> Self {
		let outputs = vec!["y0".into()];
		let opsets = ops::opsets(op_type).expect("the operator is in the table");
		Self {
			op_type,
			opset: 17.clamp(*opsets.start(), *opsets.end()),
			attributes: vec![],
			inputs: vec![],
			outputs,
		}
	}

	/// With another opset.
	pub(crate) fn opset(mut self, opset: i64) -> Self {
		self.opset = opset;
		self
	}

	/// With an attribute.
	pub(crate) fn attr(mut self, attribute: AttributeProto) -> Self {
		self.attributes.push(attribute);
		self
	}

	/// With another value of an attribute that it has.
	pub(crate) fn replace(&mut self, attribute: AttributeProto) {
		self.attributes.retain(|other| other.name != attribute.name);
		self.attributes.push(attribute);
	}

	/// With an input that is known at run time only.
	pub(crate) fn input(mut self, value: Tensor) -> Self {
		self.inputs.push(Some((value, false)));
		self
	}

	/// With an input that is a constant.
	pub(crate) fn constant(mut self, value: Tensor) -> Self {
		self.inputs.push(Some((value, true)));
		self
	}

	/// With an input that is omitted.
	pub(crate) fn omitted(mut self) -> Self {
		self.inputs.push(None);
		self
	}

	/// With this many outputs.
	pub(crate) fn outputs(mut self, count: usize) -> Self {
		self.outputs = (0..count).map(|i| format!("y{i}")).collect();
		self
	}

	/// Lowers and evaluates it; inferred facts and outputs must agree.
	pub(crate) fn run(self) -> Result<Vec<Tensor>, Failure> {
		let facts: Vec<Option<Fact>> = self
			.inputs
			.iter()
			.map(|input| input.as_ref().map(fact).transpose())
			.collect::<Result<_, _>>()
			.map_err(Failure::Refused)?;
		let attrs = Attrs::new(&self.attributes).map_err(Failure::Refused)?;
		let node = NodeCtx {
			op_type: self.op_type,
			opset: self.opset,
			attrs,
			outputs: &self.outputs,
		};
		let value = |index: usize| {
			self.inputs[index]
				.as_ref()
				.expect("input is present")
				.0
				.clone()
		};
		let lowered = ops::build(&node, &facts)
			.expect("the operator is in the table")
			.map_err(Failure::Refused)?;
		match lowered {
			Lowered::Alias(index) => Ok(vec![value(index)]),
			Lowered::Constants(values) => {
				Ok(values.iter().map(|value| (**value).clone()).collect())
			}
			Lowered::Step {
				kernel,
				inputs,
				reshaped,
			} => {
				let mut operands: Vec<(Tensor, bool)> = inputs
					.iter()
					.map(|index| self.inputs[*index].clone().expect("input is present"))
					.collect();
				for (place, shape) in reshaped {
					let value = operands[place].0.clone();
					operands[place].0 = crate::tensor::reshape(value, &shape).expect("fits");
				}
				let facts: Vec<Fact> = operands
					.iter()
					.map(|operand| fact(operand).expect("the reshaped is no larger"))
					.collect();
				let outputs = kernel.infer(&facts).map_err(Failure::Refused)?;
				assert_eq!(kernel.cost(&facts, &outputs).steps, 1);
				let values = operands
					.iter()
					.map(|(value, _)| value.clone().into_tvalue())
					.collect();
				let results = kernel.eval(values).map_err(Failure::Failed)?;
				assert_eq!(results.len(), outputs.len());
				assert!(results.len() >= self.outputs.len());
				for (result, fact) in results.iter().zip(&outputs) {
					assert_eq!(result.shape(), fact.shape());
					assert_eq!(result.datum_type(), fact.dtype().datum_type());
				}
				check_channels_last(&*kernel, &operands, &facts, &results);
				Ok(results)
			}
		}
	}

	/// The outputs of an operator that must succeed.
	pub(crate) fn ok(self) -> Vec<Tensor> {
		self.run().expect("the operator succeeds")
	}

	/// Shape and elements of the first output of an operator that must succeed.
	pub(crate) fn elements<T: Datum + Copy>(self) -> (Vec<usize>, Vec<T>) {
		let outputs = self.ok();
		let data = crate::tensor::slice::<T>(&outputs[0]).expect("the output has this type");
		(outputs[0].shape().to_vec(), data.to_vec())
	}

	/// Why the operator, which must not be lowered, is refused.
	pub(crate) fn refused(self) -> OpError {
		match self.run() {
			Err(Failure::Refused(error)) => error,
			other => panic!("not refused: {other:?}"),
		}
	}

	/// The deterministic failure of an operator whose evaluation must fail.
	pub(crate) fn fails(self) -> DomainError {
		match self.run() {
			Err(Failure::Failed(EvalError::Domain(error))) => error,
			other => panic!("no domain error: {other:?}"),
		}
	}
}

/// What is known of an operand: its value too, if it is constant.
fn fact((value, constant): &(Tensor, bool)) -> Result<Fact, OpError> {
	let fact = Fact::constant(Arc::new(value.clone()))?;
	Ok(if *constant {
		fact
	} else {
		fact.without_value()
	})
}

/// The kernel's form with channels last, if it has one, must give the same bits.
fn check_channels_last(
	kernel: &dyn Kernel,
	operands: &[(Tensor, bool)],
	facts: &[Fact],
	results: &[Tensor],
) {
	let rank = results[0].rank();
	let (Some(form), Some(axes)) = (kernel.channels_last(facts), channels_last_axes(rank)) else {
		return;
	};
	let (values, facts): (Vec<_>, Vec<_>) = form
		.inputs
		.iter()
		.map(|(index, layout)| {
			let (value, constant) = operands[*index].clone();
			let value = match layout {
				Layout::Given => value,
				Layout::ChannelsLast => arranged(&value, rank, &axes).expect("moves"),
			};
			let fact = fact(&(value.clone(), constant)).expect("is a fact");
			(value.into_tvalue(), fact)
		})
		.unzip();
	let form = form.kernel.as_deref().unwrap_or(kernel);
	let outputs = form.infer(&facts).expect("the form infers");
	assert_eq!(form.cost(&facts, &outputs).steps, 1);
	let found = form
		.eval(values.into_iter().collect())
		.expect("the form succeeds");
	assert_eq!(found.len(), results.len());
	for ((found, fact), expected) in found.iter().zip(&outputs).zip(results) {
		assert_eq!(found.shape(), fact.shape());
		let mut expected = arranged(expected, rank, &axes).expect("moves");
		let mut found = found.clone();
		canonicalise_nans(&mut expected).expect("has a type");
		canonicalise_nans(&mut found).expect("has a type");
		assert_eq!(found.shape(), expected.shape());
		assert_eq!(found.as_bytes(), expected.as_bytes(), "{form:?}");
	}
}
