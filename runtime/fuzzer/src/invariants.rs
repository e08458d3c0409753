//! What holds of the state between extrinsics.

use noema_runtime::{Balances, Hosting, Inference, Jobs, Models};

/// Checks the invariants of the state: those of models, receipts, hosts, jobs and money, and with the feature
/// `try-runtime` those of every pallet.
pub(crate) fn check() -> Result<(), String> {
	Models::do_try_state().map_err(|error| format!("models: {error:?}"))?;
	Inference::do_try_state().map_err(|error| format!("inference: {error:?}"))?;
	Hosting::do_try_state().map_err(|error| format!("hosting: {error:?}"))?;
	Jobs::do_try_state().map_err(|error| format!("jobs: {error:?}"))?;
	check_money()?;
	#[cfg(feature = "try-runtime")]
	{
		use frame_support::traits::{TryState, TryStateSelect};
		<noema_runtime::AllPalletsWithSystem as TryState<_>>::try_state(
			noema_runtime::System::block_number(),
			TryStateSelect::All,
		)
		.map_err(|error| format!("{error:?}"))?;
	}
	Ok(())
}

/// Whether the accounts hold what was issued.
fn check_money() -> Result<(), String> {
	let held: u128 = frame_system::Account::<noema_runtime::Runtime>::iter_values()
		.map(|account| account.data.free + account.data.reserved)
		.sum();
	let issued = Balances::total_issuance();
	if held == issued {
		Ok(())
	} else {
		Err(format!("accounts hold {held} of {issued}"))
	}
}
