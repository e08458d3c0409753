//! Calls of hosts and of their backers.

use subxt::dynamic;
use subxt::utils::AccountId32;

use super::Call;
use crate::model::ModelId;

const PALLET: &str = "Hosting";

/// `Hosting.bond(amount)`, for who is no host yet.
pub fn bond(amount: u128) -> Call<(u128,)> {
	dynamic::tx(PALLET, "bond", (amount,))
}

/// `Hosting.bond_extra(amount)`, for who is a host.
pub fn bond_extra(amount: u128) -> Call<(u128,)> {
	dynamic::tx(PALLET, "bond_extra", (amount,))
}

/// `Hosting.unbond(amount)`.
pub fn unbond(amount: u128) -> Call<(u128,)> {
	dynamic::tx(PALLET, "unbond", (amount,))
}

/// `Hosting.withdraw_unbonded()`.
pub fn withdraw_unbonded() -> Call<()> {
	dynamic::tx(PALLET, "withdraw_unbonded", ())
}

/// `Hosting.set_terms(price, capacity, standing)`.
pub fn set_terms(
	price: u128,
	capacity: u32,
	standing: Option<u128>,
) -> Call<(u128, u32, Option<u128>)> {
	dynamic::tx(PALLET, "set_terms", (price, capacity, standing))
}

/// `Hosting.commit(model, stake)`.
pub fn commit(model: ModelId, stake: u128) -> Call<(ModelId, u128)> {
	dynamic::tx(PALLET, "commit", (model, stake))
}

/// `Hosting.uncommit(model, stake)`.
pub fn uncommit(model: ModelId, stake: u128) -> Call<(ModelId, u128)> {
	dynamic::tx(PALLET, "uncommit", (model, stake))
}

/// `Hosting.chill(until)`.
pub fn chill(until: Option<u32>) -> Call<(Option<u32>,)> {
	dynamic::tx(PALLET, "chill", (until,))
}

/// `Hosting.unchill()`.
pub fn unchill() -> Call<()> {
	dynamic::tx(PALLET, "unchill", ())
}

/// `Hosting.claim()`.
pub fn claim() -> Call<()> {
	dynamic::tx(PALLET, "claim", ())
}

/// `Hosting.back(host, amount)`.
pub fn back(host: AccountId32, amount: u128) -> Call<(AccountId32, u128)> {
	dynamic::tx(PALLET, "back", (host, amount))
}

/// `Hosting.unback(host, amount)`.
pub fn unback(host: AccountId32, amount: u128) -> Call<(AccountId32, u128)> {
	dynamic::tx(PALLET, "unback", (host, amount))
}

/// `Hosting.withdraw(host)`.
pub fn withdraw(host: AccountId32) -> Call<(AccountId32,)> {
	dynamic::tx(PALLET, "withdraw", (host,))
}
