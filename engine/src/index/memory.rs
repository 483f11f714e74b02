//! A tree in memory, for tests of the layers above the index. Nothing in it is durable.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Bound;

use super::{Batch, Bytes, Pair, Pairs, Tree};
use crate::failure::Failure;

/// A tree in memory.
#[derive(Debug, Default)]
pub struct MemoryTree(RefCell<BTreeMap<Vec<u8>, Bytes>>);

impl MemoryTree {
    fn pairs(&self, from: Bound<&[u8]>, to: Bound<&[u8]>) -> Pairs<'_> {
        let entries = self.0.borrow();
        // A range that ends before it begins is empty; `BTreeMap` panics for such a range.
        let is_empty = match (from, to) {
            (Bound::Excluded(from), Bound::Excluded(to)) => from >= to,
            (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => from > to,
            _ => false,
        };
        let range = Some((from, to)).filter(|_| !is_empty);
        let found = range.into_iter().flat_map(|range| entries.range::<[u8], _>(range));
        let found: Vec<Result<Pair, Failure>> =
            found.map(|(key, value)| Ok((Bytes::from(key.as_slice()), value.clone()))).collect();
        Box::new(found.into_iter())
    }
}

impl Tree for MemoryTree {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Failure> {
        Ok(self.0.borrow().get(key).cloned())
    }

    fn last_between(&self, first: &[u8], last: &[u8]) -> Result<Option<Pair>, Failure> {
        self.range_to(first, last).next_back().transpose()
    }

    fn first_between(&self, above: &[u8], below: &[u8]) -> Result<Option<Pair>, Failure> {
        self.pairs(Bound::Excluded(above), Bound::Excluded(below)).next().transpose()
    }

    fn range(&self, from: &[u8], below: &[u8]) -> Pairs<'_> {
        self.pairs(Bound::Included(from), Bound::Excluded(below))
    }

    fn range_to(&self, first: &[u8], last: &[u8]) -> Pairs<'_> {
        self.pairs(Bound::Included(first), Bound::Included(last))
    }

    fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), Failure> {
        self.0.borrow_mut().insert(key.to_vec(), value.into());
        Ok(())
    }

    fn apply(&self, Batch(changes): Batch) -> Result<(), Failure> {
        let mut entries = self.0.borrow_mut();
        for (key, value) in changes {
            match value {
                Some(value) => entries.insert(key.to_vec(), value),
                None => entries.remove(&key[..]),
            };
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
