//! A replica that applies the commits of a database has its versions, through work, reopens and power cuts on both sides.

use crate::check::{scan, verify};
use crate::histories::{OPTIONS, power_cut, survival};
use crate::history::{History, Written, key, versions};
use luge_engine::cursor::Range;
use luge_engine::database::payload::Operation;
use luge_engine::database::{Budget, Database, Disks, Options, RestoredEntry};
use luge_engine::disk::MemoryDisk;
use luge_engine::entry::Boundary;
use luge_engine::expiry::Expiry;
use luge_engine::index::Index;
use luge_engine::version::Version;
use proptest::collection::vec;
use proptest::prelude::*;

const NOW_MS: u64 = 1000;

/// A key, a value, and an expiry that may have come.
type Write = (Vec<u8>, Option<Vec<u8>>, u64);

fn write() -> impl Strategy<Value = Write> {
    let value = prop_oneof![
        1 => Just(None),
        4 => vec(any::<u8>(), 0..150).prop_map(Some),
        1 => vec(any::<u8>(), 190..600).prop_map(Some),
    ];
    let expires = prop_oneof![3 => Just(0_u64), 1 => Just(NOW_MS - 1), 1 => Just(NOW_MS + 1000)];
    (key(), value, expires).prop_map(|(key, value, expires)| {
        let expires = if value.is_some() { expires } else { 0 };
        (key, value, expires)
    })
}

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<Write>),
    /// The replica takes what is new, in parts of so many bytes.
    Follow(usize),
    Work(usize),
    WorkOfReplica(usize),
    /// The power of the replica is cut.
    Cut(Vec<Option<usize>>),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => vec(write(), 1..6).prop_map(Step::Commit),
        3 => (1..2000_usize).prop_map(Step::Follow),
        1 => (1..9_usize).prop_map(Step::Work),
        1 => (1..9_usize).prop_map(Step::WorkOfReplica),
        1 => survival().prop_map(Step::Cut),
    ]
}

/// A change as it is passed on.
type Change = (Version, Vec<u8>, Option<Vec<u8>>, Option<Expiry>);

/// The changes after a version, up to the newest one; `None` if some are not in memory any more.
fn changes_after(database: &mut Database<MemoryDisk>, after: Version, bytes: usize) -> Option<Vec<Change>> {
    let range = Range {
        lower: Boundary::Outermost,
        upper: Boundary::Outermost,
        reverse: false,
        version: Version::NEWEST,
        now_ms: 0,
    };
    let mut changes = Vec::new();
    let (mut version, mut key) = (after.next(), Vec::new());
    loop {
        let budget = Budget { visits: u32::MAX, bytes };
        let next = database.commits(range, (version, &key), true, budget, |entry, value| {
            changes.push((entry.version, entry.key.to_vec(), value.map(<[u8]>::to_vec), entry.expires));
            Ok(())
        });
        let Some(next) = next.unwrap()? else { return Some(changes) };
        (version, key) = (next.version, next.key);
    }
}

fn entries<'a>(changes: &'a [Change]) -> Vec<RestoredEntry<'a>> {
    let entry = |(version, key, value, expires): &'a Change| RestoredEntry {
        version: *version,
        operation: Operation { key, value: value.as_deref(), expires: *expires },
    };
    changes.iter().map(entry).collect()
}

fn disks() -> Disks<MemoryDisk> {
    Disks { log: MemoryDisk::default(), upper: MemoryDisk::default(), bottom: MemoryDisk::default() }
}

proptest! {
    #![proptest_config(crate::cases(200))]

    #[test]
    fn a_replica_has_what_its_database_has(steps in vec(step(), 1..60), versions_to_keep in 1..4_usize) {
        let options = Options { versions_to_keep, ..OPTIONS };
        let (index, index_of_replica) = (Index::temporary().unwrap(), Index::temporary().unwrap());
        let mut database = Database::with_index(&index, disks(), options).unwrap();
        let mut replica = Some(Database::with_index(&index_of_replica, disks(), options).unwrap());
        let mut commits = Vec::new();
        let mut is_cut_off = false;
        for step in steps {
            let follower = replica.as_mut().unwrap();
            match step {
                Step::Commit(writes) => {
                    let operations: Vec<_> = writes
                        .iter()
                        .map(|(key, value, expires)| {
                            Operation { key, value: value.as_deref(), expires: Expiry::of_number(*expires) }
                        })
                        .collect();
                    let version = database.commit(&operations, NOW_MS).unwrap();
                    let written = writes.into_iter().map(|(key, value, expires_ms)| (key, Written { value, expires_ms }));
                    commits.push((version, written.collect::<Vec<_>>()));
                }
                Step::Follow(bytes) if !is_cut_off => {
                    let before = follower.version();
                    match changes_after(&mut database, before, bytes) {
                        Some(changes) => {
                            let applied = follower.apply(&entries(&changes), database.version(), NOW_MS).unwrap();
                            prop_assert_eq!((applied, follower.version()), (database.version(), database.version()));
                            if !changes.is_empty() {
                                // The same again is refused, and so is what ends before it ends.
                                prop_assert!(follower.apply(&entries(&changes), database.version(), NOW_MS).is_err());
                            }
                        }
                        // A real replica begins again with a fork.
                        None => is_cut_off = true,
                    }
                }
                Step::Follow(_) => {}
                Step::Work(count) => for _ in 0..count { database.step(NOW_MS).unwrap(); },
                Step::WorkOfReplica(count) => for _ in 0..count { follower.step(NOW_MS).unwrap(); },
                Step::Cut(survival) => {
                    let left = power_cut(&replica.take().unwrap().crash(), &survival);
                    let opened = Database::with_index(&index_of_replica, left, options).unwrap();
                    replica = Some(opened);
                }
            }
            let follower = replica.as_mut().unwrap();
            let version = follower.version();
            let known: Vec<_> = commits.iter().filter(|(each, _)| *each <= version).cloned().collect();
            let model = History::of(&known);
            prop_assert_eq!(
                scan(follower, None, false, Version::NEWEST, NOW_MS),
                model.scan(None, Version::NEWEST, NOW_MS)
            );
            for key in model.keys() {
                let listed = versions(follower, key, NOW_MS);
                prop_assert!(model.explains(key, &listed, versions_to_keep, NOW_MS), "{:?}: {:?}", key, listed);
            }
        }
        prop_assert_eq!(verify(replica.as_mut().unwrap()), []);
    }
}

#[test]
fn commits_that_do_not_follow_are_refused_whole() {
    let index = Index::temporary().unwrap();
    let mut database = Database::with_index(&index, disks(), OPTIONS).unwrap();
    let entry = |version: u64, key: &'static [u8]| RestoredEntry {
        version: Version::of(version),
        operation: Operation { key, value: Some(b"value"), expires: None },
    };
    database.apply(&[entry(5, b"a"), entry(5, b"b"), entry(9, b"a")], Version::of(12), NOW_MS).unwrap();
    let refused: [(&[RestoredEntry<'_>], u64); 6] = [
        (&[entry(12, b"c")], 20),
        (&[entry(13, b"c"), entry(13, b"c")], 20),
        (&[entry(13, b"d"), entry(13, b"c")], 20),
        (&[entry(14, b"c"), entry(13, b"d")], 20),
        (&[entry(13, b"c"), entry(15, b"c")], 14),
        (&[], 11),
    ];
    for (entries, until) in refused {
        assert!(database.apply(entries, Version::of(until), NOW_MS).is_err());
        assert_eq!(database.version(), Version::of(12));
    }
    assert_eq!(scan(&mut database, None, false, Version::NEWEST, NOW_MS).len(), 2);
    // It is a database as any other: its own commits get the next versions.
    let own = database.commit(&[Operation { key: b"c", value: None, expires: None }], NOW_MS).unwrap();
    assert!(own > Version::of(12));
}
