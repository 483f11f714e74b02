//! Versions that outlive the read of their block.

use sled::IVec;

use super::block::Version;
use crate::entry::Value;

/// What a read of the table found: a version whose value may lie in a block that it keeps alive.
#[derive(Clone, Debug)]
pub struct Found {
    /// The version of the commit.
    pub version: u64,
    /// When the entry expires, in milliseconds since 1970; 0 for never.
    pub expires_ms: u64,
    block: IVec,
    value: PlacedValue,
}

impl Found {
    /// A version that was read from `block`.
    pub(super) fn new(block: &IVec, version: &Version<'_>) -> Self {
        let value = PlacedValue::of(block, version.value);
        Self { version: version.version, expires_ms: version.expires_ms, block: block.clone(), value }
    }

    /// The value.
    pub fn value(&self) -> Value<'_> {
        self.value.within(&self.block)
    }
}

/// A value by its place in a block.
#[derive(Clone, Copy, Debug)]
pub(super) enum PlacedValue {
    Deleted,
    Inline { start: usize, length: usize },
    Logged { position: u64, length: u32 },
}

impl PlacedValue {
    /// The place of a value whose bytes, if any, are a part of `block`.
    pub fn of(block: &[u8], value: Value<'_>) -> Self {
        match value {
            Value::Deleted => Self::Deleted,
            Value::Logged { position, length } => Self::Logged { position, length },
            Value::Inline(bytes) => {
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
