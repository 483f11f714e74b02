//! The log as the store of commits and of large values. Commits are written to it as records, and large values are read from it.
//! Its space becomes free when the live values of a segment have been moved to the end.

mod files;
mod moving;
mod space;

use xxhash_rust::xxh64::Xxh64;

pub use self::files::ValueStream;
pub(super) use self::moving::{BYTES_A_STEP, Moved};

use self::files::ValueFiles;
use self::moving::Moves;
use self::space::Space;
use super::Options;
use super::payload::{self, Operation, VALUE_CHECKSUM_SIZE};
use crate::compression::{Packer, Sizes};
use crate::disk::Disk;
use crate::entry::{Entry, LoggedLength, Value};
use crate::expiry::Expiry;
use crate::failure::{Failure, FailureKind};
use crate::index::Notes;
use crate::log::{
    LogWriter, PackedPosition, Position, Recovered, SegmentNumber, make_durable, segment, verify_segment,
};
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
    /// Packs the values that stay in the log, as the setting says.
    packer: Packer,
}

/// What must be known before the operations of a record are added.
pub(super) struct Prepared {
    /// The bytes that the operations take in the record.
    pub size: usize,
    /// With compression: for each value that stays in the log its packed bytes; `None` for one that is stored as it is.
    packed: std::vec::IntoIter<Option<Vec<u8>>>,
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
        let Options { segment_size, logged_size, read_only, compression, .. } = *options;
        let noted_segment = notes.newest_segment(recovered.end.segment)?;
        if !read_only {
            make_durable(&disk, recovered.end.segment)?;
        }
        let log = LogWriter::start(disk, recovered.end, *last_version, segment_size).of_commits().owned_by(*owner);
        let (files, space) = (ValueFiles::owned_by(*owner), Space::new(segment_size));
        let (moves, packer) = (Moves::default(), Packer::new(compression));
        Ok(Self { log, files, notes, noted_segment, logged_size, space, moves, packer })
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

    /// Packs the values of operations that stay in the log, and counts the bytes of all operations. They must then be added in this
    /// order.
    pub fn prepare<'o>(&mut self, operations: impl Iterator<Item = &'o Operation<'o>>) -> Prepared {
        let (mut size, mut packed) = (0, Vec::new());
        for operation in operations {
            let large = operation.value.filter(|value| self.packs(value.len()));
            let own = large.and_then(|value| self.pack(value));
            let (head, value) = self.stored(operation, own.as_deref());
            size += payload::operation_size(&head, operation.key, value);
            if large.is_some() {
                packed.push(own);
            }
        }
        Prepared { size, packed: packed.into_iter() }
    }

    /// Whether a value of this length may be packed.
    fn packs(&self, length: usize) -> bool {
        self.packer.is_on() && self.keeps(length)
    }

    /// The packed bytes of a value that stays in the log; `None` where it is to be stored as it is.
    fn pack(&mut self, value: &[u8]) -> Option<Vec<u8>> {
        let packed = self.packer.pack(value)?;
        let mut own = Vec::new();
        own.try_reserve_exact(packed.len()).ok()?;
        own.extend_from_slice(packed);
        Some(own)
    }

    /// The head of an operation, and its value as it is stored.
    fn stored<'v>(&self, operation: &Operation<'v>, packed: Option<&'v [u8]>) -> (payload::Head, Option<&'v [u8]>) {
        match packed {
            Some(packed) => (payload::packed_head(operation.key, packed.len(), operation.expires), Some(packed)),
            None => (payload::operation_head(operation, self.logged_size), operation.value),
        }
    }

    /// The bytes of an operation that a memtable keeps.
    pub fn kept_size_of(&self, operation: &Operation<'_>) -> usize {
        operation.key.len() + operation.value.map_or(0, <[u8]>::len).min(self.logged_size)
    }

    /// Whether a value of this length stays in the log.
    pub fn keeps(&self, length: usize) -> bool {
        length >= self.logged_size
    }

    /// Appends a record whose payload is there as a whole. [`ValueLog::begin`] is for those that come in parts: commits, and the entries
    /// of a restore.
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
        prepared: &mut Prepared,
    ) -> Result<Value<'a>, Failure> {
        let large = operation.value.filter(|value| self.packs(value.len()));
        let packed = large.and_then(|_| prepared.packed.next().flatten());
        let (head, stored) = self.stored(operation, packed.as_deref());
        if !prefix.is_empty() {
            self.log.extend(prefix)?;
        }
        self.log.extend(head.bytes())?;
        self.log.extend(operation.key)?;
        position.offset += (prefix.len() + head.bytes().len() + operation.key.len()) as u64;
        let (Some(bytes), Some(stored)) = (operation.value, stored) else { return Ok(Value::Deleted) };
        let mut value = Value::Inline(bytes);
        self.log.extend(stored)?;
        if head.is_logged {
            self.log.extend(&payload::value_checksum(stored))?;
            value = Value::Logged { position: position.packed(), length: length_of(stored, packed.is_some())? };
            position.offset += VALUE_CHECKSUM_SIZE as u64;
        }
        position.offset += stored.len() as u64;
        Ok(value)
    }

    /// As [`ValueLog::add`], for an encoded operand.
    pub fn add_operand(
        &mut self,
        position: &mut Position,
        (key, operand, expires): (&[u8], &[u8], Option<Expiry>),
    ) -> Result<(), Failure> {
        let head = payload::operand_head(key, operand, expires);
        for part in [head.bytes(), key, operand] {
            self.log.extend(part)?;
            position.offset += part.len() as u64;
        }
        Ok(())
    }

    /// Appends a value of this version of a key to the log again, whole, as [`ValueLog::move_some`] does. `newest` is the
    /// version of the newest commit.
    pub fn append_value(
        &mut self,
        (key, version): (&[u8], Version),
        value: &[u8],
        newest: Version,
    ) -> Result<(PackedPosition, LoggedLength), Failure> {
        let packed = self.pack(value);
        let (stored, length) = stored_of(value, packed.as_deref())?;
        let head = payload::moved_head(key, version, length);
        let record_version = self.log.last_version().max(newest);
        let position = self.begin(record_version, &head, stored.len() + VALUE_CHECKSUM_SIZE)?;
        self.log.extend(stored)?;
        self.log.extend(&payload::value_checksum(stored))?;
        self.log.finish()?;
        Ok((position.packed(), length))
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
        let length = LoggedLength::plain(value.length).ok_or_else(too_long)?;
        Ok(Value::Logged { position: value.position.packed(), length })
    }

    /// How much was packed, of the values that were put or moved since the log was opened.
    pub fn packed_sizes(&self) -> Sizes {
        self.packer.sizes()
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
    pub fn read(&mut self, position: PackedPosition, length: LoggedLength, bytes: &mut Vec<u8>) -> Result<(), Failure> {
        self.files.read(&self.log, position, length, bytes)
    }

    /// The length of a value. That of a compressed one is read from the log: the value is read and checked afterwards.
    pub fn length_of(&mut self, position: PackedPosition, length: LoggedLength) -> Result<usize, Failure> {
        if length.is_compressed() {
            self.files.packed_length(&self.log, position, length)
        } else {
            Ok(length.stored() as usize)
        }
    }

    /// As [`ValueLog::read`]. A value that is large enough to be read in pieces is not read but returned as a stream.
    pub fn read_or_stream(
        &mut self,
        position: PackedPosition,
        length: LoggedLength,
        bytes: &mut Vec<u8>,
    ) -> Result<Option<ValueStream>, Failure> {
        // No packed value is that large.
        if length.stored() > STREAMED_SIZE && !length.is_compressed() {
            return Ok(Some(ValueStream::new(position, length.stored())));
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
            // Callers fold operands before.
            Value::Inline(bytes) | Value::Operand(bytes) => Ok(Some(bytes)),
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

/// The bytes of a value as they are stored, and their length.
fn stored_of<'v>(value: &'v [u8], packed: Option<&'v [u8]>) -> Result<(&'v [u8], LoggedLength), Failure> {
    let stored = packed.unwrap_or(value);
    Ok((stored, length_of(stored, packed.is_some())?))
}

fn length_of(stored: &[u8], is_packed: bool) -> Result<LoggedLength, Failure> {
    let length = if is_packed { LoggedLength::compressed(stored.len()) } else { LoggedLength::plain(stored.len()) };
    length.ok_or_else(too_long)
}

/// No record is that long.
fn too_long() -> Failure {
    Failure::new(FailureKind::OutOfMemory, "a value is too long for the log")
}

#[cfg(test)]
mod tests {
    use super::super::testing::OPTIONS;
    use super::{Options, Settings, Sizes, ValueLog};
    use crate::compression::Compression;
    use crate::database::payload::{self, Operation};
    use crate::disk::{Disk, DiskFile, MemoryDisk};
    use crate::entry::{LoggedLength, Value};
    use crate::expiry::Expiry;
    use crate::failure::Failure;
    use crate::index::{Index, Notes};
    use crate::log::{PackedPosition, SegmentNumber, recover};
    use crate::table::LiveBytes;
    use crate::version::Version;

    fn open(disk: MemoryDisk, notes: Notes) -> Result<ValueLog<MemoryDisk>, String> {
        open_with(Compression::None, disk, notes)
    }

    fn open_with(compression: Compression, disk: MemoryDisk, notes: Notes) -> Result<ValueLog<MemoryDisk>, String> {
        let recovered = recover(&disk, SegmentNumber::NONE, |_, _| Ok(())).unwrap();
        let settings =
            Settings { owner: 7, last_version: recovered.last_version, options: Options { compression, ..OPTIONS } };
        ValueLog::open(disk, &recovered, notes, &settings).map_err(Failure::into_message)
    }

    /// Commits a put; returns where its value stands in the log, and how long it is.
    fn put(values: &mut ValueLog<MemoryDisk>, version: Version, value: &[u8]) -> (PackedPosition, LoggedLength) {
        let operation = Operation { key: b"key", value: Some(value), expires: None };
        let mut prepared = values.prepare([operation].iter());
        let mut position = values.begin(version, &payload::operations_head(), prepared.size).unwrap();
        let value = values.add(&mut position, &[], &operation, &mut prepared).unwrap();
        values.finish().unwrap();
        let Value::Logged { position, length } = value else { panic!("{value:?} does not stay in the log") };
        (position, length)
    }

    fn read(values: &mut ValueLog<MemoryDisk>, (position, length): (PackedPosition, LoggedLength)) -> Vec<u8> {
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
        let mut prepared = values.prepare([small].iter());
        let mut position = values.begin(Version::of(1), &payload::operations_head(), prepared.size).unwrap();
        assert_eq!(values.add(&mut position, &[], &small, &mut prepared).unwrap(), Value::Inline(&[1; 199]));
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
    fn values_are_packed_read_and_moved_with_any_setting() {
        let text = b"What repeats is packed. ".repeat(20);
        let noise: Vec<u8> =
            (0..300_u64).map(|i| crate::number::low_byte(xxhash_rust::xxh64::xxh64(&i.to_le_bytes(), 0))).collect();
        let mut disk = MemoryDisk::default();
        let mut places = Vec::new();
        let mut version = Version::NONE;
        for compression in [Compression::Lz4, Compression::None, Compression::Lz4] {
            let is_on = compression == Compression::Lz4;
            let mut values = open_with(compression, disk, Index::in_memory().notes()).unwrap();
            for (value, is_packed) in [(&text, is_on), (&noise, false)] {
                version = version.next();
                let place = put(&mut values, version, value);
                assert_eq!(
                    (place.1.is_compressed(), (place.1.stored() as usize) < value.len()),
                    (is_packed, is_packed)
                );
                places.push((version, place, value.clone()));
            }
            let stored: u64 = places.iter().rev().take(2).map(|(_, (_, length), _)| u64::from(length.stored())).sum();
            let sizes = Sizes { plain: (text.len() + noise.len()) as u64, stored };
            assert_eq!(values.packed_sizes(), if is_on { sizes } else { Sizes::default() });
            for (_, place, value) in &places {
                assert_eq!(&read(&mut values, *place), value);
                assert_eq!(values.length_of(place.0, place.1).unwrap(), value.len());
            }
            // All of the first segment are moved: packed if the setting says so.
            let first = places[0].1.0;
            let segment = crate::log::Position::unpacked(first).segment;
            let present = values.begin_sync_segment().unwrap();
            values.end_segment().unwrap();
            let live: LiveBytes = [(segment.get(), 1)].into_iter().collect();
            values.find_dead(present.next(), &live).unwrap();
            values.begin_moving_below(100, &live);
            let leads_to = |_: &[u8], of, position| {
                Ok(places.iter().any(|(version, place, _)| (*version, place.0) == (of, position)))
            };
            values.move_some(version, &leads_to).unwrap();
            let moved = values.take_moved().unwrap().unwrap();
            assert!(!moved.relocations.is_empty());
            for relocation in moved.relocations {
                let (_, place, value) = places.iter_mut().find(|(_, place, _)| place.0 == relocation.from).unwrap();
                assert_eq!(relocation.length.is_compressed(), is_on && *value == text);
                *place = (relocation.to, relocation.length);
                assert_eq!(&read(&mut values, *place), value);
            }
            values.sync().unwrap();
            disk = values.into_disk();
        }
    }

    #[test]
    fn each_damage_of_a_packed_value_is_found() {
        let text = b"What repeats is packed. ".repeat(20);
        let mut values = open_with(Compression::Lz4, MemoryDisk::default(), Index::in_memory().notes()).unwrap();
        let place = put(&mut values, Version::of(1), &text);
        values.sync().unwrap();
        let at = crate::log::Position::unpacked(place.0);
        let mut file = values.log.disk().open(&crate::log::segment::file_name(at.segment)).unwrap();
        let mut bytes = vec![0; place.1.stored() as usize + 8];
        file.read_at(&mut bytes, at.offset).unwrap();
        for (i, byte) in (0..).zip(&bytes) {
            file.write_at(&[byte ^ 1], at.offset + i).unwrap();
            let found = values.read(place.0, place.1, &mut Vec::new()).unwrap_err();
            assert_eq!(found.kind(), crate::failure::FailureKind::Corrupt);
            file.write_at(&[*byte], at.offset + i).unwrap();
        }
        assert_eq!(read(&mut values, place), text);
        // A bomb with a right checksum: it says that it has 2^31 bytes.
        let bomb = [&[0x80, 0x80, 0x80, 0x80, 8, 0x1f, 0, 1, 0][..], &[255; 20]].concat();
        file.write_at(&[&bomb[..], &payload::value_checksum(&bomb)].concat(), at.offset).unwrap();
        for (length, what) in
            [(bomb.len(), "cannot be expanded"), (1 << 20, "a wrong length"), (1 << 30, "a wrong length")]
        {
            let mut bytes = Vec::new();
            let length = LoggedLength::compressed(length).unwrap();
            let found = values.read(place.0, length, &mut bytes).unwrap_err();
            assert_eq!(found.kind(), crate::failure::FailureKind::Corrupt);
            assert!(found.into_message().contains(what));
            assert_eq!(bytes.capacity(), 0);
        }
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
        let places: Vec<(PackedPosition, LoggedLength)> =
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
        assert_eq!(read(&mut values, (relocation.to, relocation.length)), [3; 300]);
        values.move_some(Version::of(40), &leads_to).unwrap();
        assert!(!values.is_moving() && values.take_moved().unwrap().is_none());
        assert!(values.find_dead(present, &LiveBytes::default()).unwrap());
        assert_eq!(values.space.dead(), [SegmentNumber::FIRST]);
        while values.remove_dead().unwrap() {}
        assert!(!values.has_dead() && !values.find_dead(present, &LiveBytes::default()).unwrap());
        assert_eq!(values.verify_segment(present).unwrap(), Ok(values_of(present, 40, &places) + 1));
    }

    /// How many of the records are in a segment.
    fn values_of(segment: SegmentNumber, count: usize, places: &[(PackedPosition, LoggedLength)]) -> u64 {
        let inside =
            |place: &&(PackedPosition, LoggedLength)| crate::log::Position::unpacked(place.0).segment == segment;
        places.iter().take(count).filter(inside).count() as u64
    }
}
