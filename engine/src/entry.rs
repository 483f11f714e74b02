//! One version of a key, as memtable, table and cursors hand it on.

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
