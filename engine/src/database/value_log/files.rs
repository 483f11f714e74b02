//! Reads values that stay in the log.

use xxhash_rust::xxh64::Xxh64;

use super::super::payload::{VALUE_CHECKSUM_SIZE, value_checksum};
use crate::compression::{LENGTH_SIZE, MOST_PLAIN, UnpackError, plain_length, unpack};
use crate::disk::{Disk, DiskFile};
use crate::entry::LoggedLength;
use crate::failure::{Failure, FailureKind};
use crate::log::{LogWriter, PackedPosition, Position, SegmentFiles, SegmentNumber};

/// Open segments of the log.
#[derive(Debug)]
pub(super) struct ValueFiles<F> {
    open: SegmentFiles<F>,
    /// The packed value that was read last. Kept to reuse its memory.
    packed: Vec<u8>,
}

/// A value that is read in pieces.
pub struct ValueStream {
    position: PackedPosition,
    length: usize,
    done: usize,
    /// More bytes, which are not in the log.
    end: Vec<u8>,
    hasher: Box<Xxh64>,
}

impl ValueStream {
    /// The value at this packed position of the log.
    pub(super) fn new(position: PackedPosition, length: u32) -> Self {
        Self { position, length: length as usize, done: 0, end: Vec::new(), hasher: Box::new(Xxh64::new(0)) }
    }

    /// The same value with more bytes at its end.
    pub(in crate::database) fn with_end(self, end: Vec<u8>) -> Self {
        Self { end, ..self }
    }

    /// The length of the value in bytes.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length + self.end.len()
    }
}

impl<F: DiskFile> ValueFiles<F> {
    /// The files of this owner's segments.
    pub fn owned_by(owner: u32) -> Self {
        Self { open: SegmentFiles::owned_by(owner), packed: Vec::new() }
    }

    /// Reads a value into `bytes` and checks it.
    pub fn read<D: Disk<File = F>>(
        &mut self,
        log: &LogWriter<D>,
        position: PackedPosition,
        length: LoggedLength,
        bytes: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        if !length.is_compressed() {
            return self.read_stored(log, position, length, bytes);
        }
        let at = Position::unpacked(position);
        if length.stored() as usize >= MOST_PLAIN {
            return Err(damaged(at, "has a wrong length"));
        }
        let mut packed = std::mem::take(&mut self.packed);
        let read = self.read_stored(log, position, length, &mut packed);
        let unpacked = read.and_then(|()| {
            unpack(&packed, bytes).map_err(|error| match error {
                UnpackError::Malformed => damaged(at, "cannot be expanded"),
                UnpackError::OutOfMemory(size) => no_memory(size),
            })
        });
        self.packed = packed;
        unpacked
    }

    /// The length of a packed value, which is at its start. It is not checked.
    pub fn packed_length<D: Disk<File = F>>(
        &mut self,
        log: &LogWriter<D>,
        position: PackedPosition,
        length: LoggedLength,
    ) -> Result<usize, Failure> {
        let at = Position::unpacked(position);
        let mut start = [0; LENGTH_SIZE];
        let start = start.get_mut(..LENGTH_SIZE.min(length.stored() as usize)).unwrap_or_default();
        self.read_bytes(log, at, start)?;
        plain_length(start).ok_or_else(|| damaged(at, "cannot be expanded"))
    }

    /// Reads the bytes of a value as they are stored, and checks them.
    fn read_stored<D: Disk<File = F>>(
        &mut self,
        log: &LogWriter<D>,
        position: PackedPosition,
        length: LoggedLength,
        bytes: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let length = length.stored() as usize;
        let size = length + VALUE_CHECKSUM_SIZE;
        resize(bytes, size)?;
        let at = Position::unpacked(position);
        self.read_bytes(log, at, bytes)?;
        let is_whole = bytes
            .split_last_chunk::<VALUE_CHECKSUM_SIZE>()
            .is_some_and(|(value, checksum)| value_checksum(value) == *checksum);
        bytes.truncate(length);
        if is_whole { Ok(()) } else { Err(damaged(at, OTHER_CHECKSUM)) }
    }

    /// Reads the next bytes of a value, at most `size`, into `bytes`. Fails at the end of the value when its checksum is wrong.
    pub fn read_part<D: Disk<File = F>>(
        &mut self,
        log: &LogWriter<D>,
        stream: &mut ValueStream,
        size: usize,
        bytes: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        if let Some(at) = stream.done.checked_sub(stream.length).filter(|_| !stream.end.is_empty()) {
            let rest = stream.end.get(at..).unwrap_or_default();
            bytes.clear();
            bytes.extend_from_slice(rest.get(..size).unwrap_or(rest));
            stream.done += bytes.len();
            return Ok(());
        }
        let start = Position::unpacked(stream.position);
        resize(bytes, size.min(stream.length - stream.done))?;
        self.read_bytes(log, Position { offset: start.offset + stream.done as u64, ..start }, bytes)?;
        stream.hasher.update(bytes);
        stream.done += bytes.len();
        if stream.done == stream.length {
            let mut checksum = [0; VALUE_CHECKSUM_SIZE];
            self.read_bytes(log, Position { offset: start.offset + stream.length as u64, ..start }, &mut checksum)?;
            if stream.hasher.digest().to_le_bytes() != checksum {
                return Err(damaged(start, OTHER_CHECKSUM));
            }
        }
        Ok(())
    }

    /// Closes a segment that is removed.
    pub fn forget(&mut self, number: SegmentNumber) {
        self.open.forget(number);
    }

    fn read_bytes<D: Disk<File = F>>(
        &mut self,
        log: &LogWriter<D>,
        at: Position,
        bytes: &mut [u8],
    ) -> Result<(), Failure> {
        if log.read_collected(at, bytes) {
            return Ok(());
        }
        let file = self.open.get(log.disk(), at.segment)?;
        if file.read_at(bytes, at.offset)? == bytes.len() { Ok(()) } else { Err(damaged(at, OTHER_CHECKSUM)) }
    }
}

fn resize(bytes: &mut Vec<u8>, size: usize) -> Result<(), Failure> {
    bytes.clear();
    bytes.try_reserve(size).map_err(|_| no_memory(size))?;
    bytes.resize(size, 0);
    Ok(())
}

fn no_memory(size: usize) -> Failure {
    Failure::out_of_memory("to read a value", size)
}

const OTHER_CHECKSUM: &str = "has another checksum";

fn damaged(at: Position, what: &str) -> Failure {
    Failure::new(FailureKind::Corrupt, format!("the log is damaged in {at}: a value there {what}"))
}
