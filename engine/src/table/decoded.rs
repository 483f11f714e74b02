//! A block whose keys are built, so that its entries can be read in any order.

use super::block::{KeylessEntry, Malformed, Parts, read_raw};
use super::owned_version::PlacedValue;
use crate::entry::Entry;
use crate::expiry::Expiry;
use crate::version::Version;

/// The entries of a block. The caller keeps the bytes of the block, and must pass the same ones.
#[derive(Debug, Default)]
pub struct DecodedBlock {
    keys: Vec<u8>,
    entries: Vec<DecodedEntry>,
}

#[derive(Clone, Copy, Debug)]
struct DecodedEntry {
    key_start: usize,
    key_length: usize,
    version: Version,
    expires: Option<Expiry>,
    value: PlacedValue,
}

impl DecodedBlock {
    /// Decodes `block` into the memory of an earlier one. Fails if its entries are not in order.
    pub fn decode(&mut self, block: &[u8]) -> Result<(), Malformed> {
        let parts = Parts::of(block)?;
        self.fill(block, parts.entries, parts.lowest)
    }

    /// Decodes one group of `block`. Its first entry gets the index 0. Fails if there is no such group.
    pub(super) fn decode_group(&mut self, block: &[u8], group: usize) -> Result<(), Malformed> {
        let parts = Parts::of(block)?;
        self.fill(block, parts.group(group)?, parts.lowest)
    }

    fn fill(&mut self, block: &[u8], mut rest: &[u8], lowest: Version) -> Result<(), Malformed> {
        self.keys.clear();
        self.entries.clear();
        let mut before = 0..0;
        while !rest.is_empty() {
            let raw = read_raw(&mut rest, lowest).filter(|raw| raw.shared <= before.len()).ok_or(Malformed)?;
            let repeats = !self.entries.is_empty()
                && match raw.shared {
                    // A landmark shares nothing, even with another version of its key.
                    0 => self.keys.get(before.clone()) == Some(raw.suffix),
                    shared => shared == before.len() && raw.suffix.is_empty(),
                };
            let KeylessEntry { version, expires, value } = raw.version;
            // Versions of a key share its bytes here too.
            if !repeats {
                let start = self.keys.len();
                self.keys.extend_from_within(before.start..before.start + raw.shared);
                self.keys.extend_from_slice(raw.suffix);
                before = start..self.keys.len();
            }
            let value = PlacedValue::of(block, value);
            self.entries.push(DecodedEntry {
                key_start: before.start,
                key_length: before.len(),
                version,
                expires,
                value,
            });
        }
        Ok(())
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

    /// The entry at `index`, with its value from `block`.
    #[must_use]
    pub fn entry<'a>(&'a self, block: &'a [u8], index: usize) -> Option<Entry<'a>> {
        let decoded = self.entries.get(index)?;
        Some(Entry {
            key: self.key_of(decoded),
            version: decoded.version,
            expires: decoded.expires,
            value: decoded.value.within(block),
        })
    }

    /// The index at which the next key begins, after the entry at `index`.
    #[must_use]
    pub fn next_key(&self, index: usize) -> usize {
        let place = |entry: &DecodedEntry| (entry.key_start, entry.key_length);
        let present = self.entries.get(index).map(place);
        let rest = self.entries.get(index + 1..).unwrap_or_default();
        if rest.first().map(place) != present {
            return index + 1;
        }
        index + 1 + rest.partition_point(|entry| Some(place(entry)) == present)
    }

    /// How many entries come before this version of this key.
    #[must_use]
    pub fn entries_before(&self, key: &[u8], version: Version) -> usize {
        self.entries.partition_point(|entry| {
            self.key_of(entry).cmp(key).then_with(|| version.cmp(&entry.version)) == std::cmp::Ordering::Less
        })
    }

    /// Whether keys rise, and versions of one key fall.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        self.entries.windows(2).all(|pair| match pair {
            [a, b] => self.key_of(a).cmp(self.key_of(b)).then_with(|| b.version.cmp(&a.version)).is_lt(),
            _ => true,
        })
    }

    fn key_of(&self, entry: &DecodedEntry) -> &[u8] {
        self.keys.get(entry.key_start..entry.key_start + entry.key_length).unwrap_or_default()
    }
}
