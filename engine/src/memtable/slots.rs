//! The slots of a node: entries in order, each with the start of its key as an integer.

#![allow(
    clippy::indexing_slicing,
    reason = "slots are numbered by this file and the tree alone; a wrong one must stop"
)]

/// Entries of a leaf, and children of an inner node.
pub(super) const FANOUT: usize = 32;
/// The prefix of free slots: no prefix is above it.
const FREE: u64 = u64::MAX;

/// Up to [`FANOUT`] entries in order.
#[derive(Debug)]
pub(super) struct Slots {
    count: usize,
    /// For each key, the first eight bytes after the common start of all keys, big endian. They have the order of the
    /// keys.
    prefixes: [u64; FANOUT],
    entries: [u32; FANOUT],
}

impl Default for Slots {
    fn default() -> Self {
        Self { count: 0, prefixes: [FREE; FANOUT], entries: [0; FANOUT] }
    }
}

impl Slots {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Whether all slots are in use.
    pub fn is_full(&self) -> bool {
        self.count == FANOUT
    }

    /// The prefix and the entry in a slot.
    pub fn at(&self, slot: usize) -> (u64, u32) {
        (self.prefixes[slot], self.entries[slot])
    }

    /// The entry in a slot, if it is in use.
    pub fn entry(&self, slot: usize) -> Option<u32> {
        self.entries[..self.count].get(slot).copied()
    }

    /// The entries of all slots in use.
    pub fn entries(&self) -> &[u32] {
        &self.entries[..self.count]
    }

    /// Puts another entry into a slot.
    pub fn set(&mut self, slot: usize, (prefix, entry): (u64, u32)) {
        self.prefixes[slot] = prefix;
        self.entries[slot] = entry;
    }

    /// Inserts an entry. There must be room.
    pub fn insert(&mut self, slot: usize, (prefix, entry): (u64, u32)) {
        push_in(&mut self.prefixes[slot..=self.count], prefix);
        push_in(&mut self.entries[slot..=self.count], entry);
        self.count += 1;
    }

    /// Moves the slots from `at` on to `right`, which must be empty.
    pub fn split_to(&mut self, at: usize, right: &mut Self) {
        let count = self.count - at;
        right.prefixes[..count].copy_from_slice(&self.prefixes[at..self.count]);
        right.entries[..count].copy_from_slice(&self.entries[at..self.count]);
        self.prefixes[at..self.count].fill(FREE);
        (self.count, right.count) = (at, count);
    }

    /// Computes all prefixes again.
    pub fn recompute(&mut self, prefix_of: impl Fn(u32) -> u64) {
        for (prefix, entry) in self.prefixes.iter_mut().zip(&self.entries).take(self.count) {
            *prefix = prefix_of(*entry);
        }
    }

    /// The slots with this prefix. The slots before have lower prefixes.
    pub fn range_of(&self, prefix: u64) -> (usize, usize) {
        // Reads all of them: no load waits for another one, and no branch is predicted.
        let low = self.prefixes.iter().map(|each| usize::from(*each < prefix)).sum::<usize>();
        let same = self.prefixes[low..self.count.max(low)].iter().take_while(|each| **each == prefix).count();
        (low, low + same)
    }
}

/// Inserts before the first item and drops the last one. A loop, because a call to move so few bytes takes longer.
pub(super) fn push_in<T: Copy>(items: &mut [T], item: T) {
    let mut carried = item;
    for slot in items {
        carried = std::mem::replace(slot, carried);
    }
}

#[cfg(test)]
mod tests {
    use super::{FANOUT, Slots};

    #[test]
    fn the_slots_of_a_prefix_are_found_in_nodes_of_every_size() {
        let mut slots = Slots::default();
        for count in 0..=FANOUT {
            assert_eq!((slots.count(), slots.is_full()), (count, count == FANOUT));
            let prefixes: Vec<u64> = (0..count).map(|slot| slots.at(slot).0).collect();
            for prefix in (0..40).chain([u64::MAX - 1, u64::MAX]) {
                let low = prefixes.iter().filter(|each| **each < prefix).count();
                let same = prefixes.iter().filter(|each| **each == prefix).count();
                assert_eq!(slots.range_of(prefix), (low, low + same), "{prefix} in {prefixes:?}");
            }
            // Some prefixes occur twice, and the highest one occurs, too.
            let prefix = if count % 7 == 6 { u64::MAX } else { count as u64 * 13 % 29 };
            if count < FANOUT {
                slots.insert(slots.range_of(prefix).1, (prefix, 5));
            }
        }
    }

    #[test]
    fn a_split_leaves_free_slots() {
        let (mut left, mut right) = (Slots::default(), Slots::default());
        for slot in 0..FANOUT {
            left.insert(slot, (slot as u64, 100));
        }
        left.split_to(10, &mut right);
        assert_eq!((left.count(), right.count(), right.at(0)), (10, 22, (10, 100)));
        assert_eq!((left.range_of(15), right.range_of(15), left.entry(10)), ((10, 10), (5, 6), None));
    }
}
