//! How many bytes a range takes, by the memtables and the index.

use crate::histories::OPTIONS;
use luge_engine::cursor::Range;
use luge_engine::database::payload::Operation;
use luge_engine::database::{Database, Disks};
use luge_engine::disk::MemoryDisk;
use luge_engine::entry::Boundary;
use luge_engine::index::Index;
use luge_engine::version::Version;
use proptest::collection::vec;
use proptest::prelude::*;

const NOW_MS: u64 = 1000;
const VALUE: [u8; 40] = [7; 40];

fn new_database() -> Database<MemoryDisk> {
    let disks = Disks { log: MemoryDisk::default(), upper: MemoryDisk::default(), bottom: MemoryDisk::default() };
    Database::with_index(&Index::temporary().unwrap(), disks, OPTIONS).unwrap()
}

fn put(database: &mut Database<MemoryDisk>, key: u32, value: &[u8]) {
    let key = key.to_be_bytes();
    database.commit(&[Operation { key: &key, value: Some(value), expires: None }], NOW_MS).unwrap();
}

fn metric(database: &Database<MemoryDisk>, wanted: &str) -> u64 {
    let metrics = database.metrics(NOW_MS).unwrap();
    metrics.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value).unwrap()
}

fn range<'a>(lower: Boundary<'a>, upper: Boundary<'a>) -> Range<'a> {
    Range { lower, upper, reverse: false, version: Version::NEWEST, now_ms: NOW_MS }
}

/// The size in pieces of `visits`, and how many pieces that took.
fn size_in(database: &Database<MemoryDisk>, range: Range<'_>, visits: u32) -> (u64, u32) {
    let (mut sum, mut from, mut pieces) = (0, Vec::new(), 0);
    loop {
        let mut next = Vec::new();
        sum += database.size_of(range, &from, visits, &mut next).unwrap();
        pieces += 1;
        if next.is_empty() {
            return (sum, pieces);
        }
        from = next;
    }
}

fn size(database: &Database<MemoryDisk>, lower: Boundary<'_>, upper: Boundary<'_>) -> u64 {
    size_in(database, range(lower, upper), u32::MAX).0
}

const WHOLE: (Boundary<'_>, Boundary<'_>) = (Boundary::Outermost, Boundary::Outermost);

#[test]
fn an_empty_store_has_no_bytes() {
    let database = new_database();
    assert_eq!(size(&database, WHOLE.0, WHOLE.1), 0);
    assert_eq!(size(&database, Boundary::Before(b"a"), Boundary::Behind(b"b")), 0);
}

#[test]
fn a_memtable_counts_the_keys_and_values_of_the_range() {
    let mut database = new_database();
    (0..20).for_each(|i| put(&mut database, i, &VALUE));
    let [low, high] = [5_u32, 9].map(u32::to_be_bytes);
    assert_eq!(metric(&database, "bottom_table_bytes"), 0);
    assert_eq!(size(&database, WHOLE.0, WHOLE.1), 20 * 44);
    assert_eq!(size(&database, Boundary::Before(&low), Boundary::Before(&high)), 4 * 44);
    assert_eq!(size(&database, Boundary::Before(&low), Boundary::Behind(&high)), 5 * 44);
    assert_eq!(size(&database, Boundary::Behind(&low), Boundary::Outermost), 14 * 44);
    assert_eq!(size(&database, Boundary::Before(&low), Boundary::Before(&low)), 0);
    assert_eq!(size(&database, Boundary::Before(&high), Boundary::Behind(&low)), 0);
    // Of a value in the log only the key counts. Each version counts.
    put(&mut database, 5, &[7; 1000]);
    assert_eq!(size(&database, Boundary::Before(&low), Boundary::Behind(&low)), 44 + 4);
}

#[test]
fn the_levels_count_the_blocks_of_the_range_and_none_is_read() {
    let mut database = new_database();
    // Even keys are compacted down. Some odd keys come to the upper level, the last ones stay in a memtable.
    (0..2000).for_each(|i| put(&mut database, 2 * i, &VALUE));
    while database.compact_step(NOW_MS).unwrap() {}
    let bottom = metric(&database, "bottom_table_bytes");
    assert_eq!(size(&database, WHOLE.0, WHOLE.1), bottom);
    for i in 0..300 {
        put(&mut database, 2 * (i * 37 % 2000) + 1, &VALUE);
        while database.step(NOW_MS).unwrap() {}
    }
    let [upper, bottom] = ["upper_table_bytes", "bottom_table_bytes"].map(|name| metric(&database, name));
    assert!(upper > 0 && bottom > 0);
    let in_memory = metric(&database, "write_buffer_entries") * 44;
    let before = metric(&database, "block_cache_misses");
    assert_eq!(size(&database, WHOLE.0, WHOLE.1), upper + bottom + in_memory);
    let [low, high] = [1000_u32, 2000].map(u32::to_be_bytes);
    let part = size(&database, Boundary::Before(&low), Boundary::Before(&high));
    assert!(part > upper / 8 + bottom / 5 && part < upper / 2 + bottom / 3, "{part} of {upper} and {bottom}");
    // One key takes a block of each level at most, and one at least.
    let one = size(&database, Boundary::Before(&low), Boundary::Behind(&low));
    assert!(one > 100 && one < 4 * 300, "{one}");
    assert_eq!(size(&database, Boundary::Before(&high), Boundary::Before(&low)), 0);
    assert_eq!(metric(&database, "block_cache_misses"), before);
    // In pieces it is the same.
    let whole = size(&database, WHOLE.0, WHOLE.1);
    let (sum, pieces) = size_in(&database, range(WHOLE.0, WHOLE.1), 10);
    assert_eq!(sum, whole);
    assert!(pieces > 20, "{pieces} pieces");
}

proptest! {
    #[test]
    fn a_wider_range_is_never_smaller_and_pieces_change_nothing(
        keys in vec(0..500_u32, 1..600),
        bounds in vec((0..510_u32, any::<bool>()), 4),
        visits in 1..20_u32,
        steps in 0..400_usize,
    ) {
        let mut database = new_database();
        for key in keys {
            put(&mut database, key, &VALUE);
        }
        for _ in 0..steps {
            if !database.step(NOW_MS).unwrap() {
                break;
            }
        }
        let mut bounds: Vec<_> = bounds.iter().map(|(key, behind)| (key.to_be_bytes(), *behind)).collect();
        bounds.sort_unstable();
        let ends: Vec<_> = bounds
            .iter()
            .map(|(key, behind)| if *behind { Boundary::Behind(key) } else { Boundary::Before(key) })
            .collect();
        let inner = size(&database, ends[1], ends[2]);
        let outer = size(&database, ends[0], ends[3]);
        prop_assert!(inner <= outer, "{} in {}", inner, outer);
        prop_assert!(outer <= size(&database, WHOLE.0, WHOLE.1));
        prop_assert_eq!(size_in(&database, range(ends[0], ends[3]), visits).0, outer);
    }
}
