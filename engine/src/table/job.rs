//! The encoding of jobs and answers. A job has the new entries, and the places of the blocks that they go into.
//!
//! ```text
//! job:    level + 2 if it relocates, identity, block size, compression, job size, versions to keep, held + 1 or 0,
//!         time in ms, is_bottom, snapshots, segments, blocks of the upper level that descend, runs up to the end; if it
//!         relocates, then instead of runs the blocks, and relocations up to the end
//! run:    in a gap, blocks, length of the entries, the entries as one block
//! relocation: length of the key, key, version, old and new position, new length
//! blocks: count, and for each: length of the separator, separator, position and size of the record
//! answer: segment and offset of the end, bytes of blocks, three versions of the history, groups up to the end
//! group:  length, blocks, bytes, three versions of the history, live bytes of log, upper and bottom level, changes of
//!         the tree up to the end: length of the place, place, length of the pointer, pointer (empty: removed)
//! ```
//!
//! All numbers are varints. A number with a sign has it in the lowest bit. A list begins with its length.

use super::blocks::Pointer;
use super::group::Group;
use super::{HistoryLeft, Level, PlacedBlock, Relocation, Retention};
use crate::compression::Compression;
use crate::entry::LoggedLength;
use crate::failure::{Failure, FailureKind};
use crate::position::{PackedPosition, Position, SegmentNumber};
use crate::varint;
use crate::version::Version;

/// One step applies this much of an answer, rounded up to whole groups: the changes of some 100 blocks. Each step costs two
/// writes of the index, and a sync between them.
const MOST_BYTES_SHOWN: usize = 4 * 1024;

/// A list of blocks, encoded.
#[derive(Default)]
pub(super) struct Blocks {
    count: usize,
    bytes: Vec<u8>,
    /// The total size of their records.
    pub size: usize,
}

/// The count, the encoded length and the total size of a list of blocks.
pub(super) type BlocksEnd = (usize, usize, usize);

impl Blocks {
    /// Adds a block, if it exists.
    pub fn add(&mut self, placed: &PlacedBlock) {
        if let Some(pointer) = placed.pointer {
            write_bytes(&mut self.bytes, placed.separator());
            varint::write(&mut self.bytes, pointer.position.get());
            varint::write(&mut self.bytes, u64::from(pointer.size));
            self.count += 1;
            self.size += pointer.size as usize;
        }
    }

    pub fn len(&self) -> usize {
        self.count
    }

    /// The present end, for [`Blocks::cut`].
    pub fn end(&self) -> BlocksEnd {
        (self.count, self.bytes.len(), self.size)
    }

    /// Removes the blocks after an end.
    pub fn cut(&mut self, (count, length, size): BlocksEnd) {
        self.count = count;
        self.bytes.truncate(length);
        self.size = size;
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        varint::write(out, self.count as u64);
        out.extend_from_slice(&self.bytes);
    }
}

/// A part of a merge or of a descent, or some values that were moved.
pub struct Job<'a> {
    /// The level that changes.
    pub(super) level: Level,
    /// Whether entries of the level get other positions of their values. Nothing else changes then.
    pub(super) relocates: bool,
    /// Which entries stay.
    pub(super) retention: Retention,
    /// The identity of the store.
    pub(super) identity: u64,
    /// How and where blocks are written.
    pub(super) target: Target,
    /// The approximate size of the job. The groups of the answer have a share of it.
    pub(super) size: usize,
    /// The blocks of the upper level that descend.
    pub(super) upper: Vec<PlacedBlock>,
    /// The new entries, and the blocks that they go into. Or the relocations, with their blocks.
    pub(super) runs: JobBytes<'a>,
}

/// How and where a job writes blocks.
pub(super) struct Target {
    /// The target size of a block.
    pub block_size: usize,
    pub compression: Compression,
    /// The segments that the worker may write to.
    pub segments: Vec<SegmentNumber>,
}

/// The result of a job.
pub struct Answer {
    /// The end of the written blocks. They are durable.
    pub end: Position,
    /// Bytes of blocks that were written.
    pub bytes: u64,
    /// The remaining history.
    pub history: HistoryLeft,
    /// The changes of the tree, in order, encoded. They refer to durable blocks only.
    pub groups: Vec<u8>,
}

#[cold]
pub(super) fn malformed() -> Failure {
    Failure::new(FailureKind::InvalidRequest, "a job or its answer is malformed")
}

/// Reads jobs and answers.
pub(super) struct JobBytes<'a>(pub &'a [u8]);

impl<'a> JobBytes<'a> {
    #[inline(never)]
    pub fn number(&mut self) -> Result<u64, Failure> {
        varint::read(&mut self.0).ok_or_else(malformed)
    }

    pub fn length(&mut self) -> Result<usize, Failure> {
        usize::try_from(self.number()?).map_err(|_| malformed())
    }

    #[inline(never)]
    pub fn bytes(&mut self) -> Result<&'a [u8], Failure> {
        let length = self.length()?;
        let (bytes, rest) = self.0.split_at_checked(length).ok_or_else(malformed)?;
        self.0 = rest;
        Ok(bytes)
    }

    #[inline(never)]
    fn numbers(&mut self) -> Result<Vec<u64>, Failure> {
        (0..self.length()?).map(|_| self.number()).collect()
    }

    /// Decodes the output of [`Blocks::write`].
    #[inline(never)]
    pub fn blocks(&mut self, level: Level) -> Result<Vec<PlacedBlock>, Failure> {
        let mut blocks = Vec::new();
        for _ in 0..self.length()? {
            let place = level.place(self.bytes()?);
            let (position, size) = (self.number()?, u32::try_from(self.number()?).map_err(|_| malformed())?);
            blocks.push(PlacedBlock { place, pointer: Some(Pointer { position: PackedPosition::of(position), size }) });
        }
        Ok(blocks)
    }

    /// Decodes the next relocation of [`write_relocations`].
    pub fn relocation(&mut self) -> Result<Relocation, Failure> {
        let (key, version) = (self.bytes()?.to_vec(), Version::of(self.number()?));
        let (from, to) = (PackedPosition::of(self.number()?), PackedPosition::of(self.number()?));
        let length = LoggedLength::of_bits(u32::try_from(self.number()?).map_err(|_| malformed())?);
        Ok(Relocation { key, version, from, to, length })
    }

    #[inline(never)]
    fn history(&mut self) -> Result<HistoryLeft, Failure> {
        let [whole_from, changes_from, newest_from] = [self.number()?, self.number()?, self.number()?].map(Version::of);
        Ok(HistoryLeft { whole_from, changes_from, newest_from })
    }
}

pub(super) fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    varint::write(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn write_all(out: &mut Vec<u8>, numbers: &[u64]) {
    for number in numbers {
        varint::write(out, *number);
    }
}

pub(super) fn write_relocations(out: &mut Vec<u8>, relocations: &[Relocation]) {
    for Relocation { key, version, from, to, length } in relocations {
        write_bytes(out, key);
        write_all(out, &[version.get(), from.get(), to.get(), u64::from(length.to_bits())]);
    }
}

fn write_history(out: &mut Vec<u8>, history: HistoryLeft) {
    write_all(out, &[history.whole_from, history.changes_from, history.newest_from].map(Version::get));
}

impl<'a> Job<'a> {
    /// Encodes a job without its runs. The caller appends them.
    pub(super) fn encode(&self, upper: &Blocks) -> Vec<u8> {
        let Retention { versions_to_keep, snapshots, held, now_ms, is_bottom } = &self.retention;
        let mut out = Vec::new();
        let level = u64::from(self.level == Level::Bottom) | u64::from(self.relocates) << 1;
        let held = held.map_or(0, |held| held.get() + 1);
        let Target { block_size, compression, segments } = &self.target;
        let compression = u64::from(compression.number());
        let sizes = [*block_size as u64, compression, self.size as u64, *versions_to_keep as u64];
        write_all(&mut out, &[level, self.identity]);
        write_all(&mut out, &sizes);
        write_all(&mut out, &[held, *now_ms, u64::from(*is_bottom), snapshots.len() as u64]);
        for snapshot in snapshots {
            varint::write(&mut out, snapshot.get());
        }
        varint::write(&mut out, segments.len() as u64);
        for segment in segments {
            varint::write(&mut out, segment.get());
        }
        upper.write(&mut out);
        out
    }

    /// Decodes a job.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Failure> {
        let mut reader = JobBytes(bytes);
        let first = reader.number()?;
        let (level, relocates) = (if first & 1 == 0 { Level::Upper } else { Level::Bottom }, first & 2 != 0);
        let (identity, block_size) = (reader.number()?, reader.length()?);
        let compression =
            u32::try_from(reader.number()?).ok().and_then(Compression::of_number).ok_or_else(malformed)?;
        let size = reader.length()?;
        let (versions_to_keep, held, now_ms) =
            (reader.length()?, reader.number()?.checked_sub(1).map(Version::of), reader.number()?);
        let (is_bottom, snapshots) = (reader.number()? != 0, reader.numbers()?.into_iter().map(Version::of).collect());
        let retention = Retention { versions_to_keep, snapshots, held, now_ms, is_bottom };
        let segments = reader.numbers()?.into_iter().map(SegmentNumber::of).collect();
        let upper = reader.blocks(Level::Upper)?;
        let target = Target { block_size, compression, segments };
        Ok(Self { level, relocates, retention, identity, target, size, upper, runs: reader })
    }
}

impl Answer {
    /// An empty answer.
    pub(super) fn begin() -> Self {
        Self { end: Position::default(), bytes: 0, history: HistoryLeft::default(), groups: Vec::new() }
    }

    /// Encodes the answer into `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        write_all(out, &[self.end.segment.get(), self.end.offset, self.bytes]);
        write_history(out, self.history);
        out.extend_from_slice(&self.groups);
    }

    /// Decodes the output of [`Answer::encode`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Failure> {
        let mut reader = JobBytes(bytes);
        let end = Position { segment: SegmentNumber::of(reader.number()?), offset: reader.number()? };
        Ok(Self { end, bytes: reader.number()?, history: reader.history()?, groups: reader.0.to_vec() })
    }

    /// Adds a group.
    pub(super) fn add(&mut self, group: &Group) {
        let mut out = Vec::new();
        let written = group.written();
        write_all(&mut out, &[written.blocks as u64, written.bytes as u64]);
        write_history(&mut out, group.history());
        for live in group.live_changes() {
            varint::write(&mut out, live.iter().len() as u64);
            for (segment, bytes) in live.iter() {
                write_all(&mut out, &[segment.get(), bytes.unsigned_abs() << 1 | u64::from(bytes < 0)]);
            }
        }
        for (place, pointer) in group.changes() {
            write_bytes(&mut out, place);
            write_bytes(&mut out, pointer.map_or(&[], |pointer| pointer));
        }
        self.bytes += written.bytes as u64;
        self.history = self.history.max(group.history());
        write_bytes(&mut self.groups, &out);
    }

    /// Decodes the changes from this offset on, as one group: all that are left, or as many as one step applies. Also
    /// returns the offset of the next ones.
    #[inline(never)]
    pub fn group_at(&self, at: usize) -> Result<Option<(Group, usize)>, Failure> {
        let mut all = JobBytes(self.groups.get(at..).unwrap_or_default());
        if all.0.is_empty() {
            return Ok(None);
        }
        let mut group = Group::default();
        let first = all.0.len();
        while !all.0.is_empty() && first - all.0.len() < MOST_BYTES_SHOWN {
            Self::add_to(&mut group, all.bytes()?)?;
        }
        Ok(Some((group, self.groups.len() - all.0.len())))
    }

    /// Adds the changes of an encoded group to `group`.
    fn add_to(group: &mut Group, encoded: &[u8]) -> Result<(), Failure> {
        let mut reader = JobBytes(encoded);
        group.wrote(reader.length()?, reader.length()?);
        group.end_history_before(reader.history()?);
        for which in 0..3 {
            for _ in 0..reader.length()? {
                let (segment, bytes) = (SegmentNumber::of(reader.number()?), reader.number()?);
                let size = i64::try_from(bytes >> 1).map_err(|_| malformed())?;
                group.count_live(which, segment, if bytes & 1 == 0 { size } else { -size });
            }
        }
        while !reader.0.is_empty() {
            let (place, pointer) = (reader.bytes()?, reader.bytes()?);
            let level = Level::ALL.into_iter().find(|level| place.first() == Some(&level.prefix()));
            if !pointer.is_empty() && Pointer::decode(pointer).is_none() {
                return Err(malformed());
            }
            group.change(level.ok_or_else(malformed)?, place.into(), pointer);
        }
        Ok(())
    }
}
