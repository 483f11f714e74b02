//! Gives space back: segments of the log that nothing leads to are removed, and what lives is moved out of files that are mostly
//! dead.

use super::store::Store;
use super::value_log::BYTES_A_STEP;
use crate::disk::Disk;
use crate::failure::Failure;

impl<D: Disk> Store<D> {
    /// Whether files have so many dead bytes that the next commits wait until there are fewer.
    pub fn has_much_dead(&self) -> bool {
        self.values.has_much_dead(self.table.log_live()) || self.table.has_sparse(3)
    }

    /// Before a commit: gives back what is dead beyond that, as many bytes as the commit before wrote, if nobody else does.
    pub fn keep_space(&mut self) -> Result<(), Failure> {
        let due = self.values.pace();
        let mut steps = if self.has_much_dead() { 1 + due / BYTES_A_STEP as u64 } else { 0 };
        while steps > 0 && self.has_much_dead() {
            self.reclaim_step()?;
            steps -= 1;
        }
        // What these steps wrote is not due.
        self.values.pace();
        Ok(())
    }

    /// Moves some of what lives out of a file that is mostly dead, if there is one.
    pub fn reclaim_step(&mut self) -> Result<(), Failure> {
        if !self.values.is_moving() && !self.checkpointer.is_emptying() {
            if self.values.knows_no_segment() {
                // Nothing was dropped since the database was opened.
                self.drop_dead_segments()?;
            }
            self.values.begin_moving(self.table.log_live());
            if !self.values.is_moving() {
                self.checkpointer.begin_emptying(&self.table);
            }
        }
        if self.checkpointer.is_emptying() {
            self.commit_group()?;
            return self.checkpointer.empty_some(&mut self.table);
        }
        self.move_step()
    }

    /// Removes the segments of the log that neither recovery nor the table needs.
    pub fn drop_dead_segments(&mut self) -> Result<(), Failure> {
        let dead = self.values.find_dead(self.checkpointer.checkpoint().first_segment, self.table.log_live())?;
        if !dead.is_empty() {
            // Nothing leads to them as of now; nothing durable may, either.
            self.table.sync()?;
        }
        self.values.remove(&dead)
    }

    /// Moves some values of the segment that is being emptied; at its end the segment is removed.
    pub fn move_step(&mut self) -> Result<(), Failure> {
        if !self.values.is_moving() {
            return Ok(());
        }
        // What a checkpoint prepared may replace blocks that lead to what moves.
        self.commit_group()?;
        let table = &self.table;
        let leads_to = |key: &[u8], version, position| table.leads_to(key, version, position);
        let Some(moved) = self.values.move_some(self.clock.newest(), &leads_to)? else { return Ok(()) };
        self.table.relocate(&moved.relocations)?;
        self.counters.moved(moved.bytes);
        if let Some(segment) = moved.emptied {
            self.table.sync()?;
            self.drop_dead_segments()?;
            if self.table.log_live().of(segment) > 0 {
                self.values.leave_out(segment);
            }
        }
        Ok(())
    }
}
