//! The log as the store of commits and of large values. Commits are written to it as records, and large values are read from it.
//! Its space becomes free when the live values of a segment have been moved to the end.

mod files;
mod moving;
mod space;

use xxhash_rust::xxh64::Xxh64;

pub use self::files::ValueStream;
pub(super) use self::moving::BYTES_A_STEP;

use self::files::ValueFiles;
use self::moving::Moves;
use self::space::Space;
use super::Options;
use super::payload::{self, Operation, VALUE_CHECKSUM_SIZE};
use crate::disk::Disk;
use crate::entry::{Entry, Value};
use crate::expiry::Expiry;
use crate::failure::{Failure, FailureKind};
use crate::index::Notes;
use crate::log::{
    LogWriter, PackedPosition, Position, Recovered, SegmentNumber, make_durable, segment, verify_segment,
};
use crate::number::u32_of;
use crate::version::Version;

/// Values above this size are read in pieces, if the caller can do so.
const STREAMED_SIZE: u32 = 1 << 20;

/// How a value log is opened.
pub(super) struct Settings {
    /// The owner that the headers of the segments name.
    pub owner: u32,
    /// The version of the last record.
    pub last_version: Version,
    /// The options of the database.
    pub options: Options,
}

/// The log, with the values that stay in it.
pub(super) struct ValueLog<D: Disk> {
    log: LogWriter<D>,
    files: ValueFiles<D::File>,
    notes: Notes,
    /// The newest segment that the index knows of.
    noted_segment: SegmentNumber,
    logged_size: usize,
    space: Space,
    moves: Moves,
}

/// A value that comes in pieces: the part that has come.
pub(super) struct LargeValue {
    position: Position,
    length: usize,
    hasher: Box<Xxh64>,
}

impl LargeValue {
    /// The length of the whole value in bytes.
    pub fn length(&self) -> usize {
        self.length
    }
}

impl<D: Disk> ValueLog<D> {
    /// Continues after what was recovered, and makes that durable, unless nothing may be written. Fails when the index knows of a
    /// newer segment.
    pub fn open(disk: D, recovered: &Recovered, notes: Notes, settings: &Settings) -> Result<Self, Failure> {
        let Settings { owner, last_version, options } = settings;
        let Options { segment_size, logged_size, read_only, .. } = *options;
        let noted_segment = notes.newest_segment(recovered.end.segment)?;
        if !read_only {
            make_durable(&disk, recovered)?;
        }
        let log = LogWriter::start(disk, recovered.end, *last_version, segment_size).owned_by(*owner);
        let (files, space) = (ValueFiles::owned_by(*owner), Space::new(segment_size));
        Ok(Self { log, files, notes, noted_segment, logged_size, space, moves: Moves::default() })
    }

    /// The disk.
    pub fn disk(&self) -> &D {
        self.log.disk()
    }

    /// The disk. What was not written out is lost, as in a crash.
    pub fn into_disk(self) -> D {
        self.log.into_disk()
    }

    // Records.

    /// The version of the last record.
    pub fn last_version(&self) -> Version {
        self.log.last_version()
    }

    /// Bytes of records that were appended since the log was opened.
    pub fn appended_bytes(&self) -> u64 {
        self.log.appended_bytes()
    }

    /// The bytes that an operation takes in a record.
    pub fn size_of(&self, operation: &Operation<'_>) -> usize {
        payload::operation_size(operation, self.logged_size)
    }

    /// The bytes of an operation that a memtable keeps.
    pub fn kept_size_of(&self, operation: &Operation<'_>) -> usize {
        operation.key.len() + operation.value.map_or(0, <[u8]>::len).min(self.logged_size)
    }

    /// Whether a value of this length stays in the log.
    pub fn keeps(&self, length: usize) -> bool {
        length >= self.logged_size
    }

    /// Appends a record.
    pub fn append(&mut self, version: Version, payload: &[u8]) -> Result<(), Failure> {
        self.log.append(version, payload)?;
        Ok(())
    }

    /// Begins a record with these bytes and `rest` more; returns the position of the first of these.
    pub fn begin(&mut self, version: Version, head: &[u8], rest: usize) -> Result<Position, Failure> {
        let mut position = self.log.begin(version, head.len() + rest)?;
        self.log.extend(head)?;
        position.offset += head.len() as u64;
        Ok(position)
    }

    /// Adds `prefix` and an operation to the record that was begun, at `position`. Returns the value as a memtable keeps it.
    pub fn add<'a>(
        &mut self,
        position: &mut Position,
        prefix: &[u8],
        operation: &Operation<'a>,
    ) -> Result<Value<'a>, Failure> {
        let head = payload::operation_head(operation, self.logged_size);
        if !prefix.is_empty() {
            self.log.extend(prefix)?;
        }
        self.log.extend(head.bytes())?;
        self.log.extend(operation.key)?;
        position.offset += (prefix.len() + head.bytes().len() + operation.key.len()) as u64;
        let Some(bytes) = operation.value else { return Ok(Value::Deleted) };
        let mut value = Value::Inline(bytes);
        self.log.extend(bytes)?;
        if head.is_logged {
            self.log.extend(&payload::value_checksum(bytes))?;
            value = Value::Logged { position: position.packed(), length: u32_of(bytes.len()) };
            position.offset += VALUE_CHECKSUM_SIZE as u64;
        }
        position.offset += bytes.len() as u64;
        Ok(value)
    }

    /// Ends the record that was begun. From here on it counts.
    pub fn finish(&mut self) -> Result<(), Failure> {
        self.log.finish()
    }

    /// Forgets the record that was begun, if there is one.
    pub fn abort(&mut self) {
        self.log.abort();
    }

    /// Begins a record that ends with a put whose value of `length` bytes comes in pieces, with `head` before it.
    pub fn begin_value(
        &mut self,
        version: Version,
        head: &[u8],
        (key, length, expires): (&[u8], usize, Option<Expiry>),
    ) -> Result<LargeValue, Failure> {
        let head = [head, payload::large_put_head(key, length, expires).bytes(), key].concat();
        let position = self.begin(version, &head, length + VALUE_CHECKSUM_SIZE)?;
        Ok(LargeValue { position, length, hasher: Box::new(Xxh64::new(0)) })
    }

    /// Adds a piece of the value.
    pub fn extend_value(&mut self, value: &mut LargeValue, bytes: &[u8]) -> Result<(), Failure> {
        value.hasher.update(bytes);
        self.log.extend(bytes)
    }

    /// Ends the value and its record. Returns the value as a memtable keeps it.
    pub fn finish_value(&mut self, value: &LargeValue) -> Result<Value<'static>, Failure> {
        self.log.extend(&value.hasher.digest().to_le_bytes())?;
        self.log.finish()?;
        Ok(Value::Logged { position: value.position.packed(), length: u32_of(value.length) })
    }

    // Durability.

    /// Hands all records to the operating system. Returns `false` if some wait for the sync of a segment.
    pub fn write_out(&mut self) -> Result<bool, Failure> {
        self.log.write_out()?;
        Ok(!self.log.is_waiting())
    }

    /// Hands all records to the operating system before it returns.
    pub fn write_out_now(&mut self) -> Result<(), Failure> {
        self.log.write_out_now()
    }

    /// Makes all records durable before it returns.
    pub fn sync(&mut self) -> Result<(), Failure> {
        self.log.sync()
    }

    /// Begins to make all records durable, see [`LogWriter::begin_sync`].
    pub fn begin_sync(&mut self) -> Result<bool, Failure> {
        self.log.begin_sync()
    }

    /// As [`LogWriter::begun_count`].
    pub fn begun_count(&self) -> u32 {
        self.log.begun_count()
    }

    /// As [`LogWriter::synced`].
    pub fn synced(&mut self, count: u32) -> Result<(), Failure> {
        self.log.synced(count)
    }

    /// The position of the next record.
    pub fn end(&self) -> Position {
        self.log.end()
    }

    /// Whether the log is durable up to here.
    pub fn is_durable(&self, end: Position) -> bool {
        self.log.durable() >= end
    }

    /// Makes the log durable up to here before it returns, unless it is.
    pub fn ensure_durable(&mut self, end: Position) -> Result<(), Failure> {
        if self.is_durable(end) { Ok(()) } else { self.sync() }
    }

    /// Whether records wait for the sync of the segment before them.
    pub fn is_waiting(&self) -> bool {
        self.log.is_waiting()
    }

    /// Ends the current segment, durably.
    pub fn end_segment(&mut self) -> Result<(), Failure> {
        self.log.end_segment()
    }

    /// Begins to make all records durable; returns the segment of the next record, which exists.
    pub fn begin_sync_segment(&mut self) -> Result<SegmentNumber, Failure> {
        let segment = self.log.ensure_segment()?;
        self.log.begin_sync()?;
        Ok(segment)
    }

    /// Whether the index does not have the newest durable segment yet.
    pub fn has_unnoted_segment(&self) -> bool {
        self.log.durable_segment() > self.noted_segment
    }

    /// Tells the index of the newest durable segment.
    pub fn note_newest_segment(&mut self) -> Result<(), Failure> {
        let newest = self.log.durable_segment();
        self.notes.write_newest_segment(newest)?;
        self.noted_segment = newest;
        Ok(())
    }

    // Values.

    /// Reads a value into `bytes` and checks it.
    pub fn read(&mut self, position: PackedPosition, length: u32, bytes: &mut Vec<u8>) -> Result<(), Failure> {
        self.files.read(&self.log, position, length, bytes)
    }

    /// As [`ValueLog::read`]. A value that is large enough to be read in pieces is not read but returned as a stream.
    pub fn read_or_stream(
        &mut self,
        position: PackedPosition,
        length: u32,
        bytes: &mut Vec<u8>,
    ) -> Result<Option<ValueStream>, Failure> {
        if length > STREAMED_SIZE {
            return Ok(Some(ValueStream::new(position, length)));
        }
        self.read(position, length, bytes)?;
        Ok(None)
    }

    /// Reads the next bytes of a large value, at most `size`, into `bytes`. Fails at its end when the value is damaged.
    pub fn read_part(&mut self, stream: &mut ValueStream, size: usize, bytes: &mut Vec<u8>) -> Result<(), Failure> {
        self.files.read_part(&self.log, stream, size, bytes)
    }

    /// The value of an entry, read into `logged` if it is in the log; `None` for a deleted one.
    pub fn value_of<'a>(
        &mut self,
        entry: &Entry<'a>,
        now_ms: u64,
        logged: &'a mut Vec<u8>,
    ) -> Result<Option<&'a [u8]>, Failure> {
        match entry.value {
            _ if entry.is_gone(now_ms) => Ok(None),
            Value::Deleted => Ok(None),
            Value::Inline(bytes) => Ok(Some(bytes)),
            Value::Logged { position, length } => {
                self.read(position, length, logged)?;
                Ok(Some(logged))
            }
        }
    }

    // Segments.

    /// The segments of the log, in order.
    pub fn segments(&self) -> Result<Vec<SegmentNumber>, Failure> {
        let mut numbers: Vec<SegmentNumber> =
            self.log.disk().list()?.iter().filter_map(|name| segment::file_number(name)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// The segments from `first` on that have records. A file after the newest segment is left over from a
    /// segment whose creation failed.
    pub fn segments_from(&self, first: SegmentNumber) -> Result<Vec<SegmentNumber>, Failure> {
        let newest = self.log.newest_segment();
        let mut segments = self.segments()?;
        segments.retain(|number| (first..=newest).contains(number));
        Ok(segments)
    }

    /// The size of a segment's file in bytes.
    pub fn file_size(&self, segment: SegmentNumber) -> Result<u64, Failure> {
        self.log.size_of(segment)
    }

    /// Bytes handed to the operating system, and how often they were synced.
    pub fn written(&self) -> (u64, u64) {
        (self.log.written_bytes(), self.log.syncs())
    }

    /// Reads the records of a segment as recovery would. Returns how many there are, or what is wrong.
    pub fn verify_segment(&self, number: SegmentNumber) -> Result<Result<u64, String>, Failure> {
        let present = self.log.end().segment;
        // A crash may leave a segment that was being created. It has no records.
        if number == present && !self.log.has_segment() {
            return Ok(Ok(0));
        }
        let end = if number == present { Some(self.log.written_end()) } else { None };
        match verify_segment(self.log.disk(), number, end, |record| payload::is_well_formed(record.payload)) {
            Ok(records) => Ok(Ok(records)),
            Err(failure) if failure.kind() == FailureKind::Corrupt => Ok(Err(failure.into_message())),
            Err(failure) => Err(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::OPTIONS;
    use super::{Settings, ValueLog};
    use crate::database::payload::{self, Operation};
    use crate::disk::{Disk, MemoryDisk};
    use crate::entry::Value;
    use crate::expiry::Expiry;
    use crate::failure::Failure;
    use crate::index::{Index, Notes};
    use crate::log::{PackedPosition, SegmentNumber, recover};
    use crate::table::LiveBytes;
    use crate::version::Version;

    fn open(disk: MemoryDisk, notes: Notes) -> Result<ValueLog<MemoryDisk>, String> {
        let recovered = recover(&disk, SegmentNumber::NONE, |_, _| Ok(())).unwrap();
        let settings = Settings { owner: 7, last_version: recovered.last_version, options: OPTIONS };
        ValueLog::open(disk, &recovered, notes, &settings).map_err(Failure::into_message)
    }

    /// Commits a put; returns where its value stands in the log, and how long it is.
    fn put(values: &mut ValueLog<MemoryDisk>, version: Version, value: &[u8]) -> (PackedPosition, u32) {
        let operation = Operation { key: b"key", value: Some(value), expires: None };
        let size = values.size_of(&operation);
        let mut position = values.begin(version, &payload::operations_head(), size).unwrap();
        let value = values.add(&mut position, &[], &operation).unwrap();
        values.finish().unwrap();
        let Value::Logged { position, length } = value else { panic!("{value:?} does not stay in the log") };
        (position, length)
    }

    fn read(values: &mut ValueLog<MemoryDisk>, (position, length): (PackedPosition, u32)) -> Vec<u8> {
        let mut bytes = Vec::new();
        values.read(position, length, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn large_values_stay_and_are_read_and_small_ones_do_not() {
        let mut values = open(MemoryDisk::default(), Index::in_memory().notes()).unwrap();
        let small = Operation { key: b"key", value: Some(&[1; 199]), expires: Expiry::of_number(5) };
        assert!(!values.keeps(199) && values.keeps(200));
        assert_eq!(values.kept_size_of(&small), 202);
        let mut position = values.begin(Version::of(1), &payload::operations_head(), values.size_of(&small)).unwrap();
        assert_eq!(values.add(&mut position, &[], &small).unwrap(), Value::Inline(&[1; 199]));
        values.finish().unwrap();
        let first = put(&mut values, Version::of(2), &[2; 300]);
        // Collected, written out, or in pieces.
        assert_eq!(read(&mut values, first), [2; 300]);
        values.sync().unwrap();
        assert_eq!(read(&mut values, first), [2; 300]);
        let mut value = values.begin_value(Version::of(3), &payload::operations_head(), (b"key", 250, None)).unwrap();
        values.extend_value(&mut value, &[3; 100]).unwrap();
        values.extend_value(&mut value, &[3; 150]).unwrap();
        let Value::Logged { position, length } = values.finish_value(&value).unwrap() else { panic!("inline") };
        assert_eq!(read(&mut values, (position, length)), [3; 250]);
        let aborted = values.begin_value(Version::of(4), &payload::operations_head(), (b"key", 250, None)).unwrap();
        assert_eq!(aborted.length(), 250);
        values.abort();
        let last = put(&mut values, Version::of(4), &[4; 300]);
        assert_eq!(read(&mut values, last), [4; 300]);
        assert_eq!(values.last_version(), Version::of(4));
    }

    #[test]
    fn a_segment_is_missed_once_it_was_noted() {
        let notes = Index::in_memory().notes();
        let mut values = open(MemoryDisk::default(), notes.clone()).unwrap();
        assert!(!values.has_unnoted_segment());
        put(&mut values, Version::of(1), &[1; 300]);
        values.sync().unwrap();
        assert!(values.has_unnoted_segment());
        values.note_newest_segment().unwrap();
        assert!(!values.has_unnoted_segment());
        let disk = values.into_disk();
        disk.remove("0000000001.luge").unwrap();
        assert!(open(disk, notes).err().unwrap().contains("the segment is missing"));
    }

    #[test]
    fn what_lives_is_moved_and_what_is_dead_removed() {
        let mut values = open(MemoryDisk::default(), Index::in_memory().notes()).unwrap();
        let places: Vec<(PackedPosition, u32)> =
            (1..=40).map(|i| put(&mut values, Version::of(i), &[crate::number::low_byte(i); 300])).collect();
        let present = values.begin_sync_segment().unwrap();
        let numbered = |numbers: std::ops::RangeInclusive<u64>| numbers.map(SegmentNumber::of).collect::<Vec<_>>();
        assert_eq!(values.segments().unwrap(), numbered(1..=present.get()));
        // Of the first segment one value lives, of the others none.
        let live: LiveBytes = [(1, 300)].into_iter().collect();
        assert!(values.find_dead(present, &live).unwrap());
        assert_eq!(values.space.dead(), numbered(2..=present.previous().get()));
        while values.remove_dead().unwrap() {}
        assert_eq!(values.segments().unwrap(), [SegmentNumber::FIRST, present]);
        // Too little is dead to begin by itself.
        values.begin_moving(&live);
        assert!(!values.is_moving());
        values.begin_moving_below(80, &live);
        assert!(values.is_moving());
        let leads_to =
            |key: &[u8], version, position| Ok(key == b"key" && version == Version::of(3) && position == places[2].0);
        values.move_some(Version::of(40), &leads_to).unwrap();
        let moved = values.take_moved().unwrap().unwrap();
        assert_eq!((moved.bytes, moved.emptied, moved.relocations.len()), (300, Some(SegmentNumber::FIRST), 1));
        let relocation = &moved.relocations[0];
        assert_eq!((relocation.version, relocation.from), (Version::of(3), places[2].0));
        assert_eq!(read(&mut values, (relocation.to, 300)), [3; 300]);
        values.move_some(Version::of(40), &leads_to).unwrap();
        assert!(!values.is_moving() && values.take_moved().unwrap().is_none());
        assert!(values.find_dead(present, &LiveBytes::default()).unwrap());
        assert_eq!(values.space.dead(), [SegmentNumber::FIRST]);
        while values.remove_dead().unwrap() {}
        assert!(!values.has_dead() && !values.find_dead(present, &LiveBytes::default()).unwrap());
        assert_eq!(values.verify_segment(present).unwrap(), Ok(values_of(present, 40, &places) + 1));
    }

    /// How many of the records are in a segment.
    fn values_of(segment: SegmentNumber, count: usize, places: &[(PackedPosition, u32)]) -> u64 {
        let inside = |place: &&(PackedPosition, u32)| crate::log::Position::unpacked(place.0).segment == segment;
        places.iter().take(count).filter(inside).count() as u64
    }
}
