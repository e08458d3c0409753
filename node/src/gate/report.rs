//! The command: `noema-node check`.

use std::num::NonZeroU64;

use clap::Args;
use comfy_table::{presets, Table};
use noema_precompile_inference::host::self_test;
use serde::Serialize;

use super::{
	judge::{judge, Basis, Check},
	measure::{measure, Depth},
	start::required,
};

/// Checks whether this machine can validate: arithmetic, bits, instruction set, memory and speed.
///
/// It takes a few seconds and wants the machine as it will be when the node runs. Its exit code is
/// not zero if the machine falls short of anything.
#[derive(Args, Clone, Debug)]
pub struct CheckCmd {
	/// Print JSON in place of a table.
	#[arg(long)]
	pub json: bool,

	/// The plan cache that the node will have, in MiB.
	#[arg(long, value_name = "MIB", default_value = "1024")]
	pub plan_cache_mib: NonZeroU64,
}

/// A machine that falls short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this machine cannot validate: {0} of its checks failed")]
pub struct Unfit(usize);

impl CheckCmd {
	/// Measures and prints.
	///
	/// # Errors
	///
	/// [`Unfit`], as an error of the command line.
	pub fn run(&self) -> sc_cli::Result<()> {
		let required = required(self.plan_cache_mib.get(), Basis::Available);
		let golden = self_test().map_err(|error| error.to_string());
		let checks = judge(&measure(Depth::Timed, golden), &required);
		if self.json {
			println!("{}", json(&checks));
		} else {
			println!("{}", table(&checks));
		}
		match checks.iter().filter(|c| c.shortfall.is_some()).count() {
			0 => Ok(()),
			failed => Err(sc_cli::Error::Application(Box::new(Unfit(failed)))),
		}
	}
}

/// A line for each check, and below it the reasons.
fn table(checks: &[Check]) -> String {
	let mut table = Table::new();
	table.load_style(presets::UTF8_FULL_CONDENSED);
	table.set_header(["check", "required", "found", ""]);
	for check in checks {
		let verdict = if check.shortfall.is_some() {
			"FAILED"
		} else {
			"ok"
		};
		let subject = check.subject.to_string();
		table.add_row([&subject, &check.required, &check.found, verdict]);
	}
	let mut text = table.to_string();
	for shortfall in checks.iter().filter_map(|check| check.shortfall.as_ref()) {
		text.push_str(&format!("\n{shortfall}"));
	}
	text
}

/// A check, for programs.
#[derive(Serialize)]
struct CheckJson<'a> {
	check: String,
	required: &'a str,
	found: &'a str,
	ok: bool,
	reason: Option<String>,
}

/// All checks, and whether all are passed.
#[derive(Serialize)]
struct ReportJson<'a> {
	ok: bool,
	checks: Vec<CheckJson<'a>>,
}

fn json(checks: &[Check]) -> serde_json::Value {
	let report = ReportJson {
		ok: checks.iter().all(|check| check.shortfall.is_none()),
		checks: checks
			.iter()
			.map(|check| CheckJson {
				check: check.subject.to_string(),
				required: &check.required,
				found: &check.found,
				ok: check.shortfall.is_none(),
				reason: check.shortfall.as_ref().map(ToString::to_string),
			})
			.collect(),
	};
	serde_json::json!(report)
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::gate::judge::{Shortfall, Subject};

	fn checks() -> Vec<Check> {
		vec![
			Check {
				subject: Subject::Golden,
				required: "a".into(),
				found: "a".into(),
				shortfall: None,
			},
			Check {
				subject: Subject::Memory,
				required: "b".into(),
				found: "c".into(),
				shortfall: Some(Shortfall::Memory {
					found: 1 << 30,
					missing: 1 << 29,
				}),
			},
		]
	}

	#[test]
	fn the_table_shows_all_and_says_why() {
		let text = table(&checks());
		for part in ["golden vectors", "ok", "memory", "FAILED", "0.50 GiB"] {
			assert!(text.contains(part), "{part}: {text}");
		}
	}

	#[test]
	fn the_json_holds_the_same() {
		let value = json(&checks());
		assert_eq!(value["ok"], false);
		assert_eq!(value["checks"][0]["ok"], true);
		assert_eq!(value["checks"][1]["check"], "memory");
		assert!(value["checks"][1]["reason"].is_string());
		assert_eq!(json(&checks()[..1])["ok"], true);
	}
}
