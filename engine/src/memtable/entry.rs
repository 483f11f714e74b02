//! What the memtable keeps of one version of a key.

use crate::expiry::Expiry;
use crate::version::Version;

/// An [`Entry`](crate::entry::Entry) whose bytes stand in the arena.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoredEntry {
    pub version: Version,
    pub expires: Option<Expiry>,
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
