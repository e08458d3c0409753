//! The table.

use comfy_table::{presets, CellAlignment, Table};

use crate::{game::Row, params::NOE};

/// The columns, and what they hold.
const HEADER: [&str; 11] = [
	"strategy",
	"dishonest",
	"watcher",
	"jobs",
	"wrong",
	"no answer",
	"attacker",
	"if honest",
	"honest loss",
	"watcher's gain",
	"burnt",
];

/// How the table looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
	/// For a terminal.
	Terminal,
	/// For a page of Markdown.
	Markdown,
}

/// One line a row. `attacker` is what each dishonest host gained in a job on average, its share of
/// prizes included, and `if honest` what it would have gained in the same jobs; what honest accounts
/// lost is a sum over all jobs; the watcher's gain and what was burnt are averages of a job. All in
/// NOE.
pub fn table(rows: &[Row], style: Style) -> String {
	let mut table = Table::new();
	table.load_style(match style {
		Style::Terminal => presets::UTF8_FULL_CONDENSED,
		Style::Markdown => presets::ASCII_MARKDOWN,
	});
	table.set_header(HEADER);
	for row in rows {
		let figures = &row.figures;
		let each = figures.jobs * figures.attackers;
		table.add_row([
			row.game.strategy.name().to_owned(),
			row.game.dishonest.to_string(),
			if row.game.watcher { "yes" } else { "no" }.to_owned(),
			figures.jobs.to_string(),
			figures.wrong.to_string(),
			figures.unanswered.to_string(),
			amount(figures.gain, each),
			amount(row.honest_gain, each),
			amount(figures.honest_loss as i128, 1),
			amount(figures.watcher, figures.jobs),
			amount(figures.burnt as i128, figures.jobs),
		]);
	}
	for column in table.column_iter_mut().skip(3) {
		column.set_cell_alignment(CellAlignment::Right);
	}
	table.to_string()
}

/// An amount divided by a number, in NOE with four digits, rounded to the nearest.
fn amount(sum: i128, by: u64) -> String {
	const UNIT: i128 = NOE as i128 / 10_000;
	let by = i128::from(by.max(1)) * UNIT;
	let rounded = (sum.abs() + by / 2) / by;
	let sign = if sum < 0 && rounded > 0 { "-" } else { "" };
	format!("{sign}{}.{:04}", rounded / 10_000, rounded % 10_000)
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn amounts_round_to_the_nearest() {
		let noe = NOE as i128;
		assert_eq!(amount(noe, 1), "1.0000");
		assert_eq!(amount(-2 * noe, 3), "-0.6667");
		assert_eq!(amount(-noe, 1_000_000), "0.0000");
		assert_eq!(amount(0, 0), "0.0000");
	}
}
