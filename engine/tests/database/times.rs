//! Versions have the times at which they were written, after crashes, too.

use std::collections::BTreeMap;

use luge_engine::database::payload::Operation;
use luge_engine::database::{Database, Disks, RestoredEntry, WriteTime};
use luge_engine::disk::MemoryDisk;
use luge_engine::index::Index;
use luge_engine::version::Version;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::histories::{OPTIONS, power_cut, survival};
use crate::history::{KeyVersion, versions};

/// What comes next.
#[derive(Clone, Debug)]
enum Step {
    /// A put so many milliseconds later, of a value of this length.
    Put(i64, usize),
    /// The same in pieces.
    Pieces(i64, usize),
    /// The same, given up.
    GivenUp(i64, usize),
    Sync,
    Work(usize),
    Close,
    PowerCut(Vec<Option<usize>>),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let ms = prop_oneof![5 => 0..400_i64, 2 => 0..5000_i64, 1 => -3000..0_i64];
    let step = prop_oneof![
        20 => (ms.clone(), 0..400_usize).prop_map(|(ms, length)| Step::Put(ms, length)),
        3 => (ms.clone(), 300..900_usize).prop_map(|(ms, length)| Step::Pieces(ms, length)),
        2 => (ms, 300..900_usize).prop_map(|(ms, length)| Step::GivenUp(ms, length)),
        4 => Just(Step::Sync),
        4 => (1..20_usize).prop_map(Step::Work),
        1 => Just(Step::Close),
        2 => survival().prop_map(Step::PowerCut),
    ];
    vec(step, 0..150)
}

fn disks() -> Disks<MemoryDisk> {
    Disks { log: MemoryDisk::default(), upper: MemoryDisk::default(), bottom: MemoryDisk::default() }
}

fn put<'a>(key: &'a [u8], value: &'a [u8]) -> Operation<'a> {
    Operation { key, value: Some(value), expires: None }
}

proptest! {
    #![proptest_config(crate::cases(100))]

    #[test]
    fn each_version_that_is_there_has_its_time(steps in steps()) {
        let index = Index::temporary().unwrap();
        let open = |disks| Database::with_index(&index, disks, OPTIONS).unwrap();
        let mut database = open(disks());
        let (mut now, mut written) = (1_764_000_000_000_u64, BTreeMap::new());
        for (i, step) in steps.into_iter().enumerate() {
            let key = [u8::try_from(i % 20).unwrap()];
            match step {
                Step::Put(ms, length) => {
                    now = now.saturating_add_signed(ms);
                    written.insert(database.commit(&[put(&key, &vec![7; length])], now).unwrap(), now);
                }
                Step::Pieces(ms, length) => {
                    now = now.saturating_add_signed(ms);
                    database.begin_put(&key, length, None, now).unwrap();
                    database.extend_put(&vec![8; length]).unwrap();
                    written.insert(database.finish_put().unwrap(), now);
                }
                Step::GivenUp(ms, length) => {
                    now = now.saturating_add_signed(ms);
                    database.begin_put(&key, length, None, now).unwrap();
                    database.extend_put(&vec![9; length / 2]).unwrap();
                }
                Step::Sync => database.sync().unwrap(),
                Step::Work(count) => {
                    for _ in 0..count {
                        database.step(now).unwrap();
                    }
                }
                Step::Close => database = open(database.close(now).unwrap()),
                Step::PowerCut(survival) => database = open(power_cut(&database.crash(), &survival)),
            }
        }
        for key in 0..20 {
            for KeyVersion { version, .. } in versions(&mut database, &[key], now) {
                let at = written[&version];
                let Some(WriteTime { from, to }) = database.write_time(version) else { panic!("{version} has no time") };
                prop_assert!(from <= at && at < to, "{version} of {at}: {from} to {to}");
            }
        }
    }
}

#[test]
fn versions_of_a_backup_and_of_another_database_have_no_time() {
    let index = Index::in_memory();
    let mut database = Database::with_index(&index, disks(), OPTIONS).unwrap();
    let entry = |version| RestoredEntry { version: Version::of(version), operation: put(b"key", b"value") };
    let first = database.commit(&[put(b"a", b"")], 5000).unwrap();
    database.apply(&[entry(first.get() + 3)], first.plus(3), 6000).unwrap();
    let second = database.commit(&[put(b"a", b"")], 7000).unwrap();
    database.begin_restore(second.plus(10)).unwrap();
    database.restore(&[entry(second.get() + 5)], 8000).unwrap();
    database.end_restore().unwrap();
    let last = database.commit(&[put(b"a", b"")], 7500).unwrap();
    database.sync().unwrap();
    let expect = |database: &Database<MemoryDisk>| {
        let of = |version| database.write_time(version).map(|WriteTime { from, to }| (from, to));
        assert_eq!((of(first), of(second), of(last)), (Some((5000, 6000)), Some((7000, 8000)), Some((7500, 8500))));
        assert_eq!((of(second.plus(5)), of(Version::of(0))), (None, None));
    };
    expect(&database);
    let database = Database::with_index(&index, database.crash(), OPTIONS).unwrap();
    expect(&database);
    let database = Database::with_index(&index, database.close(9000).unwrap(), OPTIONS).unwrap();
    expect(&database);
}

#[test]
fn a_backup_may_have_versions_that_this_database_had() {
    let index = Index::in_memory();
    let mut database = Database::with_index(&index, disks(), OPTIONS).unwrap();
    let first = database.commit(&[put(b"a", b"")], 5000).unwrap();
    let second = database.commit(&[Operation { key: b"a", value: None, expires: None }], 7000).unwrap();
    let to = second.plus(10);
    database.begin_restore(to).unwrap();
    let value = vec![7; 300];
    assert!(database.begin_restored_put(b"large", value.len(), None, second, 8000).unwrap());
    database.extend_put(&value).unwrap();
    database.finish_put().unwrap();
    let restored = RestoredEntry { version: first, operation: put(b"key", b"value") };
    database.restore(&[restored], 8000).unwrap();
    database.end_restore().unwrap();
    let last = database.commit(&[put(b"a", b"")], 9000).unwrap();
    database.sync().unwrap();
    let expect = |database: &Database<MemoryDisk>| {
        let known = [first, second, last].map(|version| database.write_time(version).map(|time| time.from));
        assert_eq!(known, [None, None, Some(9000)]);
    };
    expect(&database);
    let database = Database::with_index(&index, database.crash(), OPTIONS).unwrap();
    expect(&database);
    expect(&Database::with_index(&index, database.close(9000).unwrap(), OPTIONS).unwrap());
}

#[test]
fn commits_of_another_database_have_no_time_after_a_crash() {
    let index = Index::in_memory();
    let mut database = Database::with_index(&index, disks(), OPTIONS).unwrap();
    let own = database.commit(&[put(b"a", b"")], 5000).unwrap();
    for applied in [own.plus(3), own.plus(4)] {
        let entry = RestoredEntry { version: applied, operation: put(b"key", b"value") };
        database.apply(&[entry], applied, 5000).unwrap();
    }
    database.sync().unwrap();
    let database = Database::with_index(&index, database.crash(), OPTIONS).unwrap();
    let known = [own, own.plus(3), own.plus(4)].map(|version| database.write_time(version).map(|time| time.from));
    assert_eq!(known, [Some(5000), None, None]);
}
