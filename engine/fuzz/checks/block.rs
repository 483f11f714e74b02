//! What must hold for any bytes where a block is read. The input is the block.

use std::cmp::Ordering;

use luge_engine::compression::{Compression, MOST_PLAIN, Packer, unpack};
use luge_engine::entry::Entry;
use luge_engine::table::DecodedBlock;
use luge_engine::table::block::{BlockReader, KeylessEntry, Malformed, encode, find, size_bound};
use luge_engine::table::blocks::Pointer;
use luge_engine::version::Version;

/// An entry with a key of its own.
type Owned<'a> = (Vec<u8>, KeylessEntry<'a>);

/// Panics where two readers of a block differ, or where what was read is not found.
pub fn check(block: &[u8]) {
    check_pointer(block);
    check_packed(block);
    let read = entries_of(block);
    let mut decoded = DecodedBlock::default();
    assert_eq!(decoded.decode(block), read.as_ref().map(|_| ()).map_err(|malformed| *malformed));
    let Ok(entries) = read else {
        // Whatever it says, it ends.
        let _found = find(block, block.get(3..6).unwrap_or_default(), Version::NEWEST);
        return;
    };
    check_decoded(&decoded, block, &entries);
    for (key, version) in entries.iter().take(16) {
        // In a block that nobody encoded an entry may stand where no search looks.
        let _found = find(block, key, version.version);
    }
    let again = encode(entries.iter().map(entry));
    assert!(again.len() <= 16 + entries.iter().map(|owned| size_bound(&entry(owned))).sum::<usize>());
    assert_eq!(entries_of(&again).as_ref(), Ok(&entries));
    let is_ordered = entries.is_sorted_by(|a, b| entry(a).order(&entry(b)) == Ordering::Less);
    assert_eq!(decoded.is_ordered(), is_ordered);
    if is_ordered {
        check_found(&again, &entries);
        // Nobody encodes a version with bytes of the key that it shares: only there the decoded block would see another key.
        decoded.decode(&again).expect("what was encoded decodes");
        check_decoded(&decoded, &again, &entries);
        check_places(&decoded, &entries);
    }
}

/// Any bytes are unpacked to no more than they may be, and what is packed comes back.
fn check_packed(bytes: &[u8]) {
    let mut plain = Vec::new();
    let _unpacked = unpack(bytes, &mut plain);
    assert!(plain.capacity() <= MOST_PLAIN);
    if let Some(packed) = Packer::new(Compression::Lz4).pack(bytes) {
        assert!(packed.len() < bytes.len());
        assert_eq!(unpack(packed, &mut plain), Ok(()));
        assert_eq!(plain, bytes);
    }
}

fn entries_of(block: &[u8]) -> Result<Vec<Owned<'_>>, Malformed> {
    let mut reader = BlockReader::new(block)?;
    let mut entries = Vec::new();
    while reader.advance()? {
        let Entry { key, version, expires, .. } = reader.entry();
        assert!(key.len() <= block.len());
        let key = key.to_vec();
        entries.push((key, KeylessEntry { version, expires, value: value_of(&reader, block) }));
        assert!(entries.len() <= block.len());
    }
    assert_eq!(reader.advance(), Ok(false));
    Ok(entries)
}

/// The value of the present entry, which stands in the block and not in the reader.
fn value_of<'a>(reader: &BlockReader<'_>, block: &'a [u8]) -> luge_engine::entry::Value<'a> {
    use luge_engine::entry::Value;
    match reader.entry().value {
        Value::Deleted => Value::Deleted,
        Value::Logged { position, length } => Value::Logged { position, length },
        Value::Operand(_) => panic!("a block has no operands"),
        Value::Inline(bytes) => {
            let start = bytes.as_ptr() as usize - block.as_ptr() as usize;
            Value::Inline(&block[start..start + bytes.len()])
        }
    }
}

fn entry<'a>((key, version): &'a Owned<'a>) -> Entry<'a> {
    let KeylessEntry { version, expires, value } = *version;
    Entry { key, version, expires, value }
}

/// The decoded block has the same entries, and goes from key to key.
fn check_decoded(decoded: &DecodedBlock, block: &[u8], entries: &[Owned<'_>]) {
    assert_eq!((decoded.len(), decoded.is_empty()), (entries.len(), entries.is_empty()));
    for (i, owned) in entries.iter().enumerate() {
        assert_eq!(decoded.entry(block, i), Some(entry(owned)));
    }
    assert_eq!(decoded.entry(block, entries.len()), None);
}

/// Each version is found by itself, by what is between it and the next newer one, and by no other key.
fn check_found(block: &[u8], entries: &[Owned<'_>]) {
    let expected = |key: &[u8], version: Version| {
        let at = entries.partition_point(|owned| {
            owned.0.as_slice().cmp(key).then_with(|| version.cmp(&owned.1.version)) == Ordering::Less
        });
        entries.get(at).filter(|(found, _)| found == key).map(|(_, version)| *version)
    };
    for (key, KeylessEntry { version, .. }) in entries {
        for wanted in
            [*version, version.previous(), version.checked_plus(1).unwrap_or(*version), Version::NONE, Version::NEWEST]
        {
            assert_eq!(find(block, key, wanted), Ok(expected(key, wanted)));
        }
        let longer = [key.as_slice(), &[0]].concat();
        let shorter = &key[..key.len().saturating_sub(1)];
        let mut higher = key.clone();
        if let Some(last) = higher.last_mut() {
            *last = last.wrapping_add(1);
        }
        for other in [&longer, shorter, &higher] {
            assert_eq!(find(block, other, *version), Ok(expected(other, *version)));
        }
    }
}

fn check_places(decoded: &DecodedBlock, entries: &[Owned<'_>]) {
    for (i, (key, KeylessEntry { version, .. })) in entries.iter().enumerate() {
        assert_eq!(decoded.entries_before(key, *version), i);
        let same = entries[i..].iter().take_while(|(other, _)| other == key).count();
        assert_eq!(decoded.next_key(i), i + same);
    }
}

/// A pointer to a block reads back.
fn check_pointer(bytes: &[u8]) {
    if let Some(pointer) = Pointer::decode(bytes) {
        assert_eq!(Pointer::decode(&pointer.encode()), Some(pointer));
    }
}
