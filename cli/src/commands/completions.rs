//! `noema completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;

pub(super) fn run(shell: Shell) {
	clap_complete::generate(shell, &mut Cli::command(), "noema", &mut std::io::stdout());
}
