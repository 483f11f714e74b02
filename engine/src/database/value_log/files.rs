//! Reads values that stay in the log.

use xxhash_rust::xxh64::Xxh64;

use super::super::payload::{VALUE_CHECKSUM_SIZE, value_checksum};
use crate::disk::{Disk, DiskFile};
use crate::failure::{Failure, FailureKind};
use crate::log::{LogWriter, PackedPosition, Position, SegmentFiles, SegmentNumber};

/// Open segments of the log.
#[derive(Debug)]
pub(super) struct ValueFiles<F> {
    open: SegmentFiles<F>,
}

/// A value that is read in pieces.
pub struct ValueStream {
    position: PackedPosition,
    length: usize,
    done: usize,
    hasher: Box<Xxh64>,
}

impl ValueStream {
    /// The value at this packed position of the log.
    pub(super) fn new(position: PackedPosition, length: u32) -> Self {
        Self { position, length: length as usize, done: 0, hasher: Box::new(Xxh64::new(0)) }
    }

    /// The length of the value in bytes.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }
}

impl<F: DiskFile> ValueFiles<F> {
    /// The files of this owner's segments.
    pub fn owned_by(owner: u32) -> Self {
        Self { open: SegmentFiles::owned_by(owner) }
    }

    /// Reads a value into `bytes` and checks it.
    pub fn read<D: Disk<File = F>>(
        &mut self,
        log: &LogWriter<D>,
        position: PackedPosition,
        length: u32,
        bytes: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let size = length as usize + VALUE_CHECKSUM_SIZE;
        resize(bytes, size)?;
        let at = Position::unpacked(position);
        self.read_bytes(log, at, bytes)?;
        let is_whole = bytes
            .split_last_chunk::<VALUE_CHECKSUM_SIZE>()
            .is_some_and(|(value, checksum)| value_checksum(value) == *checksum);
        bytes.truncate(length as usize);
        if is_whole { Ok(()) } else { Err(damaged(at)) }
    }

    /// Reads the next bytes of a value, at most `size`, into `bytes`. Fails at the end of the value when its checksum is wrong.
    pub fn read_part<D: Disk<File = F>>(
        &mut self,
        log: &LogWriter<D>,
        stream: &mut ValueStream,
        size: usize,
        bytes: &mut Vec<u8>,
    ) -> Result<(), Failure> {
        let start = Position::unpacked(stream.position);
        resize(bytes, size.min(stream.length - stream.done))?;
        self.read_bytes(log, Position { offset: start.offset + stream.done as u64, ..start }, bytes)?;
        stream.hasher.update(bytes);
        stream.done += bytes.len();
        if stream.done == stream.length {
            let mut checksum = [0; VALUE_CHECKSUM_SIZE];
            self.read_bytes(log, Position { offset: start.offset + stream.length as u64, ..start }, &mut checksum)?;
            if stream.hasher.digest().to_le_bytes() != checksum {
                return Err(damaged(start));
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
        if file.read_at(bytes, at.offset)? == bytes.len() { Ok(()) } else { Err(damaged(at)) }
    }
}

fn resize(bytes: &mut Vec<u8>, size: usize) -> Result<(), Failure> {
    bytes.clear();
    bytes
        .try_reserve(size)
        .map_err(|_| Failure::new(FailureKind::OutOfMemory, format!("no memory to read a value of {size} bytes")))?;
    bytes.resize(size, 0);
    Ok(())
}

fn damaged(at: Position) -> Failure {
    Failure::new(FailureKind::Corrupt, format!("the log is damaged in {at}: a value there has another checksum"))
}
