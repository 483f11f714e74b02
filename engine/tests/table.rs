//! The table agrees with a full history wherever its retention lets it be read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::cmp::Reverse;
use std::collections::BTreeMap;

use luge_engine::compression::Compression;
use luge_engine::disk::{Disk, MemoryDisk};
use luge_engine::entry::{Boundary, Entry, LoggedLength, Value};
use luge_engine::expiry::Expiry;
use luge_engine::failure::FailureKind;
use luge_engine::index::Index;
use luge_engine::log::record::{self, Record};
use luge_engine::log::{PackedPosition, Position, SegmentNumber, segment};
use luge_engine::table::block::BlockReader;
use luge_engine::table::{
    BlockWalk, Descent, Found, Group, Level, Relocation, Retention, Table, TableCursor, TableDisks,
};
use luge_engine::version::Version;
use proptest::collection::vec;
use proptest::prelude::*;

const BLOCK_SIZE: usize = 200;
const NOW_MS: u64 = 1000;
const LOGGED_LENGTH: u32 = 5;

fn logged_length() -> LoggedLength {
    LoggedLength::plain(LOGGED_LENGTH as usize).unwrap()
}
const STEPS_A_GROUP: usize = 3;

#[derive(Clone, Debug, PartialEq)]
struct Written {
    expires_ms: u64,
    value: Option<Vec<u8>>,
    /// Kept in the log, at this position: the table has only that.
    logged: Option<PackedPosition>,
}

type History = BTreeMap<(Vec<u8>, Reverse<Version>), Written>;

fn entry<'a>((key, Reverse(version)): &'a (Vec<u8>, Reverse<Version>), written: &'a Written) -> Entry<'a> {
    let value = match (&written.value, written.logged) {
        (None, _) => Value::Deleted,
        (Some(_), Some(position)) => Value::Logged { position, length: logged_length() },
        (Some(bytes), None) => Value::Inline(bytes),
    };
    Entry { key, version: *version, expires: Expiry::of_number(written.expires_ms), value }
}

/// What a reader at `version` sees: gone is as good as never there.
fn seen(history: &History, key: &[u8], version: Version) -> Option<(Version, Written)> {
    let start = (key.to_vec(), Reverse(version));
    let (place, written) = history.range(start..).next().filter(|((found, _), _)| found == key)?;
    (!entry(place, written).is_gone(NOW_MS)).then(|| (place.1.0, written.clone()))
}

fn assert_seen(found: Option<Found>, expected: Option<(Version, Written)>) {
    let found = found.filter(|found| !found.entry().is_gone(NOW_MS));
    match (found, expected) {
        (None, None) => {}
        (Some(found), Some((version, written))) => {
            let place = (Vec::new(), Reverse(version));
            assert_eq!(found.entry(), entry(&place, &written));
        }
        (found, expected) => panic!("found {found:?}, expected {expected:?}"),
    }
}

fn open(block_size: usize) -> Table<MemoryDisk> {
    let disks = TableDisks { upper: MemoryDisk::default(), bottom: MemoryDisk::default() };
    Table::open(Index::in_memory().blocks(), disks, block_size, 10_000).unwrap()
}

/// All entries of a level in order, by its blocks; they must be where they belong.
fn dump(table: &Table<MemoryDisk>, level: Level) -> Vec<(Vec<u8>, Version)> {
    let mut entries = Vec::new();
    let mut bytes = Vec::new();
    let mut block = Some(table.block_of(level, b"").unwrap());
    while let Some(placed) = block {
        let next = table.block_after(level, &placed).unwrap();
        table.read(level, &placed, &mut bytes).unwrap();
        if !bytes.is_empty() {
            let mut reader = BlockReader::new(&bytes).unwrap();
            while reader.advance().unwrap() {
                let entry = reader.entry();
                assert!(entry.key >= placed.separator());
                assert!(next.as_ref().is_none_or(|next| entry.key < next.separator()));
                entries.push((entry.key.to_vec(), entry.version));
            }
        }
        block = next;
    }
    entries
}

/// The same by cursors, in both directions, from a place on.
fn walk(table: &Table<MemoryDisk>, level: Level, boundary: Boundary<'_>) -> [Vec<(Vec<u8>, Version)>; 2] {
    let mut behind = Vec::new();
    let mut cursor = table.cursor_from(level, boundary).unwrap();
    while let Some(entry) = cursor.entry() {
        behind.push((entry.key.to_vec(), entry.version));
        cursor.advance().unwrap();
    }
    let mut before = Vec::new();
    let mut cursor = table.cursor_before(level, boundary).unwrap();
    while let Some(entry) = cursor.entry() {
        before.push((entry.key.to_vec(), entry.version));
        cursor.retreat().unwrap();
    }
    before.reverse();
    [before, behind]
}

fn assert_walks(table: &Table<MemoryDisk>, level: Level, key: &[u8]) {
    let all = dump(table, level);
    for boundary in [Boundary::Before(key), Boundary::At(key, Version::of(3)), Boundary::Behind(key)] {
        let [before, behind] = walk(table, level, boundary);
        let split = all.partition_point(|(found, version)| match boundary {
            Boundary::Behind(key) => found.as_slice() <= key,
            Boundary::At(key, at) => found.as_slice() < key || (found.as_slice() == key && *version > at),
            _ => found.as_slice() < key,
        });
        assert_eq!((&before[..], &behind[..]), (&all[..split], &all[split..]));
    }
    let [before, behind] = walk(table, level, Boundary::Outermost);
    assert_eq!((&before, &behind), (&all, &all));
}

/// Bytes of the log that entries of both levels lead to, by segment.
fn logged(table: &Table<MemoryDisk>) -> BTreeMap<SegmentNumber, u64> {
    let mut counts = BTreeMap::new();
    for level in Level::ALL {
        let mut cursor = table.cursor_from(level, Boundary::Outermost).unwrap();
        while let Some(entry) = cursor.entry() {
            if let Value::Logged { position, length } = entry.value {
                *counts.entry(Position::unpacked(position).segment).or_default() += u64::from(length.stored());
            }
            cursor.advance().unwrap();
        }
    }
    counts
}

fn merge_all(table: &mut Table<MemoryDisk>, level: Level, new: &History, retention: &Retention, blocks: usize) {
    let mut entries = new.iter().map(|(key, written)| entry(key, written)).peekable();
    while entries.peek().is_some() {
        let mut group = Group::default();
        for _ in 0..STEPS_A_GROUP {
            table.merge_into(level, &mut entries, retention, blocks, &mut group).unwrap();
        }
        table.commit(group).unwrap();
    }
}

type Write = (Vec<u8>, Written);

fn write() -> impl Strategy<Value = Write> {
    let key = vec(prop_oneof![Just(0_u8), Just(b'a'), Just(b'b'), Just(0xff)], 1..5);
    let expires_ms = prop_oneof![6 => Just(0_u64), 1 => Just(NOW_MS), 1 => Just(NOW_MS + 1)];
    let value = prop_oneof![1 => Just(None), 3 => vec(any::<u8>(), 0..60).prop_map(Some)];
    let segment = prop_oneof![2 => Just(None), 1 => (1..4_u64).prop_map(|number| Some(SegmentNumber::of(number)))];
    (key, expires_ms, value, segment).prop_map(|(key, expires_ms, value, segment)| {
        let logged = segment.map(|segment| Position { segment, offset: 0 }.packed());
        (key, Written { expires_ms, value, logged })
    })
}

#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
struct Round {
    writes: Vec<Write>,
    snapshot: bool,
    release: bool,
    blocks: usize,
    twice: bool,
    descents: usize,
    relocate: bool,
    flush: bool,
}

fn round() -> impl Strategy<Value = Round> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (vec(write(), 0..80), flags, 1..6_usize, 0..4_usize).prop_map(
        |(writes, (snapshot, release, twice, relocate, flush), blocks, descents)| Round {
            writes,
            snapshot,
            release,
            blocks,
            twice,
            descents,
            relocate,
            flush,
        },
    )
}

/// Lets every value in segment 1 be moved behind all others.
fn relocate(table: &mut Table<MemoryDisk>, history: &mut History, version: Version) {
    let mut relocations = Vec::new();
    for ((key, Reverse(own)), written) in history.iter_mut() {
        let Some(from) = written.logged.filter(|from| Position::unpacked(*from).segment == SegmentNumber::FIRST) else {
            continue;
        };
        if written.value.is_none() {
            continue;
        }
        let to = Position { segment: SegmentNumber::of(9), offset: version.get() }.packed();
        if table.leads_to(key, *own, from).unwrap() {
            relocations.push(Relocation { key: key.clone(), version: *own, from, to, length: logged_length() });
            written.logged = Some(to);
        }
    }
    relocations.sort_by(|a, b| a.key.cmp(&b.key));
    table.relocate(&relocations).unwrap();
    table.show().unwrap();
    assert_eq!(table.log_live().of(SegmentNumber::FIRST), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn table_agrees_with_the_history(rounds in vec(round(), 1..8), versions_to_keep in 1..4_usize) {
        let mut table = open(BLOCK_SIZE);
        let mut history = History::new();
        let mut retention = Retention { versions_to_keep, snapshots: Vec::new(), now_ms: NOW_MS, is_bottom: false, held: None };
        let mut descent = Descent::default();
        let mut version = 0;
        let mut snapshots_ever = 0;
        for round in rounds {
            let mut new = History::new();
            for (key, written) in round.writes {
                version += 1;
                new.insert((key, Reverse(Version::of(version))), written);
            }
            history.extend(new.clone());
            if round.release && !retention.snapshots.is_empty() {
                retention.snapshots.remove(0);
            }
            merge_all(&mut table, Level::Upper, &new, &retention, round.blocks);
            if round.twice {
                let before = dump(&table, Level::Upper);
                merge_all(&mut table, Level::Upper, &new, &retention, 100);
                // A block that is joined with its neighbour may lose more of what nothing needs; nothing may come back.
                let after = dump(&table, Level::Upper);
                prop_assert!(after.iter().all(|entry| before.contains(entry)), "{after:?} after {before:?}");
            }
            if round.relocate {
                relocate(&mut table, &mut history, Version::of(version));
            }
            for _ in 0..round.descents {
                table.descend(&mut descent, &Retention { is_bottom: true, ..retention.clone() }).unwrap();
                table.show().unwrap();
            }
            if round.flush {
                table.sync().unwrap();
                table.remove_dead().unwrap();
            }
            if round.snapshot {
                retention.snapshots.push(Version::of(version));
                snapshots_ever += 1;
            }
            let mut entries = Vec::new();
            for level in Level::ALL {
                let own = dump(&table, level);
                prop_assert!(own.is_sorted_by(|a, b| (&a.0, Reverse(a.1)) < (&b.0, Reverse(b.1))));
                entries.extend(own);
            }
            let counted: BTreeMap<SegmentNumber, u64> = table.log_live().iter().collect();
            prop_assert_eq!(counted, logged(&table));
            for key in history.keys().map(|(key, _)| key) {
                for at in retention.snapshots.iter().copied().chain([Version::NEWEST]) {
                    assert_seen(table.get(key, at, Found::new).unwrap(), seen(&history, key, at));
                }
                let own = entries.iter().filter(|(found, _)| found == key).count();
                // Versions that a released snapshot held go with the next merge of their block.
                prop_assert!(own <= 2 * (versions_to_keep + snapshots_ever));
            }
            for key in history.keys().step_by(7).map(|(key, _)| key) {
                for level in Level::ALL {
                    assert_walks(&table, level, key);
                }
            }
            prop_assert!(table.get(b"none", Version::NEWEST, Found::new).unwrap().is_none());
        }
    }
}

/// Opens a table whose blocks are compressed.
fn open_compressed(block_size: usize) -> Table<MemoryDisk> {
    let mut table = open(block_size);
    table.set_compression(Compression::Lz4);
    table
}

#[test]
fn blocks_are_compressed_where_that_saves_space_and_a_rewrite_applies_the_setting() {
    for value in [vec![7; 50], (0..50_u8).map(|i| i.wrapping_mul(i).wrapping_mul(i) ^ 0x55).collect()] {
        let mut sizes = Vec::new();
        let mut table = open(4096);
        let settings = [Compression::None, Compression::Lz4, Compression::Lz4, Compression::None];
        for (round, compression) in settings.into_iter().enumerate() {
            table.set_compression(compression);
            if round == 0 {
                fill(&mut table, 0..5000, Version::of(1), Some(value.clone()));
            }
            let mut written = 0;
            let mut rewrite = table.rewrite(0).unwrap();
            while let Some(step) = table.rewrite_step(&mut rewrite, &BOTTOM).unwrap() {
                written += step.blocks;
            }
            table.show().unwrap();
            // A block that is stored as the setting says is not written again.
            assert!(round == 1 || round == 3 || written == 0, "round {round}: {written} blocks");
            sizes.push(table.live_bytes(Level::Bottom));
            for key in (0..5000_u32).step_by(97) {
                let found = table.get(&key.to_be_bytes(), Version::NEWEST, Found::new).unwrap();
                assert_eq!(found.unwrap().value(), Value::Inline(&value));
            }
            assert_eq!(dump(&table, Level::Bottom).len(), 5000);
        }
        assert!(sizes[1] < sizes[0] / 2 && sizes[2] == sizes[1] && sizes[3] > sizes[1] * 2, "{sizes:?}");
    }
    // Noise stays as it is.
    let noise = |key: u32, seeds: std::ops::Range<u64>| {
        seeds.flat_map(|seed| xxhash_rust::xxh64::xxh64(&key.to_le_bytes(), seed).to_le_bytes()).collect::<Vec<u8>>()
    };
    let mut table = open_compressed(4096);
    let written = |key: u32| Written { expires_ms: 0, value: Some(noise(key, 1..9)), logged: None };
    let new: History = (0..3000_u32).map(|key| ((noise(key, 0..1), Reverse(Version::of(1))), written(key))).collect();
    merge_all(&mut table, Level::Bottom, &new, &BOTTOM, 8);
    let sizes = table.blocks(Level::Bottom).packed_sizes();
    assert!(sizes.plain > 60_000 && sizes.stored == sizes.plain, "{sizes:?}");
}

/// The damage of the bottom level.
fn damages(table: &Table<MemoryDisk>) -> Vec<String> {
    let mut damages = Vec::new();
    let mut walk = BlockWalk::over(Level::Bottom);
    table.verify_blocks(&mut walk, 10, |_| Ok(()), |damage| damages.push(damage.what)).unwrap();
    damages
}

#[test]
fn each_damage_of_a_compressed_block_is_found_and_no_bomb_is_unpacked() {
    let index = Index::in_memory();
    let open = |disks| Table::open(index.blocks(), disks, 1024, 10_000).unwrap();
    let mut table = open(TableDisks { upper: MemoryDisk::default(), bottom: MemoryDisk::default() });
    table.set_compression(Compression::Lz4);
    fill(&mut table, 0..20, Version::of(1), Some(vec![7; 50]));
    assert!(table.blocks(Level::Bottom).packed_sizes().stored < 400);
    table.sync().unwrap();
    table.end_segments().unwrap();
    let mut disks = table.into_disks();
    let name = disks.bottom.list().unwrap().remove(0);
    let (mut whole, start) = (Vec::new(), segment::HEADER_SIZE);
    disks.bottom.edit(&name, |bytes| whole.clone_from(bytes));
    let length = record::payload_length(&whole[start..]).unwrap();
    for i in start..start + record::HEADER_SIZE + length {
        disks.bottom.edit(&name, |bytes| bytes[i] ^= 1);
        let table = open(disks);
        assert_eq!(damages(&table).len(), 1, "byte {i}");
        disks = table.into_disks();
        disks.bottom.edit(&name, |bytes| bytes[i] ^= 1);
    }
    // The same record with other packed bytes, and a checksum that is right.
    let position = Position { segment: SegmentNumber::FIRST, offset: start as u64 };
    let found = record::decode(&whole[start..], position).unwrap();
    let bomb = [0xff, 0xff, 0xff, 0xff, 7, 0x1f, 0, 1, 0, 255, 255];
    for packed in [&bomb[..], &[0x80, 0x80, 0x41, 0x1f, 0, 1, 0], &[9, 1], &[]] {
        let mut payload = vec![1, 0, 3];
        payload.extend_from_slice(packed);
        payload.resize(length, 255);
        let mut sealed = Vec::new();
        record::encode(&mut sealed, position, &Record { payload: &payload, ..found });
        disks.bottom.edit(&name, |bytes| bytes[start..start + sealed.len()].copy_from_slice(&sealed));
        let table = open(disks);
        let what = damages(&table);
        assert!(what.len() == 1 && what[0].contains("cannot be expanded"), "{what:?}");
        let failure = table.get(&0_u32.to_be_bytes(), Version::NEWEST, Found::new).unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Corrupt);
        disks = table.into_disks();
    }
}

fn fill(table: &mut Table<MemoryDisk>, keys: impl Iterator<Item = u32>, version: Version, value: Option<Vec<u8>>) {
    let written = Written { expires_ms: 0, value, logged: None };
    let new: History = keys.map(|key| ((key.to_be_bytes().to_vec(), Reverse(version)), written.clone())).collect();
    merge_all(table, Level::Bottom, &new, &BOTTOM, 8);
}

const BOTTOM: Retention =
    Retention { versions_to_keep: 1, snapshots: Vec::new(), now_ms: NOW_MS, is_bottom: true, held: None };

fn block_sizes(table: &Table<MemoryDisk>) -> Vec<usize> {
    let mut sizes = Vec::new();
    let mut bytes = Vec::new();
    let mut block = Some(table.block_of(Level::Bottom, b"").unwrap());
    while let Some(placed) = block {
        table.read(Level::Bottom, &placed, &mut bytes).unwrap();
        sizes.push(bytes.len());
        block = table.block_after(Level::Bottom, &placed).unwrap();
    }
    sizes
}

#[test]
fn blocks_are_about_as_large_as_asked_for_and_go_when_they_are_empty() {
    let mut table = open(1024);
    fill(&mut table, 0..5000, Version::of(1), Some(vec![7; 50]));
    fill(&mut table, (0..5000).rev().filter(|key| key % 3 == 0), Version::of(2), Some(vec![8; 60]));
    let sizes = block_sizes(&table);
    assert!(sizes.iter().all(|size| *size < 2300), "{sizes:?}");
    let average = sizes.iter().sum::<usize>() / sizes.len();
    assert!((700..1400).contains(&average), "{average} bytes on average");
    fill(&mut table, 0..5000, Version::of(3), None);
    assert_eq!(dump(&table, Level::Bottom), []);
    assert_eq!(table.live_bytes(Level::Bottom), 0);
    table.sync().unwrap();
    while table.remove_dead().unwrap() {}
    assert!(table.blocks(Level::Bottom).segments().unwrap().len() <= 1);
}

#[test]
fn bytes_in_the_log_are_counted_while_something_leads_to_them() {
    let mut table = open(1024);
    let at = |version: Version, expires_ms| {
        let logged = Some(Position { segment: SegmentNumber::of(version.get()), offset: 0 }.packed());
        let written = Written { expires_ms, value: Some(Vec::new()), logged };
        History::from([((b"key".to_vec(), Reverse(version)), written)])
    };
    merge_all(&mut table, Level::Bottom, &at(Version::of(1), 0), &BOTTOM, 1);
    assert_eq!(table.log_live().iter().collect::<Vec<_>>(), [(SegmentNumber::of(1), u64::from(LOGGED_LENGTH))]);
    merge_all(&mut table, Level::Bottom, &at(Version::of(2), 0), &BOTTOM, 1);
    assert_eq!(table.log_live().iter().collect::<Vec<_>>(), [(SegmentNumber::of(2), u64::from(LOGGED_LENGTH))]);
    merge_all(&mut table, Level::Bottom, &at(Version::of(3), NOW_MS), &BOTTOM, 1);
    assert_eq!(table.log_live().total(), 0);
    assert_eq!(dump(&table, Level::Bottom), []);
}

#[test]
fn entries_go_to_the_bottom_at_once_only_behind_all_of_both_levels() {
    let mut table = open(BLOCK_SIZE);
    assert_eq!(table.level_from(b"a").unwrap(), Level::Bottom);
    let retention =
        Retention { versions_to_keep: 1, snapshots: Vec::new(), held: None, now_ms: NOW_MS, is_bottom: false };
    let mut put = |level: Level, keys: &[&'static str], version: Version| {
        let entry = |key: &&'static str| Entry { key: key.as_bytes(), version, expires: None, value: Value::Deleted };
        let mut entries = keys.iter().map(entry).peekable();
        table.merge(level, &mut entries, &retention, usize::MAX).unwrap();
    };
    put(Level::Bottom, &["a", "k"], Version::of(1));
    put(Level::Upper, &["b", "x"], Version::of(2));
    for (first, level) in [("a", Level::Upper), ("m", Level::Upper), ("x", Level::Upper), ("xx", Level::Bottom)] {
        assert_eq!(table.level_from(first.as_bytes()).unwrap(), level, "from {first} on");
    }
}

#[test]
fn steps_behind_all_old_entries_of_a_block_are_one_group() {
    let mut table = open(BLOCK_SIZE);
    let history = |keys: std::ops::Range<u32>, version: Version| {
        let written = Written { expires_ms: 0, value: Some(vec![7; 30]), logged: None };
        keys.map(|key| ((key.to_be_bytes().to_vec(), Reverse(version)), written.clone())).collect::<History>()
    };
    let keep_all = Retention { versions_to_keep: 9, snapshots: Vec::new(), ..BOTTOM };
    let mut model = History::new();
    // Into an empty level, behind all of it, and among what its last block has.
    for (new, groups) in [
        (history(0..100, Version::of(1)), 1),
        (history(200..300, Version::of(2)), 1),
        (history(250..400, Version::of(3)), 2),
    ] {
        let mut entries = new.iter().map(|(key, written)| entry(key, written)).peekable();
        let (mut committed, mut steps) = (0, 0);
        while entries.peek().is_some() {
            let mut group = Group::default();
            while entries.peek().is_some() && !group.is_full() {
                table.merge_into(Level::Bottom, &mut entries, &keep_all, 2, &mut group).unwrap();
                steps += 1;
            }
            table.commit(group).unwrap();
            committed += 1;
        }
        model.extend(new);
        assert!(steps > 5, "{steps} steps");
        assert!(committed <= groups, "{committed} groups");
        let expected: Vec<_> = model.keys().map(|(key, Reverse(version))| (key.clone(), *version)).collect();
        assert_eq!(dump(&table, Level::Bottom), expected);
    }
}

/// Versions of a key lie in several groups of a block. Each move must find its place among them.
#[test]
fn a_cursor_moves_by_keys_and_versions_over_the_groups_of_a_block() {
    for (counts, block_size) in [([1, 30, 9], 1 << 16), ([8, 8, 8], 1 << 16), ([20, 1, 40], 300)] {
        let mut new = History::new();
        for (key, count) in counts.into_iter().enumerate() {
            for version in 1..=count {
                let written = Written { expires_ms: 0, value: Some(vec![7; 20]), logged: None };
                new.insert((vec![b'a' + u8::try_from(key).unwrap()], Reverse(Version::of(version * 2))), written);
            }
        }
        let mut table = open(block_size);
        merge_all(&mut table, Level::Bottom, &new, &Retention { versions_to_keep: 100, ..BOTTOM }, 8);
        let all = dump(&table, Level::Bottom);
        for (i, (key, version)) in all.iter().enumerate() {
            let at = || table.cursor_from(Level::Bottom, Boundary::At(key, *version)).unwrap();
            let place = |index: usize| all.get(index).map(|(key, version)| (key.as_slice(), *version));
            let check = |cursor: &TableCursor<'_, MemoryDisk>, index: Option<usize>| {
                let found = cursor.entry().map(|entry| (entry.key, entry.version));
                assert_eq!(found, index.and_then(place), "from {key:?} at {version:?} in blocks of {block_size}");
            };
            check(&at(), Some(i));
            let mut next = at();
            next.next_key().unwrap();
            check(&next, Some(all.partition_point(|(other, _)| other <= key)));
            let behind = place(i + 1).map_or(Boundary::Outermost, |(key, version)| Boundary::At(key, version));
            let mut previous = table.cursor_before(Level::Bottom, behind).unwrap();
            check(&previous, Some(i));
            previous.previous_key().unwrap();
            check(&previous, all.partition_point(|(other, _)| other < key).checked_sub(1));
            for sought in [0, 1, 4, 15, 16, 17, 50, 90].map(Version::of) {
                let mut cursor = at();
                cursor.seek_version(sought).unwrap();
                let before = |(other, newer): &(Vec<u8>, Version)| other < key || (other == key && *newer > sought);
                check(&cursor, Some(all.partition_point(before)));
            }
        }
    }
}
