//! The database agrees with a full history: reads, ranges, versions, expiry and snapshots, over checkpoints, reopening and
//! power cuts.

use crate::check::{assert_agrees, assert_changes_agree, changes, scan, verify};
use crate::history::{Commit, History, Written, key, versions};
use crate::merges::{Change, change, merge};
use crate::worker::Worker;
use luge_engine::compression::Compression;
use luge_engine::cursor::Range;
use luge_engine::database::payload::Operation;
use luge_engine::database::{Database, Disks, Options};
use luge_engine::disk::MemoryDisk;
use luge_engine::entry::Boundary;
use luge_engine::expiry::Expiry;
use luge_engine::index::Index;
use luge_engine::version::Version;
use proptest::collection::vec;
use proptest::prelude::*;

pub const OPTIONS: Options = Options {
    cache_size: 1 << 20,
    write_buffer_size: 6000,
    segment_size: 1500,
    block_size: 300,
    logged_size: 200,
    versions_to_keep: 1,
    read_only: false,
    compression: Compression::None,
};

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<(Vec<u8>, Written)>),
    /// A commit that changes values by what they are.
    Merge(Vec<Change>),
    /// A put whose value comes in pieces; given up when the flag is false.
    Large(Vec<u8>, usize, bool),
    Sync,
    BeginSync,
    /// The disk does the syncs that were begun before.
    Syncing,
    /// The database is told that these are done.
    Synced,
    WriteOut,
    Work(usize),
    Snapshot,
    /// A snapshot at the commit so many before the newest one.
    SnapshotBack(usize),
    Release,
    Wait(u64),
    Check(Vec<u8>, Vec<u8>),
    Compact(usize),
    /// With the flag as before a copy of the files.
    EndSegments(bool),
    /// Whether there is a worker from now on.
    Jobs(bool),
    TakeJob,
    DoJob,
    AnswerJob,
    /// Takes, does and answers jobs this many times.
    Keep(usize),
    FailJobs,
}

fn write() -> impl Strategy<Value = (Vec<u8>, Written)> {
    let value = prop_oneof![
        1 => Just(None),
        2 => vec(any::<u8>(), 0..150).prop_map(Some),
        2 => any::<[u8; 8]>().prop_map(|number| Some(number.to_vec())),
        1 => vec(any::<u8>(), 190..600).prop_map(Some),
    ];
    let ttl = prop_oneof![8 => Just(0), 2 => 1..100_u64];
    (key(), value, ttl).prop_map(|(key, value, ttl)| {
        let ttl = if value.is_some() { ttl } else { 0 };
        (key, Written { value, expires_ms: ttl })
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        14 => vec(write(), 1..6).prop_map(Step::Commit),
        14 => vec(change(), 1..6).prop_map(Step::Merge),
        1 => (key(), 200..3000_usize, prop::bool::weighted(0.8)).prop_map(|(key, length, ends)| Step::Large(key, length, ends)),
        1 => Just(Step::Sync),
        2 => Just(Step::BeginSync),
        2 => Just(Step::Syncing),
        2 => Just(Step::Synced),
        1 => Just(Step::WriteOut),
        4 => (1..6_usize).prop_map(Step::Work),
        1 => Just(Step::Snapshot),
        1 => (0..40_usize).prop_map(Step::SnapshotBack),
        1 => Just(Step::Release),
        1 => (1..40_u64).prop_map(Step::Wait),
        1 => (key(), key()).prop_map(|(a, b)| Step::Check(a, b)),
        1 => (1..40_usize).prop_map(Step::Compact),
        1 => any::<bool>().prop_map(Step::EndSegments),
    ]
}

fn step_with_jobs() -> impl Strategy<Value = Step> {
    prop_oneof![
        24 => step(),
        1 => prop::bool::weighted(0.8).prop_map(Step::Jobs),
        5 => Just(Step::TakeJob),
        4 => Just(Step::DoJob),
        4 => Just(Step::AnswerJob),
        3 => (1..12_usize).prop_map(Step::Keep),
        1 => Just(Step::FailJobs),
    ]
}

/// What of each unsynced change a power cut leaves.
pub fn survival() -> impl Strategy<Value = Vec<Option<usize>>> {
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
pub struct Known {
    pub commits: Vec<Commit>,
    /// So many of them are durable.
    durable: usize,
    /// So many will be by the syncs that were begun.
    begun: usize,
    /// So many are by the syncs that were done, of which the database is to be told: that many of all that it began.
    done: Option<(usize, u32)>,
    snapshots: Vec<Version>,
    /// The highest version that anybody was ever told.
    highest: Version,
    pub now_ms: u64,
    versions_to_keep: usize,
}

impl Known {
    pub fn committed(&mut self, version: Version, writes: Vec<(Vec<u8>, Written)>) {
        assert!(version > self.highest, "version {version} after {}", self.highest);
        self.highest = version;
        self.commits.push((version, writes));
    }

    fn check(&self, database: &mut Database<MemoryDisk>, between: (&[u8], &[u8])) {
        let history = History::of(&self.commits);
        let whole_from = database.whole_from();
        for version in self.snapshots.iter().copied().chain([whole_from, Version::NEWEST]) {
            assert_agrees(database, &history, version, self.now_ms, between);
        }
        let changes_from = database.changes_from();
        let (most_whole, most_changes) = history.highest_losses(self.versions_to_keep, self.now_ms);
        assert!(whole_from <= most_whole, "reads from {whole_from}, and no version behind {most_whole} went");
        assert!(changes_from <= most_changes, "changes from {changes_from}, and none behind {most_changes} went");
        let later: Vec<Version> =
            self.commits.iter().map(|(version, _)| *version).filter(|since| *since > changes_from).collect();
        for since in
            [Some(changes_from), later.get(later.len() / 2).copied(), later.last().copied()].into_iter().flatten()
        {
            assert_changes_agree(database, &history, since, self.now_ms, between);
        }
        assert_eq!(verify(database), []);
        for key in history.keys() {
            let listed = versions(database, key, self.now_ms);
            assert!(history.explains(key, &listed, self.versions_to_keep, self.now_ms), "{key:?}: {listed:?}");
        }
    }
}

fn put_in_pieces(database: &mut Database<MemoryDisk>, key: &[u8], value: &[u8], now_ms: u64) {
    database.begin_put(key, value.len(), None, now_ms).unwrap();
    for piece in value.chunks(777) {
        database.extend_put(piece).unwrap();
    }
}

fn do_job(database: &mut Database<MemoryDisk>, worker: &mut Worker) {
    // The files of a job that was taken back may be removed.
    if worker.work().is_err() {
        worker.die(database);
    }
}

fn run_step(database: &mut Database<MemoryDisk>, worker: &mut Worker, step: Step, known: &mut Known) {
    match step {
        Step::Jobs(is_on) => database.run_jobs(is_on),
        Step::TakeJob => drop(worker.take(database, known.now_ms)),
        Step::DoJob => do_job(database, worker),
        Step::AnswerJob => worker.answer(database),
        Step::FailJobs => worker.die(database),
        Step::Keep(rounds) => (0..rounds).for_each(|_| {
            worker.take(database, known.now_ms);
            do_job(database, worker);
            worker.answer(database);
            database.step(known.now_ms).unwrap();
        }),
        Step::Commit(mut writes) => {
            for (_, written) in writes.iter_mut().filter(|(_, written)| written.expires_ms > 0) {
                written.expires_ms += known.now_ms;
            }
            let operations: Vec<Operation<'_>> = writes
                .iter()
                .map(|(key, written)| Operation {
                    key,
                    value: written.value.as_deref(),
                    expires: Expiry::of_number(written.expires_ms),
                })
                .collect();
            let version = database.commit(&operations, known.now_ms).unwrap();
            known.committed(version, writes);
        }
        Step::Merge(changes) => merge(database, &changes, known),
        Step::Large(key, length, ends) => {
            let value: Vec<u8> = (0..length).map(|i| (i * 7 + known.commits.len()) as u8).collect();
            put_in_pieces(database, &key, &value, known.now_ms);
            if ends {
                let version = database.finish_put().unwrap();
                known.committed(version, vec![(key, Written { value: Some(value), expires_ms: 0 })]);
            } else if length % 2 == 0 {
                database.abort_put();
            }
        }
        Step::Sync => {
            database.sync().unwrap();
            known.durable = known.commits.len();
        }
        Step::BeginSync => {
            if database.begin_sync().unwrap() {
                known.begun = known.commits.len();
            }
        }
        Step::Syncing => {
            while database.log_disk().complete_sync() {}
            known.durable = known.durable.max(known.begun);
            known.done = Some((known.begun, database.begun_syncs()));
        }
        Step::Synced => {
            let Some((durable, syncs)) = known.done.take() else { return };
            database.synced(syncs).unwrap();
            known.durable = known.durable.max(durable);
        }
        Step::WriteOut => drop(database.write_out()),
        Step::Work(steps) => (0..steps).for_each(|_| {
            database.step(known.now_ms).unwrap();
        }),
        Step::Snapshot => known.snapshots.extend(database.open_snapshot(Version::NEWEST, known.now_ms)),
        Step::SnapshotBack(back) => {
            let Some((version, _)) = known.commits.iter().rev().nth(back) else { return };
            let opened = database.open_snapshot(*version, known.now_ms);
            let is_whole = *version >= database.whole_from() || known.snapshots.contains(version);
            assert_eq!(opened, Some(*version).filter(|_| is_whole));
            known.snapshots.extend(opened);
        }
        Step::Release => {
            if !known.snapshots.is_empty() {
                assert!(database.close_snapshot(known.snapshots.remove(0)));
            }
        }
        Step::Wait(ms) => known.now_ms += ms,
        Step::Compact(steps) => (0..steps).for_each(|_| {
            database.compact_step(known.now_ms).unwrap();
        }),
        Step::Check(a, b) => known.check(database, (&a, &b)),
        Step::EndSegments(is_copied) => {
            database.end_segments(is_copied).unwrap();
            known.durable = known.commits.len();
            known.highest = known.highest.max(database.version());
        }
    }
}

pub fn power_cut(disks: &Disks<MemoryDisk>, survival: &[Option<usize>]) -> Disks<MemoryDisk> {
    let mut fates = survival.iter().cycle();
    let mut cut = |disk: &MemoryDisk| disk.after_power_cut(|_| fates.next().copied().flatten());
    Disks { log: cut(&disks.log), upper: cut(&disks.upper), bottom: cut(&disks.bottom) }
}

proptest! {
    #![proptest_config(crate::cases(300))]

    #[test]
    fn database_agrees_with_the_history_through_every_end(
        lives in vec((vec(step(), 0..60), end(), any::<bool>()), 1..5), versions_to_keep in 1..4_usize,
        syncs_later in any::<bool>(),
    ) {
        agrees(lives, versions_to_keep, false, syncs_later)?;
    }

    #[test]
    fn a_database_with_a_worker_agrees_with_the_history_through_every_end(
        lives in vec((vec(step_with_jobs(), 0..150), end(), any::<bool>()), 1..5), versions_to_keep in 1..4_usize,
        syncs_later in any::<bool>(),
    ) {
        agrees(lives, versions_to_keep, true, syncs_later)?;
    }
}

/// Each life has a setting of compression of its own.
fn agrees(
    lives: Vec<(Vec<Step>, End, bool)>,
    versions_to_keep: usize,
    jobs: bool,
    syncs_later: bool,
) -> Result<(), TestCaseError> {
    let index = Index::temporary().unwrap();
    let open = |disks, is_compressed| {
        let compression = if is_compressed { Compression::Lz4 } else { Compression::None };
        Database::with_index(&index, disks, Options { versions_to_keep, compression, ..OPTIONS }).unwrap()
    };
    let log = if syncs_later { MemoryDisk::default().syncing_later() } else { MemoryDisk::default() };
    let mut disks = Disks { log, upper: MemoryDisk::default(), bottom: MemoryDisk::default() };
    let (commits, snapshots) = (Vec::new(), Vec::new());
    let mut known = Known {
        commits,
        durable: 0,
        begun: 0,
        done: None,
        snapshots,
        highest: Version::NONE,
        now_ms: 1000,
        versions_to_keep,
    };
    for (steps, end, is_compressed) in lives {
        let mut worker = Worker::beside(&disks);
        let mut database = open(disks, is_compressed);
        database.run_jobs(jobs);
        for step in steps {
            run_step(&mut database, &mut worker, step, &mut known);
        }
        known.check(&mut database, (b"a", b"b"));
        disks = match end {
            End::Close => {
                known.durable = known.commits.len();
                database.close(known.now_ms).unwrap()
            }
            End::Kill => database.crash(),
            End::PowerCut(survival) => power_cut(&database.crash(), &survival),
        };
        known.snapshots.clear();
        (known.begun, known.done) = (0, None);

        let mut database = open(disks, !is_compressed);
        let now_ms = known.now_ms;
        let all = History::of(&known.commits);
        let found = scan(&mut database, None, false, Version::NEWEST, now_ms);
        let (changes_from, everything) = (
            database.changes_from(),
            Range {
                lower: Boundary::Outermost,
                upper: Boundary::Outermost,
                reverse: false,
                version: Version::NEWEST,
                now_ms,
            },
        );
        let changed = changes(&mut database, everything, changes_from);
        let listed: Vec<_> = all.keys().into_iter().map(|key| (key, versions(&mut database, key, now_ms))).collect();
        let recovered = (known.durable..=known.commits.len()).rev().find(|count| {
            let history = History::of(&known.commits[..*count]);
            found == history.scan(None, Version::NEWEST, now_ms)
                && changed == history.changes(changes_from, now_ms)
                && listed.iter().all(|(key, listed)| history.explains(key, listed, versions_to_keep, now_ms))
        });
        prop_assert!(recovered.is_some(), "no prefix from {} of {} commits", known.durable, known.commits.len());
        known.commits.truncate(recovered.unwrap_or(0));
        known.durable = known.commits.len();
        known.check(&mut database, (b"a", b"b"));
        disks = database.crash();
    }
    Ok(())
}
