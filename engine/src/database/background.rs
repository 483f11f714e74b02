//! Background work, in small steps: moves memtables into the table, and removes segments of the log that nothing needs.

use std::time::Instant;

use super::checkpoint::Checkpoint;
use super::hidden::{Hiding, MOST_UNSEEN};
use super::{Database, Sealed};
use crate::disk::Disk;
use crate::failure::Failure;
use crate::table::{Descent, Level, Retention, Written};

/// Blocks that one step merges: some 2 ms of work.
const BLOCKS_A_STEP: usize = 32;
/// Bytes of blocks that are synced together: a sync of less costs nearly as much.
const BYTES_A_GROUP: usize = 1 << 20;

impl<D: Disk> Database<D> {
    /// Does a small part of what has to be done behind the commits: seals a full memtable, merges some blocks, records
    /// what is done, or moves some values out of a segment that is mostly dead. Says whether there is more to do.
    pub fn step(&mut self, now_ms: u64) -> Result<bool, Failure> {
        if self.options.read_only {
            return Ok(false);
        }
        self.abort_put();
        self.timed(|database| database.step_now(now_ms))?;
        Ok(self.has_work())
    }

    fn step_now(&mut self, now_ms: u64) -> Result<(), Failure> {
        if self.has_unnoted_segment() {
            self.note_newest_segment()?;
        } else if self.has_much_dead() {
            self.reclaim_step()?;
        } else if self.unseen(Hiding::Active) > 0 {
            self.look_step(Hiding::Active)?;
        } else if self.sealed.is_some() || self.must_descend() {
            self.table_step(now_ms)?;
        } else if self.is_full() {
            self.seal()?;
        } else if !self.table.remove_dead()? {
            self.reclaim_step()?;
        }
        Ok(())
    }

    /// Whether the active memtable is to be sealed: it is large, or the log behind the last one, or what it hides.
    pub(super) fn is_full(&self) -> bool {
        self.active.size_bytes() > self.options.write_buffer_size
            || self.unsealed_bytes() > self.options.log_limit()
            || self.hidden.bytes > self.hidden_limit()
    }

    /// Bytes of the log that neither a checkpoint nor the sealed memtable covers.
    fn unsealed_bytes(&self) -> u64 {
        self.log.appended_bytes() - self.unsealed_from + self.recovered_bytes
    }

    /// Whether the sealed memtable or the upper level hides so much that the next commits wait until it is merged.
    fn hides_much(&self) -> bool {
        let limit = self.hidden_limit();
        self.hidden_in_bottom > 2 * limit || self.sealed.as_ref().is_some_and(|sealed| sealed.hidden.bytes > limit)
    }

    /// Whether the upper level is to descend: it is too large, or hides too much.
    fn must_descend(&self) -> bool {
        self.upper_is_full() || self.sinking.is_some() || self.hidden_in_bottom > self.hidden_limit()
    }

    /// Does a step, and notes how long it took.
    fn timed(&mut self, step: impl FnOnce(&mut Self) -> Result<(), Failure>) -> Result<(), Failure> {
        let started = Instant::now();
        step(self)?;
        let took = started.elapsed();
        self.counters.stepping += took;
        self.counters.longest_step = self.counters.longest_step.max(took);
        Ok(())
    }

    /// Whether [`Database::step`] has something to do.
    pub fn has_work(&self) -> bool {
        self.sealed.is_some()
            || self.moving.is_some()
            || self.emptying.is_some()
            || self.is_full()
            || self.reclaimable
            || self.table.has_dead()
            || self.table.has_sparse(2)
            || self.must_descend()
            || self.unseen(Hiding::Active) > 0
            || self.has_unnoted_segment()
    }

    /// Whether the checkpoint is behind the pace at which the active memtable fills: if it does not catch up, the next
    /// commits must do some of its work themselves.
    pub fn is_behind(&self) -> bool {
        self.sealed.as_ref().is_some_and(|sealed| self.is_ahead_of(sealed, 0))
            || self.has_much_dead()
            || self.hides_much()
    }

    /// Whether the active memtable is fuller than the sealed one is merged, and `slack` entries more.
    fn is_ahead_of(&self, sealed: &Sealed, slack: u64) -> bool {
        let (entries, done) = (sealed.memtable.len() as u64, sealed.merged as u64 + slack);
        let (filled, logged) = (self.active.size_bytes() as u64, self.unsealed_bytes());
        filled * entries > done * self.options.write_buffer_size as u64
            || u128::from(logged) * u128::from(entries) > u128::from(done) * u128::from(self.options.log_limit())
    }

    /// The upper level is rewritten with each memtable, the bottom each time as much as it holds came down: together they
    /// cost least when the upper has the geometric mean of half the bottom and a memtable.
    fn upper_is_full(&self) -> bool {
        let buffer = self.options.write_buffer_size as u64;
        let mean = (self.table.live_bytes(Level::Bottom) / 2 * buffer).isqrt();
        self.table.live_bytes(Level::Upper) > mean.max(2 * buffer)
    }

    /// Before a commit: lets the checkpoint go on at the pace at which the active memtable fills, and at the hard limit,
    /// with two full memtables, to its end.
    pub(super) fn keep_pace(&mut self, now_ms: u64) -> Result<(), Failure> {
        self.keep_space()?;
        if self.unseen(Hiding::Active) >= MOST_UNSEEN {
            self.look_step(Hiding::Active)?;
        }
        while self.is_full() {
            if self.sealed.is_none() {
                return self.timed(Self::seal);
            }
            self.timed(|database| database.table_step(now_ms))?;
        }
        if self.hides_much() || self.sealed.as_ref().is_some_and(|sealed| self.is_ahead_of(sealed, PACE_AHEAD)) {
            self.timed(|database| database.table_step(now_ms))?;
        }
        Ok(())
    }

    fn table_step(&mut self, now_ms: u64) -> Result<(), Failure> {
        self.table.remove_dead()?;
        let must_merge = self.sealed.as_ref().is_some_and(|sealed| self.is_ahead_of(sealed, 0));
        if !self.upper_is_full() && (must_merge || !self.must_descend()) {
            return self.checkpoint_step(now_ms);
        }
        self.counters.steps += 1;
        let mut descent = std::mem::take(&mut self.descent);
        if self.sinking.is_none() && self.hidden_in_bottom > self.hidden_limit() {
            self.sinking = Some(self.hidden_in_bottom);
            descent.restart();
        }
        self.descend(&mut descent, now_ms)?;
        let is_round = descent.is_at_start();
        self.descent = descent;
        if let Some(hidden) = self.sinking.take_if(|_| is_round) {
            self.hidden_in_bottom = self.hidden_in_bottom.saturating_sub(hidden);
            Checkpoint::note_hidden(&self.db, self.hidden_in_bottom)?;
            self.drop_dead_segments()?;
            self.reclaimable = true;
        }
        if self.sealed.is_none() && !self.must_descend() {
            self.table.sync()?;
        }
        Ok(())
    }

    /// Moves some blocks of the upper level down.
    pub(super) fn descend(&mut self, descent: &mut Descent, now_ms: u64) -> Result<(), Failure> {
        // What a checkpoint prepared may replace what descends.
        self.commit_group()?;
        let retention = self.retention(now_ms, true);
        let written = self.table.descend(descent, &retention)?;
        self.count_written(written);
        Ok(())
    }

    pub(super) fn retention(&self, now_ms: u64, is_bottom: bool) -> Retention {
        let versions_to_keep = self.options.versions_to_keep;
        let held = self.held.keys().next().copied();
        Retention { versions_to_keep, snapshots: self.snapshots.versions(), held, now_ms, is_bottom }
    }

    /// Lets what was merged of the sealed memtable show in the table.
    pub(super) fn commit_group(&mut self) -> Result<(), Failure> {
        let Some(sealed) = &mut self.sealed else { return Ok(()) };
        let written = self.table.commit(std::mem::take(&mut sealed.group))?;
        self.count_written(written);
        Ok(())
    }

    pub(super) fn count_written(&mut self, written: Written) {
        self.counters.blocks_written += written.blocks as u64;
    }

    /// The checkpoint covers the log up to here: the segment that is written to now is needed on.
    pub(super) fn seal(&mut self) -> Result<(), Failure> {
        // What the table will hold must not be ahead of the log: a version would come back that others may never have.
        self.log.sync()?;
        let first_segment = self.log.ensure_segment()?;
        let checkpoint = Checkpoint { first_segment, version: self.version, reserved: self.reserved };
        let memtable = std::mem::replace(&mut self.active, std::mem::take(&mut self.spare));
        let hidden = std::mem::take(&mut self.hidden);
        self.sealed = Some(Sealed::new(memtable, hidden, checkpoint, &self.table)?);
        self.unsealed_from = self.log.appended_bytes();
        self.recovered_bytes = 0;
        Ok(())
    }

    pub(super) fn checkpoint_step(&mut self, now_ms: u64) -> Result<(), Failure> {
        self.counters.steps += 1;
        if self.unseen(Hiding::Sealed) > 0 {
            return self.look_step(Hiding::Sealed);
        }
        let bottom_is_empty = self.table.live_bytes(Level::Bottom) == 0;
        let is_bottom = bottom_is_empty || self.sealed.as_ref().is_some_and(|sealed| sealed.level == Level::Bottom);
        let retention = self.retention(now_ms, is_bottom);
        let Some(sealed) = &mut self.sealed else { return Ok(()) };
        if let Some(place) = sealed.place {
            let mut taken = 0;
            let counted = sealed.memtable.iter_from(Some(place)).inspect(|_| taken += 1);
            let mut entries = counted.peekable();
            self.table.merge_into(sealed.level, &mut entries, &retention, BLOCKS_A_STEP, &mut sealed.group)?;
            let next = entries.peek().map(|entry| (entry.key, entry.version));
            sealed.place = next.and_then(|(key, version)| sealed.memtable.seek(key, version));
            drop(entries);
            sealed.merged += taken;
            if sealed.group.is_full() || sealed.group.written().bytes >= BYTES_A_GROUP || sealed.place.is_none() {
                self.commit_group()?;
            }
            return Ok(());
        }
        self.table.sync()?;
        if sealed.hidden.in_bottom > 0 {
            self.hidden_in_bottom += sealed.hidden.in_bottom;
            Checkpoint::note_hidden(&self.db, self.hidden_in_bottom)?;
        }
        sealed.checkpoint.write(&self.db)?;
        self.checkpoint = sealed.checkpoint;
        // A restore may have ended what the memtables have of the history beyond that.
        self.tabled = self.tabled.max(sealed.checkpoint.version);
        self.counters.checkpoints += 1;
        if let Some(mut sealed) = self.sealed.take() {
            sealed.memtable.clear();
            self.spare = sealed.memtable;
        }
        self.drop_dead_segments()?;
        self.reclaimable = true;
        Ok(())
    }
}

/// Entries by which the checkpoint may lag behind: so small a step would be all overhead.
const PACE_AHEAD: u64 = 256;
