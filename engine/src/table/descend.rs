//! Moves entries from the upper level into the bottom level.

use super::group::{Group, Written};
use super::merge::OldBlock;
use super::{JobLimits, Level, Retention, Table};
use crate::disk::Disk;
use crate::entry::Entry;
use crate::failure::Failure;

/// The approximate number of bytes of blocks that one step writes. A sync of fewer bytes costs nearly as much.
const BYTES_A_STEP: usize = 512 * 1024;
/// The most blocks of the upper level that one step moves.
const MOST_BLOCKS: usize = 64;

/// The progress of the descent. It goes around the keys in order.
#[derive(Clone, Debug)]
pub struct Descent {
    next: Vec<u8>,
    /// Blocks of the upper level that the next step moves.
    blocks: usize,
}

impl Default for Descent {
    fn default() -> Self {
        Self { next: Vec::new(), blocks: 4 }
    }
}

impl Descent {
    /// Begins another round.
    pub fn restart(&mut self) {
        self.next.clear();
    }

    /// Whether the next step is the first of a round.
    #[must_use]
    pub fn is_at_start(&self) -> bool {
        self.next.is_empty()
    }
}

impl<D: Disk> Table<D> {
    /// Makes a job of some blocks of the upper level. No other job may be out.
    pub fn hand_descent(
        &mut self,
        descent: &mut Descent,
        retention: &Retention,
        bytes: usize,
    ) -> Result<Option<Vec<u8>>, Failure> {
        self.hand_down(&mut descent.next, retention, JobLimits { bytes, out: 0 })
    }

    /// Prepares to move some blocks of the upper level into the bottom level in one atomic write: see
    /// [`Table::prepare`].
    pub fn descend(&mut self, descent: &mut Descent, retention: &Retention) -> Result<Written, Failure> {
        self.show()?;
        let mut moved: Vec<OldBlock> = Vec::new();
        let mut next = Some(self.block_of(Level::Upper, &descent.next)?);
        while let Some(placed) = next.take_if(|_| moved.len() < descent.blocks) {
            next = self.block_after(Level::Upper, &placed)?;
            moved.push(self.old_block(Level::Upper, placed)?);
        }
        descent.next = next.map_or_else(Vec::new, |placed| placed.separator().to_vec());
        let group = self.descend_blocks(&moved, retention)?;
        let written = self.prepare(group)?;
        if written.bytes < BYTES_A_STEP / 2 {
            descent.blocks = (descent.blocks * 2).min(MOST_BLOCKS);
        } else if written.bytes > BYTES_A_STEP * 2 {
            descent.blocks = (descent.blocks / 2).max(1);
        }
        Ok(written)
    }

    /// Prepares the changes that move these blocks of the upper level.
    pub(super) fn descend_blocks(&mut self, moved: &[OldBlock], retention: &Retention) -> Result<Group, Failure> {
        let mut group = Group::default();
        // One stream: entries of two upper blocks may belong in the same bottom block.
        let mut entries = moved.iter().flat_map(OldBlock::entries).peekable();
        while entries.peek().is_some() {
            self.merge_into(Level::Bottom, &mut entries, retention, usize::MAX, &mut group)?;
        }
        moved.iter().flat_map(OldBlock::entries).for_each(|entry: Entry<'_>| group.count(&entry, -1));
        for block in moved {
            group.remove(Level::Upper, block.placed());
        }
        Ok(group)
    }
}
