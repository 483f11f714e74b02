//! A power cut soon after the death of a process, while the next one opens the store.

use crate::check::scan;
use crate::histories::OPTIONS;
use luge_engine::database::payload::Operation;
use luge_engine::database::{Database, Disks, Options};
use luge_engine::disk::{Disk, MemoryDisk};
use luge_engine::index::Index;
use luge_engine::position::SegmentNumber;
use luge_engine::version::Version;

#[test]
fn a_recovery_merges_only_what_is_durable_in_the_log() {
    let index = Index::temporary().unwrap();
    // Both full memtables are in one segment, which nothing syncs.
    let options = Options { segment_size: 1 << 20, ..OPTIONS };
    let open = |disks| Database::with_index(&index, disks, options).unwrap();
    let disk = MemoryDisk::default;
    let mut database = open(Disks { log: disk(), upper: disk(), bottom: disk() });
    database.sync().unwrap();
    for i in 0..200_u8 {
        let operation = Operation { key: &[i % 100], value: Some(&[i; 100]), expires: None };
        database.commit(&[operation], 0).unwrap();
    }
    database.write_out_now().unwrap();
    // The process dies. The next one merges two memtables while it opens the store. Then the power fails: for the test the
    // index says that the log goes on, so that the open does not get further.
    let Disks { log, upper, bottom } = database.crash();
    index.notes().write_newest_segment(SegmentNumber::of(9)).unwrap();
    let disks = Disks { log: log.shared(), upper: upper.shared(), bottom: bottom.shared() };
    assert!(Database::with_index(&index, disks, options).is_err());
    index.notes().write_newest_segment(SegmentNumber::FIRST).unwrap();
    let [log, upper, bottom] = [log, upper, bottom].map(|disk| disk.after_power_cut(|_| None));
    assert!(!upper.list().unwrap().is_empty(), "something was merged");
    let mut database = open(Disks { log, upper, bottom });
    let found = scan(&mut database, None, false, Version::NEWEST, 0);
    let expected: Vec<_> = (0..100_u8).map(|key| (vec![key], vec![key + 100; 100])).collect();
    assert_eq!(found, expected);
}
