//! The rules of jobs, played ten thousand times for each strategy.

mod odds;
mod prices;
mod safety;
mod table;

use noema_jobs_simulator::{
	game::{purse, run, Figures, Game},
	job::World,
	params::Params,
	population::Dishonest,
	strategy::Strategy,
};

const JOBS: u64 = 10_000;
const SEED: u64 = 1;

fn world(strategy: Strategy, dishonest: Dishonest, watcher: bool) -> World {
	Game {
		strategy,
		dishonest,
		watcher,
	}
	.world(&Params::default(), SEED)
}

fn figures(world: &World) -> Figures {
	run(world, &purse(world), JOBS, SEED)
}
