//! A bounded cache of blocks, by their level and position. Blocks lie in a [`Ring`].

use super::Level;
use crate::log::PackedPosition;
use crate::number::u32_of;
use crate::ring::Ring;

/// References a bucket.
const WAYS: usize = 4;
/// About how many bytes a block has.
const EXPECTED_SIZE: usize = 4096;

/// What a block is known by: its level and its packed position there.
type Key = (Level, PackedPosition);

/// Blocks by position.
pub(super) struct BlockCache {
    ring: Ring,
    slots: Vec<[Slot; WAYS]>,
    pub hits: u64,
    pub misses: u64,
}

#[derive(Clone, Copy)]
struct Slot {
    position: PackedPosition,
    /// One more than the position in the ring; 0 for none.
    after: u64,
    length: u32,
    level: Level,
}

impl BlockCache {
    pub fn new(capacity: usize) -> Self {
        Self { ring: Ring::new(capacity.max(EXPECTED_SIZE)), slots: Vec::new(), hits: 0, misses: 0 }
    }

    pub fn get(&mut self, key: Key) -> Option<&[u8]> {
        let found = self.find(key);
        let Some((position, length)) = found else {
            self.misses += 1;
            return None;
        };
        self.hits += 1;
        self.ring.get(position)?.get(..length)
    }

    pub fn insert(&mut self, key: Key, block: &[u8]) {
        if block.len() > self.ring.capacity() / 8 || self.find(key).is_some() {
            return;
        }
        if self.slots.is_empty() {
            // Four references for a block: with two, one block in twenty found no room in its bucket.
            let buckets = (self.ring.capacity() / EXPECTED_SIZE).next_power_of_two();
            if !self.ring.reserve() || self.slots.try_reserve_exact(buckets).is_err() {
                return;
            }
            self.slots.resize(
                buckets,
                [Slot { position: PackedPosition::default(), after: 0, length: 0, level: Level::Bottom }; WAYS],
            );
        }
        let (level, position) = key;
        let slot = Slot { position, after: self.ring.append(&[block]) + 1, length: u32_of(block.len()), level };
        let bucket = self.bucket(key);
        if let Some(oldest) = self.slots.get_mut(bucket).and_then(|ways| ways.iter_mut().min_by_key(|slot| slot.after))
        {
            *oldest = slot;
        }
    }

    pub fn size_bytes(&self) -> usize {
        self.ring.size_bytes() + self.slots.len() * size_of::<[Slot; WAYS]>()
    }

    fn find(&self, key: Key) -> Option<(u64, usize)> {
        if self.slots.is_empty() {
            return None;
        }
        self.slots.get(self.bucket(key))?.iter().find_map(|slot| {
            let position = slot.after.checked_sub(1).filter(|_| (slot.level, slot.position) == key)?;
            self.ring.get(position).map(|_| (position, slot.length as usize))
        })
    }

    fn bucket(&self, (_, position): Key) -> usize {
        // Fibonacci hashing: positions are multiples of 8 and close to each other.
        (position.get().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize & (self.slots.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{BlockCache, Level, PackedPosition};

    proptest! {
        #[test]
        fn what_is_found_is_what_was_put(steps in vec((0..200_u64, 0..3000_usize, any::<bool>()), 1..500)) {
            let mut cache = BlockCache::new(40_000);
            let mut model: HashMap<u64, Vec<u8>> = HashMap::new();
            for (key, length, get) in steps {
                let expected = model.entry(key).or_insert_with(|| vec![crate::number::low_byte(key); length]);
                let key = (if key % 2 == 0 { Level::Upper } else { Level::Bottom }, PackedPosition::of(key / 2));
                if get {
                    if let Some(found) = cache.get(key) {
                        prop_assert_eq!(found, &expected[..]);
                    }
                } else {
                    cache.insert(key, expected);
                    prop_assert_eq!(cache.get(key), Some(&expected[..]));
                }
            }
        }
    }
}
