//! Calls that are nearly right: the shape of real ones, with a value here and there that is not.

use noema_primitives::{DType, ModelId, NamedTensor, ReleaseId, Tensor, TensorSchema, CHUNK_SIZE};
use noema_runtime::{configs::ProxyKind, AccountId, OriginCaller, RuntimeCall};
use sp_core::{crypto::AccountId32, H256};
use sp_runtime::{
	traits::{BlakeTwo256, Hash},
	MultiAddress, Weight,
};

use crate::random::Random;

/// The deepest nesting of calls that is generated; mutated bytes may nest deeper.
const MAX_DEPTH: usize = 4;

/// What calls may refer to.
pub(crate) struct World {
	/// Accounts with funds.
	pub(crate) accounts: Vec<AccountId>,
	/// Files to upload: admissible models, and bytes that are none.
	pub(crate) files: Vec<Vec<u8>>,
	/// The ids of `files`.
	pub(crate) ids: Vec<ModelId>,
	/// A release of the first file.
	pub(crate) release: ReleaseId<AccountId>,
	/// What it takes.
	pub(crate) inputs: Vec<TensorSchema>,
}

const NAMES: &[&str] = &["digits", "a", "b", "x-1", "", "A", "_", "..", "\u{e9}"];
const VERSIONS: &[&str] = &["1", "2", "1.0.0", "v1+b", "", "_", "\u{e9}"];
const DTYPES: &[DType] = &[
	DType::F32,
	DType::U8,
	DType::I8,
	DType::U16,
	DType::I16,
	DType::I32,
	DType::I64,
	DType::Bool,
	DType::F64,
	DType::U32,
	DType::U64,
];

impl World {
	/// A call of any kind.
	pub(crate) fn call(&self, random: &mut Random) -> RuntimeCall {
		self.nested(random, 0)
	}

	/// A call to models, inference, hosting or jobs, or one that carries such calls inside.
	fn nested(&self, random: &mut Random, depth: usize) -> RuntimeCall {
		let kinds = if depth < MAX_DEPTH { 26 } else { 20 };
		match random.below(kinds) {
			0..7 => RuntimeCall::Inference(self.inference(random)),
			7..14 => RuntimeCall::Models(self.models(random)),
			14..17 => RuntimeCall::Hosting(self.hosting(random)),
			17..20 => RuntimeCall::Jobs(self.jobs(random)),
			20 | 21 => RuntimeCall::Utility(self.utility(random, depth + 1)),
			22 | 23 => RuntimeCall::Proxy(self.proxy(random, depth + 1)),
			24 => RuntimeCall::Multisig(self.multisig(random, depth + 1)),
			_ => RuntimeCall::Sudo(self.sudo(random, depth + 1)),
		}
	}

	fn account(&self, random: &mut Random) -> AccountId {
		match random.below(16) {
			0 => AccountId32::new([random.next() as u8; 32]),
			_ => random.pick(&self.accounts).clone(),
		}
	}

	fn address(&self, random: &mut Random) -> MultiAddress<AccountId, ()> {
		match random.below(16) {
			0 => MultiAddress::Index(()),
			1 => MultiAddress::Raw(random.bytes(32)),
			2 => MultiAddress::Address20([0; 20]),
			_ => MultiAddress::Id(self.account(random)),
		}
	}

	fn id(&self, random: &mut Random) -> ModelId {
		match random.below(16) {
			0 => ModelId([random.next() as u8; 32]),
			_ => *random.pick(&self.ids),
		}
	}

	fn release(&self, random: &mut Random) -> ReleaseId<AccountId> {
		if !random.one_in(4) {
			return self.release.clone();
		}
		ReleaseId {
			owner: self.account(random),
			name: bounded(random.pick(NAMES).as_bytes()),
			version: bounded(random.pick(VERSIONS).as_bytes()),
		}
	}

	/// A call to the registry. File and id mostly fit each other.
	fn models(&self, random: &mut Random) -> pallet_models::Call<noema_runtime::Runtime> {
		use pallet_models::Call;
		let place = random.below(self.files.len());
		let file = &self.files[place];
		let model_id = match random.below(16) {
			0 => self.id(random),
			_ => self.ids[place],
		};
		match random.below(12) {
			0 | 1 => Call::begin_upload {
				model_id,
				size: match random.below(6) {
					0 => random.odd_u32(),
					_ => file.len() as u32,
				},
			},
			2..5 => {
				let chunks = file.len().div_ceil(CHUNK_SIZE as usize);
				let index = random.below(chunks);
				let start = index * CHUNK_SIZE as usize;
				let end = (start + CHUNK_SIZE as usize).min(file.len());
				let mut bytes = file[start..end].to_vec();
				if random.one_in(8) {
					let at = random.below(bytes.len());
					bytes[at] ^= 1;
				}
				if random.one_in(8) {
					bytes.truncate(random.below(bytes.len()));
				}
				Call::upload_chunk {
					model_id,
					index: match random.below(8) {
						0 => random.odd_u32(),
						_ => index as u32,
					},
					bytes: bounded(&bytes),
				}
			}
			5 | 6 => Call::submit { model_id },
			7 => match random.below(3) {
				0 => Call::cancel_upload { model_id },
				_ => Call::submit { model_id },
			},
			8 | 9 => Call::release {
				model_id,
				name: bounded(random.pick(NAMES).as_bytes()),
				version: bounded(random.pick(VERSIONS).as_bytes()),
				royalty: random.odd_u128(),
			},
			10 => Call::retire {
				name: bounded(random.pick(NAMES).as_bytes()),
				version: bounded(random.pick(VERSIONS).as_bytes()),
			},
			_ => match random.below(8) {
				// For the administrator; others are turned away.
				0 => Call::remove_content { model_id },
				1 => Call::lift_ban { model_id },
				_ => Call::remove_model { model_id },
			},
		}
	}

	fn inference(&self, random: &mut Random) -> pallet_inference::Call<noema_runtime::Runtime> {
		pallet_inference::Call::infer {
			release: self.release(random),
			inputs: self.tensors(random).try_into().unwrap_or_default(),
		}
	}

	/// Inputs of the release, none or some of them wrong in one way or more.
	pub(crate) fn tensors(&self, random: &mut Random) -> Vec<NamedTensor> {
		let mut tensors: Vec<NamedTensor> = self
			.inputs
			.iter()
			.map(|schema| {
				let len = Tensor::byte_len(schema.dtype, &schema.shape).unwrap_or_default();
				NamedTensor {
					name: schema.name.clone(),
					tensor: Tensor {
						dtype: schema.dtype,
						shape: schema.shape.clone(),
						// Every bit pattern: NaNs, infinities and denormal numbers among them.
						data: bounded(&random.bytes(len as usize)),
					},
				}
			})
			.collect();
		if random.one_in(2) {
			return tensors;
		}
		for _ in 0..1 + random.below(3) {
			self.spoil(random, &mut tensors);
		}
		tensors
	}

	/// Makes one thing of the inputs wrong.
	fn spoil(&self, random: &mut Random, tensors: &mut Vec<NamedTensor>) {
		if tensors.is_empty() {
			tensors.push(NamedTensor {
				name: bounded(b"x"),
				tensor: Tensor {
					dtype: *random.pick(DTYPES),
					shape: Default::default(),
					data: Default::default(),
				},
			});
			return;
		}
		let place = random.below(tensors.len());
		let tensor = &mut tensors[place].tensor;
		match random.below(8) {
			0 => tensor.dtype = *random.pick(DTYPES),
			1 => {
				let axis = random.below(tensor.shape.len());
				let dim = random.odd_u32();
				if let Some(old) = tensor.shape.get_mut(axis) {
					*old = dim;
				}
			}
			2 => {
				let dim = random.odd_u32();
				// At eight dimensions there is room for no more.
				let _full = tensor.shape.try_push(dim);
			}
			3 => {
				let rank = random.below(tensor.shape.len());
				tensor.shape.truncate(rank);
			}
			4 => {
				let len = match random.below(64) {
					0 => noema_primitives::tensor::MAX_TENSOR_BYTES as usize,
					_ => random.below(2 * tensor.data.len() + 2),
				};
				tensor.data = bounded(&vec![random.next() as u8; len]);
			}
			5 => {
				let len = random.below(129);
				tensors[place].name = bounded(&random.bytes(len));
			}
			6 => {
				let copy = tensors[place].clone();
				let count = if random.one_in(8) { 15 } else { 1 };
				tensors.extend(std::iter::repeat_n(copy, count));
				tensors.truncate(16);
			}
			_ => {
				tensors.remove(place);
			}
		}
	}

	fn boxed(&self, random: &mut Random, depth: usize) -> Box<RuntimeCall> {
		Box::new(self.nested(random, depth))
	}

	fn calls(&self, random: &mut Random, depth: usize) -> Vec<RuntimeCall> {
		let most = if random.one_in(16) { 40 } else { 4 };
		let count = random.below(most);
		if random.one_in(4) {
			return vec![self.nested(random, depth); count];
		}
		(0..count).map(|_| self.nested(random, depth)).collect()
	}

	fn weight(&self, random: &mut Random) -> Weight {
		match random.below(3) {
			0 => Weight::MAX,
			1 => Weight::from_parts(random.next(), random.next()),
			_ => Weight::from_parts(1 << 36, 1 << 24),
		}
	}

	fn utility(
		&self,
		random: &mut Random,
		depth: usize,
	) -> pallet_utility::Call<noema_runtime::Runtime> {
		use pallet_utility::Call;
		let origin = |random: &mut Random| {
			Box::new(OriginCaller::system(match random.below(3) {
				0 => frame_system::RawOrigin::Root,
				1 => frame_system::RawOrigin::None,
				_ => frame_system::RawOrigin::Signed(self.account(random)),
			}))
		};
		match random.below(9) {
			0 | 1 => Call::batch {
				calls: self.calls(random, depth),
			},
			2 => Call::batch_all {
				calls: self.calls(random, depth),
			},
			3 => Call::force_batch {
				calls: self.calls(random, depth),
			},
			4 => Call::as_derivative {
				index: random.below(3) as u16,
				call: self.boxed(random, depth),
			},
			5 => Call::if_else {
				main: self.boxed(random, depth),
				fallback: self.boxed(random, depth),
			},
			6 => Call::dispatch_as {
				as_origin: origin(random),
				call: self.boxed(random, depth),
			},
			7 => Call::dispatch_as_fallible {
				as_origin: origin(random),
				call: self.boxed(random, depth),
			},
			_ => Call::with_weight {
				call: self.boxed(random, depth),
				weight: self.weight(random),
			},
		}
	}

	fn proxy_kind(&self, random: &mut Random) -> ProxyKind {
		*random.pick(&[
			ProxyKind::Any,
			ProxyKind::NonTransfer,
			ProxyKind::Models,
			ProxyKind::Inference,
		])
	}

	fn proxy(
		&self,
		random: &mut Random,
		depth: usize,
	) -> pallet_proxy::Call<noema_runtime::Runtime> {
		use pallet_proxy::Call;
		let delay = random.below(3) as u32;
		let proxy_type = self.proxy_kind(random);
		let force_proxy_type = random.one_in(2).then(|| self.proxy_kind(random));
		match random.below(12) {
			0..5 => Call::proxy {
				real: self.address(random),
				force_proxy_type,
				call: self.boxed(random, depth),
			},
			5 => Call::add_proxy {
				delegate: self.address(random),
				proxy_type,
				delay,
			},
			6 => Call::remove_proxy {
				delegate: self.address(random),
				proxy_type,
				delay,
			},
			7 => Call::create_pure {
				proxy_type,
				delay,
				index: random.below(2) as u16,
			},
			8 => Call::announce {
				real: self.address(random),
				call_hash: self.call_hash(random, depth),
			},
			9 => Call::proxy_announced {
				delegate: self.address(random),
				real: self.address(random),
				force_proxy_type,
				call: self.boxed(random, depth),
			},
			10 => Call::reject_announcement {
				delegate: self.address(random),
				call_hash: self.call_hash(random, depth),
			},
			_ => Call::remove_proxies {},
		}
	}

	fn call_hash(&self, random: &mut Random, depth: usize) -> H256 {
		BlakeTwo256::hash_of(&self.nested(random, depth))
	}

	fn multisig(
		&self,
		random: &mut Random,
		depth: usize,
	) -> pallet_multisig::Call<noema_runtime::Runtime> {
		use pallet_multisig::{Call, Timepoint};
		let mut other_signatories: Vec<AccountId> = (0..1 + random.below(3))
			.map(|_| self.account(random))
			.collect();
		if !random.one_in(8) {
			other_signatories.sort();
			other_signatories.dedup();
		}
		let threshold = match random.below(8) {
			0 => random.next() as u16,
			_ => 2,
		};
		let timepoint = Timepoint {
			height: random.below(64) as u32,
			index: random.below(8) as u32,
		};
		let maybe_timepoint = random.one_in(4).then_some(timepoint);
		let max_weight = self.weight(random);
		match random.below(5) {
			0 | 1 => Call::as_multi_threshold_1 {
				other_signatories,
				call: self.boxed(random, depth),
			},
			2 => Call::as_multi {
				threshold,
				other_signatories,
				maybe_timepoint,
				call: self.boxed(random, depth),
				max_weight,
			},
			3 => Call::approve_as_multi {
				threshold,
				other_signatories,
				maybe_timepoint,
				call_hash: self.call_hash(random, depth).0,
				max_weight,
			},
			_ => Call::cancel_as_multi {
				threshold,
				other_signatories,
				timepoint,
				call_hash: self.call_hash(random, depth).0,
			},
		}
	}

	fn sudo(&self, random: &mut Random, depth: usize) -> pallet_sudo::Call<noema_runtime::Runtime> {
		use pallet_sudo::Call;
		let call = self.boxed(random, depth);
		match random.below(3) {
			0 => Call::sudo { call },
			1 => Call::sudo_as {
				who: self.address(random),
				call,
			},
			_ => Call::sudo_unchecked_weight {
				call,
				weight: self.weight(random),
			},
		}
	}
}

/// The first bytes of `bytes`, as many as fit.
fn bounded<const N: u32>(
	bytes: &[u8],
) -> sp_runtime::BoundedVec<u8, frame_support::traits::ConstU32<N>> {
	sp_runtime::BoundedVec::truncate_from(bytes.to_vec())
}
