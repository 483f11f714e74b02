//! The database agrees with a full history, over checkpoints, snapshots, reopening and power cuts of the log's disk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use luge_engine::database::commit::Operation;
use luge_engine::database::{Database, Options};
use luge_engine::disk::MemoryDisk;
use proptest::collection::vec;
use proptest::prelude::*;

const NOW_MS: u64 = 1000;
const OPTIONS: Options =
    Options { cache_size: 1 << 20, write_buffer_size: 6000, segment_size: 1500, block_size: 300, versions_to_keep: 1 };

type Written = (Option<Vec<u8>>, u64);
type Commit = (u64, Vec<(Vec<u8>, Written)>);

/// All versions of all keys that a list of commits makes.
#[derive(Default)]
struct History(BTreeMap<(Vec<u8>, Reverse<u64>), Written>);

impl History {
    fn of(commits: &[Commit]) -> Self {
        let entries = commits.iter().flat_map(|(version, writes)| {
            writes.iter().map(|(key, written)| ((key.clone(), Reverse(*version)), written.clone()))
        });
        Self(entries.collect())
    }

    fn get(&self, key: &[u8], version: u64) -> Option<(u64, Vec<u8>)> {
        let ((found, Reverse(version)), (value, expires_ms)) =
            self.0.range((key.to_vec(), Reverse(version))..).next()?;
        let alive = found == key && (*expires_ms == 0 || *expires_ms > NOW_MS);
        value.clone().filter(|_| alive).map(|value| (*version, value))
    }

    fn scan(&self, start: &[u8], version: u64) -> Vec<(Vec<u8>, Vec<u8>)> {
        let keys: BTreeSet<&Vec<u8>> =
            self.0.keys().map(|(key, _)| key).filter(|key| key.as_slice() >= start).collect();
        keys.into_iter().filter_map(|key| Some((key.clone(), self.get(key, version)?.1))).collect()
    }
}

fn scan(database: &Database<MemoryDisk>, start: &[u8], version: u64) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut scan = database.scan(start, version, NOW_MS).unwrap();
    let mut entries = Vec::new();
    while scan.advance().unwrap() {
        let (key, value) = scan.entry();
        entries.push((key.to_vec(), value.to_vec()));
    }
    entries
}

fn assert_agrees(database: &Database<MemoryDisk>, history: &History, version: u64) {
    assert_eq!(scan(database, b"", version), history.scan(b"", version));
    assert_eq!(scan(database, b"ab", version), history.scan(b"ab", version));
    for (key, _) in history.0.keys() {
        let found = database.get(key, version, NOW_MS).unwrap().map(|read| (read.version, read.value));
        assert_eq!(found, history.get(key, version), "key {key:?} at {version}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<(Vec<u8>, Written)>),
    Sync,
    WriteOut,
    Checkpoint(usize),
    Snapshot,
    Release,
    Check,
}

fn write() -> impl Strategy<Value = (Vec<u8>, Written)> {
    let key = vec(prop_oneof![Just(b'a'), Just(b'b'), Just(0xff)], 1..5);
    let value = prop_oneof![1 => Just(None), 4 => vec(any::<u8>(), 0..150).prop_map(Some)];
    let expires_ms = prop_oneof![8 => Just(0), 1 => Just(NOW_MS), 1 => Just(NOW_MS + 1)];
    (key, (value, expires_ms)).prop_map(|(key, (value, expires_ms))| {
        let expires_ms = if value.is_some() { expires_ms } else { 0 };
        (key, (value, expires_ms))
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => vec(write(), 1..6).prop_map(Step::Commit),
        2 => Just(Step::Sync),
        1 => Just(Step::WriteOut),
        4 => (1..6_usize).prop_map(Step::Checkpoint),
        1 => Just(Step::Snapshot),
        1 => Just(Step::Release),
        1 => Just(Step::Check),
    ]
}

/// What of each unsynced change a power cut leaves.
fn survival() -> impl Strategy<Value = Vec<Option<usize>>> {
    vec(prop_oneof![Just(None), Just(Some(usize::MAX)), (0..1500_usize).prop_map(Some)], 1..20)
}

#[derive(Clone, Debug)]
enum End {
    Close,
    Kill,
    PowerCut(Vec<Option<usize>>),
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![Just(End::Close), Just(End::Kill), survival().prop_map(End::PowerCut)]
}

/// What the test knows of a database through its lives.
struct Known {
    commits: Vec<Commit>,
    /// So many of them are durable.
    durable: usize,
    snapshots: Vec<u64>,
    /// The highest version that anybody was ever told.
    highest: u64,
}

fn run_step(database: &mut Database<MemoryDisk>, step: Step, known: &mut Known) {
    match step {
        Step::Commit(writes) => {
            let operations: Vec<Operation<'_>> = writes
                .iter()
                .map(|(key, (value, expires_ms))| Operation { key, value: value.as_deref(), expires_ms: *expires_ms })
                .collect();
            let version = database.commit(&operations).unwrap();
            assert!(version > known.highest, "version {version} after {}", known.highest);
            known.highest = version;
            known.commits.push((version, writes));
        }
        Step::Sync => {
            database.sync().unwrap();
            known.durable = known.commits.len();
        }
        Step::WriteOut => database.write_out().unwrap(),
        Step::Checkpoint(steps) => (0..steps).for_each(|_| {
            database.checkpoint_step(NOW_MS).unwrap();
        }),
        Step::Snapshot => known.snapshots.push(database.snapshot()),
        Step::Release => {
            if !known.snapshots.is_empty() {
                assert!(database.release(known.snapshots.remove(0)));
            }
        }
        Step::Check => {
            let history = History::of(&known.commits);
            for version in known.snapshots.iter().copied().chain([u64::MAX]) {
                assert_agrees(database, &history, version);
            }
        }
    }
}

/// sled's threads may hold its file lock for a moment after it was dropped.
fn open(directory: &Path, disk: MemoryDisk) -> Database<MemoryDisk> {
    let patience = std::time::Instant::now();
    while let Err(sled::Error::Io(_)) = sled::Config::new().path(directory).open().map(drop) {
        assert!(patience.elapsed().as_secs() < 10, "sled keeps its lock");
    }
    for _ in 0..2000 {
        match Database::open(directory, disk.after_power_cut(|_| Some(usize::MAX)), OPTIONS) {
            Ok(database) => return database,
            Err(failure) if failure.message.contains("acquire lock") => {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            Err(failure) => panic!("{failure:?}"),
        }
    }
    panic!("sled keeps its lock");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn database_agrees_with_the_history_through_every_end(lives in vec((vec(step(), 0..60), end()), 1..5)) {
        let directory = tempfile::tempdir().unwrap();
        let mut disk = MemoryDisk::default();
        let mut known = Known { commits: Vec::new(), durable: 0, snapshots: Vec::new(), highest: 0 };
        for (steps, end) in lives {
            let mut database = open(directory.path(), disk);
            for step in steps {
                run_step(&mut database, step, &mut known);
            }
            run_step(&mut database, Step::Check, &mut known);
            disk = match end {
                End::Close => {
                    known.durable = known.commits.len();
                    database.close(NOW_MS).unwrap()
                }
                End::Kill => database.crash(),
                End::PowerCut(survival) => {
                    let mut fates = survival.iter().cycle();
                    database.crash().after_power_cut(|_| fates.next().copied().flatten())
                }
            };
            known.snapshots.clear();

            let database = open(directory.path(), disk);
            let survivors = known.commits.iter().take_while(|(version, _)| *version <= database.version()).count();
            let recovered = (known.durable..=known.commits.len())
                .rev()
                .find(|count| scan(&database, b"", u64::MAX) == History::of(&known.commits[..*count]).scan(b"", u64::MAX));
            prop_assert!(recovered.is_some(), "no prefix from {} of {survivors} commits", known.durable);
            known.commits.truncate(recovered.unwrap_or(0));
            known.durable = known.commits.len();
            run_step_check(&database, &known);
            disk = database.crash();
        }
    }
}

fn run_step_check(database: &Database<MemoryDisk>, known: &Known) {
    assert_agrees(database, &History::of(&known.commits), u64::MAX);
}
