//! A cursor over all entries of a level, in both directions.

use super::block::Malformed;
use super::decoded::DecodedBlock;
use super::{Level, Table, malformed, placed};
use crate::disk::Disk;
use crate::entry::{Boundary, Entry};
use crate::failure::Failure;
use crate::index::{Pair, Pairs};
use crate::version::Version;

/// Stands at an entry of a level, or behind its last or before its first. The table must not change meanwhile.
pub struct TableCursor<'a, D: Disk> {
    table: &'a Table<D>,
    level: Level,
    blocks: Pairs<'a>,
    block: Vec<u8>,
    decoded: DecodedBlock,
    /// The present entry; out of range behind the end.
    index: usize,
    is_done: bool,
    /// Bytes of the blocks that it has read.
    pub(crate) read_bytes: usize,
}

impl<D: Disk> Table<D> {
    /// A cursor at the first entry of a level that is not before `boundary`.
    pub fn cursor_from(&self, level: Level, boundary: Boundary<'_>) -> Result<TableCursor<'_, D>, Failure> {
        let key = boundary.key().unwrap_or_default();
        let start = self.block_of(level, key)?.place;
        let blocks = self.tree.range(&start, level.end());
        let mut cursor = TableCursor::over(self, level, blocks);
        cursor.next_block()?;
        cursor.index = cursor.decoded.entries_before(key, boundary.version());
        cursor.settle_forward()?;
        Ok(cursor)
    }

    /// Where entries from the key `first` on may go: to the bottom at once where they come behind all that the table has. Were
    /// there an older version of one in the upper level, reads would find that.
    pub fn level_from(&self, first: &[u8]) -> Result<Level, Failure> {
        for level in Level::ALL.into_iter().filter(|level| self.live_bytes(*level) > 0) {
            let last = self.cursor_before(level, Boundary::Outermost)?;
            if last.entry().is_some_and(|last| last.key >= first) {
                return Ok(Level::Upper);
            }
        }
        Ok(Level::Bottom)
    }

    /// A cursor at the last entry of a level that is before `boundary`; one without a key is behind all.
    pub fn cursor_before(&self, level: Level, boundary: Boundary<'_>) -> Result<TableCursor<'_, D>, Failure> {
        let blocks = match boundary.key() {
            Some(key) => level.with_place(key, |place| self.tree.range_to(level.start(), place)),
            None => self.tree.range(level.start(), level.end()),
        };
        let mut cursor = TableCursor::over(self, level, blocks);
        cursor.previous_block()?;
        let before = match boundary.key() {
            Some(key) => cursor.decoded.entries_before(key, boundary.version()),
            None => cursor.decoded.len(),
        };
        cursor.settle_backward(before)?;
        Ok(cursor)
    }
}

impl<'a, D: Disk> TableCursor<'a, D> {
    fn over(table: &'a Table<D>, level: Level, blocks: Pairs<'a>) -> Self {
        let (block, decoded) = (Vec::new(), DecodedBlock::default());
        Self { table, level, blocks, block, decoded, index: 0, is_done: false, read_bytes: 0 }
    }

    /// The entry where the cursor stands.
    #[must_use]
    pub fn entry(&self) -> Option<Entry<'_>> {
        if self.is_done { None } else { self.decoded.entry(&self.block, self.index) }
    }

    /// Whether the cursor stands at no entry.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// Goes to the next key.
    pub fn next_key(&mut self) -> Result<(), Failure> {
        self.index = self.decoded.next_key(self.index);
        self.settle_forward()
    }

    /// Goes to the key before.
    pub fn previous_key(&mut self) -> Result<(), Failure> {
        let present = self.decoded.entry(&self.block, self.index);
        let before = present.map_or(0, |entry| self.decoded.entries_before(entry.key, Version::NEWEST));
        self.settle_backward(before)
    }

    /// Goes to the newest version of the present key that is not above `version`, or where it would be.
    pub fn seek_version(&mut self, version: Version) -> Result<(), Failure> {
        let present = self.decoded.entry(&self.block, self.index);
        self.index = present.map_or(self.index, |entry| self.decoded.entries_before(entry.key, version));
        self.settle_forward()
    }

    /// Goes to the next entry.
    pub fn advance(&mut self) -> Result<(), Failure> {
        self.index += 1;
        self.settle_forward()
    }

    /// Goes to the entry before.
    pub fn retreat(&mut self) -> Result<(), Failure> {
        self.settle_backward(self.index)
    }

    fn settle_forward(&mut self) -> Result<(), Failure> {
        while self.index >= self.decoded.len() && !self.is_done {
            self.next_block()?;
        }
        Ok(())
    }

    /// Goes to the last of the first `before` entries of the block, or of the block before.
    fn settle_backward(&mut self, mut before: usize) -> Result<(), Failure> {
        while before == 0 && !self.is_done {
            self.previous_block()?;
            before = self.decoded.len();
        }
        self.index = before.saturating_sub(1);
        Ok(())
    }

    fn next_block(&mut self) -> Result<(), Failure> {
        let found = self.blocks.next();
        self.enter(found)
    }

    fn previous_block(&mut self) -> Result<(), Failure> {
        let found = self.blocks.next_back();
        self.enter(found)
    }

    fn enter(&mut self, found: Option<Result<Pair, Failure>>) -> Result<(), Failure> {
        self.index = 0;
        let Some(found) = found else {
            self.is_done = true;
            return Ok(());
        };
        let placed = placed(found?)?;
        self.table.read(self.level, &placed, &mut self.block)?;
        self.read_bytes += self.block.len();
        self.decoded.decode(&self.block).map_err(|Malformed| malformed(placed.separator()))
    }
}
