//! The presets of development chains.

use alloc::{vec, vec::Vec};
use frame_support::build_struct_json_patch;
use noema_primitives::jobs::JobParams;
use serde_json::Value;
use sp_consensus_babe::AuthorityId as BabeId;
use sp_consensus_grandpa::AuthorityId as GrandpaId;
use sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

use crate::{
	configs::EPOCH_CONFIGURATION, constants::money::NOE, AccountId, BabeConfig, Balance,
	BalancesConfig, BlockNumber, HostingConfig, JobsConfig, RuntimeGenesisConfig, SessionConfig,
	SessionKeys, SudoConfig,
};

/// What each well-known development account holds.
const ENDOWMENT: Balance = 10_000_000 * NOE;

/// The bond of the development chains' host, `//Alice//stash`.
const HOST_BOND: Balance = 6_000_000 * NOE;
/// What it commits to each model: as much as the largest plan and the longest run require.
const HOST_COMMITMENT: Balance = 20_000 * NOE;
/// What it asks for a second of computing.
const HOST_PRICE: Balance = NOE;
/// How many open jobs it takes.
const HOST_CAPACITY: u32 = 16;

/// What governs jobs on development chains: a developer waits a minute for each phase, not an hour.
fn short_windows() -> JobParams<Balance, BlockNumber> {
	JobParams {
		commit_period: 20,
		reveal_period: 10,
		challenge_period: 20,
		renewed_period: 20,
		posting_period: 20,
		referee_period: 20,
		challenge_bond: NOE,
		min_job_stake: NOE,
		..Default::default()
	}
}

/// An authority: its account, and the keys by which it authors and finalises.
type Authority = (AccountId, BabeId, GrandpaId);

fn authority(sr25519: Sr25519Keyring, ed25519: Ed25519Keyring) -> Authority {
	(
		sr25519.to_account_id(),
		sr25519.public().into(),
		ed25519.public().into(),
	)
}

fn genesis(authorities: Vec<Authority>, endowed: Vec<AccountId>, sudo: AccountId) -> Value {
	build_struct_json_patch!(RuntimeGenesisConfig {
		balances: BalancesConfig {
			balances: endowed
				.into_iter()
				.map(|account| (account, ENDOWMENT))
				.collect(),
		},
		// The authorities come from the session's keys.
		babe: BabeConfig {
			epoch_config: EPOCH_CONFIGURATION
		},
		session: SessionConfig {
			keys: authorities
				.into_iter()
				.map(|(account, babe, grandpa)| {
					(account.clone(), account, SessionKeys { babe, grandpa })
				})
				.collect::<Vec<_>>(),
		},
		hosting: HostingConfig {
			hosts: vec![(
				Sr25519Keyring::AliceStash.to_account_id(),
				HOST_BOND,
				HOST_PRICE,
				HOST_CAPACITY,
				Some(HOST_COMMITMENT),
			)],
		},
		jobs: JobsConfig {
			params: short_windows(),
		},
		sudo: SudoConfig { key: Some(sudo) },
	})
}

/// The genesis patch called `id`: `development` with one authority, `local_testnet` with two.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
	let alice = authority(Sr25519Keyring::Alice, Ed25519Keyring::Alice);
	let bob = authority(Sr25519Keyring::Bob, Ed25519Keyring::Bob);
	let authorities = match id.as_ref() {
		DEV_RUNTIME_PRESET => vec![alice],
		LOCAL_TESTNET_RUNTIME_PRESET => vec![alice, bob],
		_ => return None,
	};
	let patch = genesis(
		authorities,
		Sr25519Keyring::iter()
			.map(|key| key.to_account_id())
			.collect(),
		Sr25519Keyring::Alice.to_account_id(),
	);
	serde_json::to_string(&patch)
		.ok()
		.map(|json| json.into_bytes())
}

/// The names that [`get_preset`] knows.
pub fn preset_names() -> Vec<PresetId> {
	vec![
		PresetId::from(DEV_RUNTIME_PRESET),
		PresetId::from(LOCAL_TESTNET_RUNTIME_PRESET),
	]
}
