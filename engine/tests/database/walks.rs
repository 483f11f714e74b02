//! Walks over deletions: what they find, and how many entries they look at.

use std::collections::BTreeMap;

use crate::check::{rest_of, walk};
use crate::histories::OPTIONS;
use crate::history::Pair;
use luge_engine::cursor::Range;
use luge_engine::database::payload::Operation;
use luge_engine::database::{Database, Disks, Options, Walked};
use luge_engine::disk::MemoryDisk;
use luge_engine::entry::Boundary;
use luge_engine::expiry::Expiry;
use luge_engine::index::Index;
use luge_engine::version::Version;
use proptest::collection::vec;
use proptest::prelude::*;

const WHOLE: Range<'_> = Range {
    lower: Boundary::Outermost,
    upper: Boundary::Outermost,
    reverse: false,
    version: Version::NEWEST,
    now_ms: 1,
};
/// What one call looks at in these tests.
const VISITS: u32 = 1000;

fn new_database(options: Options) -> Database<MemoryDisk> {
    let disks = Disks { log: MemoryDisk::default(), upper: MemoryDisk::default(), bottom: MemoryDisk::default() };
    let index = Index::temporary().unwrap();
    Database::with_index(&index, disks, options).unwrap()
}

fn key(i: u32) -> Vec<u8> {
    format!("key{i:05}").into_bytes()
}

fn write(database: &mut Database<MemoryDisk>, key: &[u8], value: Option<&[u8]>, expires_ms: u64) {
    database.commit(&[Operation { key, value, expires: Expiry::of_number(expires_ms) }], 1).unwrap();
}

fn visited(database: &Database<MemoryDisk>) -> u64 {
    let metrics = database.metrics(1).unwrap();
    metrics.iter().find(|(name, _)| *name == "entries_visited").map(|(_, value)| *value).unwrap()
}

/// The first entry of a range, and how many calls it takes.
fn first(database: &mut Database<MemoryDisk>, range: Range<'_>) -> (Option<Vec<u8>>, u32) {
    let (mut found, mut behind, mut calls) = (None, None, 0);
    loop {
        calls += 1;
        let rest = rest_of(range, behind.as_deref());
        let walked = database.scan(rest, false, VISITS, |entry, _| {
            found = Some(entry.key.to_vec());
            Ok(false)
        });
        match walked.unwrap() {
            Walked::Paused(key) => behind = Some(key),
            Walked::End | Walked::Full => return (found, calls),
        }
    }
}

/// Deletions from 0 to 20,000 and one entry behind them: in the memtable, on the way into the table, or there.
fn with_deletions(steps: usize, mut test: impl FnMut(&mut Database<MemoryDisk>)) {
    let mut database = new_database(Options { write_buffer_size: 64 << 20, block_size: 4096, ..OPTIONS });
    // Behind all keys of the table nothing is merged into its bottom, where deletions go at once.
    write(&mut database, &key(99_999), Some(b"behind"), 0);
    while database.compact_step(1).unwrap() {}
    for i in 0..20_000 {
        write(&mut database, &key(i), Some(b"value"), 0);
        write(&mut database, &key(i), None, 0);
    }
    write(&mut database, &key(20_000), Some(b"value"), 0);
    for _ in 0..steps {
        database.compact_step(1).unwrap();
    }
    test(&mut database);
}

const STEPS: [usize; 3] = [0, 5, 60];

#[test]
fn a_call_looks_at_no_more_than_it_is_to() {
    for (steps, reverse) in STEPS.into_iter().flat_map(|steps| [(steps, false), (steps, true)]) {
        with_deletions(steps, |database| {
            let upper = key(20_000);
            let range = Range { upper: Boundary::Before(&upper), reverse, ..WHOLE };
            let mut behind: Option<Vec<u8>> = None;
            loop {
                let before = visited(database);
                let rest = rest_of(range, behind.as_deref());
                let walked = database.scan(rest, false, VISITS, |_, _| panic!("nothing lives")).unwrap();
                // With the last key come its other versions.
                assert!(visited(database) - before <= u64::from(VISITS) + 4, "after {steps} steps");
                let Walked::Paused(key) = walked else { break };
                assert!(behind.is_none_or(|before| (key > before) != reverse));
                behind = Some(key);
            }
        });
    }
}

#[test]
fn a_count_goes_on_where_it_paused() {
    with_deletions(0, |database| {
        let (mut total, mut behind, mut calls) = (0, None::<Vec<u8>>, 0);
        loop {
            let (count, last) = database.count(rest_of(WHOLE, behind.as_deref()), u32::MAX, VISITS).unwrap();
            (total, calls) = (total + count, calls + 1);
            if last.is_empty() {
                break;
            }
            behind = Some(last);
        }
        assert_eq!(total, 2);
        assert!(calls >= 20_000 / VISITS, "{calls} calls");
        assert_eq!(database.count(WHOLE, 1, VISITS).unwrap(), (1, key(20_000)));
    });
}

#[test]
fn a_block_counts_by_its_bytes() {
    let mut database = new_database(Options { logged_size: 1 << 20, write_buffer_size: 1 << 20, ..OPTIONS });
    for i in 0..200 {
        write(&mut database, &key(i), Some(&[7; 4096]), 0);
    }
    while database.compact_step(1).unwrap() {}
    let (count, last) = database.count(WHOLE, u32::MAX, VISITS).unwrap();
    assert!(count < 40 && !last.is_empty(), "{count} blocks of 4 KiB were read");
}

#[test]
fn versions_of_a_key_are_passed_at_once() {
    let mut database = new_database(Options { write_buffer_size: 64 << 20, versions_to_keep: 5000, ..OPTIONS });
    for steps in [0, 60] {
        for i in 0..3000_u32 {
            write(&mut database, b"many", Some(&i.to_be_bytes()), 0);
        }
        write(&mut database, b"next", Some(b"value"), 0);
        for _ in 0..steps {
            database.compact_step(1).unwrap();
        }
        let middle = Version::of(database.version().get() - 1500);
        for (version, reverse) in [(Version::NEWEST, false), (Version::NEWEST, true), (middle, false), (middle, true)] {
            let before = visited(&database);
            let found = walk(&mut database, Range { version, reverse, ..WHOLE }, u32::MAX);
            assert_eq!(found.len(), if version == middle && steps == 0 { 1 } else { 2 });
            assert!(visited(&database) - before <= 16, "as of {version}, reverse: {reverse}");
        }
    }
}

#[test]
fn the_head_of_a_queue_is_found_at_once_however_many_were_taken() {
    let mut database = new_database(Options { write_buffer_size: 200_000, block_size: 4096, ..OPTIONS });
    for i in 0..100 {
        write(&mut database, &key(i), Some(b"job"), 0);
    }
    let mut worst = 0;
    for i in 0..20_000 {
        write(&mut database, &key(i + 100), Some(b"job"), 0);
        let before = visited(&database);
        assert_eq!(first(&mut database, WHOLE), (Some(key(i)), 1));
        worst = worst.max(visited(&database) - before);
        write(&mut database, &key(i), None, 0);
        if i % 3 == 0 {
            database.step(1).unwrap();
        }
    }
    // A put before the head, in what the walks pass at once, is found.
    assert!(worst <= 64, "{worst} entries for the first one");
    write(&mut database, &key(7000), Some(b"again"), 0);
    assert_eq!(first(&mut database, WHOLE).0, Some(key(7000)));
    write(&mut database, &key(7000), None, 0);
    assert_eq!(first(&mut database, WHOLE).0, Some(key(20_000)));
}

#[test]
fn the_top_of_a_stack_is_found_at_once_however_many_were_taken() {
    let mut database = new_database(Options { write_buffer_size: 200_000, block_size: 4096, ..OPTIONS });
    let range = Range { reverse: true, ..WHOLE };
    write(&mut database, b"bottom", Some(b"stays"), 0);
    let mut worst = 0;
    for i in 0..20_000 {
        write(&mut database, &key(i), Some(b"job"), 0);
        let before = visited(&database);
        assert_eq!(first(&mut database, range), (Some(key(i)), 1));
        write(&mut database, &key(i), None, 0);
        assert_eq!(first(&mut database, range), (Some(b"bottom".to_vec()), 1));
        worst = worst.max(visited(&database) - before);
    }
    assert!(worst <= 128, "{worst} entries for two walks");
}

/// One of the things that happen to a database of a few keys.
#[derive(Clone, Debug)]
enum Step {
    Put(u32, u64),
    Delete(u32),
    DeleteRange(u32, u32),
    Large(u32),
    Work(usize),
    Compact(usize),
    Snapshot,
    Release,
    Wait(u64),
    Walk { from: Option<u32>, to: Option<u32>, reverse: bool, visits: u32, limit: usize },
}

const KEYS: u32 = 120;

fn step() -> impl Strategy<Value = Step> {
    let some_key = || prop::option::weighted(0.6, 0..KEYS);
    prop_oneof![
        4 => (0..KEYS, prop_oneof![3 => Just(0), 1 => 2..60_u64]).prop_map(|(key, expires)| Step::Put(key, expires)),
        3 => (0..KEYS).prop_map(Step::Delete),
        3 => (0..KEYS, 0..KEYS).prop_map(|(from, to)| Step::DeleteRange(from, to)),
        1 => (0..KEYS).prop_map(Step::Large),
        1 => (1..6_usize).prop_map(Step::Work),
        1 => (1..40_usize).prop_map(Step::Compact),
        1 => Just(Step::Snapshot),
        1 => Just(Step::Release),
        1 => (1..10_u64).prop_map(Step::Wait),
        8 => (some_key(), some_key(), any::<bool>(), prop_oneof![Just(u32::MAX), 1..60_u32], 1..50_usize)
            .prop_map(|(from, to, reverse, visits, limit)| Step::Walk { from, to, reverse, visits, limit }),
    ]
}

/// What lives, with the time at which it expires.
type Model = BTreeMap<Vec<u8>, (Vec<u8>, u64)>;

fn expected(model: &Model, range: &Range<'_>) -> Vec<Pair> {
    let alive = |expires_ms: u64| expires_ms == 0 || expires_ms > range.now_ms;
    let inside = model.iter().filter(|(key, (_, expires_ms))| range.contains(key) && alive(*expires_ms));
    let mut pairs: Vec<Pair> = inside.map(|(key, (value, _))| (key.clone(), value.clone())).collect();
    if range.reverse {
        pairs.reverse();
    }
    pairs
}

proptest! {
    #![proptest_config(crate::cases(150))]

    #[test]
    fn walks_find_what_lives_whatever_walks_before_passed(steps in vec(step(), 1..250)) {
        let mut database = new_database(Options { write_buffer_size: 20_000, ..OPTIONS });
        let mut model = Model::new();
        let mut snapshots: Vec<(Version, Model)> = Vec::new();
        let mut now_ms = 1;
        for (i, step) in steps.into_iter().enumerate() {
            let value = format!("{i}").into_bytes();
            match step {
                Step::Put(at, expires) => {
                    let expires_ms = if expires == 0 { 0 } else { now_ms + expires };
                    write(&mut database, &key(at), Some(&value), expires_ms);
                    model.insert(key(at), (value, expires_ms));
                }
                Step::Delete(at) => {
                    write(&mut database, &key(at), None, 0);
                    model.remove(&key(at));
                }
                Step::DeleteRange(from, to) => {
                    for at in from..to {
                        write(&mut database, &key(at), None, 0);
                        model.remove(&key(at));
                    }
                }
                Step::Large(at) => {
                    let value = vec![7; 300];
                    database.begin_put(&key(at), value.len(), None, now_ms).unwrap();
                    database.extend_put(&value).unwrap();
                    database.finish_put().unwrap();
                    model.insert(key(at), (value, 0));
                }
                Step::Work(count) => for _ in 0..count { database.step(now_ms).unwrap(); },
                Step::Compact(count) => for _ in 0..count { database.compact_step(now_ms).unwrap(); },
                Step::Snapshot => {
                    let version = database.open_snapshot(Version::NEWEST, now_ms).unwrap();
                    snapshots.push((version, model.clone()));
                }
                Step::Release => if let Some((version, _)) = snapshots.pop() {
                    database.close_snapshot(version);
                },
                Step::Wait(ms) => now_ms += ms,
                Step::Walk { from, to, reverse, visits, limit } => {
                    let (from, to) = (from.map(key), to.map(key));
                    let lower = from.as_deref().map_or(Boundary::Outermost, Boundary::Behind);
                    let upper = to.as_deref().map_or(Boundary::Outermost, Boundary::Before);
                    for (version, model) in snapshots.iter().map(|(version, model)| (*version, model)).chain([(Version::NEWEST, &model)]) {
                        let range = Range { lower, upper, reverse, version, now_ms };
                        let expected = expected(model, &range);
                        let (mut some, mut left) = (Vec::new(), limit);
                        database.scan(range, true, u32::MAX, |entry, value| {
                            some.push((entry.key.to_vec(), value.to_vec()));
                            left -= 1;
                            Ok(left > 0)
                        }).unwrap();
                        prop_assert_eq!(&some[..], &expected[..limit.min(expected.len())]);
                        prop_assert_eq!(walk(&mut database, range, visits), expected);
                    }
                }
            }
        }
    }
}
