//! The parameters of jobs, set by the administrator: shorter windows than those of a real chain, or
//! longer ones for a slow machine.

use noema_cli::chain::{calls, Chain, Hash, Wait};
use noema_primitives::jobs::JobParams;
use subxt::dynamic;
use subxt::ext::codec::{Decode, Encode};
use subxt::ext::scale_value::Value;

use super::key;

type Params = JobParams<u128, u32>;

/// What a test sets; everything else stays as the chain has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
	/// Blocks for what ends as soon as all have done it: commits, reveals, leaves, the referee.
	pub(super) work: u32,
	/// Blocks in which the first answer may be challenged.
	pub(super) challenge: u32,
	/// Blocks in which what a dispute leaves may be challenged.
	pub(super) renewed: u32,
	/// Whether chance has some jobs audited, or none.
	pub(super) audits: bool,
}

/// The parameters as of a block.
async fn read(chain: &Chain, block: Hash) -> Params {
	let address = dynamic::storage::<(), Value>("Jobs", "Params");
	let at = chain.at(block).await.unwrap();
	let stored = at.storage().fetch(address, ()).await.unwrap();
	Params::decode(&mut stored.bytes()).expect("the parameters are as this repository has them")
}

/// Sets the windows, as //Alice.
pub(super) async fn set(chain: &Chain, windows: Windows) {
	let mut params = read(chain, chain.finalized().await.unwrap()).await;
	params.commit_period = windows.work;
	params.reveal_period = windows.work;
	params.posting_period = windows.work;
	params.referee_period = windows.work;
	params.challenge_period = windows.challenge;
	params.renewed_period = windows.renewed;
	if !windows.audits {
		params.audit_rate = Default::default();
	}
	let at = chain.at_finalized().await.unwrap();
	let call = dynamic::tx("Jobs", "set_params", (calls::Encoded(params.encode()),));
	let call = calls::encode(&at, &call).unwrap();
	let sudo = dynamic::tx("Sudo", "sudo", (call,));
	let outcome = chain
		.execute(&sudo, &key("//Alice"), Wait::Finalized)
		.await
		.unwrap_or_else(|error| panic!("{error}"));
	assert_eq!(read(chain, outcome.block).await, params);
}
