//! With one honest watcher. That no money is made or lost is checked after each job by `run` itself.

use noema_jobs_simulator::{params::Share, population::Dishonest, strategy::Strategy};

use crate::{figures, world, JOBS};

fn each(check: impl Fn(Strategy, Dishonest)) {
	for strategy in Strategy::ALL {
		for dishonest in Dishonest::ALL {
			check(strategy, dishonest);
		}
	}
}

#[test]
fn no_wrong_answer_is_final() {
	each(|strategy, dishonest| {
		let figures = figures(&world(strategy, dishonest, true));
		assert_eq!(figures.wrong, 0, "{strategy:?} {dishonest:?}");
		assert_eq!(figures.right + figures.unanswered, JOBS);
	});
}

#[test]
fn nobody_honest_loses() {
	each(|strategy, dishonest| {
		let figures = figures(&world(strategy, dishonest, true));
		assert_eq!(figures.honest_loss, 0, "{strategy:?} {dishonest:?}");
		assert!(figures.watcher >= 0, "{strategy:?} {dishonest:?}");
	});
}

#[test]
fn only_absentees_and_liars_without_contradiction_leave_a_job_without_an_answer() {
	each(|strategy, dishonest| {
		let figures = figures(&world(strategy, dishonest, true));
		// Guessers may all be wrong at the same step: then the referee's call would leave nobody to be
		// paid for it.
		let silent = matches!(
			strategy,
			Strategy::Withholder | Strategy::Copier | Strategy::Guesser
		);
		assert!(
			silent || figures.unanswered == 0,
			"{strategy:?} {dishonest:?}: {}",
			figures.unanswered
		);
	});
}

#[test]
fn owned_committees_do_lie_where_the_strategy_says_so() {
	for dishonest in Dishonest::ALL {
		let figures = figures(&world(Strategy::Cartel, dishonest, true));
		assert!(figures.owned > 0);
		assert_eq!(figures.lied, figures.owned);
	}
	let chooser = figures(&world(
		Strategy::PoolChooser,
		Dishonest::UpTo(Share::ratio(1, 3)),
		true,
	));
	assert_eq!(chooser.owned, JOBS);
}

#[test]
fn without_a_watcher_owned_committees_get_away_with_it() {
	// What the watcher is for: audits alone do not stop a whole committee.
	let figures = figures(&world(Strategy::Cartel, Dishonest::AllButOne, false));
	assert!(figures.wrong > 0);
}
