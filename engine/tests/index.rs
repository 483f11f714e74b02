//! What a crash leaves behind is cleaned up, and what is damaged is refused, untouched.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation, reason = "the numbers of a test are small")]

use std::fs;
use std::path::Path;

use std::thread::sleep;
use std::time::{Duration, Instant};

use luge_engine::failure::FailureKind;
use luge_engine::index::{Batch, Index, Pair, Pairs, Tree};
use proptest::collection::vec;
use proptest::prelude::*;

const CACHE_SIZE: u64 = 1 << 20;

/// Opens the index again. Natively, sled's threads may hold its file lock for a moment after it was dropped; on WASI it
/// has neither threads nor a lock.
fn reopen(directory: &Path) -> Index {
    let started = Instant::now();
    loop {
        match Index::open(directory, CACHE_SIZE) {
            Err(failure) if failure.kind() == FailureKind::Io && started.elapsed() < Duration::from_secs(10) => {
                sleep(Duration::from_millis(1));
            }
            result => return result.expect("the index opens again"),
        }
    }
}

fn fill(directory: &Path) {
    let index = Index::open(directory, CACHE_SIZE).unwrap();
    for i in 0..100_u32 {
        index.blocks().insert(&i.to_be_bytes(), b"value").unwrap();
    }
    index.blocks().sync().unwrap();
}

fn assert_corrupt(directory: &Path, part: &str) {
    let failure = Index::open(directory, CACHE_SIZE).err().unwrap();
    assert_eq!(failure.kind(), FailureKind::Corrupt);
    assert!(failure.message().contains(part), "{}", failure.message());
}

#[test]
fn an_unfinished_snapshot_and_an_unfinished_conf_are_removed() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    for name in ["snap.FFFFFFFFFFFFFFFF.generating", "conf.tmp"] {
        fs::write(directory.path().join(name), b"torn").unwrap();
    }
    let index = reopen(directory.path());
    assert_eq!(index.blocks().get(&7_u32.to_be_bytes()).unwrap().as_deref(), Some(b"value".as_slice()));
    assert!(!directory.path().join("snap.FFFFFFFFFFFFFFFF.generating").exists());
    assert!(!directory.path().join("conf.tmp").exists());
}

#[test]
fn every_changed_byte_of_conf_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    let path = directory.path().join("conf");
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x40;
        fs::write(&path, &bad).unwrap();
        assert_corrupt(directory.path(), "has checksum");
        assert_eq!(fs::read(&path).unwrap(), bad);
    }
    fs::write(&path, good).unwrap();
    reopen(directory.path());
}

#[test]
fn every_truncation_of_conf_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    let path = directory.path().join("conf");
    let good = fs::read(&path).unwrap();
    for length in 0..good.len() {
        fs::write(&path, &good[..length]).unwrap();
        assert_corrupt(directory.path(), "the file 'conf'");
    }
}

#[test]
fn a_missing_conf_is_refused_where_there_is_data() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    fs::remove_file(directory.path().join("conf")).unwrap();
    assert_corrupt(directory.path(), "is missing");
}

#[test]
fn a_log_that_is_gone_is_refused_where_there_is_a_snapshot() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    drop(reopen(directory.path()));
    let path = directory.path().join("db");
    fs::write(&path, b"").unwrap();
    assert_corrupt(directory.path(), "the file 'db' of the index is missing or empty");
    fs::remove_file(&path).unwrap();
    assert_corrupt(directory.path(), "the file 'db' of the index is missing or empty");
    assert!(!path.exists());
}

#[derive(Clone, Debug)]
enum Change {
    Insert(Vec<u8>),
    Apply(Vec<(Vec<u8>, bool)>),
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    vec(0..4_u8, 0..4)
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![key().prop_map(Change::Insert), vec((key(), any::<bool>()), 0..8).prop_map(Change::Apply)]
}

/// Pairs of a range, read from both ends in turn.
fn pairs(mut found: Pairs<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut front, mut back) = (Vec::new(), Vec::new());
    let owned = |pair: Result<Pair, _>| pair.map(|(key, value)| (key.to_vec(), value.to_vec())).unwrap();
    while let Some(pair) = found.next() {
        front.push(owned(pair));
        back.extend(found.next_back().map(owned));
    }
    front.extend(back.into_iter().rev());
    front
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    /// Tests of what stands above the index use the one in memory: it must be as sled is.
    #[test]
    fn both_trees_are_the_same_sorted_map(changes in vec(change(), 0..30), places in vec((key(), key()), 1..20)) {
        let (sled, memory) = (Index::temporary().unwrap().blocks(), Index::in_memory().blocks());
        let trees: [&dyn Tree; 2] = [&*sled, &*memory];
        prop_assert!(sled.is_empty() && memory.is_empty());
        for (i, change) in changes.iter().enumerate() {
            for tree in trees {
                let value = (i as u32).to_be_bytes();
                match change {
                    Change::Insert(key) => tree.insert(key, &value).unwrap(),
                    Change::Apply(changes) => {
                        let mut batch = Batch::default();
                        for (key, stays) in changes {
                            if *stays { batch.insert(&key[..], &value[..]) } else { batch.remove(&key[..]) }
                        }
                        tree.apply(batch).unwrap();
                        tree.sync().unwrap();
                    }
                }
            }
        }
        prop_assert_eq!(sled.is_empty(), memory.is_empty());
        for (a, b) in places {
            prop_assert_eq!(sled.get(&a).unwrap(), memory.get(&a).unwrap());
            let (first, last) = if a <= b { (a, b) } else { (b, a) };
            prop_assert_eq!(sled.last_between(&first, &last).unwrap(), memory.last_between(&first, &last).unwrap());
            prop_assert_eq!(sled.first_between(&first, &last).unwrap(), memory.first_between(&first, &last).unwrap());
            prop_assert_eq!(pairs(sled.range(&first, &last)), pairs(memory.range(&first, &last)));
            prop_assert_eq!(pairs(sled.range_to(&first, &last)), pairs(memory.range_to(&first, &last)));
        }
    }
}
