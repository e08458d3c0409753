//! Keys: from a secret URI or from a keystore file. Nothing here prints or logs a secret.

use std::path::{Path, PathBuf};

use subxt::utils::AccountId32;
use subxt_signer::{sr25519::Keypair, SecretUri};

/// Characters of the base64 text of a complete polkadot-js keystore.
const ENCODED_LEN: usize = 268;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
	/// Neither a URI nor a keystore was given.
	#[error(
		"this needs a key: pass --keystore FILE, or set NOEMA_SURI; on a development chain use --suri //Alice"
	)]
	Missing,
	/// Both were given.
	#[error("both --suri and --keystore are given; leave one out")]
	Both,
	/// The URI is malformed. The text is withheld: it may be a secret.
	#[error("the secret URI is malformed; write //Alice, a mnemonic of 12 to 24 words, or 0x and 64 hex digits")]
	Uri,
	/// The keystore file cannot be read.
	#[error("cannot read the keystore {}", path.display())]
	Read {
		/// The file.
		path: PathBuf,
		/// What the system says.
		source: std::io::Error,
	},
	/// The text is no account.
	#[error("`{text}` is no account: {reason}")]
	Account {
		/// What was given.
		text: String,
		/// What is wrong with it.
		reason: String,
	},
	/// The file is no polkadot-js keystore.
	#[error("{} is no keystore; export the account as JSON from a polkadot-js wallet (sr25519)", .0.display())]
	NotAKeystore(PathBuf),
	/// The password is wrong, or the file is damaged.
	#[error("the password does not open {}", .0.display())]
	Password(PathBuf),
	/// The password file cannot be read.
	#[error("cannot read the password file {}", path.display())]
	PasswordFile {
		/// The file.
		path: PathBuf,
		/// What the system says.
		source: std::io::Error,
	},
	/// There is no terminal to ask at.
	#[error("cannot ask for the password; set NOEMA_PASSWORD or pass --password-file")]
	Prompt(#[source] std::io::Error),
}

/// Where the key comes from.
#[derive(Clone, Default)]
pub struct KeySource {
	/// A secret URI: `//Alice`, a mnemonic, or a hex seed, with derivation paths.
	pub suri: Option<String>,
	/// A keystore file as polkadot-js wallets export it.
	pub keystore: Option<PathBuf>,
	/// The keystore's password.
	pub password: Option<String>,
	/// A file that holds the keystore's password.
	pub password_file: Option<PathBuf>,
}

impl std::fmt::Debug for KeySource {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		f.debug_struct("KeySource")
			.field("suri", &self.suri.as_ref().map(|_| "<secret>"))
			.field("keystore", &self.keystore)
			.field("password", &self.password.as_ref().map(|_| "<secret>"))
			.field("password_file", &self.password_file)
			.finish()
	}
}

impl KeySource {
	/// Whether a key was named at all.
	pub fn is_given(&self) -> bool {
		self.suri.is_some() || self.keystore.is_some()
	}

	/// Loads the key; asks for a password at the terminal if it must.
	pub fn load(&self) -> Result<Keypair, KeyError> {
		match (&self.suri, &self.keystore) {
			(Some(_), Some(_)) => Err(KeyError::Both),
			(Some(suri), None) => from_uri(suri),
			(None, Some(path)) => {
				// Read first: nobody should type a password for a file that is none.
				let json = read_keystore(path)?;
				open_keystore(path, &json, &self.password(path)?)
			}
			(None, None) => Err(KeyError::Missing),
		}
	}

	/// The account of the key, if one was named.
	pub fn account(&self) -> Result<Option<AccountId32>, KeyError> {
		if self.is_given() {
			Ok(Some(account_of(&self.load()?)))
		} else {
			Ok(None)
		}
	}

	fn password(&self, keystore: &Path) -> Result<String, KeyError> {
		if let Some(password) = &self.password {
			return Ok(password.clone());
		}
		if let Some(path) = &self.password_file {
			let text = std::fs::read_to_string(path).map_err(|source| KeyError::PasswordFile {
				path: path.clone(),
				source,
			})?;
			return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
		}
		rpassword::prompt_password(format!("Password of {}: ", keystore.display()))
			.map_err(KeyError::Prompt)
	}
}

/// The account of a key.
pub fn account_of(key: &Keypair) -> AccountId32 {
	key.public_key().to_account_id()
}

/// The key of a secret URI.
pub fn from_uri(suri: &str) -> Result<Keypair, KeyError> {
	let uri: SecretUri = suri.trim().parse().map_err(|_| KeyError::Uri)?;
	Keypair::from_uri(&uri).map_err(|_| KeyError::Uri)
}

/// The key of a polkadot-js keystore file.
pub fn from_keystore(path: &Path, password: &str) -> Result<Keypair, KeyError> {
	open_keystore(path, &read_keystore(path)?, password)
}

/// The text of a file that looks like a keystore.
fn read_keystore(path: &Path) -> Result<String, KeyError> {
	let json = std::fs::read_to_string(path).map_err(|source| KeyError::Read {
		path: path.to_path_buf(),
		source,
	})?;
	let not_a_keystore = || KeyError::NotAKeystore(path.to_path_buf());
	let value: serde_json::Value = serde_json::from_str(&json).map_err(|_| not_a_keystore())?;
	// The decoder slices without looking at the length.
	let encoded = value
		.get("encoded")
		.and_then(|text| text.as_str())
		.ok_or_else(not_a_keystore)?;
	if encoded.len() < ENCODED_LEN {
		return Err(not_a_keystore());
	}
	Ok(json)
}

fn open_keystore(path: &Path, json: &str, password: &str) -> Result<Keypair, KeyError> {
	use subxt_signer::polkadot_js_compat::{decrypt_json, Error};
	decrypt_json(json, password).map_err(|error| match error {
		Error::Secretbox(_) => KeyError::Password(path.to_path_buf()),
		_ => KeyError::NotAKeystore(path.to_path_buf()),
	})
}

/// An account by address, or by the URI of a development key such as `//Bob`.
pub fn parse_account(text: &str) -> Result<AccountId32, String> {
	// Only the public keys of development accounts: a secret has no place here.
	if text.starts_with("//") {
		return from_uri(text)
			.map(|key| account_of(&key))
			.map_err(|error| error.to_string());
	}
	text.parse().map_err(|error| {
		format!("{error}; write an SS58 address such as 5Grw..., or //Bob on a development chain")
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
	/// `//Noema//keystore//test` under the password `correct horse`, exported by
	/// `@polkadot/keyring` 14.
	const KEYSTORE: &str = r#"{"encoded":"r29PLHjwacyz6wqDhw8Hd22OrFuYTwk8Om+PvpQuxnIAAAIAAQAAAAgAAAC/hClOTkIM+Z5KlKIt/0Hjuv1JNSqyl+oXTIajRS1IOBiqLX1hDr/zGaz6yOttsmBzQUeKx0rpDQmT3g4IPvi1TdnlffzmNu86KXn7DbSfJ9gVIiHB3ZJrqeyvQYo34i2ZFAqooF4AROHPONj4vu+1/mv3Brd/5Dulf1kyPTsK8f11AxzhhQP7d5QFTdPgvFQzbWxWnYU/7JedQqRK","encoding":{"content":["pkcs8","sr25519"],"type":["scrypt","xsalsa20-poly1305"],"version":"3"},"address":"5EPGmhYK3fGhLwBVc1HY7tWijCRwtzhXkwTbRZeM59YLCL21","meta":{}}"#;
	/// A keystore whose ciphertext is cut off.
	const NO_KEYSTORE: &str = r#"{"encoded":"AAAA","encoding":{"content":["pkcs8","sr25519"],"type":["scrypt","xsalsa20-poly1305"],"version":"3"},"address":"5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"}"#;

	#[test]
	fn dev_uris_give_the_known_accounts() {
		assert_eq!(account_of(&from_uri("//Alice").unwrap()).to_string(), ALICE);
		assert_eq!(parse_account("//Alice").unwrap().to_string(), ALICE);
		assert_eq!(parse_account(ALICE).unwrap().to_string(), ALICE);
		assert!(parse_account("5Grw").is_err());
	}

	#[test]
	fn errors_never_hold_the_secret() {
		let error = from_uri("this is my secret phrase but wrong").unwrap_err();
		assert!(matches!(error, KeyError::Uri));
		assert!(!error.to_string().contains("secret phrase"));
		let source = KeySource {
			suri: Some("my secret".into()),
			..Default::default()
		};
		assert!(!format!("{source:?}").contains("my secret"));
	}

	#[test]
	fn truncated_keystores_are_refused() {
		let dir = tempfile::tempdir().unwrap();
		for (i, text) in ["", "{}", "[]", NO_KEYSTORE].into_iter().enumerate() {
			let path = dir.path().join(format!("{i}.json"));
			std::fs::write(&path, text).unwrap();
			assert!(matches!(
				from_keystore(&path, "x"),
				Err(KeyError::NotAKeystore(_))
			));
		}
	}

	#[test]
	fn keystores_open_with_their_password_only() {
		let dir = tempfile::tempdir().unwrap();
		let path = dir.path().join("key.json");
		std::fs::write(&path, KEYSTORE).unwrap();
		let expected = account_of(&from_uri("//Noema//keystore//test").unwrap());
		let open = |password: &str| from_keystore(&path, password);
		assert_eq!(account_of(&open("correct horse").unwrap()), expected);
		assert!(matches!(open("wrong horse"), Err(KeyError::Password(_))));
		// A password file may end with a line break.
		let file = dir.path().join("password");
		std::fs::write(&file, "correct horse\n").unwrap();
		let source = KeySource {
			keystore: Some(path.clone()),
			password_file: Some(file),
			..Default::default()
		};
		assert_eq!(source.account().unwrap(), Some(expected));
	}

	#[test]
	fn one_source_at_a_time() {
		assert!(matches!(
			KeySource::default().load(),
			Err(KeyError::Missing)
		));
		let both = KeySource {
			suri: Some("//Alice".into()),
			keystore: Some("key.json".into()),
			..Default::default()
		};
		assert!(matches!(both.load(), Err(KeyError::Both)));
	}
}
