//! How many bytes of each segment the table refers to.

use std::collections::BTreeMap;

use crate::failure::{Failure, FailureKind};
use crate::index::{Batch, Tree};
use crate::log::SegmentNumber;

/// Live bytes by segment, as the tree stores them under one prefix.
#[derive(Debug, Default)]
pub struct LiveBytes {
    prefix: u8,
    counts: BTreeMap<SegmentNumber, u64>,
    /// The sum, kept because every commit and every read needs it.
    total: u64,
    /// How many groups of changes were applied.
    changes: u64,
}

/// Changes of some counts.
#[derive(Debug, Default)]
pub(super) struct LiveChange(BTreeMap<SegmentNumber, i64>);

impl LiveChange {
    /// The changes by segment.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (SegmentNumber, i64)> + '_ {
        self.0.iter().map(|(segment, bytes)| (*segment, *bytes))
    }

    /// Counts bytes of a segment: positive if they are added, negative if they are removed.
    pub fn count(&mut self, segment: SegmentNumber, bytes: i64) {
        *self.0.entry(segment).or_default() += bytes;
    }
}

impl LiveBytes {
    /// Reads the counts that the tree has under this first byte.
    pub(super) fn read(tree: &dyn Tree, prefix: u8) -> Result<Self, Failure> {
        let mut counts = BTreeMap::new();
        for found in tree.range(&[prefix], &[prefix + 1]) {
            let (key, value) = found?;
            let segment =
                key.get(1..).and_then(|bytes| bytes.try_into().ok()).map(u64::from_be_bytes).map(SegmentNumber::of);
            let count = value[..].try_into().ok().map(u64::from_le_bytes);
            let (Some(segment), Some(count)) = (segment, count) else { return Err(damaged()) };
            counts.insert(segment, count);
        }
        let total = counts.values().sum();
        Ok(Self { prefix, counts, total, changes: 0 })
    }

    /// Applies a change, and adds it to `batch`.
    pub(super) fn apply(&mut self, change: LiveChange, batch: &mut Batch) -> Result<(), Failure> {
        self.changes += 1;
        for (segment, change) in change.0.into_iter().filter(|(_, change)| *change != 0) {
            let count = self.of(segment).checked_add_signed(change).ok_or_else(damaged)?;
            self.total = self.total.checked_add_signed(change).ok_or_else(damaged)?;
            let key = [&[self.prefix][..], &segment.get().to_be_bytes()].concat();
            if count == 0 {
                self.counts.remove(&segment);
                batch.remove(key);
            } else {
                self.counts.insert(segment, count);
                batch.insert(key, count.to_le_bytes().to_vec());
            }
        }
        Ok(())
    }

    /// How many groups of changes were applied. Some change no count.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// The live bytes of one segment.
    #[must_use]
    pub fn of(&self, segment: SegmentNumber) -> u64 {
        self.counts.get(&segment).copied().unwrap_or(0)
    }

    /// The live bytes of all segments that have some.
    pub fn iter(&self) -> impl Iterator<Item = (SegmentNumber, u64)> + '_ {
        self.counts.iter().map(|(segment, count)| (*segment, *count))
    }

    /// The live bytes of all segments together.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }
}

/// For the tests of code that decides by these counts.
#[cfg(test)]
impl FromIterator<(u64, u64)> for LiveBytes {
    fn from_iter<I: IntoIterator<Item = (u64, u64)>>(counts: I) -> Self {
        let counts: BTreeMap<_, u64> =
            counts.into_iter().map(|(segment, count)| (SegmentNumber::of(segment), count)).collect();
        let total = counts.values().sum();
        Self { prefix: 0, counts, total, changes: 0 }
    }
}

fn damaged() -> Failure {
    Failure::new(FailureKind::Corrupt, "the table's counts of live bytes are damaged")
}
