//! The end.

use super::{Ending, Job, Party};

impl Job<'_> {
	/// Pays those behind the trace that stands, and gives back what is left. Without an answer, what
	/// was kept for those who were right is burnt.
	pub(super) fn settle(&mut self, ending: Ending) {
		if ending != Ending::Unanswered {
			self.pay();
		}
		let dust = core::mem::take(&mut self.spoils);
		self.ledger.burn(self.accounts.stakes, dust);
		let rest = self.ledger.balance(self.accounts.escrow);
		self.ledger
			.transfer(self.accounts.escrow, self.accounts.requester, rest);
	}

	fn pay(&mut self) {
		let parties: Vec<_> = core::mem::take(&mut self.claims)
			.into_iter()
			.flat_map(|claim| claim.parties)
			.collect();
		// All of it goes to the challenger; without one, to the members in equal parts.
		let challenged = parties.iter().any(|party| !party.member);
		let receives = |party: &Party| party.member != challenged;
		let count = parties.iter().filter(|party| receives(party)).count();
		let reward = self.spoils / count as u128;
		let price = self.params().price;
		let royalty = self.params().royalty;
		for party in parties {
			self.unlock(party.account, party.stake, 0);
			if receives(&party) {
				self.ledger
					.transfer(self.accounts.stakes, party.account, reward);
				self.spoils -= reward;
				self.won[party.account] += reward;
			}
			if party.member {
				self.ledger
					.transfer(self.accounts.escrow, party.account, price);
			}
		}
		self.ledger
			.transfer(self.accounts.escrow, self.accounts.owner, royalty);
	}
}
