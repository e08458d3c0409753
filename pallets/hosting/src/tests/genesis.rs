use frame_support::assert_ok;
use noema_primitives::hosting::HostShare;

use crate::{mock::*, types::Terms, StandingHosts};

#[test]
fn genesis_hosts_have_bond_and_terms_and_the_pot_lives() {
	ext_with(vec![
		(ALICE, 1_000, 3, 2, Some(200)),
		(BOB, 100, 0, 0, None),
	])
	.execute_with(|| {
		assert_eq!((held(ALICE), held(BOB)), (1_000, 100));
		let terms = Terms {
			price: 3,
			capacity: 2,
			standing: Some(200),
		};
		assert_eq!(record(ALICE).terms, terms);
		assert_eq!(StandingHosts::<Test>::get().to_vec(), [ALICE]);
		check_invariants();

		// A model is covered as soon as it is admitted.
		let model = admit(1);
		assert_eq!(stake(ALICE, model), 200);
		// A fee smaller than what an account needs to live finds the pot.
		const { assert!(FEE / 10 < ED) };
		assert_ok!(Hosting::pay(&GINA, &model, FEE / 10));
		check_invariants();
	});
}
