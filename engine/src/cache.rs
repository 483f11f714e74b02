//! A bounded cache of entries of the table.
//!
//! Entries are in a [`Ring`]. If a read finds an entry that will soon be overwritten, the cache writes it again at the
//! head. References are in small buckets, by the hash of the key. A full cache accepts an entry only the second time
//! that it is found in the table. So entries that are read once do not evict entries that are read often, and cost no
//! copy.

use xxhash_rust::xxh64::xxh64;

use crate::admission::Admission;
use crate::expiry::Expiry;
use crate::number::{low_half, low_index, u32_of};
use crate::ring::Ring;
use crate::version::Version;

/// References per bucket.
const WAYS: usize = 4;
/// The approximate size of an entry in bytes. It determines the number of references.
const EXPECTED_SIZE: usize = 128;
/// The initial size of the ring in bytes, and the factor by which it grows.
const FIRST_CAPACITY: usize = 4 << 20;
const GROWTH: usize = 4;
/// Bytes before key and value: version, expiry, and the lengths of key and value.
const HEADER_SIZE: usize = 24;

/// A bounded cache of the newest versions below the memtables.
#[derive(Debug)]
pub struct EntryCache {
    ring: Ring,
    /// The maximum size of the ring. A small store has a smaller ring.
    most: usize,
    slots: Vec<[Slot; WAYS]>,
    /// Which entries it takes when it is full. It remembers about as many keys as there are references.
    admission: Admission,
    /// Reads that found their key.
    pub hits: u64,
    /// Reads that did not.
    pub misses: u64,
}

/// A reference: an entry's position and some bits of its key's hash.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// One more than the position; 0 for none.
    after: u64,
    tag: u32,
}

/// A cached version of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cached<'a> {
    /// The version of the commit.
    pub version: Version,
    /// When the value expires; `None` for never.
    pub expires: Option<Expiry>,
    /// The value.
    pub value: &'a [u8],
}

impl EntryCache {
    /// A cache that takes at most about `capacity` bytes. It allocates memory as it fills.
    pub fn new(capacity: usize) -> Self {
        let most = capacity / 8 * 7;
        Self {
            ring: Ring::new(most.min(FIRST_CAPACITY)),
            most,
            slots: Vec::new(),
            admission: Admission::default(),
            hits: 0,
            misses: 0,
        }
    }

    /// The entry of `key`, if its version is not above `version`.
    pub fn get(&mut self, key: &[u8], version: Version) -> Option<Cached<'_>> {
        let Some((bucket, way, position)) = self.find(key) else {
            self.misses += 1;
            return None;
        };
        if self.read(position)?.1.version > version {
            self.misses += 1;
            return None;
        }
        self.hits += 1;
        let position = self.promote(bucket, way, position);
        self.read(position).map(|(_, cached)| cached)
    }

    /// Inserts an entry. Skips it if it is too large, or if the cache is full and did not refuse it before.
    pub fn insert(&mut self, key: &[u8], entry: &Cached<'_>) {
        self.remove(key);
        let size = HEADER_SIZE + key.len() + entry.value.len();
        if size > self.ring.capacity() / 64 {
            return;
        }
        if self.ring.is_full() && self.ring.capacity() < self.most {
            // Start empty: reads will find the old entries in the table again.
            self.ring = Ring::new(self.ring.capacity().saturating_mul(GROWTH).min(self.most));
            self.slots = Vec::new();
        }
        if self.slots.is_empty() {
            let buckets = (self.ring.capacity() / EXPECTED_SIZE / WAYS).next_power_of_two();
            if !self.ring.reserve()
                || self.slots.try_reserve_exact(buckets).is_err()
                || !self.admission.resize(buckets * WAYS)
            {
                return;
            }
            self.slots.resize(buckets, [Slot::default(); WAYS]);
        }
        let hash = xxh64(key, 0);
        let (bucket, tag) = self.place_of(hash);
        if self.ring.is_full() && !self.admission.admits(hash) {
            return;
        }
        let position = self.append(key, entry);
        let oldest = self.slots.get_mut(bucket).and_then(|ways| ways.iter_mut().min_by_key(|slot| slot.after));
        if let Some(slot) = oldest {
            *slot = Slot { after: position + 1, tag };
        }
    }

    /// Removes a key, because it has a newer version.
    pub fn remove(&mut self, key: &[u8]) {
        if self.slots.is_empty() {
            return;
        }
        if let Some((bucket, way, _)) = self.find(key)
            && let Some(slot) = self.slots.get_mut(bucket).and_then(|ways| ways.get_mut(way))
        {
            *slot = Slot::default();
        }
    }

    /// Bytes of memory in use.
    pub fn size_bytes(&self) -> usize {
        self.ring.size_bytes() + self.slots.len() * size_of::<[Slot; WAYS]>() + self.admission.size_bytes()
    }

    fn find(&self, key: &[u8]) -> Option<(usize, usize, u64)> {
        if self.slots.is_empty() {
            return None;
        }
        let (bucket, tag) = self.place_of(xxh64(key, 0));
        self.slots.get(bucket)?.iter().enumerate().find_map(|(way, slot)| {
            let position = slot.after.checked_sub(1).filter(|_| slot.tag == tag)?;
            (self.read(position)?.0 == key).then_some((bucket, way, position))
        })
    }

    fn place_of(&self, hash: u64) -> (usize, u32) {
        (low_index(hash) & (self.slots.len() - 1), low_half(hash >> 32))
    }

    fn read(&self, position: u64) -> Option<(&[u8], Cached<'_>)> {
        let (header, rest) = self.ring.get(position)?.split_first_chunk::<HEADER_SIZE>()?;
        let (version, header) = header.split_first_chunk::<8>()?;
        let (expires, header) = header.split_first_chunk::<8>()?;
        let (key_length, header) = header.split_first_chunk::<4>()?;
        let value_length = header.first_chunk::<4>()?;
        let (key, rest) = rest.split_at_checked(u32::from_le_bytes(*key_length) as usize)?;
        let value = rest.get(..u32::from_le_bytes(*value_length) as usize)?;
        let (version, expires) = (Version::from_le_bytes(*version), Expiry::of_number(u64::from_le_bytes(*expires)));
        Some((key, Cached { version, expires, value }))
    }

    fn append(&mut self, key: &[u8], entry: &Cached<'_>) -> u64 {
        let (version, expires) = (entry.version.to_le_bytes(), Expiry::number_of(entry.expires).to_le_bytes());
        let lengths = [u32_of(key.len()).to_le_bytes(), u32_of(entry.value.len()).to_le_bytes()];
        self.ring.append(&[&version, &expires, lengths.as_flattened(), key, entry.value])
    }

    /// Writes an entry again at the head, if it is in the older half or the next to leave its bucket. Returns its
    /// position after that.
    fn promote(&mut self, bucket: usize, way: usize, position: u64) -> u64 {
        let is_next = self.slots.get(bucket).is_some_and(|ways| ways.iter().all(|slot| slot.after > position));
        if !is_next && !self.ring.is_old(position) {
            return position;
        }
        let Some((key, cached)) = self.read(position) else { return position };
        let (key, value) = (key.to_vec(), cached.value.to_vec());
        let entry = Cached { value: &value, ..cached };
        let moved = self.append(&key, &entry);
        if let Some(slot) = self.slots.get_mut(bucket).and_then(|ways| ways.get_mut(way)) {
            slot.after = moved + 1;
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{Cached, EntryCache};
    use crate::expiry::Expiry;
    use crate::version::Version;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u8, u64, usize),
        Remove(u8),
        Get(u8),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (any::<u8>(), 1..100_u64, 0..60_usize).prop_map(|(key, version, length)| Step::Insert(key, version, length)),
            1 => any::<u8>().prop_map(Step::Remove),
            4 => any::<u8>().prop_map(Step::Get),
        ]
    }

    proptest! {
        #[test]
        fn what_is_found_is_what_was_put_last(steps in vec(step(), 1..2000)) {
            let mut cache = EntryCache::new(8000);
            let mut model: HashMap<u8, (u64, Vec<u8>)> = HashMap::new();
            for step in steps {
                match step {
                    Step::Insert(key, version, length) => {
                        let value = vec![crate::number::low_byte(version); length];
                        let entry = Cached { version: Version::of(version), expires: Expiry::of_number(version + 1), value: &value };
                        cache.insert(&[key], &entry);
                        // A full cache accepts it the second time.
                        if cache.get(&[key], Version::of(version)).is_none() {
                            cache.insert(&[key], &entry);
                        }
                        model.insert(key, (version, value));
                        let found = cache.get(&[key], Version::of(version)).map(|cached| cached.version);
                        prop_assert_eq!(found, Some(Version::of(version)), "what was just put is there");
                        prop_assert_eq!(cache.get(&[key], Version::of(version - 1)), None);
                    }
                    Step::Remove(key) => {
                        cache.remove(&[key]);
                        model.remove(&key);
                    }
                    Step::Get(key) => {
                        if let Some(found) = cache.get(&[key], Version::NEWEST) {
                            let (version, value) = &model[&key];
                            prop_assert_eq!(found, Cached { version: Version::of(*version), expires: Expiry::of_number(version + 1), value });
                        }
                    }
                }
            }
            prop_assert!(cache.size_bytes() <= 8000 + 2048);
        }
    }

    #[test]
    fn an_entry_that_is_asked_for_stays() {
        let mut cache = EntryCache::new(10_000);
        cache.insert(b"hot", &Cached { version: Version::of(1), expires: None, value: b"value" });
        for i in 0..10_000_u32 {
            cache.insert(&i.to_le_bytes(), &Cached { version: Version::of(2), expires: None, value: b"cold" });
            assert!(cache.get(b"hot", Version::of(9)).is_some(), "gone after {i}");
        }
        assert_eq!(cache.hits, 10_000);
        assert!(cache.get(&0_u32.to_le_bytes(), Version::of(9)).is_none());
        assert_eq!(cache.misses, 1);
    }
}
