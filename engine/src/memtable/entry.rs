//! What the memtable keeps of one version of a key.

/// The value of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// The key was deleted.
    Deleted,
    /// The bytes themselves.
    Inline(&'a [u8]),
    /// The bytes stand in the log: packed position and length.
    Logged {
        /// The packed [`Position`](crate::log::Position) of the value's first byte.
        position: u64,
        /// The length in bytes.
        length: u32,
    },
}

/// One version of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The key.
    pub key: &'a [u8],
    /// The version of the commit.
    pub version: u64,
    /// When the entry expires, in milliseconds since 1970; 0 for never.
    pub expires_ms: u64,
    /// The value.
    pub value: Value<'a>,
}

/// An [`Entry`] whose bytes stand in the arena.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredEntry {
    pub version: u64,
    pub expires_ms: u64,
    /// Offset in the arena, or packed position in the log.
    pub value_at: u64,
    pub value_length: u32,
    pub key_at: u32,
    pub key_length: u32,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Deleted,
    Inline,
    Logged,
}
