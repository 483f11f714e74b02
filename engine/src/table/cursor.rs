//! An iterator over all entries of a level, in both directions.

use super::block::Malformed;
use super::decoded::DecodedBlock;
use super::{Level, PlacedBlock, Table, malformed, placed};
use crate::disk::Disk;
use crate::entry::{Boundary, Entry};
use crate::failure::Failure;
use crate::index::{Bytes, Pair, Pairs};
use crate::version::Version;

/// The cache may keep this many first blocks of an iteration, because others may begin there. Most iterations are
/// short.
const FIRST_BLOCKS: usize = 2;

/// A position at an entry of a level, before the first or after the last. The table must not change while it exists.
pub struct TableCursor<'a, D: Disk> {
    table: &'a Table<D>,
    level: Level,
    blocks: Blocks<'a>,
    block: Vec<u8>,
    decoded: DecodedBlock,
    /// The present entry; out of range after the end.
    index: usize,
    is_done: bool,
    /// How many blocks it has read.
    loaded: usize,
    /// Bytes of the blocks that it has read.
    pub(crate) read_bytes: usize,
}

/// The blocks that a cursor has not read yet. Many iterations end in their first block, so the tree is read only after
/// that.
enum Blocks<'a> {
    /// The blocks from a place on; `None` for none.
    From(Option<Bytes>),
    /// The blocks before a place.
    Before(Bytes),
    /// The blocks that the tree found.
    Found(Pairs<'a>),
}

impl<D: Disk> Table<D> {
    /// A cursor at the first entry of a level that is not before `boundary`.
    pub fn cursor_from(&self, level: Level, boundary: Boundary<'_>) -> Result<TableCursor<'_, D>, Failure> {
        let key = boundary.key().unwrap_or_default();
        let (first, after) = self.around(level, key)?;
        let mut cursor = TableCursor::over(self, level, Blocks::From(after));
        cursor.start_in(&first)?;
        cursor.index = cursor.decoded.entries_before(key, boundary.version());
        cursor.settle_forward()?;
        Ok(cursor)
    }

    /// The level for entries from the key `first` on: the bottom, if they come after all entries of the table.
    /// Otherwise the upper level: it might have an older version of a key, which reads would find first.
    pub fn level_from(&self, first: &[u8]) -> Result<Level, Failure> {
        for level in Level::ALL.into_iter().filter(|level| self.live_bytes(*level) > 0) {
            let last = self.cursor_before(level, Boundary::Outermost)?;
            if last.entry().is_some_and(|last| last.key >= first) {
                return Ok(Level::Upper);
            }
        }
        Ok(Level::Bottom)
    }

    /// A cursor at the last entry of a level that is before `boundary`. Without a key it is at the last entry of all.
    pub fn cursor_before(&self, level: Level, boundary: Boundary<'_>) -> Result<TableCursor<'_, D>, Failure> {
        let Some(key) = boundary.key() else {
            let blocks = Blocks::Found(self.tree.range(level.start(), level.end()));
            let mut cursor = TableCursor::over(self, level, blocks);
            // Each load looks up the last entry. Its block is not worth a place in the cache.
            cursor.loaded = FIRST_BLOCKS;
            cursor.previous_block()?;
            cursor.settle_backward(cursor.decoded.len())?;
            return Ok(cursor);
        };
        let (first, _) = self.around(level, key)?;
        let mut cursor = TableCursor::over(self, level, Blocks::Before(first.place.clone()));
        cursor.start_in(&first)?;
        let before = cursor.decoded.entries_before(key, boundary.version());
        cursor.settle_backward(before)?;
        Ok(cursor)
    }
}

impl<'a, D: Disk> TableCursor<'a, D> {
    fn over(table: &'a Table<D>, level: Level, blocks: Blocks<'a>) -> Self {
        let (block, decoded) = (Vec::new(), DecodedBlock::default());
        Self { table, level, blocks, block, decoded, index: 0, is_done: false, loaded: 0, read_bytes: 0 }
    }

    /// The entry at the cursor.
    #[must_use]
    pub fn entry(&self) -> Option<Entry<'_>> {
        if self.is_done { None } else { self.decoded.entry(&self.block, self.index) }
    }

    /// Whether the cursor is at no entry.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    /// Moves to the next key.
    pub fn next_key(&mut self) -> Result<(), Failure> {
        self.index = self.decoded.next_key(self.index);
        self.settle_forward()
    }

    /// Moves to the previous key.
    pub fn previous_key(&mut self) -> Result<(), Failure> {
        let present = self.decoded.entry(&self.block, self.index);
        let before = present.map_or(0, |entry| self.decoded.entries_before(entry.key, Version::NEWEST));
        self.settle_backward(before)
    }

    /// Moves to the newest version of the present key that is not above `version`, or to the place where it would be.
    pub fn seek_version(&mut self, version: Version) -> Result<(), Failure> {
        let present = self.decoded.entry(&self.block, self.index);
        self.index = present.map_or(self.index, |entry| self.decoded.entries_before(entry.key, version));
        self.settle_forward()
    }

    /// Moves to the next entry.
    pub fn advance(&mut self) -> Result<(), Failure> {
        self.index += 1;
        self.settle_forward()
    }

    /// Moves to the previous entry.
    pub fn retreat(&mut self) -> Result<(), Failure> {
        self.settle_backward(self.index)
    }

    fn settle_forward(&mut self) -> Result<(), Failure> {
        while self.index >= self.decoded.len() && !self.is_done {
            self.next_block()?;
        }
        Ok(())
    }

    /// Moves to the last of the first `before` entries of the block, or of the previous block.
    fn settle_backward(&mut self, mut before: usize) -> Result<(), Failure> {
        while before == 0 && !self.is_done {
            self.previous_block()?;
            before = self.decoded.len();
        }
        self.index = before.saturating_sub(1);
        Ok(())
    }

    fn next_block(&mut self) -> Result<(), Failure> {
        let found = self.blocks().and_then(Iterator::next);
        self.enter(found)
    }

    fn previous_block(&mut self) -> Result<(), Failure> {
        let found = self.blocks().and_then(DoubleEndedIterator::next_back);
        self.enter(found)
    }

    fn blocks(&mut self) -> Option<&mut Pairs<'a>> {
        let tree = &self.table.tree;
        let found = match &self.blocks {
            Blocks::From(None) => return None,
            Blocks::From(Some(place)) => tree.range(place, self.level.end()),
            Blocks::Before(place) => tree.range(self.level.start(), place),
            Blocks::Found(_) => return self.found(),
        };
        self.blocks = Blocks::Found(found);
        self.found()
    }

    fn found(&mut self) -> Option<&mut Pairs<'a>> {
        if let Blocks::Found(pairs) = &mut self.blocks { Some(pairs) } else { None }
    }

    /// Reads the first block.
    fn start_in(&mut self, first: &PlacedBlock) -> Result<(), Failure> {
        if first.pointer.is_some() { self.load(first) } else { Ok(()) }
    }

    fn enter(&mut self, found: Option<Result<Pair, Failure>>) -> Result<(), Failure> {
        self.index = 0;
        let Some(found) = found else {
            self.is_done = true;
            return Ok(());
        };
        self.load(&placed(found?)?)
    }

    fn load(&mut self, placed: &PlacedBlock) -> Result<(), Failure> {
        match placed.pointer {
            Some(pointer) if self.loaded < FIRST_BLOCKS => {
                self.table.blocks(self.level).read_first(pointer, &mut self.block)?;
            }
            _ => self.table.read(self.level, placed, &mut self.block)?,
        }
        self.loaded += 1;
        self.read_bytes += self.block.len();
        self.decoded.decode(&self.block).map_err(|Malformed| malformed(placed.separator()))
    }
}
