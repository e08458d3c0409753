//! From bytes to a graph whose structure can be relied on.
//!
//! What leaves this module has known versions, one domain, no subgraphs, static interface shapes
//! within the limits, unique names, nodes in topological order, and no tensor that nothing defines.
//! Values, attributes and shapes of nodes are the importer's.

use std::collections::{HashMap, HashSet};

use prost::Message;
use tract_onnx::pb::{
	self, tensor_shape_proto::dimension::Value as Dim, type_proto, AttributeProto, GraphProto,
	ModelProto, NodeProto, TensorProto, ValueInfoProto,
};

use crate::{
	error::ModelError,
	fact::check_bytes,
	limits::{
		MAX_ATTRIBUTES, MAX_ATTRIBUTE_ITEMS, MAX_EDGES, MAX_FILE_BYTES, MAX_INITIALIZERS,
		MAX_INTERFACE_NAME_BYTES, MAX_INTERFACE_TENSORS, MAX_METADATA, MAX_NAME_BYTES, MAX_NODES,
		MAX_NODE_TENSORS, MAX_RANK, MAX_VALUE_INFOS,
	},
	ops,
	scan::scan,
	storage::Storage,
	DType, TensorSchema,
};

/// The versions of the ONNX file format that the profile knows.
const IR_VERSIONS: std::ops::RangeInclusive<i64> = 3..=14;
/// The versions of the default operator set that the profile knows.
pub const OPSETS: std::ops::RangeInclusive<i64> = 1..=28;

/// The domain of the operators of classical machine learning, and its versions.
const ML_DOMAIN: &str = "ai.onnx.ml";
const ML_OPSETS: std::ops::RangeInclusive<i64> = 1..=5;
/// The version of the default operator set of a model that uses [`ML_DOMAIN`] only.
const NO_OPSET: i64 = 0;

/// A graph whose structure has been checked.
#[derive(Debug)]
pub struct Model {
	/// The version of the default operator set.
	pub opset: i64,
	/// The graph inputs that are no initializers, in the file's order.
	pub inputs: Vec<TensorSchema>,
	/// The graph outputs, in the file's order.
	pub outputs: Vec<DeclaredOutput>,
	/// The initializers; their names are unique, their data is not looked at yet.
	pub initializers: Vec<TensorProto>,
	/// The nodes, in topological order.
	pub nodes: Vec<NodeProto>,
}

/// A graph output as the file declares it.
#[derive(Debug)]
pub struct DeclaredOutput {
	/// Its name.
	pub name: String,
	/// Its element type, if declared.
	pub dtype: Option<DType>,
	/// Its dimensions where they are numbers, if a shape is declared.
	pub shape: Option<Vec<Option<usize>>>,
}

/// How errors name a node.
pub fn label(index: usize, node: &NodeProto) -> String {
	let name: String = node.name.chars().take(64).collect();
	let op: String = node.op_type.chars().take(64).collect();
	if name.is_empty() {
		format!("node {index} ({op})")
	} else {
		format!("node '{name}' ({op})")
	}
}

/// Decodes and checks a file.
pub fn guard(file: &[u8]) -> Result<Model, ModelError> {
	if file.len() > MAX_FILE_BYTES {
		return Err(ModelError::FileTooLarge {
			bytes: file.len() as u64,
			limit: MAX_FILE_BYTES as u64,
		});
	}
	scan(file)?;
	let model = ModelProto::decode(file).map_err(|error| ModelError::NotOnnx {
		reason: error.to_string(),
	})?;
	check_model(model)
}

fn check_model(mut model: ModelProto) -> Result<Model, ModelError> {
	let Some(graph) = model.graph.take() else {
		return Err(ModelError::NotOnnx {
			reason: "there is no graph".into(),
		});
	};
	if !IR_VERSIONS.contains(&model.ir_version) {
		return Err(ModelError::UnsupportedVersion {
			what: format!("IR version {}", model.ir_version),
			supported: format!(
				"IR versions {} to {}",
				IR_VERSIONS.start(),
				IR_VERSIONS.end()
			),
		});
	}
	bound("metadata entries", model.metadata_props.len(), MAX_METADATA)?;
	bound("opset imports", model.opset_import.len(), MAX_METADATA)?;
	if let Some(function) = model.functions.first() {
		return Err(unsupported(
			format!(
				"model-local functions ('{}')",
				function.name.as_deref().unwrap_or_default()
			),
			"inline them (onnx.inliner.inline_local_functions)",
		));
	}
	if !model.training_info.is_empty() {
		return Err(unsupported(
			"training graphs".into(),
			"export the model for inference",
		));
	}
	let opset = opset(&model)?;
	check_graph(opset, graph)
}

fn opset(model: &ModelProto) -> Result<i64, ModelError> {
	let ml = model
		.opset_import
		.iter()
		.filter(|import| import.domain == ML_DOMAIN);
	let mut has_ml = false;
	for import in ml {
		if has_ml || !ML_OPSETS.contains(&import.version) {
			return Err(ModelError::UnsupportedVersion {
				what: format!("version {} of the domain {ML_DOMAIN}", import.version),
				supported: format!("one version, {} to {}", ML_OPSETS.start(), ML_OPSETS.end()),
			});
		}
		has_ml = true;
	}
	let mut versions = model
		.opset_import
		.iter()
		.filter(|i| is_default_domain(&i.domain));
	let version = match (versions.next(), versions.next()) {
		(Some(import), None) => import.version,
		(None, _) if has_ml => return Ok(NO_OPSET),
		(None, _) => return Err(no_default_opset()),
		(Some(_), Some(_)) => {
			return Err(ModelError::UnsupportedVersion {
				what: "two versions of the default operator set".into(),
				supported: supported_opsets(),
			})
		}
	};
	if !OPSETS.contains(&version) {
		return Err(ModelError::UnsupportedVersion {
			what: format!("opset {version}"),
			supported: supported_opsets(),
		});
	}
	Ok(version)
}

fn supported_opsets() -> String {
	format!("opset {} to {}", OPSETS.start(), OPSETS.end())
}

fn no_default_opset() -> ModelError {
	ModelError::UnsupportedVersion {
		what: "no version of the default operator set".into(),
		supported: supported_opsets(),
	}
}

fn is_default_domain(domain: &str) -> bool {
	matches!(domain, "" | "ai.onnx")
}

fn bound(what: &str, count: usize, limit: usize) -> Result<(), ModelError> {
	if count <= limit {
		return Ok(());
	}
	Err(ModelError::TooManyItems {
		what: what.into(),
		count: count as u64,
		limit: limit as u64,
	})
}

fn unsupported(what: String, fix: &str) -> ModelError {
	ModelError::UnsupportedFeature {
		what,
		fix: fix.into(),
	}
}

fn check_graph(opset: i64, mut graph: GraphProto) -> Result<Model, ModelError> {
	bound("nodes", graph.node.len(), MAX_NODES)?;
	bound("initializers", graph.initializer.len(), MAX_INITIALIZERS)?;
	bound("value infos", graph.value_info.len(), MAX_VALUE_INFOS)?;
	bound(
		"quantisation annotations",
		graph.quantization_annotation.len(),
		MAX_METADATA,
	)?;
	if !graph.sparse_initializer.is_empty() {
		return Err(unsupported(
			"sparse initializers".into(),
			"store them as dense tensors",
		));
	}
	for (index, node) in graph.node.iter().enumerate() {
		check_node(opset, index, node)?;
	}
	bound(
		"edges",
		graph
			.node
			.iter()
			.map(|n| n.input.len() + n.output.len())
			.sum(),
		MAX_EDGES,
	)?;

	let mut initializers = HashSet::new();
	for tensor in &graph.initializer {
		bound(
			"bytes in the name of an initializer",
			tensor.name.len(),
			MAX_NAME_BYTES,
		)?;
		bound(
			"dimensions in the shape of an initializer",
			tensor.dims.len(),
			1 << 10,
		)?;
		if tensor.name.is_empty() {
			return Err(ModelError::BadTensor {
				subject: "an initializer".into(),
				reason: "has no name".into(),
			});
		}
		if !initializers.insert(tensor.name.as_str()) {
			return Err(duplicate(&tensor.name, "initializers"));
		}
	}

	// Before IR version 4 every initializer was a graph input as well: such inputs are constants.
	let mut names = HashSet::new();
	let mut inputs = vec![];
	bound(
		"graph inputs",
		graph.input.len(),
		MAX_INITIALIZERS + MAX_INTERFACE_TENSORS,
	)?;
	for input in &graph.input {
		if !names.insert(input.name.as_str()) {
			return Err(duplicate(&input.name, "graph inputs"));
		}
		if initializers.contains(input.name.as_str()) {
			continue;
		}
		if inputs.len() == MAX_INTERFACE_TENSORS {
			return Err(too_many_interface_tensors("inputs"));
		}
		inputs.push(input_schema(input)?);
	}

	check_names(&graph, &inputs, &initializers)?;
	let outputs = graph
		.output
		.iter()
		.map(declared_output)
		.collect::<Result<Vec<_>, _>>()?;
	Ok(Model {
		opset,
		inputs,
		outputs,
		initializers: std::mem::take(&mut graph.initializer),
		nodes: std::mem::take(&mut graph.node),
	})
}

fn duplicate(name: &str, what: &str) -> ModelError {
	ModelError::DuplicateName {
		name: name.into(),
		what: what.into(),
	}
}

fn too_many_interface_tensors(what: &str) -> ModelError {
	ModelError::BadInterface {
		subject: format!("the graph {what}"),
		reason: format!("are more than {MAX_INTERFACE_TENSORS}"),
	}
}

fn check_node(opset: i64, index: usize, node: &NodeProto) -> Result<(), ModelError> {
	for name in [&node.name, &node.op_type, &node.domain]
		.into_iter()
		.chain(&node.input)
		.chain(&node.output)
	{
		bound("bytes in a name of a node", name.len(), MAX_NAME_BYTES)?;
	}
	let label = label(index, node);
	bound(
		&format!("inputs of {label}"),
		node.input.len(),
		MAX_NODE_TENSORS,
	)?;
	bound(
		&format!("outputs of {label}"),
		node.output.len(),
		MAX_NODE_TENSORS,
	)?;
	let is_ml = node.domain == ML_DOMAIN;
	if !is_default_domain(&node.domain) && !is_ml {
		return Err(ModelError::UnsupportedDomain {
			node: label,
			op: node.op_type.clone(),
			domain: node.domain.clone(),
		});
	}
	if !ops::is_known(&node.op_type) || ops::is_ml(&node.op_type) != is_ml {
		return Err(ModelError::UnsupportedOp {
			node: label,
			op: node.op_type.clone(),
			reason: ops::advice(&node.op_type).into(),
		});
	}
	if !is_ml && opset == NO_OPSET {
		return Err(no_default_opset());
	}
	check_attributes(&label, &node.attribute)
}

/// The limits of a node's attributes, and what no operator has.
pub(crate) fn check_attributes(
	label: &str,
	attributes: &[AttributeProto],
) -> Result<(), ModelError> {
	bound(
		&format!("attributes of {label}"),
		attributes.len(),
		MAX_ATTRIBUTES,
	)?;
	for attribute in attributes {
		bound(
			"bytes in the name of an attribute",
			attribute.name.len(),
			MAX_NAME_BYTES,
		)?;
		let items = attribute.ints.len() + attribute.floats.len() + attribute.strings.len();
		bound(
			&format!("values in an attribute of {label}"),
			items,
			MAX_ATTRIBUTE_ITEMS,
		)?;
		if attribute.g.is_some() || !attribute.graphs.is_empty() {
			return Err(unsupported(
				format!("subgraphs (attribute '{}' of {label})", attribute.name),
				"export the model without control flow",
			));
		}
		if attribute.sparse_tensor.is_some() || !attribute.sparse_tensors.is_empty() {
			return Err(unsupported(
				format!("sparse tensors (attribute '{}' of {label})", attribute.name),
				"store it as a dense tensor",
			));
		}
		if !attribute.tensors.is_empty() || !attribute.type_protos.is_empty() {
			return Err(unsupported(
				format!(
					"lists of tensors or types (attribute '{}' of {label})",
					attribute.name
				),
				"no operator of the profile has them",
			));
		}
	}
	Ok(())
}

/// Every tensor is made once, and before it is used.
fn check_names(
	graph: &GraphProto,
	inputs: &[TensorSchema],
	initializers: &HashSet<&str>,
) -> Result<(), ModelError> {
	// Where each tensor is made; graph inputs and initializers before the first node.
	let mut makers: HashMap<&str, usize> = HashMap::new();
	for (index, node) in graph.node.iter().enumerate() {
		for output in node.output.iter().filter(|output| !output.is_empty()) {
			let taken = inputs.iter().any(|input| input.name == *output)
				|| initializers.contains(output.as_str());
			if taken || makers.insert(output, index).is_some() {
				return Err(duplicate(output, "tensors"));
			}
		}
	}
	let is_given =
		|name: &str| initializers.contains(name) || inputs.iter().any(|input| input.name == name);
	for (index, node) in graph.node.iter().enumerate() {
		for input in node.input.iter().filter(|input| !input.is_empty()) {
			if is_given(input) {
				continue;
			}
			match makers.get(input.as_str()) {
				Some(maker) if *maker < index => {}
				Some(_) => {
					return Err(ModelError::NotTopological {
						node: label(index, node),
						tensor: input.clone(),
					})
				}
				None => {
					return Err(ModelError::UndefinedTensor {
						user: label(index, node),
						tensor: input.clone(),
					})
				}
			}
		}
	}
	if graph.output.is_empty() {
		return Err(ModelError::BadInterface {
			subject: "the graph".into(),
			reason: "has no outputs".into(),
		});
	}
	if graph.output.len() > MAX_INTERFACE_TENSORS {
		return Err(too_many_interface_tensors("outputs"));
	}
	let mut names = HashSet::new();
	for output in &graph.output {
		check_interface_name("output", &output.name)?;
		if !names.insert(output.name.as_str()) {
			return Err(duplicate(&output.name, "graph outputs"));
		}
		if !is_given(&output.name) && !makers.contains_key(output.name.as_str()) {
			return Err(ModelError::UndefinedTensor {
				user: "the list of graph outputs".into(),
				tensor: output.name.clone(),
			});
		}
	}
	Ok(())
}

fn check_interface_name(what: &str, name: &str) -> Result<(), ModelError> {
	let reason = if name.is_empty() {
		"has no name".to_string()
	} else if name.len() > MAX_INTERFACE_NAME_BYTES {
		format!(
			"has a name of {} bytes, at most {MAX_INTERFACE_NAME_BYTES}",
			name.len()
		)
	} else {
		return Ok(());
	};
	let start: String = name.chars().take(24).collect();
	Err(ModelError::BadInterface {
		subject: format!("graph {what} '{start}'"),
		reason,
	})
}

fn tensor_type<'a>(
	what: &str,
	info: &'a ValueInfoProto,
) -> Result<&'a type_proto::Tensor, ModelError> {
	match info.r#type.as_ref().and_then(|t| t.value.as_ref()) {
		Some(type_proto::Value::TensorType(tensor)) => Ok(tensor),
		None => Err(ModelError::UnsupportedDType {
			subject: format!("graph {what} '{}'", info.name),
			reason: "has no tensor type: only dense tensors are supported".into(),
		}),
	}
}

fn element_type(what: &str, name: &str, elem_type: i32) -> Result<DType, ModelError> {
	DType::from_onnx(elem_type).map_err(|found| ModelError::UnsupportedDType {
		subject: format!("graph {what} '{name}'"),
		reason: format!(
			"is of type {found}, but must be one of: {}{}",
			DType::ALL.map(DType::name).join(", "),
			if Storage::from_onnx(elem_type).is_some() {
				"; declare one of these and Cast inside the model"
			} else {
				""
			}
		),
	})
}

fn input_schema(info: &ValueInfoProto) -> Result<TensorSchema, ModelError> {
	check_interface_name("input", &info.name)?;
	let tensor = tensor_type("input", info)?;
	let dtype = element_type("input", &info.name, tensor.elem_type)?;
	let subject = || format!("graph input '{}'", info.name);
	let Some(shape) = &tensor.shape else {
		return Err(ModelError::DynamicShape {
			tensor: info.name.clone(),
			axis: 0,
			param: "no shape is declared at all".into(),
		});
	};
	if shape.dim.len() > MAX_RANK {
		return Err(ModelError::RankTooHigh {
			subject: subject(),
			rank: shape.dim.len(),
		});
	}
	let mut dims = Vec::with_capacity(shape.dim.len());
	for (axis, dim) in shape.dim.iter().enumerate() {
		let param = match &dim.value {
			Some(Dim::DimValue(value)) if *value > 0 => {
				dims.push(usize::try_from(*value).unwrap_or(usize::MAX));
				continue;
			}
			Some(Dim::DimValue(value)) => {
				return Err(ModelError::ShapeOverflow {
					subject: subject(),
					shape: format!("with {value} on axis {axis}"),
					reason: "a dimension must be at least 1".into(),
				})
			}
			Some(Dim::DimParam(param)) => {
				format!("parameter '{}'", param.chars().take(32).collect::<String>())
			}
			None => "no dimension is declared".into(),
		};
		return Err(ModelError::DynamicShape {
			tensor: info.name.clone(),
			axis,
			param,
		});
	}
	check_bytes(dtype, &dims).map_err(|error| ModelError::of(&subject(), "", error))?;
	// A chain names dimensions by 32 bits; that never bites below the bytes of a tensor.
	Ok(TensorSchema {
		name: info.name.clone(),
		dtype,
		shape: dims,
	})
}

fn declared_output(info: &ValueInfoProto) -> Result<DeclaredOutput, ModelError> {
	let name = info.name.clone();
	if info.r#type.is_none() {
		return Ok(DeclaredOutput {
			name,
			dtype: None,
			shape: None,
		});
	}
	let tensor = tensor_type("output", info)?;
	// Type 0 means that the file does not say.
	let dtype = match tensor.elem_type {
		0 => None,
		other => Some(element_type("output", &name, other)?),
	};
	let shape = tensor.shape.as_ref().map(|shape| {
		shape
			.dim
			.iter()
			.map(|dim: &pb::tensor_shape_proto::Dimension| match dim.value {
				Some(Dim::DimValue(value)) => usize::try_from(value).ok(),
				_ => None,
			})
			.collect()
	});
	Ok(DeclaredOutput { name, dtype, shape })
}
