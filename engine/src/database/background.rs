//! Background work in small steps: merges memtables into the table, and removes segments of the log that nothing needs.

use std::time::Instant;

use super::Database;
use super::checkpointer::After;
use super::hidden::Hiding;
use super::jobs::Planned;
use super::look::MOST_UNSEEN;
use super::memtables::{EIGHTHS, PACE_AHEAD};
use super::sealed::Sealed;
use super::store::Store;
use crate::disk::Disk;
use crate::failure::Failure;
use crate::index::Checkpoint;
use crate::table::{Descent, Level, Retention, Written};

/// A commit does one more step for each this many bytes of the previous commit.
const BYTES_A_STEP: u64 = 64 * 1024;
/// The most steps of a commit below the hard limit. They take about 50 ms.
const MOST_STEPS: u64 = 16;
/// The hard limit, in eighths of a full memtable.
pub(super) const OVERFULL: u64 = EIGHTHS + 1;

impl<D: Disk> Database<D> {
    /// Does a small part of the background work. It seals a full memtable, merges some blocks, records a checkpoint, or
    /// moves some values out of a segment that is mostly dead. Returns whether more is left.
    pub fn step(&mut self, now_ms: u64) -> Result<bool, Failure> {
        let Some(store) = self.writing() else { return Ok(false) };
        store.timed(|store| store.step_now(now_ms))?;
        Ok(store.has_work())
    }

    /// Whether [`Database::step`] has something to do.
    pub fn has_work(&self) -> bool {
        self.looking().has_work()
    }

    /// Whether the next step would block, because it needs a sync of the log that is not done.
    pub fn waits_for_log(&self) -> bool {
        self.looking().waits_for_log()
    }

    /// Whether the checkpoint is slower than the active memtable fills. If it does not catch up, the next commits must
    /// do some of its work.
    pub fn is_behind(&self) -> bool {
        self.looking().is_behind()
    }
}

impl<D: Disk> Store<D> {
    fn step_now(&mut self, now_ms: u64) -> Result<(), Failure> {
        // The host makes a job of it.
        if self.planned() == Some(Planned::Relocate) || self.go_on()? {
            return Ok(());
        }
        if self.values.has_unnoted_segment() {
            self.values.note_newest_segment()?;
        } else if self.checkpointer.jobs().are_out() {
            // No other change of the table comes before those of the jobs.
            if !self.step_beside_jobs()? && self.unseen(Hiding::Active) > 0 {
                self.look_step(Hiding::Active)?;
            }
        } else if self.planned().is_some() {
            // The host makes a job of the next work.
        } else if self.has_much_dead() {
            self.reclaim_step()?;
        } else if self.unseen(Hiding::Active) > 0 {
            self.look_step(Hiding::Active)?;
        } else if self.memtables.sealed().is_some() || self.must_descend() {
            self.table_step(now_ms)?;
        } else if self.is_full() {
            self.seal()?;
        } else if !self.remove_dead()? {
            self.reclaim_step()?;
        }
        Ok(())
    }

    /// Goes on with what the step before began, now that what it wrote is durable. Returns whether there was something.
    pub(super) fn go_on(&mut self) -> Result<bool, Failure> {
        if self.table.show()? {
            return Ok(true);
        }
        match self.checkpointer.take_after() {
            Some(After::Descent(is_round)) => self.after_descent(is_round)?,
            Some(After::Emptied(segment)) => self.drop_emptied(segment)?,
            Some(After::Checkpoint) => self.drop_dead_segments()?,
            None => return self.relocate(),
        }
        Ok(true)
    }

    /// Completes what earlier steps began. Blocks for syncs that are not done.
    pub(super) fn settle(&mut self) -> Result<(), Failure> {
        while self.go_on()? {}
        Ok(())
    }

    /// Whether earlier steps began nothing that is to be completed.
    pub(super) fn is_settled(&self) -> bool {
        !self.table.has_prepared() && !self.checkpointer.has_after() && !self.values.has_moved()
    }

    /// Whether the next step would block for a sync of the log that goes on.
    fn waits_for_log(&self) -> bool {
        let awaited = self.memtables.sealed().map(Sealed::logged).max(self.checkpointer.compaction_syncs());
        awaited.is_some_and(|end| !self.values.is_durable(end))
            || self.values.moved_waits()
            || (self.values.is_waiting() && self.is_full())
    }

    /// Whether the active memtable must be sealed.
    pub(super) fn is_full(&self) -> bool {
        self.memtables.is_full(self.values.appended_bytes(), self.hidden_limit(), &self.options)
    }

    /// Whether the active memtable fills faster than the sealed one is merged, by more than `slack` entries.
    pub(super) fn is_ahead(&self, slack: u64) -> bool {
        self.memtables.are_ahead(slack, self.values.appended_bytes(), &self.options)
    }

    /// Whether the sealed memtable or the upper level hides so much that the next commits must wait for the merge.
    fn hides_much(&self) -> bool {
        let limit = self.hidden_limit();
        self.checkpointer.hides_more_than(2 * limit) || self.memtables.hide_more_than(limit)
    }

    /// Whether the upper level must descend: it is too large, or hides too much.
    pub(super) fn must_descend(&self) -> bool {
        self.upper_is_full() || self.checkpointer.must_descend(self.hidden_limit())
    }

    /// Does a step and records how long it took.
    fn timed(&mut self, step: impl FnOnce(&mut Self) -> Result<(), Failure>) -> Result<(), Failure> {
        let started = Instant::now();
        step(self)?;
        let took = started.elapsed();
        self.counters.took(took);
        Ok(())
    }

    fn has_work(&self) -> bool {
        self.memtables.sealed().is_some()
            || self.checkpointer.is_emptying()
            || self.checkpointer.jobs().are_out()
            || self.is_full()
            || self.values.has_work()
            || !self.is_settled()
            || self.values.has_dead()
            || self.table.has_dead()
            || self.table.has_sparse(2)
            || self.must_descend()
            || self.unseen(Hiding::Active) > 0
            || self.values.has_unnoted_segment()
    }

    fn is_behind(&self) -> bool {
        self.is_ahead(self.slack()) || self.jobs_lag() || self.has_much_dead() || self.hides_much()
    }

    /// Each memtable rewrites the upper level. Each time the upper level has descended, the bottom level is rewritten.
    /// The sum of both costs is lowest if the upper level has the geometric mean of half the bottom level and a
    /// memtable.
    pub(super) fn upper_is_full(&self) -> bool {
        let buffer = self.options.write_buffer_size as u64;
        let mean = (self.table.live_bytes(Level::Bottom) / 2 * buffer).isqrt();
        self.table.live_bytes(Level::Upper) > mean.max(2 * buffer)
    }

    /// Whether the active memtable is larger than this many eighths of a full one.
    pub(super) fn exceeds(&self, eighths: u64) -> bool {
        self.memtables.exceeds(eighths, self.values.appended_bytes(), self.hidden_limit(), &self.options)
    }

    /// Runs before a commit. Advances the checkpoint at the pace at which the active memtable fills. A large commit does
    /// more steps than a small one. At the hard limit, with two memtables that are overfull, completes the checkpoint.
    pub(super) fn keep_pace(&mut self, now_ms: u64) -> Result<(), Failure> {
        // Also beside jobs. Otherwise the first commit after them would do steps for all bytes since then.
        let written = self.values.pace();
        if self.leaves_pace_to_jobs()? {
            return Ok(());
        }
        self.keep_space(written)?;
        if self.unseen(Hiding::Active) >= MOST_UNSEEN {
            self.look_step(Hiding::Active)?;
        }
        let mut steps = (1 + written / BYTES_A_STEP).min(MOST_STEPS);
        loop {
            let is_full = self.is_full();
            if is_full && self.memtables.sealed().is_none() {
                return self.timed(Self::seal);
            }
            let is_due = is_full || self.hides_much() || self.is_ahead(PACE_AHEAD);
            if !is_due || (steps == 0 && !self.exceeds(OVERFULL)) {
                return Ok(());
            }
            steps = steps.saturating_sub(1);
            self.timed(|store| store.table_step(now_ms))?;
        }
    }

    fn table_step(&mut self, now_ms: u64) -> Result<(), Failure> {
        self.settle()?;
        if self.remove_dead()? {
            return Ok(());
        }
        if self.merges_first() {
            return self.checkpoint_step(now_ms);
        }
        self.counters.step();
        // Prepared changes of a checkpoint may replace the blocks that descend.
        if self.prepare_group()? {
            return Ok(());
        }
        self.checkpointer.jobs_mut().worked_here();
        let mut descent = self.checkpointer.take_descent(self.hidden_limit());
        self.descend(&mut descent, now_ms)?;
        self.descended(descent)
    }

    /// Records the progress of the descent. What follows it comes when its changes are visible.
    pub(super) fn descended(&mut self, descent: Descent) -> Result<(), Failure> {
        let is_round = self.checkpointer.descended(descent)?;
        self.checkpointer.then(After::Descent(is_round));
        Ok(())
    }

    fn after_descent(&mut self, is_round: bool) -> Result<(), Failure> {
        if is_round {
            self.drop_dead_segments()?;
            self.values.live_changed();
        }
        if self.memtables.sealed().is_none() && !self.must_descend() {
            self.sync_table()?;
        }
        Ok(())
    }

    /// Whether the sealed memtable is merged before the upper level descends.
    pub(super) fn merges_first(&self) -> bool {
        !self.upper_is_full() && (self.is_ahead(0) || !self.must_descend())
    }

    /// Moves some blocks of the upper level into the bottom level. No group of a checkpoint may be there.
    pub(super) fn descend(&mut self, descent: &mut Descent, now_ms: u64) -> Result<(), Failure> {
        let retention = self.retention(now_ms, true);
        let written = self.table.descend(descent, &retention)?;
        self.count_written(written);
        Ok(())
    }

    pub(super) fn retention(&self, now_ms: u64, is_bottom: bool) -> Retention {
        // What had not expired when an operand was committed is needed until that is folded.
        let now_ms = now_ms.min(self.memtables.first_operand_ms());
        self.clock.retention(self.options.versions_to_keep, now_ms, is_bottom)
    }

    /// Which entries of the sealed memtable stay.
    pub(super) fn retention_of_sealed(&self, now_ms: u64) -> Retention {
        let bottom_is_empty = self.table.live_bytes(Level::Bottom) == 0;
        let is_bottom =
            bottom_is_empty || self.memtables.sealed().is_some_and(|sealed| sealed.level() == Level::Bottom);
        self.retention(now_ms, is_bottom)
    }

    /// Prepares to make the merged entries of the sealed memtable visible in the table. Takes back the jobs that are out.
    /// Returns whether there are any such entries.
    pub(super) fn prepare_group(&mut self) -> Result<bool, Failure> {
        self.take_jobs_back();
        let Some(sealed) = self.memtables.sealed_mut().filter(|sealed| sealed.has_group()) else { return Ok(false) };
        let written = sealed.prepare(&mut self.table)?;
        self.count_written(written);
        Ok(true)
    }

    pub(super) fn count_written(&mut self, written: Written) {
        self.counters.wrote(written);
    }

    /// Seals the active memtable. The checkpoint covers the log up to here. The present segment is still needed.
    pub(super) fn seal(&mut self) -> Result<(), Failure> {
        self.settle()?;
        let first_segment = self.values.begin_sync_segment()?;
        let checkpoint = Checkpoint { first_segment, version: self.clock.newest(), reserved: self.clock.reserved() };
        self.memtables.seal((checkpoint, self.values.end()), self.values.appended_bytes(), &self.table)
    }

    /// Merges a small part of the sealed memtable into the table. At the end, records the checkpoint.
    pub(super) fn checkpoint_step(&mut self, now_ms: u64) -> Result<(), Failure> {
        self.settle()?;
        self.counters.step();
        if self.unseen(Hiding::Sealed) > 0 {
            return self.look_step(Hiding::Sealed);
        }
        if self.fold_step(now_ms)? {
            return Ok(());
        }
        let retention = self.retention_of_sealed(now_ms);
        let Some(sealed) = self.memtables.sealed_mut() else { return Ok(()) };
        // The table must not be ahead of the log. Otherwise a version could return after a crash without the versions
        // before it. The segment that the checkpoint names must be there, too.
        self.values.ensure_durable(sealed.logged())?;
        if !sealed.is_merged() {
            self.checkpointer.jobs_mut().worked_here();
            let written = sealed.merge_some(&mut self.table, &retention)?;
            self.count_written(written);
            return Ok(());
        }
        if !sealed.make_tabled(&mut self.table)? {
            return Ok(());
        }
        self.checkpointer.record(sealed.checkpoint(), sealed.hidden().in_bottom())?;
        self.memtables.end_sealed();
        self.counters.checkpoint();
        self.values.live_changed();
        self.checkpointer.then(After::Checkpoint);
        Ok(())
    }
}
