//! Signed and unsigned extrinsics around calls.

use codec::Encode;
use noema_runtime::{
	tx_extension, AccountId, RuntimeCall, SignedPayload, System, UncheckedExtrinsic,
};
use sp_core::{sr25519, Pair};
use sp_keyring::Sr25519Keyring;
use sp_runtime::{generic::Era, MultiAddress, MultiSignature};

use crate::{chain::Chain, random::Random};

/// Who signs.
pub(crate) struct Signer {
	pub(crate) account: AccountId,
	pair: sr25519::Pair,
}

impl Signer {
	/// A well-known development account.
	pub(crate) fn new(key: Sr25519Keyring) -> Self {
		Self {
			account: key.to_account_id(),
			pair: key.pair(),
		}
	}

	/// Signs `call` as a wallet does, with the account's next nonce.
	pub(crate) fn sign(&self, chain: &mut Chain, call: RuntimeCall) -> UncheckedExtrinsic {
		self.sign_with(chain, call, Era::Immortal, 0, 0)
	}

	/// Signs `call`, now and then mortal, with a tip, or with a nonce that is not due.
	pub(crate) fn sign_oddly(
		&self,
		chain: &mut Chain,
		call: RuntimeCall,
		random: &mut Random,
	) -> UncheckedExtrinsic {
		let era = match random.below(8) {
			0 => Era::mortal(1 << random.below(17), u64::from(chain.number())),
			_ => Era::Immortal,
		};
		let tip = match random.below(8) {
			0 => random.odd_u128(),
			_ => 0,
		};
		let skipped = match random.below(32) {
			0 => random.odd_u32(),
			_ => 0,
		};
		self.sign_with(chain, call, era, tip, skipped)
	}

	fn sign_with(
		&self,
		chain: &mut Chain,
		call: RuntimeCall,
		era: Era,
		tip: u128,
		skipped: u32,
	) -> UncheckedExtrinsic {
		chain.with(|| {
			let nonce = System::account_nonce(&self.account).wrapping_add(skipped);
			// What is signed over may be out of reach, such as the hash of a block long past.
			let mut extension = tx_extension(era, nonce, tip, false);
			let payload = SignedPayload::new(call.clone(), extension.clone()).or_else(|_| {
				extension = tx_extension(Era::Immortal, nonce, tip, false);
				SignedPayload::new(call.clone(), extension.clone())
			});
			let payload = payload.expect("an immortal transaction can be signed");
			let signature = payload.using_encoded(|bytes| self.pair.sign(bytes));
			UncheckedExtrinsic::new_signed(
				call,
				MultiAddress::Id(self.account.clone()),
				MultiSignature::Sr25519(signature),
				extension,
			)
		})
	}
}
