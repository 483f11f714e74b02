//! The table agrees with a full history wherever its retention lets it be read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::cmp::Reverse;
use std::collections::BTreeMap;

use luge_engine::entry::{Entry, Value};
use luge_engine::table::block::BlockReader;
use luge_engine::table::{Found, Retention, Table};
use proptest::collection::vec;
use proptest::prelude::*;

const BLOCK_SIZE: usize = 200;
const NOW_MS: u64 = 1000;

#[derive(Clone, Debug, PartialEq)]
struct Written {
    expires_ms: u64,
    value: Option<Vec<u8>>,
    /// Kept in the log: the table has only a position.
    logged: bool,
}

type History = BTreeMap<(Vec<u8>, Reverse<u64>), Written>;

fn entry<'a>((key, Reverse(version)): &'a (Vec<u8>, Reverse<u64>), written: &'a Written) -> Entry<'a> {
    let value = match &written.value {
        None => Value::Deleted,
        Some(_) if written.logged => Value::Logged { position: *version, length: 5 },
        Some(bytes) => Value::Inline(bytes),
    };
    Entry { key, version: *version, expires_ms: written.expires_ms, value }
}

fn is_gone(entry: &Entry<'_>) -> bool {
    entry.value == Value::Deleted || (entry.expires_ms > 0 && entry.expires_ms <= NOW_MS)
}

/// What a reader at `version` sees: gone is as good as never there.
fn seen(history: &History, key: &[u8], version: u64) -> Option<(u64, Written)> {
    let start = (key.to_vec(), Reverse(version));
    let (place, written) = history.range(start..).next().filter(|((found, _), _)| found == key)?;
    (!is_gone(&entry(place, written))).then(|| (place.1.0, written.clone()))
}

fn assert_seen(found: Option<Found>, expected: Option<(u64, Written)>) {
    let found = found
        .filter(|found| !is_gone(&Entry { key: b"", version: 0, expires_ms: found.expires_ms, value: found.value() }));
    match (found, expected) {
        (None, None) => {}
        (Some(found), Some((version, written))) => {
            let place = (Vec::new(), Reverse(version));
            let expected = entry(&place, &written);
            assert_eq!(
                (found.version, found.expires_ms, found.value()),
                (version, expected.expires_ms, expected.value)
            );
        }
        (found, expected) => panic!("found {found:?}, expected {expected:?}"),
    }
}

/// All entries of the table in order; its blocks must be where they belong.
fn dump(table: &Table) -> Vec<(Vec<u8>, u64)> {
    let mut entries = Vec::new();
    let mut block = table.block_of(b"").unwrap();
    while let Some(placed) = block {
        let next = table.block_after(&placed.separator).unwrap();
        let mut reader = BlockReader::new(&placed.bytes).unwrap();
        while reader.advance().unwrap() {
            let entry = reader.entry();
            assert!(entry.key >= &placed.separator[..]);
            assert!(next.as_ref().is_none_or(|next| entry.key < &next.separator[..]));
            entries.push((entry.key.to_vec(), entry.version));
        }
        block = next;
    }
    entries
}

fn merge_all(table: &Table, new: &History, retention: &Retention, blocks: usize) -> Vec<(u64, u32)> {
    let mut entries = new.iter().map(|(key, written)| entry(key, written)).peekable();
    let mut dropped = Vec::new();
    while entries.peek().is_some() {
        let step = table.merge_step(&mut entries, retention, blocks).unwrap();
        assert!(step.blocks_read >= 1 && step.blocks_read <= blocks + 1);
        dropped.extend(step.dropped);
    }
    dropped
}

type Write = (Vec<u8>, Written);

fn write() -> impl Strategy<Value = Write> {
    let key = vec(prop_oneof![Just(0_u8), Just(b'a'), Just(b'b'), Just(0xff)], 1..5);
    let expires_ms = prop_oneof![6 => Just(0_u64), 1 => Just(NOW_MS), 1 => Just(NOW_MS + 1)];
    let value = prop_oneof![1 => Just(None), 3 => vec(any::<u8>(), 0..60).prop_map(Some)];
    (key, expires_ms, value, any::<bool>())
        .prop_map(|(key, expires_ms, value, logged)| (key, Written { expires_ms, value, logged }))
}

#[derive(Clone, Debug)]
struct Round {
    writes: Vec<Write>,
    snapshot: bool,
    release: bool,
    blocks: usize,
    twice: bool,
}

fn round() -> impl Strategy<Value = Round> {
    (vec(write(), 0..80), any::<bool>(), any::<bool>(), 1..6_usize, any::<bool>())
        .prop_map(|(writes, snapshot, release, blocks, twice)| Round { writes, snapshot, release, blocks, twice })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn table_agrees_with_the_history(rounds in vec(round(), 1..8), versions_to_keep in 1..4_usize) {
        let db = sled::Config::new().temporary(true).open().unwrap();
        let table = Table::new(db.open_tree("table").unwrap(), BLOCK_SIZE);
        let mut history = History::new();
        let mut retention = Retention { versions_to_keep, snapshots: Vec::new(), now_ms: NOW_MS };
        let mut version = 0;
        let mut snapshots_ever = 0;
        for round in rounds {
            let mut new = History::new();
            for (key, written) in round.writes {
                version += 1;
                new.insert((key, Reverse(version)), written);
            }
            history.extend(new.clone());
            if round.release && !retention.snapshots.is_empty() {
                retention.snapshots.remove(0);
            }
            merge_all(&table, &new, &retention, round.blocks);
            if round.twice {
                let before = dump(&table);
                merge_all(&table, &new, &retention, 100);
                // A block that is joined with its neighbour may lose more of what nothing needs; nothing may come back.
                let after = dump(&table);
                prop_assert!(after.iter().all(|entry| before.contains(entry)), "{after:?} after {before:?}");
            }
            if round.snapshot {
                retention.snapshots.push(version);
                snapshots_ever += 1;
            }
            let entries = dump(&table);
            prop_assert!(entries.is_sorted_by(|a, b| (&a.0, Reverse(a.1)) < (&b.0, Reverse(b.1))));
            for key in history.keys().map(|(key, _)| key) {
                for at in retention.snapshots.iter().copied().chain([u64::MAX]) {
                    assert_seen(table.get(key, at).unwrap(), seen(&history, key, at));
                }
                let own = entries.iter().filter(|(found, _)| found == key).count();
                // Versions that a released snapshot held go with the next merge of their block.
                prop_assert!(own <= versions_to_keep + snapshots_ever);
            }
            prop_assert!(table.get(b"none", u64::MAX).unwrap().is_none());
        }
    }
}

fn fill(table: &Table, keys: impl Iterator<Item = u32>, version: u64, value: Option<Vec<u8>>) {
    let written = Written { expires_ms: 0, value, logged: false };
    let new: History = keys.map(|key| ((key.to_be_bytes().to_vec(), Reverse(version)), written.clone())).collect();
    let retention = Retention { versions_to_keep: 1, snapshots: Vec::new(), now_ms: NOW_MS };
    merge_all(table, &new, &retention, 8);
}

fn block_sizes(table: &Table) -> Vec<usize> {
    let mut sizes = Vec::new();
    let mut block = table.block_of(b"").unwrap();
    while let Some(placed) = block {
        sizes.push(placed.bytes.len());
        block = table.block_after(&placed.separator).unwrap();
    }
    sizes
}

#[test]
fn blocks_are_about_as_large_as_asked_for_and_go_when_they_are_empty() {
    let db = sled::Config::new().temporary(true).open().unwrap();
    let table = Table::new(db.open_tree("table").unwrap(), 1024);
    fill(&table, 0..5000, 1, Some(vec![7; 50]));
    fill(&table, (0..5000).rev().filter(|key| key % 3 == 0), 2, Some(vec![8; 60]));
    let sizes = block_sizes(&table);
    assert!(sizes.iter().all(|size| *size < 2300), "{sizes:?}");
    let average = sizes.iter().sum::<usize>() / sizes.len();
    assert!((700..1400).contains(&average), "{average} bytes on average");
    fill(&table, 0..5000, 3, None);
    assert_eq!(dump(&table), []);
    assert!(block_sizes(&table).len() < sizes.len() / 2, "{} of {}", block_sizes(&table).len(), sizes.len());
}

#[test]
fn values_in_the_log_are_named_when_they_die() {
    let db = sled::Config::new().temporary(true).open().unwrap();
    let table = Table::new(db.open_tree("table").unwrap(), 1024);
    let retention = Retention { versions_to_keep: 1, snapshots: Vec::new(), now_ms: NOW_MS };
    let logged = Written { expires_ms: 0, value: Some(Vec::new()), logged: true };
    let at = |version| History::from([((b"key".to_vec(), Reverse(version)), logged.clone())]);
    assert_eq!(merge_all(&table, &at(1), &retention, 1), []);
    assert_eq!(merge_all(&table, &at(2), &retention, 1), [(1, 5)]);
    let expired = History::from([((b"key".to_vec(), Reverse(3)), Written { expires_ms: NOW_MS, ..logged.clone() })]);
    assert_eq!(merge_all(&table, &expired, &retention, 1), [(3, 5), (2, 5)]);
    assert_eq!(dump(&table), []);
}
