//! A model that is loaded, and what running it gives.

use noema_engine::{Engine, ModelError, Plan, Profile1, RunError, TensorSchema, Value};
use serde::Serialize;

use crate::tensor::{hash_tensors, Tensor};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
	/// No model has been loaded.
	#[error("load a model first")]
	NoModel,
	/// The engine refuses the file, and so does the chain.
	#[error(transparent)]
	Model(#[from] ModelError),
	/// The inputs are no JSON list of tensors, or hold other than hexadecimal digits.
	#[error("the inputs cannot be read: {0}")]
	Inputs(#[from] serde_json::Error),
	/// An input that the model needs is not there.
	#[error("there is no input '{name}': the model takes {known}")]
	Missing {
		/// The input.
		name: String,
		/// The inputs of the model.
		known: String,
	},
	/// There are inputs that the model does not have.
	#[error("{given} inputs are given, but the model takes {known}")]
	TooMany {
		/// How many there are.
		given: usize,
		/// The inputs of the model.
		known: String,
	},
	/// The run failed, as it does on the chain.
	#[error(transparent)]
	Run(#[from] RunError),
}

/// A model that is loaded.
#[derive(Debug)]
pub struct Session {
	model_id: String,
	plan: Plan,
}

/// What a run gives, as receipts have it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
	/// The BLAKE3 hash of the file.
	pub model_id: String,
	/// The hash of the inputs in the order of the model.
	pub input_hash: String,
	/// The hash of the outputs.
	pub output_hash: String,
	/// The outputs.
	pub outputs: Vec<Tensor>,
}

#[derive(Serialize)]
struct Port<'a> {
	name: &'a str,
	dtype: &'static str,
	shape: &'a [usize],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Description<'a> {
	model_id: &'a str,
	profile: u16,
	inputs: Vec<Port<'a>>,
	outputs: Vec<Port<'a>>,
}

impl Session {
	/// Builds the plan of an ONNX file.
	pub fn open(file: &[u8]) -> Result<Self, SessionError> {
		Ok(Self {
			model_id: format!("0x{}", blake3::hash(file)),
			plan: Profile1.build(file)?,
		})
	}

	/// What the model is, as JSON.
	pub fn description(&self) -> Result<Vec<u8>, SessionError> {
		let report = self.plan.report();
		Ok(serde_json::to_vec(&Description {
			model_id: &self.model_id,
			profile: report.profile,
			inputs: ports(&report.inputs),
			outputs: ports(&report.outputs),
		})?)
	}

	/// Runs the model on a JSON list of tensors, in any order. Returns an [`Answer`] as JSON.
	pub fn infer(&self, inputs: &[u8]) -> Result<Vec<u8>, SessionError> {
		let given: Vec<Tensor> = serde_json::from_slice(inputs)?;
		Ok(serde_json::to_vec(&self.answer(given)?)?)
	}

	/// Runs the model on tensors in any order.
	pub fn answer(&self, given: Vec<Tensor>) -> Result<Answer, SessionError> {
		let report = self.plan.report();
		let schemas = &report.inputs;
		let known = || {
			let names: Vec<&str> = schemas.iter().map(|schema| schema.name.as_str()).collect();
			names.join(", ")
		};
		if given.len() > schemas.len() {
			return Err(SessionError::TooMany {
				given: given.len(),
				known: known(),
			});
		}
		let inputs = schemas
			.iter()
			.map(|schema| {
				let found = given.iter().find(|tensor| tensor.name == schema.name);
				found.cloned().ok_or_else(|| SessionError::Missing {
					name: schema.name.clone(),
					known: known(),
				})
			})
			.collect::<Result<Vec<Tensor>, _>>()?;
		let values: Vec<Value> = inputs.iter().map(Tensor::value).collect();
		let outputs: Vec<Tensor> = Profile1
			.run(&self.plan, &values)?
			.into_iter()
			.zip(&report.outputs)
			.map(|(value, schema)| Tensor::new(&schema.name, value))
			.collect();
		Ok(Answer {
			model_id: self.model_id.clone(),
			input_hash: hash_tensors(&inputs),
			output_hash: hash_tensors(&outputs),
			outputs,
		})
	}
}

fn ports(schemas: &[TensorSchema]) -> Vec<Port<'_>> {
	schemas
		.iter()
		.map(|schema| Port {
			name: &schema.name,
			dtype: schema.dtype.name(),
			shape: &schema.shape,
		})
		.collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use noema_engine::DType;

	const DIGITS: &[u8] = include_bytes!("../../../../examples/digits/digits.onnx");

	fn image(session: &Session) -> Tensor {
		let schema = &session.plan.report().inputs[0];
		let count = schema.shape.iter().product::<usize>();
		Tensor {
			name: schema.name.clone(),
			dtype: DType::F32,
			shape: schema.shape.iter().map(|dim| *dim as u32).collect(),
			data: vec![0; count * 4],
		}
	}

	#[test]
	fn an_answer_is_the_engine_s() {
		let session = Session::open(DIGITS).unwrap();
		let image = image(&session);
		let expected = Profile1.run(&session.plan, &[image.value()]).unwrap();
		let answer = session.answer(vec![image]).unwrap();
		assert_eq!(answer.outputs.len(), expected.len());
		assert_eq!(answer.outputs[0].data, expected[0].data);
		assert_eq!(answer.model_id, format!("0x{}", blake3::hash(DIGITS)));
		assert_ne!(answer.input_hash, answer.output_hash);
	}

	#[test]
	fn wrong_inputs_are_named() {
		let session = Session::open(DIGITS).unwrap();
		let image = image(&session);
		let other = Tensor {
			name: "other".into(),
			..image.clone()
		};
		let missing = session.answer(vec![other.clone()]).unwrap_err();
		assert!(missing.to_string().contains(&image.name), "{missing}");
		let many = session.answer(vec![image, other]).unwrap_err();
		assert!(matches!(many, SessionError::TooMany { given: 2, .. }));
		let text = br#"[{"name": "image"}]"#;
		assert!(matches!(session.infer(text), Err(SessionError::Inputs(_))));
	}
}
