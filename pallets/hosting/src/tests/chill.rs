use frame_support::{assert_noop, assert_ok};

use crate::{mock::*, Error, Event};

#[test]
fn a_host_rests_until_a_block_or_until_it_says_so() {
	new_test(|| {
		assert_noop!(Hosting::chill(signed(ALICE), None), Error::<Test>::NotHost);
		assert_noop!(Hosting::unchill(signed(ALICE)), Error::<Test>::NotHost);
		host(ALICE, 300);
		assert_noop!(Hosting::unchill(signed(ALICE)), Error::<Test>::NotChilled);
		assert_noop!(
			Hosting::chill(signed(ALICE), Some(1)),
			Error::<Test>::ChillInPast
		);
		events();

		assert_ok!(Hosting::chill(signed(ALICE), Some(5)));
		let chilled = |until| vec![Event::Chilled { host: ALICE, until }];
		assert_eq!(events(), chilled(5));
		assert!(record(ALICE).is_chilled(4) && !record(ALICE).is_chilled(5));
		System::set_block_number(5);
		assert_noop!(Hosting::unchill(signed(ALICE)), Error::<Test>::NotChilled);

		assert_ok!(Hosting::chill(signed(ALICE), None));
		assert_eq!(events(), chilled(u64::MAX));
		assert!(record(ALICE).is_chilled(1 << 60));
		assert_ok!(Hosting::unchill(signed(ALICE)));
		assert_eq!(events(), vec![Event::Unchilled { host: ALICE }]);
		assert!(!record(ALICE).is_chilled(5));
	});
}
