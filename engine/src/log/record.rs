//! One record of the log: one commit, whole or absent.
//!
//! ```text
//! offset  bytes  what, little endian
//!      0      4  checksum: CRC-32 of the record's position (u64) and of everything behind the checksum
//!      4      4  length of the payload
//!      8      8  version of the commit, above 0
//!     16      8  position up to which the log was known to be durable when the record was written
//!     24      …  payload
//!      …    0-7  zeros, up to the next multiple of 8
//! ```
//!
//! The checksum is seeded with the position, so that neither what a recycled file held before nor a copy of a log in some
//! value is ever taken for a record.

use super::position::Position;

/// Bytes in front of the payload.
pub const HEADER_SIZE: usize = 24;
/// Records start at multiples of this.
pub const ALIGNMENT: usize = 8;

/// A record as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The version of the commit.
    pub version: u64,
    /// Up to where the log was known to be durable when the record was written.
    pub durable: u64,
    /// What was committed.
    pub payload: &'a [u8],
}

/// The bytes a record with a payload of this length takes, with its padding.
pub fn encoded_size(payload_length: usize) -> usize {
    (HEADER_SIZE + payload_length).next_multiple_of(ALIGNMENT)
}

/// Appends a record that will stand at `position` to `buffer`. The payload must be shorter than 4 GiB.
pub fn encode(buffer: &mut Vec<u8>, position: Position, record: &Record<'_>) {
    let start = buffer.len();
    buffer.resize(start + HEADER_SIZE, 0);
    buffer.extend_from_slice(record.payload);
    seal(buffer, start, position, record.version, record.durable);
}

/// Makes a record of what stands in `buffer` from `start` on: room for the header and the payload. It will stand at
/// `position`.
pub fn seal(buffer: &mut Vec<u8>, start: usize, position: Position, version: u64, durable: u64) {
    let length = buffer.len().saturating_sub(start + HEADER_SIZE);
    let mut hasher = RecordHasher::new(position, length, version, durable);
    hasher.update(buffer.get(start + HEADER_SIZE..).unwrap_or_default());
    if let Some(header) = buffer.get_mut(start..start + HEADER_SIZE) {
        header.copy_from_slice(&hasher.finish());
    }
    buffer.resize(start + encoded_size(length), 0);
}

/// Makes the header of a record whose payload comes in pieces.
#[derive(Debug)]
pub struct RecordHasher {
    fields: [u8; FIELDS_SIZE],
    hasher: crc32fast::Hasher,
}

/// Bytes of the header behind the checksum.
const FIELDS_SIZE: usize = HEADER_SIZE - 4;

impl RecordHasher {
    /// For a record that will stand at `position`, with a payload of `length` bytes.
    pub fn new(position: Position, length: usize, version: u64, durable: u64) -> Self {
        let mut seeded = [0; 8 + FIELDS_SIZE];
        put(&mut seeded, 0, position.packed().to_le_bytes());
        put(&mut seeded, 8, (length as u32).to_le_bytes());
        put(&mut seeded, 12, version.to_le_bytes());
        put(&mut seeded, 20, durable.to_le_bytes());
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(&seeded);
        let fields = seeded.last_chunk().copied().unwrap_or([0; FIELDS_SIZE]);
        Self { fields, hasher }
    }

    /// Adds the next bytes of the payload.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    /// The header.
    pub fn finish(self) -> [u8; HEADER_SIZE] {
        let mut header = [0; HEADER_SIZE];
        put(&mut header, 0, self.hasher.finalize().to_le_bytes());
        put(&mut header, 4, self.fields);
        header
    }
}

/// Puts bytes into an array that has room for them at this place.
fn put<const N: usize>(target: &mut [u8], at: usize, bytes: [u8; N]) {
    if let Some(slot) = target.get_mut(at..at + N) {
        slot.copy_from_slice(&bytes);
    }
}

/// The numbers of what may be a record at the start of `bytes`, not verified: its version and its durable position.
pub fn peek(bytes: &[u8]) -> Option<(u64, u64)> {
    let head = bytes.first_chunk::<HEADER_SIZE>()?;
    let (version, durable) = head.last_chunk::<16>()?.split_first_chunk::<8>()?;
    Some((u64::from_le_bytes(*version), u64::from_le_bytes(durable.try_into().ok()?)))
}

/// The length of the payload of what may be a record at the start of `bytes`, not verified.
pub fn payload_length(bytes: &[u8]) -> Option<usize> {
    let (_, rest) = bytes.split_first_chunk::<4>()?;
    usize::try_from(u32::from_le_bytes(*rest.first_chunk::<4>()?)).ok()
}

/// The record at the start of `bytes`, which stand at `position`, if there is one: anything else, however it came about,
/// is `None`.
pub fn decode(bytes: &[u8], position: Position) -> Option<Record<'_>> {
    let (version, durable) = peek(bytes)?;
    let (stored, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*rest.first_chunk::<4>()?)).ok()?;
    let (fields, rest) = rest.split_first_chunk::<20>()?;
    let payload = rest.get(..length)?;
    if version == 0 || checksum(position, fields, payload) != u32::from_le_bytes(*stored) {
        return None;
    }
    Some(Record { version, durable, payload })
}

fn checksum(position: Position, fields: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&position.packed().to_le_bytes());
    hasher.update(fields);
    hasher.update(payload);
    hasher.finalize()
}
