//! Compaction: moves everything into the bottom level, and frees the space of entries that nothing needs.

use super::Database;
use super::checkpointer::Compaction;
use super::jobs::Planned;
use super::store::Store;
use crate::disk::Disk;
use crate::failure::Failure;
use crate::table::{Descent, Level, Rewrite};

/// Segments are rewritten when less than this share of them is live, in percent.
const LIVE_PERCENT: u64 = 80;

impl<D: Disk> Database<D> {
    /// Does a small part of a compaction. Begins one if none is in progress. Returns whether more is left. Other calls
    /// may run in between. The compaction does not cover their writes.
    pub fn compact_step(&mut self, now_ms: u64) -> Result<bool, Failure> {
        self.writing().map_or(Ok(false), |store| store.compact_step(now_ms))
    }
}

impl<D: Disk> Store<D> {
    fn compact_step(&mut self, now_ms: u64) -> Result<bool, Failure> {
        // What is free is free before more is written: the disk may be full.
        // Or the host makes a job of what was moved.
        if self.planned() == Some(Planned::Relocate) || self.go_on()? || self.values.remove_dead()? {
            return Ok(true);
        }
        if self.checkpointer.jobs().are_out() {
            self.step_beside_jobs()?;
            return Ok(true);
        }
        if self.planned().is_some() {
            // The host makes a job of the next work.
            return Ok(true);
        }
        let compaction = self.checkpointer.take_compaction().unwrap_or(Compaction::Memtables(false));
        let compaction = match compaction {
            Compaction::Memtables(sealed) => Some(self.compact_memtables(sealed, now_ms)?),
            Compaction::Upper(descent) => Some(self.compact_upper(descent, now_ms)?),
            Compaction::Bottom(rewrite, is_first) => Some(self.compact_bottom(rewrite, is_first, now_ms)?),
            Compaction::Log => self.compact_log()?,
            Compaction::Sync(_) => Some(self.compact_active()?),
            Compaction::Descended => {
                self.checkpointer.all_is_bottom()?;
                Some(Compaction::Bottom(self.begin_rewrite()?, true))
            }
            Compaction::Rewritten(is_first) => {
                // Segments that were dense before may have lost most of their live bytes.
                let again = self.begin_rewrite()?;
                let is_again = is_first && again.has_sparse();
                Some(if is_again { Compaction::Bottom(again, false) } else { Compaction::Log })
            }
        };
        let more = compaction.is_some();
        self.checkpointer.compacted(compaction);
        Ok(more)
    }

    fn compact_memtables(&mut self, sealed: bool, now_ms: u64) -> Result<Compaction, Failure> {
        if self.memtables.sealed().is_some() {
            self.checkpoint_step(now_ms)?;
            return Ok(Compaction::Memtables(sealed));
        }
        if sealed {
            return Ok(Compaction::Upper(Descent::default()));
        }
        let end = self.values.end();
        self.values.begin_sync()?;
        Ok(Compaction::Sync(end))
    }

    fn compact_active(&mut self) -> Result<Compaction, Failure> {
        if self.memtables.sealed().is_some() {
            return Ok(Compaction::Memtables(false));
        }
        // Seal even an empty memtable: then recovery does not need the log before this point.
        self.values.end_segment()?;
        self.seal()?;
        Ok(Compaction::Memtables(true))
    }

    fn compact_upper(&mut self, mut descent: Descent, now_ms: u64) -> Result<Compaction, Failure> {
        if self.prepare_group()? {
            return Ok(Compaction::Upper(descent));
        }
        if self.table.live_bytes(Level::Upper) > 0 {
            self.checkpointer.jobs_mut().worked_here();
            self.descend(&mut descent, now_ms)?;
            if !descent.is_at_start() {
                return Ok(Compaction::Upper(descent));
            }
        }
        Ok(Compaction::Descended)
    }

    fn begin_rewrite(&mut self) -> Result<Rewrite, Failure> {
        let rewrite = self.table.rewrite(LIVE_PERCENT)?;
        self.sync_table()?;
        Ok(rewrite)
    }

    fn compact_bottom(&mut self, mut rewrite: Rewrite, is_first: bool, now_ms: u64) -> Result<Compaction, Failure> {
        if self.prepare_group()? {
            return Ok(Compaction::Bottom(rewrite, is_first));
        }
        let retention = self.retention(now_ms, true);
        let Some(written) = self.table.rewrite_step(&mut rewrite, &retention)? else {
            return Ok(Compaction::Rewritten(is_first));
        };
        self.count_written(written);
        Ok(Compaction::Bottom(rewrite, is_first))
    }

    fn compact_log(&mut self) -> Result<Option<Compaction>, Failure> {
        if self.remove_dead()? {
            return Ok(Some(Compaction::Log));
        }
        if !self.values.is_moving() {
            self.drop_dead_segments()?;
            if self.values.has_dead() {
                return Ok(Some(Compaction::Log));
            }
            self.values.begin_moving_below(LIVE_PERCENT, self.table.log_live());
        }
        if !self.values.is_moving() {
            return Ok(None);
        }
        self.move_step()?;
        // At the end, new segments of blocks may be dead.
        Ok(Some(Compaction::Log))
    }
}
