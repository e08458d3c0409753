//! The arguments of the pallets' calls, encoded by the chain's metadata.

pub mod hosting;
pub mod jobs;

use subxt::dynamic;
use subxt::ext::codec::Encode;
use subxt::ext::scale_encode::{self, EncodeAsFields, EncodeAsType, TypeResolver};
use subxt::transactions::DynamicPayload;
use subxt::utils::{AccountId32, MultiAddress};

use crate::model::ModelId;
use crate::release::Release;
use crate::tensor::{DType, Tensor};

/// A vector of bytes.
///
/// Encoded as a whole: walking the type of each byte, as a `Vec<u8>` would, costs more than
/// everything else about a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl EncodeAsType for Bytes {
	fn encode_as_type_to<R: TypeResolver>(
		&self,
		_type_id: R::TypeId,
		_types: &R,
		out: &mut Vec<u8>,
	) -> Result<(), scale_encode::Error> {
		self.0.encode_to(out);
		Ok(())
	}
}

/// `ReleaseId` of the chain.
#[derive(Clone, Debug, EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub struct ReleaseId {
	owner: AccountId32,
	name: Bytes,
	version: Bytes,
}

impl From<&Release> for ReleaseId {
	fn from(release: &Release) -> Self {
		Self {
			owner: release.owner,
			name: Bytes(release.name.clone().into_bytes()),
			version: Bytes(release.version.clone().into_bytes()),
		}
	}
}

/// `NamedTensor` of the chain.
#[derive(Clone, Debug, EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub struct NamedTensor {
	name: Bytes,
	tensor: TensorValue,
}

#[derive(Clone, Debug, EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct TensorValue {
	dtype: DType,
	shape: Vec<u32>,
	data: Bytes,
}

impl From<&Tensor> for NamedTensor {
	fn from(tensor: &Tensor) -> Self {
		Self {
			name: Bytes(tensor.name.clone().into_bytes()),
			tensor: TensorValue {
				dtype: tensor.dtype,
				shape: tensor.shape.clone(),
				data: Bytes(tensor.data.clone()),
			},
		}
	}
}

/// A call with its arguments.
pub type Call<Args> = DynamicPayload<Args>;

/// `Models.begin_upload(model_id, size)`.
pub fn begin_upload(model: ModelId, size: u32) -> Call<(ModelId, u32)> {
	dynamic::tx("Models", "begin_upload", (model, size))
}

/// `Models.upload_chunk(model_id, index, bytes)`.
pub fn upload_chunk(model: ModelId, index: u32, bytes: Vec<u8>) -> Call<(ModelId, u32, Bytes)> {
	dynamic::tx("Models", "upload_chunk", (model, index, Bytes(bytes)))
}

/// `Models.submit(model_id)`.
pub fn submit(model: ModelId) -> Call<(ModelId,)> {
	dynamic::tx("Models", "submit", (model,))
}

/// `Models.cancel_upload(model_id)`.
pub fn cancel_upload(model: ModelId) -> Call<(ModelId,)> {
	dynamic::tx("Models", "cancel_upload", (model,))
}

/// `Models.release(model_id, name, version, royalty)`.
pub fn release(
	model: ModelId,
	name: &str,
	version: &str,
	royalty: u128,
) -> Call<(ModelId, Bytes, Bytes, u128)> {
	let (name, version) = (Bytes(name.into()), Bytes(version.into()));
	dynamic::tx("Models", "release", (model, name, version, royalty))
}

/// `Models.retire(name, version)`; the release is the caller's own.
pub fn retire(name: &str, version: &str) -> Call<(Bytes, Bytes)> {
	dynamic::tx(
		"Models",
		"retire",
		(Bytes(name.into()), Bytes(version.into())),
	)
}

/// `Models.remove_model(model_id)`.
pub fn remove_model(model: ModelId) -> Call<(ModelId,)> {
	dynamic::tx("Models", "remove_model", (model,))
}

/// `Inference.infer(release, inputs)`.
pub fn infer(release: &Release, inputs: &[Tensor]) -> Call<(ReleaseId, Vec<NamedTensor>)> {
	let inputs = inputs.iter().map(NamedTensor::from).collect();
	dynamic::tx("Inference", "infer", (ReleaseId::from(release), inputs))
}

/// `Balances.transfer_keep_alive(dest, value)`.
pub fn transfer(to: AccountId32, value: u128) -> Call<(MultiAddress<AccountId32, ()>, u128)> {
	dynamic::tx(
		"Balances",
		"transfer_keep_alive",
		(MultiAddress::Id(to), value),
	)
}

/// The bytes of a call, to put it into another one, such as a batch.
#[derive(Clone, Debug)]
pub struct Encoded(pub Vec<u8>);

impl EncodeAsType for Encoded {
	fn encode_as_type_to<R: TypeResolver>(
		&self,
		_type_id: R::TypeId,
		_types: &R,
		out: &mut Vec<u8>,
	) -> Result<(), scale_encode::Error> {
		out.extend_from_slice(&self.0);
		Ok(())
	}
}

/// `Utility.batch_all(calls)`.
pub fn batch_all(calls: Vec<Encoded>) -> Call<(Vec<Encoded>,)> {
	dynamic::tx("Utility", "batch_all", (calls,))
}

/// The SCALE bytes of a call.
pub fn encode<Args: EncodeAsFields>(
	at: &crate::chain::client::AtBlock,
	call: &Call<Args>,
) -> Result<Encoded, crate::chain::ChainError> {
	at.transactions()
		.call_data(call)
		.map(Encoded)
		.map_err(|error| crate::chain::ChainError::client("encode the call", error))
}
