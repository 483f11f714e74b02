//! Files stay small beside what lives in them, without a compaction, and opening reads little.

use luge_engine::compression::Compression;
use luge_engine::database::payload::Operation;
use luge_engine::database::{Database, Disks, Options};
use luge_engine::disk::MemoryDisk;
use luge_engine::index::Index;
use luge_engine::version::Version;

use crate::worker::Worker;

const OPTIONS: Options = Options {
    cache_size: 1 << 20,
    write_buffer_size: 64 << 10,
    segment_size: 32 << 10,
    block_size: 1000,
    logged_size: 200,
    versions_to_keep: 1,
    read_only: false,
    compression: Compression::None,
};
/// What the log may have beside three times what lives: two memtables' worth, and some segments: of that tail, of
/// what is hidden, and of what is dead.
const SLACK: u64 = 12 * OPTIONS.segment_size + 2 * OPTIONS.write_buffer_size as u64;

fn open() -> (Index, Database<MemoryDisk>) {
    let disks = Disks { log: MemoryDisk::default(), upper: MemoryDisk::default(), bottom: MemoryDisk::default() };
    let index = Index::temporary().unwrap();
    (index.clone(), Database::with_index(&index, disks, OPTIONS).unwrap())
}

fn put(database: &mut Database<MemoryDisk>, key: u32, size: usize) {
    let (key, value) = (key.to_be_bytes(), vec![7; size]);
    let value = if size == 0 { None } else { Some(value.as_slice()) };
    database.commit(&[Operation { key: &key, value, expires: None }], 0).unwrap();
}

fn log_bytes(database: &Database<MemoryDisk>) -> u64 {
    let metrics = database.metrics(0).unwrap();
    metrics.iter().find(|(name, _)| *name == "log_file_bytes").unwrap().1
}

/// Who does the work behind the commits.
#[derive(Clone, Copy, PartialEq)]
enum Behind {
    /// The commits themselves.
    Nobody,
    /// Steps, as an event loop does them.
    Steps,
    /// Steps, and a worker that dies now and then, or answers late.
    Worker,
}

/// Puts, overwrites and deletes values of many sizes, and looks at the files all the time. Returns how many jobs relocated
/// values.
fn churn(behind: Behind) -> usize {
    let disks = Disks { log: MemoryDisk::default(), upper: MemoryDisk::default(), bottom: MemoryDisk::default() };
    let mut worker = Worker::beside(&disks);
    let mut database = Database::with_index(&Index::temporary().unwrap(), disks, OPTIONS).unwrap();
    database.run_jobs(behind == Behind::Worker);
    let mut sizes = vec![0_u64; 300];
    let mut random = 88_172_645_463_325_252_u64;
    for i in 0..12_000 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let key = (random >> 20) as usize % 300;
        // Now and then nearly all goes, by deletions or by values of some bytes.
        let size = match i / 1000 % 4 {
            0 | 2 => 10 << ((random >> 40) % 10),
            1 => 0,
            _ => 10,
        };
        put(&mut database, key as u32, size);
        sizes[key] = size as u64;
        for turn in 0..if behind == Behind::Nobody { 0 } else { 20 } {
            if !database.step(0).unwrap() {
                break;
            }
            if behind == Behind::Worker {
                worker.take(&mut database, 0);
                match (random >> 8).wrapping_add(turn) % 64 {
                    0 => worker.die(&mut database),
                    1..8 => {}
                    _ if worker.work().is_err() => worker.die(&mut database),
                    _ => worker.answer(&mut database),
                }
            }
        }
        let live: u64 = sizes.iter().sum();
        let files = log_bytes(&database);
        assert!(files <= 3 * live + SLACK, "{files} bytes of the log for {live} that live, after {i}");
    }
    for (key, size) in sizes.iter().enumerate() {
        let mut value = Vec::new();
        let found = database.get(&(key as u32).to_be_bytes(), Version::NEWEST, 0, &mut value).unwrap();
        assert_eq!((found.is_some(), value.len() as u64), (*size > 0, *size), "the value of key {key}");
    }
    worker.relocated
}

#[test]
fn the_log_stays_small_beside_what_lives() {
    churn(Behind::Steps);
}

#[test]
fn so_it_does_when_nobody_does_steps() {
    churn(Behind::Nobody);
}

#[test]
fn so_it_does_when_a_worker_relocates_what_was_moved() {
    let relocated = churn(Behind::Worker);
    assert!(relocated > 50, "{relocated} jobs relocated values");
}

#[test]
fn recovery_reads_no_more_of_the_log_than_two_memtables_take() {
    let (index, mut database) = open();
    for i in 0..3000 {
        put(&mut database, i % 7, 5000);
        database.write_out().unwrap();
    }
    assert!(log_bytes(&database) < SLACK);
    let disks = database.crash();
    let reopened = Database::with_index(&index, disks, OPTIONS).unwrap();
    assert!(log_bytes(&reopened) < SLACK);
}
