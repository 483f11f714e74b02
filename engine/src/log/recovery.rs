//! Reads the log after the process has ended, cleanly or not.

use super::record::{self, ALIGNMENT, Record};
use super::segment::{self, HEADER_SIZE, HeaderState, SegmentHeader};
use crate::disk::{Disk, DiskFile};
use crate::failure::{Failure, FailureKind};
use crate::position::{Position, SegmentNumber};
use crate::version::Version;

/// The result of a recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The end of the log. A writer must continue in a segment with a higher number.
    pub end: Position,
    /// The version of the last record; 0 if there is none.
    pub last_version: Version,
}

/// Calls `visit` for every record from segment `first` on, in order, with the position of its payload. `first` is
/// [`SegmentNumber::NONE`] for a log that may be new.
///
/// Fails with [`FailureKind::Corrupt`] if durable data is damaged or missing, and names file and offset. Fails with
/// [`FailureKind::Unsupported`] for another format. Changes nothing.
pub fn recover<D: Disk>(
    disk: &D,
    first: SegmentNumber,
    mut visit: impl FnMut(Position, Record<'_>) -> Result<(), Failure>,
) -> Result<Recovered, Failure> {
    let headers = read_headers(disk, first)?;
    if headers.is_empty() && !first.is_none() {
        return Err(damaged(Position { segment: first, offset: 0 }, "the segment is missing"));
    }
    let mut recovered = Recovered { end: Position::default(), last_version: Version::NONE };
    for (i, header) in headers.iter().enumerate() {
        let bytes = read_segment(disk, header.number)?;
        let mut reader = SegmentReader { bytes: &bytes, number: header.number, offset: HEADER_SIZE };
        let end = headers.get(i + 1).map(|next| next.follows);
        while let Some((position, record)) = reader.next(end)? {
            if record.version < recovered.last_version {
                return Err(damaged(position, "its version is below that of the record before it"));
            }
            recovered.last_version = record.version;
            visit(position, record)?;
        }
        if end.is_none() {
            reader.check_tail()?;
        }
        recovered.end = reader.position();
    }
    Ok(recovered)
}

/// Makes the records of a segment durable, and so all records up to them. A killed process may have written records
/// without a sync. What relies on these records must come after this.
pub fn make_durable<D: Disk>(disk: &D, number: SegmentNumber) -> Result<(), Failure> {
    if !number.is_none() && !disk.open(&segment::file_name(number))?.begin_sync()? {
        disk.finish_syncs()?;
    }
    Ok(())
}

/// Reads the records of one segment. Returns how many there are. For the segment that is being written, `end` is the
/// end of the written part. Fails with [`FailureKind::Corrupt`] in the same cases as recovery, and if `is_sound`
/// rejects a record.
pub fn verify_segment<D: Disk>(
    disk: &D,
    number: SegmentNumber,
    end: Option<Position>,
    is_sound: impl Fn(&Record<'_>) -> bool,
) -> Result<u64, Failure> {
    if read_header(disk, number)?.is_none() {
        return Err(damaged_header(number));
    }
    let next = number.next();
    let has_next = disk.list()?.contains(&segment::file_name(next));
    let follows = if has_next { read_header(disk, next)?.map(|next| next.follows) } else { None };
    let bytes = read_segment(disk, number)?;
    let mut reader = SegmentReader { bytes: &bytes, number, offset: HEADER_SIZE };
    let end = end.or(follows);
    let mut records = 0;
    while let Some((position, record)) = reader.next(end)? {
        if !is_sound(&record) {
            return Err(damaged(position, "the record is malformed"));
        }
        records += 1;
    }
    if end.is_none() {
        reader.check_tail()?;
    }
    Ok(records)
}

/// The headers of all valid segments, in order. Leaves out segments at the end whose creation was torn. There may be
/// several: they may have been begun before the first of them was durable.
fn read_headers<D: Disk>(disk: &D, first: SegmentNumber) -> Result<Vec<SegmentHeader>, Failure> {
    let mut numbers: Vec<SegmentNumber> =
        disk.list()?.iter().filter_map(|name| segment::file_number(name)).filter(|number| *number >= first).collect();
    numbers.sort_unstable();
    let mut headers: Vec<SegmentHeader> = Vec::new();
    let mut torn = None;
    for number in numbers {
        match (read_header(disk, number)?, torn) {
            (None, _) => torn = torn.or(Some(number)),
            (Some(header), None) => {
                check_order(first, headers.last(), &header)?;
                headers.push(header);
            }
            // A header is durable before the header of the next segment is written.
            (Some(_), Some(torn)) => return Err(damaged_header(torn)),
        }
    }
    Ok(headers)
}

/// The header of a segment; `None` if its creation was torn. Such a segment has no record, either.
fn read_header<D: Disk>(disk: &D, number: SegmentNumber) -> Result<Option<SegmentHeader>, Failure> {
    let mut file = disk.open(&segment::file_name(number))?;
    let mut bytes = [0; HEADER_SIZE];
    let count = file.read_at(&mut bytes, 0)?;
    match segment::decode(bytes.get(..count).unwrap_or_default()) {
        HeaderState::Valid(header) if header.number == number => Ok(Some(header)),
        HeaderState::OtherFormat(format) => Err(Failure::new(
            FailureKind::Unsupported,
            format!(
                "the log file {} has format {format}, this release reads {} to {}",
                segment::file_name(number),
                segment::FORMAT_VERSION,
                segment::LOG_FORMAT_VERSION
            ),
        )),
        // The header is durable before a record says so.
        _ if !has_any_record(disk, number)? => Ok(None),
        _ => Err(damaged_header(number)),
    }
}

fn damaged_header(number: SegmentNumber) -> Failure {
    damaged(Position { segment: number, offset: 0 }, "its header is damaged")
}

fn has_any_record<D: Disk>(disk: &D, number: SegmentNumber) -> Result<bool, Failure> {
    let bytes = read_segment(disk, number)?;
    let start = Position { segment: number, offset: HEADER_SIZE as u64 };
    Ok(find_record(&bytes, start, start)?.is_some())
}

fn check_order(first: SegmentNumber, before: Option<&SegmentHeader>, header: &SegmentHeader) -> Result<(), Failure> {
    let expected = before.map_or(first.max(SegmentNumber::FIRST), |before| before.number.next());
    let at = Position { segment: header.number, offset: 0 };
    if header.number != expected {
        return Err(damaged(at, &format!("the segment {} before it is missing", segment::file_name(expected))));
    }
    match before {
        Some(before) if header.follows.segment != before.number => {
            Err(damaged(at, &format!("it follows {}", header.follows)))
        }
        _ => Ok(()),
    }
}

fn read_segment<D: Disk>(disk: &D, number: SegmentNumber) -> Result<Vec<u8>, Failure> {
    let mut file = disk.open(&segment::file_name(number))?;
    let size = usize::try_from(file.size()?).map_err(|_| out_of_memory(number))?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).map_err(|_| out_of_memory(number))?;
    bytes.resize(size, 0);
    let count = file.read_at(&mut bytes, 0)?;
    bytes.truncate(count);
    Ok(bytes)
}

fn out_of_memory(number: SegmentNumber) -> Failure {
    Failure::new(FailureKind::OutOfMemory, format!("no memory to read the log file {}", segment::file_name(number)))
}

fn damaged(position: Position, reason: &str) -> Failure {
    Failure::new(FailureKind::Corrupt, format!("the log is damaged in {position}: {reason}"))
}

struct SegmentReader<'a> {
    bytes: &'a [u8],
    number: SegmentNumber,
    offset: usize,
}

impl<'a> SegmentReader<'a> {
    fn position(&self) -> Position {
        Position { segment: self.number, offset: self.offset as u64 }
    }

    /// The next record. `end` is the known end of the records, for all segments except the last.
    fn next(&mut self, end: Option<Position>) -> Result<Option<(Position, Record<'a>)>, Failure> {
        if end == Some(self.position()) {
            return Ok(None);
        }
        let record = self.bytes.get(self.offset..).and_then(|rest| record::decode(rest, self.position()));
        match record {
            Some(record) => {
                let payload = Position { offset: (self.offset + record::HEADER_SIZE) as u64, ..self.position() };
                self.offset += record::encoded_size(record.payload.len());
                Ok(Some((payload, record)))
            }
            None if end.is_some() => Err(damaged(self.position(), "a durable record is missing")),
            None => Ok(None),
        }
    }

    /// Fails unless all bytes after the last record belong to writes that were never acknowledged.
    fn check_tail(&self) -> Result<(), Failure> {
        let beyond = Position { offset: self.offset as u64 + 1, ..self.position() };
        match find_record(self.bytes, self.position(), beyond)? {
            None => Ok(()),
            Some(offset) => Err(damaged(
                self.position(),
                &format!("the record at byte {offset} says that the log was durable beyond this place"),
            )),
        }
    }
}

/// How often a search for records may read each byte of a segment, on average. Without a limit, a value made for that
/// purpose could keep recovery busy for hours.
const SEARCH_FACTOR: usize = 8;

/// The offset of the first valid record from `start` on that says that the log was durable up to `durable` or beyond.
/// The durable position of a record is never after the record itself. This excludes most other bytes before they are
/// decoded.
fn find_record(bytes: &[u8], start: Position, durable: Position) -> Result<Option<usize>, Failure> {
    let mut budget = bytes.len().saturating_mul(SEARCH_FACTOR);
    let mut offset = usize::try_from(start.offset).unwrap_or(usize::MAX);
    while let Some((rest, (version, mark))) = bytes.get(offset..).and_then(|rest| Some((rest, record::peek(rest)?))) {
        let position = Position { offset: offset as u64, ..start };
        if version > Version::NONE && (durable.packed()..=position.packed()).contains(&mark) {
            if record::decode(rest, position).is_some() {
                return Ok(Some(offset));
            }
            let Some(left) = budget.checked_sub(rest.len()) else {
                return Err(damaged(start, "too many bytes after it look like records"));
            };
            budget = left;
        }
        offset += ALIGNMENT;
    }
    Ok(None)
}
