//! Blocks are made and finalised, and every node holds the same ones.

use anyhow::{ensure, Result};
use noema_zombienet_tests::{network, rpc};

const ALL: [&str; 3] = ["alice", "bob", "charlie"];

#[tokio::test(flavor = "multi_thread")]
async fn two_validators_make_and_finalise_one_chain() -> Result<()> {
	let running = network::start("validators").await?;
	running.wait_finalised(&ALL, 20).await?;

	for number in 0..=20 {
		let mut headers = Vec::new();
		for node in running.nodes(&ALL)? {
			headers.push(rpc::header(node, number).await?);
		}
		ensure!(
			headers.windows(2).all(|pair| pair[0] == pair[1]),
			"the nodes differ at block {number}: {headers:?}"
		);
	}
	running.end().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_validator_that_was_away_catches_up_and_finality_goes_on() -> Result<()> {
	let running = network::start("validators").await?;
	running.wait_finalised(&ALL, 3).await?;

	let bob = running.node("bob")?;
	bob.restart(Some(std::time::Duration::from_secs(15)))
		.await?;
	bob.wait_until_is_up(network::PATIENCE).await?;
	// Two of two validators are needed to finalise, so this takes Bob.
	let before = rpc::finalised(running.node("alice")?).await?;
	running.wait_finalised(&ALL, before + 10).await?;
	running.end().await
}
