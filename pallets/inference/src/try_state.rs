//! What always holds of the pallet's state.

use codec::Encode;
use frame_support::{ensure, traits::Get};
use noema_primitives::tensor::hash_tensors;
use sp_runtime::TryRuntimeError;

use crate::{Config, NextReceipt, Pallet, Receipts};

impl<T: Config> Pallet<T> {
	/// Checks that
	///
	/// * every receipt lies within the window: the latest `MaxReceipts` numbers below `NextReceipt`,
	/// * the window has no hole,
	/// * every receipt's outputs are those that its hash names, and no longer than
	///   `MaxOutputBytes`,
	/// * no receipt is from a later block, and none from an earlier block than its predecessor.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let next = NextReceipt::<T>::get();
		let oldest = next.saturating_sub(T::MaxReceipts::get());
		let now = frame_system::Pallet::<T>::block_number();

		let mut stored = 0u64;
		for id in Receipts::<T>::iter_keys() {
			ensure!(
				(oldest..next).contains(&id),
				"a receipt lies outside the window"
			);
			stored += 1;
		}
		ensure!(
			stored == next - oldest,
			"a receipt within the window is missing"
		);

		let mut previous = Default::default();
		for id in oldest..next {
			let receipt = Receipts::<T>::get(id).ok_or("a receipt does not decode")?;
			ensure!(
				hash_tensors(&receipt.outputs) == receipt.output_hash,
				"a receipt's outputs are not those of its hash",
			);
			ensure!(
				receipt.outputs.encoded_size() <= T::MaxOutputBytes::get() as usize,
				"a receipt's outputs are too large",
			);
			ensure!(receipt.block <= now, "a receipt is from a later block");
			ensure!(
				receipt.block >= previous,
				"receipts are not in the order of blocks"
			);
			previous = receipt.block;
		}
		Ok(())
	}
}
