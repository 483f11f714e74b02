//! A tree in memory: the index of a job, and of tests of the layers above. Nothing in it is durable.

use std::cell::RefCell;
use std::ops::Range;

use super::{Batch, Bytes, Pair, Pairs, Tree};
use crate::failure::Failure;

/// A tree in memory: pairs in the order of their keys. It has few, and changes are mostly near its end.
#[derive(Debug, Default)]
pub struct MemoryTree(RefCell<Vec<Pair>>);

impl MemoryTree {
    /// How many keys are below `key`; also counts `key` itself with `counts_it`.
    fn below(&self, key: &[u8], counts_it: bool) -> usize {
        self.0.borrow().partition_point(|(each, _)| each[..] < *key || (counts_it && each[..] == *key))
    }

    fn pairs(&self, range: Range<usize>) -> Pairs<'_> {
        let found = self.0.borrow().get(range).unwrap_or_default().to_vec();
        Box::new(found.into_iter().map(Ok))
    }

    #[inline(never)]
    fn set(&self, key: Bytes, value: Option<Bytes>) {
        let place = self.below(&key, false);
        let mut pairs = self.0.borrow_mut();
        let is_there = pairs.get(place).is_some_and(|(each, _)| each[..] == key[..]);
        match value {
            Some(value) if is_there => {
                if let Some(pair) = pairs.get_mut(place) {
                    pair.1 = value;
                }
            }
            Some(value) => pairs.insert(place, (key, value)),
            None if is_there => drop(pairs.remove(place)),
            None => {}
        }
    }
}

impl Tree for MemoryTree {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Failure> {
        let found = self.0.borrow().get(self.below(key, false)).cloned();
        Ok(found.filter(|(each, _)| each[..] == *key).map(|(_, value)| value))
    }

    fn last_between(&self, first: &[u8], last: &[u8]) -> Result<Option<Pair>, Failure> {
        let found = self.below(last, true).checked_sub(1).and_then(|place| self.0.borrow().get(place).cloned());
        Ok(found.filter(|(each, _)| each[..] >= *first))
    }

    fn first_between(&self, above: &[u8], below: &[u8]) -> Result<Option<Pair>, Failure> {
        let found = self.0.borrow().get(self.below(above, true)).cloned();
        Ok(found.filter(|(each, _)| each[..] < *below))
    }

    fn range(&self, from: &[u8], below: &[u8]) -> Pairs<'_> {
        self.pairs(self.below(from, false)..self.below(below, false))
    }

    fn range_to(&self, first: &[u8], last: &[u8]) -> Pairs<'_> {
        self.pairs(self.below(first, false)..self.below(last, true))
    }

    fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        self.set(key.into(), Some(value.into()));
        Ok(())
    }

    fn apply(&self, Batch(changes): Batch) -> Result<(), Failure> {
        for (key, value) in changes {
            self.set(key, value);
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), Failure> {
        Ok(())
    }

    fn size_on_disk(&self) -> Result<u64, Failure> {
        Ok(0)
    }
}
