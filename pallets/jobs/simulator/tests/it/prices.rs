//! Who gains and who loses, with the default parameters.

use noema_jobs_simulator::{
	closed_form,
	game::Game,
	job::World,
	params::{Params, Share},
	population::{Dishonest, Population},
	strategy::Strategy,
};

use crate::{figures, world, JOBS, SEED};

#[test]
fn with_a_watcher_no_strategy_gains_more_than_honesty() {
	for strategy in Strategy::ALL {
		for dishonest in Dishonest::ALL {
			let row = Game {
				strategy,
				dishonest,
				watcher: true,
			}
			.play(&Params::default(), JOBS, SEED);
			assert!(
				row.figures.gain <= row.honest_gain,
				"{strategy:?} {dishonest:?}: {} instead of {}",
				row.figures.gain,
				row.honest_gain
			);
		}
	}
}

#[test]
fn a_challenge_of_ones_own_lie_costs_the_burnt_half() {
	let mut world = world(Strategy::SelfChallenger, Dishonest::AllButOne, false);
	world.population.dishonest = vec![true; 30];
	world.params.audit_rate = Share::NOTHING;
	let figures = figures(&world);
	assert_eq!((figures.right, figures.wrong), (JOBS, 0));
	let burnt = figures.gain.unsigned_abs() / u128::from(JOBS);
	// And the fees of commitments, reveals, challenge, leaves on both sides, and referee.
	let params = &world.params;
	let fees = 7 * params.fee + 2 * params.posting_fee + params.referee_fee;
	assert_eq!(burnt, 3 * params.stake() / 2 + fees);
}

#[test]
fn backers_can_be_robbed_once_they_are_more_than_the_host() {
	let gain = |leverage| {
		let mut world = world(Strategy::Robber, Dishonest::AllButOne, true);
		world.population.dishonest = vec![true; 30];
		world.params.leverage = leverage;
		world.params.audit_rate = Share::NOTHING;
		figures(&world).gain
	};
	// (1 - kappa) (1 + L) <= 1.
	assert!(gain(0) < 0);
	assert!(gain(1) < 0);
	assert!(gain(2) > 0);
}

#[test]
fn the_bond_must_pay_for_the_dispute_of_the_largest_committee() {
	let loss = |bond| {
		let mut world = world(
			Strategy::FalseChallenger,
			Dishonest::UpTo(Share::ratio(1, 3)),
			true,
		);
		world.params.committee = 16;
		world.params.challenge_bond = bond;
		figures(&world).honest_loss
	};
	let params = Params::default();
	let fees = params.posting_fee + params.referee_fee;
	// (1 - kappa) C / n >= F. Auditors who have confirmed the answer share the reward, too.
	let enough = 2 * u128::from(16 + params.auditors) * fees;
	assert_eq!(loss(enough), 0);
	assert!(loss(enough - 100) > 0);
}

#[test]
fn a_job_that_nobody_answers_costs_the_silent_more_than_it_burns() {
	let mut world = world(Strategy::Withholder, Dishonest::AllButOne, true);
	world.population.dishonest = vec![true; 30];
	let figures = figures(&world);
	let params = &world.params;
	assert_eq!(figures.unanswered, JOBS);
	let silent = params.committee * (1 + params.refills);
	assert_eq!(figures.no_shows, JOBS * u64::from(silent));
	let penalty = u128::from(silent) * params.no_show_penalty.of(params.stake());
	assert_eq!(figures.gain.unsigned_abs(), penalty * u128::from(JOBS));
	assert!(penalty > params.burnt());
}

#[test]
fn audits_alone_deter_only_below_the_break_even_prize() {
	let gain = |prize: f64| {
		let mut world = world(Strategy::Cartel, Dishonest::AllButOne, false);
		// Three hosts that weigh so much that they are all but always the committee; the auditors are
		// honest.
		world.population = Population {
			stakes: [[1_000_000_000_000; 3], [1; 3]].concat(),
			dishonest: (0..6).map(|host| host < 3).collect(),
		};
		world.params.prize = prize as u128;
		gain_by_lying(&world)
	};
	let params = Params::default();
	let members = f64::from(params.committee);
	let loss = members * (params.stake() + params.price) as f64 + params.posting_fee as f64;
	let saved = members * params.work as f64;
	let prize = closed_form::break_even_prize(params.audit_rate.as_f64(), loss, saved);
	// A fifth is six standard deviations of the number of audits.
	assert!(gain(prize * 1.2) > 0);
	assert!(gain(prize * 0.8) < 0);
	// Nine times less than the stake that stands behind the answer.
	let stake = members * params.stake() as f64;
	assert!((stake / prize - 9.0).abs() < 0.2, "{}", stake / prize);
}

/// What lies gained, beyond what the same committees would have been paid for the truth.
fn gain_by_lying(world: &World) -> i128 {
	let figures = figures(world);
	let honest = World {
		strategy: Strategy::Honest,
		..world.clone()
	};
	figures.gain - crate::figures(&honest).gain
}
