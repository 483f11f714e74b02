//! Versions that outlive the read of their block.

use super::block::KeylessEntry;
use crate::entry::{Entry, LoggedLength, Value};
use crate::expiry::Expiry;
use crate::log::PackedPosition;
use crate::version::Version;

/// What a read of the table found: a version with a value of its own.
#[derive(Clone, Debug)]
pub struct Found {
    /// The version of the commit.
    pub version: Version,
    /// When the entry expires; `None` for never.
    pub expires: Option<Expiry>,
    value: OwnedValue,
}

#[derive(Clone, Debug)]
enum OwnedValue {
    Deleted,
    /// An operand, without its bytes.
    Operand,
    Inline(Vec<u8>),
    Logged {
        position: PackedPosition,
        length: LoggedLength,
    },
}

impl Found {
    /// A version that was read from a block.
    #[must_use]
    pub fn new(version: &KeylessEntry<'_>) -> Self {
        let value = match version.value {
            Value::Deleted => OwnedValue::Deleted,
            Value::Inline(bytes) => OwnedValue::Inline(bytes.to_vec()),
            Value::Operand(_) => OwnedValue::Operand,
            Value::Logged { position, length } => OwnedValue::Logged { position, length },
        };
        Self { version: version.version, expires: version.expires, value }
    }

    /// An operand of a memtable, which the caller folds.
    #[must_use]
    pub fn operand(version: Version) -> Self {
        Self { version, expires: None, value: OwnedValue::Operand }
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> Value<'_> {
        match &self.value {
            OwnedValue::Deleted => Value::Deleted,
            OwnedValue::Operand => Value::Operand(&[]),
            OwnedValue::Inline(bytes) => Value::Inline(bytes),
            OwnedValue::Logged { position, length } => Value::Logged { position: *position, length: *length },
        }
    }

    /// As an entry, without its key.
    #[must_use]
    pub fn entry(&self) -> Entry<'_> {
        Entry { key: &[], version: self.version, expires: self.expires, value: self.value() }
    }
}

/// A value, as its position in a block.
#[derive(Clone, Copy, Debug)]
pub(super) enum PlacedValue {
    Deleted,
    Inline { start: usize, length: usize },
    Logged { position: PackedPosition, length: LoggedLength },
}

impl PlacedValue {
    /// The place of a value whose bytes, if any, are a part of `block`.
    pub fn of(block: &[u8], value: Value<'_>) -> Self {
        match value {
            Value::Deleted => Self::Deleted,
            Value::Logged { position, length } => Self::Logged { position, length },
            Value::Inline(bytes) | Value::Operand(bytes) => {
                Self::Inline { start: bytes.as_ptr().addr() - block.as_ptr().addr(), length: bytes.len() }
            }
        }
    }

    /// The value, from the same block.
    pub fn within(self, block: &[u8]) -> Value<'_> {
        match self {
            Self::Deleted => Value::Deleted,
            Self::Logged { position, length } => Value::Logged { position, length },
            Self::Inline { start, length } => Value::Inline(block.get(start..start + length).unwrap_or_default()),
        }
    }
}
