//! The other end of a runner: starting it, asking it.

use std::{
	ffi::OsStr,
	io::{self, BufRead, BufReader, Write},
	path::{Path, PathBuf},
	process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use noema_benches::Ready;

/// A process that holds one model in one engine.
#[derive(Debug)]
pub(crate) struct Runner {
	child: Child,
	commands: Option<ChildStdin>,
	answers: BufReader<ChildStdout>,
	/// What it has said of the model.
	pub(crate) ready: Ready,
}

/// How to start the runner of an engine.
#[derive(Clone, Debug)]
pub(crate) struct Start {
	/// The program and its first arguments.
	pub(crate) command: Vec<PathBuf>,
	/// The directory that the program sees as `/`, if it sees no more than one.
	pub(crate) root: Option<PathBuf>,
	/// Whether it runs Noema's own form of a network.
	pub(crate) compact: bool,
}

impl Start {
	/// How the program names a file.
	fn name(&self, path: &Path) -> PathBuf {
		match &self.root {
			Some(root) => Path::new("/").join(path.strip_prefix(root).unwrap_or(path)),
			None => path.to_path_buf(),
		}
	}

	/// Starts it on the model of a folder, and waits until the model is built.
	pub(crate) fn start(&self, folder: &Path) -> io::Result<Runner> {
		let full = folder.join("full.onnx");
		let file = if !self.compact && full.is_file() {
			full
		} else {
			folder.join("model.onnx")
		};
		let inputs = (0..)
			.map(|index| folder.join(format!("input_{index}.pb")))
			.take_while(|path| path.is_file());
		let files = [file]
			.into_iter()
			.chain(inputs)
			.map(|path| self.name(&path));
		let arguments: Vec<PathBuf> = self.command[1..].iter().cloned().chain(files).collect();
		let mut child = Command::new(&self.command[0])
			.args(arguments.iter().map(AsRef::<OsStr>::as_ref))
			.stdin(Stdio::piped())
			.stdout(Stdio::piped())
			.spawn()?;
		let missing = || io::Error::other("the runner has no pipes");
		let commands = child.stdin.take().ok_or_else(missing)?;
		let answers = BufReader::new(child.stdout.take().ok_or_else(missing)?);
		let mut runner = Runner {
			child,
			commands: Some(commands),
			answers,
			ready: Ready::default(),
		};
		runner.ready = match runner.answer() {
			Ok(line) => serde_json::from_str(&line)?,
			Err(_) => Ready {
				refused: Some(format!("the runner ended: {}", runner.child.wait()?)),
				..Ready::default()
			},
		};
		Ok(runner)
	}
}

impl Runner {
	fn answer(&mut self) -> io::Result<String> {
		let mut line = String::new();
		if self.answers.read_line(&mut line)? == 0 {
			return Err(io::ErrorKind::UnexpectedEof.into());
		}
		Ok(line.trim_end().to_string())
	}

	fn ask(&mut self, command: &str) -> io::Result<String> {
		if let Some(commands) = &mut self.commands {
			writeln!(commands, "{command}")?;
			commands.flush()?;
		}
		self.answer()
	}

	/// Seconds that one of `count` runs takes.
	pub(crate) fn run(&mut self, count: u32) -> io::Result<f64> {
		let nanoseconds: u64 = self
			.ask(&format!("run {count}"))?
			.parse()
			.map_err(io::Error::other)?;
		Ok(nanoseconds as f64 * 1e-9 / f64::from(count))
	}

	/// The elements of all outputs.
	pub(crate) fn outputs(&mut self, start: &Start, file: &Path) -> io::Result<Vec<f64>> {
		self.ask(&format!("outputs {}", start.name(file).display()))?;
		read_elements(file)
	}
}

impl Drop for Runner {
	fn drop(&mut self) {
		// The end of its input ends it.
		drop(self.commands.take());
		if let Err(error) = self.child.wait() {
			eprintln!("a runner does not end: {error}");
		}
	}
}

/// The elements of a file of little-endian binary64.
pub(crate) fn read_elements(file: &Path) -> io::Result<Vec<f64>> {
	let bytes = std::fs::read(file)?;
	let (words, _) = bytes.as_chunks::<8>();
	Ok(words.iter().map(|word| f64::from_le_bytes(*word)).collect())
}
