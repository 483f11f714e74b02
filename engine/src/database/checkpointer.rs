//! The last checkpoint, and the progress of the table's maintenance.

use super::jobs::Jobs;
use super::times::Times;
use crate::disk::Disk;
use crate::failure::Failure;
use crate::index::{Checkpoint, Notes};
use crate::log::{Position, SegmentNumber};
use crate::table::{Descent, Rewrite, SparseSegment, Table};

/// The progress of a compaction.
pub(super) enum Compaction {
    /// Memtables are merged into the table. Holds whether the memtable that was active at the start is sealed already.
    Memtables(bool),
    /// The upper level is merged into the bottom level.
    Upper(Descent),
    /// The bottom level is rewritten. Holds whether this is the first time.
    Bottom(Rewrite, bool),
    /// Values in the log are moved.
    Log,
    /// The log is being synced up to here. Then its segment ends, and the active memtable is sealed.
    Sync(Position),
    /// All of the upper level is merged into the bottom level.
    Descended,
    /// The bottom level is rewritten. Holds whether this was the first time.
    Rewritten(bool),
}

/// What is to be done when the table shows the group that it prepared, or when a checkpoint is durable.
#[derive(Clone, Copy, Debug)]
pub(super) enum After {
    /// Of a descent, with whether it ended a round that began because of hidden bytes.
    Descent(bool),
    /// Of relocations: the segment of the log that has no more values.
    Emptied(SegmentNumber),
    /// Of a checkpoint: segments of the log may be dead.
    Checkpoint,
}

/// The maintenance of a table.
pub(super) struct Checkpointer {
    notes: Notes,
    /// The last recorded checkpoint.
    checkpoint: Checkpoint,
    /// The approximate number of bytes of logged values that the bottom level refers to but the upper level hides.
    hidden: u64,
    /// When versions were written.
    times: Times,
    /// How much of `hidden` disappears at the end of this round, in which the whole upper level descends.
    sinking: Option<u64>,
    descent: Descent,
    /// A segment of blocks that is being emptied.
    emptying: Option<SparseSegment>,
    compaction: Option<Compaction>,
    after: Option<After>,
    /// The jobs of a worker.
    jobs: Jobs,
}

impl Checkpointer {
    /// Continues from the recorded notes.
    pub fn open(notes: Notes) -> Result<Self, Failure> {
        let (checkpoint, hidden) = (notes.checkpoint()?, notes.hidden()?);
        let times = Times::decode(notes.times()?.as_deref());
        let (sinking, descent) = (None, Descent::default());
        Ok(Self {
            notes,
            checkpoint,
            hidden,
            times,
            sinking,
            descent,
            emptying: None,
            compaction: None,
            after: None,
            jobs: Jobs::default(),
        })
    }

    /// The jobs of a worker.
    pub fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// The jobs of a worker.
    pub fn jobs_mut(&mut self) -> &mut Jobs {
        &mut self.jobs
    }

    /// When versions were written.
    pub fn times(&self) -> &Times {
        &self.times
    }

    /// When versions were written.
    pub fn times_mut(&mut self) -> &mut Times {
        &mut self.times
    }

    /// The last checkpoint.
    pub fn checkpoint(&self) -> Checkpoint {
        self.checkpoint
    }

    /// Records a checkpoint, durably. The table must already have all its entries, durably. The memtable that it covers
    /// hides `hidden` more bytes. Also notes the times of versions.
    pub fn record(&mut self, checkpoint: Checkpoint, hidden: u64) -> Result<(), Failure> {
        if hidden > 0 {
            self.hidden += hidden;
            self.notes.write_hidden(self.hidden)?;
        }
        if let Some(bytes) = self.times.take_changed() {
            self.notes.write_times(&bytes)?;
        }
        self.notes.write_checkpoint(checkpoint)?;
        self.checkpoint = checkpoint;
        Ok(())
    }

    /// Whether the upper level hides more than this many bytes.
    pub fn hides_more_than(&self, limit: u64) -> bool {
        self.hidden > limit
    }

    /// Whether the upper level must descend because it hides more than `limit` bytes, or because such a round is in
    /// progress.
    pub fn must_descend(&self, limit: u64) -> bool {
        self.sinking.is_some() || self.hides_more_than(limit)
    }

    /// Takes the progress of the descent. [`Checkpointer::descended`] puts it back. Begins a round if the upper level
    /// hides more than `limit` bytes.
    pub fn take_descent(&mut self, limit: u64) -> Descent {
        let mut descent = std::mem::take(&mut self.descent);
        if self.sinking.is_none() && self.hides_more_than(limit) {
            self.sinking = Some(self.hidden);
            descent.restart();
        }
        descent
    }

    /// Records the progress of the descent. Returns whether it ended a round that began because of hidden bytes.
    pub fn descended(&mut self, descent: Descent) -> Result<bool, Failure> {
        let is_round = descent.is_at_start();
        self.descent = descent;
        let Some(sunk) = self.sinking.take_if(|_| is_round) else { return Ok(false) };
        self.note_hidden(self.hidden.saturating_sub(sunk))?;
        Ok(true)
    }

    /// Undoes [`Checkpointer::take_descent`].
    pub fn return_descent(&mut self, descent: Descent) {
        self.descent = descent;
    }

    /// The progress of the compaction, if there is one.
    pub fn compaction(&self) -> Option<&Compaction> {
        self.compaction.as_ref()
    }

    /// Notes that all entries are in the bottom level, so nothing is hidden.
    pub fn all_is_bottom(&mut self) -> Result<(), Failure> {
        self.note_hidden(0)
    }

    fn note_hidden(&mut self, bytes: u64) -> Result<(), Failure> {
        self.hidden = bytes;
        self.notes.write_hidden(bytes)
    }

    /// Notes what is to be done after the prepared group.
    pub fn then(&mut self, after: After) {
        self.after = Some(after);
    }

    /// Whether there is something to do after the prepared group.
    pub fn has_after(&self) -> bool {
        self.after.is_some()
    }

    /// What is to be done after the prepared group.
    pub fn take_after(&mut self) -> Option<After> {
        self.after.take()
    }

    /// The position up to which a compaction syncs the log.
    pub fn compaction_syncs(&self) -> Option<Position> {
        if let Some(Compaction::Sync(end)) = self.compaction { Some(end) } else { None }
    }

    /// Whether a segment of blocks is being emptied.
    pub fn is_emptying(&self) -> bool {
        self.emptying.is_some()
    }

    /// Begins to empty a segment of blocks, if one is mostly dead.
    pub fn begin_emptying<D: Disk>(&mut self, table: &Table<D>) {
        self.emptying = table.sparse_segment();
    }

    /// Empties a part of the segment of blocks. All changes that a checkpoint prepared must be visible already.
    pub fn empty_some<D: Disk>(&mut self, table: &mut Table<D>) -> Result<(), Failure> {
        if let Some(mut sparse) = self.emptying.take()
            && table.empty_step(&mut sparse)?
        {
            self.emptying = Some(sparse);
        }
        Ok(())
    }

    /// Takes the progress of a compaction. [`Checkpointer::compacted`] puts it back.
    pub fn take_compaction(&mut self) -> Option<Compaction> {
        self.compaction.take()
    }

    /// Records the progress of a compaction; `None` if it is done.
    pub fn compacted(&mut self, compaction: Option<Compaction>) {
        self.compaction = compaction;
    }

    /// The size of the files of the index, in bytes.
    pub fn index_bytes(&self) -> Result<u64, Failure> {
        self.notes.size_on_disk()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::table;
    use super::Checkpointer;
    use crate::index::{Checkpoint, Index};
    use crate::log::SegmentNumber;
    use crate::table::Descent;
    use crate::version::Version;

    #[test]
    fn what_was_recorded_is_there_in_the_next_life() {
        let index = Index::in_memory();
        let mut checkpointer = Checkpointer::open(index.notes()).unwrap();
        assert_eq!(checkpointer.checkpoint(), Checkpoint::default());
        let checkpoint =
            Checkpoint { first_segment: SegmentNumber::of(2), version: Version::of(9), reserved: Version::of(20) };
        checkpointer.record(checkpoint, 70).unwrap();
        checkpointer.record(checkpoint, 30).unwrap();
        let mut reopened = Checkpointer::open(index.notes()).unwrap();
        assert_eq!(reopened.checkpoint(), checkpoint);
        assert!(reopened.hides_more_than(99) && !reopened.hides_more_than(100));
        reopened.all_is_bottom().unwrap();
        assert!(!Checkpointer::open(index.notes()).unwrap().hides_more_than(0));
    }

    #[test]
    fn what_the_upper_level_hides_sinks_in_one_whole_round() {
        let index = Index::in_memory();
        let mut checkpointer = Checkpointer::open(index.notes()).unwrap();
        checkpointer.record(Checkpoint::default(), 70).unwrap();
        assert!(checkpointer.must_descend(69) && !checkpointer.must_descend(70));
        // Rounds of a descent because of size do not count.
        let descent = checkpointer.take_descent(70);
        assert!(!checkpointer.descended(descent).unwrap());
        let descent = checkpointer.take_descent(69);
        assert!(descent.is_at_start());
        // Bytes that are hidden during a round wait for the next round.
        checkpointer.record(Checkpoint::default(), 5).unwrap();
        assert!(checkpointer.must_descend(1000));
        assert!(checkpointer.descended(Descent::default()).unwrap());
        assert!(!checkpointer.must_descend(5) && checkpointer.must_descend(4));
        assert_eq!(index.notes().hidden().unwrap(), 5);
    }

    #[test]
    fn a_table_without_sparse_segments_has_none_to_empty() {
        let (mut table, mut checkpointer) = (table(), Checkpointer::open(Index::in_memory().notes()).unwrap());
        checkpointer.begin_emptying(&table);
        assert!(!checkpointer.is_emptying());
        checkpointer.empty_some(&mut table).unwrap();
        assert!(checkpointer.take_compaction().is_none());
    }
}
