//! Appends to the log.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use super::record::{self, RecordHasher};
use super::segment::{self, FORMAT_VERSION, HEADER_SIZE, LOG_FORMAT_VERSION, SegmentHeader};
use crate::disk::{Disk, DiskFile};
use crate::failure::{Failure, FailureKind};
use crate::position::{Position, SegmentNumber};
use crate::version::Version;

/// Files are extended with zeros in pieces of this size. So the sync of a record that fits needs no commit of the file
/// system's journal, and a short log takes little space.
const AHEAD_SIZE: u64 = 256 * 1024;
/// Above this many collected bytes, the writer writes them to the operating system without being asked.
const BUFFER_SIZE: usize = 256 * 1024;
/// A record with a longer payload is written as its bytes come, and never collected completely. Its smaller pieces are
/// joined to writes of up to this many bytes.
const DIRECT_SIZE: usize = 128 * 1024;
/// At most this many bytes are collected while the sync of the segment before goes on. Then that sync blocks.
const WAITING_SIZE: usize = 4 * 1024 * 1024;
/// The longest payload of a record: its length is a `u32`.
pub const MAX_PAYLOAD_SIZE: usize = 1 << 30;

/// The end of a log. Records are collected in memory. [`LogWriter::write_out`] writes them to the operating system,
/// [`LogWriter::sync`] makes them durable, and [`LogWriter::begin_sync`] begins that: then [`LogWriter::synced`] tells
/// when it is done. After an error of the disk the writer must not be used again: it is
/// not known which bytes arrived.
pub struct LogWriter<D: Disk> {
    disk: D,
    owner: u32,
    /// The format of the segments.
    format: u8,
    segment_size: u64,
    /// Whether files are extended with zeros ahead of the records.
    writes_ahead: bool,
    /// The present segment; `None` before the first record, and while `ending` is there.
    file: Option<D::File>,
    /// The segment before, while its sync goes on. The present one is created when that is durable.
    ending: Option<D::File>,
    number: SegmentNumber,
    /// The highest number of a segment that was created for another writer.
    aside: SegmentNumber,
    /// Segments that another writer created for this one. With `Some`, this writer creates none itself.
    lent: Option<VecDeque<SegmentNumber>>,
    /// The end of the log before the present segment.
    follows: Position,
    /// The offset of the bytes in `buffer`.
    offset: u64,
    /// The largest size of the segment.
    capacity: u64,
    /// The size of the file, with the zeros at its end.
    ahead: u64,
    durable: Position,
    /// The begun syncs make the log durable up to here.
    begun: Position,
    /// The same for each of the begun syncs of which nobody told that it is done, the oldest first.
    awaited: Vec<Position>,
    /// How many syncs were ever begun. It wraps.
    begun_count: u32,
    last_version: Version,
    buffer: Vec<u8>,
    record: Option<OpenRecord>,
    /// The last bytes of a record that is written as it comes.
    joined: Vec<u8>,
    /// How many bytes have been written to the operating system.
    written_bytes: u64,
    /// How many bytes the records have.
    appended_bytes: u64,
    /// How often the log was synced.
    syncs: u64,
    /// The known sizes of finished segments.
    sizes: RefCell<BTreeMap<SegmentNumber, u64>>,
}

/// A record that is being written.
struct OpenRecord {
    position: Position,
    version: Version,
    length: usize,
    written: usize,
    /// The state of the checksum, for a record that is written as its bytes come.
    direct: Option<RecordHasher>,
}

impl OpenRecord {
    /// The offset of the next bytes of the payload.
    fn end(&self) -> u64 {
        self.position.offset + (record::HEADER_SIZE + self.written) as u64
    }
}

impl<D: Disk> LogWriter<D> {
    /// Continues a log after `end`, the end that [`recover`](super::recover) found (`Position::default()` for a new
    /// log). The first record creates a new segment. `last_version` is the version of the last record. A segment has at
    /// most `segment_size` bytes, unless one record is larger.
    pub fn start(disk: D, end: Position, last_version: Version, segment_size: u64) -> Self {
        let number = end.segment.next();
        let offset = HEADER_SIZE as u64;
        Self {
            disk,
            owner: 0,
            format: FORMAT_VERSION,
            segment_size,
            writes_ahead: true,
            file: None,
            ending: None,
            number,
            aside: SegmentNumber::NONE,
            lent: None,
            follows: end,
            offset,
            capacity: segment_size,
            ahead: offset,
            durable: Position { segment: number, offset },
            begun: Position::default(),
            awaited: Vec::new(),
            begun_count: 0,
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

    /// For a log that gets large writes: its files are not extended with zeros.
    #[must_use]
    pub fn in_bulk(self) -> Self {
        Self { writes_ahead: false, ..self }
    }

    /// For the log of commits.
    #[must_use]
    pub fn of_commits(self) -> Self {
        Self { format: LOG_FORMAT_VERSION, ..self }
    }

    /// For a log whose segments have an owner.
    #[must_use]
    pub fn owned_by(self, owner: u32) -> Self {
        Self { owner, ..self }
    }

    /// The version of the last record.
    pub fn last_version(&self) -> Version {
        self.last_version
    }

    /// The disk that it writes to.
    pub fn disk(&self) -> &D {
        &self.disk
    }

    /// The disk that it wrote to. Bytes that were not written out are lost, as in a crash.
    pub fn into_disk(self) -> D {
        self.disk
    }

    /// The position up to which the log is durable.
    pub fn durable(&self) -> Position {
        self.durable
    }

    /// Whether records wait for the sync of the segment before them.
    pub fn is_waiting(&self) -> bool {
        self.ending.is_some()
    }

    /// How many bytes have been written to the operating system.
    pub fn written_bytes(&self) -> u64 {
        self.written_bytes
    }

    /// How many bytes the records have, collected or written.
    pub fn appended_bytes(&self) -> u64 {
        self.appended_bytes
    }

    /// How often the log was synced.
    pub fn syncs(&self) -> u64 {
        self.syncs
    }

    /// The position of the next record, unless it needs a new segment.
    pub fn end(&self) -> Position {
        Position { segment: self.number, offset: self.offset + self.buffer.len() as u64 }
    }

    /// The newest segment that exists.
    pub fn newest_segment(&self) -> SegmentNumber {
        if self.file.is_some() { self.number } else { self.number.previous() }
    }

    /// The newest segment that is durable with its header.
    pub fn durable_segment(&self) -> SegmentNumber {
        self.newest_segment().min(self.durable.segment)
    }

    /// The end of what the operating system has of the log.
    pub fn written_end(&self) -> Position {
        Position { segment: self.number, offset: self.offset }
    }

    /// Appends a commit. Returns the position of its payload. `version` must not be below the version of the record
    /// before.
    pub fn append(&mut self, version: Version, payload: &[u8]) -> Result<Position, Failure> {
        let position = self.begin(version, payload.len())?;
        self.extend(payload)?;
        self.finish()?;
        Ok(position)
    }

    /// Begins a record with a payload of `length` bytes. The caller passes them to [`LogWriter::extend`]. Returns the
    /// position of the payload. `version` must not be below the version of the record before. Only a record that is no
    /// commit may repeat it.
    pub fn begin(&mut self, version: Version, length: usize) -> Result<Position, Failure> {
        if length > MAX_PAYLOAD_SIZE {
            return Err(Failure::new(FailureKind::OutOfMemory, format!("a commit of {length} bytes is too large")));
        }
        if version == Version::NONE || version < self.last_version || self.record.is_some() {
            let message = format!("version {version} does not follow version {}", self.last_version);
            return Err(Failure::new(FailureKind::InvalidRequest, message));
        }
        let size = record::encoded_size(length);
        if (self.file.is_none() && !self.is_waiting()) || self.end().offset + size as u64 > self.capacity {
            self.next_segment(size as u64)?;
        }
        if self.is_waiting() && self.buffer.len() + size > WAITING_SIZE {
            self.create_waiting()?;
        }
        // There is no file to write it to while the segment waits.
        let direct = length > DIRECT_SIZE && !self.is_waiting();
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

    /// Adds bytes to the payload of the begun record.
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

    /// Ends the begun record. From here on it counts.
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

    /// Discards the begun record, as if it had never been begun.
    pub fn abort(&mut self) {
        let Some(open) = self.record.take() else { return };
        if open.direct.is_none() {
            let start = usize::try_from(open.position.offset - self.offset).unwrap_or(0);
            self.buffer.truncate(start);
        } else {
            self.joined.clear();
            // Its bytes may look like records, so nothing may ever be appended in this segment.
            self.capacity = self.offset;
        }
    }

    /// Ends the present segment durably. The next record begins another segment.
    pub fn end_segment(&mut self) -> Result<(), Failure> {
        self.sync()?;
        if self.file.take().is_some() {
            self.leave_segment();
            self.durable = self.end();
        }
        Ok(())
    }

    /// The next record is the first one of the next segment.
    fn leave_segment(&mut self) {
        self.follows = self.end();
        self.begin_at(self.number.max(self.aside).next());
    }

    /// The next record goes to the start of this segment, which has no file yet.
    fn begin_at(&mut self, number: SegmentNumber) {
        self.number = number;
        self.offset = HEADER_SIZE as u64;
        self.capacity = self.segment_size;
        self.ahead = self.offset;
    }

    /// Creates a segment for another writer. Its records are no part of this log, and this log never uses its number. The log must be in bulk.
    pub fn create_aside(&mut self) -> Result<SegmentNumber, Failure> {
        let number = self.newest_segment().max(self.aside).next();
        let header = SegmentHeader { number, follows: Position::default(), owner: self.owner, format: self.format };
        create_segment(&self.disk, header)?.sync()?;
        self.disk.sync_directory()?;
        self.aside = number;
        if self.file.is_none() {
            self.begin_at(number.next());
            self.durable = self.end();
        }
        Ok(number)
    }

    /// Writes to segments that another writer created from now on. Continues with the present one if it is among them,
    /// and then takes the others in order.
    pub fn take_lent(&mut self, segments: &[SegmentNumber]) {
        let mut lent: VecDeque<SegmentNumber> = segments.iter().copied().collect();
        if self.file.is_some() && lent.contains(&self.number) {
            lent.retain(|number| *number > self.number);
        } else {
            self.file = None;
            self.buffer.clear();
        }
        self.lent = Some(lent);
    }

    /// Begins the next segment that another writer created, if this log has such. Returns whether it has.
    fn next_lent(&mut self, record_size: u64) -> Result<bool, Failure> {
        let Some(lent) = &mut self.lent else { return Ok(false) };
        let full = || Failure::new(FailureKind::InvalidRequest, "the segments for this job are full");
        let number = lent.pop_front().ok_or_else(full)?;
        let file = open_lent(&self.disk, number, self.owner)?;
        // A worker before may have written there.
        let written = file.size()?.next_multiple_of(record::ALIGNMENT as u64);
        self.file = Some(file);
        self.begin_at(number);
        (self.offset, self.ahead) = (written, written);
        self.durable = self.end();
        self.begun = self.durable;
        self.capacity = self.segment_size.max(written + record_size);
        Ok(true)
    }

    /// Whether there is a file for the next record.
    pub fn has_segment(&self) -> bool {
        self.file.is_some()
    }

    /// Creates the present segment unless it exists. Returns its number.
    pub fn ensure_segment(&mut self) -> Result<SegmentNumber, Failure> {
        self.create_waiting()?;
        if self.file.is_none() {
            self.next_segment(0)?;
        }
        Ok(self.number)
    }

    /// Writes everything appended to the operating system, unless it waits for the segment before. It then survives the
    /// end of the process.
    pub fn write_out(&mut self) -> Result<(), Failure> {
        self.create_if_durable()?;
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

    /// As [`LogWriter::write_out`], but nothing waits.
    pub fn write_out_now(&mut self) -> Result<(), Failure> {
        self.create_waiting()?;
        self.write_out()
    }

    /// Makes everything appended durable before it returns.
    pub fn sync(&mut self) -> Result<(), Failure> {
        self.create_waiting()?;
        self.begin_sync()?;
        if self.durable < self.end() {
            self.finish_syncs()?;
        }
        Ok(())
    }

    /// Begins to make everything appended durable. Returns `false` if some of it waits for the segment before.
    pub fn begin_sync(&mut self) -> Result<bool, Failure> {
        let small = self.writes_ahead && self.buffer.len() as u64 <= AHEAD_SIZE / 4;
        self.write_out()?;
        if small {
            self.write_ahead()?;
        }
        if self.begun.max(self.durable) < self.end() && self.file.is_some() {
            self.syncs += 1;
            self.begin_file_sync()?;
        }
        Ok(!self.is_waiting())
    }

    /// How many syncs were begun, for [`LogWriter::synced`]. It wraps.
    pub fn begun_count(&self) -> u32 {
        self.begun_count
    }

    /// Notes that the first `count` of all syncs that were ever begun are done.
    pub fn synced(&mut self, count: u32) -> Result<(), Failure> {
        let left = self.begun_count.wrapping_sub(count) as usize;
        for end in self.awaited.drain(..self.awaited.len().saturating_sub(left)) {
            self.durable = self.durable.max(end);
        }
        if self.record.is_none() { self.create_if_durable() } else { Ok(()) }
    }

    fn begin_file_sync(&mut self) -> Result<(), Failure> {
        let end = self.written_end();
        let Some(file) = &mut self.file else { return Ok(()) };
        // What relies on a log in bulk waits for its syncs anyway.
        let is_done = if self.writes_ahead { file.begin_sync()? } else { file.sync().map(|()| true)? };
        self.begun = end;
        if is_done {
            self.durable = end;
        } else {
            self.awaited.push(end);
            self.begun_count = self.begun_count.wrapping_add(1);
        }
        Ok(())
    }

    /// Completes the begun syncs.
    fn finish_syncs(&mut self) -> Result<(), Failure> {
        self.disk.finish_syncs()?;
        self.durable = self.durable.max(self.begun);
        Ok(())
    }

    /// Reads bytes of the present segment that are still in memory. `false` if they are written out, or in another
    /// segment.
    pub fn read_collected(&self, position: Position, bytes: &mut [u8]) -> bool {
        let start = position.offset.checked_sub(self.offset).filter(|_| position.segment == self.number);
        let start = start.and_then(|start| usize::try_from(start).ok());
        let found = start.and_then(|start| self.buffer.get(start..start.checked_add(bytes.len())?));
        if let Some(found) = found {
            bytes.copy_from_slice(found);
        }
        found.is_some()
    }

    /// Removes a segment that is not needed any more, and is not the present one. The removal is durable after
    /// [`Disk::sync_directory`].
    pub fn remove_segment(&self, number: SegmentNumber) -> Result<(), Failure> {
        debug_assert!(number != self.number, "the present segment is needed");
        self.sizes.borrow_mut().remove(&number);
        self.disk.remove(&segment::file_name(number))?;
        Ok(())
    }

    /// The size of a segment's file in bytes. Opens each file at most once, because finished segments do not change.
    pub fn size_of(&self, number: SegmentNumber) -> Result<u64, Failure> {
        if let Some(file) = self.file.as_ref().filter(|_| number == self.number) {
            return Ok(file.size()?);
        }
        if let Some(size) = self.sizes.borrow().get(&number) {
            return Ok(*size);
        }
        let size = self.size_now(number)?;
        self.sizes.borrow_mut().insert(number, size);
        Ok(size)
    }

    /// The present size of a segment's file in bytes.
    pub fn size_now(&self, number: SegmentNumber) -> Result<u64, Failure> {
        Ok(self.disk.open(&segment::file_name(number))?.size()?)
    }

    fn reserve(&mut self, size: usize) -> Result<(), Failure> {
        self.buffer.try_reserve(size).map_err(|_| Failure::out_of_memory("for a log record", size))
    }

    /// Writes bytes of a record that is written as it comes. They belong at offset `end`. Small pieces are joined
    /// first.
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

    /// Writes the joined pieces. They end at `end`.
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

    /// Writes the header last: without it there is no record.
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

    /// Writes zeros after the last record, so that the next records overwrite blocks that the file has already. A crash
    /// may lose the zeros, but they mean the same as the end of the file.
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

    /// Begins to make the present segment durable, and begins one with room for `record_size` bytes.
    fn next_segment(&mut self, record_size: u64) -> Result<(), Failure> {
        self.create_waiting()?;
        if self.file.is_some() {
            self.write_out()?;
            if self.begun.max(self.durable) < self.end() {
                self.syncs += 1;
                self.begin_file_sync()?;
            }
            let is_durable = self.durable >= self.end();
            self.ending = self.file.take().filter(|_| !is_durable);
            self.leave_segment();
        }
        if self.next_lent(record_size)? {
            return Ok(());
        }
        self.capacity = self.segment_size.max(HEADER_SIZE as u64 + record_size);
        if self.is_waiting() { Ok(()) } else { self.create() }
    }

    /// Creates the present segment, if it waits for the one before and that is durable. Writes what was collected.
    fn create_if_durable(&mut self) -> Result<(), Failure> {
        if self.is_waiting() && self.durable >= self.follows {
            self.ending = None;
            self.create()?;
            self.write_out()?;
        }
        Ok(())
    }

    /// As [`LogWriter::create_if_durable`]. Makes the segment before durable first.
    fn create_waiting(&mut self) -> Result<(), Failure> {
        if self.is_waiting() {
            self.finish_syncs()?;
        }
        self.create_if_durable()
    }

    fn create(&mut self) -> Result<(), Failure> {
        let header =
            SegmentHeader { number: self.number, follows: self.follows, owner: self.owner, format: self.format };
        // It is not durable yet. No record in it may say so.
        self.durable = self.follows;
        self.file = Some(create_segment(&self.disk, header)?);
        self.begin_file_sync()?;
        self.disk.sync_directory()?;
        Ok(())
    }
}

/// Creates the file of a segment, with its header.
fn create_segment<D: Disk>(disk: &D, header: SegmentHeader) -> Result<D::File, Failure> {
    let name = segment::file_name(header.number);
    // A file with this number can only be a leftover of a crash: its header was never durable.
    if disk.list()?.contains(&name) {
        disk.remove(&name)?;
    }
    let mut file = disk.create(&name)?;
    file.write_at(&segment::encode(&header), 0)?;
    Ok(file)
}

/// Opens a segment that was created for this writer. Another store's may be at its path by now.
fn open_lent<D: Disk>(disk: &D, number: SegmentNumber, owner: u32) -> Result<D::File, Failure> {
    let name = segment::file_name(number);
    let mut file = disk.open(&name)?;
    let mut header = [0; HEADER_SIZE];
    let count = file.read_at(&mut header, 0)?;
    match segment::decode(header.get(..count).unwrap_or_default()) {
        segment::HeaderState::Valid(header) if header.owner == owner && header.number == number => Ok(file),
        _ => Err(Failure::new(FailureKind::Corrupt, format!("the file {name} is not the segment that was lent"))),
    }
}
