//! Exports for the lifecycle: the interface, the request buffer, open and close.

use std::path::Path;

use super::call::{run, run_open, set_work, with_state, written};
use super::reply::{REPLY, ReplyHeader};
use super::{ABI_VERSION, KEPT_BUFFER_BYTES, LEAST_REQUEST_BYTES};
use crate::database::{Database, Disks, Options};
use crate::disk::StandardDisk;
use crate::failure::{Failure, FailureKind};
use crate::number::from_host;
use crate::status::Status;

/// The directory of sled's files, below the one directory that the host opens for the engine.
const INDEX_DIRECTORY: &str = "/index";
/// The directory of the log's segments.
const LOG_DIRECTORY: &str = "/log";
/// The directory of the blocks of the table's upper level.
const UPPER_DIRECTORY: &str = "/upper";
/// The directory of the blocks of the table's bottom level.
const BOTTOM_DIRECTORY: &str = "/bottom";

/// Returns the version of this interface.
#[unsafe(no_mangle)]
pub extern "C" fn luge_abi_version() -> u32 {
    ABI_VERSION
}

/// Returns the address of the reply header, which is the same for the life of the instance.
#[unsafe(no_mangle)]
pub extern "C" fn luge_reply() -> *const ReplyHeader {
    &raw const REPLY
}

/// Returns the address of a request buffer of at least `length` bytes; 0 if there is not enough memory.
#[unsafe(no_mangle)]
pub extern "C" fn luge_reserve(length: usize) -> *mut u8 {
    let address = with_state(|state| {
        let request = &mut state.request;
        // The host may write this many bytes to the address without another call.
        let length = length.max(LEAST_REQUEST_BYTES);
        if request.len() > KEPT_BUFFER_BYTES && length <= KEPT_BUFFER_BYTES {
            *request = Vec::new();
        }
        if request.len() < length {
            *request = Vec::new();
            if request.try_reserve_exact(length).is_err() {
                return std::ptr::null_mut();
            }
            request.resize(request.capacity(), 0);
        }
        request.as_mut_ptr()
    });
    address.unwrap_or(std::ptr::null_mut())
}

/// Opens the database. Sizes are in bytes; `read_only` is 0 or 1. The reply has the version of the newest commit.
#[unsafe(no_mangle)]
pub extern "C" fn luge_open(cache_size: u32, write_buffer_size: u32, versions_to_keep: u32, read_only: u32) -> i32 {
    run(|state| {
        if state.database.is_some() {
            return Err(Failure::new(FailureKind::AlreadyOpen, "the engine is open already"));
        }
        let options = Options::new(u64::from(cache_size), write_buffer_size as usize, versions_to_keep as usize);
        let options = Options { read_only: read_only != 0, ..options };
        let disks = Disks {
            log: StandardDisk::new(LOG_DIRECTORY)?,
            upper: StandardDisk::new(UPPER_DIRECTORY)?,
            bottom: StandardDisk::new(BOTTOM_DIRECTORY)?,
        };
        let database = state.database.insert(Database::open(Path::new(INDEX_DIRECTORY), disks, options)?);
        Ok(written(database, database.version()))
    })
}

/// Does a small part of closing, after the last commit. [`Status::More`] says that more follows.
#[unsafe(no_mangle)]
pub extern "C" fn luge_close_step(now_ms: f64) -> i32 {
    run_open(|call| {
        let more = call.database.close_step(from_host(now_ms))?;
        set_work(call.database);
        Ok(if more { Status::More } else { Status::Ok })
    })
}

/// Makes everything durable and closes the database. The instance may open again.
#[unsafe(no_mangle)]
pub extern "C" fn luge_close(now_ms: f64) -> i32 {
    run(|state| {
        let Some(database) = state.database.take() else {
            return Err(Failure::new(FailureKind::NotOpen, "the engine is not open"));
        };
        state.stream = None;
        database.close(from_host(now_ms))?;
        Ok(Status::Ok)
    })
}
