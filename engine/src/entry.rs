//! One version of a key, as memtable, table and cursors hand it on.

use std::cmp::Ordering;

use crate::expiry::Expiry;
use crate::position::PackedPosition;
use crate::version::Version;

/// The value of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// The key was deleted.
    Deleted,
    /// The bytes themselves.
    Inline(&'a [u8]),
    /// The bytes stand in the log: position and length.
    Logged {
        /// The [`Position`](crate::log::Position) of the value's first byte.
        position: PackedPosition,
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
    pub version: Version,
    /// When the entry expires; `None` for never.
    pub expires: Option<Expiry>,
    /// The value.
    pub value: Value<'a>,
}

impl Entry<'_> {
    /// How it stands to another entry: by key, and newest first.
    #[must_use]
    pub fn order(&self, other: &Entry<'_>) -> Ordering {
        self.key.cmp(other.key).then_with(|| other.version.cmp(&self.version))
    }

    /// Whether a reader at `now_ms` finds nothing here: deleted, or expired.
    #[must_use]
    pub fn is_gone(&self, now_ms: u64) -> bool {
        self.value == Value::Deleted || self.expires.is_some_and(|at| at.has_come(now_ms))
    }
}

/// A place between entries: before all of them, or before the first that is not above a version of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary<'a> {
    /// Outside of all entries, at the end where a cursor starts.
    Outermost,
    /// Before all versions of a key.
    Before(&'a [u8]),
    /// Before the first of a key's versions that is not above this one.
    At(&'a [u8], Version),
    /// Behind all versions of a key.
    Behind(&'a [u8]),
}

impl<'a> Boundary<'a> {
    /// The key, if there is one.
    #[must_use]
    pub fn key(self) -> Option<&'a [u8]> {
        match self {
            Self::Outermost => None,
            Self::Before(key) | Self::At(key, _) | Self::Behind(key) => Some(key),
        }
    }

    /// The version of the key that an entry at this place would have.
    #[must_use]
    pub fn version(self) -> Version {
        match self {
            Self::Behind(_) => Version::NONE,
            Self::At(_, version) => version,
            Self::Outermost | Self::Before(_) => Version::NEWEST,
        }
    }
}
