//! Bytes as `0x...` in JSON, for `#[serde(with = "...")]`.

use serde::{de::Error, Deserialize, Deserializer, Serializer};

/// Writes `0x` and two digits a byte.
pub fn serialize<S: Serializer>(
	bytes: &(impl AsRef<[u8]> + ?Sized),
	serializer: S,
) -> Result<S::Ok, S::Error> {
	serializer.serialize_str(&to_text(bytes.as_ref()))
}

/// Reads hex digits, with or without `0x`.
pub fn deserialize<'de, D: Deserializer<'de>, T: TryFrom<Vec<u8>>>(
	deserializer: D,
) -> Result<T, D::Error> {
	let text = String::deserialize(deserializer)?;
	let bytes = from_text(&text).map_err(D::Error::custom)?;
	let length = bytes.len();
	T::try_from(bytes)
		.map_err(|_| D::Error::custom(format!("{length} bytes are not the right number")))
}

/// `0x` and two digits a byte.
pub fn to_text(bytes: &[u8]) -> String {
	format!("0x{}", hex::encode(bytes))
}

/// The bytes of hex digits, with or without `0x`.
pub fn from_text(text: &str) -> Result<Vec<u8>, hex::FromHexError> {
	hex::decode(text.strip_prefix("0x").unwrap_or(text))
}
