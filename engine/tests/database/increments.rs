//! An increment takes many calls, and background work goes on between them.

use crate::check::newest;
use crate::histories::OPTIONS;
use luge_engine::cursor::Range;
use luge_engine::database::payload::Operation;
use luge_engine::database::{Database, Disks, Options};
use luge_engine::disk::MemoryDisk;
use luge_engine::entry::Boundary;
use luge_engine::index::Index;
use luge_engine::version::Version;

const ALL: Range<'_> = Range {
    lower: Boundary::Outermost,
    upper: Boundary::Outermost,
    reverse: false,
    version: Version::NEWEST,
    now_ms: 0,
};

/// A database with a sealed memtable that has a deletion. Returns the version before the deletion, too.
fn database() -> (Database<MemoryDisk>, Version) {
    let disk = MemoryDisk::default;
    let disks = Disks { log: disk(), upper: disk(), bottom: disk() };
    let mut database =
        Database::with_index(&Index::in_memory(), disks, Options { segment_size: 1 << 20, ..OPTIONS }).unwrap();
    let mut commit =
        |key: u8, value: Option<&[u8]>| database.commit(&[Operation { key: &[key], value, expires: None }], 0).unwrap();
    let before = commit(50, Some(&[1; 50]));
    commit(50, None);
    for key in 0..50 {
        commit(key, Some(&[key; 100]));
    }
    database.sync().unwrap();
    (database, before)
}

#[test]
fn what_an_increment_may_begin_with_stays_until_it_ends() {
    for steps in 0.. {
        let (mut database, since) = database();
        let mut has_work = true;
        for _ in 0..steps {
            has_work = has_work && database.step(0).unwrap();
        }
        // The increment begins here. Its pages are read when the work is done.
        database.hold_gone(since);
        if database.newest_from() <= since {
            while database.step(0).unwrap() {}
            let found = newest(&mut database, ALL, since);
            assert!(found.iter().any(|(key, _)| key == &[50]), "after {steps} steps");
        }
        database.release_gone(since);
        if !has_work {
            assert!(steps > 3 && database.newest_from() > since, "the deletion is gone in the end");
            return;
        }
    }
}
