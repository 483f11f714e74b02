//! Exports that read keys and ranges, and open and close snapshots.

use super::call::{run_long, run_open};
use super::reply::{REPLY, set_bytes, set_page};
use crate::database::{Newest, Walked};
use crate::entry::Entry;
use crate::expiry::Expiry;
use crate::failure::{Failure, FailureKind};
use crate::number::{from_host, u32_of};
use crate::page::{Page, PageEntry};
use crate::request::flags as flag;
use crate::status::Status;
use crate::version::Version;

/// Reads the value of the key in the request as of a version. The reply is the value, with its version and expiry.
/// [`Status::Streamed`] says that the value is large: the reply has only its length, and [`luge_read_part`] reads it.
#[unsafe(no_mangle)]
pub extern "C" fn luge_get(key_length: usize, version: f64, now_ms: f64) -> i32 {
    run_open(|call| {
        let (key, _) = call.arguments(key_length, 0)?;
        let Some(read) = call.database.get(key, Version::from_host(version), from_host(now_ms), call.reply)? else {
            return Ok(Status::NotFound);
        };
        REPLY.version.set(read.version.get());
        REPLY.expires_ms.set(Expiry::number_of(read.expires));
        match read.stream {
            None => {
                set_bytes(call.reply, 1);
                Ok(Status::Ok)
            }
            Some(stream) => {
                REPLY.length.set(u32_of(stream.length()));
                *call.stream = Some(stream);
                Ok(Status::Streamed)
            }
        }
    })
}

/// Reads the next bytes, `size` at most, of the large value that [`luge_get`] found.
#[unsafe(no_mangle)]
pub extern "C" fn luge_read_part(size: usize) -> i32 {
    run_long(&mut |call| {
        let Some(stream) = call.stream else {
            return Err(Failure::new(FailureKind::InvalidRequest, "no value is being read"));
        };
        call.database.read_part(stream, size, call.reply)?;
        set_bytes(call.reply, 1);
        Ok(Status::Ok)
    })
}

/// Finds the version of the key's value as of a version. Returns [`Status::NotFound`] if the key has no value.
#[unsafe(no_mangle)]
pub extern "C" fn luge_version_of(key_length: usize, version: f64, now_ms: f64) -> i32 {
    run_open(|call| {
        let (key, _) = call.arguments(key_length, 0)?;
        let Some(found) = call.database.version_of(key, Version::from_host(version), from_host(now_ms))? else {
            return Ok(Status::NotFound);
        };
        REPLY.version.set(found.get());
        Ok(Status::Ok)
    })
}

/// Reads a page of the entries between the two keys in the request, as the flags say. A page has `limit` entries at
/// most, and `budget` bytes at most unless its only entry is larger. Looks at about `visits` entries. [`Status::More`]
/// says that more may follow: after the key at the end of the reply, or, if there is none, after the last key of the
/// page.
#[unsafe(no_mangle)]
pub extern "C" fn luge_scan(
    flags: u32,
    lower_length: usize,
    upper_length: usize,
    limit: u32,
    budget: usize,
    visits: u32,
    version: f64,
    now_ms: f64,
) -> i32 {
    run_open(|call| {
        let range = call.range(flags, (lower_length, upper_length), version, now_ms)?;
        let mut page = Page::new(call.reply, budget, flags & flag::WITH_VERSIONS != 0);
        let walked = call.database.scan(range, flags & flag::KEYS_ONLY == 0, visits, |entry, value| {
            let (version, expires) = (entry.version, entry.expires);
            let value = Some(value);
            let pushed = page.push(&PageEntry { key: entry.key, value, is_large: false, version, expires })?;
            Ok(pushed && page.count() < limit)
        })?;
        let (status, next_key) = match walked {
            Walked::End => (Status::Ok, Vec::new()),
            Walked::Full => (Status::More, Vec::new()),
            Walked::Paused(key) => (Status::More, key),
        };
        set_page(page, &next_key);
        Ok(status)
    })
}

/// Counts the entries between the two keys in the request, up to `limit`. Looks at about `visits` entries. [`Status::More`]
/// says that there may be more, after the key in the reply.
#[unsafe(no_mangle)]
pub extern "C" fn luge_count(
    flags: u32,
    lower_length: usize,
    upper_length: usize,
    limit: u32,
    visits: u32,
    version: f64,
    now_ms: f64,
) -> i32 {
    run_open(|call| {
        let range = call.range(flags, (lower_length, upper_length), version, now_ms)?;
        let (count, last) = call.database.count(range, limit, visits)?;
        *call.reply = last;
        set_bytes(call.reply, count);
        Ok(if call.reply.is_empty() { Status::Ok } else { Status::More })
    })
}

/// Reads the versions of the key in the request that the engine keeps, newest first, as a page with versions. A
/// deletion and an expired version have no value. A value above `largest` bytes has only the length `LARGE_VALUE`.
/// Begins at the newest version up to `below`; `listed` versions are newer. [`Status::More`] says that more follow: the
/// reply has the next `below` and `listed`.
#[unsafe(no_mangle)]
pub extern "C" fn luge_versions(
    key_length: usize,
    budget: usize,
    largest: u32,
    below: f64,
    listed: u32,
    now_ms: f64,
) -> i32 {
    run_long(&mut |call| {
        let (key, _) = call.arguments(key_length, 0)?;
        let mut page = Page::new(call.reply, budget, true);
        let from = (Version::from_host(below), listed as usize);
        let next = call
            .database
            .versions(key, from, largest, from_host(now_ms), |entry, newest| push_newest(&mut page, entry, newest))?;
        set_page(page, &[]);
        let Some((below, listed)) = next else { return Ok(Status::Ok) };
        REPLY.next_version.set(below.get());
        REPLY.next_listed.set(u32_of(listed));
        Ok(Status::More)
    })
}

/// Adds a version of a key to a page. Returns whether the page had room.
fn push_newest(page: &mut Page<'_>, entry: &Entry<'_>, newest: Newest<'_>) -> Result<bool, Failure> {
    let (value, is_large) = match newest {
        Newest::Gone => (None, false),
        Newest::Value(value) => (Some(value), false),
        Newest::Large => (None, true),
    };
    let (version, expires) = (entry.version, entry.expires);
    page.push(&PageEntry { key: entry.key, value, is_large, version, expires })
}

/// Reads when a version was written. The reply has the span of time. [`Status::NotFound`] if nobody knows.
#[unsafe(no_mangle)]
pub extern "C" fn luge_write_time(version: f64) -> i32 {
    run_open(|call| {
        let Some(time) = call.database.write_time(Version::from_host(version)) else { return Ok(Status::NotFound) };
        REPLY.written_from.set(time.from);
        REPLY.written_to.set(time.to);
        Ok(Status::Ok)
    })
}

/// Opens a snapshot at a version, or at the newest one if that is older. The reply has its version. Returns
/// [`Status::NotFound`] if the engine has removed data that the snapshot would see.
#[unsafe(no_mangle)]
pub extern "C" fn luge_open_snapshot(version: f64, now_ms: f64) -> i32 {
    run_long(&mut |call| {
        let Some(version) = call.database.open_snapshot(Version::from_host(version), from_host(now_ms)) else {
            return Ok(Status::NotFound);
        };
        REPLY.version.set(version.get());
        Ok(Status::Ok)
    })
}

/// Closes a snapshot at a version. Returns [`Status::NotFound`] if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn luge_close_snapshot(version: f64) -> i32 {
    run_long(&mut |call| {
        Ok(if call.database.close_snapshot(Version::from_host(version)) { Status::Ok } else { Status::NotFound })
    })
}
