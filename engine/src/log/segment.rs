//! The header of a segment file.
//!
//! ```text
//! offset  bytes  what, little endian
//!      0      8  magic, "lugelog" and the format version as a byte
//!      8      8  number of the segment, above 0
//!     16      8  position at which the log before this segment ends; 0 for none
//!     24      4  CRC-32 of the 24 bytes before and of the owner
//!     28      4  owner: whose segment it is
//! ```

use crate::position::{PackedPosition, Position, SegmentNumber};
pub use crate::position::{file_name, file_number};

/// Bytes before the first record.
pub const HEADER_SIZE: usize = 32;
/// The format of segments with blocks. Segments of the log had it, too, before there were operands.
pub const FORMAT_VERSION: u8 = 2;
/// The format of segments of the log: records may have operands, and may be times. Nothing else differs. Format 3 has operands, but
/// no times. This release reads all three.
pub const LOG_FORMAT_VERSION: u8 = 4;

const MAGIC: &[u8; 7] = b"lugelog";

/// The header of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The number of the segment.
    pub number: SegmentNumber,
    /// The end of the log before this segment. Bytes after that position in earlier segments were never committed.
    pub follows: Position,
    /// The owner of the segment.
    pub owner: u32,
    /// The format: [`FORMAT_VERSION`] to [`LOG_FORMAT_VERSION`].
    pub format: u8,
}

/// The content of the first bytes of a segment file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderState {
    /// A valid header.
    Valid(SegmentHeader),
    /// A valid header of another format.
    OtherFormat(u8),
    /// No header: the file was being created, or is damaged.
    Invalid,
}

/// The bytes of a header.
#[must_use]
pub fn encode(header: &SegmentHeader) -> [u8; HEADER_SIZE] {
    let mut bytes = [0; HEADER_SIZE];
    let body = [
        &MAGIC[..],
        &[header.format],
        &header.number.get().to_le_bytes(),
        &header.follows.packed().get().to_le_bytes(),
    ]
    .concat();
    let owner = header.owner.to_le_bytes();
    let checksum = checksum(&body, owner).to_le_bytes();
    for (to, from) in bytes.iter_mut().zip(body.iter().chain(&checksum).chain(&owner)) {
        *to = *from;
    }
    bytes
}

/// Covers the owner, too: a header that a power cut wrote only in part must be invalid.
fn checksum(body: &[u8], owner: [u8; 4]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(body);
    hasher.update(&owner);
    hasher.finalize()
}

/// Decodes `bytes`, the start of a segment file.
#[must_use]
pub fn decode(bytes: &[u8]) -> HeaderState {
    try_decode(bytes).unwrap_or(HeaderState::Invalid)
}

fn try_decode(bytes: &[u8]) -> Option<HeaderState> {
    let (body, rest) = bytes.split_first_chunk::<24>()?;
    let (stored, rest) = rest.split_first_chunk::<4>()?;
    let owner = *rest.first_chunk::<4>()?;
    let (magic, rest) = body.split_first_chunk::<7>()?;
    let ([format], rest) = rest.split_first_chunk::<1>()?;
    let (number, follows) = rest.split_first_chunk::<8>()?;
    if magic != MAGIC || checksum(body, owner) != u32::from_le_bytes(*stored) {
        return None;
    }
    let format = *format;
    if !(FORMAT_VERSION..=LOG_FORMAT_VERSION).contains(&format) {
        return Some(HeaderState::OtherFormat(format));
    }
    let follows = Position::unpacked(PackedPosition::of(u64::from_le_bytes(follows.try_into().ok()?)));
    let owner = u32::from_le_bytes(owner);
    Some(HeaderState::Valid(SegmentHeader {
        number: SegmentNumber::of(u64::from_le_bytes(*number)),
        follows,
        owner,
        format,
    }))
}
