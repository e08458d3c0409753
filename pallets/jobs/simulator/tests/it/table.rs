//! The table.

use noema_jobs_simulator::{
	game::games,
	params::Params,
	report::{table, Style},
};

fn print(seed: u64) -> String {
	let rows: Vec<_> = games()
		.iter()
		.map(|game| game.play(&Params::default(), 100, seed))
		.collect();
	table(&rows, Style::Markdown)
}

#[test]
fn the_same_seed_gives_the_same_table() {
	assert_eq!(print(1), print(1));
	assert_ne!(print(1), print(2));
}

#[test]
fn each_strategy_has_a_line_for_each_population() {
	let text = print(3);
	for strategy in noema_jobs_simulator::strategy::Strategy::ALL {
		let lines = text
			.lines()
			.filter(|line| line.contains(&format!("| {} ", strategy.name())))
			.count();
		assert!(lines >= 3, "{strategy:?}: {lines}");
	}
}
