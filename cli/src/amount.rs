//! Amounts of NOE: 12 decimals, exact.

/// The token's symbol.
pub const SYMBOL: &str = "NOE";
/// The token's decimals.
pub const DECIMALS: u32 = 12;
const ONE: u128 = 10u128.pow(DECIMALS);

/// Why a text is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
	/// Not a number.
	#[error(
		"`{0}` is no amount; write NOE as a decimal number such as 1.5, or planck as 1500planck"
	)]
	Malformed(String),
	/// More digits after the point than the token has.
	#[error("`{0}` has more than 12 digits after the point")]
	TooFine(String),
	/// Beyond 128 bits.
	#[error("`{0}` is more than there can be")]
	TooLarge(String),
}

/// Parses `1.5`, `1.5NOE` or `1500planck` into the smallest unit.
pub fn parse(text: &str) -> Result<u128, AmountError> {
	let malformed = || AmountError::Malformed(text.to_owned());
	let too_large = || AmountError::TooLarge(text.to_owned());
	let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
	let trimmed = text.trim();
	if let Some(planck) = trimmed.strip_suffix("planck") {
		let planck = planck.trim();
		if planck.is_empty() || !digits(planck) {
			return Err(malformed());
		}
		return planck.parse().map_err(|_| too_large());
	}
	let number = trimmed.strip_suffix(SYMBOL).unwrap_or(trimmed).trim();
	let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
	if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
		return Err(malformed());
	}
	if fraction.len() > DECIMALS as usize {
		return Err(AmountError::TooFine(text.to_owned()));
	}
	let whole: u128 = if whole.is_empty() {
		0
	} else {
		whole.parse().map_err(|_| too_large())?
	};
	let fraction: u128 = std::format!("{fraction:0<12}")
		.parse()
		.map_err(|_| malformed())?;
	whole
		.checked_mul(ONE)
		.and_then(|planck| planck.checked_add(fraction))
		.ok_or_else(too_large)
}

/// `1.5 NOE`: all digits that matter, none that do not.
pub fn format(planck: u128) -> String {
	let fraction = std::format!("{:012}", planck % ONE);
	let fraction = fraction.trim_end_matches('0');
	let point = if fraction.is_empty() { "" } else { "." };
	std::format!("{}{point}{fraction} {SYMBOL}", planck / ONE)
}

#[cfg(test)]
mod tests {
	use super::*;
	use proptest::prelude::*;

	#[test]
	fn parses_what_people_write() {
		assert_eq!(parse("1.5"), Ok(1_500_000_000_000));
		assert_eq!(parse("1.5 NOE"), Ok(1_500_000_000_000));
		assert_eq!(parse(".000000000001"), Ok(1));
		assert_eq!(parse("7planck"), Ok(7));
		assert_eq!(parse("0"), Ok(0));
	}

	#[test]
	fn refuses_the_rest() {
		assert!(matches!(parse("-1"), Err(AmountError::Malformed(_))));
		assert!(matches!(parse("."), Err(AmountError::Malformed(_))));
		assert!(matches!(parse(""), Err(AmountError::Malformed(_))));
		assert!(matches!(parse("+1"), Err(AmountError::Malformed(_))));
		assert!(matches!(parse("1e3"), Err(AmountError::Malformed(_))));
		assert!(matches!(
			parse("0.0000000000001"),
			Err(AmountError::TooFine(_))
		));
		assert!(matches!(
			parse(&"9".repeat(40)),
			Err(AmountError::TooLarge(_))
		));
	}

	proptest! {
		#[test]
		fn round_trips(planck: u128) {
			prop_assert_eq!(parse(&format(planck)), Ok(planck));
		}
	}
}
