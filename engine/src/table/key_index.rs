//! A small index of the keys of a block. The cache keeps it beside the block. It finds the newest entry of a key
//! without a search. If a key is missing, it mostly says so at once.
//!
//! ```text
//! index:  lowest version u64, keys u16, length of the prefix u16, tags, places, prefix, middles
//! tags:   8 bits of the hash of each key, u8 each, and zeros up to the next multiple of 8
//! places: for each key the start of its newest entry in the block u16, and the end of its middle u16
//! prefix: the bytes that all keys begin with
//! middle: the bytes of a key between the prefix and the bytes that its entry stores itself
//! ```
//!
//! It is never written to a file. When the cache inserts a block that was read from a file, it makes the index once.

use super::block::{KeylessEntry, Parts, Raw, read_raw};
use crate::abbreviation::shared_length;
use crate::number::low_byte;
use crate::version::Version;

/// Tags that are compared at once.
const TAGS_A_WORD: usize = 8;
/// Bytes before the tags.
const HEADER_SIZE: usize = 12;
/// Bytes of a place.
const PLACE_SIZE: usize = 4;
/// A block has no index if its middles take more than one byte per this many bytes of the block.
const MIDDLES_SHARE: usize = 4;

/// The hash of a key, for the indexes and filters of blocks. It is computed byte by byte, so keys with a common start
/// share that work.
pub(super) fn hash_of(key: &[u8]) -> u64 {
    finish(key.iter().fold(0, |state, byte| mix(state, *byte)))
}

#[inline]
fn mix(state: u64, byte: u8) -> u64 {
    (state ^ u64::from(byte)).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[inline]
fn finish(state: u64) -> u64 {
    (state ^ state >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The bits of a hash that an index stores. A filter uses other bits.
fn tag_of(hash: u64) -> u8 {
    low_byte(hash >> 56)
}

/// Makes indexes. It reuses its memory.
#[derive(Debug, Default)]
pub(super) struct Indexer {
    /// The last key, with the state of the hash before each of its bytes and after the last one.
    key: Vec<u8>,
    states: Vec<u64>,
    found: Vec<Found>,
    hashes: Vec<u64>,
    index: Vec<u8>,
}

/// A key of the block.
#[derive(Clone, Copy, Debug)]
struct Found {
    /// The start of its newest entry.
    entry: usize,
    /// How many bytes it shares with the previous key.
    shared: usize,
}

impl Indexer {
    /// Reads a block. Returns whether it can have an index. A large or malformed block cannot.
    pub fn read(&mut self, block: &[u8]) -> bool {
        self.index.clear();
        let is_read =
            u16::try_from(block.len()).is_ok() && self.read_keys(block).and_then(|k| self.write(block, k)).is_some();
        if !is_read {
            self.hashes.clear();
        }
        is_read
    }

    /// The hashes of the keys of the last block. Empty if that block has no index.
    pub fn hashes(&self) -> &[u64] {
        &self.hashes
    }

    /// The index of the last block.
    pub fn index(&self) -> &[u8] {
        &self.index
    }

    /// Finds the keys of a block. Returns its lowest version, and how many bytes the keys share.
    fn read_keys(&mut self, block: &[u8]) -> Option<(Version, usize)> {
        let Self { key, states, found, hashes, .. } = self;
        key.clear();
        states.clear();
        states.push(0);
        found.clear();
        hashes.clear();
        let Parts { lowest, entries, .. } = Parts::of(block).ok()?;
        let start = entries.as_ptr().addr() - block.as_ptr().addr();
        let (mut first, mut agreeing): (&[u8], usize) = (&[], 0);
        let mut rest = entries;
        while !rest.is_empty() {
            let entry = start + entries.len() - rest.len();
            let Raw { shared, suffix, .. } = read_raw(&mut rest, lowest).filter(|raw| raw.shared <= key.len())?;
            if found.is_empty() {
                (first, agreeing) = (suffix, suffix.len());
            } else if shared == key.len() && suffix.is_empty() || shared == 0 && suffix == key.as_slice() {
                // Another version of the previous key.
                continue;
            }
            if shared <= agreeing {
                agreeing = shared + shared_length(suffix, first.get(shared..)?);
            }
            key.truncate(shared);
            states.truncate(shared + 1);
            let mut state = *states.last()?;
            // One by one: there are mostly very few bytes, and a call to copy them takes longer.
            for byte in suffix {
                state = mix(state, *byte);
                key.push(*byte);
                states.push(state);
            }
            hashes.push(finish(state));
            found.push(Found { entry, shared });
        }
        // The keys are in order: all keys share the bytes that the first and the last one share.
        Some((lowest, agreeing))
    }

    fn write(&mut self, block: &[u8], (lowest, prefix): (Version, usize)) -> Option<()> {
        let Self { key, found, index, hashes, .. } = self;
        let tags = HEADER_SIZE + found.len().next_multiple_of(TAGS_A_WORD);
        index.resize(tags + found.len() * PLACE_SIZE, 0);
        let (head, places) = index.split_at_mut_checked(tags)?;
        let (header, tags) = head.split_first_chunk_mut::<HEADER_SIZE>()?;
        *header = header_of(lowest, u16::try_from(found.len()).ok()?, u16::try_from(prefix).ok()?);
        tags.iter_mut().zip(hashes).for_each(|(tag, hash)| *tag = tag_of(*hash));
        let mut middles = 0;
        for (place, Found { entry, shared, .. }) in places.as_chunks_mut::<PLACE_SIZE>().0.iter_mut().zip(&*found) {
            middles += shared.saturating_sub(prefix);
            let ([a, b], [c, d]) =
                (u16::try_from(*entry).ok()?.to_le_bytes(), u16::try_from(middles).ok()?.to_le_bytes());
            *place = [a, b, c, d];
        }
        if middles > block.len() / MIDDLES_SHARE {
            return None;
        }
        let suffix_at = |entry: usize| Some(read_raw(&mut block.get(entry..)?, lowest)?.suffix);
        index.extend_from_slice(suffix_at(found.first()?.entry)?.get(..prefix)?);
        key.clear();
        for Found { entry, shared } in found.iter().take(if middles > 0 { found.len() } else { 0 }) {
            key.get(prefix..*shared).into_iter().flatten().for_each(|byte| index.push(*byte));
            key.truncate(*shared);
            suffix_at(*entry)?.iter().for_each(|byte| key.push(*byte));
        }
        Some(())
    }
}

fn header_of(lowest: Version, count: u16, prefix: u16) -> [u8; HEADER_SIZE] {
    let mut header = [0; HEADER_SIZE];
    let (numbers, counts) = header.split_at_mut(8);
    numbers.copy_from_slice(&lowest.to_le_bytes());
    counts.copy_from_slice([count.to_le_bytes(), prefix.to_le_bytes()].as_flattened());
    header
}

/// Finds the newest entry of a key in an index, if its version is not above `version`. The caller passes the hash of
/// the key. Returns `None` if the index cannot tell: it is missing, or the newest entry has a higher version.
pub(super) fn find<'a>(
    index: &[u8],
    block: &'a [u8],
    (key, hash): (&[u8], u64),
    version: Version,
) -> Option<Option<KeylessEntry<'a>>> {
    let (lowest, rest) = index.split_first_chunk()?;
    let (count, rest) = rest.split_first_chunk()?;
    let (prefix, rest) = rest.split_first_chunk()?;
    let (count, prefix) = (usize::from(u16::from_le_bytes(*count)), usize::from(u16::from_le_bytes(*prefix)));
    let (tags, rest) = rest.split_at_checked(count.next_multiple_of(TAGS_A_WORD))?;
    let (places, rest) = rest.split_at_checked(count * PLACE_SIZE)?;
    let (prefix, middles) = rest.split_at_checked(prefix)?;
    let places = places.as_chunks::<PLACE_SIZE>().0;
    let wanted = u64::from_le_bytes([tag_of(hash); TAGS_A_WORD]);
    for (word, tags) in tags.as_chunks().0.iter().enumerate() {
        let mut same = zeros_in(u64::from_le_bytes(*tags) ^ wanted);
        while same != 0 {
            let number = word * TAGS_A_WORD + (same.trailing_zeros() / 8) as usize;
            same &= same - 1;
            let Some(place) = places.get(number).map(|place| Place::of(*place)) else { continue };
            let start =
                number.checked_sub(1).and_then(|before| places.get(before)).map_or(0, |p| Place::of(*p).middle_end);
            let mut entry = block.get(place.entry..)?;
            let raw = read_raw(&mut entry, Version::from_le_bytes(*lowest))?;
            let Some((shared, suffix)) = key.split_at_checked(raw.shared) else { continue };
            let (head, tail) = shared.split_at(shared.len().min(prefix.len()));
            if suffix == raw.suffix && prefix.starts_with(head) && tail == middles.get(start..place.middle_end)? {
                return (raw.version.version <= version).then_some(Some(raw.version));
            }
        }
    }
    Some(None)
}

/// The place of an entry, as the index stores it.
struct Place {
    entry: usize,
    middle_end: usize,
}

impl Place {
    fn of([a, b, c, d]: [u8; PLACE_SIZE]) -> Self {
        Self { entry: u16::from_le_bytes([a, b]).into(), middle_end: u16::from_le_bytes([c, d]).into() }
    }
}

/// Sets the highest bit of each byte that is zero. It may also set that bit in bytes above a zero byte.
fn zeros_in(word: u64) -> u64 {
    const LOWEST: u64 = u64::from_le_bytes([1; 8]);
    const HIGHEST: u64 = u64::from_le_bytes([0x80; 8]);
    word.wrapping_sub(LOWEST) & !word & HIGHEST
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::{Indexer, Version, find, hash_of};
    use crate::entry::{Entry, Value};
    use crate::table::block;

    fn key() -> impl Strategy<Value = Vec<u8>> {
        let tail = || vec(prop_oneof![Just(b'a'), Just(b'b'), any::<u8>()], 0..12);
        prop_oneof![tail(), tail().prop_map(|tail| [b"tenant/17/".as_slice(), &tail].concat())]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

        /// An index finds the same as a search of the block, for keys in it and others, at any version.
        #[test]
        fn it_says_what_a_search_says(
            kept in btree_map(key(), vec(1..40_u64, 1..4), 0..60),
            value in vec(any::<u8>(), 0..40),
            others in vec(key(), 0..20),
            version in 0..45_u64,
        ) {
            let mut entries = Vec::new();
            for (key, mut versions) in kept {
                versions.sort_unstable_by(|a, b| b.cmp(a));
                versions.dedup();
                entries.extend(versions.into_iter().map(|version| (key.clone(), version)));
            }
            let entry = |(key, version): &(Vec<u8>, u64)| (key.clone(), *version);
            let all: Vec<(Vec<u8>, u64)> = entries.iter().map(entry).collect();
            let block = block::encode(all.iter().map(|(key, version)| Entry {
                key,
                version: Version::of(*version),
                expires: None,
                value: Value::Inline(&value),
            }));
            let mut indexer = Indexer::default();
            let has_index = indexer.read(&block);
            let index = if has_index { indexer.index() } else { &[] };
            for key in all.iter().map(|(key, _)| key).chain(&others) {
                let expected = block::find(&block, key, Version::of(version)).unwrap();
                match find(index, &block, (key, hash_of(key)), Version::of(version)) {
                    Some(found) => prop_assert_eq!(found, expected),
                    None => prop_assert!(!has_index || all.iter().any(|(other, newer)| other == key && *newer > version)),
                }
                prop_assert_eq!(has_index && find(index, &block, (key, hash_of(key)), Version::NEWEST).is_none(), false);
            }
        }

        /// For most kinds of keys the index is small enough to be worth it.
        #[test]
        fn an_index_is_small(first in 0..1000_u32, value in vec(any::<u8>(), 100..120)) {
            let keys: Vec<Vec<u8>> = (0..40).map(|i| format!("user/{:08}/name", first + i * 7).into_bytes()).collect();
            let entry = |key| Entry { key, version: Version::of(3), expires: None, value: Value::Inline(&value) };
            let block = block::encode(keys.iter().map(|key| entry(key)));
            let mut indexer = Indexer::default();
            prop_assert!(indexer.read(&block) && indexer.index().len() < block.len() / 10, "{}", indexer.index().len());
            prop_assert_eq!(indexer.hashes().len(), 40);
        }

        /// No bytes in the block or the index cause a panic, or return an entry of another key.
        #[test]
        fn nonsense_is_refused(index in vec(any::<u8>(), 0..80), block in vec(any::<u8>(), 0..200), key in key()) {
            let mut indexer = Indexer::default();
            indexer.read(&block);
            find(&index, &block, (&key, hash_of(&key)), Version::of(7));
        }
    }
}
