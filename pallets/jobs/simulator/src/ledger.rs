//! Who has what.

/// An account, by its place in the ledger.
pub type Account = usize;

/// Accounts and what has been burnt. Money moves and burns; none is ever made after the start.
#[derive(Clone, Debug)]
pub struct Ledger {
	balances: Vec<u128>,
	burnt: u128,
}

impl Ledger {
	/// Accounts with these balances.
	pub const fn new(balances: Vec<u128>) -> Self {
		Self { balances, burnt: 0 }
	}

	/// What the account has.
	pub fn balance(&self, account: Account) -> u128 {
		self.balances[account]
	}

	/// What has been burnt since the start.
	pub fn burnt(&self) -> u128 {
		self.burnt
	}

	/// All there is, what has been burnt included: this never changes.
	pub fn issued(&self) -> u128 {
		self.balances.iter().sum::<u128>() + self.burnt
	}

	/// Moves `amount`.
	///
	/// # Panics
	///
	/// If `from` does not have as much: the simulator itself would be wrong.
	pub fn transfer(&mut self, from: Account, to: Account, amount: u128) {
		self.take(from, amount);
		self.balances[to] += amount;
	}

	/// Burns `amount`.
	///
	/// # Panics
	///
	/// As [`transfer`](Self::transfer).
	pub fn burn(&mut self, from: Account, amount: u128) {
		self.take(from, amount);
		self.burnt += amount;
	}

	fn take(&mut self, from: Account, amount: u128) {
		let balance = &mut self.balances[from];
		*balance = balance
			.checked_sub(amount)
			.expect("an account pays what it has; the endowment is too small");
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn nothing_is_made() {
		let mut ledger = Ledger::new(vec![100; 3]);
		ledger.transfer(0, 1, 40);
		ledger.burn(1, 15);
		assert_eq!(
			[0, 1, 2].map(|account| ledger.balance(account)),
			[60, 125, 100]
		);
		assert_eq!(ledger.burnt(), 15);
		assert_eq!(ledger.issued(), 300);
	}
}
