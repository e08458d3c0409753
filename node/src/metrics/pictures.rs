//! Dashboard and alerts name only what there is.

use std::collections::BTreeSet;

use substrate_prometheus_endpoint::Registry;

use super::{EngineMetrics, Metrics};
use crate::hosting::metrics::HostingMetrics;

const DASHBOARD: &str = include_str!("../../../ops/grafana/dashboards/noema.json");
const ALERTS: &str = include_str!("../../../ops/prometheus/alerts.yml");
const GUIDE: &str = include_str!("../../../docs/operators-guide.md");

/// Metrics of Substrate's crates that pictures and alerts use, as these crates register them.
const OF_SUBSTRATE: [&str; 8] = [
	// sc-service
	"substrate_block_height",
	"substrate_process_start_time_seconds",
	"substrate_number_leaves",
	"substrate_ready_transactions_number",
	"substrate_tasks_ended_total",
	// sc-network-sync
	"substrate_sync_peers",
	// sc-proposer-metrics
	"substrate_proposer_block_proposal_time",
	// sc-rpc-server
	"substrate_rpc_calls_started",
];

/// The words of a text that begin so.
fn words<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
	text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
		.filter(move |word| word.starts_with(prefix))
}

/// The metric that a series belongs to: histograms have three.
fn metric(series: &str) -> &str {
	["_bucket", "_sum", "_count"]
		.into_iter()
		.find_map(|suffix| series.strip_suffix(suffix))
		.unwrap_or(series)
}

/// Names of all that the node registers by itself.
fn registered() -> BTreeSet<String> {
	let registry = Registry::new();
	Metrics::register(&registry).expect("the registry is empty");
	EngineMetrics::register(&registry).expect("no name is taken twice");
	HostingMetrics::register(&registry).expect("no name is taken twice");
	let families = registry.gather();
	families
		.iter()
		.map(|family| family.get_name().to_owned())
		.collect()
}

#[test]
fn dashboard_and_alerts_name_metrics_that_the_node_exports() {
	let registered = registered();
	for text in [DASHBOARD, ALERTS] {
		let mut count = 0;
		for series in words(text, "noema_") {
			let known = registered.contains(series) || registered.contains(metric(series));
			assert!(known, "{series} is not exported");
			count += 1;
		}
		for series in words(text, "substrate_") {
			let known = OF_SUBSTRATE.contains(&series) || OF_SUBSTRATE.contains(&metric(series));
			assert!(known, "{series} is not known to be exported");
			count += 1;
		}
		assert!(count > 10, "the text names metrics at all");
	}
}

#[test]
fn the_dashboard_shows_every_metric_of_the_engine() {
	let registry = Registry::new();
	EngineMetrics::register(&registry).expect("the registry is empty");
	let shown: BTreeSet<&str> = words(DASHBOARD, "noema_").map(metric).collect();
	for family in registry.gather() {
		let name = family.get_name();
		assert!(
			shown.contains(name) || shown.contains(metric(name)),
			"{name}"
		);
	}
}

#[test]
fn the_dashboard_is_json_with_a_query_in_each_panel() {
	let dashboard: serde_json::Value = serde_json::from_str(DASHBOARD).expect("it is JSON");
	for panel in dashboard["panels"].as_array().expect("it has panels") {
		if panel["type"] != "row" {
			assert!(panel["targets"][0]["expr"].is_string(), "{panel}");
		}
	}
}

/// A heading's anchor, as Git hosts make them.
fn anchor(heading: &str) -> String {
	heading
		.to_lowercase()
		.chars()
		.filter_map(|c| match c {
			' ' => Some('-'),
			c if c.is_alphanumeric() || c == '-' => Some(c),
			_ => None,
		})
		.collect()
}

#[test]
fn each_alert_has_a_runbook_that_exists() {
	let anchors: BTreeSet<String> = GUIDE
		.lines()
		.filter(|line| line.starts_with('#'))
		.map(|line| anchor(line.trim_start_matches('#').trim()))
		.collect();
	let lines = || ALERTS.lines().map(str::trim);
	let alerts = lines().filter(|line| line.starts_with("- alert:")).count();
	let runbooks: Vec<&str> = lines()
		.filter_map(|line| line.strip_prefix("runbook: docs/operators-guide.md#"))
		.collect();
	assert_eq!(alerts, runbooks.len());
	for runbook in runbooks {
		assert!(anchors.contains(runbook), "no section #{runbook}");
	}
}
