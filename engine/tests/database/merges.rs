//! Commits that change values by what they are, against a model that knows each value.

use crate::check::{read_whole, verify};
use crate::histories::{Known, OPTIONS};
use crate::history::{Written, key};
use luge_engine::compression::Compression;
use luge_engine::database::payload::Operation;
use luge_engine::database::{Database, Disks, Merging, Options};
use luge_engine::disk::{Disk, DiskFile, MemoryDisk};
use luge_engine::expiry::Expiry;
use luge_engine::failure::{Failure, FailureKind};
use luge_engine::index::Index;
use luge_engine::operand::{How, Step};
use luge_engine::version::Version;
use proptest::collection::vec;
use proptest::prelude::*;

/// What an operation does to its key.
#[derive(Clone, Debug)]
pub struct Change {
    key: Vec<u8>,
    /// `None` puts, or deletes without a value.
    how: Option<How>,
    value: Option<Vec<u8>>,
    /// `Some(0)` sets that the value never expires; `None` keeps what it has, or says nothing of a put.
    ttl: Option<u64>,
}

pub fn change() -> impl Strategy<Value = Change> {
    let ttl = || prop_oneof![6 => Just(None), 1 => Just(Some(0)), 2 => (1..100_u64).prop_map(Some)];
    let number = (key(), 1..7_u8, prop_oneof![0..9_u64, any::<u64>()], ttl()).prop_map(|(key, how, number, ttl)| {
        Change { key, how: How::of_number(how), value: Some(number.to_le_bytes().to_vec()), ttl }
    });
    let end = prop_oneof![9 => vec(any::<u8>(), 0..60), 1 => vec(any::<u8>(), 150..300)];
    let append =
        (key(), end, ttl()).prop_map(|(key, end, ttl)| Change { key, how: Some(How::Append), value: Some(end), ttl });
    let put = (key(), prop_oneof![Just(None), any::<[u8; 8]>().prop_map(|number| Some(number.to_vec()))])
        .prop_map(|(key, value)| Change { key, how: None, value, ttl: None });
    prop_oneof![5 => number, 5 => append, 1 => put]
}

/// What the changes make of the values that the model has, in the order of the changes. Also whether one of them counts what
/// is no number: then the commit may fail, and the value stays if it does not.
fn made(known: &Known, changes: &[Change]) -> (Vec<(Vec<u8>, Written)>, bool) {
    let mut writes: Vec<(Vec<u8>, Written)> = Vec::new();
    let mut may_fail = false;
    for Change { key, how, value, ttl } in changes {
        let all = known.commits.iter().flat_map(|(_, writes)| writes).chain(&writes);
        let present = all.rev().find(|(found, _)| found == key).map(|(_, written)| written.clone());
        let present = present.filter(|written| !written.is_gone(known.now_ms));
        let ttl_ms = ttl.map(|ttl| if ttl == 0 { 0 } else { known.now_ms + ttl });
        let kept_ms = present.as_ref().map_or(0, |written| written.expires_ms);
        let mut whole = present.and_then(|written| written.value);
        let written = match (how, value) {
            (Some(how), Some(bytes)) => {
                may_fail |= *how != How::Append && whole.as_ref().is_some_and(|value| value.len() != 8);
                Step { how: *how, bytes }.apply(&mut whole);
                Written { value: whole, expires_ms: ttl_ms.unwrap_or(kept_ms) }
            }
            _ => Written { value: value.clone(), expires_ms: 0 },
        };
        writes.push((key.clone(), written));
    }
    (writes, may_fail)
}

/// Commits the changes.
pub fn merge(database: &mut Database<MemoryDisk>, changes: &[Change], known: &mut Known) {
    let (writes, may_fail) = made(known, changes);
    let operations: Vec<Operation<'_>> = changes
        .iter()
        .map(|Change { key, value, ttl, .. }| {
            let expires = ttl.filter(|ttl| *ttl > 0).map_or(0, |ttl| known.now_ms + ttl);
            Operation { key, value: value.as_deref(), expires: Expiry::of_number(expires) }
        })
        .collect();
    let mergings: Vec<Merging> = changes
        .iter()
        .enumerate()
        .filter_map(|(index, change)| Some(Merging { index, how: change.how?, sets_expiry: change.ttl.is_some() }))
        .collect();
    match database.commit_merging(&operations, &mergings, known.now_ms) {
        Ok(version) => known.committed(version, writes),
        Err(failure) => assert!(may_fail && failure.kind() == FailureKind::NoNumber, "{failure}"),
    }
}

const NOW_MS: u64 = 1000;

fn disks() -> Disks<MemoryDisk> {
    Disks { log: MemoryDisk::default(), upper: MemoryDisk::default(), bottom: MemoryDisk::default() }
}

fn one(database: &mut Database<MemoryDisk>, key: &[u8], how: How, bytes: &[u8]) -> Result<Version, Failure> {
    let operation = Operation { key, value: Some(bytes), expires: None };
    database.commit_merging(&[operation], &[Merging { index: 0, how, sets_expiry: false }], NOW_MS)
}

fn append(database: &mut Database<MemoryDisk>, key: &[u8], bytes: &[u8]) {
    one(database, key, How::Append, bytes).unwrap();
}

fn put(database: &mut Database<MemoryDisk>, key: &[u8], value: &[u8]) {
    database.commit(&[Operation { key, value: Some(value), expires: None }], NOW_MS).unwrap();
}

fn get(database: &mut Database<MemoryDisk>, key: &[u8]) -> Option<Vec<u8>> {
    let mut value = Vec::new();
    let read = database.get(key, Version::NEWEST, NOW_MS, &mut value).unwrap()?;
    Some(read_whole(database, read.stream, &value))
}

/// The formats of segments.
fn formats(disk: &MemoryDisk) -> Vec<u8> {
    let mut names = disk.list().unwrap();
    names.sort();
    let format = |name: &String| {
        let mut format = [0];
        disk.open(name).unwrap().read_at(&mut format, 7).unwrap();
        format[0]
    };
    names.iter().map(format).collect()
}

#[test]
fn operands_are_in_segments_of_the_log_alone() {
    let index = Index::temporary().unwrap();
    let open = |disks| Database::with_index(&index, disks, OPTIONS).unwrap();
    let mut database = open(disks());
    for i in 0..3 {
        put(&mut database, b"list", &[i; 150]);
    }
    database.sync().unwrap();
    let mut database = open(database.crash());
    append(&mut database, b"list", b"end");
    // Closing merges everything into the table, which has no operands.
    let files = database.close(NOW_MS).unwrap();
    assert!(formats(&files.log).iter().all(|format| *format == 4));
    assert_eq!([formats(&files.upper), formats(&files.bottom)].concat(), [2]);
    let mut database = open(files);
    let expected = [&[2; 150][..], b"end"].concat();
    assert_eq!((get(&mut database, b"list"), verify(&mut database)), (Some(expected), vec![]));
}

#[test]
fn an_append_writes_what_it_appends_and_a_chain_is_never_long() {
    let options = Options { write_buffer_size: 1 << 20, segment_size: 1 << 20, logged_size: 4096, ..OPTIONS };
    for compression in [Compression::None, Compression::Lz4] {
        let index = Index::temporary().unwrap();
        let open = |disks| Database::with_index(&index, disks, Options { compression, ..options }).unwrap();
        let mut database = open(disks());
        let mut expected: Vec<u8> = (0..2_000_000_u32).map(|i| (i / 1000 * 7) as u8).collect();
        put(&mut database, b"list", &expected);
        while database.compact_step(NOW_MS).unwrap() {}
        database.sync().unwrap();
        let written = |database: &mut Database<MemoryDisk>| {
            let metrics = database.metrics(NOW_MS).unwrap();
            metrics.iter().find(|(name, _)| *name == "log_written_bytes").unwrap().1
        };
        let before = written(&mut database);
        for i in 0..128_u8 {
            append(&mut database, b"list", &[i; 100]);
            expected.extend([i; 100]);
        }
        database.sync().unwrap();
        let grown = written(&mut database) - before;
        // The log is written ahead, in pieces of 256 KiB.
        assert!(grown < 300_000, "{grown} bytes for 12,800 that were appended to 2,000,000");
        assert_eq!(get(&mut database, b"list").as_ref(), Some(&expected));
        // The next one writes the whole value, so a read takes fewer steps again.
        append(&mut database, b"list", b"end");
        expected.extend(b"end");
        database.sync().unwrap();
        assert!(written(&mut database) - before > if compression == Compression::None { 2_000_000 } else { 10_000 });
        assert_eq!(get(&mut database, b"list").as_ref(), Some(&expected));
        append(&mut database, b"list", b"!");
        expected.extend(b"!");
        let mut database = open(database.close(NOW_MS).unwrap());
        assert_eq!(get(&mut database, b"list").as_ref(), Some(&expected));
        assert_eq!(verify(&mut database), []);
    }
}

/// A fold writes whole lists to the log. That must not seal the next memtable, whose fold would write them again.
#[test]
fn lists_are_written_once_for_a_memtable() {
    let options = Options { write_buffer_size: 200_000, segment_size: 200_000, logged_size: 4096, ..OPTIONS };
    let mut database = Database::with_index(&Index::temporary().unwrap(), disks(), options).unwrap();
    let mut expected: Vec<Vec<u8>> = (0..10_u8).map(|list| vec![list; 50_000]).collect();
    for list in 0..10_u8 {
        put(&mut database, &[list], &expected[usize::from(list)]);
    }
    while database.compact_step(NOW_MS).unwrap() {}
    let figure = |database: &mut Database<MemoryDisk>, wanted| {
        let metrics = database.metrics(NOW_MS).unwrap();
        metrics.iter().find(|(name, _)| *name == wanted).unwrap().1
    };
    let (written, checkpoints) = (figure(&mut database, "log_written_bytes"), figure(&mut database, "checkpoints"));
    for i in 0..4000_u32 {
        let list = i % 10;
        append(&mut database, &[list as u8], &[i as u8; 50]);
        expected[list as usize].extend([i as u8; 50]);
        database.step(NOW_MS).unwrap();
    }
    let checkpoints = figure(&mut database, "checkpoints") - checkpoints;
    let written = figure(&mut database, "log_written_bytes") - written;
    // Each list also becomes a whole value after 128 operands.
    assert!((1..6).contains(&checkpoints), "{checkpoints} checkpoints");
    assert!(written < 6 * 700_000 + 4000 / 128 * 70_000 + 4000 * 150, "{written} bytes");
    for list in 0..10_u8 {
        assert_eq!(get(&mut database, &[list]).as_ref(), Some(&expected[usize::from(list)]));
    }
    assert_eq!(verify(&mut database), []);
}

/// A fold keeps small values in memory. They must not take more than a write buffer.
#[test]
fn folds_of_many_small_lists_take_little_memory() {
    let options = Options { write_buffer_size: 100_000, segment_size: 1 << 20, logged_size: 4096, ..OPTIONS };
    let mut database = Database::with_index(&Index::temporary().unwrap(), disks(), options).unwrap();
    let key = |list: u32| list.to_be_bytes();
    for list in 0..1000 {
        put(&mut database, &key(list), &[1; 1000]);
    }
    while database.compact_step(NOW_MS).unwrap() {}
    let mut most = 0;
    for list in 0..1000 {
        append(&mut database, &key(list), b"end");
        database.step(NOW_MS).unwrap();
        let metrics = database.metrics(NOW_MS).unwrap();
        most = most.max(metrics.iter().find(|(name, _)| *name == "sealed_buffer_bytes").unwrap().1);
    }
    assert!((1..300_000).contains(&most), "{most} bytes");
    for list in 0..1000 {
        assert_eq!(get(&mut database, &key(list)).unwrap().len(), 1003);
    }
}

#[test]
fn a_value_that_is_no_number_is_refused_if_memory_has_it_and_stays_if_not() {
    let index = Index::temporary().unwrap();
    let open = |disks| Database::with_index(&index, disks, OPTIONS).unwrap();
    let mut database = open(disks());
    put(&mut database, b"small", b"abc");
    put(&mut database, b"large", &[7; 500]);
    let version = database.version();
    for key in [&b"small"[..], b"large"] {
        let failure = one(&mut database, key, How::AddFloat, &1.0_f64.to_le_bytes()).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::NoNumber);
    }
    assert_eq!(database.version(), version);
    let mut database = open(database.close(NOW_MS).unwrap());
    for key in [&b"small"[..], b"large", b"new"] {
        one(&mut database, key, How::AddInteger, &5_u64.to_le_bytes()).unwrap();
    }
    for _ in 0..2 {
        assert_eq!(get(&mut database, b"small"), Some(b"abc".to_vec()));
        assert_eq!(get(&mut database, b"large"), Some(vec![7; 500]));
        assert_eq!(get(&mut database, b"new"), Some(5_u64.to_le_bytes().to_vec()));
        database = open(database.close(NOW_MS).unwrap());
    }
    assert_eq!(verify(&mut database), []);
}

#[test]
fn a_list_of_the_largest_size_takes_no_more() {
    const MOST: usize = 64 << 20;
    let options = Options { write_buffer_size: 1 << 20, segment_size: 1 << 20, logged_size: 4096, ..OPTIONS };
    let mut database = Database::with_index(&Index::temporary().unwrap(), disks(), options).unwrap();
    put(&mut database, b"list", &vec![1; MOST - 2]);
    append(&mut database, b"list", b"ab");
    let version = database.version();
    let failure = one(&mut database, b"list", How::Append, b"c").unwrap_err();
    assert_eq!((failure.kind(), database.version()), (FailureKind::TooLong, version));
    append(&mut database, b"list", b"");
}

#[test]
fn damaged_operands_are_reported_or_the_tail_of_the_log() {
    for place in 0..60 {
        let index = Index::temporary().unwrap();
        let open = |disks| Database::with_index(&index, disks, OPTIONS);
        let mut database = open(disks()).unwrap();
        put(&mut database, b"list", &[9; 150]);
        database = open(database.close(NOW_MS).unwrap()).unwrap();
        let mut states = vec![vec![9; 150]];
        for i in 0..12_u8 {
            append(&mut database, b"list", &[i; 20]);
            states.push([states.last().unwrap().as_slice(), &[i; 20]].concat());
        }
        database.write_out_now().unwrap();
        let files = database.crash();
        let name = files.log.list().unwrap().into_iter().max().unwrap();
        files.log.edit(&name, |bytes| {
            let at = 32 + (bytes.len() - 33) * place / 60;
            bytes[at] ^= 0x10;
        });
        match open(files) {
            Ok(mut database) => assert!(states.contains(&get(&mut database, b"list").unwrap())),
            Err(failure) => assert_eq!(failure.kind(), FailureKind::Corrupt),
        }
    }
}
