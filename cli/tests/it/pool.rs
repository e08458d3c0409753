//! What a pool does to transactions, and what the tool makes of it.

use noema_cli::chain::{calls, client::sign_at, submit::Wait};
use noema_cli::keys::{account_of, from_uri};

use crate::node::Node;

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_in_the_pool_already_is_followed_to_its_block() {
	let directory = tempfile::tempdir().unwrap();
	let node = Node::start(directory.path(), &["--dev"]).await;
	let chain = node.chain().await;
	let (alice, bob) = (from_uri("//Alice").unwrap(), from_uri("//Bob").unwrap());
	let account = account_of(&alice);
	let call = calls::transfer(account_of(&bob), 1_000_000_000);

	// One that waits for the nonce before it stays in the pool until that has come.
	let at = chain.at_finalized().await.unwrap();
	let nonce = chain.next_nonce(&account).await.unwrap();
	let first = sign_at(&at, &call, &alice, nonce).unwrap();
	let second = sign_at(&at, &call, &alice, nonce + 1).unwrap();
	let reported = chain.submit(&second).await.unwrap();
	let followed = chain.submit(&second).await.unwrap();
	assert_eq!(reported.hash, followed.hash);
	chain.submit(&first).await.unwrap();

	let block = reported.wait(Wait::Finalized).await.unwrap();
	assert_eq!(followed.wait(Wait::InBlock).await.unwrap(), block);
	assert_eq!(chain.next_nonce(&account).await.unwrap(), nonce + 2);
}
