//! Storage for the entries of a memtable, one after the other, in the order of insertion. Chunks never move. So a
//! growing memtable copies nothing, and needs no more memory than its entries.
//!
//! Entry: `[kind 1][version 8][key length 4][value length, or the bits of a length in the log 4][key][expiry 8, if any][value, or position in the log 8]`.

use std::hint::black_box;

use crate::entry::{Entry, LoggedLength, Value};
use crate::expiry::Expiry;
use crate::failure::Failure;
use crate::number::u32_of;
use crate::position::PackedPosition;
use crate::version::Version;

/// The number of an entry combines the number of its chunk with its offset in the chunk. The offset has this many bits.
const CHUNK_BITS: u32 = 20;
const CHUNK_SIZE: usize = 1 << CHUNK_BITS;
const MOST_CHUNKS: usize = 1 << (u32::BITS - CHUNK_BITS);

const HEADER_SIZE: usize = 17;
/// The most bytes that an entry has besides its key and value: header, expiry and position.
const MOST_EXTRA: usize = HEADER_SIZE + 16;

const DELETED: u8 = 0;
const INLINE: u8 = 1;
const LOGGED: u8 = 2;
const OPERAND: u8 = 3;
const HAS_EXPIRY: u8 = 0x80;

/// Entries by their numbers.
#[derive(Debug, Default)]
pub(super) struct Arena {
    chunks: Vec<Vec<u8>>,
    /// The chunk for the next entry, if it fits. Later chunks are empty.
    current: usize,
    size_bytes: usize,
}

impl Arena {
    /// Adds an entry and returns its number.
    pub fn add(&mut self, entry: &Entry<'_>) -> Result<u32, Failure> {
        let encoded = Encoded::of(entry);
        let Encoded { header, key, expiry, position, value } = &encoded;
        let size = encoded.size();
        let number = self.make_room(size)?;
        if let Some(chunk) = self.chunks.get_mut(self.current) {
            chunk.extend_from_slice(header);
            chunk.extend_from_slice(key);
            if let Some(expiry) = expiry {
                chunk.extend_from_slice(expiry);
            }
            match position {
                Some(position) => chunk.extend_from_slice(position),
                None => chunk.extend_from_slice(value),
            }
        }
        self.size_bytes += size;
        Ok(number)
    }

    /// Replaces an entry by another one with the same key and version. Returns its number: the same, if there is room for it.
    pub fn replace(&mut self, number: u32, entry: &Entry<'_>) -> Result<u32, Failure> {
        let room = self.get(number).map_or(0, |old| Encoded::of(&old).size());
        let encoded = Encoded::of(entry);
        if encoded.size() > room {
            return self.add(entry);
        }
        let chunk = self.chunks.get_mut((number >> CHUNK_BITS) as usize);
        let bytes = chunk.and_then(|chunk| chunk.get_mut(number as usize & (CHUNK_SIZE - 1)..)).unwrap_or_default();
        let parts = encoded.parts();
        bytes.iter_mut().zip(parts.into_iter().flatten()).for_each(|(to, from)| *to = *from);
        Ok(number)
    }

    /// An entry.
    pub fn get(&self, number: u32) -> Option<Entry<'_>> {
        let Stored { kind, version, key, value_length, rest } = self.stored(number)?;
        let (expires, rest) = if kind & HAS_EXPIRY == 0 {
            (None, rest)
        } else {
            let (ms, rest) = rest.split_first_chunk::<8>()?;
            (Expiry::of_number(u64::from_le_bytes(*ms)), rest)
        };
        let value = match kind & !HAS_EXPIRY {
            DELETED => Value::Deleted,
            INLINE => Value::Inline(rest.get(..value_length as usize)?),
            OPERAND => Value::Operand(rest.get(..value_length as usize)?),
            _ => {
                let position = u64::from_le_bytes(*rest.first_chunk::<8>()?);
                Value::Logged { position: PackedPosition::of(position), length: LoggedLength::of_bits(value_length) }
            }
        };
        Some(Entry { key, version, expires, value })
    }

    /// Loads entries into the caches of the processor. Entries with neighbouring keys are far from each other, and an
    /// iteration would wait for each of them. These loads do not wait for one another.
    pub fn touch(&self, entries: &[u32]) {
        let first = |number: &u32| {
            let chunk = self.chunks.get((number >> CHUNK_BITS) as usize)?;
            chunk.get(*number as usize & (CHUNK_SIZE - 1)).copied()
        };
        black_box(entries.iter().filter_map(first).fold(0, u8::wrapping_add));
    }

    /// The key and the version of an entry.
    pub fn key_of(&self, number: u32) -> (&[u8], Version) {
        self.stored(number).map_or((&[], Version::NONE), |stored| (stored.key, stored.version))
    }

    /// Makes room for this many entries, with this many bytes of keys and values in total. After that, [`Arena::add`]
    /// does not fail for them, except for an entry that takes more than half a chunk.
    pub fn reserve(&mut self, bytes: usize, entries: usize) -> Result<(), Failure> {
        let size = bytes.saturating_add(entries.saturating_mul(MOST_EXTRA));
        if self.chunks.get(self.current).is_some_and(|chunk| chunk.len().saturating_add(size) <= CHUNK_SIZE) {
            return Ok(());
        }
        // An entry that does not fit leaves less than half a chunk unused.
        let wanted = self.current + 2 + size / (CHUNK_SIZE / 2);
        if wanted > MOST_CHUNKS {
            return Err(no_memory(size));
        }
        while self.chunks.len() < wanted {
            self.add_chunk(CHUNK_SIZE)?;
        }
        Ok(())
    }

    /// Bytes of memory in use, without the unused capacity of chunks.
    pub fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// Removes all entries and keeps the memory.
    pub fn clear(&mut self) {
        self.chunks.iter_mut().for_each(Vec::clear);
        self.current = 0;
        self.size_bytes = 0;
    }

    /// Finds a chunk with room for this many bytes. Returns the number of an entry that begins there.
    fn make_room(&mut self, size: usize) -> Result<u32, Failure> {
        loop {
            match self.chunks.get_mut(self.current) {
                Some(chunk) if chunk.len() + size <= CHUNK_SIZE => break,
                Some(chunk) if chunk.is_empty() => {
                    chunk.try_reserve_exact(size).map_err(|_| no_memory(size))?;
                    break;
                }
                Some(_) => self.current += 1,
                None => self.add_chunk(size.max(CHUNK_SIZE))?,
            }
        }
        let start = self.chunks.get(self.current).map_or(0, Vec::len);
        Ok(u32_of(self.current << CHUNK_BITS | start))
    }

    fn add_chunk(&mut self, size: usize) -> Result<(), Failure> {
        let mut chunk = Vec::new();
        if self.chunks.len() == MOST_CHUNKS || chunk.try_reserve_exact(size).is_err() {
            return Err(no_memory(size));
        }
        self.chunks.push(chunk);
        Ok(())
    }

    fn stored(&self, number: u32) -> Option<Stored<'_>> {
        let chunk = self.chunks.get((number >> CHUNK_BITS) as usize)?;
        let bytes = chunk.get(number as usize & (CHUNK_SIZE - 1)..)?;
        let (header, rest) = bytes.split_first_chunk::<HEADER_SIZE>()?;
        let (kind, header) = header.split_first()?;
        let (version, header) = header.split_first_chunk::<8>()?;
        let (key_length, header) = header.split_first_chunk::<4>()?;
        let (key, rest) = rest.split_at_checked(u32::from_le_bytes(*key_length) as usize)?;
        let value_length = u32::from_le_bytes(*header.first_chunk::<4>()?);
        Some(Stored { kind: *kind, version: Version::from_le_bytes(*version), key, value_length, rest })
    }
}

/// An entry, as a chunk is to store it.
struct Encoded<'a> {
    header: [u8; HEADER_SIZE],
    key: &'a [u8],
    expiry: Option<[u8; 8]>,
    position: Option<[u8; 8]>,
    value: &'a [u8],
}

impl<'a> Encoded<'a> {
    #[inline]
    fn of(entry: &Entry<'a>) -> Self {
        let mut position = None;
        let (kind, value_length, value): (u8, u32, &[u8]) = match entry.value {
            Value::Deleted => (DELETED, 0, &[]),
            Value::Inline(bytes) => (INLINE, u32_of(bytes.len()), bytes),
            Value::Operand(bytes) => (OPERAND, u32_of(bytes.len()), bytes),
            Value::Logged { position: at, length } => {
                position = Some(at.get().to_le_bytes());
                (LOGGED, length.to_bits(), &[])
            }
        };
        let expiry = entry.expires.map(|at| at.ms().to_le_bytes());
        let kind = if expiry.is_some() { kind | HAS_EXPIRY } else { kind };
        let mut header = [kind; HEADER_SIZE];
        let fields = [entry.version.to_le_bytes(), lengths(entry.key.len(), value_length)];
        header.iter_mut().skip(1).zip(fields.as_flattened()).for_each(|(to, from)| *to = *from);
        Self { header, key: entry.key, expiry, position, value }
    }

    fn parts(&self) -> [&[u8]; 5] {
        [&self.header, self.key, eight(self.expiry.as_ref()), eight(self.position.as_ref()), self.value]
    }

    #[inline]
    fn size(&self) -> usize {
        let extra = if self.expiry.is_some() { 8 } else { 0 } + if self.position.is_some() { 8 } else { 0 };
        HEADER_SIZE + self.key.len() + extra + self.value.len()
    }
}

/// An entry, as a chunk stores it.
struct Stored<'a> {
    kind: u8,
    version: Version,
    key: &'a [u8],
    value_length: u32,
    /// The bytes after the key, to the end of the chunk.
    rest: &'a [u8],
}

fn eight(bytes: Option<&[u8; 8]>) -> &[u8] {
    bytes.map_or(&[], |bytes| bytes)
}

fn lengths(key: usize, value: u32) -> [u8; 8] {
    (u64::from(u32_of(key)) | u64::from(value) << 32).to_le_bytes()
}

fn no_memory(size: usize) -> Failure {
    Failure::out_of_memory("for a part of the write buffer", size)
}

#[cfg(test)]
mod tests {
    use super::{Arena, CHUNK_SIZE};
    use crate::entry::{Entry, LoggedLength, Value};
    use crate::expiry::Expiry;
    use crate::position::PackedPosition;
    use crate::version::Version;

    fn entry<'a>(key: &'a [u8], version: u64, expires: u64, value: Value<'static>) -> Entry<'a> {
        Entry { key, version: Version::of(version), expires: Expiry::of_number(expires), value }
    }

    #[test]
    fn entries_of_each_kind_come_back_from_their_chunks() {
        static LARGE: [u8; CHUNK_SIZE] = [7; CHUNK_SIZE];
        let logged = Value::Logged { position: PackedPosition::of(1 << 50), length: LoggedLength::of_bits(u32::MAX) };
        let values = [Value::Deleted, Value::Inline(b""), logged, Value::Inline(&[5; 4096]), Value::Inline(&LARGE)];
        let keys: Vec<Vec<u8>> = (0..2000_u32).map(|i| i.to_be_bytes().repeat(1 + i as usize % 40)).collect();
        let mut arena = Arena::default();
        let mut last_size = 0;
        // The second round reuses the memory of the first.
        for _ in 0..2 {
            let mut added = Vec::new();
            for (i, key) in keys.iter().enumerate() {
                // Only a few large ones: each takes a chunk.
                let value = values[if i % 500 == 499 { 4 } else { i % 4 }];
                let entry = entry(key, i as u64 + 1, i as u64 % 3, value);
                added.push((arena.add(&entry).unwrap(), entry));
            }
            for (number, entry) in &added {
                assert_eq!(arena.get(*number), Some(*entry));
                assert_eq!(arena.key_of(*number), (entry.key, entry.version));
            }
            assert!(last_size == 0 || last_size == arena.size_bytes());
            last_size = arena.size_bytes();
            arena.clear();
            assert_eq!(arena.size_bytes(), 0);
        }
    }

    #[test]
    fn what_was_reserved_needs_no_more_chunks() {
        let mut arena = Arena::default();
        let key = vec![1; CHUNK_SIZE / 2 - 100];
        for count in [1, 2, 3, 10] {
            arena.reserve(count * key.len(), count).unwrap();
            let chunks = arena.chunks.len();
            for version in 0..count {
                arena.add(&entry(&key, version as u64, 1, Value::Deleted)).unwrap();
            }
            assert_eq!(arena.chunks.len(), chunks);
        }
        assert!(arena.reserve(usize::MAX, 1).is_err());
    }
}
