//! Exports that commit.

use super::call::{run_long, run_open, written};
use crate::database::payload::Operation;
use crate::expiry::Expiry;
use crate::number::from_host;
use crate::request;
use crate::status::Status;
use crate::version::Version;

/// Sets the key in the request to the value after it, which expires at a time (0 for never). The reply has the version.
#[unsafe(no_mangle)]
pub extern "C" fn luge_put(key_length: usize, value_length: usize, expires_ms: f64, now_ms: f64) -> i32 {
    run_open(|call| {
        let (key, value) = call.arguments(key_length, value_length)?;
        let operation = Operation { key, value: Some(value), expires: Expiry::of_number(from_host(expires_ms)) };
        let version = call.database.commit(&[operation], from_host(now_ms))?;
        Ok(written(call.database, version))
    })
}

/// Begins a put of the key in the request. Its value comes in parts: [`luge_extend_put`], then [`luge_finish_put`].
#[unsafe(no_mangle)]
pub extern "C" fn luge_begin_put(key_length: usize, value_length: usize, expires_ms: f64, now_ms: f64) -> i32 {
    run_long(&mut |call| {
        let (key, _) = call.arguments(key_length, 0)?;
        call.database.begin_put(key, value_length, Expiry::of_number(from_host(expires_ms)), from_host(now_ms))?;
        Ok(Status::Ok)
    })
}

/// Adds the bytes in the request to the value.
#[unsafe(no_mangle)]
pub extern "C" fn luge_extend_put(length: usize) -> i32 {
    run_long(&mut |call| {
        let (bytes, _) = call.arguments(length, 0)?;
        call.database.extend_put(bytes)?;
        Ok(Status::Ok)
    })
}

/// Commits the put whose value came in parts. The reply has the version.
#[unsafe(no_mangle)]
pub extern "C" fn luge_finish_put() -> i32 {
    run_long(&mut |call| {
        let version = call.database.finish_put()?;
        Ok(written(call.database, version))
    })
}

/// Deletes the key in the request. The reply has the version.
#[unsafe(no_mangle)]
pub extern "C" fn luge_delete(key_length: usize, now_ms: f64) -> i32 {
    run_open(|call| {
        let (key, _) = call.arguments(key_length, 0)?;
        let version = call.database.commit(&[Operation { key, value: None, expires: None }], from_host(now_ms))?;
        Ok(written(call.database, version))
    })
}

/// Commits the operations in the request, all or none, in the format of [`request::operations`]. The reply has the
/// version.
#[unsafe(no_mangle)]
pub extern "C" fn luge_batch(length: usize, now_ms: f64) -> i32 {
    run_open(|call| {
        let (bytes, _) = call.arguments(length, 0)?;
        let (operations, mergings) = request::operations(bytes)?;
        let version = if mergings.is_empty() {
            call.database.commit(&operations, from_host(now_ms))?
        } else {
            call.database.commit_merging(&operations, &mergings, from_host(now_ms))?
        };
        Ok(written(call.database, version))
    })
}

/// Applies commits of another store, each at its version. The request has a page with versions: `count` entries of whole
/// commits, by version and then by key, as `luge_commits` finds them. Then `until` is the newest version, which the reply has.
#[unsafe(no_mangle)]
pub extern "C" fn luge_apply(length: usize, count: usize, until: f64, now_ms: f64) -> i32 {
    run_long(&mut |call| {
        let (bytes, _) = call.arguments(length, 0)?;
        let entries = request::changes(bytes, count)?;
        let version = call.database.apply(&entries, Version::from_host(until), from_host(now_ms))?;
        Ok(written(call.database, version))
    })
}
