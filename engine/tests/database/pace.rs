//! Commits keep pace with the merges, and no single commit does much of their work.

use luge_engine::compression::Compression;
use luge_engine::database::payload::Operation;
use luge_engine::database::{Database, Disks, Options};
use luge_engine::disk::MemoryDisk;
use luge_engine::index::Index;

use crate::worker::Worker;

const OPTIONS: Options = Options {
    cache_size: 1 << 20,
    write_buffer_size: 4 << 20,
    segment_size: 1 << 20,
    block_size: 4096,
    logged_size: 4096,
    versions_to_keep: 1,
    read_only: false,
    compression: Compression::None,
};
/// The most steps of a commit of this size below the hard limit.
const MOST_STEPS: u64 = 2;
const BATCH: usize = 100;

struct Load {
    database: Database<MemoryDisk>,
    worker: Worker,
    random: u64,
}

impl Load {
    fn new() -> Self {
        let disks = Disks { log: MemoryDisk::default(), upper: MemoryDisk::default(), bottom: MemoryDisk::default() };
        let worker = Worker::beside(&disks);
        let mut database = Database::with_index(&Index::temporary().unwrap(), disks, OPTIONS).unwrap();
        database.run_jobs(true);
        Self { database, worker, random: 88_172_645_463_325_252 }
    }

    fn steps(&self) -> u64 {
        let metrics = self.database.metrics(0).unwrap();
        metrics.iter().find(|(name, _)| *name == "checkpoint_steps").unwrap().1
    }

    /// Commits a batch of random keys. Returns how many steps of a merge or a descent the commit did.
    fn commit(&mut self) -> u64 {
        let keys: Vec<[u8; 8]> = std::iter::repeat_with(|| {
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            self.random.to_be_bytes()
        })
        .take(BATCH)
        .collect();
        let put = |key| Operation { key, value: Some(&[7; 100]), expires: None };
        let operations: Vec<Operation<'_>> = keys.iter().map(|key| put(key)).collect();
        let before = self.steps();
        self.database.commit(&operations, 0).unwrap();
        self.steps() - before
    }

    /// One turn of the event loop: a step, and new jobs for the worker.
    fn turn(&mut self) {
        self.database.step(0).unwrap();
        self.worker.take(&mut self.database, 0);
    }

    /// The worker answers its oldest job.
    fn answer(&mut self) {
        self.worker.work().unwrap();
        self.worker.answer(&mut self.database);
    }
}

#[test]
fn awaited_commits_wait_for_a_slow_worker_and_do_none_of_its_work() {
    let mut load = Load::new();
    for i in 0..3000 {
        let steps = load.commit();
        assert_eq!(steps, 0, "commit {i}");
        load.turn();
        // The worker is slow: it answers only if the commits wait.
        for _ in 0..10_000 {
            if !load.database.is_behind() {
                break;
            }
            load.turn();
            if load.database.awaits_job() {
                load.answer();
            }
        }
        assert!(!load.database.is_behind(), "commit {i} waits forever");
    }
    assert!(load.worker.done > 100, "{} jobs", load.worker.done);
}

#[test]
fn commits_that_nobody_awaits_do_the_work_in_small_parts() {
    let mut load = Load::new();
    let mut most = 0;
    for i in 0..3000 {
        most = load.commit().max(most);
        // The event loop turns now and then, but the worker never answers.
        if i % 300 == 0 {
            load.turn();
        }
    }
    assert!((1..=MOST_STEPS).contains(&most), "{most} steps");
}

#[test]
fn a_commit_after_jobs_does_not_make_up_for_all_commits_beside_them() {
    let mut load = Load::new();
    let mut most = 0;
    for i in 0..3000 {
        most = load.commit().max(most);
        if i % 16 == 0 {
            load.turn();
        }
        if i % 64 == 63 {
            load.answer();
            load.turn();
        }
    }
    assert!(load.worker.done > 20, "{} jobs", load.worker.done);
    assert!(most <= MOST_STEPS, "{most} steps");
}
