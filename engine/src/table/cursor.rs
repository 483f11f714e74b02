//! An iterator over all entries of a level, in both directions.

use super::block::{Malformed, Parts};
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
    /// The present block.
    placed: Option<PlacedBlock>,
    block: Vec<u8>,
    /// How many groups the block has; 0 if there is no block, and 1 if the whole block is decoded.
    groups: usize,
    /// The present group. Most iterations need few entries, so only this one is decoded in the first block.
    group: usize,
    decoded: DecodedBlock,
    /// The present entry in the group; out of range after the end.
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
        cursor.start_in(first, key, boundary.version())?;
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
            cursor.settle_backward(0)?;
            return Ok(cursor);
        };
        let (first, _) = self.around(level, key)?;
        let mut cursor = TableCursor::over(self, level, Blocks::Before(first.place.clone()));
        cursor.start_in(first, key, boundary.version())?;
        cursor.settle_backward(cursor.index)?;
        Ok(cursor)
    }
}

impl<'a, D: Disk> TableCursor<'a, D> {
    fn over(table: &'a Table<D>, level: Level, blocks: Blocks<'a>) -> Self {
        Self {
            table,
            level,
            blocks,
            placed: None,
            block: Vec::new(),
            groups: 0,
            group: 0,
            decoded: DecodedBlock::default(),
            index: 0,
            is_done: false,
            loaded: 0,
            read_bytes: 0,
        }
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
        let present = self.index;
        self.index = self.decoded.next_key(present);
        if self.index >= self.decoded.len() && self.group + 1 < self.groups {
            let next = Parts::of(&self.block).ok().and_then(|parts| parts.landmark(self.group + 1));
            let key = self.key_at(present);
            if next.is_some_and(|next| next.suffix == key) {
                let key = key.to_vec();
                self.seek(&key, Version::NONE)?;
            }
        }
        self.settle_forward()
    }

    /// Moves to the previous key.
    pub fn previous_key(&mut self) -> Result<(), Failure> {
        let key = self.key_at(self.index);
        self.index = self.decoded.entries_before(key, Version::NEWEST);
        if self.index == 0 && self.group > 0 {
            let key = self.key_at(0).to_vec();
            self.seek(&key, Version::NEWEST)?;
        }
        self.settle_backward(self.index)
    }

    /// Moves to the newest version of the present key that is not above `version`, or to the place where it would be.
    pub fn seek_version(&mut self, version: Version) -> Result<(), Failure> {
        let key = self.key_at(self.index).to_vec();
        self.seek(&key, version)?;
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

    fn key_at(&self, index: usize) -> &[u8] {
        self.decoded.entry(&self.block, index).map_or(&[], |entry| entry.key)
    }

    /// Moves to a version of a key in the present block, or to the place where it would be. That may be after the end of
    /// a group.
    fn seek(&mut self, key: &[u8], version: Version) -> Result<(), Failure> {
        if self.groups > 1 {
            let group = Parts::of(&self.block).and_then(|parts| parts.group_of(key, version));
            self.decode(group)?;
        }
        self.index = self.decoded.entries_before(key, version);
        Ok(())
    }

    fn settle_forward(&mut self) -> Result<(), Failure> {
        while self.index >= self.decoded.len() && !self.is_done {
            self.index = 0;
            let next = self.group + 1;
            if next < self.groups {
                self.decode(Ok(next))?;
            } else {
                let found = self.blocks().and_then(Iterator::next);
                self.enter(found)?;
            }
        }
        Ok(())
    }

    /// Moves to the last of the first `before` entries of the group, or of the previous group.
    fn settle_backward(&mut self, mut before: usize) -> Result<(), Failure> {
        while before == 0 && !self.is_done {
            if let Some(previous) = self.group.checked_sub(1) {
                self.decode(Ok(previous))?;
            } else {
                let found = self.blocks().and_then(DoubleEndedIterator::next_back);
                self.enter(found)?;
            }
            before = self.decoded.len();
        }
        self.index = before.saturating_sub(1);
        Ok(())
    }

    fn decode(&mut self, group: Result<usize, Malformed>) -> Result<(), Failure> {
        let decoded = group.and_then(|group| {
            self.group = group;
            self.decoded.decode_group(&self.block, group)
        });
        decoded.map_err(|Malformed| self.malformed())
    }

    #[cold]
    fn malformed(&self) -> Failure {
        malformed(self.placed.as_ref().map_or(&[], PlacedBlock::separator))
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

    /// Reads the first block and moves to a version of a key there.
    fn start_in(&mut self, first: PlacedBlock, key: &[u8], version: Version) -> Result<(), Failure> {
        if first.pointer.is_some() {
            self.load(first)?;
            let parts = Parts::of(&self.block).map_err(|Malformed| self.malformed())?;
            self.groups = parts.groups();
            if self.groups == 1 {
                self.decode(Ok(0))?;
            }
        }
        self.seek(key, version)
    }

    /// Reads and decodes a block, if there is one.
    fn enter(&mut self, found: Option<Result<Pair, Failure>>) -> Result<(), Failure> {
        let Some(found) = found else {
            self.is_done = true;
            return Ok(());
        };
        self.load(placed(found?)?)?;
        (self.groups, self.group) = (1, 0);
        self.decoded.decode(&self.block).map_err(|Malformed| self.malformed())
    }

    fn load(&mut self, placed: PlacedBlock) -> Result<(), Failure> {
        match placed.pointer {
            Some(pointer) if self.loaded < FIRST_BLOCKS => {
                self.table.blocks(self.level).read_first(pointer, &mut self.block)?;
            }
            _ => self.table.read(self.level, &placed, &mut self.block)?,
        }
        self.loaded += 1;
        self.read_bytes += self.block.len();
        self.placed = Some(placed);
        Ok(())
    }
}
