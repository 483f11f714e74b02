//! A memtable that is being merged into the table, in small steps.

use super::hidden::Hidden;
use crate::disk::Disk;
use crate::entry::{Entry, Value};
use crate::failure::Failure;
use crate::index::Checkpoint;
use crate::log::Position;
use crate::memtable::{Memtable, Place};
use crate::table::{Group, HandedOut, HistoryLeft, JobEnd, JobLimits, Level, Retention, Table, Written};

/// Blocks that one step merges. That is about 2 ms of work.
const BLOCKS_A_STEP: usize = 32;
/// Bytes of blocks that are synced together. A sync of fewer bytes costs nearly as much.
const BYTES_A_GROUP: usize = 1 << 20;

/// A memtable that takes no more entries.
pub(super) struct Sealed {
    memtable: Memtable,
    hidden: Hidden,
    /// The place where the fold of operands continues; `None` if there are none.
    folding: Option<Place>,
    /// The level that it is merged into.
    level: Level,
    /// The place where the next step or job continues; `None` if everything is in the table or in jobs.
    place: Option<Place>,
    /// How the last job ended. Means nothing once no job is out.
    end: JobEnd,
    /// How many entries are in the table.
    merged: usize,
    /// The entries that are merged but not in the table yet.
    group: Group,
    /// The checkpoint to record once all entries are in the table and durable there.
    checkpoint: Checkpoint,
    /// The end of its part of the log. The table must not be ahead of it.
    logged: Position,
    /// Whether all entries are durable in the table.
    is_tabled: bool,
}

impl Sealed {
    /// Seals a memtable. If its keys come after all keys of the table, it is merged directly into the bottom level.
    pub fn new<D: Disk>(
        memtable: Memtable,
        hidden: Hidden,
        (checkpoint, logged): (Checkpoint, Position),
        table: &Table<D>,
    ) -> Result<Self, Failure> {
        let place = memtable.first();
        let first = place.and_then(|place| memtable.at(place));
        let level = first.map_or(Ok(Level::Upper), |first| table.level_from(first.key))?;
        let (end, merged, group, is_tabled) = (JobEnd::Block, 0, Group::default(), false);
        let folding = place.filter(|_| memtable.operands() > 0);
        Ok(Self { memtable, hidden, folding, level, place, end, merged, group, checkpoint, logged, is_tabled })
    }

    /// The entries.
    pub fn memtable(&self) -> &Memtable {
        &self.memtable
    }

    /// The values that the entries hide.
    pub fn hidden(&self) -> &Hidden {
        &self.hidden
    }

    /// The values that the entries hide.
    pub fn hidden_mut(&mut self) -> &mut Hidden {
        &mut self.hidden
    }

    /// The level that it is merged into.
    pub fn level(&self) -> Level {
        self.level
    }

    /// How many of its entries count as done when commits keep pace with it. The last quarter is for the syncs after the
    /// merge, so that commits wait for these before they must block.
    pub fn done(&self) -> usize {
        self.merged.min(self.memtable.len() / 4 * 3)
    }

    /// Whether all of it is in the table or in jobs.
    pub fn is_merged(&self) -> bool {
        self.place.is_none()
    }

    /// The place where the fold of operands continues; `None` if there are none. The merge comes after it.
    pub fn folding(&self) -> Option<Place> {
        self.folding
    }

    /// Notes where the fold continues, and the end of the log by now. Returns whether it is done.
    pub fn fold_on(&mut self, next: Option<Place>, logged: Position) -> bool {
        self.folding = next;
        self.logged = self.logged.max(logged);
        next.is_none()
    }

    /// Replaces an operand by what a fold made of it.
    pub fn replace(&mut self, place: Place, entry: &Entry<'_>) -> Result<(), Failure> {
        self.memtable.replace(place, entry)
    }

    /// It is merged once the log is durable up to here.
    pub fn logged(&self) -> Position {
        self.logged
    }

    /// Makes all entries durable in the table, when all are merged. Returns whether they were already.
    pub fn make_tabled<D: Disk>(&mut self, table: &mut Table<D>) -> Result<bool, Failure> {
        let was_tabled = std::mem::replace(&mut self.is_tabled, true);
        if !was_tabled {
            table.sync()?;
        }
        Ok(was_tabled)
    }

    /// The remaining history once all prepared changes are visible.
    pub fn history(&self) -> HistoryLeft {
        self.group.history()
    }

    /// The checkpoint to record once everything is merged and the table is durable.
    pub fn checkpoint(&self) -> Checkpoint {
        self.checkpoint
    }

    /// Merges some entries. Returns the blocks and bytes that the table prepared.
    pub fn merge_some<D: Disk>(&mut self, table: &mut Table<D>, retention: &Retention) -> Result<Written, Failure> {
        let Some(place) = self.place else { return Ok(Written::default()) };
        let mut taken = 0;
        let counted = self.memtable.iter_from(Some(place)).inspect(|_| taken += 1);
        let mut entries = counted.filter(is_folded).peekable();
        table.merge_into(self.level, &mut entries, retention, BLOCKS_A_STEP, &mut self.group)?;
        let next = entries.peek().map(|entry| (entry.key, entry.version));
        self.place = next.and_then(|(key, version)| self.memtable.seek(key, version));
        drop(entries);
        self.merged += taken;
        if self.group.is_full() || self.group.written().bytes >= BYTES_A_GROUP || self.place.is_none() {
            return self.prepare(table);
        }
        Ok(Written::default())
    }

    /// Makes a job of the next entries. The merged entries must be visible before. `is_beside` says that the job before is
    /// still out.
    pub fn hand_out<D: Disk>(
        &mut self,
        table: &mut Table<D>,
        retention: &Retention,
        limits: JobLimits,
        is_beside: bool,
    ) -> Result<HandedOut, Failure> {
        // Without a job that is out, the table has all that was merged. And steps may have merged more since the last job.
        let in_gap = is_beside && self.end == JobEnd::Gap;
        let mut entries = self.memtable.iter_from(self.place).filter(is_folded).peekable();
        let handed = table.hand_out(self.level, &mut entries, retention, in_gap, limits)?;
        let next = entries.peek().map(|entry| (entry.key, entry.version));
        self.place = next.and_then(|(key, version)| self.memtable.seek(key, version));
        self.end = handed.end;
        Ok(handed)
    }

    /// The start of the next job. `None` if there is none, or if it must wait for the jobs that are out.
    pub fn next_job(&self, is_beside: bool) -> Option<Place> {
        self.place.filter(|_| !is_beside || self.end != JobEnd::Within)
    }

    /// Continues at `place`, the start of a job that was taken back. No job may be out.
    pub fn go_on_from(&mut self, place: Option<Place>) {
        self.place = place;
        self.end = JobEnd::Block;
    }

    /// Notes that the entries of a job are in the table.
    pub fn job_is_done(&mut self, entries: usize) {
        self.merged += entries;
    }

    /// Whether entries are merged that the table has not prepared.
    pub fn has_group(&self) -> bool {
        !self.group.is_empty()
    }

    /// Prepares to make the merged entries visible in the table.
    pub fn prepare<D: Disk>(&mut self, table: &mut Table<D>) -> Result<Written, Failure> {
        table.prepare(std::mem::take(&mut self.group))
    }

    /// The memory of the memtable, without entries.
    pub fn into_spare(mut self) -> Memtable {
        self.memtable.clear();
        self.memtable
    }
}

/// Operands that are left are left out: see [`Store::fold_step`](super::store::Store).
fn is_folded(entry: &Entry<'_>) -> bool {
    !matches!(entry.value, Value::Operand(_))
}
