//! Damaged files: what is read is right, or the damage is reported; and compaction gives space back.

use crate::check::{scan, verify};
use crate::history::{Pair, key as any_key};
use luge_engine::compression::Compression;
use luge_engine::database::payload::Operation;
use luge_engine::database::{Database, Disks, Options};
use luge_engine::disk::{Disk, DiskFile, MemoryDisk};
use luge_engine::failure::{Failure, FailureKind};
use luge_engine::index::{Batch, Index};
use luge_engine::log::segment::{self, HEADER_SIZE, HeaderState, SegmentHeader};
use luge_engine::version::Version;
use proptest::prelude::*;

const OPTIONS: Options = Options {
    cache_size: 1 << 20,
    write_buffer_size: 4000,
    segment_size: 4000,
    block_size: 300,
    logged_size: 200,
    versions_to_keep: 1,
    read_only: false,
    compression: Compression::None,
};
const NOW_MS: u64 = 1000;

fn empty() -> Disks<MemoryDisk> {
    Disks { log: MemoryDisk::default(), upper: MemoryDisk::default(), bottom: MemoryDisk::default() }
}

fn index() -> Index {
    Index::temporary().unwrap()
}

fn put(database: &mut Database<MemoryDisk>, key: &[u8], value: &[u8]) {
    database.commit(&[Operation { key, value: Some(value), expires: None }], NOW_MS).unwrap();
}

/// Writes so much that every kind of file is there; some of it overwritten, some of it only in the log.
fn fill(database: &mut Database<MemoryDisk>, seed: u8) {
    for i in 0..400_u32 {
        let key = (i * 7919 % 200).to_be_bytes();
        let length = if i % 9 == 0 { 250 } else { 40 };
        put(database, &key, &vec![seed.wrapping_add(i as u8); length]);
    }
    database.sync().unwrap();
}

fn all(database: &mut Database<MemoryDisk>) -> Vec<Pair> {
    scan(database, None, false, Version::NEWEST, NOW_MS)
}

fn try_all(database: &mut Database<MemoryDisk>) -> Result<Vec<Pair>, Failure> {
    let (lower, upper) = (luge_engine::entry::Boundary::Outermost, luge_engine::entry::Boundary::Outermost);
    let range = luge_engine::cursor::Range { lower, upper, reverse: false, version: Version::NEWEST, now_ms: NOW_MS };
    let mut entries = Vec::new();
    database.scan(range, true, u32::MAX, |entry, value| {
        entries.push((entry.key.to_vec(), value.to_vec()));
        Ok(true)
    })?;
    Ok(entries)
}

fn disk_bytes(disks: &Disks<MemoryDisk>) -> u64 {
    let sizes = [&disks.log, &disks.upper, &disks.bottom]
        .into_iter()
        .flat_map(|disk| disk.list().unwrap().into_iter().map(|name| disk.open(&name).unwrap().size().unwrap()));
    sizes.sum()
}

proptest! {
    #![proptest_config(crate::cases(200))]

    #[test]
    fn damage_is_reported_wherever_it_changes_what_can_be_read(
        seed in any::<u8>(), disk in 0..3_usize, file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(),
        flip in 1..=255_u8, cut in any::<bool>(), is_compressed in any::<bool>(),
    ) {
        let index = index();
        let compression = if is_compressed { Compression::Lz4 } else { Compression::None };
        let mut database = Database::with_index(&index, empty(), Options { compression, ..OPTIONS }).unwrap();
        fill(&mut database, seed);
        let expected = all(&mut database);
        let disks = database.crash();
        let damaged = [&disks.log, &disks.upper, &disks.bottom][disk];
        let names = damaged.list().unwrap();
        prop_assume!(!names.is_empty());
        damaged.edit(file.get::<String>(&names), |bytes| {
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at) } else { bytes[at] ^= flip }
        });
        let mut database = match Database::with_index(&index, disks, OPTIONS) {
            Ok(database) => database,
            Err(failure) => {
                prop_assert!(matches!(failure.kind(), FailureKind::Corrupt | FailureKind::Unsupported), "{failure:?}");
                return Ok(());
            }
        };
        let damages = verify(&mut database);
        match try_all(&mut database) {
            Ok(found) => prop_assert!(found == expected || !damages.is_empty() || is_prefix(seed, &found)),
            Err(failure) => {
                prop_assert_eq!(failure.kind(), FailureKind::Corrupt);
                prop_assert!(!damages.is_empty(), "verification missed {}", failure.message());
            }
        }
        for damage in damages {
            prop_assert!(damage.file.contains(".luge") && !damage.what.is_empty(), "{damage:?}");
        }
    }

    #[test]
    fn compaction_leaves_what_is_live(seed in any::<u8>(), keys in prop::collection::vec(any_key(), 1..60)) {
        let index = index();
        let mut database = Database::with_index(&index, empty(), OPTIONS).unwrap();
        for round in 0..8_u8 {
            fill(&mut database, seed.wrapping_add(round));
            for key in &keys {
                put(&mut database, key, &[round; 300]);
            }
        }
        let expected = all(&mut database);
        while database.compact_step(NOW_MS).unwrap() {}
        prop_assert_eq!(all(&mut database), expected.clone());
        prop_assert_eq!(verify(&mut database), []);
        let live: usize = expected.iter().map(|(key, value)| key.len() + value.len()).sum();
        let on_disk = disk_bytes(&database.close(NOW_MS).unwrap());
        // Segments of 4,000 bytes, of records with headers of 24: the overhead of real sizes is far smaller.
        prop_assert!(on_disk < 3 * live as u64 + 40_000, "{on_disk} bytes for {live}");
    }
}

/// A store with every kind of file.
fn filled(seed: u8) -> (Index, Disks<MemoryDisk>) {
    let index = index();
    let mut database = Database::with_index(&index, empty(), OPTIONS).unwrap();
    fill(&mut database, seed);
    while database.compact_step(NOW_MS).unwrap() {}
    fill(&mut database, seed);
    // The upper level may just have descended: something must lead into every file.
    for i in 0..1000_u32 {
        let metrics = database.metrics(NOW_MS).unwrap();
        if metrics.iter().any(|(name, value)| *name == "upper_table_bytes" && *value > 0) {
            break;
        }
        put(&mut database, &(i % 200).to_be_bytes(), &[seed; 40]);
    }
    database.sync().unwrap();
    (index, database.crash())
}

/// Puts the files of `from` in the place of those of `to` that have the same names; says whether there were any.
fn replace_files(to: &MemoryDisk, from: &MemoryDisk) -> bool {
    let theirs = from.list().unwrap();
    let shared: Vec<String> = to.list().unwrap().into_iter().filter(|name| theirs.contains(name)).collect();
    for name in &shared {
        let mut bytes = Vec::new();
        from.edit(name, |theirs| bytes.clone_from(theirs));
        to.edit(name, |ours| *ours = bytes);
    }
    !shared.is_empty()
}

fn refusal(index: &Index, disks: Disks<MemoryDisk>) -> Failure {
    let mut database = match Database::with_index(index, disks, OPTIONS) {
        Ok(database) => database,
        Err(failure) => return failure,
    };
    assert!(!verify(&mut database).is_empty(), "verification missed it");
    try_all(&mut database).unwrap_err()
}

#[test]
fn the_newest_segment_of_the_log_is_missed_once_it_was_noted() {
    let index = index();
    let mut database = Database::with_index(&index, empty(), OPTIONS).unwrap();
    put(&mut database, b"key", b"value");
    database.sync().unwrap();
    while database.step(NOW_MS).unwrap() {}
    let disks = database.crash();
    assert_eq!(disks.log.list().unwrap(), ["0000000001.luge"]);
    disks.log.remove("0000000001.luge").unwrap();
    let failure = Database::with_index(&index, disks, OPTIONS).err().unwrap();
    assert_eq!(failure.kind(), FailureKind::Corrupt);
    assert!(failure.message().contains("0000000001.luge at byte 0: the segment is missing"), "{}", failure.message());
}

#[test]
fn what_is_left_of_a_segment_that_was_never_begun_is_no_damage() {
    let index = index();
    let mut database = Database::with_index(&index, empty(), OPTIONS).unwrap();
    put(&mut database, b"key", b"value");
    database.sync().unwrap();
    let disks = database.crash();
    disks.log.create("0000000002.luge").unwrap();
    let mut database = Database::with_index(&index, disks, OPTIONS).unwrap();
    assert_eq!(verify(&mut database), []);
    put(&mut database, b"other", b"value");
    assert_eq!(verify(&mut database), []);
    assert_eq!(all(&mut database).len(), 2);
}

#[test]
fn files_of_another_store_are_refused() {
    for place in 0..3_usize {
        let ((index, disks), (_, others)) = (filled(1), filled(2));
        let pairs = [(&disks.log, &others.log), (&disks.upper, &others.upper), (&disks.bottom, &others.bottom)];
        assert!(replace_files(pairs[place].0, pairs[place].1), "no files to mix in place {place}");
        let failure = refusal(&index, disks);
        assert_eq!(failure.kind(), FailureKind::Corrupt);
        assert!(failure.message().contains("belongs to another store"), "{}", failure.message());
    }
}

#[test]
fn files_of_another_directory_of_the_store_are_refused() {
    let index = index();
    let mut database = Database::with_index(&index, empty(), OPTIONS).unwrap();
    // A value that stays in the log keeps its first segment, whose number that of the blocks has, too.
    put(&mut database, b"large", &[1; 250]);
    let disks = database.close(NOW_MS).unwrap();
    assert!(replace_files(&disks.bottom, &disks.log));
    let failure = refusal(&index, disks);
    assert!(failure.message().contains("or to another directory"), "{}", failure.message());
}

#[test]
fn an_index_of_another_store_is_refused() {
    let ((_, disks), (other, _)) = (filled(1), filled(2));
    let failure = Database::with_index(&other, disks, OPTIONS).err().unwrap();
    assert_eq!(failure.kind(), FailureKind::Corrupt);
}

#[test]
fn an_index_without_an_identity_is_refused() {
    let (index, disks) = filled(1);
    let mut batch = Batch::default();
    batch.remove(&[6][..]);
    index.blocks().apply(batch).unwrap();
    let failure = Database::with_index(&index, disks, OPTIONS).err().unwrap();
    assert_eq!(failure.kind(), FailureKind::Corrupt);
    assert!(failure.message().contains("identity"), "{}", failure.message());
}

#[test]
fn a_segment_that_names_no_owner_is_refused() {
    let (index, disks) = filled(1);
    let name = disks.upper.list().unwrap().remove(0);
    disks.upper.edit(&name, |bytes| {
        let HeaderState::Valid(header) = segment::decode(bytes) else { panic!("no header") };
        bytes.splice(..HEADER_SIZE, segment::encode(&SegmentHeader { owner: 0, ..header }));
    });
    assert!(refusal(&index, disks).message().contains("belongs to another store"));
}

/// Whether this is what some of the first commits leave: a torn tail of the log may go without a word.
fn is_prefix(seed: u8, found: &[Pair]) -> bool {
    (0..=400_u32).any(|count| {
        let mut model = std::collections::BTreeMap::new();
        for i in 0..count {
            let key = (i * 7919 % 200).to_be_bytes().to_vec();
            let length = if i % 9 == 0 { 250 } else { 40 };
            model.insert(key, vec![seed.wrapping_add(i as u8); length]);
        }
        model.into_iter().eq(found.iter().cloned())
    })
}
