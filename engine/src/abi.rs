//! The exports: a C ABI over one database an instance. The only file that may hold `unsafe`.
//!
//! A call writes its arguments, back to back, into the request buffer ([`luge_reserve`]), passes their lengths, and gets a
//! [`Status`]. What it found is described by the reply header ([`luge_reply`]): four `u32`, the address and the length of
//! the reply's bytes, the number of entries in them, and how much work there is for [`luge_step`]; then two `f64`, a
//! version and an expiry in milliseconds. A failed call leaves its message as the reply, in UTF-8. The reply is valid
//! until the next call. Versions and times cross as `f64`, which holds integers up to 2^53.

#![allow(unsafe_code, reason = "exports need #[unsafe(no_mangle)]")]

use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::cursor::Range;
use crate::database::commit::Operation;
use crate::database::{Budget, Database, Disks, GoOn, Newest, Options, ValueStream, Verification, Walked};
use crate::disk::StandardDisk;
use crate::entry::{Boundary, Entry};
use crate::failure::Failure;
use crate::page::{Page, PageEntry};
use crate::request::{self, flags};
use crate::status::Status;

/// Grows with every incompatible change of the exports; the host refuses another one.
const ABI_VERSION: u32 = 6;

/// Where sled keeps its files, below the one directory that the host opens for us.
const INDEX_DIRECTORY: &str = "/index";
/// Where the log keeps its segments.
const LOG_DIRECTORY: &str = "/log";
/// Where the blocks of the table's upper level stand.
const UPPER_DIRECTORY: &str = "/upper";
/// Where those of its bottom level stand.
const BOTTOM_DIRECTORY: &str = "/bottom";

/// A buffer above this size is given back once a smaller one will do.
const KEPT_BYTES: usize = 1 << 20;
/// The largest integer below which all are exact as an `f64`; above every version.
const MOST_EXACT: u64 = (1 << 53) - 1;
/// The request buffer is at least this large.
const LEAST_REQUEST_BYTES: usize = 4096;

#[repr(align(8))]
struct Header([AtomicU32; 8]);

static REPLY: Header = Header([const { AtomicU32::new(0) }; 8]);

struct State {
    database: Option<Database<StandardDisk>>,
    request: Vec<u8>,
    reply: Vec<u8>,
    stream: Option<ValueStream>,
    verification: Verification,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::new(State {
        database: None,
        request: Vec::new(),
        reply: Vec::new(),
        stream: None,
        verification: Verification::default(),
    });
}

/// The parts of the state that a call works with.
struct Call<'a> {
    database: &'a mut Database<StandardDisk>,
    request: &'a [u8],
    reply: &'a mut Vec<u8>,
    stream: &'a mut Option<ValueStream>,
    verification: &'a mut Verification,
}

impl<'a> Call<'a> {
    /// The first `first` bytes of the request and the `second` behind them.
    fn arguments(&self, first: usize, second: usize) -> Result<(&'a [u8], &'a [u8]), Failure> {
        self.request
            .get(..first.saturating_add(second))
            .and_then(|request| request.split_at_checked(first))
            .ok_or_else(|| Failure::new(Status::InvalidRequest, "the lengths exceed the request buffer"))
    }

    /// The range between the two keys in the request.
    fn range(&self, bits: u32, lengths: (usize, usize), version: f64, now_ms: f64) -> Result<Range<'a>, Failure> {
        let (lower, upper) = self.arguments(lengths.0, lengths.1)?;
        Ok(request::range(bits, lower, upper, version, now_ms))
    }
}

/// Sets a word of the reply header.
fn set_word(index: usize, value: u32) {
    if let Some(word) = REPLY.0.get(index) {
        word.store(value, Ordering::Relaxed);
    }
}

/// Sets one of the two `f64` of the reply header.
fn set_number(index: usize, value: u64) {
    let bits = (value as f64).to_bits();
    set_word(4 + 2 * index, bits as u32);
    set_word(5 + 2 * index, (bits >> 32) as u32);
}

fn set_bytes(bytes: &[u8], count: u32) {
    // Addresses and lengths fit 32 bits in WebAssembly; natively nobody follows them.
    set_word(0, bytes.as_ptr().addr() as u32);
    set_word(1, bytes.len() as u32);
    set_word(2, count);
}

/// Makes a page the reply.
fn set_page(page: Page<'_>) {
    let (bytes, count) = page.finish();
    set_bytes(bytes, count);
}

/// Runs one export: guards against re-entry and turns a failure into its status and message.
fn run(call: impl FnOnce(&mut State) -> Result<Status, Failure>) -> i32 {
    STATE.with(|state| {
        let Ok(mut state) = state.try_borrow_mut() else { return Status::Reentrant as i32 };
        match call(&mut state) {
            Ok(status) => status as i32,
            Err(failure) => {
                state.reply = failure.message.into_bytes();
                set_bytes(&state.reply, 0);
                failure.status as i32
            }
        }
    })
}

/// Runs an export that needs the open database.
fn run_open(call: impl FnOnce(Call<'_>) -> Result<Status, Failure>) -> i32 {
    run(|state| {
        let State { database, request, reply, stream, verification } = state;
        let Some(database) = database else {
            return Err(Failure::new(Status::NotOpen, "the engine is not open"));
        };
        if reply.capacity() > KEPT_BYTES {
            *reply = Vec::new();
        }
        call(Call { database, request, reply, stream, verification })
    })
}

/// Ends a write: the reply has its version, and whether there is work.
fn written(database: &Database<StandardDisk>, version: u64) -> Status {
    set_number(0, version);
    set_work(database);
    Status::Ok
}

/// What there is to do behind the commits: 0 nothing, 1 something, 2 what is behind them.
fn set_work(database: &Database<StandardDisk>) {
    set_word(3, u32::from(database.has_work()) + u32::from(database.is_behind()));
}

/// The version of this interface.
#[unsafe(no_mangle)]
pub extern "C" fn luge_abi_version() -> u32 {
    ABI_VERSION
}

/// The address of the reply header, the same for the life of the instance.
#[unsafe(no_mangle)]
pub extern "C" fn luge_reply() -> *const AtomicU32 {
    REPLY.0.as_ptr()
}

/// The address of a request buffer of at least `length` bytes, or null when memory is refused.
#[unsafe(no_mangle)]
pub extern "C" fn luge_reserve(length: usize) -> *mut u8 {
    STATE.with(|state| {
        let Ok(mut state) = state.try_borrow_mut() else { return std::ptr::null_mut() };
        let request = &mut state.request;
        // The host counts on this much behind every address that it gets.
        let length = length.max(LEAST_REQUEST_BYTES);
        if request.len() > KEPT_BYTES && length <= KEPT_BYTES {
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
    })
}

/// Opens the database. Sizes are in bytes; `read_only` is 0 or 1.
#[unsafe(no_mangle)]
pub extern "C" fn luge_open(cache_size: u32, write_buffer_size: u32, versions_to_keep: u32, read_only: u32) -> i32 {
    run(|state| {
        if state.database.is_some() {
            return Err(Failure::new(Status::AlreadyOpen, "the engine is open already"));
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

/// The value of the key in the request as of a version, as the reply, with version and expiry. A large one is not brought
/// over: [`Status::Streamed`], with its length as the length of the reply, says that [`luge_read`] does.
#[unsafe(no_mangle)]
pub extern "C" fn luge_get(key_length: usize, version: f64, now_ms: f64) -> i32 {
    run_open(|call| {
        let (key, _) = call.arguments(key_length, 0)?;
        let Some(read) = call.database.get(key, version as u64, now_ms as u64, call.reply)? else {
            return Ok(Status::NotFound);
        };
        set_number(0, read.version);
        set_number(1, read.expires_ms);
        match read.stream {
            None => {
                set_bytes(call.reply, 1);
                Ok(Status::Ok)
            }
            Some(stream) => {
                set_word(1, stream.length() as u32);
                *call.stream = Some(stream);
                Ok(Status::Streamed)
            }
        }
    })
}

/// The next bytes, at most `size`, of the value that [`luge_get`] said is large.
#[unsafe(no_mangle)]
pub extern "C" fn luge_read(size: usize) -> i32 {
    run_open(|call| {
        let Some(stream) = call.stream else {
            return Err(Failure::new(Status::InvalidRequest, "no value is being read"));
        };
        call.database.read_part(stream, size, call.reply)?;
        set_bytes(call.reply, 1);
        Ok(Status::Ok)
    })
}

/// Whether the key in the request is there as of a version; then the reply has the version of its value.
#[unsafe(no_mangle)]
pub extern "C" fn luge_has(key_length: usize, version: f64, now_ms: f64) -> i32 {
    run_open(|call| {
        let (key, _) = call.arguments(key_length, 0)?;
        let Some(found) = call.database.has(key, version as u64, now_ms as u64)? else {
            return Ok(Status::NotFound);
        };
        set_number(0, found);
        Ok(Status::Ok)
    })
}

/// Sets the key in the request to the value behind it, to expire at a time (0 for never).
#[unsafe(no_mangle)]
pub extern "C" fn luge_put(key_length: usize, value_length: usize, expires_ms: f64, now_ms: f64) -> i32 {
    run_open(|call| {
        let (key, value) = call.arguments(key_length, value_length)?;
        let operation = Operation { key, value: Some(value), expires_ms: expires_ms as u64 };
        let version = call.database.commit(&[operation], now_ms as u64)?;
        Ok(written(call.database, version))
    })
}

/// Begins a put of the key in the request whose value comes in pieces.
#[unsafe(no_mangle)]
pub extern "C" fn luge_put_begin(key_length: usize, value_length: usize, expires_ms: f64, now_ms: f64) -> i32 {
    run_open(|call| {
        let (key, _) = call.arguments(key_length, 0)?;
        call.database.begin_put(key, value_length, expires_ms as u64, now_ms as u64)?;
        Ok(Status::Ok)
    })
}

/// Adds the bytes in the request to the value.
#[unsafe(no_mangle)]
pub extern "C" fn luge_put_part(length: usize) -> i32 {
    run_open(|call| {
        let (bytes, _) = call.arguments(length, 0)?;
        call.database.extend_put(bytes)?;
        Ok(Status::Ok)
    })
}

/// Commits the put that came in pieces.
#[unsafe(no_mangle)]
pub extern "C" fn luge_put_end() -> i32 {
    run_open(|call| {
        let version = call.database.finish_put()?;
        Ok(written(call.database, version))
    })
}

/// Removes the key in the request.
#[unsafe(no_mangle)]
pub extern "C" fn luge_delete(key_length: usize, now_ms: f64) -> i32 {
    run_open(|call| {
        let (key, _) = call.arguments(key_length, 0)?;
        let version = call.database.commit(&[Operation { key, value: None, expires_ms: 0 }], now_ms as u64)?;
        Ok(written(call.database, version))
    })
}

/// Commits the operations in the request, all or none (see [`request::operations`]).
#[unsafe(no_mangle)]
pub extern "C" fn luge_batch(length: usize, now_ms: f64) -> i32 {
    run_open(|call| {
        let (bytes, _) = call.arguments(length, 0)?;
        let version = call.database.commit(&request::operations(bytes)?, now_ms as u64)?;
        Ok(written(call.database, version))
    })
}

/// A page of the entries between the two keys in the request, as the flags say (see [`request::flags`]): `limit` entries
/// and `budget` bytes at most, unless one entry alone is larger. Looks at about `visits` entries. [`Status::More`] says that more may
/// follow: behind the key that stands behind the page, and has as many bytes as the first number of the reply says; behind the last
/// key of the page where there is none.
#[unsafe(no_mangle)]
pub extern "C" fn luge_scan(
    bits: u32,
    lower_length: usize,
    upper_length: usize,
    limit: u32,
    budget: usize,
    visits: u32,
    version: f64,
    now_ms: f64,
) -> i32 {
    run_open(|call| {
        let range = call.range(bits, (lower_length, upper_length), version, now_ms)?;
        let mut page = Page::new(call.reply, budget, bits & flags::WITH_VERSIONS != 0);
        let walked = call.database.visit(range, bits & flags::KEYS_ONLY == 0, visits, |entry, value| {
            let (version, expires_ms) = (entry.version, entry.expires_ms);
            let value = Some(value);
            let pushed = page.push(&PageEntry { key: entry.key, value, is_large: false, version, expires_ms })?;
            Ok(pushed && page.count() < limit)
        })?;
        let (status, key) = match walked {
            Walked::End => (Status::Ok, Vec::new()),
            Walked::Full => (Status::More, Vec::new()),
            Walked::Paused(key) => (Status::More, key),
        };
        let (bytes, count) = page.finish_with(&key);
        set_bytes(bytes, count);
        set_number(0, key.len() as u64);
        Ok(status)
    })
}

/// Counts the entries between the two keys in the request, `limit` at most. Looks at about `visits` entries. [`Status::More`] says that
/// there may be more, behind the key in the reply.
#[unsafe(no_mangle)]
pub extern "C" fn luge_count(
    bits: u32,
    lower_length: usize,
    upper_length: usize,
    limit: u32,
    visits: u32,
    version: f64,
    now_ms: f64,
) -> i32 {
    run_open(|call| {
        let range = call.range(bits, (lower_length, upper_length), version, now_ms)?;
        let (count, last) = call.database.count_live(range, limit, visits)?;
        *call.reply = last;
        set_bytes(call.reply, count);
        Ok(if call.reply.is_empty() { Status::Ok } else { Status::More })
    })
}

/// The versions of the key in the request that are kept, newest first, as a page with versions: what is gone without a value,
/// and with [`crate::page::LARGE_VALUE`] for the length of a value above `largest` bytes. Begins at or before the version `below`,
/// behind `listed` newer ones. [`Status::More`] says that more follow: the numbers of the reply are the next `below` and `listed`.
#[unsafe(no_mangle)]
pub extern "C" fn luge_versions(
    key_length: usize,
    budget: usize,
    largest: u32,
    below: f64,
    listed: f64,
    now_ms: f64,
) -> i32 {
    run_open(|call| {
        let (key, _) = call.arguments(key_length, 0)?;
        let mut page = Page::new(call.reply, budget, true);
        let from = (below as u64, listed as usize);
        let next = call
            .database
            .visit_versions(key, from, largest, now_ms as u64, |entry, newest| push_newest(&mut page, entry, newest))?;
        set_page(page);
        let Some((below, listed)) = next else { return Ok(Status::Ok) };
        set_number(0, below.min(MOST_EXACT));
        set_number(1, listed as u64);
        Ok(Status::More)
    })
}

/// Adds a version of a key to a page; says whether it had room.
fn push_newest(page: &mut Page<'_>, entry: &Entry<'_>, newest: Newest<'_>) -> Result<bool, Failure> {
    let (value, is_large) = match newest {
        Newest::Gone => (None, false),
        Newest::Value(value) => (Some(value), false),
        Newest::Large => (None, true),
    };
    let (version, expires_ms) = (entry.version, entry.expires_ms);
    page.push(&PageEntry { key: entry.key, value, is_large, version, expires_ms })
}

/// The versions of keys between the two in the request that were committed after `since` and up to `until`: by key, newest
/// first, as a page with versions, one that is gone without a value, the others with an empty one. Looks at `visits` entries at
/// most. Of the lower key only versions up to `below`. [`Status::More`] says that more follow: the first number of the reply is
/// the version and the bytes behind the page the key to go on with.
#[unsafe(no_mangle)]
pub extern "C" fn luge_changes(
    bits: u32,
    lower_length: usize,
    upper_length: usize,
    budget: usize,
    visits: u32,
    since: f64,
    until: f64,
    below: f64,
    now_ms: f64,
) -> i32 {
    run_open(|call| {
        let range = call.range(bits, (lower_length, upper_length), until, now_ms)?;
        let range = begun_at(range, below as u64);
        let mut page = Page::new(call.reply, usize::MAX, true);
        let next = call.database.visit_changes(range, since as u64, Budget { visits, bytes: budget }, |entry| {
            let value = Some(&[][..]).filter(|_| !entry.is_gone(range.now_ms));
            let (version, expires_ms) = (entry.version, entry.expires_ms);
            page.push(&PageEntry { key: entry.key, value, is_large: false, version, expires_ms })?;
            Ok(())
        })?;
        Ok(set_changes(page, next))
    })
}

/// A range that begins at a version of its lower key.
fn begun_at(range: Range<'_>, version: u64) -> Range<'_> {
    match range.lower {
        Boundary::Before(key) => Range { lower: Boundary::At(key, version), ..range },
        _ => range,
    }
}

/// Makes a page of changes the reply, and behind it where to go on.
fn set_changes(page: Page<'_>, next: Option<GoOn>) -> Status {
    let Some(GoOn { key, version }) = next else {
        set_page(page);
        return Status::Ok;
    };
    let (bytes, count) = page.finish_with(&key);
    set_bytes(bytes, count);
    set_number(0, version.min(MOST_EXACT));
    Status::More
}

/// As [`luge_changes`], with values and in the order of the commits: from a version on, and within it from the key on that stands
/// in the request behind the two of the range. [`Status::NotFound`] when not all of them are in memory.
#[unsafe(no_mangle)]
pub extern "C" fn luge_commits(
    bits: u32,
    lower_length: usize,
    upper_length: usize,
    key_length: usize,
    budget: usize,
    visits: u32,
    from: f64,
    until: f64,
    now_ms: f64,
) -> i32 {
    run_open(|call| {
        let range = call.range(bits, (lower_length, upper_length), until, now_ms)?;
        let (_, key) = call.arguments(lower_length.saturating_add(upper_length), key_length)?;
        let mut page = Page::new(call.reply, budget, true);
        let budget = Budget { visits, bytes: budget };
        let next = call.database.visit_commits(range, (from as u64, key), budget, |entry, value| {
            let (version, expires_ms) = (entry.version, entry.expires_ms);
            let added = page.push(&PageEntry { key: entry.key, value, is_large: false, version, expires_ms })?;
            // The page counts as the budget does: what it has no room for was not asked for.
            if added { Ok(()) } else { Err(Failure::new(Status::InvalidRequest, "a page has no room for a change")) }
        })?;
        Ok(next.map_or(Status::NotFound, |next| set_changes(page, next)))
    })
}

/// Of each key from the one in the request on (all without one; of that one only versions up to `below`) that changed after
/// `since` and up to `until` the newest version, as a page with versions: what is gone without a value, and with
/// [`crate::page::LARGE_VALUE`] for the length of a value above `largest` bytes. With `gone` 0 what is gone is left out. Looks at
/// `visits` entries at most; where to go on is told as by [`luge_changes`].
#[unsafe(no_mangle)]
pub extern "C" fn luge_newest(
    key_length: usize,
    budget: usize,
    visits: u32,
    largest: u32,
    since: f64,
    until: f64,
    below: f64,
    gone: u32,
    now_ms: f64,
) -> i32 {
    run_open(|call| {
        let bits = if key_length > 0 { flags::LOWER_INCLUDED } else { 0 };
        let range = call.range(bits, (key_length, 0), until, now_ms)?;
        let range = begun_at(range, below as u64);
        let mut page = Page::new(call.reply, budget, true);
        let next = call.database.visit_newest(range, since as u64, largest, visits, |entry, newest| {
            if gone == 0 && matches!(newest, Newest::Gone) { Ok(true) } else { push_newest(&mut page, entry, newest) }
        })?;
        Ok(set_changes(page, next))
    })
}

/// The version from which on [`luge_newest`] misses nothing, as the first number of the reply.
#[unsafe(no_mangle)]
pub extern "C" fn luge_newest_from() -> i32 {
    run_open(|call| {
        set_number(0, call.database.newest_from());
        Ok(Status::Ok)
    })
}

/// Keeps what says that keys are gone since a version, until [`luge_release_gone`].
#[unsafe(no_mangle)]
pub extern "C" fn luge_hold_gone(version: f64) -> i32 {
    run_open(|call| {
        call.database.hold_gone(version as u64);
        Ok(Status::Ok)
    })
}

/// Lets go of what [`luge_hold_gone`] keeps; [`Status::NotFound`] when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn luge_release_gone(version: f64) -> i32 {
    run_open(|call| Ok(if call.database.release_gone(version as u64) { Status::Ok } else { Status::NotFound }))
}

/// Begins to restore a version. Until [`luge_restore_end`] only the calls of a restore are allowed.
#[unsafe(no_mangle)]
pub extern "C" fn luge_restore_begin(version: f64) -> i32 {
    run_open(|call| {
        call.database.begin_restore(version as u64)?;
        Ok(Status::Ok)
    })
}

/// Restores the entries in the request (see [`request::restored`]).
#[unsafe(no_mangle)]
pub extern "C" fn luge_restore(length: usize, now_ms: f64) -> i32 {
    run_open(|call| {
        let (bytes, _) = call.arguments(length, 0)?;
        call.database.restore(&request::restored(bytes)?, now_ms as u64)?;
        set_word(3, u32::from(call.database.has_work()));
        Ok(Status::Ok)
    })
}

/// Begins to restore the key in the request with a value that comes in pieces, as after [`luge_put_begin`].
/// [`Status::NotFound`] says that it is not to come: the entry is there.
#[unsafe(no_mangle)]
pub extern "C" fn luge_restore_put_begin(
    key_length: usize,
    value_length: usize,
    expires_ms: f64,
    version: f64,
    now_ms: f64,
) -> i32 {
    run_open(|call| {
        let (key, _) = call.arguments(key_length, 0)?;
        let (expires_ms, version, now_ms) = (expires_ms as u64, version as u64, now_ms as u64);
        let is_wanted = call.database.begin_restored_put(key, value_length, expires_ms, version, now_ms)?;
        Ok(if is_wanted { Status::Ok } else { Status::NotFound })
    })
}

/// Ends the restore.
#[unsafe(no_mangle)]
pub extern "C" fn luge_restore_end() -> i32 {
    run_open(|call| {
        call.database.end_restore()?;
        Ok(written(call.database, call.database.version()))
    })
}

/// Whether a key between the two in the request was put or deleted after the version `since`.
#[unsafe(no_mangle)]
pub extern "C" fn luge_changed(bits: u32, lower_length: usize, upper_length: usize, since: f64) -> i32 {
    run_open(|call| {
        let range = call.range(bits, (lower_length, upper_length), f64::INFINITY, 0.0)?;
        let changed = call.database.changed(range, since as u64)?;
        Ok(if changed { Status::Ok } else { Status::NotFound })
    })
}

/// The version of the newest commit, and the one from which on [`luge_changes`] misses nothing, as the numbers of the reply.
#[unsafe(no_mangle)]
pub extern "C" fn luge_history() -> i32 {
    run_open(|call| {
        set_number(0, call.database.version());
        set_number(1, call.database.changes_from());
        Ok(Status::Ok)
    })
}

/// Opens a snapshot at a version, or at the newest one if that is older; its version is in the reply.
/// [`Status::NotFound`] when what it would see is not all there any more.
#[unsafe(no_mangle)]
pub extern "C" fn luge_snapshot(version: f64, now_ms: f64) -> i32 {
    run_open(|call| {
        let Some(version) = call.database.snapshot(version as u64, now_ms as u64) else { return Ok(Status::NotFound) };
        set_number(0, version);
        Ok(Status::Ok)
    })
}

/// Closes a snapshot at a version; [`Status::NotFound`] when there is none.
#[unsafe(no_mangle)]
pub extern "C" fn luge_release(version: f64) -> i32 {
    run_open(|call| Ok(if call.database.release(version as u64) { Status::Ok } else { Status::NotFound }))
}

/// Returns when the operating system has everything so far.
#[unsafe(no_mangle)]
pub extern "C" fn luge_write_out() -> i32 {
    run_open(|call| {
        call.database.write_out()?;
        Ok(Status::Ok)
    })
}

/// Returns when everything so far is durable.
#[unsafe(no_mangle)]
pub extern "C" fn luge_flush() -> i32 {
    run_open(|call| {
        call.database.sync()?;
        Ok(Status::Ok)
    })
}

/// Does a small part of the work behind the commits; [`Status::More`] says that there is more.
#[unsafe(no_mangle)]
pub extern "C" fn luge_step(now_ms: f64) -> i32 {
    run_open(|call| {
        let more = call.database.step(now_ms as u64)?;
        set_work(call.database);
        Ok(if more { Status::More } else { Status::Ok })
    })
}

/// Does a small part of a compaction, beginning one where none is going on; [`Status::More`] says that there is more.
#[unsafe(no_mangle)]
pub extern "C" fn luge_compact_step(now_ms: f64) -> i32 {
    run_open(|call| Ok(if call.database.compact_step(now_ms as u64)? { Status::More } else { Status::Ok }))
}

/// Verifies a small part, the first one when `first` is not 0; [`Status::More`] says that there is more. The reply has a
/// line for each damage: file, offset, first key, key behind the last (both in hexadecimal; `-` for the end), and what is
/// wrong, apart by tabs; and as its two numbers the entries and the parts that were read so far.
#[unsafe(no_mangle)]
pub extern "C" fn luge_verify_step(first: u32) -> i32 {
    run_open(|call| {
        if first != 0 {
            *call.verification = Verification::default();
        }
        let more = call.database.verify_step(call.verification)?;
        call.reply.clear();
        for damage in &call.verification.damages {
            let to = damage.to.as_deref().map_or_else(|| "-".to_owned(), hex);
            let what = damage.what.replace(['\t', '\n'], " ");
            let line = format!("{}\t{}\t{}\t{to}\t{what}\n", damage.file, damage.offset, hex(&damage.from));
            call.reply.extend_from_slice(line.as_bytes());
        }
        set_bytes(call.reply, call.verification.damages.len() as u32);
        set_number(0, call.verification.entries);
        set_number(1, call.verification.parts);
        Ok(if more { Status::More } else { Status::Ok })
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All figures of the database: a line `name value` for each, in UTF-8.
#[unsafe(no_mangle)]
pub extern "C" fn luge_metrics(now_ms: f64) -> i32 {
    run_open(|call| {
        let metrics = call.database.metrics(now_ms as u64)?;
        call.reply.clear();
        for (name, value) in &metrics {
            call.reply.extend_from_slice(format!("{name} {value}\n").as_bytes());
        }
        set_bytes(call.reply, metrics.len() as u32);
        Ok(Status::Ok)
    })
}

/// Does a small part of what closing takes, after the last commit; [`Status::More`] says that there is more.
#[unsafe(no_mangle)]
pub extern "C" fn luge_close_step(now_ms: f64) -> i32 {
    run_open(|call| Ok(if call.database.close_step(now_ms as u64)? { Status::More } else { Status::Ok }))
}

/// Makes everything durable and closes the database; the instance may open again.
#[unsafe(no_mangle)]
pub extern "C" fn luge_close(now_ms: f64) -> i32 {
    run(|state| {
        let Some(database) = state.database.take() else {
            return Err(Failure::new(Status::NotOpen, "the engine is not open"));
        };
        state.stream = None;
        database.close(now_ms as u64)?;
        Ok(Status::Ok)
    })
}
