//! Nodes that join a running chain.

use anyhow::{ensure, Result};
use noema_zombienet_tests::{network, rpc};

/// Joins by `sync` after a while and ends up with the same chain.
async fn joins(sync: &str) -> Result<()> {
	let mut running = network::start("validators").await?;
	running.wait_finalised(&["alice", "bob"], 10).await?;
	running.join("dave", sync).await?;

	let goal = rpc::finalised(running.node("alice")?).await? + 5;
	running.wait_finalised(&["alice", "dave"], goal).await?;
	let (alice, dave) = (running.node("alice")?, running.node("dave")?);
	ensure!(rpc::header(alice, goal).await? == rpc::header(dave, goal).await?);
	running.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_joins_by_full_sync() -> Result<()> {
	joins("full").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_joins_by_warp_sync() -> Result<()> {
	joins("warp").await
}
