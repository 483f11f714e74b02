//! The counters of a database.

use std::time::Duration;

use super::Database;
use crate::disk::Disk;
use crate::failure::Failure;
use crate::table::{Level, Written};

/// What happened since the database was opened.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    commits: u64,
    puts: u64,
    deletes: u64,
    put_bytes: u64,
    gets: u64,
    memtable_hits: u64,
    table_hits: u64,
    table_misses: u64,
    entries_visited: u64,
    steps: u64,
    stepping: Duration,
    longest_step: Duration,
    checkpoints: u64,
    blocks_written: u64,
    moved_bytes: u64,
}

impl Counters {
    /// A commit, of however many operations.
    pub fn commit(&mut self) {
        self.commits += 1;
    }

    /// A put, of so many bytes of key and value.
    pub fn put(&mut self, bytes: usize) {
        self.puts += 1;
        self.put_bytes += bytes as u64;
    }

    /// A deletion.
    pub fn delete(&mut self) {
        self.deletes += 1;
    }

    /// A get.
    pub fn get(&mut self) {
        self.gets += 1;
    }

    /// A get that a memtable answered.
    pub fn memtable_hit(&mut self) {
        self.memtable_hits += 1;
    }

    /// A get that went to the table, and whether that had the key.
    pub fn table_get(&mut self, is_hit: bool) {
        if is_hit { self.table_hits += 1 } else { self.table_misses += 1 }
    }

    /// Entries that a walk visited.
    pub fn visited(&mut self, entries: u64) {
        self.entries_visited += entries;
    }

    /// A step of a checkpoint or of a descent.
    pub fn step(&mut self) {
        self.steps += 1;
    }

    /// How long a step of the background work took.
    pub fn took(&mut self, time: Duration) {
        self.stepping += time;
        self.longest_step = self.longest_step.max(time);
    }

    /// A checkpoint that was recorded.
    pub fn checkpoint(&mut self) {
        self.checkpoints += 1;
    }

    /// Blocks that were written.
    pub fn wrote(&mut self, written: Written) {
        self.blocks_written += written.blocks as u64;
    }

    /// Bytes of values that were moved in the log.
    pub fn moved(&mut self, bytes: u64) {
        self.moved_bytes += bytes;
    }
}

impl<D: Disk> Database<D> {
    /// All figures, by name. Counters count since the database was opened; sizes are in bytes, times in milliseconds
    /// where the name does not say microseconds.
    pub fn metrics(&self, now_ms: u64) -> Result<Vec<(&'static str, u64)>, Failure> {
        let store = self.looking();
        let c = &store.counters;
        let (active, sealed) = (store.memtables.active(), store.memtables.sealed());
        let (cache_hits, cache_misses, cache_bytes) = store.finds.figures();
        let segments = store.values.segments()?;
        let (log_written_bytes, log_syncs) = store.values.written();
        let mut log_file_bytes = 0;
        for number in &segments {
            log_file_bytes += store.values.file_size(*number)?;
        }
        let log_live_bytes = store.table.log_live().total();
        let (upper, bottom) = (store.table.blocks(Level::Upper), store.table.blocks(Level::Bottom));
        let files = upper.segments()?.into_iter().chain(bottom.segments()?);
        let block_file_bytes = files.map(|(_, size)| size).sum();
        let packed = [store.values.packed_sizes(), upper.packed_sizes(), bottom.packed_sizes()];
        let (block_hits, block_misses, block_cache_bytes) = store.table.cache_figures();
        Ok(vec![
            ("commits", c.commits),
            ("puts", c.puts),
            ("deletes", c.deletes),
            ("put_bytes", c.put_bytes),
            ("gets", c.gets),
            ("memtable_hits", c.memtable_hits),
            ("cache_hits", cache_hits),
            ("cache_misses", cache_misses),
            ("table_hits", c.table_hits),
            ("table_misses", c.table_misses),
            ("entries_visited", c.entries_visited),
            ("log_written_bytes", log_written_bytes),
            ("log_syncs", log_syncs),
            ("log_segments", segments.len() as u64),
            ("log_file_bytes", log_file_bytes),
            ("log_live_bytes", log_live_bytes),
            ("log_moved_bytes", c.moved_bytes),
            ("checkpoints", c.checkpoints),
            ("checkpoint_steps", c.steps),
            ("step_us", micros(c.stepping)),
            ("longest_step_us", micros(c.longest_step)),
            ("blocks_written", c.blocks_written),
            ("block_written_bytes", upper.written_bytes() + bottom.written_bytes()),
            ("block_syncs", upper.syncs() + bottom.syncs()),
            ("compression_input_bytes", packed.iter().map(|sizes| sizes.plain).sum()),
            ("compression_output_bytes", packed.iter().map(|sizes| sizes.stored).sum()),
            ("block_cache_hits", block_hits),
            ("block_cache_misses", block_misses),
            ("block_cache_bytes", block_cache_bytes as u64),
            ("block_file_bytes", block_file_bytes),
            ("upper_table_bytes", store.table.live_bytes(Level::Upper)),
            ("bottom_table_bytes", store.table.live_bytes(Level::Bottom)),
            ("index_bytes", store.checkpointer.index_bytes()?),
            ("write_buffer_bytes", active.size_bytes() as u64),
            ("write_buffer_entries", active.len() as u64),
            ("sealed_buffer_bytes", sealed.map_or(0, |sealed| sealed.memtable().size_bytes() as u64)),
            ("cache_bytes", cache_bytes as u64),
            ("version", store.clock.newest().get()),
            ("open_snapshots", store.clock.snapshots().count() as u64),
            (
                "oldest_snapshot_ms",
                store.clock.snapshots().oldest_ms().map_or(0, |opened| now_ms.saturating_sub(opened)),
            ),
        ])
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
