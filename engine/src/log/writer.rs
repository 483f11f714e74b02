//! Appends to the log.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::record::{self, RecordHasher};
use super::segment::{self, HEADER_SIZE, SegmentHeader};
use crate::disk::{Disk, DiskFile};
use crate::failure::{Failure, FailureKind};
use crate::position::Position;
use crate::position::SegmentNumber;
use crate::version::Version;

/// A file is written ahead with zeros in pieces of this size: a sync of a record that fits needs no journal of the file
/// system, and a short log takes little space.
const AHEAD_SIZE: u64 = 256 * 1024;
/// Above this many collected bytes the writer hands them to the operating system by itself.
const BUFFER_SIZE: usize = 256 * 1024;
/// Records with a payload above this are written as they come, never collected whole: smaller pieces of them are joined
/// to writes of up to this many bytes.
const DIRECT_SIZE: usize = 128 * 1024;
/// The longest payload of a record: its length is a `u32`.
pub const MAX_PAYLOAD_SIZE: usize = 1 << 30;

/// The end of a log. Records are collected in memory; [`LogWriter::write_out`] hands them to the operating system,
/// [`LogWriter::sync`] makes them durable. After an error of the disk the writer must not be used again: nobody knows
/// what arrived.
pub struct LogWriter<D: Disk> {
    disk: D,
    owner: u32,
    segment_size: u64,
    /// Whether files are written ahead.
    writes_ahead: bool,
    /// The present segment; `None` before the first record.
    file: Option<D::File>,
    number: SegmentNumber,
    /// Where the log before the present segment ends.
    follows: Position,
    /// Where the bytes in `buffer` belong.
    offset: u64,
    /// The size that the segment may grow to.
    capacity: u64,
    /// The size of the file: what was written ahead.
    ahead: u64,
    durable: Position,
    last_version: Version,
    buffer: Vec<u8>,
    record: Option<OpenRecord>,
    /// The last bytes of a record that is written as it comes.
    joined: Vec<u8>,
    /// Bytes handed to the operating system so far.
    written_bytes: u64,
    /// Bytes of records so far.
    appended_bytes: u64,
    /// How often the log was synced.
    syncs: u64,
    /// The sizes of segments that have ended, as far as they are known.
    sizes: RefCell<BTreeMap<SegmentNumber, u64>>,
}

/// A record that is being written.
struct OpenRecord {
    position: Position,
    version: Version,
    length: usize,
    written: usize,
    /// For a record that is not collected: what its checksum is made of so far.
    direct: Option<RecordHasher>,
}

impl OpenRecord {
    /// Where the next bytes of the payload belong.
    fn end(&self) -> u64 {
        self.position.offset + (record::HEADER_SIZE + self.written) as u64
    }
}

impl<D: Disk> LogWriter<D> {
    /// Continues after `end`, where the log that [`recover`](super::recover) read ends (`Position::default()` for a new
    /// log), in a new segment that is created with the first record. `last_version` is that of the last record. A segment
    /// has at most `segment_size` bytes, but for one record that is larger.
    pub fn start(disk: D, end: Position, last_version: Version, segment_size: u64) -> Self {
        let number = end.segment.next();
        let offset = HEADER_SIZE as u64;
        Self {
            disk,
            owner: 0,
            segment_size,
            writes_ahead: true,
            file: None,
            number,
            follows: end,
            offset,
            capacity: segment_size,
            ahead: offset,
            durable: Position { segment: number, offset },
            last_version,
            buffer: Vec::new(),
            record: None,
            joined: Vec::new(),
            written_bytes: 0,
            appended_bytes: 0,
            syncs: 0,
            sizes: RefCell::default(),
        }
    }

    /// For a log that takes large amounts at a time: its files are not written ahead.
    #[must_use]
    pub fn in_bulk(self) -> Self {
        Self { writes_ahead: false, ..self }
    }

    /// For a log whose segments say whose they are.
    #[must_use]
    pub fn owned_by(self, owner: u32) -> Self {
        Self { owner, ..self }
    }

    /// The version of the last record.
    pub fn last_version(&self) -> Version {
        self.last_version
    }

    /// The disk it writes to.
    pub fn disk(&self) -> &D {
        &self.disk
    }

    /// The disk it wrote to. Bytes that were not written out are lost, as in a crash.
    pub fn into_disk(self) -> D {
        self.disk
    }

    /// Up to where the log is durable.
    pub fn durable(&self) -> Position {
        self.durable
    }

    /// Bytes handed to the operating system so far.
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    /// Bytes of records so far, wherever they are.
    pub fn appended_bytes(&self) -> u64 {
        self.appended_bytes
    }

    /// How often the log was synced.
    pub fn syncs(&self) -> u64 {
        self.syncs
    }

    /// Where the next record goes, unless it needs a new segment.
    pub fn end(&self) -> Position {
        Position { segment: self.number, offset: self.offset + self.buffer.len() as u64 }
    }

    /// The newest segment that is there: it is durable with its header.
    pub fn newest_segment(&self) -> SegmentNumber {
        if self.file.is_some() { self.number } else { self.number.previous() }
    }

    /// Up to where the operating system has the log.
    pub fn written_end(&self) -> Position {
        Position { segment: self.number, offset: self.offset }
    }

    /// Appends a commit; returns where its payload stands. `version` must not be below that of the record before.
    pub fn append(&mut self, version: Version, payload: &[u8]) -> Result<Position, Failure> {
        let position = self.begin(version, payload.len())?;
        self.extend(payload)?;
        self.finish()?;
        Ok(position)
    }

    /// Begins a record with a payload of `length` bytes, which [`LogWriter::extend`] brings; returns where the payload will
    /// stand. `version` must not be below that of the record before; only what is no commit may repeat it.
    pub fn begin(&mut self, version: Version, length: usize) -> Result<Position, Failure> {
        if length > MAX_PAYLOAD_SIZE {
            return Err(Failure::new(FailureKind::OutOfMemory, format!("a commit of {length} bytes is too large")));
        }
        if version == Version::NONE || version < self.last_version || self.record.is_some() {
            let message = format!("version {version} does not follow version {}", self.last_version);
            return Err(Failure::new(FailureKind::InvalidRequest, message));
        }
        let size = record::encoded_size(length);
        if self.file.is_none() || self.end().offset + size as u64 > self.capacity {
            self.next_segment(size as u64)?;
        }
        let direct = length > DIRECT_SIZE;
        if direct {
            self.write_out()?;
        } else {
            self.reserve(size)?;
        }
        let position = self.end();
        let direct = direct.then(|| RecordHasher::new(position, length, version, self.durable.packed()));
        if direct.is_none() {
            self.buffer.resize(self.buffer.len() + record::HEADER_SIZE, 0);
        }
        self.record = Some(OpenRecord { position, version, length, written: 0, direct });
        Ok(Position { offset: position.offset + record::HEADER_SIZE as u64, ..position })
    }

    /// Adds bytes to the payload of the record that was begun.
    pub fn extend(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Some(open) = self.record.as_mut().filter(|open| open.written + bytes.len() <= open.length) else {
            return Err(Failure::new(FailureKind::InvalidRequest, "more bytes than the record was begun with"));
        };
        let end = open.end();
        open.written += bytes.len();
        match &mut open.direct {
            None => self.buffer.extend_from_slice(bytes),
            Some(hasher) => {
                hasher.update(bytes);
                self.extend_direct(bytes, end)?;
            }
        }
        Ok(())
    }

    /// Ends the record that was begun: from here on it counts.
    pub fn finish(&mut self) -> Result<(), Failure> {
        let Some(open) = self.record.take_if(|open| open.written == open.length) else {
            return Err(Failure::new(FailureKind::InvalidRequest, "fewer bytes than the record was begun with"));
        };
        let size = record::encoded_size(open.length);
        let end = open.end();
        if let Some(hasher) = open.direct {
            self.write_joined(end)?;
            self.finish_direct(open.position, size, &hasher.finish())?;
        } else {
            let start = self.buffer.len() - record::HEADER_SIZE - open.length;
            record::seal(&mut self.buffer, start, open.position, open.version, self.durable.packed());
        }
        self.last_version = open.version;
        self.appended_bytes += size as u64;
        if self.buffer.len() >= BUFFER_SIZE {
            self.write_out()?;
        }
        Ok(())
    }

    /// Forgets the record that was begun, as if it had not been.
    pub fn abort(&mut self) {
        let Some(open) = self.record.take() else { return };
        if open.direct.is_none() {
            let start = usize::try_from(open.position.offset - self.offset).unwrap_or(0);
            self.buffer.truncate(start);
        } else {
            self.joined.clear();
            // Its bytes may look like records: nothing may ever be appended before them.
            self.capacity = self.offset;
        }
    }

    /// Ends the present segment, durably: the next record begins another one.
    pub fn end_segment(&mut self) -> Result<(), Failure> {
        if self.file.is_some() {
            self.sync()?;
            self.follows = self.end();
            self.file = None;
            self.number = self.number.next();
            self.offset = HEADER_SIZE as u64;
            self.capacity = self.segment_size;
            self.ahead = self.offset;
            self.durable = self.end();
        }
        Ok(())
    }

    /// Whether there is a file that the next record may go to.
    pub fn has_segment(&self) -> bool {
        self.file.is_some()
    }

    /// Creates the present segment if it was not needed yet; returns its number.
    pub fn ensure_segment(&mut self) -> Result<SegmentNumber, Failure> {
        if self.file.is_none() {
            self.next_segment(0)?;
        }
        Ok(self.number)
    }

    /// Hands everything appended to the operating system: it survives the end of the process.
    pub fn write_out(&mut self) -> Result<(), Failure> {
        let Some(file) = self.file.as_mut().filter(|_| !self.buffer.is_empty()) else { return Ok(()) };
        file.write_at(&self.buffer, self.offset)?;
        self.written_bytes += self.buffer.len() as u64;
        self.offset += self.buffer.len() as u64;
        self.ahead = self.ahead.max(self.offset);
        if self.buffer.capacity() > 4 * BUFFER_SIZE {
            self.buffer = Vec::new();
        }
        self.buffer.clear();
        Ok(())
    }

    /// Makes everything appended durable.
    pub fn sync(&mut self) -> Result<(), Failure> {
        self.prepare_sync()?;
        if self.durable < self.end() {
            if let Some(file) = &mut self.file {
                file.sync()?;
            }
            self.synced(self.end());
        }
        Ok(())
    }

    /// As [`LogWriter::write_out`], for a sync that follows: returns up to where that sync will make the log durable.
    pub fn prepare_sync(&mut self) -> Result<Position, Failure> {
        let small = self.writes_ahead && self.buffer.len() as u64 <= AHEAD_SIZE / 4;
        self.write_out()?;
        if small {
            self.write_ahead()?;
        }
        Ok(self.end())
    }

    /// Takes note that the log was synced up to `position`, as [`LogWriter::prepare_sync`] returned it.
    pub fn synced(&mut self, position: Position) {
        self.syncs += 1;
        self.durable = self.durable.max(position);
    }

    /// Reads bytes of the present segment that may not be written out yet; `false` when they are, or stand elsewhere.
    pub fn read_collected(&self, position: Position, bytes: &mut [u8]) -> bool {
        let start = position.offset.checked_sub(self.offset).filter(|_| position.segment == self.number);
        let start = start.and_then(|start| usize::try_from(start).ok());
        let found = start.and_then(|start| self.buffer.get(start..start.checked_add(bytes.len())?));
        if let Some(found) = found {
            bytes.copy_from_slice(found);
        }
        found.is_some()
    }

    /// Removes a segment that nothing needs any more, and that is not the current one. The removal is durable after
    /// [`Disk::sync_directory`].
    pub fn remove_segment(&self, number: SegmentNumber) -> Result<(), Failure> {
        debug_assert!(number != self.number, "the present segment is needed");
        self.sizes.borrow_mut().remove(&number);
        self.disk.remove(&segment::file_name(number))?;
        Ok(())
    }

    /// The size of a segment's file in bytes. Each is opened for that once in a life at most: those that have ended stay as they are.
    pub fn size_of(&self, number: SegmentNumber) -> Result<u64, Failure> {
        if let Some(file) = self.file.as_ref().filter(|_| number == self.number) {
            return Ok(file.size()?);
        }
        if let Some(size) = self.sizes.borrow().get(&number) {
            return Ok(*size);
        }
        let size = self.disk.open(&segment::file_name(number))?.size()?;
        self.sizes.borrow_mut().insert(number, size);
        Ok(size)
    }

    fn reserve(&mut self, size: usize) -> Result<(), Failure> {
        self.buffer
            .try_reserve(size)
            .map_err(|_| Failure::new(FailureKind::OutOfMemory, format!("no memory for a log record of {size} bytes")))
    }

    /// Writes bytes of a record that is written as it comes, which belong at `end`; small ones wait for others.
    fn extend_direct(&mut self, bytes: &[u8], end: u64) -> Result<(), Failure> {
        if self.joined.len() + bytes.len() > DIRECT_SIZE {
            self.write_joined(end)?;
        }
        if bytes.len() > DIRECT_SIZE || self.joined.try_reserve(bytes.len()).is_err() {
            self.write_joined(end)?;
            return self.write_at(bytes, end);
        }
        self.joined.extend_from_slice(bytes);
        Ok(())
    }

    /// Writes the small pieces that wait. They belong before `end`.
    fn write_joined(&mut self, end: u64) -> Result<(), Failure> {
        let joined = std::mem::take(&mut self.joined);
        if !joined.is_empty() {
            self.write_at(&joined, end - joined.len() as u64)?;
        }
        self.joined = joined;
        self.joined.clear();
        Ok(())
    }

    fn write_at(&mut self, bytes: &[u8], at: u64) -> Result<(), Failure> {
        if let Some(file) = &mut self.file {
            file.write_at(bytes, at)?;
        }
        self.written_bytes += bytes.len() as u64;
        Ok(())
    }

    /// The header comes last: without it there is no record.
    fn finish_direct(
        &mut self,
        position: Position,
        size: usize,
        header: &[u8; record::HEADER_SIZE],
    ) -> Result<(), Failure> {
        self.write_at(header, position.offset)?;
        self.offset = position.offset + size as u64;
        self.ahead = self.ahead.max(self.offset);
        Ok(())
    }

    /// Writes zeros after the last record, so that the next records overwrite blocks that the file has already. A crash may
    /// lose the zeros: they mean the same as the end of the file.
    fn write_ahead(&mut self) -> Result<(), Failure> {
        let Some(file) = self.file.as_mut().filter(|_| self.offset >= self.ahead) else { return Ok(()) };
        let target = (self.offset + 1).next_multiple_of(AHEAD_SIZE).min(self.capacity);
        if target > self.offset {
            let zeros = vec![0; usize::try_from(target - self.offset).unwrap_or(0)];
            file.write_at(&zeros, self.offset)?;
            self.written_bytes += zeros.len() as u64;
            self.ahead = target;
        }
        Ok(())
    }

    /// Begins a segment with room for `record_size` bytes, after making the present one durable.
    fn next_segment(&mut self, record_size: u64) -> Result<(), Failure> {
        self.end_segment()?;
        let header = SegmentHeader { number: self.number, follows: self.follows, owner: self.owner };
        self.file = Some(create_segment(&self.disk, header)?);
        self.offset = HEADER_SIZE as u64;
        self.capacity = self.segment_size.max(HEADER_SIZE as u64 + record_size);
        self.ahead = self.offset;
        self.durable = self.end();
        Ok(())
    }
}

/// Creates the file of a segment, durable with its header.
fn create_segment<D: Disk>(disk: &D, header: SegmentHeader) -> Result<D::File, Failure> {
    let name = segment::file_name(header.number);
    // A file of this number can only be what a crash left of an earlier attempt: its header never was durable.
    if disk.list()?.contains(&name) {
        disk.remove(&name)?;
    }
    let mut file = disk.create(&name)?;
    file.write_at(&segment::encode(&header), 0)?;
    file.sync()?;
    disk.sync_directory()?;
    Ok(file)
}
