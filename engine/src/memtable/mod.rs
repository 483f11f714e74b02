//! The memtable: the newest versions, in memory, ordered by key, then newest first.
//!
//! A B+ tree over an arena. Keys and values are in chunks, so an insert makes no allocation of its own. All keys share
//! a common start. Nodes hold the eight bytes of each key after that start, as integers. So most comparisons need
//! neither the arena nor `memcmp`, which is slow in WebAssembly. Entries are never removed: a memtable is dropped as a
//! whole.

mod arena;
mod slots;
mod tree;

use arena::Arena;
pub use tree::Place;
use tree::Tree;

use crate::entry::{Entry, Value};
use crate::failure::{Failure, FailureKind};
use crate::operand::Operand;
use crate::version::Version;

/// An ordered set of versions of keys.
#[derive(Debug, Default)]
pub struct Memtable {
    arena: Arena,
    /// The numbers of all entries, in the order in which they were inserted.
    inserted: Vec<u32>,
    tree: Tree,
    operands: Operands,
}

/// The operands that were inserted.
#[derive(Clone, Copy, Debug)]
struct Operands {
    count: usize,
    /// The earliest time of a commit that has one, in milliseconds since 1970.
    first_ms: u64,
}

impl Default for Operands {
    fn default() -> Self {
        Self { count: 0, first_ms: u64::MAX }
    }
}

impl Memtable {
    /// Adds a version of a key. The pair must be new, and the version not below the versions added before.
    pub fn insert(&mut self, entry: &Entry<'_>) -> Result<(), Failure> {
        if let Value::Operand(bytes) = entry.value {
            self.operands.count += 1;
            let at_ms = Operand::decode(bytes).map_or(0, |operand| operand.at_ms);
            self.operands.first_ms = self.operands.first_ms.min(at_ms);
        }
        let number = self.arena.add(entry)?;
        self.inserted.push(number);
        self.tree.insert(number, entry.key, entry.version, &self.arena);
        Ok(())
    }

    /// Replaces the entry at a place by another one with the same key and version. All places stay valid.
    pub fn replace(&mut self, place: Place, entry: &Entry<'_>) -> Result<(), Failure> {
        let Some(old) = self.tree.entry(place) else { return Ok(()) };
        let new = self.arena.replace(old, entry)?;
        if new != old {
            self.tree.replace(place, new);
            let index = self.inserted.partition_point(|number| {
                let (key, version) = self.arena.key_of(*number);
                (version, key) < (entry.version, entry.key)
            });
            if let Some(inserted) = self.inserted.get_mut(index).filter(|inserted| **inserted == old) {
                *inserted = new;
            }
        }
        Ok(())
    }

    /// How many operands were inserted.
    #[must_use]
    pub fn operands(&self) -> usize {
        self.operands.count
    }

    /// The earliest time of a commit with an operand, in milliseconds since 1970; above all times if there is none.
    #[must_use]
    pub fn first_operand_ms(&self) -> u64 {
        self.operands.first_ms
    }

    /// The newest entry of `key` whose version is not above `version`.
    #[must_use]
    pub fn get(&self, key: &[u8], version: Version) -> Option<Entry<'_>> {
        let entry = self.at(self.seek(key, version)?)?;
        (entry.key == key).then_some(entry)
    }

    /// The first place at or after version `version` of `key`. `u64::MAX` means the newest version.
    #[must_use]
    pub fn seek(&self, key: &[u8], version: Version) -> Option<Place> {
        self.tree.seek(key, version, &self.arena)
    }

    /// The first place.
    #[must_use]
    pub fn first(&self) -> Option<Place> {
        self.tree.first()
    }

    /// The last place.
    #[must_use]
    pub fn last(&self) -> Option<Place> {
        self.tree.last()
    }

    /// The place after `place`.
    #[must_use]
    pub fn next(&self, place: Place) -> Option<Place> {
        let next = self.tree.next(place)?;
        if !next.is_beside(place) {
            self.arena.touch(self.tree.beside(next));
        }
        Some(next)
    }

    /// The place before `place`.
    #[must_use]
    pub fn previous(&self, place: Place) -> Option<Place> {
        self.tree.previous(place)
    }

    /// The entry at a place of this memtable.
    #[must_use]
    pub fn at(&self, place: Place) -> Option<Entry<'_>> {
        self.arena.get(self.tree.entry(place)?)
    }

    /// The entries from a version of a key on, in the order of insertion. That is the order of versions, and of keys
    /// within one version.
    pub fn entries_from(&self, version: Version, key: &[u8]) -> impl Iterator<Item = Entry<'_>> {
        let is_before = |number: &u32| {
            let (own, of) = self.arena.key_of(*number);
            of < version || (of == version && own < key)
        };
        let first = self.inserted.partition_point(is_before);
        self.inserted.get(first..).unwrap_or_default().iter().filter_map(|number| self.arena.get(*number))
    }

    /// The entry at this index in the order of insertion.
    #[must_use]
    pub fn inserted(&self, index: usize) -> Option<Entry<'_>> {
        self.arena.get(*self.inserted.get(index)?)
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inserted.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inserted.is_empty()
    }

    /// Bytes of memory in use, without the unused capacity of vectors.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.arena.size_bytes() + self.inserted.len() * size_of::<u32>() + self.tree.size_bytes()
    }

    /// Removes all entries and keeps the memory for the next memtable.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.inserted.clear();
        self.tree.clear();
        self.operands = Operands::default();
    }

    /// Makes room for this many entries, with this many bytes of keys and values. After that, no insert of them fails
    /// halfway.
    pub fn reserve(&mut self, bytes: usize, entries: usize) -> Result<(), Failure> {
        if self.inserted.try_reserve(entries).is_err() {
            return Err(Failure::new(FailureKind::OutOfMemory, format!("no memory for {entries} entries")));
        }
        self.arena.reserve(bytes, entries)
    }

    /// The entries from a place on, in order.
    pub fn iter_from(&self, place: Option<Place>) -> impl Iterator<Item = Entry<'_>> {
        std::iter::successors(place, |place| self.next(*place)).filter_map(|place| self.at(place))
    }
}
