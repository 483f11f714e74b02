//! The memtable and a plain ordered map must agree.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation, reason = "the numbers of a test are small")]

use std::cmp::Reverse;
use std::collections::BTreeMap;

use luge_engine::entry::{Entry, LoggedLength, Value};
use luge_engine::expiry::Expiry;
use luge_engine::log::PackedPosition;
use luge_engine::memtable::Memtable;
use luge_engine::version::Version;
use proptest::collection::vec;
use proptest::prelude::*;

type Model = BTreeMap<(Vec<u8>, Reverse<Version>), (u64, Option<Vec<u8>>)>;

/// Short keys of few letters, and long ones that share their first eight bytes and more.
fn key() -> impl Strategy<Value = Vec<u8>> {
    let short = vec(prop_oneof![Just(0_u8), Just(1), Just(b'a'), Just(0xff)], 1..10);
    let long = vec(0..3_u8, 1..4).prop_map(|tail| [&b"shared prefix "[..], &tail].concat());
    prop_oneof![3 => short, 1 => long]
}

/// All with one start, but now and then one that shortens what all share.
fn keys_that_share() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        30 => vec(0..4_u8, 0..12).prop_map(|tail| [&b"a long start of all keys "[..], &tail].concat()),
        1 => (0..25_usize).prop_map(|length| b"a long start of all keys "[..=length.min(24)].to_vec()),
        1 => Just(b"a longer start".to_vec()),
        1 => Just(b"Another".to_vec()),
    ]
}

fn inserts(key: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<Insert>> {
    vec((key, value(), 0..3_u64), 0..600)
}

fn value() -> impl Strategy<Value = Option<Vec<u8>>> {
    prop_oneof![1 => Just(None), 4 => vec(any::<u8>(), 0..40).prop_map(Some)]
}

type Insert = (Vec<u8>, Option<Vec<u8>>, u64);

fn build(inserts: &[Insert]) -> (Memtable, Model) {
    let mut memtable = Memtable::default();
    let mut model = Model::new();
    for (i, (key, value, expires_ms)) in inserts.iter().enumerate() {
        let version = Version::of(i as u64 + 1);
        let stored = value.as_deref().map_or(Value::Deleted, Value::Inline);
        memtable.insert(&Entry { key, version, expires: Expiry::of_number(*expires_ms), value: stored }).unwrap();
        model.insert((key.clone(), Reverse(version)), (*expires_ms, value.clone()));
    }
    (memtable, model)
}

type Row = (Vec<u8>, Version, u64, Option<Vec<u8>>);

fn row(entry: &Entry<'_>) -> Row {
    let value = match entry.value {
        Value::Deleted => None,
        Value::Inline(bytes) => Some(bytes.to_vec()),
        Value::Logged { .. } | Value::Operand(_) => panic!("only values in place were put"),
    };
    (entry.key.to_vec(), entry.version, Expiry::number_of(entry.expires), value)
}

fn rows(model: &Model) -> Vec<Row> {
    model
        .iter()
        .map(|((key, Reverse(version)), (expires, value))| (key.clone(), *version, *expires, value.clone()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn memtable_agrees_with_an_ordered_map(
        inserts in prop_oneof![inserts(key()), inserts(keys_that_share())],
        probes in vec((prop_oneof![key(), keys_that_share()], (0..700_u64).prop_map(Version::of)), 0..50),
    ) {
        let (memtable, model) = build(&inserts);
        let expected = rows(&model);
        prop_assert_eq!(memtable.len(), expected.len());

        let mut forward = Vec::new();
        let mut place = memtable.first();
        while let Some(entry) = place.and_then(|place| memtable.at(place)) {
            forward.push(row(&entry));
            place = memtable.next(place.unwrap());
        }
        prop_assert_eq!(&forward, &expected);

        let mut backward = Vec::new();
        let mut place = memtable.last();
        while let Some(entry) = place.and_then(|place| memtable.at(place)) {
            backward.push(row(&entry));
            place = memtable.previous(place.unwrap());
        }
        backward.reverse();
        prop_assert_eq!(&backward, &expected);

        for (key, version) in probes {
            let target = (key.clone(), Reverse(version));
            let sought = memtable.seek(&key, version).and_then(|place| memtable.at(place)).map(|entry| row(&entry));
            let next = model.range(target.clone()..).next();
            let next = next.map(|((key, Reverse(version)), (expires, value))| (key.clone(), *version, *expires, value.clone()));
            prop_assert_eq!(&sought, &next);
            let found = memtable.get(&key, version).map(|entry| row(&entry));
            prop_assert_eq!(found, next.filter(|(found, ..)| *found == key));
        }
    }
}

#[test]
fn a_logged_value_keeps_its_place() {
    let mut memtable = Memtable::default();
    let entry = Entry {
        key: b"key",
        version: Version::of(1),
        expires: None,
        value: Value::Logged { position: PackedPosition::of(1 << 40), length: LoggedLength::compressed(9).unwrap() },
    };
    memtable.insert(&entry).unwrap();
    assert_eq!(memtable.get(b"key", Version::NEWEST), Some(entry));
}

#[test]
fn an_empty_memtable_has_nothing() {
    let mut memtable = Memtable::default();
    for _ in 0..2 {
        assert!(memtable.is_empty());
        assert!(memtable.first().is_none() && memtable.last().is_none());
        assert!(memtable.get(b"key", Version::NEWEST).is_none());
        memtable.insert(&Entry { key: b"key", version: Version::of(1), expires: None, value: Value::Deleted }).unwrap();
        memtable.clear();
    }
}

#[test]
fn a_hundred_thousand_entries_in_any_order() {
    let count = 100_003_u32;
    for step in [1, 7919, count - 1] {
        let mut memtable = Memtable::default();
        for i in 0..count {
            let number = (u64::from(i) * u64::from(step) % u64::from(count)) as u32;
            let key = format!("key{number:09}");
            let value = Value::Inline(b"value");
            memtable
                .insert(&Entry { key: key.as_bytes(), version: Version::of(u64::from(i) + 1), expires: None, value })
                .unwrap();
        }
        let mut place = memtable.first();
        for number in 0..count {
            let entry = memtable.at(place.unwrap()).unwrap();
            assert_eq!(entry.key, format!("key{number:09}").as_bytes());
            place = memtable.next(place.unwrap());
        }
        assert!(place.is_none());
        // Entries, nodes and bytes: an insert may not cost more than this.
        assert!(
            memtable.size_bytes() < count as usize * 110,
            "{} bytes an entry",
            memtable.size_bytes() / count as usize
        );
    }
}
