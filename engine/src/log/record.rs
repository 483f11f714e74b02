//! One record of the log: one commit, whole or absent.
//!
//! ```text
//! offset  bytes  what, little endian
//!      0      4  checksum: the lower half of XXH64, seeded with the record's position, of everything after the checksum
//!      4      4  length of the payload
//!      8      8  version of the commit, above 0
//!     16      8  position up to which the log was known to be durable when the record was written
//!     24      …  payload
//!      …    0-7  zeros, up to the next multiple of 8
//! ```
//!
//! The checksum is seeded with the position. So old bytes of a recycled file, or a copy of a log inside some value,
//! never look like a valid record.

use xxhash_rust::xxh64::{Xxh64, xxh64};

use crate::number::{low_half, u32_of};
use crate::position::{PackedPosition, Position};
use crate::version::Version;

/// Bytes before the payload.
pub const HEADER_SIZE: usize = 24;
/// Records start at multiples of this.
pub const ALIGNMENT: usize = 8;

/// A decoded record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// The version of the commit.
    pub version: Version,
    /// The position up to which the log was known to be durable when the record was written.
    pub durable: PackedPosition,
    /// The content of the commit.
    pub payload: &'a [u8],
}

/// How many bytes a record with a payload of this length takes, with its padding.
#[must_use]
pub fn encoded_size(payload_length: usize) -> usize {
    (HEADER_SIZE + payload_length).next_multiple_of(ALIGNMENT)
}

/// Appends a record to `buffer`. `position` is its place in the log. The payload must be shorter than 4 GiB.
pub fn encode(buffer: &mut Vec<u8>, position: Position, record: &Record<'_>) {
    let start = buffer.len();
    buffer.resize(start + HEADER_SIZE, 0);
    buffer.extend_from_slice(record.payload);
    seal(buffer, start, position, record.version, record.durable);
}

/// Turns the bytes in `buffer` from `start` on into a record. They consist of space for the header, and the payload.
/// `position` is the record's place in the log.
pub fn seal(buffer: &mut Vec<u8>, start: usize, position: Position, version: Version, durable: PackedPosition) {
    let length = buffer.len().saturating_sub(start + HEADER_SIZE);
    if let Some(header) = buffer.get_mut(start + CHECKSUM_SIZE..start + HEADER_SIZE) {
        header.copy_from_slice(&fields(length, version, durable));
    }
    let checksum = checksum(position, buffer.get(start + CHECKSUM_SIZE..).unwrap_or_default());
    if let Some(place) = buffer.get_mut(start..start + CHECKSUM_SIZE) {
        place.copy_from_slice(&checksum.to_le_bytes());
    }
    buffer.resize(start + encoded_size(length), 0);
}

/// Computes the header of a record whose payload comes in pieces.
pub struct RecordHasher {
    fields: [u8; FIELDS_SIZE],
    hasher: Xxh64,
}

/// Bytes of the checksum.
const CHECKSUM_SIZE: usize = 4;
/// Bytes of the header after the checksum.
const FIELDS_SIZE: usize = HEADER_SIZE - CHECKSUM_SIZE;

impl RecordHasher {
    /// For a record at `position` with a payload of `length` bytes.
    #[must_use]
    pub fn new(position: Position, length: usize, version: Version, durable: PackedPosition) -> Self {
        let mut hasher = Xxh64::new(position.packed().get());
        let fields = fields(length, version, durable);
        hasher.update(&fields);
        Self { fields, hasher }
    }

    /// Adds the next bytes of the payload.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    /// The header.
    #[must_use]
    pub fn finish(self) -> [u8; HEADER_SIZE] {
        let mut header = [0; HEADER_SIZE];
        put(&mut header, 0, low_half(self.hasher.digest()).to_le_bytes());
        put(&mut header, CHECKSUM_SIZE, self.fields);
        header
    }
}

fn fields(length: usize, version: Version, durable: PackedPosition) -> [u8; FIELDS_SIZE] {
    let mut fields = [0; FIELDS_SIZE];
    put(&mut fields, 0, u32_of(length).to_le_bytes());
    put(&mut fields, 4, version.to_le_bytes());
    put(&mut fields, 12, durable.get().to_le_bytes());
    fields
}

/// Copies bytes to a place in an array, which must have room for them.
fn put<const N: usize>(target: &mut [u8], at: usize, bytes: [u8; N]) {
    if let Some(slot) = target.get_mut(at..at + N) {
        slot.copy_from_slice(&bytes);
    }
}

/// The version and the durable position of a possible record at the start of `bytes`, not verified.
#[must_use]
pub fn peek(bytes: &[u8]) -> Option<(Version, PackedPosition)> {
    let head = bytes.first_chunk::<HEADER_SIZE>()?;
    let (version, durable) = head.last_chunk::<16>()?.split_first_chunk::<8>()?;
    let durable = PackedPosition::of(u64::from_le_bytes(durable.try_into().ok()?));
    Some((Version::from_le_bytes(*version), durable))
}

/// The length of the payload of a possible record at the start of `bytes`, not verified.
#[must_use]
pub fn payload_length(bytes: &[u8]) -> Option<usize> {
    let (_, rest) = bytes.split_first_chunk::<4>()?;
    usize::try_from(u32::from_le_bytes(*rest.first_chunk::<4>()?)).ok()
}

/// The record at the start of `bytes`, whose place in the log is `position`. `None` if there is no valid record.
#[must_use]
pub fn decode(bytes: &[u8], position: Position) -> Option<Record<'_>> {
    let (version, durable) = peek(bytes)?;
    let stored = u32::from_le_bytes(*bytes.first_chunk::<CHECKSUM_SIZE>()?);
    let end = HEADER_SIZE.checked_add(payload_length(bytes)?)?;
    let sealed = bytes.get(CHECKSUM_SIZE..end)?;
    if version == Version::NONE || checksum(position, sealed) != stored {
        return None;
    }
    Some(Record { version, durable, payload: sealed.get(FIELDS_SIZE..)? })
}

fn checksum(position: Position, sealed: &[u8]) -> u32 {
    low_half(xxh64(sealed, position.packed().get()))
}
