//! What must hold for any bytes where a log is read: records, payloads, segments.
//!
//! ```text
//! input: flags u8 (bit 0: give the records the checksums that they need), packed position u64, little endian, records
//! ```
//!
//! No mutation finds the checksum of what it changed. Bit 0 lets it pass, and so reach what stands behind the checksum.

use luge_engine::database::payload::{self, Change, Logged, Malformed, Operation, Payload};
use luge_engine::disk::{Disk, DiskFile, MemoryDisk};
use luge_engine::entry::LoggedLength;
use luge_engine::expiry::Expiry;
use luge_engine::failure::FailureKind;
use luge_engine::log::record::{self, HEADER_SIZE, Record};
use luge_engine::log::segment::{self, HeaderState, SegmentHeader};
use luge_engine::log::{PackedPosition, Position, SegmentNumber, recover, verify_segment};
use luge_engine::table::blocks;
use luge_engine::version::Version;

const SEAL: u8 = 1;

/// Panics where the engine reads what nobody wrote, or reads otherwise than it writes.
pub fn check(input: &[u8]) {
    let Some((&flags, rest)) = input.split_first() else { return };
    let Some((packed, bytes)) = rest.split_first_chunk::<8>() else { return };
    let position = Position::unpacked(PackedPosition::of(u64::from_le_bytes(*packed)));
    check_header(bytes);
    check_payload(bytes);
    let mut first = bytes.to_vec();
    if flags & SEAL != 0 {
        seal_all(&mut first, position);
    }
    check_record(&first, position);
    check_recovery(bytes, position.segment.max(SegmentNumber::FIRST), flags & SEAL != 0);
}

/// Gives all that may be records their checksums.
fn seal_all(bytes: &mut [u8], start: Position) {
    let mut at = 0;
    while let Some((rest, (version, durable))) = bytes.get(at..).and_then(|rest| Some((rest, record::peek(rest)?))) {
        let length = record::payload_length(rest).expect("a record that has numbers has a length");
        let Some(payload) = rest.get(HEADER_SIZE..).and_then(|behind| behind.get(..length)) else { return };
        let mut sealed = Vec::new();
        let position = Position { offset: start.offset.wrapping_add(at as u64), ..start };
        record::encode(&mut sealed, position, &Record { version, durable, payload });
        bytes[at..at + HEADER_SIZE].copy_from_slice(&sealed[..HEADER_SIZE]);
        at += record::encoded_size(length);
    }
}

/// What is read as a record is what a record of that content is written as, and no record anywhere else.
fn check_record(bytes: &[u8], position: Position) {
    let Some(read) = record::decode(bytes, position) else { return };
    assert_eq!(record::peek(bytes), Some((read.version, read.durable)));
    assert_eq!(record::payload_length(bytes), Some(read.payload.len()));
    let mut again = Vec::new();
    record::encode(&mut again, position, &read);
    assert_eq!(again.len(), record::encoded_size(read.payload.len()));
    let sealed = HEADER_SIZE + read.payload.len();
    assert_eq!(again[..sealed], bytes[..sealed]);
    assert!(again[sealed..].iter().all(|byte| *byte == 0));
    assert_eq!(record::decode(&bytes[..sealed], position), Some(read));
    assert_eq!(record::decode(&bytes[..sealed - 1], position), None);
    let mut hasher = record::RecordHasher::new(position, read.payload.len(), read.version, read.durable);
    read.payload.chunks(7).for_each(|piece| hasher.update(piece));
    assert_eq!(hasher.finish(), again[..HEADER_SIZE]);
    check_payload(read.payload);
    if let Some(block) = blocks::decode(bytes, position) {
        assert!(block.separator.len() + block.stored.len() < read.payload.len());
        assert!(read.payload.ends_with(block.stored));
    }
}

/// A header that is read is written the same, and any number, place and owner reads back.
fn check_header(bytes: &[u8]) {
    if let HeaderState::Valid(header) = segment::decode(bytes) {
        assert_eq!(segment::encode(&header), bytes[..segment::HEADER_SIZE]);
    }
    let Some((number, rest)) = bytes.split_first_chunk::<8>() else { return };
    let Some((follows, rest)) = rest.split_first_chunk::<8>() else { return };
    let Some(owner) = rest.first_chunk::<4>() else { return };
    let follows = Position::unpacked(PackedPosition::of(u64::from_le_bytes(*follows)));
    let header = SegmentHeader {
        number: SegmentNumber::of(u64::from_le_bytes(*number)),
        follows,
        owner: u32::from_le_bytes(*owner),
        format: segment::FORMAT_VERSION,
    };
    assert_eq!(segment::decode(&segment::encode(&header)), HeaderState::Valid(header));
}

/// A segment with these bytes behind its header is recovered up to what is no record, or refused as damaged.
fn check_recovery(bytes: &[u8], number: SegmentNumber, seal: bool) {
    let start = Position { segment: number, offset: segment::HEADER_SIZE as u64 };
    let mut records = bytes.to_vec();
    if seal {
        seal_all(&mut records, start);
    }
    let header = segment::encode(&SegmentHeader {
        number,
        follows: Position::default(),
        owner: 0,
        format: segment::FORMAT_VERSION,
    });
    let content = [&header[..], &records].concat();
    let disk = MemoryDisk::default();
    let mut file = disk.create(&segment::file_name(number)).expect("a new file");
    file.write_at(&content, 0).expect("memory takes every write");
    let mut expected = start;
    let mut count = 0;
    let recovered = recover(&disk, number, |position, found| {
        assert_eq!(position, Position { offset: expected.offset + HEADER_SIZE as u64, ..expected });
        let mut again = Vec::new();
        record::encode(&mut again, expected, &found);
        let stored = &content[expected.offset as usize..];
        assert!(stored.starts_with(&again[..HEADER_SIZE + found.payload.len()]));
        expected.offset += again.len() as u64;
        count += 1;
        Ok(())
    });
    let verified = verify_segment(&disk, number, None, |record| payload::is_well_formed(record.payload));
    match recovered {
        Ok(recovered) => {
            assert_eq!(recovered.end, expected);
            assert!(verified.is_ok_and(|verified| verified == count) || !all_well_formed(&content, start));
        }
        Err(failure) => assert_eq!(failure.kind(), FailureKind::Corrupt, "{}", failure.message()),
    }
}

fn all_well_formed(content: &[u8], start: Position) -> bool {
    let mut at = start;
    while let Some(read) = content.get(at.offset as usize..).and_then(|rest| record::decode(rest, at)) {
        if !payload::is_well_formed(read.payload) {
            return false;
        }
        at.offset += record::encoded_size(read.payload.len()) as u64;
    }
    true
}

/// What a payload says stands in it, and is written so that it reads the same.
fn check_payload(payload: &[u8]) {
    let only = payload::only_value(payload, payload.len());
    match payload::decode(payload) {
        None => {
            assert!(!payload::is_well_formed(payload));
            assert_eq!(only, None);
        }
        Some(Payload::Reservation(version)) => {
            assert_eq!(payload::encode_reservation(version), payload);
            assert_eq!(only, None);
        }
        Some(Payload::Time(ms)) => {
            assert_eq!(payload::decode(&payload::encode_time(ms)), Some(Payload::Time(ms)));
            assert_eq!(only, None);
        }
        Some(Payload::Moved(moved)) => {
            assert_eq!(only, Some((moved.key, Some(moved.version), moved.offset, moved.length)));
            let mut again = payload::moved_head(moved.key, moved.version, moved.length);
            again.extend_from_slice(&payload[moved.offset..]);
            let Some(Payload::Moved(read)) = payload::decode(&again) else {
                panic!("a moved value does not read back")
            };
            assert_eq!((read.key, read.version, read.length), (moved.key, moved.version, moved.length));
        }
        Some(Payload::Operations(operations)) => {
            let read: Result<Vec<Logged<'_>>, Malformed> = operations.collect();
            assert_eq!(payload::is_well_formed(payload), read.is_ok());
            let alone = match read.as_deref() {
                Ok([Logged { key, change: Change::PutLogged { offset, length }, .. }]) => {
                    Some((*key, None, *offset, *length))
                }
                _ => None,
            };
            assert_eq!(only, alone);
            if let Ok(read) = read {
                check_operations(payload, &read);
            }
        }
        Some(Payload::Restored(restored)) => {
            let is_last = restored.is_last;
            let read: Result<Vec<(Version, Logged<'_>)>, Malformed> = restored.collect();
            assert_eq!(payload::is_well_formed(payload), read.is_ok());
            assert_eq!(only, None);
            let Ok(read) = read else { return };
            let mut again = payload::restored_head(is_last).to_vec();
            for (version, logged) in &read {
                again.extend(payload::restored_version(*version));
                write(&mut again, payload, logged);
            }
            let Some(Payload::Restored(twice)) = payload::decode(&again) else {
                panic!("a restore does not read back")
            };
            assert_eq!(twice.is_last, is_last);
            let twice: Vec<(Version, Logged<'_>)> =
                twice.collect::<Result<_, _>>().expect("what was written reads back");
            let shown = |payload, read: &[(Version, Logged<'_>)]| -> Vec<_> {
                read.iter().map(|(version, logged)| (*version, format!("{:?}", seen(payload, logged)))).collect()
            };
            assert_eq!(shown(&again, &twice), shown(payload, &read));
        }
    }
}

fn check_operations(payload: &[u8], read: &[Logged<'_>]) {
    let mut again = payload::operations_head().to_vec();
    for logged in read {
        write(&mut again, payload, logged);
    }
    let Some(Payload::Operations(twice)) = payload::decode(&again) else { panic!("a commit does not read back") };
    let twice: Vec<Logged<'_>> = twice.collect::<Result<_, _>>().expect("what was written reads back");
    assert_eq!(twice.len(), read.len());
    for (twice, once) in twice.iter().zip(read) {
        assert_eq!(seen(&again, twice), seen(payload, once));
    }
}

/// Key, value or operand, whether it is an operand, the length of a value that stays in the log, expiry.
type Seen<'a> = (&'a [u8], Option<&'a [u8]>, bool, Option<LoggedLength>, Option<Expiry>);

/// What an operation says, apart from where it stands.
fn seen<'a>(payload: &'a [u8], logged: &Logged<'a>) -> Seen<'a> {
    let (value, stays) = match logged.change {
        Change::Delete => (None, None),
        Change::Put(value) | Change::Merge(value) => (Some(value), None),
        Change::PutLogged { offset, length } => {
            (Some(&payload[offset..offset + length.stored() as usize]), Some(length))
        }
    };
    (logged.key, value, matches!(logged.change, Change::Merge(_)), stays, logged.expires)
}

fn write(again: &mut Vec<u8>, payload: &[u8], logged: &Logged<'_>) {
    let (key, value, is_operand, stays, expires) = seen(payload, logged);
    let operation = Operation { key, value, expires };
    let logged_size = if stays.is_some() { 0 } else { usize::MAX };
    let head = match stays {
        Some(length) if length.is_compressed() => payload::packed_head(key, length.stored() as usize, expires),
        _ if is_operand => payload::operand_head(key, value.unwrap_or_default(), expires),
        _ => payload::operation_head(&operation, logged_size),
    };
    let start = again.len();
    again.extend_from_slice(head.bytes());
    again.extend_from_slice(key);
    again.extend_from_slice(value.unwrap_or_default());
    if head.is_logged {
        again.extend_from_slice(&payload::value_checksum(value.unwrap_or_default()));
    }
    assert_eq!(again.len() - start, payload::operation_size(&head, key, value));
}
