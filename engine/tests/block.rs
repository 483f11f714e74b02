//! Blocks read back what was written, find what is there, and refuse nonsense.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::cmp::Reverse;
use std::collections::BTreeMap;

use luge_engine::entry::{Entry, LoggedLength, Value};
use luge_engine::expiry::Expiry;
use luge_engine::log::PackedPosition;
use luge_engine::table::DecodedBlock;
use luge_engine::table::block::{BlockReader, KeylessEntry, Malformed, encode, find, size_bound};
use luge_engine::version::Version;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Owned {
    Deleted,
    Inline(Vec<u8>),
    Logged(u64, u32, bool),
}

type Model = BTreeMap<(Vec<u8>, Reverse<Version>), (u64, Owned)>;

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(prop_oneof![Just(0_u8), Just(b'a'), Just(0xff)], 1..6), vec(any::<u8>(), 1..300)]
}

fn value() -> impl Strategy<Value = Owned> {
    prop_oneof![
        Just(Owned::Deleted),
        vec(any::<u8>(), 0..200).prop_map(Owned::Inline),
        (any::<u64>(), 0..1_u32 << 31, any::<bool>())
            .prop_map(|(position, length, packed)| Owned::Logged(position, length, packed)),
    ]
}

fn version() -> impl Strategy<Value = Version> {
    prop_oneof![1..20_u64, any::<u64>()].prop_map(Version::of)
}

fn model() -> impl Strategy<Value = Model> {
    let version = version().prop_map(Reverse);
    btree_map((key(), version), (prop_oneof![Just(0), any::<u64>()], value()), 0..60)
}

fn entry<'a>(
    (key, Reverse(version)): &'a (Vec<u8>, Reverse<Version>),
    (expires_ms, value): &'a (u64, Owned),
) -> Entry<'a> {
    let value = match value {
        Owned::Deleted => Value::Deleted,
        Owned::Inline(bytes) => Value::Inline(bytes),
        Owned::Logged(position, length, is_packed) => {
            let length = if *is_packed { LoggedLength::compressed } else { LoggedLength::plain }(*length as usize);
            Value::Logged { position: PackedPosition::of(*position), length: length.unwrap() }
        }
    };
    Entry { key, version: *version, expires: Expiry::of_number(*expires_ms), value }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn a_block_reads_back_and_finds_every_version(model in model(), others in vec((key(), version()), 0..20)) {
        let entries: Vec<Entry<'_>> = model.iter().map(|(key, value)| entry(key, value)).collect();
        let block = encode(entries.iter().copied());
        prop_assert!(block.len() <= 16 + entries.iter().map(size_bound).sum::<usize>());

        let mut reader = BlockReader::new(&block).unwrap();
        for expected in &entries {
            prop_assert!(reader.advance().unwrap());
            prop_assert_eq!(&reader.entry(), expected);
        }
        prop_assert!(!reader.advance().unwrap());

        let mut decoded = DecodedBlock::default();
        decoded.decode(&block).unwrap();
        let mut index = 0;
        for versions in entries.chunk_by(|a, b| a.key == b.key) {
            prop_assert_eq!(&decoded.entry(&block, index).unwrap(), &versions[0]);
            index = decoded.next_key(index);
        }
        prop_assert_eq!(index, entries.len());

        let own = model.keys().flat_map(|(key, Reverse(version))| {
            [(key.clone(), *version), (key.clone(), version.previous()), (key.clone(), Version::NEWEST)]
        });
        for (key, version) in own.chain(others) {
            let next = model.range((key.clone(), Reverse(version))..).next().filter(|((found, _), _)| *found == key);
            let expected = next.map(|(key, value)| entry(key, value))
                .map(|Entry { version, expires, value, .. }| KeylessEntry { version, expires, value });
            prop_assert_eq!(find(&block, &key, version).unwrap(), expected);
        }
    }

    #[test]
    fn damage_is_read_or_refused(model in model(), at in any::<prop::sample::Index>(), flip in 1..=255_u8, cut in any::<bool>()) {
        let mut block = encode(model.iter().map(|(key, value)| entry(key, value)));
        let at = at.index(block.len());
        if cut { block.truncate(at) } else { block[at] ^= flip }
        read_all(&block);
    }

    #[test]
    fn nonsense_is_read_or_refused(mut bytes in vec(any::<u8>(), 0..300), format in any::<bool>()) {
        if let Some(first) = bytes.first_mut().filter(|_| format) {
            *first = 2;
        }
        read_all(&bytes);
    }
}

/// Must end, and hold no more than the block has bytes.
fn read_all(block: &[u8]) {
    let read = || -> Result<(), Malformed> {
        find(block, b"a", Version::NEWEST)?;
        let mut reader = BlockReader::new(block)?;
        DecodedBlock::default().decode(block)?;
        let mut count = 0;
        while reader.advance()? {
            count += 1;
            assert!(count <= block.len());
            assert!(reader.entry().key.len() <= block.len());
        }
        Ok(())
    };
    let _whether_it_was_refused = read();
}

#[test]
fn shared_bytes_are_not_written_again() {
    let keys: Vec<String> = (0..100).map(|i| format!("a long common start/{i:04}")).collect();
    let value = Value::Inline(b"v");
    let block =
        encode(keys.iter().map(|key| Entry { key: key.as_bytes(), version: Version::of(7), expires: None, value }));
    assert!(block.len() < 100 * 10 + 12 * 28 + 40, "{} bytes", block.len());
}
