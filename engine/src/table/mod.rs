//! The table: sorted blocks, found through the tree of the index.
//!
//! ```text
//! key in the tree                  value
//! 0 u8, segment u64, big endian    bytes in that segment of the log that blocks refer to, u64, little endian
//! 1 u8, separator                  the place of a block of the bottom level, see `Pointer`
//! 2 u8, separator                  the place of a block of the upper level
//! 3 u8, segment u64, big endian    bytes in that segment of the bottom level's blocks that the tree refers to, u64, LE
//! 4 u8, segment u64, big endian    the same for the upper level
//! 5 u8                             `HistoryLeft`: versions of reads, newest changes, all changes, u64 LE each
//! 6 u8                             the store's identity, u64, little endian
//! ```
//!
//! A block holds the entries from its *separator* up to the next separator of its level. The first separator of a level
//! is empty, so every key has a block. All versions of a key in a level are in one block. Memtables are merged into the
//! upper level, which is small and often rewritten. Its entries then move to the bottom level, many at a time. A
//! memtable whose keys come after all keys of the table is merged directly into the bottom level.
//!
//! Blocks are written to their own files, and synced before the tree refers to them. The reason: sled's tree rewrites
//! whole leaves, which is several times the size of the written data. Counts change in the same atomic write as the
//! blocks, so they are always exact.

pub mod block;
pub mod blocks;
mod cache;
mod cursor;
mod decoded;
mod descend;
mod filters;
mod group;
mod hand_out;
mod job;
mod job_table;
mod key_index;
mod level;
mod live;
mod merge;
mod owned_version;
mod pointer_cache;
mod relocate;
mod retention;
mod rewrite;
mod sparse;
mod verify;

use std::cell::RefCell;
use std::rc::Rc;

pub use cursor::TableCursor;
pub use decoded::DecodedBlock;
pub use descend::Descent;
pub use group::{Group, Written};
pub use hand_out::{HandedOut, JobEnd, JobLimits};
pub use job::{Answer, Job};
pub use job_table::JobTable;
pub use level::Level;
pub use live::LiveBytes;
pub use merge::Entries;
pub use owned_version::Found;
pub use relocate::Relocation;
pub use retention::{HistoryLeft, Retention};
pub use rewrite::Rewrite;
pub use sparse::SparseSegment;
pub use verify::{BlockDamage, BlockWalk};

use self::block::KeylessEntry;
use self::blocks::{BlockStore, Pointer};
use self::cache::{BlockCache, Hint};
use self::filters::Filters;
use self::level::separator_of;
use self::pointer_cache::{Around, Places, Run};
use crate::compression::Compression;
use crate::disk::Disk;
use crate::failure::{Failure, FailureKind};
use crate::index::{Bytes, Identity, Pair, Tree};
use crate::version::Version;

/// The first byte of the tree's keys that count live bytes of the log's segments.
const LOG_COUNT_PREFIX: u8 = 0;
/// The tree's key of the remaining history.
const HISTORY_KEY: &[u8] = &[5];

/// One part in this many of the table's caches is for the places of blocks, half of it for each level. That is enough
/// for about ten times as many blocks as the cache holds.
const PLACES_SHARE: usize = 8;
/// One part in this many is for the filters of blocks.
const FILTERS_SHARE: usize = 32;

/// Sorted blocks, found through a tree of the index.
pub struct Table<D: Disk> {
    tree: Rc<dyn Tree>,
    /// The target size of a block in bytes. A new block has two thirds to one and a half of it. Later it has at least a
    /// quarter.
    block_size: usize,
    cache: Rc<RefCell<BlockCache>>,
    log_live: LiveBytes,
    upper: Part<D>,
    bottom: Part<D>,
    history: HistoryLeft,
    /// Changes that become visible next: see [`Table::prepare`].
    prepared: Option<Group>,
    identity: Identity,
}

/// The parts of a level.
struct Part<D: Disk> {
    blocks: BlockStore<D>,
    live: LiveBytes,
    places: RefCell<Places>,
}

/// The place of a block in the tree and on the disk.
#[derive(Clone, Debug)]
pub struct PlacedBlock {
    place: Bytes,
    /// `None` if the block does not exist yet, such as the first one of an empty level.
    pointer: Option<Pointer>,
}

impl PlacedBlock {
    /// The place of a block that does not exist yet.
    fn absent(level: Level, separator: &[u8]) -> Self {
        Self { place: level.place(separator), pointer: None }
    }

    /// No key in the block is below this.
    #[must_use]
    pub fn separator(&self) -> &[u8] {
        separator_of(&self.place)
    }
}

/// The disks of a table's levels.
pub struct TableDisks<D> {
    /// The disk of the upper level.
    pub upper: D,
    /// The disk of the bottom level.
    pub bottom: D,
}

impl<D: Disk> Table<D> {
    /// Opens the table in this tree, with blocks of about `block_size` bytes, and caches of `cache_size` bytes.
    pub fn open(
        tree: Rc<dyn Tree>,
        disks: TableDisks<D>,
        block_size: usize,
        cache_size: usize,
    ) -> Result<Self, Failure> {
        let is_new = tree.is_empty() && disks.upper.list()?.is_empty() && disks.bottom.list()?.is_empty();
        let identity = Identity::of(&*tree, is_new)?;
        let log_live = LiveBytes::read(&*tree, LOG_COUNT_PREFIX)?;
        let places_size = cache_size / PLACES_SHARE;
        let filters_size = cache_size / FILTERS_SHARE;
        let cache = Rc::new(RefCell::new(BlockCache::new(cache_size - places_size - filters_size)));
        let part = |level: Level, disk| {
            let live = LiveBytes::read(&*tree, level.count_prefix())?;
            let places = RefCell::new(Places::new(places_size / 2));
            // A key that is not in the bottom level is mostly nowhere. Few reads ask for such keys, so that level has
            // no filters.
            let filters = Filters::new(if level == Level::Upper { filters_size } else { 0 });
            let blocks = BlockStore::open(disk, level, identity, Rc::clone(&cache), filters)?;
            Ok::<_, Failure>(Part { blocks, live, places })
        };
        let upper = part(Level::Upper, disks.upper)?;
        let bottom = part(Level::Bottom, disks.bottom)?;
        let history = read_history(&*tree)?;
        Ok(Self { tree, block_size, cache, log_live, upper, bottom, history, prepared: None, identity })
    }

    /// How blocks are written from here on. A new table writes them as they are.
    pub fn set_compression(&mut self, compression: Compression) {
        for level in Level::ALL {
            self.part_mut(level).blocks.set_compression(compression);
        }
    }

    /// How many times blocks or counts changed since the table was opened.
    pub fn changes(&self) -> u64 {
        self.log_live.changes()
    }

    /// The identity of the store. It distinguishes the store's files from those of another store.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// The disks of the levels. Bytes that were not written out are lost, as in a crash.
    pub fn into_disks(self) -> TableDisks<D> {
        TableDisks { upper: self.upper.blocks.into_disk(), bottom: self.bottom.blocks.into_disk() }
    }

    /// Finds the newest version of `key` that is not above `version`, and returns the result of `take` for it.
    pub fn get<T>(
        &self,
        key: &[u8],
        version: Version,
        mut take: impl FnMut(&KeylessEntry<'_>) -> T,
    ) -> Result<Option<T>, Failure> {
        for level in Level::ALL {
            if let Some(found) = self.get_in(level, key, version, &mut take)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Like [`Table::get`], in one level.
    pub fn get_in<T>(
        &self,
        level: Level,
        key: &[u8],
        version: Version,
        take: impl FnOnce(&KeylessEntry<'_>) -> T,
    ) -> Result<Option<T>, Failure> {
        let part = self.part(level);
        if part.live.total() == 0 {
            return Ok(None);
        }
        let places = part.places.borrow();
        if let Some((pointer, hint)) = places.find(key) {
            let Some(pointer) = pointer else { return Ok(None) };
            return part.blocks.find(pointer, hint, key, version, take);
        }
        drop(places);
        let Some(pointer) = self.find_place(level, key)? else { return Ok(None) };
        part.blocks.find(pointer, &Hint::default(), key, version, take)
    }

    /// Finds the place of the block of `key` in the tree. Also caches the places of the blocks near it.
    fn find_place(&self, level: Level, key: &[u8]) -> Result<Option<Pointer>, Failure> {
        let first = self.block_of(level, key)?;
        let mut run = Run::new();
        if first.pointer.is_none() {
            run.push(first.separator(), None);
        }
        for found in self.tree.range(&first.place, level.end()) {
            let next = placed(found?)?;
            if !run.push(next.separator(), next.pointer) {
                break;
            }
        }
        self.part(level).places.borrow_mut().insert(run);
        Ok(first.pointer)
    }

    /// The block of a level that holds `key`, and the place of the next block. Uses the cached places if possible.
    fn around(&self, level: Level, key: &[u8]) -> Result<(PlacedBlock, Option<Bytes>), Failure> {
        let known = || {
            let places = self.part(level).places.borrow();
            let Around { pointer, separator, end } = places.around(key)?;
            Some((PlacedBlock { place: level.place(separator), pointer }, end.map(|end| level.place(end))))
        };
        if let Some(known) = known() {
            return Ok(known);
        }
        self.find_place(level, key)?;
        if let Some(known) = known() {
            return Ok(known);
        }
        // The cache has no room for places.
        let placed = self.block_of(level, key)?;
        let after = self.block_after(level, &placed)?;
        Ok((placed, after.map(|after| after.place)))
    }

    /// The block of a level that holds `key`, if it is there.
    #[inline(never)]
    pub fn block_of(&self, level: Level, key: &[u8]) -> Result<PlacedBlock, Failure> {
        let found = level.with_place(key, |place| self.tree.last_between(level.start(), place))?;
        found.map_or_else(|| Ok(PlacedBlock::absent(level, &[])), placed)
    }

    /// The block after `before` in its level.
    #[inline(never)]
    pub fn block_after(&self, level: Level, before: &PlacedBlock) -> Result<Option<PlacedBlock>, Failure> {
        self.tree.first_between(&before.place, level.end())?.map(placed).transpose()
    }

    /// Calls `visit` with where each block of a level begins and its size, from the block of the key `from` on. Stops
    /// when `visit` says so.
    pub fn visit_blocks(
        &self,
        level: Level,
        from: &[u8],
        visit: &mut dyn FnMut(&[u8], u32) -> bool,
    ) -> Result<(), Failure> {
        let first = self.block_of(level, from)?;
        for found in self.tree.range(&first.place, level.end()) {
            let next = placed(found?)?;
            if !visit(next.separator(), next.pointer.map_or(0, |pointer| pointer.size)) {
                break;
            }
        }
        Ok(())
    }

    /// Reads a block into `bytes`; nothing if there is no block.
    pub fn read(&self, level: Level, placed: &PlacedBlock, bytes: &mut Vec<u8>) -> Result<(), Failure> {
        bytes.clear();
        match placed.pointer {
            Some(pointer) => self.part(level).blocks.read(pointer, bytes),
            None => Ok(()),
        }
    }

    /// The remaining history once the prepared group is visible.
    pub fn history(&self) -> HistoryLeft {
        self.history.max(self.prepared.as_ref().map(Group::history).unwrap_or_default())
    }

    /// For each segment of the log, how many bytes of it the blocks refer to.
    pub fn log_live(&self) -> &LiveBytes {
        &self.log_live
    }

    /// The total size in bytes of the blocks of a level.
    pub fn live_bytes(&self, level: Level) -> u64 {
        self.part(level).live.total()
    }

    /// The blocks of a level.
    pub fn blocks(&self, level: Level) -> &BlockStore<D> {
        &self.part(level).blocks
    }

    /// Hits and misses of the cache of blocks, and the size of all caches in bytes.
    pub fn cache_figures(&self) -> (u64, u64, usize) {
        let cache = self.cache.borrow();
        let places = Level::ALL.map(|level| self.part(level).places.borrow().size_bytes());
        let filters = self.upper.blocks.filters_size_bytes();
        (cache.hits, cache.misses, cache.size_bytes() + places.iter().sum::<usize>() + filters)
    }

    /// Makes the tree durable. Then the segments of blocks that it does not refer to can be removed.
    pub fn sync(&mut self) -> Result<(), Failure> {
        self.show()?;
        self.tree.sync()?;
        for level in Level::ALL {
            let Part { blocks, live, .. } = self.part_mut(level);
            blocks.find_dead(live)?;
        }
        Ok(())
    }

    /// Ends the segments that blocks are being written to, durably.
    pub fn end_segments(&mut self) -> Result<(), Failure> {
        self.upper.blocks.end_segment()?;
        self.bottom.blocks.end_segment()
    }

    /// Removes one segment of blocks that nothing refers to. Returns whether there was one.
    pub fn remove_dead(&mut self) -> Result<bool, Failure> {
        Ok(self.upper.blocks.remove_dead()? || self.bottom.blocks.remove_dead()?)
    }

    /// Whether there are segments of blocks to remove.
    pub fn has_dead(&self) -> bool {
        self.upper.blocks.has_dead() || self.bottom.blocks.has_dead()
    }

    fn part(&self, level: Level) -> &Part<D> {
        match level {
            Level::Upper => &self.upper,
            Level::Bottom => &self.bottom,
        }
    }

    fn part_mut(&mut self, level: Level) -> &mut Part<D> {
        match level {
            Level::Upper => &mut self.upper,
            Level::Bottom => &mut self.bottom,
        }
    }
}

fn read_history(tree: &dyn Tree) -> Result<HistoryLeft, Failure> {
    let Some(bytes) = tree.get(HISTORY_KEY)? else { return Ok(HistoryLeft::default()) };
    let (numbers, rest) = bytes.as_chunks();
    let history = match *numbers {
        // Earlier formats had one version for all three, or none for the newest changes alone.
        [all] => Some([all; 3]),
        [whole, newest] => Some([whole, newest, whole]),
        [whole, newest, changes] => Some([whole, newest, changes]),
        _ => None,
    };
    let damaged = || Failure::new(FailureKind::Corrupt, "the table's version of the oldest history is damaged");
    let [whole_from, newest_from, changes_from] =
        history.filter(|_| rest.is_empty()).ok_or_else(damaged)?.map(Version::from_le_bytes);
    Ok(HistoryLeft { whole_from, changes_from, newest_from })
}

fn encode_history(history: HistoryLeft) -> Vec<u8> {
    let numbers = [history.whole_from, history.newest_from, history.changes_from];
    numbers.map(Version::to_le_bytes).concat()
}

#[inline(never)]
fn placed((place, value): Pair) -> Result<PlacedBlock, Failure> {
    let pointer = Pointer::decode(&value).ok_or_else(|| malformed(separator_of(&place)))?;
    Ok(PlacedBlock { place, pointer: Some(pointer) })
}

/// The failure for a block that cannot be read. The key is one in that block.
pub(crate) fn malformed(key: &[u8]) -> Failure {
    let shown = String::from_utf8_lossy(key.get(..40).unwrap_or(key));
    Failure::new(FailureKind::Corrupt, format!("the block of the table with key '{}' is damaged", shown.escape_debug()))
}
