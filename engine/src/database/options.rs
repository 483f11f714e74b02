//! How a database is opened.

use crate::compression::Compression;

/// The settings of a database. None of them is a part of its format.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The limit of all caches together, in bytes. sled gets a sixteenth, the entry cache a quarter, the table the
    /// rest.
    pub cache_size: u64,
    /// A memtable larger than this many bytes is sealed.
    pub write_buffer_size: usize,
    /// The size of the log's segments in bytes.
    pub segment_size: u64,
    /// The approximate size of a block of the table in bytes.
    pub block_size: usize,
    /// Values of this many bytes or more stay in the log.
    pub logged_size: usize,
    /// How many of the newest versions of a key stay.
    pub versions_to_keep: usize,
    /// Whether writes are forbidden. Entries that only the log has are then kept in memory.
    pub read_only: bool,
    /// How blocks and large values are written. They are read with any setting.
    pub compression: Compression,
}

/// The size of the log's segments in a store.
pub const SEGMENT_SIZE: u64 = 16 << 20;
/// The size of the table's blocks in a store.
pub const BLOCK_SIZE: usize = 4096;
/// A job merges at most about this many bytes. The thread of the store takes about 4 ms to make such a job.
const MOST_JOB_BYTES: usize = 1 << 20;
/// The merge of a memtable has at least about this many jobs.
const JOBS_A_BUFFER: usize = 12;
/// The folds of a memtable may write this many times as much to the log as its commits.
const FOLDED_SHARE: u64 = 4;
/// In a store, values of this size or more stay in the log.
pub const LOGGED_SIZE: usize = 4096;

impl Options {
    /// A memtable is also sealed once the log has this many bytes that no checkpoint covers, because opening must read
    /// them.
    #[must_use]
    pub fn log_limit(&self) -> u64 {
        (self.write_buffer_size as u64).max(2 * self.segment_size)
    }

    /// Operands of a memtable may extend values of about this many bytes that stay in the log. Their fold writes these values
    /// again.
    #[must_use]
    pub fn fold_limit(&self) -> u64 {
        FOLDED_SHARE * self.log_limit()
    }

    /// About how many bytes a job merges.
    #[must_use]
    pub fn job_size(&self) -> usize {
        (self.write_buffer_size / JOBS_A_BUFFER).min(MOST_JOB_BYTES)
    }

    /// The settings of a store with these three values.
    #[must_use]
    pub fn new(cache_size: u64, write_buffer_size: usize, versions_to_keep: usize) -> Self {
        Self {
            cache_size,
            write_buffer_size,
            segment_size: SEGMENT_SIZE,
            block_size: BLOCK_SIZE,
            logged_size: LOGGED_SIZE,
            versions_to_keep,
            read_only: false,
            compression: Compression::None,
        }
    }
}
