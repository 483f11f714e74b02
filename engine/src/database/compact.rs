//! Compaction: moves everything into the bottom level, and frees the space of entries that nothing needs.

use super::Database;
use super::checkpointer::Compaction;
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
            Compaction::Descended => Some(self.begin_bottom()?),
            Compaction::Bottom(rewrite, is_first) => Some(self.compact_bottom(rewrite, is_first, now_ms)?),
            Compaction::Log => self.compact_log()?,
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
        // Seal even an empty memtable: then recovery does not need the log before this point.
        self.values.end_segment()?;
        self.seal()?;
        Ok(Compaction::Memtables(true))
    }

    fn compact_upper(&mut self, mut descent: Descent, now_ms: u64) -> Result<Compaction, Failure> {
        if self.table.live_bytes(Level::Upper) > 0 {
            self.checkpointer.jobs_mut().worked_here();
            self.descend(&mut descent, now_ms)?;
            if !descent.is_at_start() {
                return Ok(Compaction::Upper(descent));
            }
        }
        self.begin_bottom()
    }

    fn begin_bottom(&mut self) -> Result<Compaction, Failure> {
        self.checkpointer.all_is_bottom()?;
        Ok(Compaction::Bottom(self.begin_rewrite()?, true))
    }

    fn begin_rewrite(&mut self) -> Result<Rewrite, Failure> {
        let rewrite = self.table.rewrite(LIVE_PERCENT)?;
        self.table.sync()?;
        Ok(rewrite)
    }

    fn compact_bottom(&mut self, mut rewrite: Rewrite, is_first: bool, now_ms: u64) -> Result<Compaction, Failure> {
        self.commit_group()?;
        let retention = self.retention(now_ms, true);
        let Some(written) = self.table.rewrite_step(&mut rewrite, &retention)? else {
            // Segments that were dense before may have lost most of their live bytes.
            let again = self.begin_rewrite()?;
            return Ok(if is_first && again.has_sparse() { Compaction::Bottom(again, false) } else { Compaction::Log });
        };
        self.count_written(written);
        Ok(Compaction::Bottom(rewrite, is_first))
    }

    fn compact_log(&mut self) -> Result<Option<Compaction>, Failure> {
        if self.table.remove_dead()? {
            return Ok(Some(Compaction::Log));
        }
        if !self.values.is_moving() {
            self.drop_dead_segments()?;
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
