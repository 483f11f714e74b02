//! A small database in memory, for the unit tests of its parts.

use super::{Database, Disks, Options};
use crate::compression::Compression;
use crate::disk::MemoryDisk;
use crate::index::Index;
use crate::table::{Table, TableDisks};
use crate::version::Version;

pub(super) const NOW_MS: u64 = 1000;
/// Small enough that a test meets every kind of work.
pub(super) const OPTIONS: Options = Options {
    cache_size: 1 << 20,
    write_buffer_size: 4000,
    segment_size: 4000,
    block_size: 300,
    logged_size: 200,
    versions_to_keep: 1,
    read_only: false,
    compression: Compression::None,
};

/// Empty disks.
pub(super) fn disks() -> Disks<MemoryDisk> {
    Disks { log: MemoryDisk::default(), upper: MemoryDisk::default(), bottom: MemoryDisk::default() }
}

/// An empty database.
pub(super) fn open() -> Database<MemoryDisk> {
    Database::with_index(&Index::in_memory(), disks(), OPTIONS).unwrap()
}

/// The newest value of a key.
pub(super) fn get(database: &mut Database<MemoryDisk>, key: &[u8]) -> Option<Vec<u8>> {
    let mut value = Vec::new();
    database.get(key, Version::NEWEST, NOW_MS, &mut value).unwrap().map(|_| value)
}

/// An empty table.
pub(super) fn table() -> Table<MemoryDisk> {
    let Disks { upper, bottom, .. } = disks();
    let Options { block_size, .. } = OPTIONS;
    Table::open(Index::in_memory().blocks(), TableDisks { upper, bottom }, block_size, 10_000).unwrap()
}
