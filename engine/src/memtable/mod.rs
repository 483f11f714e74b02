//! The memtable: the newest versions, in memory, ordered by key and then newest first.
//!
//! A B+ tree over an arena. Keys and values lie in one growing buffer, so that an insert allocates nothing of its own;
//! nodes hold, as integers, the eight bytes of each key behind what all keys share, so that most comparisons touch neither
//! the arena nor `memcmp`, which is slow in WebAssembly. Entries are never removed: a memtable is dropped as a whole.

mod entry;
mod slots;
mod tree;

use entry::{Kind, StoredEntry};
pub use tree::Place;
use tree::Tree;

use crate::entry::{Entry, Value};
use crate::failure::{Failure, FailureKind};
use crate::number::{u32_of, usize_of};
use crate::position::PackedPosition;
use crate::version::Version;

/// An ordered set of versions of keys.
#[derive(Debug, Default)]
pub struct Memtable {
    arena: Vec<u8>,
    entries: Vec<StoredEntry>,
    tree: Tree,
}

impl Memtable {
    /// Adds a version of a key. The pair must be new, and the version none below those before.
    pub fn insert(&mut self, entry: &Entry<'_>) -> Result<(), Failure> {
        let value_length = if let Value::Inline(bytes) = entry.value { bytes.len() } else { 0 };
        self.reserve(entry.key.len() + value_length, 1)?;
        let key_at = u32_of(self.arena.len());
        self.arena.extend_from_slice(entry.key);
        let (kind, value_at, value_length) = match entry.value {
            Value::Deleted => (Kind::Deleted, 0, 0),
            Value::Logged { position, length } => (Kind::Logged, position.get(), length),
            Value::Inline(bytes) => {
                let at = self.arena.len() as u64;
                self.arena.extend_from_slice(bytes);
                (Kind::Inline, at, u32_of(bytes.len()))
            }
        };
        self.entries.push(StoredEntry {
            version: entry.version,
            expires: entry.expires,
            value_at,
            value_length,
            key_at,
            key_length: u32_of(entry.key.len()),
            kind,
        });
        let id = u32_of(self.entries.len() - 1);
        self.tree.insert(id, entry.key, entry.version, &Keys { arena: &self.arena, entries: &self.entries });
        Ok(())
    }

    /// The newest entry of `key` whose version is not above `version`.
    #[must_use]
    pub fn get(&self, key: &[u8], version: Version) -> Option<Entry<'_>> {
        let entry = self.at(self.seek(key, version)?)?;
        (entry.key == key).then_some(entry)
    }

    /// The first place at or behind version `version` of `key`; `u64::MAX` means the newest.
    #[must_use]
    pub fn seek(&self, key: &[u8], version: Version) -> Option<Place> {
        self.tree.seek(key, version, &self.keys())
    }

    /// The first place of all.
    #[must_use]
    pub fn first(&self) -> Option<Place> {
        self.tree.first()
    }

    /// The last place of all.
    #[must_use]
    pub fn last(&self) -> Option<Place> {
        self.tree.last()
    }

    /// The place behind `place`.
    #[must_use]
    pub fn next(&self, place: Place) -> Option<Place> {
        self.tree.next(place)
    }

    /// The place before `place`.
    #[must_use]
    pub fn previous(&self, place: Place) -> Option<Place> {
        self.tree.previous(place)
    }

    /// The entry at a place of this memtable.
    #[must_use]
    pub fn at(&self, place: Place) -> Option<Entry<'_>> {
        self.stored(self.entries.get(self.tree.entry(place)? as usize)?)
    }

    /// The entries from a version of a key on, in the order in which they were inserted: of their versions, and within one of
    /// their keys.
    pub fn entries_from(&self, version: Version, key: &[u8]) -> impl Iterator<Item = Entry<'_>> {
        let is_before = |stored: &StoredEntry| {
            let own = || slice(&self.arena, stored.key_at as usize, stored.key_length).unwrap_or_default();
            stored.version < version || (stored.version == version && own() < key)
        };
        let first = self.entries.partition_point(is_before);
        self.entries.get(first..).unwrap_or_default().iter().filter_map(|stored| self.stored(stored))
    }

    /// The entry that was inserted so many others before.
    #[must_use]
    pub fn inserted(&self, index: usize) -> Option<Entry<'_>> {
        self.stored(self.entries.get(index)?)
    }

    fn stored(&self, stored: &StoredEntry) -> Option<Entry<'_>> {
        let value = match stored.kind {
            Kind::Deleted => Value::Deleted,
            Kind::Logged => {
                Value::Logged { position: PackedPosition::of(stored.value_at), length: stored.value_length }
            }
            Kind::Inline => Value::Inline(slice(&self.arena, usize_of(stored.value_at), stored.value_length)?),
        };
        let key = slice(&self.arena, stored.key_at as usize, stored.key_length)?;
        Some(Entry { key, version: stored.version, expires: stored.expires, value })
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes of memory in use, without what vectors hold in reserve.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.arena.len() + self.entries.len() * size_of::<StoredEntry>() + self.tree.size_bytes()
    }

    /// Empties the memtable and keeps its memory for the next one.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.entries.clear();
        self.tree.clear();
    }

    fn keys(&self) -> Keys<'_> {
        Keys { arena: &self.arena, entries: &self.entries }
    }

    /// Makes room for entries with so many bytes of keys and values: until then nothing can fail half done.
    pub fn reserve(&mut self, bytes: usize, entries: usize) -> Result<(), Failure> {
        let fits = u32::try_from(self.arena.len().saturating_add(bytes)).is_ok()
            && u32::try_from(self.entries.len().saturating_add(entries)).is_ok();
        if fits && self.arena.try_reserve(bytes).is_ok() && self.entries.try_reserve(entries).is_ok() {
            return Ok(());
        }
        Err(Failure::new(FailureKind::OutOfMemory, format!("no memory for {bytes} bytes in the write buffer")))
    }

    /// The entries from a place on, in order.
    pub fn iter_from(&self, place: Option<Place>) -> impl Iterator<Item = Entry<'_>> {
        std::iter::successors(place, |place| self.next(*place)).filter_map(|place| self.at(place))
    }
}

fn slice(bytes: &[u8], at: usize, length: u32) -> Option<&[u8]> {
    bytes.get(at..at + length as usize)
}

/// How the tree looks keys up.
pub(crate) struct Keys<'a> {
    arena: &'a [u8],
    entries: &'a [StoredEntry],
}

impl Keys<'_> {
    /// The key and the version of an entry.
    fn of(&self, id: u32) -> (&[u8], Version) {
        self.entries.get(id as usize).map_or((&[], Version::NONE), |stored| {
            (slice(self.arena, stored.key_at as usize, stored.key_length).unwrap_or_default(), stored.version)
        })
    }
}
