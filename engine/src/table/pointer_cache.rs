//! A bounded cache of the places of the blocks of a level. A search in the sled tree costs more than the rest of a
//! read.
//!
//! It holds *runs*: blocks that follow each other with nothing between them. Within a run, the cache finds the block of
//! a key without the tree. A change of the tree drops the run around the changed place.

use super::blocks::Pointer;
use super::cache::Hint;
use crate::abbreviation::Common;
use crate::log::PackedPosition;
use crate::number::u32_of;

/// Blocks per run.
pub const RUN_LENGTH: usize = 16;
/// The most runs to keep. Each insert or removal moves the runs after it.
const MOST_RUNS: usize = 1 << 16;
/// The approximate size of a run in bytes, without its blocks and separators.
const RUN_OVERHEAD: usize = 160;

/// The places of the blocks of one level.
pub struct Places {
    /// In the order of their keys. No two overlap.
    runs: Vec<Head>,
    common: Common,
    size_bytes: usize,
    capacity: usize,
    /// The index of the run to evict next. It goes around the keys in order.
    hand: usize,
}

/// A run, with the separator of its first block as an integer.
struct Head {
    integer: u64,
    run: Box<Run>,
}

/// A block, and where it begins and ends.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The position of the block; `None` if there is no block.
    pub pointer: Option<Pointer>,
    /// The first key that the block may have.
    pub separator: &'a [u8],
    /// The separator of the next block, or of one that existed earlier; `None` at the end of the level.
    pub end: Option<&'a [u8]>,
}

/// Blocks that follow each other.
pub struct Run {
    separators: Vec<u8>,
    blocks: Vec<RunBlock>,
    common: Common,
    /// The separator of the block after the last one; `None` at the end of the level.
    end: Option<Box<[u8]>>,
}

struct RunBlock {
    /// Its separator as an integer.
    integer: u64,
    position: PackedPosition,
    /// 0 if the level has no block.
    size: u32,
    /// The end of its separator in the separators of the run.
    separator_end: u32,
    /// The last known place in the cache of blocks.
    hint: Hint,
}

impl RunBlock {
    fn pointer(&self) -> Option<Pointer> {
        (self.size > 0).then_some(Pointer { position: self.position, size: self.size })
    }
}

impl Run {
    /// An empty run.
    pub fn new() -> Self {
        let blocks = Vec::with_capacity(RUN_LENGTH);
        Self { separators: Vec::new(), blocks, common: Common::default(), end: None }
    }

    /// Adds the next block, or `None` if there is no block from this separator on. Returns whether there was room. If
    /// not, the separator becomes the end of the run.
    pub fn push(&mut self, separator: &[u8], pointer: Option<Pointer>) -> bool {
        if self.blocks.len() == RUN_LENGTH {
            self.end = Some(separator.into());
            return false;
        }
        self.separators.extend_from_slice(separator);
        let integers_change = self.common.admit(separator);
        let Pointer { position, size } = pointer.unwrap_or(Pointer { position: PackedPosition::default(), size: 0 });
        let (integer, separator_end) = (self.common.abbreviate(separator), u32_of(self.separators.len()));
        self.blocks.push(RunBlock { integer, position, size, separator_end, hint: Hint::default() });
        if integers_change {
            let integers: Vec<u64> =
                (0..self.blocks.len()).map(|index| self.common.abbreviate(self.separator(index))).collect();
            self.blocks.iter_mut().zip(integers).for_each(|(block, integer)| block.integer = integer);
        }
        true
    }

    /// Cuts the run off at the start of another run.
    fn end_at(&mut self, end: &[u8]) {
        if !self.reaches(end) {
            return;
        }
        let count = (0..self.blocks.len()).take_while(|index| self.separator(*index) < end).count();
        self.blocks.truncate(count);
        self.separators.truncate(self.blocks.last().map_or(0, |block| block.separator_end as usize));
        self.end = Some(end.into());
    }

    fn separator(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).and_then(|before| self.blocks.get(before)).map_or(0, |b| b.separator_end);
        let end = self.blocks.get(index).map_or(start, |block| block.separator_end);
        self.separators.get(start as usize..end as usize).unwrap_or_default()
    }

    /// The separator of its first block.
    fn first(&self) -> &[u8] {
        self.separator(0)
    }

    /// Whether `key` is before its end.
    fn reaches(&self, key: &[u8]) -> bool {
        self.end.as_deref().is_none_or(|end| key < end)
    }

    /// The number of the block of a key; `None` after the end of the run. The key must not be below the run.
    fn number_of(&self, key: &[u8]) -> Option<usize> {
        let integer = self.common.abbreviate(key);
        let count = count_not_above(&self.blocks, integer, |block| block.integer, |index| self.separator(index) <= key);
        if count == self.blocks.len() && !self.reaches(key) {
            return None;
        }
        count.checked_sub(1)
    }

    /// The block of a key. The same conditions apply as for [`Run::number_of`].
    fn find(&self, key: &[u8]) -> Option<(Option<Pointer>, &Hint)> {
        let block = self.blocks.get(self.number_of(key)?)?;
        Some((block.pointer(), &block.hint))
    }

    /// Like [`Run::find`], with the separators of the block and of the next one.
    fn around(&self, key: &[u8]) -> Option<Around<'_>> {
        let number = self.number_of(key)?;
        let next = number + 1;
        let end = if next < self.blocks.len() { Some(self.separator(next)) } else { self.end.as_deref() };
        Some(Around { pointer: self.blocks.get(number)?.pointer(), separator: self.separator(number), end })
    }

    fn size_bytes(&self) -> usize {
        let end = self.end.as_ref().map_or(0, |end| end.len());
        RUN_OVERHEAD + self.separators.len() + end + self.blocks.len() * size_of::<RunBlock>()
    }
}

impl Places {
    /// An empty cache of at most about `capacity` bytes.
    pub fn new(capacity: usize) -> Self {
        Self { runs: Vec::new(), common: Common::default(), size_bytes: 0, capacity, hand: 0 }
    }

    /// The position of the block of `key`, with its hint for the cache of blocks. The inner `None` means no block, the
    /// outer one unknown.
    pub fn find(&self, key: &[u8]) -> Option<(Option<Pointer>, &Hint)> {
        self.runs.get(self.run_before(key)?)?.run.find(key)
    }

    /// Like [`Places::find`], with the start and end of the block.
    pub fn around(&self, key: &[u8]) -> Option<Around<'_>> {
        self.runs.get(self.run_before(key)?)?.run.around(key)
    }

    /// Inserts a run up to the start of the next run. The run must match the present tree.
    pub fn insert(&mut self, mut run: Run) {
        self.forget(run.first());
        if let Some(next) = self.runs.get(self.count_not_above(run.first())) {
            run.end_at(next.run.first());
        }
        let size = run.size_bytes();
        while (self.size_bytes + size > self.capacity || self.runs.len() == MOST_RUNS) && self.give_up_one() {}
        if size > self.capacity {
            return;
        }
        if self.common.admit(run.first()) {
            self.runs.iter_mut().for_each(|head| head.integer = self.common.abbreviate(head.run.first()));
        }
        self.size_bytes += size;
        let head = Head { integer: self.common.abbreviate(run.first()), run: Box::new(run) };
        let index = self.count_not_above(head.run.first());
        self.runs.insert(index, head);
        if index <= self.hand {
            self.hand += 1;
        }
    }

    /// Drops the run around a separator, because the tree changed there.
    pub fn forget(&mut self, separator: &[u8]) {
        let reaches = |index: &usize| self.runs.get(*index).is_some_and(|head| head.run.reaches(separator));
        if let Some(index) = self.run_before(separator).filter(reaches) {
            self.remove(index);
        }
    }

    /// Bytes of memory in use.
    pub fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// The last run that begins at or before `key`.
    fn run_before(&self, key: &[u8]) -> Option<usize> {
        self.count_not_above(key).checked_sub(1)
    }

    /// How many runs begin at or before `key`.
    fn count_not_above(&self, key: &[u8]) -> usize {
        let begins = |index: usize| self.runs.get(index).is_some_and(|head| head.run.first() <= key);
        count_not_above(&self.runs, self.common.abbreviate(key), |head| head.integer, begins)
    }

    /// Evicts one run, each in its turn. Returns whether there was one.
    fn give_up_one(&mut self) -> bool {
        if self.hand >= self.runs.len() {
            self.hand = 0;
        }
        self.remove(self.hand)
    }

    /// Removes a run. Returns whether there was one.
    fn remove(&mut self, index: usize) -> bool {
        if index >= self.runs.len() {
            return false;
        }
        self.size_bytes -= self.runs.remove(index).run.size_bytes();
        if index < self.hand {
            self.hand -= 1;
        }
        true
    }
}

/// Counts the items that are not above a key. The items are in order. It compares integers first, and calls
/// `is_not_above` if an item's integer equals the key's.
fn count_not_above<T>(
    ordered: &[T],
    integer: u64,
    integer_of: impl Fn(&T) -> u64,
    is_not_above: impl Fn(usize) -> bool,
) -> usize {
    let (mut low, mut high) = (0, ordered.len());
    while low < high {
        let middle = low.midpoint(high);
        let own = ordered.get(middle).map_or(u64::MAX, &integer_of);
        if own < integer || (own == integer && is_not_above(middle)) { low = middle + 1 } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{PackedPosition, Places, Pointer, Run};

    fn run_from(tree: &BTreeMap<Vec<u8>, Pointer>, key: &[u8]) -> Run {
        let first = tree.range(..=key.to_vec()).next_back().map_or(&[][..], |(first, _)| first);
        let mut run = Run::new();
        if !tree.contains_key(first) {
            run.push(first, None);
        }
        for (separator, pointer) in tree.range(first.to_vec()..) {
            if !run.push(separator, Some(*pointer)) {
                break;
            }
        }
        run
    }

    #[test]
    fn runs_are_given_up_in_turn() {
        let run_at = |number: u8| {
            let mut run = Run::new();
            (0..16).for_each(|block| {
                assert!(run.push(&[number, block], Some(Pointer { position: PackedPosition::of(8), size: 8 })));
            });
            assert!(!run.push(&[number + 1, 0], None));
            run
        };
        let mut places = Places::new(run_at(0).size_bytes() * 4);
        (0..8).for_each(|number| places.insert(run_at(number)));
        let known = |places: &Places| (0..8).filter(|number| places.find(&[*number, 3]).is_some()).collect::<Vec<_>>();
        assert_eq!(known(&places), [4, 5, 6, 7]);
        // A run that is inserted before the hand is not the next to be evicted.
        places.insert(run_at(1));
        places.insert(run_at(2));
        assert_eq!(known(&places), [1, 2, 6, 7]);
        places.forget(&[1, 3]);
        places.insert(run_at(3));
        places.insert(run_at(0));
        assert_eq!(known(&places), [0, 2, 3, 7]);
    }

    fn key() -> impl Strategy<Value = Vec<u8>> {
        vec(0..6_u8, 0..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

        /// The cache agrees with the tree after any changes of the tree, at any capacity.
        #[test]
        fn what_it_knows_is_true(
            steps in vec((key(), 0..4_u8), 1..400),
            capacity in prop_oneof![Just(0_usize), Just(2000), Just(100_000)],
        ) {
            let mut tree = BTreeMap::new();
            let mut places = Places::new(capacity);
            for (i, (key, what)) in steps.into_iter().enumerate() {
                match what {
                    0 => {
                        tree.insert(key.clone(), Pointer { position: PackedPosition::of(i as u64), size: 1 });
                        places.forget(&key);
                    }
                    1 => {
                        tree.remove(&key);
                        places.forget(&key);
                    }
                    _ => {
                        let expected = tree.range(..=key.clone()).next_back().map(|(_, pointer)| *pointer);
                        match places.find(&key).map(|(found, _)| found) {
                            Some(found) => {
                                prop_assert_eq!(found, expected);
                                let around = places.around(&key).unwrap();
                                let first = tree.range(..=key.clone()).next_back().map_or(&[][..], |(first, _)| first);
                                prop_assert_eq!((around.pointer, around.separator), (found, first));
                                // The next block may have been removed, but no other block begins before that place.
                                let next = tree.keys().find(|next| **next > key);
                                let from_end = around.end.and_then(|end| tree.range(end.to_vec()..).next());
                                prop_assert_eq!(from_end.map(|(next, _)| next), next);
                                prop_assert!(around.end.is_none_or(|end| end > key.as_slice()));
                            }
                            None => places.insert(run_from(&tree, &key)),
                        }
                        if capacity > 50_000 {
                            prop_assert_eq!(places.find(&key).map(|(found, _)| found), Some(expected));
                        }
                    }
                }
                prop_assert!(places.size_bytes() <= capacity);
                prop_assert_eq!(places.runs.iter().map(|head| head.run.size_bytes()).sum::<usize>(), places.size_bytes());
            }
        }
    }
}
