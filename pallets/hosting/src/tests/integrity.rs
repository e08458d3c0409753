use frame_support::traits::Hooks;
use noema_primitives::ModelId;

use crate::{mock::*, Backings, Commitments, Hosts, HostsOf, ModelPools, Pallet, StandingHosts};

#[test]
fn the_configuration_is_consistent() {
	new_test(Pallet::<Test>::integrity_test);
}

fn change(change: impl FnOnce(&mut crate::HostRecordOf<Test>)) {
	Hosts::<Test>::mutate(ALICE, |host| change(host.as_mut().expect("a host")));
}

#[test]
fn broken_state_is_found() {
	new_test(|| {
		let model = admit(1);
		host(ALICE, 300);
		back(EVE, ALICE, 100);
		commit(ALICE, model, 128);
		lock(ALICE, model, 10).expect("locks");
		infer(model);
		check_invariants();
		let breaks: [fn(ModelId); 16] = [
			|_| change(|host| host.bond += 1),
			|_| change(|host| host.pool.shares += 1),
			|_| change(|host| host.pool.leaving += 1),
			|_| change(|host| host.pool.value += 100),
			|_| change(|host| host.committed += 1),
			|_| change(|host| host.commitments += 1),
			|_| change(|host| host.locked += 1),
			|_| change(|host| host.claimable += 100),
			|_| change(|host| host.terms.capacity = MAX_CAPACITY + 1),
			|_| change(|host| host.terms.standing = Some(10)),
			|_| StandingHosts::<Test>::try_append(BOB).expect("there is place"),
			|_| Backings::<Test>::remove(ALICE, EVE),
			|model| Commitments::<Test>::remove(ALICE, model),
			|model| HostsOf::<Test>::remove(model),
			|model| ModelPools::<Test>::mutate(model, |pool| pool.committed += 1),
			|model| ModelPools::<Test>::mutate(model, |pool| pool.held = 0),
		];
		for (index, break_it) in breaks.into_iter().enumerate() {
			let found = frame_support::storage::with_transaction(|| {
				break_it(model);
				let found = Hosting::do_try_state();
				sp_runtime::TransactionOutcome::Rollback(Ok::<_, sp_runtime::DispatchError>(found))
			})
			.expect("nests");
			assert!(found.is_err(), "{index}");
		}
	});
}
