//! The models that are measured: built in, so that the command needs no files.
//!
//! * `networks`: arrangements that models have, at sizes that a block has room for,
//! * `kernels`: one kind of work each, from the fastest form of it to the slowest,
//! * `operators`: each operator of the engine's catalog, on tensors that make its own work show.
//!
//! Weights and inputs are drawn from fixed seeds: the zoo is the same everywhere.

mod kernels;
mod networks;
mod operators;

use noema_engine::{
	conformance::{
		draft::Draft,
		random::{Elements, Random},
	},
	DType, Report, Value,
};

/// A model, and what to run it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
	/// How it is called in the table.
	pub name: String,
	/// The ONNX file.
	pub file: Vec<u8>,
	/// The inputs; [`inputs_of`] the report if none.
	pub inputs: Option<Vec<Value>>,
}

/// The version of the operator set of what is drafted here.
const OPSET: i64 = 24;

impl Model {
	/// What a draft has become, with one output.
	pub fn drawn(name: &str, draft: &Draft, output: &str) -> Self {
		let case = draft.graph.case(OPSET, &[output.to_owned()]);
		Self {
			name: name.to_owned(),
			file: case.file,
			inputs: Some(case.inputs),
		}
	}
}

/// A model's name, and what draws its nodes and names its output.
type Recipe = (&'static str, fn(&mut Draft) -> String);

fn draw(recipes: &[Recipe]) -> impl Iterator<Item = Model> + '_ {
	recipes.iter().map(|(name, draw)| {
		let mut draft = Draft::named(name);
		let output = draw(&mut draft);
		Model::drawn(name, &draft, &output)
	})
}

/// The arrangements that models have: what blocks are made of, and soon measured.
pub fn networks() -> Vec<Model> {
	draw(networks::RECIPES).collect()
}

/// All of them.
pub fn models() -> Vec<Model> {
	let mut models: Vec<Model> = draw(networks::RECIPES)
		.chain(draw(kernels::RECIPES))
		.collect();
	models.extend(operators::models());
	models
}

/// Inputs for a model of which nothing but its report is known: floats in [-4, 4), and zeros, which
/// are indices of every tensor.
pub fn inputs_of(name: &str, report: &Report) -> Vec<Value> {
	let mut random = Random::named(name, 1);
	report
		.inputs
		.iter()
		.map(|schema| match schema.dtype {
			DType::F32 | DType::F64 => random.value(schema.dtype, &schema.shape, Elements::Plain),
			dtype => Value {
				dtype,
				shape: schema.shape.clone(),
				data: vec![0; schema.shape.iter().product::<usize>() * dtype.size()],
			},
		})
		.collect()
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::measure::Candidate;
	use std::collections::HashSet;

	#[test]
	fn all_models_run_under_names_of_their_own() {
		let mut names = HashSet::new();
		for model in models() {
			let name = model.name.clone();
			assert!(names.insert(name.clone()), "{name} twice");
			if let Err(error) = Candidate::new(model) {
				panic!("{error}");
			}
		}
	}

	#[test]
	fn every_operator_that_runs_by_itself_is_measured() {
		let names: Vec<String> = operators::models().into_iter().map(|m| m.name).collect();
		for op in [
			"Softmax",
			"Conv",
			"LSTM",
			"TopK",
			"DFT",
			"BitShift",
			"TreeEnsemble",
		] {
			let found = names.iter().any(|name| name.split(' ').next() == Some(op));
			assert!(found, "{op}");
		}
	}
}
