//! Moves blocks out of segments that are mostly dead.

use super::blocks::{self, Pointer};
use super::group::Group;
use super::{Level, Table, placed};
use crate::disk::Disk;
use crate::failure::Failure;
use crate::log::Position;
use crate::log::segment::HEADER_SIZE;

/// Bytes of records that one step reads.
const BYTES_A_STEP: u64 = 512 * 1024;
/// Bytes of dead blocks that each level may always have.
const SLACK: u64 = blocks::SEGMENT_SIZE;
/// A segment is emptied when less than this share of it is live, in percent.
const LIVE_PERCENT: u64 = 50;

/// A segment of blocks that is being emptied, and the progress.
#[derive(Debug)]
pub struct SparseSegment {
    level: Level,
    next: Position,
    /// Whether no more blocks are found in it.
    is_read: bool,
}

impl<D: Disk> Table<D> {
    /// Whether the files of blocks have more than `times` their live bytes, plus a constant.
    pub fn has_sparse(&self, times: u64) -> bool {
        Level::ALL.into_iter().any(|level| self.is_sparse(level, times))
    }

    fn is_sparse(&self, level: Level, times: u64) -> bool {
        let part = self.part(level);
        part.blocks.sizes().total() > part.live.total() * times + SLACK
    }

    /// The segment with the fewest live bytes, of a level that has many dead blocks.
    pub fn sparse_segment(&self) -> Option<SparseSegment> {
        let level = Level::ALL.into_iter().find(|level| self.is_sparse(*level, 2))?;
        let part = self.part(level);
        let segment = part.blocks.sizes().emptiest(LIVE_PERCENT, |number| part.live.of(number))?;
        Some(SparseSegment { level, next: Position { segment, offset: HEADER_SIZE as u64 }, is_read: false })
    }

    /// Writes some blocks of a segment again, and prepares to refer to these in one atomic write: see
    /// [`Table::prepare`]. Returns whether there is more to do. At the end the segment is dead.
    pub fn empty_step(&mut self, sparse: &mut SparseSegment) -> Result<bool, Failure> {
        self.show()?;
        let SparseSegment { level, next, is_read } = sparse;
        if *is_read {
            let (level, segment) = (*level, next.segment);
            self.sync()?;
            if self.part(level).live.of(segment) > 0 {
                self.part_mut(level).blocks.leave_out(segment);
            }
            return Ok(false);
        }
        let mut group = Group::default();
        let mut bytes = Vec::new();
        let end = next.offset + BYTES_A_STEP;
        let mut more = self.part(*level).live.of(next.segment) > 0;
        while more && next.offset < end {
            more = self.part(*level).blocks.read_record(*next, &mut bytes)?;
            let Some(found) = blocks::decode(&bytes, *next).filter(|_| more) else { break };
            let place = level.place(found.separator);
            if let Some(value) = self.tree.get(&place)? {
                let old = placed((place, value))?;
                if old.pointer.map(|pointer: Pointer| pointer.position) == Some(next.packed()) {
                    group.remove(*level, &old);
                    let pointer = self.part_mut(*level).blocks.append_stored(found.separator, found.stored)?;
                    group.insert(*level, found.separator, pointer);
                }
            }
            next.offset += bytes.len() as u64;
        }
        *is_read = !more;
        self.prepare(group)?;
        Ok(true)
    }
}
