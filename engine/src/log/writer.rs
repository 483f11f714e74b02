//! Appends to the log.

use super::position::Position;
use super::record::{self, Record};
use super::segment::{self, HEADER_SIZE, SegmentHeader};
use crate::disk::{Disk, DiskFile};
use crate::failure::Failure;
use crate::status::Status;

/// A file is written ahead with zeros in pieces of this size: a sync of a record that fits needs no journal of the file
/// system, and a short log takes little space.
const AHEAD_SIZE: u64 = 256 * 1024;
/// The longest payload of a record: its length is a `u32`, and it is held in memory whole.
pub const MAX_PAYLOAD_SIZE: usize = 1 << 30;

/// The end of a log. Records are collected in memory; [`LogWriter::write_out`] hands them to the operating system,
/// [`LogWriter::sync`] makes them durable. After an error the writer must not be used again: nobody knows what arrived.
#[derive(Debug)]
pub struct LogWriter<D: Disk> {
    disk: D,
    segment_size: u64,
    file: D::File,
    number: u64,
    /// Where the bytes in `buffer` belong.
    offset: u64,
    /// The size that the segment may grow to.
    capacity: u64,
    /// The size of the file: what was written ahead.
    ahead: u64,
    durable: Position,
    last_version: u64,
    buffer: Vec<u8>,
}

impl<D: Disk> LogWriter<D> {
    /// Starts a new segment behind `end`, where the log that [`recover`](super::recover) read ends; `Position::default()`
    /// for a new log. `last_version` is that of the last record. A segment has at most `segment_size` bytes, but for one record that is
    /// larger.
    pub fn start(disk: D, end: Position, last_version: u64, segment_size: u64) -> Result<Self, Failure> {
        let number = end.segment + 1;
        let file = create_segment(&disk, SegmentHeader { number, follows: end })?;
        let offset = HEADER_SIZE as u64;
        let durable = Position { segment: number, offset };
        let (capacity, ahead, buffer) = (segment_size, offset, Vec::new());
        Ok(Self { disk, segment_size, file, number, offset, capacity, ahead, durable, last_version, buffer })
    }

    /// The disk it writes to.
    pub fn disk(&self) -> &D {
        &self.disk
    }

    /// The disk it wrote to; what was not written out is gone, as by a crash.
    pub fn into_disk(self) -> D {
        self.disk
    }

    /// Up to where the log is durable.
    pub fn durable(&self) -> Position {
        self.durable
    }

    /// Where the next record goes, unless it needs a new segment.
    pub fn end(&self) -> Position {
        Position { segment: self.number, offset: self.offset + self.buffer.len() as u64 }
    }

    /// Appends a commit; returns where its payload stands. `version` must be above that of the record before.
    pub fn append(&mut self, version: u64, payload: &[u8]) -> Result<Position, Failure> {
        if payload.len() > MAX_PAYLOAD_SIZE {
            return Err(Failure::new(Status::OutOfMemory, format!("a commit of {} bytes is too large", payload.len())));
        }
        if version <= self.last_version {
            let message = format!("version {version} does not follow version {}", self.last_version);
            return Err(Failure::new(Status::InvalidRequest, message));
        }
        let size = record::encoded_size(payload.len());
        if self.end().offset + size as u64 > self.capacity {
            self.next_segment(size as u64)?;
        }
        self.buffer
            .try_reserve(size)
            .map_err(|_| Failure::new(Status::OutOfMemory, format!("no memory for a log record of {size} bytes")))?;
        let position = self.end();
        let record = Record { version, durable: self.durable.packed(), payload };
        record::encode(&mut self.buffer, position, &record);
        self.last_version = version;
        Ok(Position { offset: position.offset + record::HEADER_SIZE as u64, ..position })
    }

    /// Hands everything appended to the operating system: it survives the end of the process.
    pub fn write_out(&mut self) -> Result<(), Failure> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.write_ahead()?;
        self.file.write_at(&self.buffer, self.offset)?;
        self.offset += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Makes everything appended durable.
    pub fn sync(&mut self) -> Result<(), Failure> {
        self.write_out()?;
        if self.durable < self.end() {
            self.file.sync()?;
            self.durable = self.end();
        }
        Ok(())
    }

    /// Removes all segments below `first`, which must not be above the present one: nothing in them is needed any more.
    pub fn drop_before(&mut self, first: u64) -> Result<(), Failure> {
        let mut dropped = false;
        for name in self.disk.list()? {
            if segment::file_number(&name).is_some_and(|number| number < first.min(self.number)) {
                self.disk.remove(&name)?;
                dropped = true;
            }
        }
        if dropped {
            self.disk.sync_directory()?;
        }
        Ok(())
    }

    /// Makes sure that what is in the buffer, and some of what follows, goes where the file has blocks already. Zeros that
    /// do not survive a crash are not missed: they say no more than the end of the file.
    fn write_ahead(&mut self) -> Result<(), Failure> {
        let end = self.offset + self.buffer.len() as u64;
        if end <= self.ahead {
            return Ok(());
        }
        // What is written right away needs no zeros.
        let target = end.next_multiple_of(AHEAD_SIZE).min(self.capacity).max(end);
        let zeros = vec![0; usize::try_from(target - end).unwrap_or(0)];
        self.file.write_at(&zeros, end)?;
        self.ahead = target;
        Ok(())
    }

    /// Begins a segment with room for `record_size` bytes, after making the present one durable.
    fn next_segment(&mut self, record_size: u64) -> Result<(), Failure> {
        self.sync()?;
        let header = SegmentHeader { number: self.number + 1, follows: self.end() };
        self.file = create_segment(&self.disk, header)?;
        self.number = header.number;
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
