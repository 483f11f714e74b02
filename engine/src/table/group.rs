//! Changes of the table that become visible together.

use super::blocks::Pointer;
use super::level::separator_of;
use super::live::LiveChange;
use super::retention::HistoryLeft;
use super::{HISTORY_KEY, Level, PlacedBlock, Table, encode_history};
use crate::disk::Disk;
use crate::entry::{Entry, Value};
use crate::failure::Failure;
use crate::index::{Batch, Bytes};
use crate::log::Position;
use crate::position::SegmentNumber;
use crate::version::Version;

/// The output of a group of changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Blocks that were written.
    pub blocks: usize,
    /// Their bytes.
    pub bytes: usize,
}

/// Prepared changes. Their blocks are written, but nothing refers to them before [`Table::show`].
#[derive(Default)]
pub struct Group {
    batch: Batch,
    log: LiveChange,
    upper: LiveChange,
    bottom: LiveChange,
    /// The places in the tree that change.
    changed: Vec<(Level, Bytes)>,
    written: Written,
    history: HistoryLeft,
    is_full: bool,
    is_in_gap: bool,
}

impl Group {
    /// Whether the group must be committed before more can be prepared.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Notes that the next entry belongs in a block that is not visible yet.
    pub(super) fn fill(&mut self) {
        self.is_full = true;
    }

    /// Notes that the next entry comes after all entries of its old block. It begins a new block.
    pub(super) fn leave_gap(&mut self) {
        self.is_in_gap = true;
    }

    /// Whether the next entry begins a new block. Resets the note.
    pub(super) fn take_gap(&mut self) -> bool {
        std::mem::take(&mut self.is_in_gap)
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.history == HistoryLeft::default()
    }

    /// The blocks and bytes written so far.
    #[must_use]
    pub fn written(&self) -> Written {
        self.written
    }

    /// The remaining history after the commit of the group, as far as the group changes it.
    #[must_use]
    pub fn history(&self) -> HistoryLeft {
        self.history
    }

    /// Notes the remaining history after the group removed versions.
    pub(super) fn end_history_before(&mut self, left: HistoryLeft) {
        self.history = self.history.max(left);
    }

    /// The changes of places in the tree.
    pub(super) fn changes(&self) -> impl ExactSizeIterator<Item = (&Bytes, Option<&Bytes>)> {
        self.batch.changes()
    }

    /// The same, as a batch.
    pub(super) fn into_batch(self) -> Batch {
        self.batch
    }

    /// The changes of live bytes in the log, the upper level and the bottom level.
    pub(super) fn live_changes(&self) -> [&LiveChange; 3] {
        [&self.log, &self.upper, &self.bottom]
    }

    /// Adds a change of a place in the tree; an empty pointer removes it.
    pub(super) fn change(&mut self, level: Level, place: Bytes, pointer: &[u8]) {
        self.changed.push((level, place.clone()));
        if pointer.is_empty() { self.batch.remove(place) } else { self.batch.insert(place, pointer) }
    }

    /// Adds a change of live bytes. `which` is an index into [`Group::live_changes`].
    pub(super) fn count_live(&mut self, which: usize, segment: SegmentNumber, bytes: i64) {
        let live = match which {
            0 => &mut self.log,
            1 => &mut self.upper,
            _ => &mut self.bottom,
        };
        live.count(segment, bytes);
    }

    /// Counts blocks and bytes that a worker wrote.
    pub(super) fn wrote(&mut self, blocks: usize, bytes: usize) {
        self.written.blocks += blocks;
        self.written.bytes += bytes;
    }

    fn live(&mut self, level: Level) -> &mut LiveChange {
        match level {
            Level::Upper => &mut self.upper,
            Level::Bottom => &mut self.bottom,
        }
    }

    /// Counts the value of an entry that is added (1) or removed (-1), if the value is in the log.
    pub(super) fn count(&mut self, entry: &Entry<'_>, sign: i64) {
        if let Value::Logged { position, length } = entry.value {
            self.log.count(Position::unpacked(position).segment, sign * i64::from(length.stored()));
        }
    }

    /// Removes a block from the tree.
    pub(super) fn remove(&mut self, level: Level, placed: &PlacedBlock) {
        if let Some(pointer) = placed.pointer {
            self.live(level).count(pointer.segment(), -i64::from(pointer.size));
            self.batch.remove(placed.place.clone());
            self.changed.push((level, placed.place.clone()));
        }
    }

    /// Makes the tree refer to a written block. If it replaces a block, call [`Group::remove`] first.
    pub(super) fn insert(&mut self, level: Level, separator: &[u8], pointer: Pointer) {
        self.live(level).count(pointer.segment(), i64::from(pointer.size));
        let place = level.place(separator);
        self.changed.push((level, place.clone()));
        self.batch.insert(place, pointer.encode());
        self.written.blocks += 1;
        self.written.bytes += pointer.size as usize;
    }
}

impl<D: Disk> Table<D> {
    /// Notes that there is no history before a version. Durable after [`Table::sync`].
    pub fn end_history_before(&mut self, version: Version) -> Result<(), Failure> {
        self.lose_history(HistoryLeft::after(version))
    }

    /// Notes that history is lost. Durable after [`Table::sync`], and before all that is prepared later.
    pub fn lose_history(&mut self, left: HistoryLeft) -> Result<(), Failure> {
        let history = self.history.max(left);
        if history != self.history {
            self.show()?;
            self.history = history;
            self.tree.insert(HISTORY_KEY, &encode_history(history))?;
        }
        Ok(())
    }

    /// Makes a group of changes visible. Returns the blocks and bytes written.
    pub fn commit(&mut self, group: Group) -> Result<Written, Failure> {
        let written = self.prepare(group)?;
        self.show()?;
        Ok(written)
    }

    /// Makes the blocks of a group durable, so that [`Table::show`] can make it visible. Every other change of the table
    /// does that first. Returns the blocks and bytes written.
    pub fn prepare(&mut self, group: Group) -> Result<Written, Failure> {
        self.show()?;
        let written = group.written;
        if !group.is_empty() {
            // The write of the next batch begins with what is left of the one before. Its sync need not come after.
            self.tree.sync()?;
            // sled may write at any time. It must never refer to a block that is not durable.
            for level in Level::ALL {
                self.part_mut(level).blocks.sync()?;
            }
            self.prepared = Some(group);
        }
        Ok(written)
    }

    /// Whether a group is prepared, and not visible.
    pub fn has_prepared(&self) -> bool {
        self.prepared.is_some()
    }

    /// Makes the prepared group visible in one atomic write. Durable after [`Table::sync`]. Returns whether there was
    /// one.
    pub fn show(&mut self) -> Result<bool, Failure> {
        let Some(group) = self.prepared.take() else { return Ok(false) };
        let mut batch = group.batch;
        self.log_live.apply(group.log, &mut batch)?;
        self.upper.live.apply(group.upper, &mut batch)?;
        self.bottom.live.apply(group.bottom, &mut batch)?;
        let history = self.history.max(group.history);
        if history != self.history {
            self.history = history;
            batch.insert(HISTORY_KEY, encode_history(history));
        }
        self.tree.apply(batch)?;
        for (level, place) in group.changed {
            self.part(level).places.borrow_mut().forget(separator_of(&place));
        }
        Ok(true)
    }
}
