//! What a step of a job takes of the account's money.

use noema_runtime::{
	constants::money::{deposit, NOE},
	Balance,
};

/// What is kept for the fees of what comes next: more than a dispute takes in fees.
pub const FEES: Balance = NOE;

/// What must be free before a step that uploads so many bytes of blobs, and risks `bond`.
pub fn needed(blob_bytes: u64, blobs: u32, bond: Balance) -> Balance {
	let bytes = u32::try_from(blob_bytes).unwrap_or(u32::MAX);
	FEES.saturating_add(bond)
		.saturating_add(deposit(blobs, bytes))
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn fees_bonds_and_deposits_add_up() {
		assert_eq!(needed(0, 0, 0), FEES);
		assert_eq!(needed(0, 0, 5), FEES + 5);
		assert_eq!(needed(100, 2, 5), FEES + 5 + deposit(2, 100));
		assert!(needed(u64::MAX, u32::MAX, Balance::MAX) >= FEES);
	}
}
