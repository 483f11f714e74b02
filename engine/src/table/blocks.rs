//! Storage of a table's blocks: a log for each level, which is never replayed.
//!
//! ```text
//! payload of a record: level u8, length of the separator varint, separator, stored block
//! stored block:        a block, or u8 = 3 and a packed block, see `compression`
//! ```
//!
//! A block is written once and never changed. The tree refers to the live blocks. luge removes a segment once the tree
//! no longer refers to it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::block::{self, KeylessEntry, Malformed};
use super::cache::{BlockCache, Hint};
use super::filters::Filters;
use super::live::LiveBytes;
use super::{Level, key_index, malformed};
use crate::compression::{Compression, Packer, Sizes, UnpackError, unpack};
use crate::disk::{Disk, DiskFile};
use crate::failure::{Failure, FailureKind};
use crate::index::Identity;
use crate::log::record::{self, HEADER_SIZE};
use crate::log::{LogWriter, PackedPosition, Position, SegmentFiles, SegmentNumber, SegmentSizes, segment};
use crate::number::u32_of;
use crate::varint;
use crate::version::Version;

/// The size of the segments that blocks are written to.
pub const SEGMENT_SIZE: u64 = 16 << 20;
/// The maximum payload of a block's record. It bounds a length that a damaged record states.
const MOST_RECORD: usize = 64 << 20;
/// The first byte of a packed block. A block itself begins with its own format.
const PACKED: u8 = 3;
/// The offset of the first record of a segment.
const HEADER_SIZE_OF_SEGMENT: u64 = segment::HEADER_SIZE as u64;
/// The largest read-ahead in bytes, for reads in order. Blocks are mostly stored in that order.
const WINDOW_SIZE: usize = 128 * 1024;
/// The first read-ahead in bytes, before it is known how far the reader continues.
const FIRST_WINDOW_SIZE: usize = 16 * 1024;

/// The place of a block, as the tree stores it: position of the record varint, size of the record varint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// The position of the record.
    pub position: PackedPosition,
    /// The size of the record, with header and padding.
    pub size: u32,
}

impl Pointer {
    /// Encodes the pointer for the tree.
    #[must_use]
    pub fn encode(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(2 * varint::MAX_SIZE);
        varint::write(&mut bytes, self.position.get());
        varint::write(&mut bytes, u64::from(self.size));
        bytes
    }

    /// Decodes a pointer from the tree.
    #[must_use]
    pub fn decode(mut bytes: &[u8]) -> Option<Self> {
        let position = PackedPosition::of(varint::read(&mut bytes)?);
        let size = u32::try_from(varint::read(&mut bytes)?).ok()?;
        bytes.is_empty().then_some(Self { position, size })
    }

    /// The segment that it refers to.
    #[must_use]
    pub fn segment(self) -> SegmentNumber {
        Position::unpacked(self.position).segment
    }
}

/// Writes and reads blocks.
pub struct BlockStore<D: Disk> {
    log: LogWriter<D>,
    level: Level,
    sequence: u64,
    open: RefCell<SegmentFiles<D::File>>,
    window: RefCell<Window>,
    /// Segments to remove.
    dead: Vec<SegmentNumber>,
    /// The other segments, except those that are being written.
    sizes: SegmentSizes,
    /// The segments that a worker may write to, each with the size that is known to be written.
    lent: BTreeMap<SegmentNumber, u64>,
    /// Bytes of blocks that workers wrote.
    bytes_aside: u64,
    cache: Rc<RefCell<BlockCache>>,
    filters: RefCell<Filters>,
    /// The record that was read last. Kept to reuse its memory.
    record: RefCell<Vec<u8>>,
    /// The block that was unpacked last. Kept to reuse its memory.
    unpacked: RefCell<Vec<u8>>,
    /// Packs the blocks that are written, as the setting says.
    packer: Packer,
}

/// The read-ahead bytes of a segment.
#[derive(Default)]
struct Window {
    start: Position,
    bytes: Vec<u8>,
}

impl Window {
    /// The bytes of a record, if the window has all of them.
    fn get(&self, position: Position, size: usize) -> Option<&[u8]> {
        let start =
            position.offset.checked_sub(self.start.offset).filter(|_| position.segment == self.start.segment)?;
        let start = usize::try_from(start).ok()?;
        self.bytes.get(start..start.checked_add(size)?)
    }

    /// How many bytes to read at this position: more if it continues from the last window.
    fn next_size(&self, position: Position) -> usize {
        let length = self.bytes.len() as u64;
        let goes_on = position.segment == self.start.segment
            && (self.start.offset..=self.start.offset + length).contains(&position.offset);
        if goes_on { (self.bytes.len() * 4).clamp(FIRST_WINDOW_SIZE, WINDOW_SIZE) } else { FIRST_WINDOW_SIZE }
    }
}

/// The decoded record of a block.
pub struct BlockRecord<'a> {
    /// The level of the table that it was written for.
    pub level: u8,
    /// The separator that it was written for.
    pub separator: &'a [u8],
    /// The block as it is stored: it may be packed.
    pub stored: &'a [u8],
}

impl<D: Disk> BlockStore<D> {
    /// Opens the blocks of a level on this disk.
    pub(super) fn open(
        disk: D,
        level: Level,
        identity: Identity,
        cache: Rc<RefCell<BlockCache>>,
        filters: Filters,
    ) -> Result<Self, Failure> {
        let last = disk.list()?.iter().filter_map(|name| segment::file_number(name)).max().unwrap_or_default();
        let end = Position { segment: last, offset: 0 };
        let owner = identity.owner_of(level.directory());
        let log = LogWriter::start(disk, end, Version::NONE, SEGMENT_SIZE).in_bulk().owned_by(owner);
        let (open, window) = (RefCell::new(SegmentFiles::owned_by(owner)), RefCell::default());
        let (sizes, filters, record) = (SegmentSizes::default(), RefCell::new(filters), RefCell::default());
        Ok(Self {
            log,
            level,
            sequence: 0,
            open,
            window,
            dead: Vec::new(),
            sizes,
            lent: BTreeMap::new(),
            bytes_aside: 0,
            cache,
            filters,
            record,
            unpacked: RefCell::default(),
            packer: Packer::default(),
        })
    }

    /// How blocks are written.
    pub(super) fn compression(&self) -> Compression {
        self.packer.compression()
    }

    /// Whether blocks are compressed that are written from here on.
    pub(super) fn set_compression(&mut self, compression: Compression) {
        self.packer = Packer::new(compression);
    }

    /// Writes a block. The tree may refer to it only after [`BlockStore::sync`].
    pub fn append(&mut self, separator: &[u8], block: &[u8]) -> Result<Pointer, Failure> {
        let mut packer = std::mem::take(&mut self.packer);
        let pointer = match packer.pack(block) {
            Some(smaller) => self.append_parts(separator, &[PACKED], smaller),
            None => self.append_parts(separator, &[], block),
        };
        self.packer = packer;
        pointer
    }

    /// Writes a block as it was stored elsewhere: [`BlockRecord::stored`].
    pub(super) fn append_stored(&mut self, separator: &[u8], stored: &[u8]) -> Result<Pointer, Failure> {
        self.append_parts(separator, &[], stored)
    }

    /// Whether [`BlockStore::append`] would store a block in another way than it is stored now.
    pub(super) fn is_stored_otherwise(&mut self, separator: &[u8], block: &[u8], pointer: Pointer) -> bool {
        let mut head = Vec::new();
        varint::write(&mut head, separator.len() as u64);
        let plain = record::encoded_size(1 + head.len() + separator.len() + block.len());
        // What is packed saves an eighth.
        let is_packed = (pointer.size as usize) < plain;
        if is_packed { !self.packer.is_on() } else { self.packer.try_pack(block).is_some() }
    }

    fn append_parts(&mut self, separator: &[u8], prefix: &[u8], block: &[u8]) -> Result<Pointer, Failure> {
        let mut head = vec![self.level.prefix()];
        varint::write(&mut head, separator.len() as u64);
        let length = head.len() + separator.len() + prefix.len() + block.len();
        self.sequence += 1;
        let payload = self.log.begin(Version::of(self.sequence), length)?;
        self.log.extend(&head)?;
        self.log.extend(separator)?;
        self.log.extend(prefix)?;
        self.log.extend(block)?;
        self.log.finish()?;
        let position = Position { offset: payload.offset - HEADER_SIZE as u64, ..payload }.packed();
        Ok(Pointer { position, size: u32_of(record::encoded_size(length)) })
    }

    /// Ends the present segment. It can then be removed once nothing refers to it.
    pub fn end_segment(&mut self) -> Result<(), Failure> {
        self.log.end_segment()
    }

    /// Makes everything written durable.
    pub fn sync(&mut self) -> Result<(), Failure> {
        self.log.sync()
    }

    /// Reads a block into `bytes`, whole and verified. Meant for callers that read the blocks in order.
    pub fn read(&self, pointer: Pointer, bytes: &mut Vec<u8>) -> Result<(), Failure> {
        bytes.clear();
        if let Some(cached) = self.cache.borrow_mut().get((self.level, pointer.position)) {
            bytes.extend_from_slice(cached.block);
            return Ok(());
        }
        let position = Position::unpacked(pointer.position);
        let size = pointer.size as usize;
        let mut window = self.window.borrow_mut();
        if window.get(position, size).is_none() {
            let window_size = window.next_size(position);
            window.start = position;
            // Do not read beyond the written end: those bytes are not final yet.
            let end = self.log.written_end();
            let aside = self.lent.get(&position.segment).copied();
            let end = aside.or((position.segment == end.segment).then_some(end.offset));
            let left = end.map_or(u64::MAX, |end| end.saturating_sub(position.offset));
            self.read_at(
                position,
                window_size.min(usize::try_from(left).unwrap_or(usize::MAX)).max(size),
                &mut window.bytes,
            )?;
        }
        // A file that was cut is shorter. Perhaps only the padding of its last record is missing.
        let stored = self.decode(window.get(position, size).unwrap_or(&window.bytes), position)?;
        self.take_plain(stored, bytes, position)
    }

    /// Like [`BlockStore::read`], for the first blocks of an iteration. Other iterations may begin there, too, so the
    /// cache may keep them.
    pub fn read_first(&self, pointer: Pointer, bytes: &mut Vec<u8>) -> Result<(), Failure> {
        let position = Position::unpacked(pointer.position);
        // An iteration that continues page by page has read ahead.
        if self.window.borrow().get(position, pointer.size as usize).is_some() {
            return self.read(pointer, bytes);
        }
        bytes.clear();
        if let Some(cached) = self.cache.borrow_mut().get((self.level, pointer.position)) {
            bytes.extend_from_slice(cached.block);
            return Ok(());
        }
        self.load(pointer, |block| bytes.extend_from_slice(block))
    }

    /// Finds the newest version of a key in a block that is not above `version`, and returns the result of `take` for
    /// it. The hint is the likely place of the block in the cache.
    pub(super) fn find<T>(
        &self,
        pointer: Pointer,
        hint: &Hint,
        key: &[u8],
        version: Version,
        take: impl FnOnce(&KeylessEntry<'_>) -> T,
    ) -> Result<Option<T>, Failure> {
        let hash = key_index::hash_of(key);
        let id = (self.level, pointer.position);
        let found = if let Some(cached) = self.cache.borrow_mut().get_at(hint, id) {
            cached.find(key, hash, version).map(|found| found.as_ref().map(take))
        } else if self.filters.borrow().may_have(pointer.position, hash) {
            self.load(pointer, |block| block::find(block, key, version).map(|found| found.as_ref().map(take)))?
        } else {
            return Ok(None);
        };
        found.map_err(|Malformed| malformed(key))
    }

    /// Reads a block that is not in the cache, whole and verified, and passes it to `call`. May insert it into the
    /// cache.
    fn load<T>(&self, pointer: Pointer, call: impl FnOnce(&[u8]) -> T) -> Result<T, Failure> {
        let position = Position::unpacked(pointer.position);
        let mut bytes = self.record.borrow_mut();
        self.read_at(position, pointer.size as usize, &mut bytes)?;
        let mut unpacked = self.unpacked.borrow_mut();
        let block = match self.decode(&bytes, position)? {
            [PACKED, packed @ ..] => {
                unpack(packed, &mut unpacked).map_err(|error| self.not_unpacked(position, error))?;
                &unpacked[..]
            }
            plain => plain,
        };
        let mut cache = self.cache.borrow_mut();
        let id = (self.level, pointer.position);
        if cache.admits(id) {
            let is_indexed = cache.indexer().read(block);
            self.filters.borrow_mut().add(pointer.position, cache.indexer().hashes());
            cache.insert(id, block, is_indexed);
        }
        Ok(call(block))
    }

    /// Reads a block from the disk into `bytes`, whole and verified. Bypasses the cache.
    pub fn read_from_disk(&self, pointer: Pointer, bytes: &mut Vec<u8>) -> Result<(), Failure> {
        let position = Position::unpacked(pointer.position);
        let mut record = Vec::new();
        self.read_at(position, pointer.size as usize, &mut record)?;
        self.take_plain(self.decode(&record, position)?, bytes, position)
    }

    /// The number of the segment that is being written.
    pub fn present_segment(&self) -> SegmentNumber {
        self.log.end().segment
    }

    /// All segments, with their sizes in bytes.
    pub fn segments(&self) -> Result<Vec<(SegmentNumber, u64)>, Failure> {
        let mut segments = Vec::new();
        for name in self.log.disk().list()? {
            if let Some(number) = segment::file_number(&name) {
                // One that a worker may write to grows.
                let size = if self.is_lent(number) { self.log.size_now(number)? } else { self.log.size_of(number)? };
                segments.push((number, size));
            }
        }
        segments.sort_unstable();
        Ok(segments)
    }

    /// Creates segments for a worker until it has `count`. Returns all that it has.
    pub(super) fn lend(&mut self, count: usize) -> Result<Vec<SegmentNumber>, Failure> {
        while self.lent.len() < count {
            let number = self.log.create_aside()?;
            self.lent.insert(number, HEADER_SIZE_OF_SEGMENT);
        }
        Ok(self.lent.keys().copied().collect())
    }

    /// Notes that a worker has written this many bytes of blocks, up to `end`. It no longer writes to the segments before.
    /// Returns `false` if it may not write there.
    pub(super) fn written_aside(&mut self, end: Position, bytes: u64) -> bool {
        let Some(known) = self.lent.get_mut(&end.segment) else { return false };
        *known = end.offset.max(*known);
        self.bytes_aside += bytes;
        self.lent = self.lent.split_off(&end.segment);
        true
    }

    /// Takes back the segments of the worker.
    pub(super) fn end_lending(&mut self) {
        self.lent.clear();
    }

    /// Whether a worker has any segment.
    pub(super) fn is_lending(&self) -> bool {
        !self.lent.is_empty()
    }

    /// Whether a worker has this segment.
    pub(super) fn is_lent(&self, number: SegmentNumber) -> bool {
        self.lent.contains_key(&number)
    }

    /// In a worker: writes to these segments from now on.
    pub(super) fn take_lent(&mut self, segments: &[SegmentNumber]) {
        self.log.take_lent(segments);
    }

    /// Closes the files that were read.
    pub(super) fn forget_read(&mut self) {
        self.open.get_mut().forget_all();
        self.window.get_mut().bytes.clear();
    }

    /// The end of the blocks that the operating system has.
    pub(super) fn written_end(&self) -> Position {
        self.log.written_end()
    }

    /// Whether there are segments to remove.
    pub(super) fn has_dead(&self) -> bool {
        !self.dead.is_empty()
    }

    /// Finds the segments that the newest durable state of the tree does not refer to.
    pub(super) fn find_dead(&mut self, live: &LiveBytes) -> Result<(), Failure> {
        let present = self.present_segment();
        let numbers = self.log.disk().list()?.into_iter().filter_map(|name| segment::file_number(&name));
        self.dead.clear();
        for number in numbers.filter(|number| *number != present && !self.lent.contains_key(number)) {
            if live.of(number) == 0 {
                self.dead.push(number);
                self.sizes.remove(number);
            } else {
                self.sizes.add(self.log.disk(), number)?;
            }
        }
        Ok(())
    }

    /// The segments that were live at the last [`BlockStore::find_dead`].
    pub(super) fn sizes(&self) -> &SegmentSizes {
        &self.sizes
    }

    /// Ignores a segment from now on. It was emptied as far as its records can be read.
    pub(super) fn leave_out(&mut self, number: SegmentNumber) {
        self.sizes.leave_out(number);
    }

    /// Reads the record at a position into `bytes`. Returns `false` if there is none.
    pub(super) fn read_record(&self, position: Position, bytes: &mut Vec<u8>) -> Result<bool, Failure> {
        self.read_at(position, HEADER_SIZE, bytes)?;
        let Some(length) = record::payload_length(bytes).filter(|length| *length <= MOST_RECORD) else {
            return Ok(false);
        };
        self.read_at(position, record::encoded_size(length), bytes)?;
        Ok(record::decode(bytes, position).is_some())
    }

    /// Removes one dead segment. This takes the file system some milliseconds. Returns whether there was one.
    pub(super) fn remove_dead(&mut self) -> Result<bool, Failure> {
        let Some(number) = self.dead.pop() else { return Ok(false) };
        self.open.get_mut().forget(number);
        self.window.get_mut().bytes.clear();
        self.log.remove_segment(number)?;
        self.log.disk().sync_directory()?;
        Ok(true)
    }

    /// Bytes of memory in use by the filters.
    pub(super) fn filters_size_bytes(&self) -> usize {
        self.filters.borrow().size_bytes()
    }

    /// Bytes written so far.
    pub fn written_bytes(&self) -> u64 {
        self.log.written_bytes() + self.bytes_aside
    }

    /// How much was packed, of the blocks written so far. Blocks that were only moved do not count.
    pub fn packed_sizes(&self) -> Sizes {
        self.packer.sizes()
    }

    /// How many times blocks were synced.
    pub fn syncs(&self) -> u64 {
        self.log.syncs()
    }

    /// The disk in its present state. Bytes that were not written out are lost, as in a crash.
    pub fn into_disk(self) -> D {
        self.log.into_disk()
    }

    /// The block in a record of this level, as it is stored.
    fn decode<'a>(&self, bytes: &'a [u8], position: Position) -> Result<&'a [u8], Failure> {
        let record = decode(bytes, position).filter(|record| record.level == self.level.prefix());
        record.map(|record| record.stored).ok_or_else(|| self.damaged(position, "has another checksum"))
    }

    /// Copies a stored block into `bytes`, unpacked.
    fn take_plain(&self, stored: &[u8], bytes: &mut Vec<u8>, position: Position) -> Result<(), Failure> {
        if let [PACKED, packed @ ..] = stored {
            return unpack(packed, bytes).map_err(|error| self.not_unpacked(position, error));
        }
        bytes.clear();
        bytes.extend_from_slice(stored);
        Ok(())
    }

    #[cold]
    fn not_unpacked(&self, position: Position, error: UnpackError) -> Failure {
        match error {
            UnpackError::Malformed => self.damaged(position, "cannot be expanded"),
            UnpackError::OutOfMemory(size) => no_memory(size),
        }
    }

    fn damaged(&self, position: Position, what: &str) -> Failure {
        let directory = self.level.directory();
        let message = format!("the table is damaged in {directory}/{position}: the block there {what}");
        Failure::new(FailureKind::Corrupt, message)
    }

    /// Reads up to `size` bytes of the segment into `bytes`. Reads fewer at its end, and none that are not written out.
    fn read_at(&self, position: Position, size: usize, bytes: &mut Vec<u8>) -> Result<(), Failure> {
        bytes.truncate(size);
        bytes.try_reserve_exact(size - bytes.len()).map_err(|_| no_memory(size))?;
        bytes.resize(size, 0);
        if self.log.read_collected(position, bytes) {
            return Ok(());
        }
        let mut open = self.open.borrow_mut();
        let file = open.get(self.log.disk(), position.segment)?;
        let count = file.read_at(bytes, position.offset)?;
        bytes.truncate(count);
        Ok(())
    }
}

fn no_memory(size: usize) -> Failure {
    Failure::out_of_memory("to read a block", size)
}

/// The parts of the record at `position`; `None` if it is damaged.
#[must_use]
pub fn decode(bytes: &[u8], position: Position) -> Option<BlockRecord<'_>> {
    let record = record::decode(bytes, position)?;
    let (level, mut rest) = record.payload.split_first()?;
    let length = varint::read_length(&mut rest)?;
    let (separator, stored) = rest.split_at_checked(length)?;
    Some(BlockRecord { level: *level, separator, stored })
}
