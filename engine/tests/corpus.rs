//! The corpus of the fuzz targets, replayed: each file goes through the function that its target calls. See `fuzz/README.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "the numbers of a test are small")]

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

#[path = "../fuzz/checks/block.rs"]
mod block;
#[path = "../fuzz/checks/record.rs"]
mod record;
#[path = "../fuzz/checks/request.rs"]
mod request;

/// Calls with each file of a corpus.
fn replay(target: &str, check: fn(&[u8])) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let bytes = fs::read(&file).unwrap();
        assert!(catch_unwind(AssertUnwindSafe(|| check(&bytes))).is_ok(), "{} fails its check", file.display());
    }
}

#[test]
fn records_of_the_corpus() {
    replay("record", record::check);
}

#[test]
fn blocks_of_the_corpus() {
    replay("block", block::check);
}

#[test]
fn requests_of_the_corpus() {
    replay("request", request::check);
}
