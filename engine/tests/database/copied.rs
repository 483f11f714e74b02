//! What a copy of the files holds that was made while they were at rest.

use crate::histories::OPTIONS;
use luge_engine::database::payload::Operation;
use luge_engine::database::{Database, Disks};
use luge_engine::disk::MemoryDisk;
use luge_engine::index::Index;
use luge_engine::version::Version;

fn put(database: &mut Database<MemoryDisk>, i: u32) -> Version {
    let (key, value) = (i.to_be_bytes(), [7; 300]);
    database.commit(&[Operation { key: &key, value: Some(&value), expires: None }], 0).unwrap()
}

#[test]
fn a_copy_opens_at_the_version_that_the_original_had_and_both_go_on() {
    let index = Index::temporary().unwrap();
    let open = |disks| Database::with_index(&index, disks, OPTIONS).unwrap();
    let mut database =
        open(Disks { log: MemoryDisk::default(), upper: MemoryDisk::default(), bottom: MemoryDisk::default() });
    database.end_segments(true).unwrap();
    assert_eq!(database.version(), Version::NONE);
    for i in 0..50 {
        put(&mut database, i);
        database.step(0).unwrap();
    }
    database.end_segments(true).unwrap();
    let said = database.version();
    // Where nothing was reserved since, there is nothing to take back.
    database.end_segments(true).unwrap();
    assert_eq!(database.version(), said);
    let mut copy = open(database.crash());
    assert_eq!(copy.version(), said);
    let next = put(&mut copy, 50);
    assert!(next > said);
    // What was reserved for it may have been used.
    assert!(open(copy.crash()).version() > next);
}
