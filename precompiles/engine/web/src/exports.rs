//! What JavaScript calls. Bytes are handed over in the module's memory.

// Names of exports are unique in a module that is a program of its own; nothing here is unsafe
// otherwise.
#![allow(unsafe_code)]

use std::cell::RefCell;

use crate::session::{Session, SessionError};

thread_local! {
	static STATE: RefCell<State> = const { RefCell::new(State::new()) };
}

struct State {
	session: Option<Session>,
	/// What JavaScript has written, or what it is to read.
	buffer: Vec<u8>,
}

impl State {
	const fn new() -> Self {
		Self {
			session: None,
			buffer: Vec::new(),
		}
	}

	/// Puts a result or the text of an error into the buffer. 0 says that it is a result.
	fn finish(&mut self, result: Result<Vec<u8>, SessionError>) -> u32 {
		let failed = u32::from(result.is_err());
		self.buffer = result.unwrap_or_else(|error| error.to_string().into_bytes());
		failed
	}
}

/// Makes room for `len` bytes. Returns where to write them.
#[no_mangle]
pub extern "C" fn buffer(len: usize) -> *mut u8 {
	STATE.with_borrow_mut(|state| {
		state.buffer = vec![0; len];
		state.buffer.as_mut_ptr()
	})
}

/// Where the last result, or the text of the last error, begins.
#[no_mangle]
pub extern "C" fn result() -> *const u8 {
	STATE.with_borrow(|state| state.buffer.as_ptr())
}

/// How long that is, in bytes.
#[no_mangle]
pub extern "C" fn result_len() -> usize {
	STATE.with_borrow(|state| state.buffer.len())
}

/// Builds the plan of the ONNX file in the buffer. 0 is success; the result is JSON: `modelId`, and
/// `inputs` and `outputs` with name, dtype and shape.
#[no_mangle]
pub extern "C" fn load() -> u32 {
	STATE.with_borrow_mut(|state| {
		let file = std::mem::take(&mut state.buffer);
		state.session = None;
		let result = Session::open(&file).and_then(|session| {
			let text = session.description()?;
			state.session = Some(session);
			Ok(text)
		});
		state.finish(result)
	})
}

/// Runs the model on the inputs in the buffer: a JSON list of tensors, each with name, dtype, shape
/// and data as hexadecimal digits. 0 is success; the result is JSON, with `modelId`, `inputHash`,
/// `outputHash` and `outputs`, as a receipt has them.
#[no_mangle]
pub extern "C" fn infer() -> u32 {
	STATE.with_borrow_mut(|state| {
		let inputs = std::mem::take(&mut state.buffer);
		let result = match &state.session {
			None => Err(SessionError::NoModel),
			Some(session) => session.infer(&inputs),
		};
		state.finish(result)
	})
}

#[cfg(test)]
mod tests {
	use super::*;

	fn hand_over(bytes: &[u8]) {
		STATE.with_borrow_mut(|state| state.buffer = bytes.to_vec());
	}

	fn taken() -> String {
		STATE.with_borrow(|state| String::from_utf8(state.buffer.clone()).unwrap())
	}

	#[test]
	fn a_session_goes_through_the_buffer() {
		let file = include_bytes!("../../../../examples/digits/digits.onnx");
		assert!(!buffer(file.len()).is_null());
		assert_eq!(result_len(), file.len());
		hand_over(b"[]");
		assert_eq!(infer(), 1);
		assert!(taken().contains("load"));
		hand_over(b"no model");
		assert_eq!(load(), 1);
		hand_over(file);
		assert_eq!(load(), 0, "{}", taken());
		assert!(taken().contains("modelId"));
		hand_over(b"[]");
		assert_eq!(infer(), 1);
		assert!(taken().contains("input"), "{}", taken());
	}
}
