//! Frees space: removes segments of the log that nothing refers to, and moves live data out of files that are mostly
//! dead.

use super::checkpointer::After;
use super::store::Store;
use super::value_log::{BYTES_A_STEP, Moved};
use crate::disk::Disk;
use crate::failure::Failure;
use crate::log::SegmentNumber;

impl<D: Disk> Store<D> {
    /// Whether files have so many dead bytes that the next commits must wait until there are fewer.
    pub fn has_much_dead(&self) -> bool {
        self.values.has_much_dead(self.table.log_live()) || self.table.has_sparse(3)
    }

    /// Runs before a commit. If there are too many dead bytes, reclaims as many bytes as the previous commit wrote.
    pub fn keep_space(&mut self, due: u64) -> Result<(), Failure> {
        let mut steps = if self.has_much_dead() { 1 + due / BYTES_A_STEP as u64 } else { 0 };
        while steps > 0 && self.has_much_dead() {
            self.reclaim_step()?;
            steps -= 1;
        }
        // The bytes that these steps wrote do not count for the next commit.
        self.values.pace();
        Ok(())
    }

    /// Moves some live data out of a file that is mostly dead, if there is one.
    pub fn reclaim_step(&mut self) -> Result<(), Failure> {
        self.settle()?;
        if !self.values.is_moving() && !self.checkpointer.is_emptying() {
            if self.values.knows_no_segment() {
                // No segment was removed since the database was opened.
                self.drop_dead_segments()?;
            }
            self.values.begin_moving(self.table.log_live());
            if !self.values.is_moving() {
                self.checkpointer.begin_emptying(&self.table);
            }
        }
        if self.checkpointer.is_emptying() {
            return if self.prepare_group()? { Ok(()) } else { self.checkpointer.empty_some(&mut self.table) };
        }
        self.move_step()
    }

    /// Finds the segments of the log that neither recovery nor the table needs. [`Store::remove_dead`] removes them.
    pub fn drop_dead_segments(&mut self) -> Result<(), Failure> {
        self.table.show()?;
        if self.values.find_dead(self.checkpointer.checkpoint().first_segment, self.table.log_live())? {
            // Nothing refers to them now. The durable state must not refer to them, either.
            self.sync_table()?;
        }
        Ok(())
    }

    /// Makes the table durable, and finds its dead segments. Nothing leads to the blocks of an unfinished group yet, but
    /// they are not dead. So the group becomes visible first.
    pub fn sync_table(&mut self) -> Result<(), Failure> {
        self.prepare_group()?;
        self.table.sync()
    }

    /// Removes a segment of the log or of blocks that nothing refers to. Returns whether there was one.
    pub fn remove_dead(&mut self) -> Result<bool, Failure> {
        Ok(self.values.remove_dead()? || self.table.remove_dead()?)
    }

    /// Moves some values of the segment that is being emptied. At the end, the segment is dead.
    pub fn move_step(&mut self) -> Result<(), Failure> {
        self.settle()?;
        // Prepared changes of a checkpoint may replace blocks that refer to the moved values.
        if !self.values.is_moving() || self.prepare_group()? || self.values.has_moved() {
            return Ok(());
        }
        let table = &self.table;
        let leads_to = |key: &[u8], version, position| table.leads_to(key, version, position);
        self.values.move_some(self.clock.newest(), &leads_to)
    }

    /// Lets the table refer to the values that were moved, if there are any. Returns whether there are.
    pub fn relocate(&mut self) -> Result<bool, Failure> {
        let Some(moved) = self.values.take_moved()? else { return Ok(false) };
        self.checkpointer.jobs_mut().worked_here();
        self.table.relocate(&moved.relocations)?;
        self.relocated(&moved);
        Ok(true)
    }

    /// Notes that all entries lead to the moved values. What follows comes when the changes are visible.
    pub fn relocated(&mut self, moved: &Moved) {
        self.counters.moved(moved.bytes);
        if let Some(segment) = moved.emptied {
            self.checkpointer.then(After::Emptied(segment));
        }
    }

    /// Drops a segment of the log that has no more values.
    pub fn drop_emptied(&mut self, segment: SegmentNumber) -> Result<(), Failure> {
        self.sync_table()?;
        self.drop_dead_segments()?;
        if self.table.log_live().of(segment) > 0 {
            self.values.leave_out(segment);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{NOW_MS, OPTIONS, disks, get};
    use crate::database::payload::Operation;
    use crate::database::{Database, Options};
    use crate::disk::MemoryDisk;
    use crate::index::Index;

    /// So many keys have more blocks than one step merges.
    const KEYS: u8 = 200;

    /// Writes a value of 100 bytes for each key, and seals the memtable.
    fn seal(database: &mut Database<MemoryDisk>, value: u8) {
        for key in 0..KEYS {
            let operation = Operation { key: &[key], value: Some(&[value; 100]), expires: None };
            database.commit(&[operation], NOW_MS).unwrap();
        }
        database.working().seal().unwrap();
    }

    fn merge(database: &mut Database<MemoryDisk>) {
        while database.working().memtables.sealed().is_some() {
            database.working().checkpoint_step(NOW_MS).unwrap();
        }
    }

    #[test]
    fn the_blocks_of_an_unfinished_group_are_not_dead() {
        let options = Options { write_buffer_size: 1 << 20, segment_size: 1 << 20, ..OPTIONS };
        let mut database = Database::with_index(&Index::in_memory(), disks(), options).unwrap();
        // The first memtable goes to the bottom level, the second one to the empty upper level in one step.
        for value in 1..3 {
            seal(&mut database, value);
            merge(&mut database);
        }
        seal(&mut database, 3);
        let store = database.working();
        // All blocks of the group are in a segment of their own, which ends. So it may be dead.
        store.table.end_segments().unwrap();
        store.checkpoint_step(NOW_MS).unwrap();
        assert!(store.memtables.sealed().is_some_and(|sealed| sealed.has_group() && !sealed.is_merged()));
        store.table.end_segments().unwrap();
        store.sync_table().unwrap();
        while store.remove_dead().unwrap() {}
        merge(&mut database);
        for key in 0..KEYS {
            assert_eq!(get(&mut database, &[key]), Some(vec![3; 100]));
        }
    }
}
