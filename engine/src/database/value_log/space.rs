//! The space of segments that recovery does not need: how many bytes they have, and how many of these are live.

use crate::disk::Disk;
use crate::failure::Failure;
use crate::log::{SegmentNumber, SegmentSizes};
use crate::table::LiveBytes;

/// The sizes of old segments, and which one to empty next.
#[derive(Debug)]
pub(super) struct Space {
    segment_size: u64,
    old: SegmentSizes,
    /// Segments to remove.
    dead: Vec<SegmentNumber>,
    /// Whether there may be a segment to empty.
    may_be_sparse: bool,
    /// How many bytes of records the log had at the last commit.
    paced_bytes: u64,
}

impl Space {
    /// No segment is known yet. `segment_size` is in bytes.
    pub fn new(segment_size: u64) -> Self {
        Self { segment_size, old: SegmentSizes::default(), dead: Vec::new(), may_be_sparse: true, paced_bytes: 0 }
    }

    /// Whether no old segment is known.
    pub fn is_empty(&self) -> bool {
        self.old.total() == 0
    }

    /// Notes an old segment that has live values.
    pub fn add<D: Disk>(&mut self, disk: &D, number: SegmentNumber) -> Result<(), Failure> {
        self.old.add(disk, number)
    }

    /// Forgets a segment.
    pub fn remove(&mut self, number: SegmentNumber) {
        self.old.remove(number);
    }

    /// Notes the segments to remove, instead of those that it knew. Forgets them.
    pub fn condemn(&mut self, dead: Vec<SegmentNumber>) {
        for number in &dead {
            self.remove(*number);
        }
        self.dead = dead;
    }

    /// The segments to remove.
    pub fn dead(&self) -> &[SegmentNumber] {
        &self.dead
    }

    /// Takes a segment to remove.
    pub fn take_dead(&mut self) -> Option<SegmentNumber> {
        self.dead.pop()
    }

    /// Ignores a segment from here on, since it cannot be emptied.
    pub fn leave_out(&mut self, number: SegmentNumber) {
        self.old.leave_out(number);
    }

    /// Whether there may be a segment to empty: one was found, or the set of live values changed.
    pub fn may_be_sparse(&self) -> bool {
        self.may_be_sparse
    }

    /// Notes that the set of live values has changed.
    pub fn changed(&mut self) {
        self.may_be_sparse = true;
    }

    /// Whether old segments have so many dead bytes that commits wait until there are fewer.
    pub fn has_much_dead(&self, live: &LiveBytes) -> bool {
        self.old.total() > 2 * live.total() + 2 * self.segment_size
    }

    /// The emptiest segment below `percent` percent, once much is dead in all of them.
    pub fn mostly_dead(&mut self, percent: u64, live: &LiveBytes) -> Option<SegmentNumber> {
        let total = live.total();
        let is_much = self.old.total() > total + total / 2 + self.segment_size;
        let found = if is_much { self.emptiest(percent, live) } else { None };
        self.may_be_sparse = found.is_some();
        found
    }

    /// The emptiest of the segments of which less than `percent` percent is live.
    pub fn emptiest(&self, percent: u64, live: &LiveBytes) -> Option<SegmentNumber> {
        self.old.emptiest(percent, |number| live.of(number))
    }

    /// How many bytes the log grew since the last call. It has `appended` bytes of records now.
    pub fn pace(&mut self, appended: u64) -> u64 {
        appended - std::mem::replace(&mut self.paced_bytes, appended)
    }
}

#[cfg(test)]
mod tests {
    use super::Space;
    use crate::disk::{Disk, DiskFile, MemoryDisk};
    use crate::log::SegmentNumber;
    use crate::table::LiveBytes;

    const SEGMENT_SIZE: u64 = 1000;

    /// Old segments of these sizes, numbered from 1 on.
    fn space(sizes: &[u64]) -> Space {
        let (disk, mut space) = (MemoryDisk::default(), Space::new(SEGMENT_SIZE));
        for (number, size) in (1..).zip(sizes) {
            disk.create(&format!("{number:010}.luge")).unwrap().set_size(*size).unwrap();
            space.add(&disk, SegmentNumber::of(number)).unwrap();
        }
        space
    }

    #[test]
    fn a_segment_is_emptied_once_much_is_dead_and_the_emptiest_comes_first() {
        let mut space = space(&[1000, 1000, 1000]);
        assert!(!space.is_empty() && space.may_be_sparse());
        // Segments may have 1.5 times the live bytes, and one segment more.
        let live: LiveBytes = [(1, 400), (2, 300), (3, 700)].into_iter().collect();
        assert_eq!(space.mostly_dead(50, &live), None);
        assert!(!space.may_be_sparse());
        space.changed();
        let live: LiveBytes = [(1, 400), (2, 300), (3, 600)].into_iter().collect();
        assert_eq!(space.mostly_dead(50, &live), Some(SegmentNumber::of(2)));
        assert!(space.may_be_sparse());
        assert_eq!(space.mostly_dead(30, &live), None);
        assert_eq!(space.emptiest(80, &live), Some(SegmentNumber::of(2)));
        // What cannot be emptied is not tried again.
        space.leave_out(SegmentNumber::of(2));
        assert_eq!(space.emptiest(80, &live), Some(SegmentNumber::of(1)));
        space.remove(SegmentNumber::of(1));
        space.remove(SegmentNumber::of(3));
        assert!(space.is_empty());
    }

    #[test]
    fn commits_wait_once_twice_as_much_is_dead_and_two_segments() {
        let space = space(&[1000, 1000, 1000]);
        assert!(!space.has_much_dead(&[(1, 500)].into_iter().collect()));
        assert!(space.has_much_dead(&[(1, 499)].into_iter().collect()));
    }

    #[test]
    fn the_pace_is_what_came_since() {
        let mut space = space(&[]);
        assert_eq!((space.pace(70), space.pace(70), space.pace(100)), (70, 0, 30));
    }
}
