//! The executor of runtime calls, which says on whose behalf each is made.

use std::fmt;

use noema_precompile_inference::host::{with_call_kind, CallKind};
use sc_executor::{RuntimeVersion, RuntimeVersionOf, WasmExecutor};
use sp_core::traits::{CallContext, CodeExecutor, ReadRuntimeVersion, RuntimeCode};
use sp_externalities::Externalities;

/// The host functions that the runtime may import.
///
/// Those of benchmarks are always among them, so that a runtime built with `runtime-benchmarks`
/// runs on any node.
pub type HostFunctions = (
	sp_io::SubstrateHostFunctions,
	frame_benchmarking::benchmarking::HostFunctions,
	noema_precompile_inference::HostFunctions,
);

/// Runs the runtime, and tells the inference precompile for each call whether it is part of a
/// block.
///
/// In a block, an internal fault of the precompile (a panic, a failed allocation) must stop the
/// node: Substrate would make it a trap, upon which an author drops the transaction and an
/// importer restarts its sync. Elsewhere, in a dry run or a plain `state_call`, the same fault is
/// an error of that call, and the calls run under one limit.
///
/// `E` does the work; it is [`WasmExecutor`] but in tests.
#[derive(Clone)]
pub struct NoemaExecutor<E = WasmExecutor<HostFunctions>>(E);

impl<E> NoemaExecutor<E> {
	/// Wraps an executor.
	pub const fn new(inner: E) -> Self {
		Self(inner)
	}
}

impl<E> fmt::Debug for NoemaExecutor<E> {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.write_str("NoemaExecutor")
	}
}

/// What the precompile is to know of a call.
const fn kind(context: CallContext) -> CallKind {
	match context {
		CallContext::Onchain { .. } => CallKind::OnChain,
		CallContext::Offchain => CallKind::OffChain,
	}
}

impl<E: CodeExecutor> CodeExecutor for NoemaExecutor<E> {
	type Error = E::Error;

	fn call(
		&self,
		ext: &mut dyn Externalities,
		runtime_code: &RuntimeCode<'_>,
		method: &str,
		data: &[u8],
		context: CallContext,
	) -> (Result<Vec<u8>, Self::Error>, bool) {
		with_call_kind(kind(context), || {
			self.0.call(ext, runtime_code, method, data, context)
		})
	}
}

impl<E: ReadRuntimeVersion> ReadRuntimeVersion for NoemaExecutor<E> {
	fn read_runtime_version(
		&self,
		wasm_code: &[u8],
		ext: &mut dyn Externalities,
	) -> Result<Vec<u8>, String> {
		self.0.read_runtime_version(wasm_code, ext)
	}
}

impl<E: RuntimeVersionOf> RuntimeVersionOf for NoemaExecutor<E> {
	fn runtime_version(
		&self,
		ext: &mut dyn Externalities,
		runtime_code: &RuntimeCode<'_>,
	) -> sc_executor::error::Result<RuntimeVersion> {
		self.0.runtime_version(ext, runtime_code)
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use noema_precompile_inference::{host::inject_fault, interface::noema_inference, Status};
	use noema_primitives::ModelId;
	use sp_externalities::set_and_run_with_externalities;
	use sp_io::TestExternalities;

	/// Answers with the data, with the context as an error, or with what the precompile says.
	#[derive(Clone)]
	struct Fake;

	/// A model whose every computation panics, for as long as this process lives.
	const BROKEN: [u8; 32] = [9; 32];

	impl CodeExecutor for Fake {
		type Error = String;

		fn call(
			&self,
			ext: &mut dyn Externalities,
			_: &RuntimeCode<'_>,
			method: &str,
			data: &[u8],
			context: CallContext,
		) -> (Result<Vec<u8>, String>, bool) {
			match method {
				"fail" => (Err(format!("{context:?}")), true),
				"infer" => {
					let status = set_and_run_with_externalities(ext, || {
						noema_inference::infer(1, &BROKEN, 1, &[], &[], &mut [])
					});
					(Ok(status.to_le_bytes().to_vec()), false)
				}
				_ => (Ok(data.to_vec()), false),
			}
		}
	}

	impl ReadRuntimeVersion for Fake {
		fn read_runtime_version(
			&self,
			code: &[u8],
			_: &mut dyn Externalities,
		) -> Result<Vec<u8>, String> {
			Ok(code.to_vec())
		}
	}

	#[test]
	fn block_building_and_import_are_on_chain_and_all_else_is_not() {
		assert_eq!(
			kind(CallContext::Onchain { import: true }),
			CallKind::OnChain
		);
		assert_eq!(
			kind(CallContext::Onchain { import: false }),
			CallKind::OnChain
		);
		assert_eq!(kind(CallContext::Offchain), CallKind::OffChain);
	}

	#[test]
	fn calls_and_answers_pass_unchanged() {
		let executor = NoemaExecutor::new(Fake);
		let mut ext = TestExternalities::default();
		let mut ext = ext.ext();
		let code = RuntimeCode::empty();
		let context = CallContext::Onchain { import: true };
		let answer = executor.call(&mut ext, &code, "echo", &[1, 2], context);
		assert_eq!(answer, (Ok(vec![1, 2]), false));
		let answer = executor.call(&mut ext, &code, "fail", &[], context);
		assert_eq!(answer, (Err("Onchain { import: true }".into()), true));
		assert_eq!(executor.read_runtime_version(&[3], &mut ext), Ok(vec![3]));
	}

	#[test]
	fn an_offchain_fault_reaches_the_caller_as_a_status() {
		inject_fault(ModelId(BROKEN));
		let mut ext = TestExternalities::default();
		let mut ext = ext.ext();
		// Without a kind, the precompile would panic here.
		let (answer, _) = NoemaExecutor::new(Fake).call(
			&mut ext,
			&RuntimeCode::empty(),
			"infer",
			&[],
			CallContext::Offchain,
		);
		assert_eq!(
			answer,
			Ok((Status::InternalFault as i64).to_le_bytes().to_vec())
		);
	}
}
