//! A bounded cache of where the blocks of a level stand: a walk down the sled tree costs more than all else of a read.
//!
//! It holds *runs*: blocks that follow each other, with nothing between them. Inside of a run a key's block is known without
//! the tree. A change of the tree at a place drops the run around that place.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::blocks::Pointer;

/// Blocks of a run.
pub const RUN_LENGTH: usize = 16;
/// About how many bytes a run takes beside its separators: its node in the map, and two vectors.
const RUN_OVERHEAD: usize = 128;

/// Where blocks of one level stand.
pub struct Places {
    /// By the separator of their first block. No two overlap.
    runs: BTreeMap<Box<[u8]>, Run>,
    size_bytes: usize,
    capacity: usize,
    /// Runs behind this key are given up next.
    hand: Box<[u8]>,
}

/// Blocks that follow each other.
pub struct Run {
    separators: Vec<u8>,
    blocks: Vec<RunBlock>,
    /// The separator of the block behind the last one; `None` at the end of the level.
    end: Option<Box<[u8]>>,
}

struct RunBlock {
    /// Where its separator ends in those of the run.
    separator_end: usize,
    /// `None` where a level has no block.
    pointer: Option<Pointer>,
}

impl Run {
    /// A run of no block yet.
    pub fn new() -> Self {
        Self { separators: Vec::new(), blocks: Vec::with_capacity(RUN_LENGTH), end: None }
    }

    /// Adds the next block, or that there is none from a key on; says whether it found room. What did not is the end of the run.
    pub fn push(&mut self, separator: &[u8], pointer: Option<Pointer>) -> bool {
        if self.blocks.len() == RUN_LENGTH {
            self.end = Some(separator.into());
            return false;
        }
        self.separators.extend_from_slice(separator);
        self.blocks.push(RunBlock { separator_end: self.separators.len(), pointer });
        true
    }

    /// Cuts it off at the start of another run.
    fn end_at(&mut self, end: &[u8]) {
        if !self.reaches(end) {
            return;
        }
        let count = (0..self.blocks.len()).take_while(|index| self.separator(*index) < end).count();
        self.blocks.truncate(count);
        self.separators.truncate(self.blocks.last().map_or(0, |block| block.separator_end));
        self.end = Some(end.into());
    }

    fn separator(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).and_then(|before| self.blocks.get(before)).map_or(0, |b| b.separator_end);
        let end = self.blocks.get(index).map_or(start, |block| block.separator_end);
        self.separators.get(start..end).unwrap_or_default()
    }

    /// Whether `key` is before its end.
    fn reaches(&self, key: &[u8]) -> bool {
        self.end.as_deref().is_none_or(|end| key < end)
    }

    /// The block of a key, which must not be below the run.
    fn find(&self, key: &[u8]) -> Option<Option<Pointer>> {
        let (mut low, mut high) = (0, self.blocks.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.separator(middle) <= key { low = middle + 1 } else { high = middle }
        }
        self.blocks.get(low.checked_sub(1)?).map(|block| block.pointer)
    }

    fn size_bytes(&self) -> usize {
        let end = self.end.as_ref().map_or(0, |end| end.len());
        RUN_OVERHEAD + self.separators.len() + end + self.blocks.len() * size_of::<RunBlock>()
    }
}

impl Places {
    /// An empty cache of at most about `capacity` bytes.
    pub fn new(capacity: usize) -> Self {
        Self { runs: BTreeMap::new(), size_bytes: 0, capacity, hand: Box::default() }
    }

    /// Where the block of `key` stands, `None` for nowhere, if that is known.
    pub fn find(&self, key: &[u8]) -> Option<Option<Pointer>> {
        self.run_around(key)?.1.find(key)
    }

    /// Keeps a run, which the tree has just now, as far as the next one.
    pub fn insert(&mut self, mut run: Run) {
        self.forget(run.separator(0));
        let first: Box<[u8]> = run.separator(0).into();
        let behind = (Bound::Excluded(first.as_ref()), Bound::Unbounded);
        if let Some((next, _)) = self.runs.range::<[u8], _>(behind).next() {
            run.end_at(next);
        }
        let size = run.size_bytes();
        while self.size_bytes + size > self.capacity && self.give_up_one() {}
        if size <= self.capacity {
            self.size_bytes += size;
            self.runs.insert(first, run);
        }
    }

    /// Takes note that the tree changed at this separator.
    pub fn forget(&mut self, separator: &[u8]) {
        if let Some(first) = self.run_around(separator).map(|(first, _)| Box::from(first)) {
            self.remove(&first);
        }
    }

    /// Bytes of memory in use, about.
    pub fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    fn run_around(&self, key: &[u8]) -> Option<(&[u8], &Run)> {
        let (first, run) = self.runs.range::<[u8], _>((Bound::Unbounded, Bound::Included(key))).next_back()?;
        run.reaches(key).then_some((first.as_ref(), run))
    }

    /// Gives up one run, each in its turn; says whether there was one.
    fn give_up_one(&mut self) -> bool {
        let behind = (Bound::Excluded(self.hand.as_ref()), Bound::Unbounded);
        let next = self.runs.range::<[u8], _>(behind).next().or_else(|| self.runs.iter().next());
        let Some(first) = next.map(|(first, _)| first.clone()) else { return false };
        self.remove(&first);
        self.hand = first;
        true
    }

    fn remove(&mut self, first: &[u8]) {
        if let Some(run) = self.runs.remove(first) {
            self.size_bytes -= run.size_bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{Places, Pointer, Run};

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

    fn key() -> impl Strategy<Value = Vec<u8>> {
        vec(0..6_u8, 0..4)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

        /// Whatever it knows is what the tree says, through any changes of the tree, however little it may hold.
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
                        tree.insert(key.clone(), Pointer { position: i as u64, size: 1 });
                        places.forget(&key);
                    }
                    1 => {
                        tree.remove(&key);
                        places.forget(&key);
                    }
                    _ => {
                        let expected = tree.range(..=key.clone()).next_back().map(|(_, pointer)| *pointer);
                        match places.find(&key) {
                            Some(found) => prop_assert_eq!(found, expected),
                            None => places.insert(run_from(&tree, &key)),
                        }
                        if capacity > 50_000 {
                            prop_assert_eq!(places.find(&key), Some(expected));
                        }
                    }
                }
                prop_assert!(places.size_bytes() <= capacity);
                prop_assert_eq!(places.runs.values().map(Run::size_bytes).sum::<usize>(), places.size_bytes());
            }
        }
    }
}
