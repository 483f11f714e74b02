//! Rewrites the bottom level. Removes entries that nothing needs, and empties segments that are mostly dead.

use std::collections::BTreeSet;

use super::group::{Group, Written};
use super::merge::{OldBlock, retain};
use super::{Level, PlacedBlock, Retention, Table};
use crate::disk::Disk;
use crate::entry::Entry;
use crate::failure::Failure;
use crate::log::SegmentNumber;

/// Blocks that one step looks at.
const BLOCKS_A_STEP: usize = 64;

/// An iteration over the bottom level that rewrites the blocks that are worth it.
#[derive(Debug, Default)]
pub struct Rewrite {
    next: Vec<u8>,
    /// Segments whose blocks are always rewritten.
    sparse: BTreeSet<SegmentNumber>,
}

impl Rewrite {
    /// Whether there are such segments.
    #[must_use]
    pub fn has_sparse(&self) -> bool {
        !self.sparse.is_empty()
    }
}

impl<D: Disk> Table<D> {
    /// Starts a rewrite that also empties the segments that are less than `percent` percent live. No jobs may be out: it
    /// takes back the segments of the worker, which would stay as they are.
    pub fn rewrite(&mut self, percent: u64) -> Result<Rewrite, Failure> {
        self.show()?;
        self.end_lending();
        for level in Level::ALL {
            self.part_mut(level).blocks.end_segment()?;
        }
        let part = self.part(Level::Bottom);
        // A segment without live blocks needs no rewrite: luge removes it as a whole.
        let is_sparse = |number: SegmentNumber, size: u64| (1..size * percent).contains(&(part.live.of(number) * 100));
        let segments = part.blocks.segments()?;
        let sparse = segments.into_iter().filter(|(number, size)| is_sparse(*number, *size)).map(|(number, _)| number);
        Ok(Rewrite { next: Vec::new(), sparse: sparse.collect() })
    }

    /// Looks at some blocks, and prepares to replace them in one atomic write: see [`Table::prepare`]. Returns the blocks
    /// and bytes written; `None` at the end.
    pub fn rewrite_step(&mut self, rewrite: &mut Rewrite, retention: &Retention) -> Result<Option<Written>, Failure> {
        self.show()?;
        let level = Level::Bottom;
        let mut group = Group::default();
        let mut pending: Vec<OldBlock> = Vec::new();
        let mut next = Some(self.block_of(level, &rewrite.next)?).filter(|placed| placed.pointer.is_some());
        if next.is_none() && rewrite.next.is_empty() {
            next = self.first_block(level)?;
        }
        for _ in 0..BLOCKS_A_STEP {
            let Some(placed) = next.take() else { break };
            next = self.block_after(level, &placed)?;
            let block = self.old_block(level, placed)?;
            if self.is_worth_it(&block, rewrite, retention) {
                pending.push(block);
            } else {
                self.write_pending(&mut pending, retention, &mut group)?;
            }
        }
        self.write_pending(&mut pending, retention, &mut group)?;
        let is_done = next.is_none();
        rewrite.next = next.map_or_else(Vec::new, |placed| placed.separator().to_vec());
        let written = self.prepare(group)?;
        Ok(if is_done { None } else { Some(written) })
    }

    fn first_block(&self, level: Level) -> Result<Option<PlacedBlock>, Failure> {
        let before = PlacedBlock::absent(level, &[]);
        self.block_after(level, &before)
    }

    fn is_worth_it(&mut self, block: &OldBlock, rewrite: &Rewrite, retention: &Retention) -> bool {
        let placed = block.placed();
        let in_sparse = placed.pointer.is_some_and(|pointer| rewrite.sparse.contains(&pointer.segment()));
        let entries: Vec<Entry<'_>> = block.entries().collect();
        if in_sparse || block.size() < self.block_size / 4 || retain(&entries, retention).0 != entries {
            return true;
        }
        let blocks = &mut self.part_mut(Level::Bottom).blocks;
        // The setting may have changed since the block was written.
        placed.pointer.is_some_and(|pointer| blocks.is_stored_otherwise(placed.separator(), block.bytes(), pointer))
    }

    /// Writes adjacent blocks as new ones.
    fn write_pending(
        &mut self,
        pending: &mut Vec<OldBlock>,
        retention: &Retention,
        group: &mut Group,
    ) -> Result<(), Failure> {
        let old = std::mem::take(pending);
        let Some(first) = old.first() else { return Ok(()) };
        let before: Vec<Entry<'_>> = old.iter().flat_map(OldBlock::entries).collect();
        let (kept, left) = retain(&before, retention);
        group.end_history_before(left);
        self.replace(Level::Bottom, first.placed().separator(), &old, (&before, &kept), group)
    }
}
