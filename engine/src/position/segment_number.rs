//! The numbers of segments.

/// The number of a segment, below 2^31. The first segment has 1. 0 means none, and is below all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(transparent)]
pub struct SegmentNumber(u64);

impl SegmentNumber {
    /// No segment: before the first one.
    pub const NONE: Self = Self(0);
    /// The first segment of a log.
    pub const FIRST: Self = Self(1);

    /// The segment of this number.
    #[must_use]
    pub const fn of(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whether it is the number of no segment.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == Self::NONE.0
    }

    /// The number of the next segment.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The number of the segment before; for the first one, none.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0 - 1)
    }
}
