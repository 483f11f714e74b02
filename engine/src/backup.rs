//! Entries of a backup, in the format of its frames. See `docs/format.md` for every byte.
//!
//! ```text
//! kind u8, key length varint, version varint, [expiry varint], [value length varint], key, [value]
//! ```

use crate::database::payload::Operation;
use crate::database::{Newest, RestoredEntry};
use crate::entry::Entry;
use crate::expiry::Expiry;
use crate::failure::{Failure, FailureKind};
use crate::varint;
use crate::version::Version;

const DELETED: u8 = 0;
const VALUE: u8 = 1;
const EXPIRED: u8 = 2;
/// Added to the kind of an entry that has an expiry.
const HAS_EXPIRY: u8 = 0x80;

/// The most bytes that an entry takes besides its key and value.
const HEAD_SIZE: usize = 1 + 4 * varint::MAX_SIZE;

/// Entries that are being written into a frame.
#[derive(Debug)]
pub struct Frame<'a> {
    bytes: &'a mut Vec<u8>,
    /// How many entries have a value.
    pub values: u32,
    /// How many entries are deleted or expired.
    pub gone: u32,
    /// Bytes of keys and values.
    pub content: usize,
}

impl<'a> Frame<'a> {
    /// An empty frame in `bytes`.
    pub fn new(bytes: &'a mut Vec<u8>) -> Self {
        bytes.clear();
        Self { bytes, values: 0, gone: 0, content: 0 }
    }

    /// Adds an entry with its value; `None` means deleted or expired. Returns whether the frame has less than `budget`
    /// bytes.
    pub fn push(&mut self, entry: &Entry<'_>, value: Option<&[u8]>, budget: usize) -> Result<bool, Failure> {
        let Entry { key, version, expires, .. } = *entry;
        let size = HEAD_SIZE + key.len() + value.map_or(0, <[u8]>::len);
        self.bytes.try_reserve(size).map_err(|_| Failure::out_of_memory("for a reply", size))?;
        let kind = match (value, expires) {
            (Some(_), _) => VALUE,
            (None, Some(_)) => EXPIRED,
            (None, None) => DELETED,
        };
        self.bytes.push(if expires.is_some() { kind | HAS_EXPIRY } else { kind });
        varint::write(self.bytes, key.len() as u64);
        varint::write(self.bytes, version.get());
        if let Some(at) = expires {
            varint::write(self.bytes, at.ms());
        }
        if let Some(value) = value {
            varint::write(self.bytes, value.len() as u64);
        }
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value.unwrap_or_default());
        *(if value.is_some() { &mut self.values } else { &mut self.gone }) += 1;
        self.content += key.len() + value.map_or(0, <[u8]>::len);
        Ok(self.bytes.len() < budget)
    }

    /// The bytes of the frame, followed by `next_key`.
    #[must_use]
    pub fn finish(self, next_key: &[u8]) -> &'a [u8] {
        self.bytes.extend_from_slice(next_key);
        self.bytes
    }
}

/// The value to write into a frame for the newest version of a key. `None` if it is too large for a frame.
#[must_use]
pub fn value_in_frame(newest: Newest<'_>) -> Option<Option<&[u8]>> {
    match newest {
        Newest::Gone => Some(None),
        Newest::Value(value) => Some(Some(value)),
        Newest::Large => None,
    }
}

/// The entries of a frame, each with its value.
pub fn entries(mut bytes: &[u8]) -> Result<Vec<RestoredEntry<'_>>, Failure> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let entry = entry(&mut bytes)
            .ok_or_else(|| Failure::new(FailureKind::InvalidRequest, "the entries in the request are malformed"))?;
        entries.push(entry);
    }
    Ok(entries)
}

fn entry<'a>(bytes: &mut &'a [u8]) -> Option<RestoredEntry<'a>> {
    let (kind, rest) = bytes.split_first()?;
    *bytes = rest;
    let key_length = varint::read_length(bytes)?;
    let version = Version::of(varint::read(bytes)?);
    let expires = if kind & HAS_EXPIRY == 0 { None } else { Expiry::of_number(varint::read(bytes)?) };
    let value_length = match kind & !HAS_EXPIRY {
        DELETED | EXPIRED => None,
        VALUE => Some(varint::read_length(bytes)?),
        _ => return None,
    };
    let (key, rest) = bytes.split_at_checked(key_length)?;
    let (value, rest) = rest.split_at_checked(value_length.unwrap_or(0))?;
    *bytes = rest;
    Some(RestoredEntry { version, operation: Operation { key, value: value_length.map(|_| value), expires } })
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{Frame, entries};
    use crate::entry::{Entry, Value};
    use crate::expiry::Expiry;
    use crate::version::Version;

    type Owned = (Vec<u8>, u64, u64, Option<Vec<u8>>);

    fn owned() -> impl Strategy<Value = Vec<Owned>> {
        let value = prop_oneof![Just(None), vec(any::<u8>(), 0..200).prop_map(Some)];
        vec((vec(any::<u8>(), 1..200), any::<u64>(), prop_oneof![Just(0), any::<u64>()], value), 0..20)
    }

    proptest! {
        #[test]
        fn frames_read_back(owned in owned(), budget in 0..2000_usize, next in vec(any::<u8>(), 0..9)) {
            let mut bytes = Vec::new();
            let mut frame = Frame::new(&mut bytes);
            let mut content = 0;
            for (key, version, expires, value) in &owned {
                let entry = Entry { key, version: Version::of(*version), expires: Expiry::of_number(*expires), value: Value::Deleted };
                let has_room = frame.push(&entry, value.as_deref(), budget).unwrap();
                prop_assert_eq!(has_room, frame.bytes.len() < budget);
                content += key.len() + value.as_ref().map_or(0, Vec::len);
            }
            let values = owned.iter().filter(|(_, _, _, value)| value.is_some()).count();
            prop_assert_eq!((frame.values as usize, frame.gone as usize, frame.content), (values, owned.len() - values, content));
            let bytes = frame.finish(&next);
            let read = entries(&bytes[..bytes.len() - next.len()]).unwrap();
            let read: Vec<Owned> = read
                .into_iter()
                .map(|entry| {
                    let operation = entry.operation;
                    let expires = Expiry::number_of(operation.expires);
                    (operation.key.to_vec(), entry.version.get(), expires, operation.value.map(<[u8]>::to_vec))
                })
                .collect();
            prop_assert_eq!(read, owned);
        }

        #[test]
        fn nonsense_is_refused_or_read(bytes in vec(any::<u8>(), 0..100)) {
            if let Ok(read) = entries(&bytes) {
                prop_assert!(read.len() <= bytes.len());
            }
        }
    }
}
