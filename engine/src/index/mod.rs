//! The index: two small ordered trees. One finds the blocks of the table, the other one has notes about the store.
//!
//! The rest of the engine uses [`Tree`], [`Notes`] and [`Identity`]. Only this folder knows sled, which stores both
//! trees in the directory `index`.

mod checkpoint;
mod files;
mod identity;
mod memory;
mod notes;
mod sled_tree;

use std::path::Path;
use std::rc::Rc;

pub use checkpoint::Checkpoint;
pub use identity::Identity;
pub use memory::MemoryTree;
pub use notes::Notes;
pub use sled_tree::Bytes;

use self::sled_tree::SledTree;
use crate::failure::Failure;

/// A key and its value.
pub type Pair = (Bytes, Bytes);
/// Entries of a tree. Callers can read them from both ends.
pub type Pairs<'a> = Box<dyn DoubleEndedIterator<Item = Result<Pair, Failure>> + 'a>;

/// A sorted map from byte strings to byte strings. A change is visible at once, and durable after [`Tree::sync`]. Both
/// trees of an index become durable together.
pub trait Tree {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Failure>;
    /// The last entry between two keys, both included.
    fn last_between(&self, first: &[u8], last: &[u8]) -> Result<Option<Pair>, Failure>;
    /// The first entry above one key and below another one.
    fn first_between(&self, above: &[u8], below: &[u8]) -> Result<Option<Pair>, Failure>;
    /// The entries at or above `from` and below another key.
    fn range(&self, from: &[u8], below: &[u8]) -> Pairs<'_>;
    /// The entries between two keys, both included.
    fn range_to(&self, first: &[u8], last: &[u8]) -> Pairs<'_>;
    /// Whether the tree has no entry.
    fn is_empty(&self) -> bool;
    /// Sets a key to a value.
    fn insert(&self, key: &[u8], value: &[u8]) -> Result<(), Failure>;
    /// Makes all changes of a batch in one atomic write.
    fn apply(&self, batch: Batch) -> Result<(), Failure>;
    /// Makes all changes so far durable.
    fn sync(&self) -> Result<(), Failure>;
    /// The size of the files of the index, in bytes.
    fn size_on_disk(&self) -> Result<u64, Failure>;
}

/// Changes of a tree that become visible together. If a key comes twice, the last change counts.
#[derive(Debug, Default)]
pub struct Batch(Vec<(Bytes, Option<Bytes>)>);

impl Batch {
    /// Sets a key to a value.
    pub fn insert(&mut self, key: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.0.push((key.into(), Some(value.into())));
    }

    /// Removes a key.
    pub fn remove(&mut self, key: impl Into<Bytes>) {
        self.0.push((key.into(), None));
    }

    /// The changes, in order: a key, and its value unless it is removed.
    #[must_use]
    pub fn changes(&self) -> impl ExactSizeIterator<Item = (&Bytes, Option<&Bytes>)> {
        self.0.iter().map(|(key, value)| (key, value.as_ref()))
    }
}

/// An open index. A clone is the same index.
#[derive(Clone)]
pub struct Index {
    blocks: Rc<dyn Tree>,
    notes: Notes,
}

impl Index {
    /// Opens the index in a directory, or creates it, with a cache of at most `cache_size` bytes. Removes leftovers of
    /// a crash, and refuses damaged files.
    pub fn open(directory: &Path, cache_size: u64) -> Result<Self, Failure> {
        files::prepare(directory)?;
        Ok(Self::of_sled(sled_tree::open(directory, cache_size)?))
    }

    /// An empty index on disk, for tests. Its files are removed with it.
    pub fn temporary() -> Result<Self, Failure> {
        Ok(Self::of_sled(sled_tree::temporary()?))
    }

    /// An empty index in memory, for tests of the layers above it.
    #[must_use]
    pub fn in_memory() -> Self {
        Self { blocks: Rc::new(MemoryTree::default()), notes: Notes::of(Rc::new(MemoryTree::default())) }
    }

    fn of_sled((blocks, notes): (SledTree, SledTree)) -> Self {
        Self { blocks: Rc::new(blocks), notes: Notes::of(Rc::new(notes)) }
    }

    /// The tree that finds the blocks of the table.
    #[must_use]
    pub fn blocks(&self) -> Rc<dyn Tree> {
        Rc::clone(&self.blocks)
    }

    /// The notes about the store.
    #[must_use]
    pub fn notes(&self) -> Notes {
        self.notes.clone()
    }
}
