//! Starts networks.

use std::{fs, path::Path, sync::OnceLock};

use anyhow::{ensure, Context, Result};
use tempfile::TempDir;
use tokio::{
	process::Command,
	sync::{Mutex, MutexGuard},
};
use zombienet_sdk::{
	AddNodeOptions, Arg, LocalFileSystem, Network, NetworkConfig, NetworkConfigExt, NetworkNode,
};

use crate::{binaries, rpc};

/// Seconds within which a node has to get where a test expects it.
pub const PATIENCE: u64 = 300;

/// A running network. Its nodes end with it.
pub struct Running {
	/// The nodes.
	pub network: Network<LocalFileSystem>,
	/// Where the chain specification lies.
	_files: TempDir,
	/// One network at a time: the tests share one machine.
	_turn: MutexGuard<'static, ()>,
}

/// Starts the network of `networks/<name>.toml` and waits until all its nodes answer.
pub async fn start(name: &str) -> Result<Running> {
	static TURN: OnceLock<Mutex<()>> = OnceLock::new();
	let turn = TURN.get_or_init(Default::default).lock().await;

	let node = binaries::node()?;
	let files = TempDir::new()?;
	let spec = files.path().join("local-raw.json");
	export_chain_spec(&node, &spec).await?;

	let definition = binaries::repository("zombienet/networks").join(format!("{name}.toml"));
	let text = fs::read_to_string(&definition)
		.with_context(|| format!("cannot read {}", definition.display()))?
		.replace("{{NOEMA_NODE}}", &node.to_string_lossy())
		.replace("{{NOEMA_CHAIN_SPEC}}", &spec.to_string_lossy());
	let network = NetworkConfig::load_from_toml_string(&text)?
		.spawn_native()
		.await?;
	network.wait_until_is_up(PATIENCE).await?;
	Ok(Running {
		network,
		_files: files,
		_turn: turn,
	})
}

async fn export_chain_spec(node: &Path, to: &Path) -> Result<()> {
	let status = Command::new(node)
		.args(["export-chain-spec", "--chain", "local", "--raw", "--output"])
		.arg(to)
		.status()
		.await
		.with_context(|| format!("cannot start {}", node.display()))?;
	ensure!(
		status.success(),
		"{} export-chain-spec: {status}",
		node.display()
	);
	Ok(())
}

impl Running {
	/// The node of this name.
	pub fn node(&self, name: &str) -> Result<&NetworkNode> {
		self.network.get_node(name)
	}

	/// The nodes of these names.
	pub fn nodes(&self, names: &[&str]) -> Result<Vec<&NetworkNode>> {
		names.iter().map(|name| self.node(name)).collect()
	}

	/// Adds a full node that knows Alice and synchronises in this way: `full`, `fast` or `warp`.
	pub async fn join(&mut self, name: &str, sync: &str) -> Result<()> {
		let alice = self.node("alice")?.multiaddr().to_owned();
		let args: Vec<Arg> = vec![
			("--sync", sync).into(),
			("--bootnodes", alice.as_str()).into(),
		];
		let options = AddNodeOptions {
			args,
			..Default::default()
		};
		self.network.add_node(name, options).await
	}

	/// Waits until each of these nodes has finalised this block.
	pub async fn wait_finalised(&self, names: &[&str], number: u64) -> Result<()> {
		for node in self.nodes(names)? {
			rpc::wait_finalised(node, number).await?;
		}
		Ok(())
	}

	/// Ends all nodes.
	pub async fn end(self) -> Result<()> {
		Ok(self.network.destroy().await?)
	}
}
