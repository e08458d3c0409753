//! Asking without paying, over RPC.

use frame_support::{assert_ok, assert_storage_noop};
use noema_primitives::DryRun;

use super::{executor::runs, mock::*};

#[test]
fn a_dry_run_returns_what_the_extrinsic_stores() {
	run(|| {
		let release = classifier();
		let dry = Inference::dry_run(&release, vec![bias(), image()]).unwrap();
		assert_ok!(infer(ALICE, &release, vec![image(), bias()]));
		let receipt = Inference::receipt(0).unwrap();
		assert_eq!(
			dry,
			DryRun {
				model: receipt.model,
				input_hash: receipt.input_hash,
				output_hash: receipt.output_hash,
				outputs: receipt.outputs.into_inner(),
			}
		);
		assert_eq!(dry.outputs, vec![scores()]);
		assert_eq!(runs(), 2);
	});
}

#[test]
fn a_dry_run_pays_nothing_and_stores_nothing() {
	run(|| {
		let release = classifier();
		assert_storage_noop!(assert_ok!(Inference::dry_run(
			&release,
			vec![image(), bias()]
		)));
		assert!(System::events().is_empty());
	});
}
