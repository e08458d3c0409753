//! `noema-jobs-simulator`: the table of who gains and who loses.

use std::process::ExitCode;

use clap::Parser;
use noema_jobs_simulator::{
	game::{games, Row},
	params::{Params, NOE},
	report::{table, Style},
};

/// Plays dishonest strategies against the rules of jobs. Fails if, with one honest watcher, a wrong
/// answer becomes final or somebody honest loses anything.
#[derive(Debug, Parser)]
#[command(version, about, args_override_self = true)]
struct Arguments {
	/// Jobs for each line of the table.
	#[arg(long, default_value_t = 10_000)]
	jobs: u64,
	/// The seed of all randomness.
	#[arg(long, default_value_t = 1)]
	seed: u64,
	/// Hosts committed to the model.
	#[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(2..=128))]
	hosts: u32,
	/// Members of a committee.
	#[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=16))]
	committee: u32,
	/// The stake behind an answer, in NOE.
	#[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
	min_stake: u64,
	/// What a wrong answer is worth to those who want it, in NOE.
	#[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(0..=1_000_000))]
	prize: u64,
	/// Print Markdown.
	#[arg(long)]
	markdown: bool,
}

fn main() -> ExitCode {
	let arguments = Arguments::parse();
	let params = Params {
		hosts: arguments.hosts,
		committee: arguments.committee,
		min_stake: u128::from(arguments.min_stake) * NOE,
		prize: u128::from(arguments.prize) * NOE,
		..Params::default()
	};
	let rows: Vec<Row> = games()
		.iter()
		.map(|game| game.play(&params, arguments.jobs, arguments.seed))
		.collect();
	let style = if arguments.markdown {
		Style::Markdown
	} else {
		Style::Terminal
	};
	println!("seed {}", arguments.seed);
	println!("{}", table(&rows, style));
	if rows.iter().all(Row::holds) {
		ExitCode::SUCCESS
	} else {
		eprintln!("the rules do not hold: a wrong answer is final, or somebody honest has lost");
		ExitCode::FAILURE
	}
}
