//! One version of a key, as memtable, table and cursors pass it on.

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
    /// A change of the value below: an encoded [`Operand`](crate::operand::Operand). Only memtables have it.
    Operand(&'a [u8]),
    /// The bytes are in the log: position and length.
    Logged {
        /// The [`Position`](crate::log::Position) of the value's first byte.
        position: PackedPosition,
        /// How many bytes of the log it takes.
        length: LoggedLength,
    },
}

/// How many bytes of the log a value takes, without its checksum, and whether these bytes are compressed. The length of a
/// compressed value is at their start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoggedLength(u32);

impl LoggedLength {
    /// The highest bit says that the bytes are compressed. A payload has at most 2^30 bytes.
    const COMPRESSED: u32 = 1 << 31;

    /// A value that is stored as it is; `None` if it is too long.
    #[must_use]
    pub fn plain(bytes: usize) -> Option<Self> {
        u32::try_from(bytes).ok().filter(|length| length & Self::COMPRESSED == 0).map(Self)
    }

    /// A value of which these many compressed bytes are stored; `None` if they are too many.
    #[must_use]
    pub fn compressed(bytes: usize) -> Option<Self> {
        Self::plain(bytes).map(|Self(length)| Self(length | Self::COMPRESSED))
    }

    /// How many bytes the log has.
    #[must_use]
    pub fn stored(self) -> u32 {
        self.0 & !Self::COMPRESSED
    }

    /// Whether these bytes are compressed.
    #[must_use]
    pub fn is_compressed(self) -> bool {
        self.0 & Self::COMPRESSED != 0
    }

    /// Both as one number, for a memtable.
    #[must_use]
    pub(crate) fn to_bits(self) -> u32 {
        self.0
    }

    /// From the number of [`LoggedLength::to_bits`].
    #[must_use]
    pub(crate) fn of_bits(bits: u32) -> Self {
        Self(bits)
    }
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
    /// The order of two entries: by key, then newest first.
    #[must_use]
    pub fn order(&self, other: &Entry<'_>) -> Ordering {
        self.key.cmp(other.key).then_with(|| other.version.cmp(&self.version))
    }

    /// Whether a reader at `now_ms` finds no value: deleted, or expired. Of an operand, the values below it must be known,
    /// too.
    #[must_use]
    pub fn is_gone(&self, now_ms: u64) -> bool {
        self.value == Value::Deleted || self.expires.is_some_and(|at| at.has_come(now_ms))
    }
}

/// A boundary between entries: before all entries, or before or after versions of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary<'a> {
    /// Before or after all entries: the end at which a cursor starts.
    Outermost,
    /// Before all versions of a key.
    Before(&'a [u8]),
    /// Before the first of a key's versions that is not above this version.
    At(&'a [u8], Version),
    /// After all versions of a key.
    Behind(&'a [u8]),
}

impl<'a> Boundary<'a> {
    /// The key, if the boundary has one.
    #[must_use]
    pub fn key(self) -> Option<&'a [u8]> {
        match self {
            Self::Outermost => None,
            Self::Before(key) | Self::At(key, _) | Self::Behind(key) => Some(key),
        }
    }

    /// The version that orders this boundary among the versions of its key.
    #[must_use]
    pub fn version(self) -> Version {
        match self {
            Self::Behind(_) => Version::NONE,
            Self::At(_, version) => version,
            Self::Outermost | Self::Before(_) => Version::NEWEST,
        }
    }
}
