//! The sizes of segments that are not written any more.

use std::collections::{BTreeMap, BTreeSet};

use super::segment;
use crate::disk::{Disk, DiskFile};
use crate::failure::Failure;
use crate::position::SegmentNumber;

/// Sizes of files by the numbers of their segments.
#[derive(Debug, Default)]
pub struct SegmentSizes {
    sizes: BTreeMap<SegmentNumber, u64>,
    /// The sum of the sizes. Every commit reads it.
    total: u64,
    /// Segments that are left out.
    left_out: BTreeSet<SegmentNumber>,
}

impl SegmentSizes {
    /// Adds a segment, unless it is known.
    pub fn add<D: Disk>(&mut self, disk: &D, number: SegmentNumber) -> Result<(), Failure> {
        if !self.sizes.contains_key(&number) && !self.left_out.contains(&number) {
            let size = disk.open(&segment::file_name(number))?.size()?;
            self.sizes.insert(number, size);
            self.total += size;
        }
        Ok(())
    }

    /// Forgets a segment.
    pub fn remove(&mut self, number: SegmentNumber) {
        self.total -= self.sizes.remove(&number).unwrap_or(0);
    }

    /// Leaves a segment out from now on, because it cannot be emptied.
    pub fn leave_out(&mut self, number: SegmentNumber) {
        self.remove(number);
        self.left_out.insert(number);
    }

    /// The sum of all sizes.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The segment with the smallest share of live bytes, if that share is below `percent` percent.
    pub fn emptiest(&self, percent: u64, live_of: impl Fn(SegmentNumber) -> u64) -> Option<SegmentNumber> {
        let shares = self.sizes.iter().map(|(number, size)| (live_of(*number) * 100 / (*size).max(1), *number));
        shares.filter(|(share, _)| *share < percent).min().map(|(_, number)| number)
    }
}
