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
use crate::version::Version;

/// What a group of changes wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Blocks that were written.
    pub blocks: usize,
    /// Their bytes.
    pub bytes: usize,
}

/// Changes that were prepared. Their blocks are written, but nothing leads to them before [`Table::commit`].
#[derive(Default)]
pub struct Group {
    batch: Batch,
    log: LiveChange,
    upper: LiveChange,
    bottom: LiveChange,
    /// Where the tree changes.
    changed: Vec<(Level, Bytes)>,
    written: Written,
    history: HistoryLeft,
    is_full: bool,
    is_in_gap: bool,
}

impl Group {
    /// Whether it must be committed before more can be prepared.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Notes that what comes next belongs into blocks that do not show yet.
    pub(super) fn fill(&mut self) {
        self.is_full = true;
    }

    /// Notes that what comes next stands behind all entries of its old block: it begins a new one.
    pub(super) fn leave_gap(&mut self) {
        self.is_in_gap = true;
    }

    /// Whether the next entry begins a new block; asked once.
    pub(super) fn take_gap(&mut self) -> bool {
        std::mem::take(&mut self.is_in_gap)
    }

    /// What it has written so far.
    #[must_use]
    pub fn written(&self) -> Written {
        self.written
    }

    /// What is left of the history once the group shows, as far as the group changes it.
    #[must_use]
    pub fn history(&self) -> HistoryLeft {
        self.history
    }

    /// Notes what versions that go leave of the history.
    pub(super) fn end_history_before(&mut self, left: HistoryLeft) {
        self.history = self.history.max(left);
    }

    fn live(&mut self, level: Level) -> &mut LiveChange {
        match level {
            Level::Upper => &mut self.upper,
            Level::Bottom => &mut self.bottom,
        }
    }

    /// Counts the value of an entry that comes (1) or goes (-1), if it stands in the log.
    pub(super) fn count(&mut self, entry: &Entry<'_>, sign: i64) {
        if let Value::Logged { position, length } = entry.value {
            self.log.count(Position::unpacked(position).segment, sign * i64::from(length));
        }
    }

    /// Lets the tree forget a block.
    pub(super) fn remove(&mut self, level: Level, placed: &PlacedBlock) {
        if let Some(pointer) = placed.pointer {
            self.live(level).count(pointer.segment(), -i64::from(pointer.size));
            self.batch.remove(placed.place.clone());
            self.changed.push((level, placed.place.clone()));
        }
    }

    /// Lets the tree lead to a block that was written; call [`Group::remove`] before where there was one.
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
    /// Notes that there is no history before a version; durable after [`Table::sync`].
    pub fn end_history_before(&mut self, version: Version) -> Result<(), Failure> {
        let history = self.history.max(HistoryLeft::after(version));
        if history != self.history {
            self.history = history;
            self.tree.insert(HISTORY_KEY, &encode_history(history))?;
        }
        Ok(())
    }

    /// Makes a group of changes visible, in one atomic write; durable after [`Table::sync`].
    pub fn commit(&mut self, group: Group) -> Result<Written, Failure> {
        // sled writes when it likes: it must never lead to a block that is not durable.
        for level in Level::ALL {
            self.part_mut(level).blocks.sync()?;
        }
        let mut batch = group.batch;
        self.log_live.apply(group.log, &mut batch)?;
        self.upper.live.apply(group.upper, &mut batch)?;
        self.bottom.live.apply(group.bottom, &mut batch)?;
        let history = self.history.max(group.history);
        if history != self.history {
            self.history = history;
            batch.insert(HISTORY_KEY, encode_history(history));
        }
        self.changes += 1;
        self.tree.apply(batch)?;
        for (level, place) in group.changed {
            self.part(level).places.borrow_mut().forget(separator_of(&place));
        }
        Ok(group.written)
    }
}
