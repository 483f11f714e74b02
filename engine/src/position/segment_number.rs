//! The numbers of segments.

/// The number of a segment, below 2^31. The first one has 1; 0 stands for none, before all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(transparent)]
pub struct SegmentNumber(u64);

impl SegmentNumber {
    /// Before the first segment.
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

    /// Whether it is that of no segment.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == Self::NONE.0
    }

    /// That of the segment behind this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// That of the segment before this one; of the first one, none.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0 - 1)
    }
}
