//! The two levels of a table, and their places in the tree.

use crate::index::Bytes;

/// A sorted part of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Collects what came from memtables. Its entries are newer than the bottom's of the same keys.
    Upper,
    /// All other entries.
    Bottom,
}

impl Level {
    /// Both, the newer one first.
    pub const ALL: [Self; 2] = [Self::Upper, Self::Bottom];

    /// The name of the directory of its blocks, in a store.
    #[must_use]
    pub const fn directory(self) -> &'static str {
        match self {
            Self::Bottom => "bottom",
            Self::Upper => "upper",
        }
    }

    /// The first byte of the tree's keys for blocks of this level.
    #[must_use]
    pub const fn prefix(self) -> u8 {
        match self {
            Self::Bottom => 1,
            Self::Upper => 2,
        }
    }

    /// The first byte of the tree's keys that count live bytes of segments with blocks of this level.
    pub(super) const fn count_prefix(self) -> u8 {
        match self {
            Self::Bottom => 3,
            Self::Upper => 4,
        }
    }

    /// The key in the tree before all blocks of this level.
    pub(super) const fn start(self) -> &'static [u8] {
        match self {
            Self::Bottom => &[1],
            Self::Upper => &[2],
        }
    }

    /// The key in the tree after all blocks of this level.
    pub(super) const fn end(self) -> &'static [u8] {
        match self {
            Self::Bottom => &[2],
            Self::Upper => &[3],
        }
    }

    /// Calls with the key in the tree that a block with this separator has, or would have.
    pub(super) fn with_place<T>(self, separator: &[u8], call: impl FnOnce(&[u8]) -> T) -> T {
        let mut short = [self.prefix(); 128];
        match short.get_mut(..=separator.len()) {
            Some(place) => {
                if let Some(rest) = place.get_mut(1..) {
                    rest.copy_from_slice(separator);
                }
                call(place)
            }
            None => call(&[self.start(), separator].concat()),
        }
    }

    /// That key.
    pub(super) fn place(self, separator: &[u8]) -> Bytes {
        self.with_place(separator, |place| Bytes::from(place))
    }
}

/// The separator in a key of the tree.
pub(super) fn separator_of(place: &[u8]) -> &[u8] {
    place.get(1..).unwrap_or_default()
}
