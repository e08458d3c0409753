//! The built `noema`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// What a run of the tool gave.
pub(crate) struct Ran {
	/// The exit code.
	pub(crate) code: i32,
	/// Standard output.
	pub(crate) stdout: String,
	/// Standard error.
	pub(crate) stderr: String,
}

/// Runs the tool with nothing in its environment that would change what it does.
pub(crate) fn noema(args: &[&str]) -> Ran {
	let output: Output = Command::new(env!("CARGO_BIN_EXE_noema"))
		.args(args)
		.env_remove("NOEMA_URL")
		.env_remove("NOEMA_SURI")
		.env_remove("NOEMA_KEYSTORE")
		.env_remove("NOEMA_PASSWORD")
		.output()
		.expect("the tool can be run");
	Ran {
		code: output.status.code().unwrap_or(-1),
		stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
		stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
	}
}

/// Runs the tool off the async threads.
pub(crate) async fn noema_async(args: Vec<String>) -> Ran {
	tokio::task::spawn_blocking(move || {
		let args: Vec<&str> = args.iter().map(String::as_str).collect();
		noema(&args)
	})
	.await
	.expect("the tool's thread does not panic")
}

impl Ran {
	/// The JSON object on the last line of a run that must have succeeded.
	pub(crate) fn json(&self) -> Value {
		assert_eq!(self.code, 0, "{}\n{}", self.stdout, self.stderr);
		let last = self.stdout.lines().last().expect("there is output");
		serde_json::from_str(last).expect("the last line is JSON")
	}

	/// Asserts that the run failed with this code and that the error says this.
	pub(crate) fn fails(&self, code: i32, words: &[&str]) {
		assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
		for word in words {
			assert!(
				self.stderr.contains(word),
				"`{word}` is not in: {}",
				self.stderr
			);
		}
	}
}

/// A file of the digits example.
pub(crate) fn digits(name: &str) -> PathBuf {
	Path::new(env!("CARGO_MANIFEST_DIR"))
		.join("../examples/digits")
		.join(name)
}

/// Arguments as the tool takes them.
pub(crate) fn strings<const N: usize>(args: [&str; N]) -> Vec<String> {
	args.into_iter().map(str::to_owned).collect()
}

/// A balance, as JSON has it.
pub(crate) fn number(value: &Value) -> u128 {
	value
		.as_str()
		.expect("balances are strings")
		.parse()
		.expect("balances are numbers")
}

/// Registers a file as NAME@1 of Alice on the chain at `url`; the JSON that tells of it.
pub(crate) async fn register_file(url: &str, file: &Path, name: &str) -> Value {
	let file = file.to_str().expect("paths of tests are UTF-8");
	let args = [
		"model",
		"register",
		file,
		"--name",
		name,
		"--version",
		"1",
		"--suri",
		"//Alice",
		"--json",
		"--url",
		url,
	];
	noema_async(strings(args)).await.json()
}
