//! How models are named on the command line: `owner/name@version`.

use subxt::utils::AccountId32;

/// Why a text names no release.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReleaseError {
	/// There is no version.
	#[error("`{0}` has no version; write owner/name@version, or name@version for your own")]
	NoVersion(String),
	/// A release where a model is asked for.
	#[error("`{0}` is a release; give the model's id or its file, or withdraw the release with `noema model retire`")]
	NotAModel(String),
	/// Neither a release nor a model.
	#[error("`{0}` names no model; write its id of 64 hexadecimal digits, or a release as owner/name@version")]
	NoModel(String),
	/// The owner is no account.
	#[error("`{0}` is no account; the owner of a release is an SS58 address such as 5Grw...")]
	Owner(String),
	/// The owner is missing and no key says who "you" are.
	#[error("`{0}` names no owner; write owner/name@version, or give your key with --suri or --keystore")]
	NoOwner(String),
	/// Another account's release.
	#[error("the release belongs to {owner}, your key to {you}; only its owner can do this")]
	NotYours {
		/// Whose it is.
		owner: String,
		/// The signer.
		you: String,
	},
	/// The release stands for another model.
	#[error("{release} is taken: it stands for the model {model}, and a release never changes; choose another --version")]
	Taken {
		/// The release.
		release: String,
		/// What it stands for.
		model: String,
	},
	/// The release was retired.
	#[error("{0} is retired, and a release never comes back; choose another --version")]
	Retired(String),
	/// The name has the wrong characters or length.
	#[error("`{0}` is no name of a release; it takes 1 to 64 of a-z, 0-9, `-`, `_` and `.`")]
	Name(String),
	/// The version has the wrong characters or length.
	#[error("`{0}` is no version; it takes 1 to 32 of a-z, A-Z, 0-9, `-`, `+` and `.`")]
	Version(String),
}

/// A release as a user names it; the owner may be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReleaseRef {
	/// Who released it; `None` stands for the signer.
	pub owner: Option<AccountId32>,
	/// The name.
	pub name: String,
	/// The version.
	pub version: String,
}

/// A release with its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
	/// Who released it.
	pub owner: AccountId32,
	/// The name.
	pub name: String,
	/// The version.
	pub version: String,
}

impl ReleaseRef {
	/// The release, with `signer` for an owner that was left out.
	pub fn resolve(self, signer: Option<AccountId32>) -> Result<Release, ReleaseError> {
		let owner = match self.owner.or(signer) {
			Some(owner) => owner,
			None => {
				return Err(ReleaseError::NoOwner(format!(
					"{}@{}",
					self.name, self.version
				)))
			}
		};
		Ok(Release {
			owner,
			name: self.name,
			version: self.version,
		})
	}
}

impl std::str::FromStr for ReleaseRef {
	type Err = ReleaseError;

	fn from_str(text: &str) -> Result<Self, Self::Err> {
		let (owner, rest) = match text.split_once('/') {
			Some((owner, rest)) => {
				let account = owner
					.parse()
					.map_err(|_| ReleaseError::Owner(owner.to_owned()))?;
				(Some(account), rest)
			}
			None => (None, text),
		};
		let (name, version) = rest
			.split_once('@')
			.ok_or_else(|| ReleaseError::NoVersion(text.to_owned()))?;
		Ok(Self {
			owner,
			name: check_name(name)?,
			version: check_version(version)?,
		})
	}
}

impl std::fmt::Display for Release {
	fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
		write!(f, "{}/{}@{}", self.owner, self.name, self.version)
	}
}

impl std::str::FromStr for Release {
	type Err = ReleaseError;

	fn from_str(text: &str) -> Result<Self, Self::Err> {
		text.parse::<ReleaseRef>()?.resolve(None)
	}
}

/// The name, if it is one.
pub fn check_name(name: &str) -> Result<String, ReleaseError> {
	let allowed =
		|b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
	if (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
		Ok(name.to_owned())
	} else {
		Err(ReleaseError::Name(name.to_owned()))
	}
}

/// The version, if it is one.
pub fn check_version(version: &str) -> Result<String, ReleaseError> {
	let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.');
	if (1..=32).contains(&version.len()) && version.bytes().all(allowed) {
		Ok(version.to_owned())
	} else {
		Err(ReleaseError::Version(version.to_owned()))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	const ALICE: &str = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

	#[test]
	fn full_names_round_trip() {
		let text = format!("{ALICE}/digits@1.0.0");
		let release: Release = text.parse().unwrap();
		assert_eq!(release.name, "digits");
		assert_eq!(release.version, "1.0.0");
		assert_eq!(release.to_string(), text);
	}

	#[test]
	fn the_signer_stands_in_for_the_owner() {
		let short: ReleaseRef = "digits@1".parse().unwrap();
		let alice: AccountId32 = ALICE.parse().unwrap();
		assert_eq!(short.clone().resolve(Some(alice)).unwrap().owner, alice);
		assert!(matches!(short.resolve(None), Err(ReleaseError::NoOwner(_))));
	}

	#[test]
	fn each_fault_has_its_own_error() {
		let parse = |text: &str| text.parse::<ReleaseRef>().unwrap_err();
		assert!(matches!(parse("digits"), ReleaseError::NoVersion(_)));
		assert!(matches!(parse("bob/digits@1"), ReleaseError::Owner(_)));
		assert!(matches!(parse("Digits@1"), ReleaseError::Name(_)));
		assert!(matches!(parse("@1"), ReleaseError::Name(_)));
		assert!(matches!(parse("digits@"), ReleaseError::Version(_)));
		assert!(matches!(parse("digits@1_0"), ReleaseError::Version(_)));
	}
}
