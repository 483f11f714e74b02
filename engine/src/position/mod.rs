//! A position in the log.

use std::fmt;

mod file_name;
mod segment_number;

pub use file_name::{file_name, file_number};
pub use segment_number::SegmentNumber;

/// A segment's number and a byte offset in it. Positions are ordered as the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The number of the segment.
    pub segment: SegmentNumber,
    /// The offset in its file, below 2^33.
    pub offset: u64,
}

/// A position as one number, with the same order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct PackedPosition(u64);

impl PackedPosition {
    /// The position of this number.
    #[must_use]
    pub const fn of(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

const OFFSET_BITS: u32 = 33;

impl Position {
    /// The position as one number, with the same order.
    #[must_use]
    pub fn packed(self) -> PackedPosition {
        PackedPosition(self.segment.get() << OFFSET_BITS | self.offset)
    }

    /// The position that [`Position::packed`] packed.
    #[must_use]
    pub fn unpacked(PackedPosition(packed): PackedPosition) -> Self {
        Self { segment: SegmentNumber::of(packed >> OFFSET_BITS), offset: packed & ((1 << OFFSET_BITS) - 1) }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at byte {}", file_name(self.segment), self.offset)
    }
}
