//! Probabilities, against closed forms that know nothing of the game. With the seeds fixed, four
//! standard deviations are a bound that holds or does not, always.

use noema_jobs_simulator::{
	closed_form,
	game::Figures,
	job::World,
	params::{Params, Share},
	population::{order, Dishonest, Population},
	random::Random,
	strategy::Strategy,
};

use crate::{figures, world, JOBS};

const MOST_DEVIATIONS: f64 = 4.0;

#[track_caller]
fn assert_hits(hits: u64, trials: u64, expected: f64) {
	let deviations = closed_form::deviations(hits, trials, expected);
	assert!(
		deviations.abs() <= MOST_DEVIATIONS,
		"{hits} of {trials}, expected {}: {deviations:.1} deviations",
		expected * trials as f64
	);
}

fn owned(world: &World, members: u32) -> f64 {
	let weights: Vec<f64> = world
		.population
		.weights(world.params.operator_cap)
		.into_iter()
		.map(|weight| weight as f64)
		.collect();
	closed_form::owned(&weights, &world.population.dishonest, members as usize)
}

#[test]
fn committees_are_owned_as_often_as_their_stake_says() {
	for dishonest in Dishonest::ALL {
		let world = world(Strategy::Cartel, dishonest, true);
		let expected = owned(&world, world.params.committee);
		assert_hits(figures(&world).owned, JOBS, expected);
	}
}

#[test]
fn hosts_alike_follow_the_hypergeometric_distribution() {
	let mut world = world(Strategy::Cartel, Dishonest::AllButOne, true);
	world.population = Population {
		stakes: vec![1_000; 30],
		dishonest: (0..30).map(|host| host < 15).collect(),
	};
	for committee in [1, 2, 3, 5] {
		world.params.committee = committee;
		let expected = closed_form::owned_alike(30, 15, committee);
		assert_hits(figures(&world).owned, JOBS, expected);
	}
}

#[test]
fn the_cap_bounds_how_often_a_large_operator_comes_first() {
	let mut stakes = vec![1_000; 30];
	stakes[0] = 100_000;
	let population = Population {
		stakes,
		dishonest: vec![false; 30],
	};
	let weights = population.weights(Share::percent(25));
	let first = (0..JOBS)
		.filter(|draw| order(&weights, &mut Random::new(1, *draw))[0] == 0)
		.count();
	let capped = 0.25 * 129.0;
	assert_hits(first as u64, JOBS, capped / (capped + 29.0));
}

#[test]
fn accounts_of_one_owner_escape_the_cap() {
	// The same stake in twenty accounts: the cap is no defence against that, and is not meant as one.
	let whale = |accounts: usize| {
		let mut stakes = vec![1_000; 20];
		stakes.extend(vec![20_000 / accounts as u128; accounts]);
		Population {
			dishonest: (0..stakes.len()).map(|host| host >= 20).collect(),
			stakes,
		}
	};
	let share = |accounts| {
		let population = whale(accounts);
		let weights = population.weights(Share::percent(25));
		let first = (0..JOBS)
			.filter(|draw| population.dishonest[order(&weights, &mut Random::new(2, *draw))[0]])
			.count();
		first as u64
	};
	// A quarter of 40,000 against 20,000.
	assert_hits(share(1), JOBS, 1.0 / 3.0);
	assert_hits(share(20), JOBS, 0.5);
}

#[test]
fn grinding_gains_what_one_withheld_block_at_a_time_can() {
	for dishonest in Dishonest::ALL {
		let world = world(Strategy::Grinder, dishonest, true);
		let once = owned(&world, world.params.committee);
		let expected = closed_form::grinder(once, world.authors.as_f64());
		assert_hits(figures(&world).owned, JOBS, expected);
	}
}

#[test]
fn audits_find_lies_as_often_as_they_are_held_and_not_owned() {
	let mut world = world(Strategy::Cartel, Dishonest::AllButOne, false);
	world.population = Population {
		stakes: vec![1_000_000; 30],
		dishonest: (0..30).map(|host| host < 20).collect(),
	};
	let Figures {
		lied,
		wrong,
		lies_audited,
		..
	} = figures(&world);
	assert_hits(lies_audited, lied, world.params.audit_rate.as_f64());
	// The auditors come from what the committee has left: 17 dishonest of 27.
	let owned_audit = closed_form::owned_alike(27, 17, world.params.auditors);
	let found = closed_form::found_by_audit(world.params.audit_rate.as_f64(), owned_audit);
	assert_hits(lied - wrong, lied, found);
}

#[test]
fn who_knows_the_auditors_lies_only_where_they_are_its_own() {
	for dishonest in Dishonest::ALL {
		let world = world(Strategy::PatientCartel, dishonest, false);
		let figures = figures(&world);
		let expected = owned(&world, world.params.committee + world.params.auditors);
		assert_hits(figures.wrong, JOBS, expected);
		assert_eq!(figures.wrong, figures.lied);
	}
	// If they are drawn later, it never dares.
	let mut world = world(Strategy::PatientCartel, Dishonest::AllButOne, false);
	world.params.auditors_known = false;
	assert_eq!(figures(&world).lied, 0);
}

#[test]
fn a_challenge_is_censored_only_if_all_blocks_of_the_window_are() {
	let mut world = world(Strategy::Censor, Dishonest::UpTo(Share::percent(50)), true);
	// A committee that is all dishonest, and a window so short that it can be censored.
	world.population.dishonest = vec![true; 30];
	world.params = Params {
		challenge_period: 5,
		audit_rate: Share::NOTHING,
		..world.params
	};
	assert_hits(
		figures(&world).wrong,
		JOBS,
		closed_form::censored(world.authors.as_f64(), 5, 1),
	);
}

#[test]
fn a_referee_is_censored_if_too_few_blocks_are_free() {
	let mut world = world(Strategy::Censor, Dishonest::UpTo(Share::percent(50)), true);
	world.population.dishonest = vec![true; 30];
	world.params = Params {
		referee_period: 8,
		audit_rate: Share::NOTHING,
		..world.params
	};
	// The challenge and the leaves come in; without a verdict there is no answer.
	assert_hits(
		figures(&world).unanswered,
		JOBS,
		closed_form::censored(world.authors.as_f64(), 8, world.params.referee_extrinsics),
	);
}
