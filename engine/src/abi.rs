//! The exports: a C ABI over one engine an instance. The only file that may hold `unsafe`.
//!
//! A call writes its arguments, back to back, into the request buffer ([`luge_reserve`]), passes their lengths, and gets a
//! [`Status`]. Result bytes are described by the reply header ([`luge_reply`]): three `u32`, the address, the length and
//! the number of entries. A failed call leaves its message there, in UTF-8. The reply is valid until the next call.

#![allow(unsafe_code, reason = "exports need #[unsafe(no_mangle)]")]

use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use sled::IVec;

use crate::engine::Engine;
use crate::failure::Failure;
use crate::status::Status;

/// Grows with every incompatible change of the exports; the host refuses another one.
const ABI_VERSION: u32 = 1;

/// Where sled keeps its files, below the one directory that the host opens for us.
const DIRECTORY: &str = "/table";

/// A request buffer above this size is given back once a smaller one will do.
const REQUEST_KEPT_BYTES: usize = 1 << 20;

/// The reply header: address, length, count.
static REPLY: [AtomicU32; 3] = [const { AtomicU32::new(0) }; 3];

/// What the bytes of the last reply live in.
enum Reply {
    Bytes(Vec<u8>),
    Value(IVec),
}

struct State {
    engine: Option<Engine>,
    request: Vec<u8>,
    reply: Reply,
}

thread_local! {
    static STATE: RefCell<State> =
        const { RefCell::new(State { engine: None, request: Vec::new(), reply: Reply::Bytes(Vec::new()) }) };
}

impl State {
    /// The first `first` bytes of the request and the `second` behind them.
    fn arguments(&self, first: usize, second: usize) -> Result<(&[u8], &[u8]), Failure> {
        self.request
            .get(..first.saturating_add(second))
            .and_then(|request| request.split_at_checked(first))
            .ok_or_else(|| Failure::new(Status::InvalidRequest, "the lengths exceed the request buffer"))
    }

    fn engine(&self) -> Result<&Engine, Failure> {
        self.engine.as_ref().ok_or_else(|| Failure::new(Status::NotOpen, "the engine is not open"))
    }

    fn reply(&mut self, reply: Reply, count: u32) {
        self.reply = reply;
        let bytes: &[u8] = match &self.reply {
            Reply::Bytes(bytes) => bytes,
            Reply::Value(value) => value,
        };
        // Addresses and lengths fit 32 bits in WebAssembly; natively nobody follows them.
        for (slot, value) in REPLY.iter().zip([bytes.as_ptr().addr() as u32, bytes.len() as u32, count]) {
            slot.store(value, Ordering::Relaxed);
        }
    }
}

/// Runs one export: guards against re-entry and turns a failure into its status and message.
fn run(call: impl FnOnce(&mut State) -> Result<Status, Failure>) -> i32 {
    STATE.with(|state| {
        let Ok(mut state) = state.try_borrow_mut() else { return Status::Reentrant as i32 };
        match call(&mut state) {
            Ok(status) => status as i32,
            Err(failure) => {
                state.reply(Reply::Bytes(failure.message.into_bytes()), 0);
                failure.status as i32
            }
        }
    })
}

/// The version of this interface.
#[unsafe(no_mangle)]
pub extern "C" fn luge_abi_version() -> u32 {
    ABI_VERSION
}

/// The address of the reply header, the same for the life of the instance.
#[unsafe(no_mangle)]
pub extern "C" fn luge_reply() -> *const AtomicU32 {
    REPLY.as_ptr()
}

/// The address of a request buffer of at least `length` bytes, or null when memory is refused.
#[unsafe(no_mangle)]
pub extern "C" fn luge_reserve(length: usize) -> *mut u8 {
    STATE.with(|state| {
        let Ok(mut state) = state.try_borrow_mut() else { return std::ptr::null_mut() };
        let request = &mut state.request;
        if request.len() > REQUEST_KEPT_BYTES && length <= REQUEST_KEPT_BYTES {
            *request = Vec::new();
        }
        if request.len() < length {
            *request = Vec::new();
            if request.try_reserve_exact(length.max(4096)).is_err() {
                return std::ptr::null_mut();
            }
            request.resize(request.capacity(), 0);
        }
        request.as_mut_ptr()
    })
}

/// Opens the store; `cache_size` bounds sled's cache in bytes.
#[unsafe(no_mangle)]
pub extern "C" fn luge_open(cache_size: u32) -> i32 {
    run(|state| {
        if state.engine.is_some() {
            return Err(Failure::new(Status::AlreadyOpen, "the engine is open already"));
        }
        state.engine = Some(Engine::open(Path::new(DIRECTORY), u64::from(cache_size))?);
        Ok(Status::Ok)
    })
}

/// The value of the key in the request, as the reply.
#[unsafe(no_mangle)]
pub extern "C" fn luge_get(key_length: usize) -> i32 {
    run(|state| {
        let (key, _) = state.arguments(key_length, 0)?;
        let Some(value) = state.engine()?.get(key)? else { return Ok(Status::NotFound) };
        state.reply(Reply::Value(value), 1);
        Ok(Status::Ok)
    })
}

/// Whether the key in the request is there.
#[unsafe(no_mangle)]
pub extern "C" fn luge_has(key_length: usize) -> i32 {
    run(|state| {
        let (key, _) = state.arguments(key_length, 0)?;
        Ok(if state.engine()?.has(key)? { Status::Ok } else { Status::NotFound })
    })
}

/// Sets the key in the request to the value behind it.
#[unsafe(no_mangle)]
pub extern "C" fn luge_put(key_length: usize, value_length: usize) -> i32 {
    run(|state| {
        let (key, value) = state.arguments(key_length, value_length)?;
        state.engine()?.put(key, value)?;
        Ok(Status::Ok)
    })
}

/// Removes the key in the request.
#[unsafe(no_mangle)]
pub extern "C" fn luge_delete(key_length: usize) -> i32 {
    run(|state| {
        let (key, _) = state.arguments(key_length, 0)?;
        state.engine()?.delete(key)?;
        Ok(Status::Ok)
    })
}

/// A page of the entries with the prefix in the request, behind the key that follows it, `budget` bytes at most unless
/// one entry alone is larger. [`Status::More`] says that more follow.
#[unsafe(no_mangle)]
pub extern "C" fn luge_scan(prefix_length: usize, after_length: usize, budget: usize) -> i32 {
    run(|state| {
        let (prefix, after) = state.arguments(prefix_length, after_length)?;
        let (page, more) = state.engine()?.scan(prefix, after, budget)?;
        state.reply(Reply::Bytes(page.bytes), page.count);
        Ok(if more { Status::More } else { Status::Ok })
    })
}

/// Returns when everything so far is durable.
#[unsafe(no_mangle)]
pub extern "C" fn luge_flush() -> i32 {
    run(|state| {
        state.engine()?.flush()?;
        Ok(Status::Ok)
    })
}

/// Makes everything durable and closes the store; the instance may open again.
#[unsafe(no_mangle)]
pub extern "C" fn luge_close() -> i32 {
    run(|state| {
        state.engine()?;
        if let Some(engine) = state.engine.take() {
            engine.close()?;
        }
        Ok(Status::Ok)
    })
}
