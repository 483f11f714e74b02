//! Decodes the request buffer, which the host has written.

use crate::cursor::Range;
use crate::database::payload::Operation;
use crate::database::{Merging, RestoredEntry};
use crate::entry::Boundary;
use crate::expiry::Expiry;
use crate::failure::{Failure, FailureKind};
use crate::number::from_host;
use crate::operand::How;
use crate::page::{NO_VALUE, VERSIONED_HEADER_BYTES};
use crate::version::Version;

/// Bits of the flags of a range.
pub mod flags {
    /// From the last entry to the first.
    pub const REVERSE: u32 = 1;
    /// Without values.
    pub const KEYS_ONLY: u32 = 2;
    /// With versions and expiry.
    pub const WITH_VERSIONS: u32 = 4;
    /// The range begins with its lower key.
    pub const LOWER_INCLUDED: u32 = 8;
    /// The range begins after its lower key.
    pub const LOWER_EXCLUDED: u32 = 16;
    /// The range ends with its upper key.
    pub const UPPER_INCLUDED: u32 = 32;
    /// The range ends before its upper key.
    pub const UPPER_EXCLUDED: u32 = 64;
}

/// The range between two keys, as the flags say.
#[must_use]
pub fn range<'a>(flags: u32, lower: &'a [u8], upper: &'a [u8], version: f64, now_ms: f64) -> Range<'a> {
    let lower = match flags & (flags::LOWER_INCLUDED | flags::LOWER_EXCLUDED) {
        0 => Boundary::Outermost,
        flags::LOWER_INCLUDED => Boundary::Before(lower),
        _ => Boundary::Behind(lower),
    };
    let upper = match flags & (flags::UPPER_INCLUDED | flags::UPPER_EXCLUDED) {
        0 => Boundary::Outermost,
        flags::UPPER_INCLUDED => Boundary::Behind(upper),
        _ => Boundary::Before(upper),
    };
    Range {
        lower,
        upper,
        reverse: flags & flags::REVERSE != 0,
        version: Version::from_host(version),
        now_ms: from_host(now_ms),
    }
}

/// The operations of a batch. Each is `[key length u32 LE][value length u32 LE, or NO_VALUE][expiry in ms f64
/// LE][key][value]`. The highest byte of the key length says how the operation changes a value by what it is: see
/// [`How`]. An expiry below 0 keeps that of the value.
pub fn operations(mut bytes: &[u8]) -> Result<(Vec<Operation<'_>>, Vec<Merging>), Failure> {
    let (mut operations, mut mergings) = (Vec::new(), Vec::new());
    while !bytes.is_empty() {
        let index = operations.len();
        let operation = operation(&mut bytes, |how, sets_expiry| mergings.push(Merging { index, how, sets_expiry }))
            .ok_or_else(|| Failure::new(FailureKind::InvalidRequest, "the batch in the request is malformed"))?;
        operations.push(operation);
    }
    Ok((operations, mergings))
}

fn operation<'a>(bytes: &mut &'a [u8], merges: impl FnOnce(How, bool)) -> Option<Operation<'a>> {
    let (key_length, rest) = bytes.split_first_chunk::<4>()?;
    let (value_length, rest) = rest.split_first_chunk::<4>()?;
    let (expires_ms, rest) = rest.split_first_chunk::<8>()?;
    let [first, second, third, how] = *key_length;
    let expires_ms = f64::from_le_bytes(*expires_ms);
    if how != 0 {
        merges(How::of_number(how)?, expires_ms >= 0.0);
    }
    let (key, rest) = rest.split_at_checked(u32::from_le_bytes([first, second, third, 0]) as usize)?;
    let value_length = Some(u32::from_le_bytes(*value_length)).filter(|length| *length != NO_VALUE);
    let (value, rest) = rest.split_at_checked(value_length.unwrap_or(0) as usize)?;
    *bytes = rest;
    Some(Operation { key, value: value_length.map(|_| value), expires: Expiry::of_number(from_host(expires_ms)) })
}

/// The entries of a page with versions: see [`Page`](crate::page::Page).
pub fn changes(bytes: &[u8], count: usize) -> Result<Vec<RestoredEntry<'_>>, Failure> {
    changes_of(bytes, count)
        .ok_or_else(|| Failure::new(FailureKind::InvalidRequest, "the page in the request is malformed"))
}

fn changes_of(bytes: &[u8], count: usize) -> Option<Vec<RestoredEntry<'_>>> {
    let (headers, content) = bytes.split_at_checked(count.checked_mul(VERSIONED_HEADER_BYTES)?)?;
    let mut all_keys = 0_usize;
    for header in headers.chunks_exact(VERSIONED_HEADER_BYTES) {
        all_keys = all_keys.checked_add(u32::from_le_bytes(*header.first_chunk()?) as usize)?;
    }
    let (mut keys, mut values) = content.split_at_checked(all_keys)?;
    let mut entries = Vec::with_capacity(count);
    for header in headers.chunks_exact(VERSIONED_HEADER_BYTES) {
        let (key_length, rest) = header.split_first_chunk()?;
        let (value_length, rest) = rest.split_first_chunk()?;
        let (version, rest) = rest.split_first_chunk()?;
        let value_length = Some(u32::from_le_bytes(*value_length)).filter(|length| *length != NO_VALUE);
        let (key, value);
        (key, keys) = keys.split_at_checked(u32::from_le_bytes(*key_length) as usize)?;
        (value, values) = values.split_at_checked(value_length.unwrap_or(0) as usize)?;
        let expires = Expiry::of_number(from_host(f64::from_le_bytes(*rest.first_chunk()?)));
        let operation = Operation { key, value: value_length.map(|_| value), expires };
        entries.push(RestoredEntry { version: Version::from_host(f64::from_le_bytes(*version)), operation });
    }
    values.is_empty().then_some(entries)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{changes, operations};
    use crate::expiry::Expiry;
    use crate::page::{Page, PageEntry};
    use crate::version::Version;

    /// A key, a value, a version and an expiry.
    type Listed = (Vec<u8>, Option<Vec<u8>>, u64, u64);

    fn listed() -> impl Strategy<Value = Listed> {
        (vec(any::<u8>(), 1..9), proptest::option::of(vec(any::<u8>(), 0..9)), 1..99_u64, 0..9_u64)
    }

    proptest! {
        #[test]
        fn nonsense_is_refused_or_read(bytes in vec(any::<u8>(), 0..100)) {
            if let Ok((read, _)) = operations(&bytes) {
                prop_assert_eq!(read.iter().map(|read| 16 + read.key.len() + read.value.map_or(0, <[u8]>::len)).sum::<usize>(), bytes.len());
            }
        }

        #[test]
        fn a_page_is_read_as_it_was_written(all in vec(listed(), 0..20), cut in 0..500_usize, count in 0..25_usize) {
            let mut bytes = Vec::new();
            let mut page = Page::new(&mut bytes, usize::MAX, true);
            for (key, value, version, expires) in &all {
                let (version, expires) = (Version::of(*version), Expiry::of_number(*expires));
                page.push(&PageEntry { key, value: value.as_deref(), is_large: false, version, expires }).unwrap();
            }
            let (bytes, _) = page.finish(&[]);
            let read = changes(bytes, all.len()).unwrap();
            let found: Vec<Listed> = read
                .iter()
                .map(|entry| {
                    let operation = entry.operation;
                    let value = operation.value.map(<[u8]>::to_vec);
                    (operation.key.to_vec(), value, entry.version.get(), Expiry::number_of(operation.expires))
                })
                .collect();
            prop_assert_eq!(found, all.clone());
            if let Some(part) = bytes.get(..cut).filter(|part| part.len() < bytes.len()) {
                prop_assert!(changes(part, all.len()).is_err());
            }
            // Another count is refused, or reads no byte that is not there.
            let _ = changes(bytes, count);
        }
    }
}
