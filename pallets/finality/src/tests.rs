//! What notes make of the lag, and which notes are refused.

use frame_support::{
	assert_noop, assert_ok, derive_impl,
	inherent::{InherentData, ProvideInherent},
	traits::{ConstU32, ConstU64, Get, Hooks},
};
use sp_io::TestExternalities;
use sp_runtime::{traits::BadOrigin, BuildStorage};

use crate::{Call, Error, Lagging, Median, INHERENT_IDENTIFIER};

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask
	)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(1)]
	pub type Finality = crate;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
}

impl crate::Config for Test {
	type MaxNotes = ConstU32<5>;
	type MaxLag = ConstU64<3>;
}

fn chain() -> TestExternalities {
	frame_system::GenesisConfig::<Test>::default()
		.build_storage()
		.expect("the genesis is sound")
		.into()
}

/// A block of this number, whose author notes this.
fn block(number: u64, finalized: Option<u64>) {
	System::set_block_number(number);
	Finality::on_initialize(number);
	if let Some(finalized) = finalized {
		assert_ok!(Finality::note(RuntimeOrigin::none(), finalized));
	}
	Finality::on_finalize(number);
}

#[test]
fn nothing_lags_where_nobody_says_anything() {
	chain().execute_with(|| {
		block(100, None);
		assert_eq!(Finality::lag(), 0);
		assert!(!Lagging::<Test>::get());
	});
}

#[test]
fn the_median_of_the_latest_notes_counts() {
	chain().execute_with(|| {
		for (number, finalized) in [(10, 9), (11, 2), (12, 11), (13, 1), (14, 12)] {
			block(number, Some(finalized));
		}
		assert_eq!(Median::<Test>::get(), Some(9));
		assert_eq!(Finality::lag(), 5);
		assert!(Lagging::<Test>::get());
		// 9 and 2 fall out.
		block(15, Some(14));
		block(16, Some(15));
		assert_eq!(Median::<Test>::get(), Some(12));
		assert_eq!(Finality::lag(), 4);
	});
}

#[test]
fn a_minority_moves_the_median_no_further_than_honest_notes_reach() {
	chain().execute_with(|| {
		for number in 20..25 {
			// Two of five say that nothing is final, or that everything is.
			let finalized = match number {
				21 => 0,
				23 => number - 1,
				_ => number - 2,
			};
			block(number, Some(finalized));
		}
		assert_eq!(Median::<Test>::get(), Some(20));
	});
}

#[test]
fn silent_authors_let_the_lag_grow() {
	chain().execute_with(|| {
		block(10, Some(9));
		block(12, None);
		assert!(!Lagging::<Test>::get());
		block(13, None);
		assert!(Lagging::<Test>::get());
	});
}

#[test]
fn notes_that_cannot_be_are_refused() {
	chain().execute_with(|| {
		System::set_block_number(5);
		assert_noop!(
			Finality::note(RuntimeOrigin::none(), 5),
			Error::<Test>::InTheFuture
		);
		assert_noop!(Finality::note(RuntimeOrigin::signed(1), 4), BadOrigin);
		assert_ok!(Finality::note(RuntimeOrigin::none(), 4));
		assert_noop!(
			Finality::note(RuntimeOrigin::none(), 4),
			Error::<Test>::AlreadyNoted
		);
		Finality::on_finalize(5);
		System::set_block_number(6);
		assert_ok!(Finality::note(RuntimeOrigin::none(), 4));
	});
}

#[test]
fn the_inherent_is_made_of_what_the_node_knows() {
	chain().execute_with(|| {
		System::set_block_number(5);
		let made = |finalized: Option<u32>| {
			let mut data = InherentData::new();
			if let Some(finalized) = finalized {
				data.put_data(INHERENT_IDENTIFIER, &finalized).unwrap();
			}
			Finality::create_inherent(&data)
		};
		assert_eq!(made(Some(4)), Some(Call::note { finalized: 4 }));
		assert_eq!(made(Some(5)), None);
		assert_eq!(made(None), None);
		assert!(Finality::is_inherent(&Call::note { finalized: 4 }));
	});
}
