//! Jobs of a table. Reads find the same as after a merge without jobs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use luge_engine::disk::MemoryDisk;
use luge_engine::entry::{Entry, Value};
use luge_engine::index::Index;
use luge_engine::table::{Answer, Job, JobEnd, JobLimits, JobTable, Level, Retention, Table, TableDisks};
use luge_engine::version::Version;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

const BLOCK_SIZE: usize = 200;

fn retention() -> Retention {
    Retention { versions_to_keep: 1, snapshots: Vec::new(), held: None, now_ms: 1000, is_bottom: false }
}

fn disks() -> TableDisks<MemoryDisk> {
    TableDisks { upper: MemoryDisk::default(), bottom: MemoryDisk::default() }
}

fn shared(disks: &TableDisks<MemoryDisk>) -> TableDisks<MemoryDisk> {
    TableDisks { upper: disks.upper.shared(), bottom: disks.bottom.shared() }
}

fn open(disks: TableDisks<MemoryDisk>) -> Table<MemoryDisk> {
    Table::open(Index::in_memory().blocks(), disks, BLOCK_SIZE, 10_000).unwrap()
}

fn entries<'a>(keys: &'a [Vec<u8>], version: u64, value: &'a [u8]) -> Vec<Entry<'a>> {
    let version = Version::of(version);
    keys.iter().map(|key| Entry { key, version, expires: None, value: Value::Inline(value) }).collect()
}

fn merge(table: &mut Table<MemoryDisk>, new: &[Entry<'_>]) {
    let mut new = new.iter().copied().peekable();
    while new.peek().is_some() {
        table.merge(Level::Upper, &mut new, &retention(), 8).unwrap();
    }
}

/// Merges everything in jobs, some at a time. Returns the number of jobs.
fn merge_by_jobs(
    table: &mut Table<MemoryDisk>,
    disks: &TableDisks<MemoryDisk>,
    new: &[Entry<'_>],
    bytes: usize,
    most_out: usize,
) -> usize {
    let mut worker: Option<JobTable<MemoryDisk>> = None;
    let mut new = new.iter().copied().peekable();
    let (mut jobs, mut end) = (0, JobEnd::Block);
    while new.peek().is_some() {
        let mut out = Vec::new();
        while new.peek().is_some() && out.len() < most_out && (out.is_empty() || end != JobEnd::Within) {
            // A job that ended within a block is in the table by now.
            let in_gap = end == JobEnd::Gap && !out.is_empty();
            let limits = JobLimits { bytes, out: out.len() };
            let handed = table.hand_out(Level::Upper, &mut new, &retention(), in_gap, limits).unwrap();
            assert!(handed.entries > 0, "a job without entries");
            end = handed.end;
            out.push(handed.job);
        }
        jobs += out.len();
        for job in out {
            let job = Job::decode(&job).unwrap();
            let worker = worker.get_or_insert_with(|| JobTable::open(shared(disks), &job).unwrap());
            let mut answer = Vec::new();
            worker.run(&job).unwrap().encode(&mut answer);
            let answer = Answer::decode(&answer).unwrap();
            table.written_aside(Level::Upper, &answer).unwrap();
            let mut at = 0;
            while let Some((group, next)) = answer.group_at(at).unwrap() {
                table.commit(group).unwrap();
                at = next;
            }
        }
    }
    jobs
}

/// All keys with their versions.
fn dump(table: &Table<MemoryDisk>, keys: impl Iterator<Item = Vec<u8>>) -> Vec<(Vec<u8>, Option<Version>)> {
    keys.map(|key| {
        let found = table.get(&key, Version::NEWEST, |found| found.version).unwrap();
        (key, found)
    })
    .collect()
}

fn keys() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let key = prop_oneof![
        8 => vec(0..4_u8, 0..6),
        1 => (0..200_u8, 300..2000_usize).prop_map(|(byte, length)| vec![byte; length]),
    ];
    btree_set(key, 1..120).prop_map(|keys| keys.into_iter().collect())
}

proptest! {
    #[test]
    fn a_table_that_jobs_merged_reads_as_one_that_was_merged_in_place(
        old in keys(), new in keys(), length in 0..400_usize, bytes in 1..3000_usize, most_out in 1..4_usize,
    ) {
        let (here, there) = (disks(), disks());
        let (mut merged, mut jobs) = (open(shared(&here)), open(shared(&there)));
        let value = vec![7; length];
        for (keys, version) in [(&old, 1), (&new, 2)] {
            merge(&mut merged, &entries(keys, version, &value));
            let done = merge_by_jobs(&mut jobs, &there, &entries(keys, version, &value), bytes, most_out);
            prop_assert!(done > 0 && done <= keys.len());
        }
        let all = || old.iter().chain(&new).cloned();
        prop_assert_eq!(dump(&jobs, all()), dump(&merged, all()));
        let live: Vec<_> = [&merged, &jobs].map(|table| table.log_live().total()).into();
        prop_assert_eq!(live[0], live[1]);
    }

    #[test]
    fn what_is_no_job_is_refused(bytes in vec(any::<u8>(), 0..100)) {
        drop(Job::decode(&bytes));
        if let Ok(answer) = Answer::decode(&bytes) {
            let mut at = 0;
            while let Ok(Some((_, next))) = answer.group_at(at) {
                prop_assert!(next > at);
                at = next;
            }
        }
    }
}

#[test]
fn the_size_of_a_segment_that_a_worker_writes_to_is_the_present_one() {
    let there = disks();
    let mut table = open(shared(&there));
    let keys: Vec<Vec<u8>> = (0..40_u8).map(|i| vec![i]).collect();
    let all = entries(&keys, 1, &[7; 100]);
    let sizes = |table: &Table<MemoryDisk>| {
        table.blocks(Level::Upper).segments().unwrap().iter().map(|(_, size)| size).sum::<u64>()
    };
    let mut new = all.iter().copied().peekable();
    let limits = JobLimits { bytes: 100_000, out: 0 };
    let handed = table.hand_out(Level::Upper, &mut new, &retention(), false, limits).unwrap();
    let before = sizes(&table);
    let job = Job::decode(&handed.job).unwrap();
    let written = JobTable::open(shared(&there), &job).unwrap().run(&job).unwrap().bytes;
    assert!(written > 4000 && sizes(&table) == before + written);
}

#[test]
fn an_answer_comes_into_the_table_in_few_steps() {
    let there = disks();
    let mut table = open(shared(&there));
    let key = |i: u16| i.to_be_bytes().to_vec();
    let old: Vec<Vec<u8>> = (0..1000).map(key).collect();
    merge(&mut table, &entries(&old, 1, &[7; 200]));
    // Each of them is a run of its own: other blocks lie between.
    let changed: Vec<Vec<u8>> = (0..1000).step_by(20).map(key).collect();
    let all = entries(&changed, 2, b"new");
    let limits = JobLimits { bytes: 1_000_000, out: 0 };
    let mut new = all.iter().copied().peekable();
    let handed = table.hand_out(Level::Upper, &mut new, &retention(), false, limits).unwrap();
    let job = Job::decode(&handed.job).unwrap();
    let mut answer = Vec::new();
    JobTable::open(shared(&there), &job).unwrap().run(&job).unwrap().encode(&mut answer);
    let answer = Answer::decode(&answer).unwrap();
    table.written_aside(Level::Upper, &answer).unwrap();
    let (mut at, mut steps) = (0, 0);
    while let Some((group, next)) = answer.group_at(at).unwrap() {
        table.commit(group).unwrap();
        (at, steps) = (next, steps + 1);
    }
    assert!(handed.entries == 50);
    assert!(dump(&table, changed.into_iter()).iter().all(|(_, found)| *found == Some(Version::of(2))));
    assert!(steps <= 2, "{steps} steps for {} entries", handed.entries);
}

#[test]
fn a_block_that_is_larger_than_a_job_takes_all_that_comes_into_it() {
    let there = disks();
    let mut table = open(shared(&there));
    let old = [vec![1; 5000], vec![1; 6000]];
    merge(&mut table, &entries(&old, 1, b"old"));
    let new: Vec<Vec<u8>> = (0..40_u8).map(|i| vec![1, i]).collect();
    assert!(merge_by_jobs(&mut table, &there, &entries(&new, 2, b"new"), 100, 2) <= 40);
    assert!(dump(&table, new.into_iter().chain(old)).iter().all(|(_, found)| found.is_some()));
}
