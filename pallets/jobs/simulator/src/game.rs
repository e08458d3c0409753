//! Many jobs of one strategy.

use crate::{
	job::{play, Accounts, Ending, World},
	ledger::Ledger,
	params::{Params, Share, NOE},
	population::{Dishonest, Population},
	strategy::Strategy,
};

/// What every account begins with: more than it can lose.
const ENDOWMENT: u128 = 1_000_000_000 * NOE;

/// A line of the table before it is played.
#[derive(Clone, Copy, Debug)]
pub struct Game {
	/// What the dishonest do.
	pub strategy: Strategy,
	/// How much of the stake is theirs.
	pub dishonest: Dishonest,
	/// Whether there is a watcher.
	pub watcher: bool,
}

/// What came of it. Amounts are sums over all jobs, in the smallest unit.
#[derive(Clone, Debug, Default)]
pub struct Figures {
	/// Jobs played.
	pub jobs: u64,
	/// Jobs with the right answer.
	pub right: u64,
	/// Jobs that ended with a wrong one.
	pub wrong: u64,
	/// Jobs without an answer.
	pub unanswered: u64,
	/// Committees that were all dishonest.
	pub owned: u64,
	/// Lies that nobody of the committee contradicted.
	pub lied: u64,
	/// Audits.
	pub audited: u64,
	/// Of those, audits of such a lie.
	pub lies_audited: u64,
	/// Members who did not commit.
	pub no_shows: u64,
	/// Steps that the referee ran.
	pub referees: u64,
	/// Blocks that dishonest authors let go.
	pub skipped: u64,
	/// Dishonest hosts.
	pub attackers: u64,
	/// What the dishonest have more than before, prizes included, work deducted.
	pub gain: i128,
	/// What the watcher has more than before; its own work is not deducted.
	pub watcher: i128,
	/// What honest accounts lost to slashes, penalties and fees of disputes.
	pub honest_loss: u128,
	/// What was burnt, fees included.
	pub burnt: u128,
}

/// A line of the table.
#[derive(Clone, Debug)]
pub struct Row {
	/// What was played.
	pub game: Game,
	/// What came of it.
	pub figures: Figures,
	/// What the same accounts would have gained in the same jobs by being honest.
	pub honest_gain: i128,
}

impl Row {
	/// Whether the rules held: with a watcher, no answer was wrong and nobody honest lost anything.
	pub const fn holds(&self) -> bool {
		!self.game.watcher || (self.figures.wrong == 0 && self.figures.honest_loss == 0)
	}
}

/// All lines of the table: each strategy in each population before one honest watcher, then those
/// that hope for nobody's looking, without one.
pub fn games() -> Vec<Game> {
	let unwatched = [
		Strategy::Guesser,
		Strategy::Cartel,
		Strategy::PatientCartel,
		Strategy::Majority,
		Strategy::Redrawer,
		Strategy::PoolChooser,
		Strategy::Grinder,
	];
	let lines = |strategies: Vec<Strategy>, watcher| {
		strategies.into_iter().flat_map(move |strategy| {
			Dishonest::ALL.into_iter().map(move |dishonest| Game {
				strategy,
				dishonest,
				watcher,
			})
		})
	};
	lines(Strategy::ALL.to_vec(), true)
		.chain(lines(unwatched.to_vec(), false))
		.collect()
}

impl Game {
	/// The game's world. Authors are as dishonest as hosts, but never more than two thirds of them:
	/// beyond that, no rule of a block is sure to be kept.
	pub fn world(&self, params: &Params, seed: u64) -> World {
		let authors = match self.dishonest {
			Dishonest::UpTo(share) => share,
			Dishonest::AllButOne => Share::ratio(2, 3),
		};
		World {
			params: params.clone(),
			population: Population::new(params, self.dishonest, seed),
			strategy: self.strategy,
			authors,
			watcher: self.watcher,
		}
	}

	/// Plays so many jobs, and the same ones honestly.
	pub fn play(&self, params: &Params, jobs: u64, seed: u64) -> Row {
		let world = self.world(params, seed);
		let honest = World {
			strategy: Strategy::Honest,
			..world.clone()
		};
		let purse = purse(&world);
		Row {
			game: *self,
			figures: run(&world, &purse, jobs, seed),
			honest_gain: run(&honest, &purse, jobs, seed).gain,
		}
	}
}

/// The accounts of the dishonest.
pub fn purse(world: &World) -> Vec<usize> {
	let dishonest = &world.population.dishonest;
	let accounts = Accounts::new(dishonest.len());
	let mut purse: Vec<usize> = (0..dishonest.len())
		.filter(|host| dishonest[*host])
		.collect();
	purse.push(accounts.accomplice);
	if world.strategy.requests() {
		purse.push(accounts.requester);
	}
	purse
}

/// Plays so many jobs, each with the stakes that all began with.
///
/// # Panics
///
/// If money is made or lost, or stays behind in escrow or stakes: the simulator would be wrong.
pub fn run(world: &World, purse: &[usize], jobs: u64, seed: u64) -> Figures {
	let hosts = world.population.stakes.len();
	let accounts = Accounts::new(hosts);
	let mut balances = vec![ENDOWMENT; hosts + Accounts::OTHERS];
	balances[accounts.escrow] = 0;
	balances[accounts.stakes] = 0;
	let mut ledger = Ledger::new(balances);
	let issued = ledger.issued();
	let held =
		|ledger: &Ledger| -> u128 { purse.iter().map(|account| ledger.balance(*account)).sum() };
	let began = held(&ledger);

	let mut figures = Figures {
		jobs,
		attackers: world.population.attackers() as u64,
		..Figures::default()
	};
	for id in 0..jobs {
		let outcome = play(world, &mut ledger, seed, id);
		assert_eq!(ledger.issued(), issued, "job {id} makes or loses money");
		for account in [accounts.escrow, accounts.stakes] {
			assert_eq!(ledger.balance(account), 0, "job {id} leaves money behind");
		}
		match outcome.ending {
			Ending::Right => figures.right += 1,
			Ending::Wrong => figures.wrong += 1,
			Ending::Unanswered => figures.unanswered += 1,
		}
		figures.owned += u64::from(outcome.owned);
		figures.lied += u64::from(outcome.lied);
		figures.audited += u64::from(outcome.audited);
		figures.lies_audited += u64::from(outcome.audited && outcome.lied);
		figures.no_shows += u64::from(outcome.no_shows);
		figures.referees += u64::from(outcome.referees);
		figures.skipped += u64::from(outcome.skipped);
		figures.honest_loss += outcome.honest_loss;
		figures.gain -= outcome.dishonest_work as i128;
	}
	figures.gain += held(&ledger) as i128 - began as i128;
	figures.gain += (u128::from(figures.wrong) * world.params.prize) as i128;
	figures.watcher = ledger.balance(accounts.watcher) as i128 - ENDOWMENT as i128;
	figures.burnt = ledger.burnt();
	figures
}
