//! What a crash leaves behind is cleaned up, and what is damaged is refused, untouched.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::fs;
use std::path::Path;

use std::thread::sleep;
use std::time::{Duration, Instant};

use luge_engine::recovery::open_index;
use luge_engine::status::Status;

const CACHE_SIZE: u64 = 1 << 20;

/// Opens the index again. Natively, sled's threads may hold its file lock for a moment after it was dropped; on WASI it
/// has neither threads nor a lock.
fn reopen(directory: &Path) -> sled::Db {
    let started = Instant::now();
    loop {
        match open_index(directory, CACHE_SIZE) {
            Err(failure) if failure.status == Status::Io && started.elapsed() < Duration::from_secs(10) => {
                sleep(Duration::from_millis(1));
            }
            result => return result.expect("the index opens again"),
        }
    }
}

fn fill(directory: &Path) {
    let index = open_index(directory, CACHE_SIZE).unwrap();
    for i in 0..100_u32 {
        index.insert(i.to_be_bytes(), b"value").unwrap();
    }
    index.flush().unwrap();
}

fn assert_corrupt(directory: &Path, part: &str) {
    let failure = open_index(directory, CACHE_SIZE).unwrap_err();
    assert_eq!(failure.status, Status::Corrupt);
    assert!(failure.message.contains(part), "{}", failure.message);
}

#[test]
fn an_unfinished_snapshot_and_an_unfinished_conf_are_removed() {
    let directory = tempfile::tempdir().unwrap();
    fill(directory.path());
    for name in ["snap.FFFFFFFFFFFFFFFF.generating", "conf.tmp"] {
        fs::write(directory.path().join(name), b"torn").unwrap();
    }
    let index = reopen(directory.path());
    assert_eq!(index.get(7_u32.to_be_bytes()).unwrap().as_deref(), Some(b"value".as_slice()));
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
