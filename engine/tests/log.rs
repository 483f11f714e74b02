//! The log against power cuts, damage and nonsense.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use luge_engine::disk::{Disk, MemoryDisk};
use luge_engine::failure::{Failure, FailureKind};
use luge_engine::log::record::{self, Record};
use luge_engine::log::segment::{self, HeaderState, SegmentHeader};
use luge_engine::log::{LogWriter, PackedPosition, Position, Recovered, SegmentNumber, make_durable, recover};
use luge_engine::version::Version;
use proptest::collection::vec;
use proptest::prelude::*;

const SEGMENT_SIZE: u64 = 600;

type Commit = (Version, Vec<u8>);

fn read(disk: &MemoryDisk) -> Result<(Recovered, Vec<Commit>), Failure> {
    let mut commits = Vec::new();
    let recovered = recover(disk, SegmentNumber::NONE, |_, record| {
        commits.push((record.version, record.payload.to_vec()));
        Ok(())
    })?;
    Ok((recovered, commits))
}

#[derive(Clone, Debug)]
enum Step {
    Append(usize),
    /// A record whose payload comes in pieces.
    Pieces(Vec<usize>),
    /// The same, given up after some pieces.
    Abort(Vec<usize>),
    WriteOut,
    Sync,
    BeginSync,
    /// The disk does the syncs that were begun before.
    Syncing,
    /// The writer is told that these are done.
    Synced,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..200_usize).prop_map(Step::Append),
        1 => (500..2000_usize).prop_map(Step::Append),
        1 => pieces().prop_map(Step::Pieces),
        1 => pieces().prop_map(Step::Abort),
        2 => Just(Step::WriteOut),
        1 => Just(Step::Sync),
        2 => Just(Step::BeginSync),
        2 => Just(Step::Syncing),
        2 => Just(Step::Synced),
    ]
}

/// Pieces of a payload, now and then too large to be collected.
fn pieces() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![20 => 0..300_usize, 1 => Just(140_000), 2 => 30_000..100_000_usize], 0..6)
}

/// What of each unsynced change a power cut leaves: all, nothing, or some sectors' worth of its bytes.
fn survival() -> impl Strategy<Value = Vec<Option<usize>>> {
    vec(prop_oneof![Just(None), Just(Some(usize::MAX)), (0..700_usize).prop_map(Some)], 1..40)
}

/// A payload that tells its version, and looks like log itself now and then.
fn payload(version: Version, length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < length {
        bytes.extend_from_slice(&version.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Runs steps on a log that held `commits`; returns how many of them all are durable, by what the writer says.
fn run(disk: MemoryDisk, recovered: Recovered, steps: &[Step], commits: &mut Vec<Commit>) -> (MemoryDisk, usize) {
    let mut ends: Vec<Position> = commits.iter().map(|_| Position::default()).collect();
    let mut writer = LogWriter::start(disk, recovered.end, recovered.last_version, SEGMENT_SIZE);
    let mut done = writer.begun_count();
    for step in steps {
        match step {
            Step::Append(length) => {
                let version = commits.last().map_or(Version::NONE, |(version, _)| *version).next();
                let bytes = payload(version, *length);
                writer.append(version, &bytes).unwrap();
                ends.push(writer.end());
                commits.push((version, bytes));
            }
            Step::Pieces(lengths) | Step::Abort(lengths) => {
                let version = commits.last().map_or(Version::NONE, |(version, _)| *version).next();
                let bytes = payload(version, lengths.iter().sum());
                writer.begin(version, bytes.len()).unwrap();
                let mut rest = &bytes[..];
                for length in lengths {
                    let (piece, behind) = rest.split_at(*length);
                    writer.extend(piece).unwrap();
                    rest = behind;
                }
                if let Step::Abort(_) = step {
                    writer.abort();
                } else {
                    writer.finish().unwrap();
                    ends.push(writer.end());
                    commits.push((version, bytes));
                }
            }
            Step::WriteOut => writer.write_out().unwrap(),
            Step::Sync => {
                writer.sync().unwrap();
                assert_eq!(writer.durable(), writer.end());
            }
            Step::BeginSync => {
                let is_begun = writer.begin_sync().unwrap();
                assert!(is_begun || writer.is_waiting());
            }
            Step::Syncing => {
                done = writer.begun_count();
                while writer.disk().complete_sync() {}
            }
            // Those that were begun later do not count.
            Step::Synced => writer.synced(done).unwrap(),
        }
    }
    let durable = ends.iter().take_while(|end| **end <= writer.durable()).count();
    (writer.into_disk(), durable)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn power_cut_after_power_cut_leaves_a_prefix_with_all_that_was_durable(
        lives in vec((vec(step(), 0..30), survival()), 1..5), syncs_later in any::<bool>(),
    ) {
        let mut disk = MemoryDisk::default();
        if syncs_later {
            disk = disk.syncing_later();
        }
        let mut recovered = Recovered { end: Position::default(), last_version: Version::NONE };
        let mut commits: Vec<Commit> = Vec::new();
        for (steps, survival) in lives {
            let (after, durable) = run(disk, recovered, &steps, &mut commits);
            let mut fates = survival.iter().cycle();
            disk = after.after_power_cut(|_| fates.next().copied().flatten());
            let (found, survivors) = read(&disk).unwrap();
            prop_assert!(survivors.len() >= durable, "{} of {durable} durable commits", survivors.len());
            prop_assert_eq!(&survivors[..], &commits[..survivors.len()]);
            prop_assert_eq!(read(&disk).unwrap(), (found, survivors.clone()));
            commits = survivors;
            recovered = found;
        }
    }

    #[test]
    fn damage_is_reported_or_cuts_the_end_off(
        steps in vec(step(), 1..30), file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), flip in 1..=255_u8,
    ) {
        let mut commits = Vec::new();
        let start = Recovered { end: Position::default(), last_version: Version::NONE };
        let (disk, _) = run(MemoryDisk::default(), start, &steps, &mut commits);
        let before = read(&disk).unwrap().1;
        let names = disk.list().unwrap();
        prop_assume!(!names.is_empty());
        disk.edit(file.get::<String>(&names), |bytes| {
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
        });
        match read(&disk) {
            Ok((_, after)) => prop_assert_eq!(&after[..], &before[..after.len()]),
            Err(failure) => prop_assert!(matches!(failure.kind(), FailureKind::Corrupt | FailureKind::Unsupported)),
        }
    }

    #[test]
    fn damage_below_a_durable_mark_is_always_reported(lengths in vec(1..60_usize, 3..8), at in any::<prop::sample::Index>()) {
        let disk = MemoryDisk::default();
        let mut writer = LogWriter::start(disk, Position::default(), Version::NONE, 100_000);
        for (i, length) in lengths.iter().enumerate() {
            writer.append(Version::of(i as u64 + 1), &payload(Version::of(i as u64), *length)).unwrap();
            writer.sync().unwrap();
        }
        let end = 32 + lengths[..lengths.len() - 1].iter().map(|length| record::encoded_size(*length)).sum::<usize>();
        let disk = writer.into_disk();
        let at = 32 + at.index(end - 32);
        let padding = record_padding(&lengths, at);
        disk.edit("0000000001.luge", |bytes| bytes[at] ^= 1);
        match read(&disk) {
            Ok(_) => prop_assert!(padding, "damage at byte {at} went unseen"),
            Err(failure) => {
                prop_assert_eq!(failure.kind(), FailureKind::Corrupt);
                prop_assert!(failure.message().contains("0000000001.luge at byte "), "{}", failure.message());
            }
        }
    }

    #[test]
    fn nonsense_is_an_error_or_an_empty_log(files in vec((1..4_u64, vec(any::<u8>(), 0..400)), 0..4), header in any::<bool>()) {
        let disk = MemoryDisk::default();
        for (number, bytes) in files {
            let number = SegmentNumber::of(number);
            let Ok(_) = disk.create(&segment::file_name(number)) else { continue };
            disk.edit(&segment::file_name(number), |content| {
                if header {
                    content.extend(segment::encode(&SegmentHeader {
                        number,
                        follows: Position::default(),
                        owner: 0,
                        format: segment::FORMAT_VERSION,
                    }));
                }
                content.extend(bytes);
            });
        }
        match read(&disk) {
            Ok((_, commits)) => prop_assert!(commits.is_empty()),
            Err(failure) => prop_assert_eq!(failure.kind(), FailureKind::Corrupt),
        }
    }

    #[test]
    fn a_record_reads_back_at_its_place_and_nowhere_else(
        version in 1..u64::MAX, durable in any::<u64>(), payload in vec(any::<u8>(), 0..300), number in 1..1000_u64, offset in 0..10_000_u64,
    ) {
        let segment = SegmentNumber::of(number);
        let position = Position { segment, offset };
        let record = Record { version: Version::of(version), durable: PackedPosition::of(durable), payload: &payload };
        let mut bytes = Vec::new();
        record::encode(&mut bytes, position, &record);
        prop_assert_eq!(bytes.len(), record::encoded_size(payload.len()));
        prop_assert_eq!(record::decode(&bytes, position), Some(record));
        prop_assert_eq!(record::decode(&bytes, Position { segment: segment.next(), ..position }), None);
        prop_assert_eq!(record::decode(&bytes, Position { offset: offset + 8, ..position }), None);
        for length in 0..record::HEADER_SIZE + payload.len() {
            prop_assert_eq!(record::decode(&bytes[..length], position), None);
        }
    }
}

/// Whether a byte is padding behind a record: no reader looks at it.
fn record_padding(lengths: &[usize], at: usize) -> bool {
    let mut start = 32;
    for length in lengths {
        let end = start + record::encoded_size(*length);
        if at < end {
            return at >= start + record::HEADER_SIZE + length;
        }
        start = end;
    }
    false
}

#[test]
fn a_header_reads_back_and_tells_other_formats() {
    let number = SegmentNumber::of(7);
    let header = SegmentHeader {
        number,
        follows: Position { segment: number.previous(), offset: 4242 },
        owner: 0x0403_0201,
        format: 2,
    };
    let bytes = segment::encode(&header);
    assert_eq!(segment::decode(&bytes), HeaderState::Valid(header));
    assert_eq!(segment::decode(&bytes[..31]), HeaderState::Invalid);
    for at in 0..28 {
        let mut bad = bytes;
        bad[at] ^= 1;
        assert_eq!(segment::decode(&bad), HeaderState::Invalid, "byte {at}");
    }
    assert_eq!(segment::decode(&[]), HeaderState::Invalid);
}

#[test]
fn file_names_are_those_of_segments_and_no_others() {
    assert_eq!(segment::file_name(SegmentNumber::FIRST), "0000000001.luge");
    assert_eq!(segment::file_number("0000000001.luge"), Some(SegmentNumber::FIRST));
    assert_eq!(segment::file_number("12345678901.luge"), Some(SegmentNumber::of(12_345_678_901)));
    for name in ["0000000000.luge", "1.luge", "00000000001.luge", "0000000001.tmp", "+000000001.luge", "log"] {
        assert_eq!(segment::file_number(name), None, "{name}");
    }
}

#[test]
fn a_missing_segment_is_reported() {
    let mut commits = Vec::new();
    let steps = vec![Step::Append(400); 4];
    let start = Recovered { end: Position::default(), last_version: Version::NONE };
    let (disk, _) = run(MemoryDisk::default(), start, &steps, &mut commits);
    disk.remove("0000000002.luge").unwrap();
    let failure = read(&disk).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Corrupt);
    assert!(failure.message().contains("0000000002.luge before it is missing"), "{}", failure.message());
}

#[test]
fn segments_that_were_never_begun_do_not_count_at_the_end_and_are_damage_elsewhere() {
    let mut commits = Vec::new();
    let steps = vec![Step::Append(400); 3];
    let start = Recovered { end: Position::default(), last_version: Version::NONE };
    let (disk, _) = run(MemoryDisk::default(), start, &[&steps[..], &[Step::Sync]].concat(), &mut commits);
    // Both were begun before the first of them was durable with its header.
    disk.create("0000000004.luge").unwrap();
    disk.create("0000000005.luge").unwrap();
    let (recovered, found) = read(&disk).unwrap();
    assert_eq!((&found, recovered.end.segment), (&commits, SegmentNumber::of(3)));

    let (disk, _) = run(disk, recovered, &[Step::Append(400), Step::Append(400), Step::Sync], &mut commits);
    assert_eq!(read(&disk).unwrap().1, commits, "what is left of them is in nobody's way");

    disk.edit("0000000002.luge", Vec::clear);
    let failure = read(&disk).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Corrupt);
    assert!(failure.message().contains("0000000002.luge at byte 0: its header is damaged"), "{}", failure.message());
}

#[test]
fn a_log_that_is_gone_is_reported() {
    let failure = recover(&MemoryDisk::default(), SegmentNumber::of(3), |_, _| Ok(())).unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Corrupt);
    assert!(failure.message().contains("0000000003.luge at byte 0: the segment is missing"), "{}", failure.message());
}

#[test]
fn dropped_segments_are_not_missed_and_the_rest_reads_on() {
    let mut writer = LogWriter::start(MemoryDisk::default(), Position::default(), Version::NONE, SEGMENT_SIZE);
    for version in (1..=10).map(Version::of) {
        writer.append(version, &payload(version, 250)).unwrap();
    }
    writer.sync().unwrap();
    let last = writer.end().segment;
    for number in 1..last.get() {
        writer.remove_segment(SegmentNumber::of(number)).unwrap();
    }
    let disk = writer.into_disk();
    assert_eq!(disk.list().unwrap(), [segment::file_name(last)]);
    let mut versions = Vec::new();
    recover(&disk, last, |_, record| {
        versions.push(record.version);
        Ok(())
    })
    .unwrap();
    assert_eq!(versions, [9, 10].map(Version::of));
}

#[test]
fn what_a_kill_left_is_durable_before_anything_follows_it() {
    let mut writer = LogWriter::start(MemoryDisk::default(), Position::default(), Version::NONE, SEGMENT_SIZE);
    writer.append(Version::of(1), b"written, not synced").unwrap();
    writer.write_out().unwrap();
    let disk = writer.into_disk();
    let (recovered, commits) = read(&disk).unwrap();
    assert_eq!(commits.len(), 1);
    make_durable(&disk, recovered.end.segment).unwrap();
    let mut writer = LogWriter::start(disk, recovered.end, recovered.last_version, SEGMENT_SIZE);
    writer.append(Version::of(2), b"behind it").unwrap();
    writer.sync().unwrap();
    let disk = writer.into_disk().after_power_cut(|_| None);
    assert_eq!(read(&disk).unwrap().1.len(), 2);
}

#[test]
fn versions_must_not_fall() {
    let mut writer = LogWriter::start(MemoryDisk::default(), Position::default(), Version::of(5), SEGMENT_SIZE);
    assert_eq!(writer.append(Version::of(4), b"").unwrap_err().kind(), FailureKind::InvalidRequest);
    // What is no commit repeats the version before it.
    writer.append(Version::of(5), b"").unwrap();
    writer.append(Version::of(6), b"").unwrap();
}

/// Each write is a call of the operating system, and of the host.
#[test]
fn small_pieces_of_a_large_record_are_written_together() {
    let mut writer = LogWriter::start(MemoryDisk::default(), Position::default(), Version::NONE, SEGMENT_SIZE);
    writer.begin(Version::of(1), 200_000).unwrap();
    for _ in 0..2000 {
        writer.extend(&[7; 100]).unwrap();
    }
    writer.finish().unwrap();
    let mut count = 0;
    drop(writer.into_disk().after_power_cut(|_| {
        count += 1;
        None
    }));
    assert_eq!(count, 3, "two of the pieces, and the header");
}
