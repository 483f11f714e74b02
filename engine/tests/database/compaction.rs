//! What a compaction gives back.

use crate::histories::OPTIONS;
use luge_engine::database::payload::Operation;
use luge_engine::database::{Database, Disks, Options};
use luge_engine::disk::MemoryDisk;
use luge_engine::expiry::Expiry;
use luge_engine::index::Index;

use crate::worker::Worker;

const EXPIRES_MS: u64 = 5000;

#[test]
fn one_compaction_gives_back_the_space_of_all_that_expired() {
    let disks = Disks { log: MemoryDisk::default(), upper: MemoryDisk::default(), bottom: MemoryDisk::default() };
    let index = Index::temporary().unwrap();
    let mut database = Database::with_index(&index, disks, OPTIONS).unwrap();
    for i in 0..2000_u32 {
        // Of some blocks nothing expires: they keep their segment, which was dense before the others were rewritten.
        let stays = i / 50 % 10 == 0 || i % 4 == 0;
        let expires_ms = if stays { 0 } else { EXPIRES_MS };
        let key = i.to_be_bytes();
        database
            .commit(&[Operation { key: &key, value: Some(&[7; 40]), expires: Expiry::of_number(expires_ms) }], 1000)
            .unwrap();
    }
    for now_ms in [1000, EXPIRES_MS] {
        while database.compact_step(now_ms).unwrap() {}
        let metrics = database.metrics(now_ms).unwrap();
        let metric = |wanted| metrics.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value).unwrap();
        let (files, live) = (metric("block_file_bytes"), metric("bottom_table_bytes"));
        assert!(files < live * 3 / 2, "{files} bytes of files for {live} that are live, at {now_ms}");
    }
}

/// Commits the same keys again and again, with a worker, and compacts. Most blocks that the worker wrote are dead then.
#[test]
fn one_compaction_gives_back_the_space_of_what_a_worker_wrote() {
    let disks = Disks { log: MemoryDisk::default(), upper: MemoryDisk::default(), bottom: MemoryDisk::default() };
    let mut worker = Worker::beside(&disks);
    let options = Options { write_buffer_size: 64 << 10, block_size: 1000, ..OPTIONS };
    let mut database = Database::with_index(&Index::temporary().unwrap(), disks, options).unwrap();
    database.run_jobs(true);
    let mut work = |database: &mut Database<MemoryDisk>| {
        while worker.take(database, 0) {}
        worker.work().unwrap();
        worker.answer(database);
        worker.done
    };
    for i in 0..4000_u32 {
        let key = (i % 200).to_be_bytes();
        let value = [7; 150];
        database.commit(&[Operation { key: &key, value: Some(&value[..]), expires: None }], 0).unwrap();
        while database.step(0).unwrap() {
            work(&mut database);
        }
    }
    while database.compact_step(0).unwrap() {
        work(&mut database);
    }
    assert!(work(&mut database) > 20);
    let metrics = database.metrics(0).unwrap();
    let metric = |wanted| metrics.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value).unwrap();
    let (files, live) = (metric("block_file_bytes"), metric("bottom_table_bytes"));
    assert!(files < live * 3 / 2, "{files} bytes of files for {live} that are live");
}
