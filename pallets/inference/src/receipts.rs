//! Paid runs and their receipts.

use alloc::vec::Vec;
use frame_support::{
	ensure,
	traits::{
		fungible::{Inspect, Mutate},
		tokens::{Fortitude, Preservation},
		Get,
	},
};
use noema_primitives::{
	hosting::HostShare, InferenceOutcome, NamedTensor, Receipt, ReceiptId, ResolvedRelease,
};
use sp_runtime::{traits::Zero, ArithmeticError, DispatchError, DispatchResult};

use crate::{
	run::Answer, BalanceOf, Config, Error, Event, NextReceipt, Pallet, ReceiptOf, Receipts,
	ReleaseIdOf,
};

impl<T: Config> Pallet<T> {
	/// The receipt with this number, while it is kept.
	pub fn receipt(id: ReceiptId) -> Option<ReceiptOf<T>> {
		Receipts::<T>::get(id)
	}

	/// Checks, takes the royalty and the hosts' share, runs the model and stores the receipt. Must be
	/// called within a storage layer: an error can come after money has moved.
	pub(crate) fn infer_and_record(
		caller: T::AccountId,
		release: ReleaseIdOf<T>,
		inputs: Vec<NamedTensor>,
	) -> Result<InferenceOutcome, DispatchError> {
		let prepared = Self::prepare(&release, inputs)?;
		Self::pay_royalty(&caller, &release.owner, prepared.release.royalty)?;
		Self::pay_hosts(&caller, &prepared.release)?;
		let answer = Self::execute(&prepared)?;
		let Answer {
			input_hash,
			output_hash,
			outputs,
		} = answer;
		let model = prepared.release.location.id;
		let returned = outputs.to_vec();

		let id = Self::store(Receipt {
			caller: caller.clone(),
			release: release.clone(),
			model,
			block: frame_system::Pallet::<T>::block_number(),
			input_hash,
			output_hash,
			outputs,
		})?;
		Self::deposit_event(Event::Inferred {
			receipt: id,
			caller,
			release,
			model,
			input_hash,
			output_hash,
		});
		Ok(InferenceOutcome {
			receipt: id,
			outputs: returned,
		})
	}

	/// Moves the royalty. The caller's account must live on; what the currency has against the
	/// transfer for other reasons (an owner whose account does not exist, for instance) is passed
	/// on.
	pub(crate) fn pay_royalty(
		caller: &T::AccountId,
		owner: &T::AccountId,
		royalty: BalanceOf<T>,
	) -> DispatchResult {
		if royalty.is_zero() {
			return Ok(());
		}
		Self::ensure_spendable(caller, royalty)?;
		T::Currency::transfer(caller, owner, royalty, Preservation::Preserve)?;
		Ok(())
	}

	/// Moves the hosts' share. The caller's account must live on.
	fn pay_hosts(caller: &T::AccountId, release: &ResolvedRelease<BalanceOf<T>>) -> DispatchResult {
		let share = T::Hosts::share(&release.report.cost);
		if share.is_zero() {
			return Ok(());
		}
		Self::ensure_spendable(caller, share)?;
		T::Hosts::pay(caller, &release.location.id, share)
	}

	fn ensure_spendable(caller: &T::AccountId, amount: BalanceOf<T>) -> DispatchResult {
		let spendable =
			T::Currency::reducible_balance(caller, Preservation::Preserve, Fortitude::Polite);
		ensure!(spendable >= amount, Error::<T>::InsufficientFunds);
		Ok(())
	}

	/// Stores a receipt under the next number and drops the one that falls out of the window.
	fn store(receipt: ReceiptOf<T>) -> Result<ReceiptId, ArithmeticError> {
		let id = NextReceipt::<T>::get();
		NextReceipt::<T>::put(id.checked_add(1).ok_or(ArithmeticError::Overflow)?);
		Receipts::<T>::insert(id, receipt);
		if let Some(oldest) = id.checked_sub(T::MaxReceipts::get()) {
			Receipts::<T>::remove(oldest);
		}
		Ok(id)
	}
}
