//! Draws: by stake, capped, from the randomness of blocks after the request.

use std::collections::BTreeMap;

use frame_support::assert_ok;
use noema_primitives::jobs::{Ending, Phase};
use sp_core::H256;
use sp_runtime::Perbill;

use super::{
	fake::Fake,
	mock::*,
	world::{Commitments, Terms},
};
use crate::{
	beacon::{Seed, DRAW_BLOCKS, MAX_DRAW_BLOCKS},
	draw::shuffle,
	Drawable, Event, Order,
};

fn candidates(stakes: &[u64]) -> Vec<Drawable<u64, u64>> {
	(0..)
		.zip(stakes)
		.map(|(host, free)| Drawable {
			host,
			free: *free,
			price: 0,
		})
		.collect()
}

/// How often each candidate is drawn first, of 10,000 times.
fn firsts(stakes: &[u64], cap: Perbill) -> Vec<u32> {
	let mut counts = vec![0; stakes.len()];
	for luck in 0..10_000u32 {
		let seed = H256(sp_io::hashing::blake2_256(&luck.to_le_bytes()));
		let order = shuffle(&seed, candidates(stakes), cap);
		counts[order[0].host as usize] += 1;
	}
	counts
}

/// Within five standard deviations.
fn is_about(count: u32, chance: f64) -> bool {
	let expected = 10_000.0 * chance;
	let deviation = (10_000.0 * chance * (1.0 - chance)).sqrt();
	(f64::from(count) - expected).abs() < 5.0 * deviation
}

#[test]
fn each_is_drawn_by_its_stake() {
	let counts = firsts(&[100, 200, 300, 400], Perbill::one());
	for (count, chance) in counts.iter().zip([0.1, 0.2, 0.3, 0.4]) {
		assert!(is_about(*count, chance), "{counts:?}");
	}
}

#[test]
fn the_cap_bounds_the_largest() {
	// Of 1,000, a quarter is 250: weights of 250 and three times 100.
	let counts = firsts(&[700, 100, 100, 100], Perbill::from_percent(25));
	for (count, weight) in counts.iter().zip([250.0, 100.0, 100.0, 100.0]) {
		assert!(is_about(*count, weight / 550.0), "{counts:?}");
	}
}

#[test]
fn an_order_has_everybody_once() {
	let stakes: Vec<u64> = (0..128).map(|n| n * n * n).collect();
	let order = shuffle(
		&H256::zero(),
		candidates(&stakes),
		Perbill::from_percent(25),
	);
	let mut hosts: Vec<u64> = order.iter().map(|candidate| candidate.host).collect();
	hosts.sort_unstable();
	assert_eq!(hosts, (0..128).collect::<Vec<u64>>());
	let huge = candidates(&[u64::MAX; 128]);
	assert_eq!(shuffle(&H256::zero(), huge, Perbill::one()).len(), 128);
	let none = candidates(&[0; 3]);
	assert_eq!(shuffle(&H256::zero(), none, Perbill::one()).len(), 3);
}

#[test]
fn the_seed_is_that_of_blocks_after_the_request() {
	let drawn = |luck: u64, from: u64| {
		run(|| {
			let id = ask(4, &input(1));
			// What comes before, and in the block after, changes nothing.
			run_to(from);
			Luck::set(luck);
			run_until(id, |phase| matches!(phase, Phase::Committing { .. }));
			members(id)
		})
	};
	// Block 3 is the first that counts; what its author makes is read in block 4.
	assert_eq!(drawn(1, 1), drawn(1, 3));
	let committees: std::collections::BTreeSet<_> = (0..20).map(|luck| drawn(luck, 18)).collect();
	assert!(committees.len() > 10, "the last block does not count");
	assert_eq!(drawn(5, 19), drawn(6, 19), "a block too many counts");
}

#[test]
fn a_draw_waits_for_enough_authors() {
	run(|| {
		ValidatorCount::set(2);
		let id = ask(1, &input(1));
		run_to(19);
		assert!(matches!(phase(id), Phase::Committing { .. }), "two of two");
	});
	run(|| {
		// Five take turns; then only two do, until it is too late for three of them.
		let id = ask(1, &input(1));
		ValidatorCount::set(2);
		run_to(17);
		ValidatorCount::set(5);
		run_to(19);
		assert_eq!(phase(id), Phase::Drawing { from: 3 });
		run_until(id, |phase| matches!(phase, Phase::Committing { .. }));
		assert!(events()
			.iter()
			.any(|event| matches!(event, Event::DrawExtended { .. })));
	});
}

#[test]
fn too_few_authors_draw_nobody() {
	run(|| {
		let before = wealth(REQUESTER);
		let id = ask(1, &input(1));
		for _ in 2..150 {
			// One author makes all blocks although there are five validators.
			ValidatorCount::set(1);
			let next = System::block_number() + 1;
			System::finalize();
			System::initialize(&next, &Default::default(), &Default::default());
			Jobs::note_beacon(next);
			ValidatorCount::set(5);
			Jobs::tick();
			Jobs::process_jobs();
			if phase(id) == Phase::Done {
				break;
			}
		}
		let age = System::block_number() - 3;
		assert!(age >= u64::from(MAX_DRAW_BLOCKS) && age < u64::from(MAX_DRAW_BLOCKS) + 8);
		assert_eq!(job(id).ending, Some(Ending::Unanswered));
		assert_eq!(wealth(REQUESTER), before);
		assert_eq!(held(REQUESTER, crate::HoldReason::Escrow), 0);
	});
}

#[test]
fn a_seed_stays_what_it_is() {
	run(|| {
		let id = ask(1, &input(1));
		run_to(3 + u64::from(DRAW_BLOCKS) - 1);
		assert_eq!(Jobs::seed(id, 3), Seed::Open);
		next_block();
		let seed = Jobs::seed(id, 3);
		assert!(matches!(seed, Seed::Known(_)));
		assert_ne!(Jobs::seed(id + 1, 3), seed);
		run_to(120);
		assert_eq!(Jobs::seed(id, 3), seed);
		run_to(140);
		assert_eq!(Jobs::seed(id, 3), Seed::Lost);
	});
}

#[test]
fn a_draw_whose_randomness_is_lost_begins_anew() {
	run(|| {
		let id = ask(1, &input(1));
		run_to(10);
		Lags::set(true);
		run_to(200);
		Lags::set(false);
		run_until(id, |phase| *phase != Phase::Drawing { from: 3 });
		assert!(matches!(phase(id), Phase::Drawing { .. }));
		run_until(id, |phase| matches!(phase, Phase::Committing { .. }));
	});
}

#[test]
fn candidates_are_those_of_the_request() {
	run(|| {
		let id = ask(4, &input(1));
		// Stake that comes, and stake that goes.
		let order = Order::<Test>::get(id);
		for host in hosts().take(6) {
			Commitments::<Test>::mutate(MODEL.id(), host, |commitment| {
				commitment.as_mut().expect("committed").stake *= 1_000;
			});
		}
		run_to(15);
		assert_eq!(Order::<Test>::get(id), order);
		// Who cannot lock any more is passed over.
		for host in hosts().skip(2) {
			Terms::<Test>::mutate(host, |terms| terms.1 = 0);
		}
		run_until(id, |phase| matches!(phase, Phase::Committing { .. }));
		let mut drawn = members(id);
		drawn.sort_unstable();
		assert_eq!(drawn, vec![HOST, HOST + 1]);
	});
}

#[test]
fn nobody_left_is_no_answer_and_burns_nothing() {
	run(|| {
		let before = wealth(REQUESTER);
		let id = ask(2, &input(1));
		for host in hosts() {
			Terms::<Test>::mutate(host, |terms| terms.1 = 0);
		}
		run_until(id, |phase| *phase == Phase::Done);
		assert_eq!(job(id).ending, Some(Ending::Unanswered));
		assert_eq!(wealth(REQUESTER), before);
	});
}

#[test]
fn no_unit_stands_behind_two_jobs() {
	run(|| {
		// One host, with stake for two jobs.
		let fake = Fake(77);
		super::world::Reports::<Test>::insert(fake.id(), fake.report());
		super::world::Releases::<Test>::insert(release_of(fake), (fake.id(), 0, false));
		World::join(HOST, fake.id(), 2 * JOB_STAKE, PRICE, 1_000);
		let ask = |_| {
			assert_ok!(Jobs::request(
				RuntimeOrigin::signed(REQUESTER),
				release_of(fake),
				inline("x", &input(1)),
				1,
				0,
				2 * PRICE,
				None,
			));
		};
		(0..3).for_each(ask);
		run_to(20);
		let mut endings: BTreeMap<bool, u32> = BTreeMap::new();
		for id in 0..3 {
			*endings.entry(phase(id) == Phase::Done).or_default() += 1;
		}
		assert_eq!(endings, BTreeMap::from([(false, 2), (true, 1)]));
	});
}
