//! A chain of the development preset, executed natively and without a node.

use codec::Encode;
use frame_support::{
	genesis_builder_helper::build_state,
	storage::{with_transaction_unchecked, TransactionOutcome},
};
use noema_runtime::{
	constants::time::BLOCK_TIME_MS, genesis, BlockNumber, Executive, Hash, Header, RuntimeCall,
	RuntimeGenesisConfig, UncheckedExtrinsic,
};
use serde_json::Value;
use sp_consensus_babe::{
	digests::{PreDigest, SecondaryPlainPreDigest},
	BABE_ENGINE_ID,
};
use sp_genesis_builder::DEV_RUNTIME_PRESET;
use sp_io::TestExternalities;
use sp_runtime::{
	traits::Header as _,
	transaction_validity::{TransactionSource, TransactionValidity},
	ApplyExtrinsicResult, Digest, DigestItem,
};

/// The slot of the first block: BABE's clock starts there.
const FIRST_SLOT: u64 = 1_000_000;

/// A chain between or in the middle of blocks.
pub(crate) struct Chain {
	ext: TestExternalities,
	parent: Hash,
	number: BlockNumber,
	slot: u64,
}

/// A node of the state's trie: its key, its value and how often it is referred to.
type TrieNode = (Vec<u8>, (Vec<u8>, i32));

/// The state of a chain between two blocks, to return to.
pub(crate) struct Snapshot {
	nodes: Vec<TrieNode>,
	root: Hash,
	parent: Hash,
	number: BlockNumber,
	slot: u64,
}

impl Chain {
	/// The genesis of the development preset.
	pub(crate) fn genesis() -> Self {
		let preset = |bytes: Option<Vec<u8>>| -> Value {
			serde_json::from_slice(&bytes.expect("the runtime knows it")).expect("it is JSON")
		};
		let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).expect("it is JSON");
		merge(
			&mut config,
			preset(genesis::get_preset(&DEV_RUNTIME_PRESET.into())),
		);
		let mut ext = TestExternalities::new_empty();
		ext.execute_with(|| {
			build_state::<RuntimeGenesisConfig>(config.to_string().into_bytes())
				.expect("the preset is sound");
		});
		ext.commit_all().expect("no transaction is open");
		Self {
			ext,
			parent: Hash::zero(),
			number: 0,
			slot: FIRST_SLOT,
		}
	}

	pub(crate) fn snapshot(self) -> Snapshot {
		let Self {
			ext,
			parent,
			number,
			slot,
		} = self;
		let (nodes, root) = ext.into_raw_snapshot();
		Snapshot {
			nodes,
			root,
			parent,
			number,
			slot,
		}
	}

	pub(crate) fn restore(snapshot: &Snapshot) -> Self {
		Self {
			ext: TestExternalities::from_raw_snapshot(
				snapshot.nodes.clone(),
				snapshot.root,
				Default::default(),
			),
			parent: snapshot.parent,
			number: snapshot.number,
			slot: snapshot.slot,
		}
	}

	pub(crate) fn number(&self) -> BlockNumber {
		self.number
	}

	/// Reads or calls what needs the state; changes stay.
	pub(crate) fn with<R>(&mut self, f: impl FnOnce() -> R) -> R {
		self.ext.execute_with(f)
	}

	/// Reads or calls what needs the state; changes are rolled back.
	pub(crate) fn with_rolled_back<R>(&mut self, f: impl FnOnce() -> R) -> R {
		self.with(|| with_transaction_unchecked(|| TransactionOutcome::Rollback(f())))
	}

	/// Begins the next block and applies its inherents.
	pub(crate) fn begin_block(&mut self) {
		self.number += 1;
		self.slot += 1;
		let digest = PreDigest::SecondaryPlain(SecondaryPlainPreDigest {
			authority_index: 0,
			slot: self.slot.into(),
		});
		let header = Header::new(
			self.number,
			Default::default(),
			Default::default(),
			self.parent,
			Digest {
				logs: vec![DigestItem::PreRuntime(BABE_ENGINE_ID, digest.encode())],
			},
		);
		let now = self.slot * BLOCK_TIME_MS;
		self.with(|| {
			Executive::initialize_block(&header);
			let inherent = RuntimeCall::Timestamp(pallet_timestamp::Call::set { now });
			Executive::apply_extrinsic(UncheckedExtrinsic::new_bare(inherent))
				.expect("the inherent is valid")
				.expect("the inherent is applied");
		});
	}

	/// Ends the block and commits its changes.
	pub(crate) fn end_block(&mut self) {
		self.parent = self.with(|| Executive::finalize_block().hash());
		self.ext.commit_all().expect("no transaction is open");
	}

	/// What the pool would say of a transaction.
	pub(crate) fn validate(
		&mut self,
		source: TransactionSource,
		extrinsic: UncheckedExtrinsic,
	) -> TransactionValidity {
		let parent = self.parent;
		self.with_rolled_back(|| Executive::validate_transaction(source, extrinsic, parent))
	}

	/// Applies an extrinsic as a block does. It leaves no trace if it is not valid, or if `keep`
	/// is false.
	pub(crate) fn apply(
		&mut self,
		extrinsic: UncheckedExtrinsic,
		keep: bool,
	) -> ApplyExtrinsicResult {
		self.with(|| {
			with_transaction_unchecked(|| {
				let result = Executive::apply_extrinsic(extrinsic);
				if keep && result.is_ok() {
					TransactionOutcome::Commit(result)
				} else {
					TransactionOutcome::Rollback(result)
				}
			})
		})
	}
}

/// RFC 7396, for objects without nulls.
fn merge(target: &mut Value, patch: Value) {
	match (target, patch) {
		(Value::Object(target), Value::Object(patch)) => {
			for (key, value) in patch {
				merge(target.entry(key).or_insert(Value::Null), value);
			}
		}
		(target, patch) => *target = patch,
	}
}
