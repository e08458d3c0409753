//! The chains that the node knows by name.

use noema_runtime::WASM_BINARY;
use sc_chain_spec::{ChainSpecExtension, ChainType, GenericChainSpec, Properties};
use serde::{Deserialize, Serialize};

use crate::Block;

/// Symbol of the token.
pub const TOKEN_SYMBOL: &str = "NOE";
/// Decimals of the token.
pub const TOKEN_DECIMALS: u32 = 12;
/// The SS58 prefix of addresses.
pub const SS58_FORMAT: u16 = 42;

/// A chain specification of Noema.
///
/// Genesis needs none of the precompile's host functions: no model exists then.
pub type ChainSpec = GenericChainSpec<Extensions>;

/// Fields of a chain specification that the node's modules look for.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ChainSpecExtension)]
#[serde(rename_all = "camelCase")]
pub struct Extensions {
	/// Block numbers whose hash is fixed.
	pub fork_blocks: sc_client_api::ForkBlocks<Block>,
	/// Hashes of blocks that are never imported.
	pub bad_blocks: sc_client_api::BadBlocks<Block>,
	/// Where a light client may start; `sync_state_genSyncSpec` fills it in.
	pub light_sync_state: sc_sync_state_rpc::LightSyncStateExtension,
}

/// A chain of one authority, Alice, for development.
pub fn development() -> Result<ChainSpec, String> {
	preset(
		"Noema Development",
		"noema_dev",
		ChainType::Development,
		genesis_preset::DEVELOPMENT,
	)
}

/// A chain of several known authorities, for tests with more than one node.
pub fn local() -> Result<ChainSpec, String> {
	preset(
		"Noema Local Testnet",
		"noema_local",
		ChainType::Local,
		genesis_preset::LOCAL,
	)
}

/// The chain called `id`: `dev`, `local`, or the path of a chain specification. Commands that want
/// some chain but do not run it, such as those on keys, get `local` without a name.
pub fn load(id: &str) -> Result<Box<dyn sc_chain_spec::ChainSpec>, String> {
	Ok(match id {
		"dev" => Box::new(development()?),
		"" | "local" => Box::new(local()?),
		path => Box::new(ChainSpec::from_json_file(path.into()).map_err(|e| {
			format!("--chain {path}: neither dev, local nor a readable chain specification: {e}")
		})?),
	})
}

/// The names of the runtime's genesis presets.
mod genesis_preset {
	/// One authority.
	pub(super) const DEVELOPMENT: &str = "development";
	/// Several authorities.
	pub(super) const LOCAL: &str = "local_testnet";
}

fn preset(name: &str, id: &str, kind: ChainType, preset: &str) -> Result<ChainSpec, String> {
	let code = WASM_BINARY.ok_or(
		"this binary was built without the runtime (SKIP_WASM_BUILD); build it again without, \
		 or name a chain specification with --chain FILE",
	)?;
	Ok(ChainSpec::builder(code, Extensions::default())
		.with_name(name)
		.with_id(id)
		.with_chain_type(kind)
		.with_protocol_id("noema")
		.with_properties(properties())
		.with_genesis_config_preset_name(preset)
		.build())
}

/// What wallets read from `system_properties`.
fn properties() -> Properties {
	let mut properties = Properties::new();
	properties.insert("tokenSymbol".into(), TOKEN_SYMBOL.into());
	properties.insert("tokenDecimals".into(), TOKEN_DECIMALS.into());
	properties.insert("ss58Format".into(), SS58_FORMAT.into());
	properties
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_runtime::BuildStorage;

	#[test]
	fn presets_build_a_genesis_state() {
		for spec in [development(), local()] {
			let spec = spec.expect("the runtime is built in");
			let storage = spec
				.build_storage()
				.expect("the preset exists and is valid");
			assert!(storage
				.top
				.contains_key(sp_core::storage::well_known_keys::CODE));
		}
	}

	#[test]
	fn properties_name_the_token() {
		let spec = development().expect("the runtime is built in");
		let properties = sc_chain_spec::ChainSpec::properties(&spec);
		assert_eq!(properties["tokenSymbol"], TOKEN_SYMBOL);
		assert_eq!(properties["tokenDecimals"], TOKEN_DECIMALS);
		assert_eq!(properties["ss58Format"], SS58_FORMAT);
	}

	#[test]
	fn an_unknown_chain_is_refused_by_name() {
		let error = load("nowhere").expect_err("there is no such file");
		assert!(error.contains("nowhere"), "{error}");
		assert_eq!(load("").expect("some chain").id(), "noema_local");
	}
}
