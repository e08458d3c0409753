use frame_support::assert_ok;
use noema_primitives::hosting::{Commitment, HostInfo};

use crate::mock::*;

#[test]
fn a_host_is_shown_with_all_that_is_its() {
	new_test(|| {
		assert_eq!(Hosting::host(ALICE), None);
		host(ALICE, 300);
		back(EVE, ALICE, 100);
		let model = admit(1);
		commit(ALICE, model, 128);
		assert_ok!(Hosting::set_terms(signed(ALICE), 9, 2, None));
		assert_ok!(lock(ALICE, model, 5));
		assert_ok!(Hosting::unbond(signed(ALICE), 20));
		assert_ok!(unback(EVE, ALICE, 40));
		assert_ok!(Hosting::chill(signed(ALICE), Some(4)));
		infer(model);
		let expected = HostInfo {
			host: ALICE,
			bond: 280,
			backing: 60,
			unbonding: vec![(20, 1 + UNBONDING_PERIOD)],
			price: 9,
			capacity: 2,
			assigned: 1,
			chilled_until: Some(4),
			commitments: vec![Commitment {
				model,
				stake: 128,
				locked: 5,
			}],
			// A quarter of the fee is Eve's.
			claimable: FEE - FEE / 4,
			earned: FEE,
			slashed: 0,
		};
		assert_eq!(Hosting::host(ALICE), Some(expected.clone()));
		System::set_block_number(4);
		let rested = HostInfo {
			chilled_until: None,
			..expected
		};
		assert_eq!(Hosting::host(ALICE), Some(rested));
		// What is shown as claimable is what a claim pays.
		let before = free(ALICE);
		assert_ok!(claim(ALICE));
		assert_eq!(free(ALICE) - before, FEE - FEE / 4);
	});
}

#[test]
fn lists_come_in_pages() {
	new_test(|| {
		let model = admit(1);
		for who in [ALICE, BOB, CAROL, DAVE] {
			host(who, 300);
		}
		for who in [CAROL, ALICE, BOB] {
			commit(who, model, 20);
		}
		let ids = |model, after, limit| -> Vec<AccountId> {
			let hosts = Hosting::hosts(model, after, limit);
			hosts.into_iter().map(|info| info.host).collect()
		};
		assert_eq!(ids(Some(model), None, 9), [ALICE, BOB, CAROL]);
		assert_eq!(ids(Some(model), Some(ALICE), 1), [BOB]);
		assert!(ids(Some(model), Some(CAROL), 9).is_empty());
		assert!(ids(Some(crate::mock::model(2)), None, 9).is_empty());

		let mut all = ids(None, None, 2);
		all.extend(ids(None, all.last().copied(), 100));
		assert_eq!(ids(None, None, 100), all);
		all.sort_unstable();
		assert_eq!(all, [ALICE, BOB, CAROL, DAVE]);
	});
}
