//! What a crash leaves behind is cleaned up, and what is damaged is refused, untouched.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::fs;
use std::path::Path;

use luge_engine::engine::Engine;
use luge_engine::status::Status;

mod support;
use support::{CACHE_SIZE, reopen};

fn fill(directory: &Path) {
    let engine = Engine::open(directory, CACHE_SIZE).unwrap();
    for i in 0..100_u32 {
        engine.put(&i.to_be_bytes(), b"value").unwrap();
    }
    engine.close().unwrap();
}

fn assert_corrupt(directory: &Path, part: &str) {
    let failure = Engine::open(directory, CACHE_SIZE).unwrap_err();
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
    let engine = reopen(directory.path());
    assert_eq!(engine.get(&7_u32.to_be_bytes()).unwrap().as_deref(), Some(b"value".as_slice()));
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
    reopen(directory.path()).close().unwrap();
    let path = directory.path().join("db");
    fs::write(&path, b"").unwrap();
    assert_corrupt(directory.path(), "the file 'db' of the table is missing or empty");
    fs::remove_file(&path).unwrap();
    assert_corrupt(directory.path(), "the file 'db' of the table is missing or empty");
    assert!(!path.exists());
}

#[test]
fn a_large_value_survives_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let value: Vec<u8> = (0..3_000_000_u32).map(|i| (i % 251) as u8).collect();
    let engine = Engine::open(directory.path(), CACHE_SIZE).unwrap();
    engine.put(b"large", &value).unwrap();
    engine.close().unwrap();
    let engine = reopen(directory.path());
    assert_eq!(engine.get(b"large").unwrap().as_deref(), Some(value.as_slice()));
}
