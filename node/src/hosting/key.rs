//! The account of a host, and its key in the node's keystore.

use std::fmt;

use codec::Encode;
use noema_primitives::JobId;
use noema_runtime::{AccountId, Hash, Signature};
use sp_core::{
	crypto::{KeyTypeId, Pair as _, Ss58Codec},
	sr25519::{self, vrf::VrfTranscript},
};
use sp_keystore::KeystorePtr;

/// The type of a host's key in the keystore: `noema-node key insert --key-type nhos --scheme sr25519`.
pub const KEY_TYPE: KeyTypeId = KeyTypeId(*b"nhos");

/// Why a node cannot act for an account.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
	/// Neither an address nor a development key.
	#[error("`{0}` is neither an SS58 address nor a development key such as //Alice//stash")]
	NoAccount(String),
	/// Development keys are known to everybody.
	#[error("{0} is a development key, which is known to everybody: for development and local chains only")]
	DevelopmentKey(String),
	/// The keystore does not hold it.
	#[error(
		"the keystore does not hold the key of {0}: insert it with `noema-node key insert --key-type \
		 nhos --scheme sr25519 --suri ...`"
	)]
	NoKey(String),
	/// The keystore failed.
	#[error("the keystore: {0}")]
	Keystore(String),
}

impl From<sp_keystore::Error> for KeyError {
	fn from(error: sp_keystore::Error) -> Self {
		Self::Keystore(error.to_string())
	}
}

/// Signs for one account.
#[derive(Clone)]
pub struct HostKey {
	public: sr25519::Public,
	keystore: KeystorePtr,
}

impl fmt::Debug for HostKey {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.debug_tuple("HostKey").field(&self.public).finish()
	}
}

impl HostKey {
	/// The key of `account`, an address whose key is in the keystore, or a development key where
	/// `may_be_known` says that the chain is one for tests.
	///
	/// # Errors
	///
	/// [`KeyError`].
	pub fn open(
		account: &str,
		may_be_known: bool,
		keystore: KeystorePtr,
	) -> Result<Self, KeyError> {
		let public = if account.starts_with("//") {
			if !may_be_known {
				return Err(KeyError::DevelopmentKey(account.to_owned()));
			}
			let pair = sr25519::Pair::from_string(account, None)
				.map_err(|_| KeyError::NoAccount(account.to_owned()))?;
			keystore
				.insert(KEY_TYPE, account, &pair.public().0)
				.map_err(|()| KeyError::Keystore("it takes no key".to_owned()))?;
			pair.public()
		} else {
			sr25519::Public::from_ss58check(account)
				.map_err(|_| KeyError::NoAccount(account.to_owned()))?
		};
		if !keystore.has_keys(&[(public.0.to_vec(), KEY_TYPE)]) {
			return Err(KeyError::NoKey(account.to_owned()));
		}
		Ok(Self { public, keystore })
	}

	/// The account.
	pub fn account(&self) -> AccountId {
		self.public.0.into()
	}

	/// Signs a message.
	///
	/// # Errors
	///
	/// If the key has left the keystore.
	pub fn sign(&self, message: &[u8]) -> Result<Signature, KeyError> {
		let signature = self
			.keystore
			.sr25519_sign(KEY_TYPE, &self.public, message)?;
		let signature = signature.ok_or_else(|| KeyError::NoKey(self.account().to_ss58check()))?;
		Ok(Signature::Sr25519(signature))
	}

	/// The salt of the commitment to a job of this chain: always the same, and known to nobody without
	/// the key, for it is the output of a verifiable random function.
	///
	/// # Errors
	///
	/// If the key has left the keystore.
	pub fn salt(&self, genesis: Hash, job: JobId) -> Result<[u8; 32], KeyError> {
		let input = VrfTranscript::new(
			b"noema/salt",
			&[(b"genesis", genesis.as_bytes()), (b"job", &job.encode())],
		);
		let output = self
			.keystore
			.sr25519_vrf_pre_output(KEY_TYPE, &self.public, &input)?;
		let output = output.ok_or_else(|| KeyError::NoKey(self.account().to_ss58check()))?;
		Ok(sp_io::hashing::blake2_256(&output.encode()))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use sp_keystore::testing::MemoryKeystore;
	use std::sync::Arc;

	fn keystore() -> KeystorePtr {
		Arc::new(MemoryKeystore::new())
	}

	#[test]
	fn a_development_key_is_for_test_chains() {
		let key = HostKey::open("//Bob", true, keystore()).expect("it is inserted");
		assert_eq!(
			key.account(),
			sp_keyring::Sr25519Keyring::Bob.to_account_id()
		);
		assert!(matches!(
			HostKey::open("//Bob", false, keystore()),
			Err(KeyError::DevelopmentKey(_))
		));
	}

	#[test]
	fn an_address_needs_its_key() {
		let address = sp_keyring::Sr25519Keyring::Bob
			.to_account_id()
			.to_ss58check();
		let keystore = keystore();
		assert!(matches!(
			HostKey::open(&address, true, keystore.clone()),
			Err(KeyError::NoKey(_))
		));
		HostKey::open("//Bob", true, keystore.clone()).expect("it is inserted");
		assert!(HostKey::open(&address, false, keystore).is_ok());
		assert!(matches!(
			HostKey::open("Bob", true, self::keystore()),
			Err(KeyError::NoAccount(_))
		));
	}

	#[test]
	fn a_salt_is_the_same_after_a_restart_and_another_for_each_job() {
		let salt = |uri: &str, genesis: u8, job| {
			let key = HostKey::open(uri, true, keystore()).expect("it is inserted");
			key.salt(Hash::repeat_byte(genesis), job).expect("signs")
		};
		assert_eq!(salt("//Bob", 1, 7), salt("//Bob", 1, 7));
		for other in [
			salt("//Bob", 1, 8),
			salt("//Bob", 2, 7),
			salt("//Eve", 1, 7),
		] {
			assert_ne!(salt("//Bob", 1, 7), other);
		}
	}
}
