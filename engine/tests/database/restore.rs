//! Restores agree with a plain map, through work behind them and power cuts in their middle.

use std::collections::BTreeMap;

use crate::check::{scan, verify};
use crate::histories::{OPTIONS, power_cut, survival};
use crate::history::key;
use luge_engine::database::payload::Operation;
use luge_engine::database::{Database, Disks, RestoredEntry};
use luge_engine::disk::MemoryDisk;
use luge_engine::index::Index;
use luge_engine::version::Version;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

const NOW_MS: u64 = 1000;

/// Of each key the version, as a part of what the backup spans, and the value.
type Backup = BTreeMap<Vec<u8>, (f64, Option<Vec<u8>>)>;

fn backup() -> impl Strategy<Value = Backup> {
    let value = prop_oneof![
        1 => Just(None),
        4 => vec(any::<u8>(), 0..150).prop_map(Some),
        1 => vec(any::<u8>(), 190..600).prop_map(Some),
    ];
    btree_map(key(), (0.0..1.0, value), 0..60)
}

/// What comes between two calls of a restore, and where it stops.
#[derive(Clone, Debug)]
struct Attempt {
    entries: usize,
    work: usize,
    survival: Vec<Option<usize>>,
}

fn attempt() -> impl Strategy<Value = Attempt> {
    (0..60_usize, 0..4_usize, survival()).prop_map(|(entries, work, survival)| Attempt { entries, work, survival })
}

/// A key, its version, and its value.
type Restored<'a> = (&'a [u8], Version, Option<&'a [u8]>);

struct Restore<'a> {
    backup: &'a Backup,
    from: Version,
    to: Version,
}

impl Restore<'_> {
    fn entries(&self) -> Vec<Restored<'_>> {
        let span = self.to.since(self.from) as f64;
        let version = |part: f64| self.from.plus(1 + (part * span) as u64).min(self.to);
        self.backup.iter().map(|(key, (part, value))| (key.as_slice(), version(*part), value.as_deref())).collect()
    }

    fn run(&self, database: &mut Database<MemoryDisk>, entries: usize, work: usize) {
        database.begin_restore(self.to).unwrap();
        for part in self.entries()[..entries.min(self.backup.len())].chunks(3) {
            match part {
                [(key, version, Some(value))] if value.len() >= OPTIONS.logged_size => {
                    if database.begin_restored_put(key, value.len(), None, *version, NOW_MS).unwrap() {
                        value.chunks(77).for_each(|piece| database.extend_put(piece).unwrap());
                        database.finish_put().unwrap();
                    }
                }
                _ => {
                    let restored: Vec<RestoredEntry<'_>> = part
                        .iter()
                        .map(|&(key, version, value)| RestoredEntry {
                            version,
                            operation: Operation { key, value, expires: None },
                        })
                        .collect();
                    database.restore(&restored, NOW_MS).unwrap();
                }
            }
            (0..work).for_each(|_| {
                database.step(NOW_MS).unwrap();
            });
        }
    }
}

proptest! {
    #![proptest_config(crate::cases(200))]

    #[test]
    fn restores_agree_with_a_map(
        chain in vec((backup(), 1..100_u64, vec(attempt(), 0..3), 0..3_usize, 0..20_usize), 1..5),
    ) {
        let index = Index::temporary().unwrap();
        let open = |disks| Database::with_index(&index, disks, OPTIONS).unwrap();
        let mut disks = Disks { log: MemoryDisk::default(), upper: MemoryDisk::default(), bottom: MemoryDisk::default() };
        let mut expected: BTreeMap<Vec<u8>, (Version, Vec<u8>)> = BTreeMap::new();
        let mut from = Version::NONE;
        for (backup, span, attempts, work, compact) in &chain {
            let restore = Restore { backup, from, to: from.plus(*span) };
            for Attempt { entries, work, survival } in attempts {
                let mut database = open(disks);
                restore.run(&mut database, *entries, *work);
                disks = power_cut(&database.crash(), survival);
            }
            let mut database = open(disks);
            restore.run(&mut database, usize::MAX, *work);
            database.end_restore().unwrap();
            database.sync().unwrap();
            (0..*compact).for_each(|_| {
                database.compact_step(NOW_MS).unwrap();
            });
            prop_assert_eq!(database.version(), restore.to);
            for (key, version, value) in restore.entries() {
                match value {
                    Some(value) => expected.insert(key.to_vec(), (version, value.to_vec())),
                    None => expected.remove(key),
                };
            }
            disks = power_cut(&database.crash(), &[None]);
            let mut database = open(disks);
            prop_assert_eq!(database.version(), restore.to);
            prop_assert_eq!(database.changes_from(), restore.to);
            let found = scan(&mut database, None, false, Version::NEWEST, NOW_MS);
            let pairs: Vec<_> = expected.iter().map(|(key, (_, value))| (key.clone(), value.clone())).collect();
            prop_assert_eq!(found, pairs);
            for (key, (version, _)) in &expected {
                prop_assert_eq!(database.version_of(key, Version::NEWEST, NOW_MS).unwrap(), Some(*version));
            }
            prop_assert_eq!(verify(&mut database), []);
            disks = database.crash();
            from = restore.to;
        }
        let mut database = open(disks);
        let version = database.commit(&[Operation { key: b"later", value: Some(b""), expires: None }], NOW_MS).unwrap();
        prop_assert!(version > from);
        prop_assert_eq!(database.get(b"later", Version::NEWEST, NOW_MS, &mut Vec::new()).unwrap().map(|read| read.version), Some(version));
    }
}
