//! Nodes for tests: started on free ports, killed by id when dropped.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use noema_cli::chain::Chain;

/// How long a node may take to answer, or a condition to come true.
const PATIENCE: Duration = Duration::from_secs(240);

/// A running node.
pub(crate) struct Node {
	child: Child,
	/// Its WebSocket.
	pub(crate) url: String,
	/// Its port for other nodes.
	pub(crate) port: u16,
	log: PathBuf,
	/// Kept for as long as the node, unless the test owns the directory.
	_directory: Option<tempfile::TempDir>,
}

/// The node's binary.
fn binary() -> PathBuf {
	let path = match std::env::var_os("NOEMA_NODE") {
		Some(path) => PathBuf::from(path),
		None => Path::new(env!("CARGO_BIN_EXE_noema")).with_file_name("noema-node"),
	};
	assert!(
		path.is_file(),
		"{} is missing; build it with `cargo build --release -p noema-node`, or set NOEMA_NODE",
		path.display()
	);
	path
}

/// The binary of a node whose hosts can misbehave: built with the feature `byzantine`, for tests alone.
fn byzantine_binary() -> PathBuf {
	let Some(path) = std::env::var_os("NOEMA_BYZANTINE_NODE").map(PathBuf::from) else {
		panic!(
			"NOEMA_BYZANTINE_NODE is not set: let it name a noema-node built with the feature \
			 noema-node/byzantine, as `.ci/long/hosts.sh` does"
		);
	};
	assert!(path.is_file(), "{} is missing", path.display());
	path
}

/// Which binary a node is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Build {
	/// The one that users run.
	#[default]
	Release,
	/// The one whose hosts can misbehave.
	Byzantine,
}

impl Build {
	fn path(self) -> PathBuf {
		match self {
			Self::Release => binary(),
			Self::Byzantine => byzantine_binary(),
		}
	}
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
	let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a loopback port is free");
	listener
		.local_addr()
		.expect("a bound socket has an address")
		.port()
}

/// What the node's binary prints when it is run to its end, which must be a good one.
pub(crate) fn run(args: &[&str]) -> String {
	let output = Command::new(binary())
		.args(args)
		.output()
		.expect("the node can be run");
	let errors = String::from_utf8_lossy(&output.stderr);
	assert!(output.status.success(), "{args:?}: {errors}");
	String::from_utf8(output.stdout).expect("the output is text")
}

impl Node {
	/// A development node that seals when a transaction arrives, in a directory of its own.
	pub(crate) async fn instant() -> Self {
		let directory = tempfile::tempdir().expect("a temporary directory can be made");
		let mut node = Self::start(directory.path(), &["--dev", "--sealing", "instant"]).await;
		node._directory = Some(directory);
		node
	}

	/// A node with these arguments, its data and log under `directory`.
	pub(crate) async fn start(directory: &Path, args: &[&str]) -> Self {
		Self::start_build(Build::Release, directory, args).await
	}

	/// Like [`start`](Self::start), of this build.
	pub(crate) async fn start_build(build: Build, directory: &Path, args: &[&str]) -> Self {
		let mut node = Self::spawn(build, directory, args);
		node.ready().await;
		node
	}

	/// Like [`start_build`](Self::start_build), but does not wait until it answers.
	fn spawn(build: Build, directory: &Path, args: &[&str]) -> Self {
		let (port, rpc_port) = (free_port(), free_port());
		let log = directory.join(format!("node-{rpc_port}.log"));
		let file = File::create(&log).expect("the log can be created");
		let child = Command::new(build.path())
			.args(args)
			.arg("--base-path")
			.arg(directory.join("data"))
			.arg("--rpc-port")
			.arg(rpc_port.to_string())
			.arg("--listen-addr")
			.arg(format!("/ip4/127.0.0.1/tcp/{port}"))
			.args(["--no-prometheus", "--no-telemetry", "--no-mdns"])
			.stdin(Stdio::null())
			.stdout(file.try_clone().expect("the log can be shared"))
			.stderr(file)
			.spawn()
			.expect("the node can be started");
		let url = format!("ws://127.0.0.1:{rpc_port}");
		Self {
			child,
			url,
			port,
			log,
			_directory: None,
		}
	}

	/// Waits until the node answers.
	pub(crate) async fn ready(&mut self) {
		let start = Instant::now();
		while Chain::connect(&self.url).await.is_err() {
			if let Some(status) = self.exited() {
				panic!("the node ended with {status}:\n{}", self.log());
			}
			assert!(
				start.elapsed() < PATIENCE,
				"the node does not answer:\n{}",
				self.log()
			);
			tokio::time::sleep(Duration::from_millis(200)).await;
		}
	}

	/// A connection.
	pub(crate) async fn chain(&self) -> Chain {
		Chain::connect(&self.url).await.expect("the node answers")
	}

	/// The status, if the process has ended.
	pub(crate) fn exited(&mut self) -> Option<ExitStatus> {
		self.child.try_wait().expect("the node can be waited for")
	}

	/// Waits until the process ends by itself.
	pub(crate) async fn wait_exit(&mut self) -> ExitStatus {
		let start = Instant::now();
		loop {
			if let Some(status) = self.exited() {
				return status;
			}
			assert!(
				start.elapsed() < PATIENCE,
				"the node goes on:\n{}",
				self.log()
			);
			tokio::time::sleep(Duration::from_millis(100)).await;
		}
	}

	/// Kills the process as a power cut would: SIGKILL.
	pub(crate) fn kill(&mut self) {
		// It may have ended already.
		let _ = self.child.kill();
		let _ = self.child.wait();
	}

	/// What the node has written.
	pub(crate) fn log(&self) -> String {
		std::fs::read_to_string(&self.log).unwrap_or_default()
	}
}

impl Drop for Node {
	fn drop(&mut self) {
		self.kill();
		if std::thread::panicking() {
			let log = self.log();
			let start = log.len().saturating_sub(4000);
			let tail = log.get(start..).unwrap_or(&log);
			eprintln!("--- the node at {} wrote last:\n{tail}", self.url);
		}
	}
}

/// Waits until `condition` gives something.
pub(crate) async fn until<T, F>(what: &str, condition: impl FnMut() -> F) -> T
where
	F: std::future::Future<Output = Option<T>>,
{
	until_within(PATIENCE, what, condition).await
}

/// Like [`until`], for what takes so many blocks that it may take longer.
pub(crate) async fn until_within<T, F>(
	patience: Duration,
	what: &str,
	mut condition: impl FnMut() -> F,
) -> T
where
	F: std::future::Future<Output = Option<T>>,
{
	let start = Instant::now();
	loop {
		if let Some(value) = condition().await {
			return value;
		}
		assert!(start.elapsed() < patience, "waited too long until {what}");
		tokio::time::sleep(Duration::from_millis(200)).await;
	}
}
