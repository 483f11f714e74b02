//! Examines the new entries of a memtable, some at a time: which values do they hide? See [`Hidden`](super::hidden::Hidden).

use super::hidden::Hiding;
use super::store::Store;
use crate::disk::Disk;
use crate::entry::Value;
use crate::failure::Failure;
use crate::table::Level;
use crate::version::Version;

/// How many entries one step examines.
const ENTRIES_A_LOOK: usize = 128;
/// How many entries a commit leaves to later steps.
pub(super) const MOST_UNSEEN: usize = 8;
/// With more versions of a key than this, nothing is examined.
const MOST_VERSIONS: usize = 64;

impl<D: Disk> Store<D> {
    /// How many bytes of values may be hidden before a merge begins.
    pub(super) fn hidden_limit(&self) -> u64 {
        self.options.segment_size + self.table.log_live().total() / 8
    }

    /// How many entries of a memtable are to be examined: none if the log has few large values.
    pub(super) fn unseen(&self, hiding: Hiding) -> usize {
        let memtable = self.memtables.hiding(hiding).filter(|_| self.is_watched());
        memtable.map_or(0, |(memtable, hidden)| memtable.len().saturating_sub(hidden.seen()))
    }

    /// Whether the log has so many large values that it counts what entries hide.
    fn is_watched(&self) -> bool {
        self.table.log_live().total() > self.options.segment_size
            && self.options.versions_to_keep <= MOST_VERSIONS
            && !self.options.read_only
    }

    /// Counts what a version of the sealed memtable hides now that its operand is folded.
    pub(super) fn look_at_folded(&mut self, key: &[u8], version: Version) -> Result<(), Failure> {
        let Some((_, hidden)) = self.memtables.hiding(Hiding::Sealed).filter(|_| self.is_watched()) else {
            return Ok(());
        };
        let seen = hidden.seen();
        if let Some((level, length)) = self.replaced(key, version)? {
            let in_bottom = if level == Level::Bottom { length } else { 0 };
            self.memtables.hidden_mut(Hiding::Sealed).add(seen, length, in_bottom);
        }
        Ok(())
    }

    /// Examines some entries of a memtable. An operand hides nothing: its fold needs the value below.
    pub(super) fn look_step(&mut self, hiding: Hiding) -> Result<(), Failure> {
        let Some((memtable, hidden)) = self.memtables.hiding(hiding) else { return Ok(()) };
        let (first, mut bytes, mut in_bottom) = (hidden.seen(), 0, 0);
        let last = memtable.len().min(first + ENTRIES_A_LOOK);
        let entries = (first..last).filter_map(|index| memtable.inserted(index));
        for entry in entries.filter(|entry| !matches!(entry.value, Value::Operand(_))) {
            if let Some((level, length)) = self.replaced(entry.key, entry.version)? {
                bytes += length;
                in_bottom += if level == Level::Bottom { length } else { 0 };
            }
        }
        self.memtables.hidden_mut(hiding).add(last, bytes, in_bottom);
        Ok(())
    }

    /// The length of the value that this version replaces, if the value is in the log and the table refers to it.
    fn replaced(&self, key: &[u8], mut version: Version) -> Result<Option<(Level, u64)>, Failure> {
        for left in (0..self.options.versions_to_keep).rev() {
            version = version.previous();
            let found = self.memtables.get(key, version);
            if let Some(found) = found {
                version = found.version;
                continue;
            }
            let mut next = None;
            for level in Level::ALL {
                next = self.table.get_in(level, key, version, |found| {
                    let length =
                        if let Value::Logged { length, .. } = found.value { u64::from(length.stored()) } else { 0 };
                    (found.version, level, length)
                })?;
                if next.is_some() {
                    break;
                }
            }
            let Some((found, level, length)) = next else { return Ok(None) };
            if left == 0 {
                return Ok(Some((level, length)));
            }
            version = found;
        }
        Ok(None)
    }
}
