//! The reply header: the result of a call, in fields at fixed offsets.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::number::{address_of, to_host, u32_of};
use crate::page::Page;

/// A field of 32 bits.
#[repr(transparent)]
pub struct Word(AtomicU32);

impl Word {
    /// Sets the field.
    pub fn set(&self, value: u32) {
        self.0.store(value, Ordering::Relaxed);
    }
}

/// A field that the host reads as an `f64`.
#[repr(transparent)]
pub struct Number(AtomicU64);

impl Number {
    /// Sets the field. An integer above 2^53 - 1 becomes 2^53 - 1, which is above every version and time.
    pub fn set(&self, value: u64) {
        self.0.store(to_host(value.min(LARGEST_EXACT)).to_bits(), Ordering::Relaxed);
    }
}

/// The largest integer up to which an `f64` represents all integers.
const LARGEST_EXACT: u64 = (1 << 53) - 1;

/// The result of a call. A call sets only the fields that its documentation names.
#[repr(C, align(8))]
pub struct ReplyHeader {
    /// The address of the reply's bytes.
    pub address: Word,
    /// How many bytes the reply has; for a large value, how many bytes must be read.
    pub length: Word,
    /// How many entries are in the reply, or were counted.
    pub count: Word,
    /// Whether there is background work, after the last write or step: see [`work`](super::work).
    pub work: Word,
    /// A version: of the value, of the commit, of the snapshot, or the newest one.
    pub version: Number,
    /// When the value expires, in milliseconds since 1970; 0 for never.
    pub expires_ms: Number,
    /// The version to continue with.
    pub next_version: Number,
    /// How many versions of the key are newer than the one to continue with.
    pub next_listed: Word,
    /// The length of the key at the end of the reply, to continue after; 0 for the last key of the page.
    pub next_key_length: Word,
    /// From this version on, no change is missing.
    pub changes_from: Number,
    /// From this version on, no key that changed is missing.
    pub newest_from: Number,
    /// How many entries the verification has read so far.
    pub verified_entries: Number,
    /// How many entries in the reply are gone; the others are counted in `count`.
    pub gone: Word,
    /// Bytes of keys and values in the reply.
    pub content: Word,
    /// How many syncs of the log the engine asked for so far. It wraps. Every call sets it.
    pub asked_syncs: Word,
    /// Whether there are jobs for a worker, as of the last write or step: see [`jobs_of`](super::jobs_of).
    pub jobs: Word,
    /// About how many bytes the entries of a range take.
    pub size: Number,
    /// The earliest time at which the version can have been written, in milliseconds since 1970.
    pub written_from: Number,
    /// The first time after the latest one.
    pub written_to: Number,
}

/// The header of the instance.
pub static REPLY: ReplyHeader = {
    const fn word() -> Word {
        Word(AtomicU32::new(0))
    }
    const fn number() -> Number {
        Number(AtomicU64::new(0))
    }
    ReplyHeader {
        address: word(),
        length: word(),
        count: word(),
        work: word(),
        version: number(),
        expires_ms: number(),
        next_version: number(),
        next_listed: word(),
        next_key_length: word(),
        changes_from: number(),
        newest_from: number(),
        verified_entries: number(),
        gone: word(),
        content: word(),
        asked_syncs: word(),
        jobs: word(),
        size: number(),
        written_from: number(),
        written_to: number(),
    }
};

/// Sets the reply to bytes with `count` entries.
pub fn set_bytes(bytes: &[u8], count: u32) {
    REPLY.address.set(address_of(bytes));
    REPLY.length.set(u32_of(bytes.len()));
    REPLY.count.set(count);
}

/// Sets the reply to a page, followed by a key.
pub fn set_page(page: Page<'_>, next_key: &[u8]) {
    let (bytes, count) = page.finish(next_key);
    set_bytes(bytes, count);
    REPLY.next_key_length.set(u32_of(next_key.len()));
}
