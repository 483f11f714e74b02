//! A small Bloom filter for each block that was read. A read then skips a block that cannot have its key. Most keys are
//! in the bottom level, but a read searches the upper level first.

use super::cache::place_among;
use crate::log::PackedPosition;
use crate::number::usize_of;

/// Bits of a filter.
const BITS: u64 = 448;
/// Bits that each key sets.
const PROBES: u32 = 4;
/// Bits of a hash that choose one bit of a filter.
const PROBE_BITS: u32 = 9;
/// The initial number of filters.
const FEWEST: usize = 1 << 8;

/// The filter of a block. It has the size of a cache line of the processor.
#[derive(Clone, Copy, Debug, Default)]
struct Filter {
    position: PackedPosition,
    bits: [u64; 7],
}

/// A bounded number of filters, by the position of their block.
#[derive(Debug)]
pub(super) struct Filters {
    known: Vec<Filter>,
    most: usize,
    added: usize,
}

impl Filters {
    /// An empty set of filters. It takes at most about `capacity` bytes.
    pub fn new(capacity: usize) -> Self {
        Self { known: Vec::new(), most: capacity / size_of::<Filter>(), added: 0 }
    }

    /// Whether the block at a position may have a key with this hash.
    pub fn may_have(&self, position: PackedPosition, hash: u64) -> bool {
        self.get(position).is_none_or(|filter| {
            probes(hash).all(|(word, bit)| filter.bits.get(word).is_none_or(|bits| bits & bit != 0))
        })
    }

    /// Adds the filter of a block whose keys have these hashes. Does nothing if there are no hashes, or no room for filters.
    pub fn add(&mut self, position: PackedPosition, hashes: &[u64]) {
        if hashes.is_empty() || self.most == 0 || self.get(position).is_some() {
            return;
        }
        if self.added >= self.known.len() / 2 && self.known.len() < self.most {
            self.grow();
        }
        let mut filter = Filter { position, bits: [0; 7] };
        for (word, bit) in hashes.iter().flat_map(|hash| probes(*hash)) {
            if let Some(bits) = filter.bits.get_mut(word) {
                *bits |= bit;
            }
        }
        self.put(filter);
    }

    fn put(&mut self, filter: Filter) {
        let place = self.place(filter.position);
        if let Some(old) = self.known.get_mut(place) {
            *old = filter;
            self.added += 1;
        }
    }

    /// Doubles the room. Does nothing if memory is short.
    fn grow(&mut self) {
        let length = (self.known.len() * 2).max(FEWEST).min(self.most);
        let mut filters = Vec::new();
        if filters.try_reserve_exact(length).is_err() {
            return;
        }
        filters.resize(length, Filter::default());
        self.added = 0;
        let old = std::mem::replace(&mut self.known, filters);
        old.into_iter()
            .filter(|filter| filter.position > PackedPosition::default())
            .for_each(|filter| self.put(filter));
    }

    /// Bytes of memory in use.
    pub fn size_bytes(&self) -> usize {
        self.known.len() * size_of::<Filter>()
    }

    fn get(&self, position: PackedPosition) -> Option<&Filter> {
        // No block has position 0: a segment begins with a header.
        self.known
            .get(self.place(position))
            .filter(|filter| filter.position == position && position > PackedPosition::default())
    }

    fn place(&self, position: PackedPosition) -> usize {
        place_among(position.get(), self.known.len())
    }
}

/// The bits of a hash: the number of the word, and the bit in it.
fn probes(hash: u64) -> impl Iterator<Item = (usize, u64)> {
    (0..PROBES).map(move |probe| {
        let bits = hash >> (probe * PROBE_BITS) & ((1 << PROBE_BITS) - 1);
        let bit = (bits * BITS) >> PROBE_BITS;
        (usize_of(bit / 64), 1 << (bit % 64))
    })
}

#[cfg(test)]
mod tests {
    use super::{Filters, PackedPosition};
    use crate::table::key_index::hash_of;

    fn hashes(block: u64) -> Vec<u64> {
        (0..30).map(|key| hash_of(&(block * 30 + key).to_le_bytes())).collect()
    }

    #[test]
    fn keys_of_a_block_are_found_and_few_others() {
        let mut filters = Filters::new(1 << 20);
        for block in 1..1000 {
            filters.add(PackedPosition::of(block * 8), &hashes(block));
        }
        let known: Vec<u64> = (1..1000).filter(|block| filters.get(PackedPosition::of(block * 8)).is_some()).collect();
        assert!(known.len() > 500, "{}", known.len());
        assert!(
            known
                .iter()
                .all(|block| hashes(*block).iter().all(|hash| filters.may_have(PackedPosition::of(block * 8), *hash)))
        );
        let wrong = known.iter().flat_map(|block| hashes(block + 5000).into_iter().map(move |hash| (*block, hash)));
        let wrong: Vec<bool> =
            wrong.map(|(block, hash)| filters.may_have(PackedPosition::of(block * 8), hash)).collect();
        assert!(wrong.iter().filter(|may| **may).count() * 50 < wrong.len());
        assert!(filters.size_bytes() <= 1 << 20);
    }

    #[test]
    fn what_is_not_known_may_be() {
        for mut filters in [Filters::new(0), Filters::new(1 << 16)] {
            let may_have = |filters: &Filters, position| filters.may_have(PackedPosition::of(position), 7);
            assert!(may_have(&filters, 8));
            filters.add(PackedPosition::of(8), &[7]);
            assert!([0, 8, 16].into_iter().all(|position| may_have(&filters, position)));
        }
    }
}
