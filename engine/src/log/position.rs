//! A place in the log.

use std::fmt;

use super::file_name::file_name;
use super::segment_number::SegmentNumber;

/// A segment's number and a byte offset in it, ordered as the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The number of the segment.
    pub segment: SegmentNumber,
    /// The offset in its file, below 2^33.
    pub offset: u64,
}

const OFFSET_BITS: u32 = 33;

impl Position {
    /// As one number, with the same order.
    #[must_use]
    pub fn packed(self) -> u64 {
        self.segment.get() << OFFSET_BITS | self.offset
    }

    /// What [`Position::packed`] packed.
    #[must_use]
    pub fn unpacked(packed: u64) -> Self {
        Self { segment: SegmentNumber::of(packed >> OFFSET_BITS), offset: packed & ((1 << OFFSET_BITS) - 1) }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at byte {}", file_name(self.segment), self.offset)
    }
}
