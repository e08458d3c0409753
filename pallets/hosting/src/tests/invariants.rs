//! Whatever is called, in whatever order: the invariants hold after every step, the books balance
//! to the unit, and nobody loses more than it has put at risk.

use noema_primitives::{
	hosting::{HostShare, JobStake},
	ModelId,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

use crate::{
	mock::*, Backings, Commitments, Hosts, HostsOf, ModelPools, StandingHosts, MAX_UNBONDING,
};

/// One step of a history. Numbers pick from small sets, so that steps meet each other.
#[derive(Clone, Debug)]
enum Step {
	Bond {
		who: u8,
		amount: u64,
	},
	BondExtra {
		who: u8,
		amount: u64,
	},
	Unbond {
		who: u8,
		amount: u64,
	},
	WithdrawUnbonded {
		who: u8,
	},
	SetTerms {
		who: u8,
		price: u64,
		capacity: u32,
		standing: Option<u64>,
	},
	Commit {
		who: u8,
		model: u8,
		stake: u64,
	},
	Uncommit {
		who: u8,
		model: u8,
		stake: u64,
	},
	Chill {
		who: u8,
		until: Option<u64>,
	},
	Unchill {
		who: u8,
	},
	Claim {
		who: u8,
	},
	Back {
		who: u8,
		host: u8,
		amount: u64,
	},
	Unback {
		who: u8,
		host: u8,
		amount: u64,
	},
	Withdraw {
		who: u8,
		host: u8,
	},
	Infer {
		model: u8,
		fee: u64,
	},
	Pay {
		host: u8,
		amount: u64,
	},
	Lock {
		host: u8,
		model: u8,
		stake: u64,
	},
	Unlock {
		index: u8,
	},
	Slash {
		index: u8,
		amount: u64,
		reward: u64,
		others: u8,
	},
	Admit {
		model: u8,
	},
	Remove {
		model: u8,
	},
	Blocks(u8),
}

fn step() -> impl Strategy<Value = Step> {
	let who = 0u8..5;
	let model = 1u8..7;
	let amount = prop_oneof![0u64..30, 0u64..500, 0u64..5_000];
	let (a, w, m) = (amount, who, model);
	prop_oneof![
		4 => (w.clone(), a.clone()).prop_map(|(who, amount)| Step::Bond { who, amount }),
		2 => (w.clone(), a.clone()).prop_map(|(who, amount)| Step::BondExtra { who, amount }),
		2 => (w.clone(), a.clone()).prop_map(|(who, amount)| Step::Unbond { who, amount }),
		2 => w.clone().prop_map(|who| Step::WithdrawUnbonded { who }),
		4 => (w.clone(), a.clone(), 0u32..10, prop::option::of(0u64..200)).prop_map(
			|(who, price, capacity, standing)| Step::SetTerms { who, price, capacity, standing }
		),
		8 => (w.clone(), m.clone(), a.clone())
			.prop_map(|(who, model, stake)| Step::Commit { who, model, stake }),
		3 => (w.clone(), m.clone(), a.clone())
			.prop_map(|(who, model, stake)| Step::Uncommit { who, model, stake }),
		1 => (w.clone(), prop::option::of(0u64..90))
			.prop_map(|(who, until)| Step::Chill { who, until }),
		1 => w.clone().prop_map(|who| Step::Unchill { who }),
		2 => w.clone().prop_map(|who| Step::Claim { who }),
		6 => (w.clone(), w.clone(), a.clone())
			.prop_map(|(who, host, amount)| Step::Back { who, host, amount }),
		4 => (w.clone(), w.clone(), a.clone())
			.prop_map(|(who, host, amount)| Step::Unback { who, host, amount }),
		4 => (w.clone(), w.clone()).prop_map(|(who, host)| Step::Withdraw { who, host }),
		4 => (m.clone(), 0u64..70).prop_map(|(model, fee)| Step::Infer { model, fee }),
		2 => (w.clone(), 0u64..90).prop_map(|(host, amount)| Step::Pay { host, amount }),
		8 => (w, m.clone(), a.clone())
			.prop_map(|(host, model, stake)| Step::Lock { host, model, stake }),
		4 => any::<u8>().prop_map(|index| Step::Unlock { index }),
		4 => (any::<u8>(), a.clone(), a, 0u8..4).prop_map(
			|(index, amount, reward, others)| Step::Slash { index, amount, reward, others }
		),
		4 => m.clone().prop_map(|model| Step::Admit { model }),
		1 => m.prop_map(|model| Step::Remove { model }),
		3 => (1u8..25).prop_map(Step::Blocks),
	]
}

/// What a history has to keep in mind.
struct World {
	/// Open jobs: host, model, stake.
	locks: Vec<(AccountId, ModelId, u64)>,
	/// What each account has put up or paid.
	put_in: BTreeMap<AccountId, u64>,
}

/// Four hosts, who also back each other, and one who is none.
fn account(who: u8) -> AccountId {
	[ALICE, BOB, CAROL, DAVE, EVE][usize::from(who)]
}

impl World {
	/// Four hosts that take jobs, two of them backed, and two models.
	fn new() -> Self {
		let mut world = Self {
			locks: Vec::new(),
			put_in: BTreeMap::new(),
		};
		for who in 0..4 {
			world.take(&Step::Bond { who, amount: 1_000 });
			world.take(&Step::SetTerms {
				who,
				price: 1,
				capacity: 4,
				standing: None,
			});
		}
		for host in 0..2 {
			world.take(&Step::Back {
				who: 4,
				host,
				amount: 2_000,
			});
		}
		for model in 1..3 {
			world.take(&Step::Admit { model });
		}
		world
	}

	fn take(&mut self, step: &Step) {
		let issued = Balances::total_issuance();
		if self.call(step) {
			assert_eq!(Balances::total_issuance(), issued, "no call burns or mints");
		} else {
			self.other(step);
			assert!(Balances::total_issuance() <= issued);
		}
		check_invariants();
		for (who, put_in) in &self.put_in {
			let has = free(*who) + held(*who);
			assert!(has + put_in >= PLENTY, "{who} has lost more than it put in");
		}
	}

	fn put(&mut self, who: AccountId, amount: u64) {
		*self.put_in.entry(who).or_default() += amount;
	}

	/// Takes a step that is a call. Whether it succeeds depends on the history; what it leaves
	/// behind is what counts.
	fn call(&mut self, step: &Step) -> bool {
		let origin = |who: u8| signed(account(who));
		let mut paid = None;
		let result = match *step {
			Step::Bond { who, amount } => {
				paid = Some((who, amount));
				atomic(|| Hosting::bond(origin(who), amount))
			}
			Step::BondExtra { who, amount } => {
				paid = Some((who, amount));
				atomic(|| Hosting::bond_extra(origin(who), amount))
			}
			Step::Unbond { who, amount } => atomic(|| Hosting::unbond(origin(who), amount)),
			Step::WithdrawUnbonded { who } => atomic(|| Hosting::withdraw_unbonded(origin(who))),
			Step::SetTerms {
				who,
				price,
				capacity,
				standing,
			} => atomic(|| Hosting::set_terms(origin(who), price, capacity, standing)),
			Step::Commit { who, model, stake } => {
				atomic(|| Hosting::commit(origin(who), crate::mock::model(model), stake))
			}
			Step::Uncommit { who, model, stake } => {
				atomic(|| Hosting::uncommit(origin(who), crate::mock::model(model), stake))
			}
			Step::Chill { who, until } => atomic(|| Hosting::chill(origin(who), until)),
			Step::Unchill { who } => atomic(|| Hosting::unchill(origin(who))),
			Step::Claim { who } => claim(account(who)),
			Step::Back { who, host, amount } => {
				paid = Some((who, amount));
				atomic(|| Hosting::back(origin(who), account(host), amount))
			}
			Step::Unback { who, host, amount } => {
				atomic(|| unback(account(who), account(host), amount))
			}
			Step::Withdraw { who, host } => {
				atomic(|| Hosting::withdraw(origin(who), account(host)))
			}
			_ => return false,
		};
		if let (Ok(()), Some((who, amount))) = (result, paid) {
			self.put(account(who), amount);
		}
		true
	}

	/// Takes a step of another pallet, or of time.
	fn other(&mut self, step: &Step) {
		match *step {
			Step::Infer { model, fee } => {
				let model = crate::mock::model(model);
				if Hosting::requirement(model).is_some() {
					Hosting::pay(&GINA, &model, fee).expect("Gina can pay");
					self.put(GINA, fee);
				}
			}
			Step::Pay { host, amount } => {
				Balances::transfer_allow_death(signed(GINA), Hosting::pot(), amount)
					.expect("Gina can pay");
				self.put(GINA, amount);
				<Hosting as JobStake<_, _>>::credit(&account(host), amount);
			}
			Step::Lock { host, model, stake } => {
				let lock_of = (account(host), crate::mock::model(model), stake);
				let known = Hosting::requirement(lock_of.1).is_some();
				if known && lock(lock_of.0, lock_of.1, stake).is_ok() {
					self.locks.push(lock_of);
				}
			}
			Step::Unlock { index } => {
				if let Some((host, model, stake)) = self.pick(index) {
					unlock(host, model, stake);
				}
			}
			Step::Slash {
				index,
				amount,
				reward,
				others,
			} => {
				if let Some((host, model, stake)) = self.pick(index) {
					let others = &[BOB, NOBODY, FRED][..usize::from(others.min(3))];
					let (before, nobody) = (record(host), free(NOBODY));
					let taken = <Hosting as JobStake<_, _>>::slash(
						&host, &model, stake, amount, reward, others,
					);
					assert_eq!(taken, amount.min(stake));
					assert!(free(NOBODY) - nobody <= reward);
					assert_eq!(
						Hosts::<Test>::get(host)
							.map_or(before.slashed + taken, |host| host.slashed),
						before.slashed + taken
					);
				}
			}
			Step::Admit { model } => {
				if Hosting::requirement(crate::mock::model(model)).is_none() {
					admit(model);
				}
			}
			Step::Remove { model } => remove(crate::mock::model(model)),
			Step::Blocks(count) => {
				System::set_block_number(System::block_number() + u64::from(count));
			}
			_ => unreachable!("a call"),
		}
	}

	fn pick(&mut self, index: u8) -> Option<(AccountId, ModelId, u64)> {
		let count = self.locks.len();
		(count > 0).then(|| self.locks.swap_remove(usize::from(index) % count))
	}

	/// Ends all jobs, takes all stake out and pays all out, and finds that nothing is left.
	fn wind_up(mut self) {
		while let Some((host, model, stake)) = self.pick(0) {
			unlock(host, model, stake);
		}
		for seed in 1..7 {
			remove(model(seed));
		}
		check_invariants();
		// A full queue lets no more leave until what is due is withdrawn.
		for _ in 0..=MAX_UNBONDING {
			let backings: Vec<_> = Backings::<Test>::iter().collect();
			for (host, backer, _) in backings {
				let _ = unback(backer, host, u64::MAX);
			}
			let hosts: Vec<_> = Hosts::<Test>::iter_keys().collect();
			for host in &hosts {
				let own = record(*host).own();
				let _ = atomic(|| Hosting::unbond(signed(*host), own));
			}
			wait();
			for host in hosts {
				let backers: Vec<_> = Backings::<Test>::iter_key_prefix(host).collect();
				for backer in backers {
					let _ = atomic(|| Hosting::withdraw(signed(backer), host));
				}
				let _ = atomic(|| Hosting::withdraw_unbonded(signed(host)));
				let _ = claim(host);
			}
			check_invariants();
		}
		assert_eq!(Hosts::<Test>::iter_keys().count(), 0);
		assert_eq!(Backings::<Test>::iter_keys().count(), 0);
		assert_eq!(Commitments::<Test>::iter_keys().count(), 0);
		assert_eq!(HostsOf::<Test>::iter_keys().count(), 0);
		assert_eq!(ModelPools::<Test>::iter_keys().count(), 0);
		assert!(StandingHosts::<Test>::get().is_empty());
		assert_eq!(free(Hosting::pot()), ED);
	}
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(512))]
	#[test]
	fn any_history_keeps_the_invariants_and_can_be_wound_up(
		steps in prop::collection::vec(step(), 1..120)
	) {
		new_test(|| {
			let mut world = World::new();
			for step in &steps {
				world.take(step);
			}
			world.wind_up();
		});
	}
}

/// The histories above must get somewhere: without this, a change that lets every call fail would
/// go unseen.
#[test]
fn histories_reach_every_event() {
	use proptest::{strategy::ValueTree, test_runner::TestRunner};
	use std::collections::BTreeSet;
	let mut runner = TestRunner::deterministic();
	let histories = prop::collection::vec(step(), 120);
	let mut seen = BTreeSet::new();
	for _ in 0..200 {
		let steps = histories
			.new_tree(&mut runner)
			.expect("generates")
			.current();
		new_test(|| {
			let mut world = World::new();
			for step in &steps {
				world.take(step);
				for event in events() {
					let text = format!("{event:?}");
					let name = text.split([' ', '{']).next().unwrap_or_default();
					let cause = text.split("cause: ").nth(1).unwrap_or_default();
					seen.insert(format!("{name} {cause}"));
				}
			}
		});
	}
	// Sixteen events, one of them for six causes.
	assert_eq!(seen.len(), 15 + 6, "{seen:?}");
}
