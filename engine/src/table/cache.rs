//! A bounded cache of blocks. The key is the level and position of a block. Each block has an index of its keys.
//!
//! Blocks are in one piece of memory, in *regions* that follow each other without a gap:
//!
//! ```text
//! region:  its size u32, length of the index u32, length of the block u32, used since the last pass u32 (1 or 0),
//!          level and position of the block, and a secret, u64, index, block, zeros
//! ```
//!
//! Eviction is CLOCK: a hand goes around the regions. If a block was not read since the last pass of the hand, the new
//! block replaces it. Otherwise it stays until the next pass. A full cache accepts a block only on its second miss. The
//! second miss must come within a few times as many misses as the cache has blocks. So a scan, which reads blocks once,
//! does not evict blocks that are read often.

use std::cell::Cell;
use std::hash::{BuildHasher, Hasher, RandomState};

use super::Level;
use super::block::{self, KeylessEntry, Malformed};
use super::key_index::{self, Indexer};
use crate::admission::Admission;
use crate::log::PackedPosition;
use crate::number::{u32_of, usize_of};
use crate::version::Version;

/// References per bucket.
const WAYS: usize = 4;
/// The approximate size of a block in bytes.
const EXPECTED_SIZE: usize = 4096;
/// Bytes before the index.
const HEADER_SIZE: usize = 24;
/// The offset of the used flag in a region.
const USED_AT: usize = 12;
/// Region sizes are multiples of this. So the rest of a split region always has room for a header.
const GRANULE: usize = 32;
/// The initial size in bytes, and the factor by which the cache grows.
const FIRST_CAPACITY: usize = 8 << 20;
const GROWTH: usize = 4;
/// At most this many used blocks in a row stay. This bounds the time of a call.
const MOST_STAY: usize = 64;

/// The key of a block: its level and its packed position there.
pub(super) type Key = (Level, PackedPosition);

/// Blocks by position.
pub(super) struct BlockCache {
    regions: Vec<u8>,
    /// The present size. It grows up to `most`, so a small store has a small cache.
    capacity: usize,
    most: usize,
    /// The position of the next block, unless the blocks there stay.
    hand: usize,
    slots: Vec<[Slot; WAYS]>,
    /// Which blocks it takes when it is full. It remembers about as many blocks as there are references.
    admission: Admission,
    indexer: Indexer,
    /// A number that is mixed into the keys. An old hint can point into the middle of a block. The secret prevents that
    /// user bytes there look like a header.
    secret: u64,
    pub hits: u64,
    pub misses: u64,
}

/// A reference to a block.
#[derive(Clone, Copy, Default)]
struct Slot {
    /// The key as one number.
    key: u64,
    /// One more than the start of the region, in granules; 0 for none.
    after: u32,
}

/// The likely place of a block in the cache, as in [`Slot::after`]. The owner of the file position keeps it.
#[derive(Clone, Debug, Default)]
pub(super) struct Hint(Cell<u32>);

/// The header of a region, before the index.
#[derive(Clone, Copy)]
struct Header {
    size: usize,
    index: usize,
    block: usize,
    /// 0 if there is no block.
    key: u64,
}

/// A block and the index of its keys. The index is empty if the block has none.
#[derive(Clone, Copy)]
pub(super) struct CachedBlock<'a> {
    index: &'a [u8],
    pub block: &'a [u8],
}

impl<'a> CachedBlock<'a> {
    /// Finds the newest entry of a key whose version is not above `version`. The caller passes the hash of the key.
    pub fn find(self, key: &[u8], hash: u64, version: Version) -> Result<Option<KeylessEntry<'a>>, Malformed> {
        match key_index::find(self.index, self.block, (key, hash), version) {
            Some(found) => Ok(found),
            None => block::find(self.block, key, version),
        }
    }
}

impl BlockCache {
    pub fn new(capacity: usize) -> Self {
        Self {
            regions: Vec::new(),
            capacity: capacity.clamp(EXPECTED_SIZE, FIRST_CAPACITY) / GRANULE * GRANULE,
            most: capacity.max(EXPECTED_SIZE) / GRANULE * GRANULE,
            hand: 0,
            slots: Vec::new(),
            admission: Admission::default(),
            indexer: Indexer::default(),
            secret: secret(),
            hits: 0,
            misses: 0,
        }
    }

    /// Finds a block.
    pub fn get(&mut self, key: Key) -> Option<CachedBlock<'_>> {
        self.get_at(&Hint::default(), key)
    }

    /// Finds a block by its hint first, and then by its reference. Updates the hint, so the next call mostly needs no
    /// reference.
    pub fn get_at(&mut self, hint: &Hint, key: Key) -> Option<CachedBlock<'_>> {
        let key = self.number_of(key);
        let hinted = hint.0.get().checked_sub(1).map(|granule| granule as usize * GRANULE);
        let is_there = |at: &usize| self.header(*at).is_some_and(|header| header.key == key);
        let known = || self.find(key).map(|(_, _, at)| at).filter(is_there);
        let Some(at) = hinted.filter(is_there).or_else(known) else {
            self.misses += 1;
            return None;
        };
        self.hits += 1;
        hint.0.set(u32_of(at / GRANULE) + 1);
        let region = self.regions.get_mut(at..)?;
        *region.get_mut(USED_AT)? = 1;
        let header = self.header(at)?;
        let (index, rest) = self.regions.get(at + HEADER_SIZE..)?.split_at_checked(header.index)?;
        Some(CachedBlock { index, block: rest.get(..header.block)? })
    }

    /// Whether to insert a block that was missed: if there is room, or if it was missed before.
    pub fn admits(&mut self, key: Key) -> bool {
        let key = self.number_of(key);
        self.regions.len() + 2 * EXPECTED_SIZE < self.most || self.admission.admits(spread(key))
    }

    /// The indexer. [`BlockCache::insert`] uses the index of the block that it read last.
    pub fn indexer(&mut self) -> &mut Indexer {
        &mut self.indexer
    }

    /// Inserts a block. If `is_indexed`, the last index that the indexer made belongs to this block.
    pub fn insert(&mut self, key: Key, block: &[u8], is_indexed: bool) {
        let index = if is_indexed { self.indexer.index().len() } else { 0 };
        let size = (HEADER_SIZE + index + block.len()).next_multiple_of(GRANULE);
        let key = self.number_of(key);
        if size > self.capacity / 8 || self.find(key).is_some() || !self.reserve() {
            return;
        }
        let at = self.make_room(size);
        self.write_header(at, Header { size, index, block: block.len(), key });
        for (start, bytes) in [(0, self.indexer.index().get(..index).unwrap_or_default()), (index, block)] {
            let start = at + HEADER_SIZE + start;
            if let Some(target) = self.regions.get_mut(start..start + bytes.len()) {
                target.copy_from_slice(bytes);
            }
        }
        self.refer(key, at);
    }

    /// Bytes of memory in use.
    pub fn size_bytes(&self) -> usize {
        self.regions.len() + self.slots.len() * size_of::<[Slot; WAYS]>() + self.admission.size_bytes()
    }

    /// Allocates the memory for the present size, unless that was done. Returns whether there is enough.
    fn reserve(&mut self) -> bool {
        !self.slots.is_empty() || self.resize(self.capacity)
    }

    /// Grows the cache if it may grow. Returns whether it grew.
    fn grow(&mut self) -> bool {
        let capacity = self.capacity.saturating_mul(GROWTH).min(self.most);
        let grows = capacity > self.capacity && self.resize(capacity);
        if !grows {
            self.most = self.capacity;
        }
        grows
    }

    /// Allocates memory for this many bytes and rebuilds the references. Returns whether there was enough.
    fn resize(&mut self, capacity: usize) -> bool {
        // Four references per block: with two, one block in twenty found no room in its bucket.
        let buckets = (capacity / EXPECTED_SIZE).next_power_of_two();
        let mut slots = Vec::new();
        if self.regions.try_reserve_exact(capacity - self.regions.len()).is_err()
            || slots.try_reserve_exact(buckets).is_err()
            || !self.admission.resize(buckets * WAYS)
        {
            return false;
        }
        slots.resize(buckets, [Slot::default(); WAYS]);
        (self.capacity, self.slots) = (capacity, slots);
        let mut at = 0;
        while let Some(header) = self.header(at).filter(|header| header.size >= GRANULE) {
            if header.key > 0 {
                self.refer(header.key, at);
            }
            at += header.size;
        }
        true
    }

    /// Adds a reference to a block.
    fn refer(&mut self, key: u64, at: usize) {
        let bucket = self.bucket(key);
        let slot = Slot { key, after: u32_of(at / GRANULE) + 1 };
        // Prefer a free slot, then one of a block that was not used.
        let worth = |slot: &Slot| slot.after.checked_sub(1).map(|granule| self.is_used(granule as usize * GRANULE));
        let ways = self.slots.get(bucket).into_iter().flatten().map(worth).enumerate();
        let way = ways.min_by_key(|(_, worth)| *worth).map_or(0, |(way, _)| way);
        if let Some(free) = self.slots.get_mut(bucket).and_then(|ways| ways.get_mut(way)) {
            let old = std::mem::replace(free, slot);
            self.forget(old, at);
        }
    }

    /// Makes a region of `size` bytes and returns its start. The caller must write its header.
    fn make_room(&mut self, size: usize) -> usize {
        let mut start = self.hand;
        let mut end = start;
        let mut stayed = 0;
        while end - start < size {
            if end == self.regions.len() && self.capacity - start >= size {
                // Memory that was never in use.
                self.regions.resize(start + size, 0);
                end = start + size;
                break;
            }
            if end == self.regions.len() && self.grow() {
                continue;
            }
            if end == self.regions.len() {
                self.write_free(start, end);
                (start, end) = (0, 0);
                continue;
            }
            let Some(header) = self.header(end).filter(|header| header.size >= GRANULE) else {
                // Every region has a size, so this should not occur. Reuse the memory.
                end = self.regions.len();
                continue;
            };
            let next = end + header.size;
            if self.stays(end, header, stayed < MOST_STAY) {
                self.write_free(start, end);
                start = next;
                stayed += 1;
            }
            end = next;
        }
        self.write_free(start + size, end);
        self.hand = start + size;
        start
    }

    /// Whether the block at a place was used since the last pass. If not, the cache forgets it.
    fn stays(&mut self, at: usize, header: Header, may_stay: bool) -> bool {
        let Header { key, .. } = header;
        if key > 0 && may_stay && self.is_used(at) {
            self.regions.get_mut(at + USED_AT).into_iter().for_each(|used| *used = 0);
            return true;
        }
        if let Some((bucket, way, _)) = self.find(key).filter(|_| key > 0)
            && let Some(slot) = self.slots.get_mut(bucket).and_then(|ways| ways.get_mut(way))
        {
            *slot = Slot::default();
        }
        // An old hint may refer to this place at any time.
        self.write_header(at, Header { key: 0, ..header });
        false
    }

    fn is_used(&self, at: usize) -> bool {
        self.regions.get(at + USED_AT) == Some(&1)
    }

    /// Removes the block of a reference that was replaced, unless the new block is at the same place.
    fn forget(&mut self, slot: Slot, taken: usize) {
        let Some(at) = slot.after.checked_sub(1).map(|granule| granule as usize * GRANULE) else { return };
        if at != taken
            && let Some(header) = self.header(at)
        {
            self.write_header(at, Header { key: 0, ..header });
        }
    }

    fn find(&self, key: u64) -> Option<(usize, usize, usize)> {
        if self.slots.is_empty() {
            return None;
        }
        let bucket = self.bucket(key);
        self.slots.get(bucket)?.iter().enumerate().find_map(|(way, slot)| {
            let granule = slot.after.checked_sub(1).filter(|_| slot.key == key)?;
            Some((bucket, way, granule as usize * GRANULE))
        })
    }

    fn header(&self, at: usize) -> Option<Header> {
        let (numbers, key) = self.regions.get(at..)?.first_chunk::<HEADER_SIZE>()?.split_first_chunk::<16>()?;
        let [size, index, block, _] = *numbers.as_chunks::<4>().0 else { return None };
        let [size, index, block] = [size, index, block].map(|number| u32::from_le_bytes(number) as usize);
        Some(Header { size, index, block, key: u64::from_le_bytes(*key.first_chunk()?) })
    }

    fn write_header(&mut self, at: usize, header: Header) {
        let Header { size, index, block, key } = header;
        let numbers = [size, index, block, 0].map(|number| u32_of(number).to_le_bytes());
        if let Some(target) = self.regions.get_mut(at..at + HEADER_SIZE) {
            let (head, tail) = target.split_at_mut(16);
            head.copy_from_slice(numbers.as_flattened());
            tail.copy_from_slice(&key.to_le_bytes());
        }
    }

    /// Turns the space between two places into one region without a block.
    fn write_free(&mut self, start: usize, end: usize) {
        if start < end {
            self.write_header(start, Header { size: end - start, index: 0, block: 0, key: 0 });
        }
    }

    /// A key as one number, never 0. Positions are multiples of 8, so the level fits in the low bits.
    fn number_of(&self, (level, position): Key) -> u64 {
        ((position.get() | u64::from(level.prefix())) ^ self.secret).max(1)
    }

    fn bucket(&self, key: u64) -> usize {
        place_among(key, self.slots.len())
    }
}

/// A number that nobody can guess. In unit tests it is constant, so that they repeat.
fn secret() -> u64 {
    if cfg!(test) { 0x6a09_e667_f3bc_c908 } else { RandomState::new().build_hasher().finish() }
}

/// The hash of a key. It mixes twice: keys are multiples of 8 and close together, and mixing once would leave many hashes
/// close together.
fn spread(key: u64) -> u64 {
    let mix = |number: u64| (number ^ (number >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mix(mix(key))
}

/// Chooses one of `places` for a key.
pub(super) fn place_among(key: u64, places: usize) -> usize {
    usize_of(((spread(key) >> 32) * places as u64) >> 32)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{BlockCache, GRANULE, Hint, Level, PackedPosition};

    /// Checks that the regions follow each other from the first byte to the last.
    fn check(cache: &BlockCache) {
        let mut at = 0;
        while at < cache.regions.len() {
            let header = cache.header(at).unwrap();
            assert!(header.size >= GRANULE && header.size.is_multiple_of(GRANULE), "a region of {}", header.size);
            at += header.size;
        }
        assert_eq!(at, cache.regions.len());
        assert!(at <= cache.capacity);
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_was_put(steps in vec((0..200_u64, 0..3000_usize, any::<bool>()), 1..500)) {
            let mut cache = BlockCache::new(40_000);
            let mut model: HashMap<u64, Vec<u8>> = HashMap::new();
            for (key, length, get) in steps {
                let expected = model.entry(key).or_insert_with(|| vec![crate::number::low_byte(key); length]);
                let key = (if key % 2 == 0 { Level::Upper } else { Level::Bottom }, PackedPosition::of(key / 2 * 8));
                if get {
                    if let Some(found) = cache.get(key) {
                        prop_assert_eq!(found.block, &expected[..]);
                    }
                } else {
                    cache.insert(key, expected, false);
                    prop_assert_eq!(cache.get(key).map(|found| found.block), Some(&expected[..]));
                }
                check(&cache);
            }
        }
    }

    /// Reads a block, and inserts it if it is missing. Returns whether it was there.
    fn ask(cache: &mut BlockCache, position: u64) -> bool {
        let key = (Level::Bottom, PackedPosition::of(position * 8));
        if cache.get(key).is_some() {
            return true;
        }
        if cache.admits(key) {
            cache.insert(key, &[7; 4000], false);
        }
        false
    }

    #[test]
    fn an_old_hint_finds_nothing_else() {
        let mut cache = BlockCache::new(200 * 4096);
        let key = |number: u64| (Level::Upper, PackedPosition::of(number * 8));
        let hints: Vec<Hint> = (0..2000).map(|_| Hint::default()).collect();
        let block = |number: u64| vec![crate::number::low_byte(number); crate::number::usize_of(number * 379 % 4096)];
        for number in 0..2000 {
            if number % 3 > 0 {
                cache.insert(key(number), &block(number), false);
            }
            for asked in (0..=number).rev().step_by(7) {
                let hint = &hints[crate::number::usize_of(asked)];
                let found = cache.get_at(hint, key(asked)).map(|found| found.block.to_vec());
                assert!(found.is_none_or(|found| asked % 3 > 0 && found == block(asked)), "{asked} of {number}");
            }
        }
        assert!(cache.hits > 1000);
    }

    #[test]
    fn a_walk_over_everything_takes_no_place_of_what_is_read_often() {
        let mut cache = BlockCache::new(100 * 4096);
        for _ in 0..3 {
            (0..50).for_each(|hot| _ = ask(&mut cache, hot));
        }
        for cold in 1000..20_000 {
            ask(&mut cache, cold);
        }
        assert!((0..50).filter(|hot| ask(&mut cache, *hot)).count() > 45);
    }

    #[test]
    fn what_is_read_often_comes_in_and_stays() {
        let mut cache = BlockCache::new(100 * 4096);
        (0..1000).for_each(|cold| _ = ask(&mut cache, cold));
        for round in 0..20 {
            (0..20).for_each(|other| _ = ask(&mut cache, 10_000 + round * 20 + other));
            let hits = (2000..2040).filter(|hot| ask(&mut cache, *hot)).count();
            assert!(round < 8 || hits > 30, "round {round}: {hits}");
        }
    }
}
