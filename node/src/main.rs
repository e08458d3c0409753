//! The binary of Noema's node.

fn main() -> sc_cli::Result<()> {
	noema_node::command::run()
}
