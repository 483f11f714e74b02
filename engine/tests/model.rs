//! Random operations on the engine and on a plain ordered map must agree, across reopening too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::Path;

use luge_engine::engine::Engine;
use luge_engine::page::ENTRY_HEADER_SIZE;
use proptest::collection::vec;
use proptest::prelude::*;

mod support;
use support::{CACHE_SIZE, reopen};

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Clone, Debug)]
enum Operation {
    Put(Vec<u8>, Vec<u8>),
    Delete(Vec<u8>),
    Flush,
    Reopen,
    Scan(Vec<u8>, usize),
}

/// Few letters, so that keys meet each other, and share prefixes.
fn key() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![Just(0_u8), Just(b'a'), Just(b'b'), Just(0xff)], 1..5)
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        8 => (key(), vec(any::<u8>(), 0..200)).prop_map(|(key, value)| Operation::Put(key, value)),
        4 => key().prop_map(Operation::Delete),
        1 => Just(Operation::Flush),
        1 => Just(Operation::Reopen),
        2 => (vec(prop_oneof![Just(b'a'), Just(0xff)], 0..3), 1..2000_usize)
            .prop_map(|(prefix, budget)| Operation::Scan(prefix, budget)),
    ]
}

/// All pages of a scan, each checked against its budget.
fn scan(engine: &Engine, prefix: &[u8], budget: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut entries = Vec::new();
    loop {
        let after = entries.last().map_or_else(Vec::new, |(key, _): &(Vec<u8>, _)| key.clone());
        let (page, more) = engine.scan(prefix, &after, budget).unwrap();
        assert!(page.count <= 1 || page.bytes.len() <= budget);
        assert!(!more || page.count > 0);
        let mut rest = page.bytes.as_slice();
        for _ in 0..page.count {
            let key_length = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
            let value_length = u32::from_le_bytes(rest[4..8].try_into().unwrap()) as usize;
            let (key, tail) = rest[ENTRY_HEADER_SIZE..].split_at(key_length);
            let (value, tail) = tail.split_at(value_length);
            entries.push((key.to_vec(), value.to_vec()));
            rest = tail;
        }
        assert!(rest.is_empty());
        if !more {
            return entries;
        }
    }
}

fn expected(model: &Model, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    model.iter().filter(|(key, _)| key.starts_with(prefix)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn apply(mut engine: Engine, model: &mut Model, directory: &Path, operation: Operation) -> Engine {
    match operation {
        Operation::Put(key, value) => {
            engine.put(&key, &value).unwrap();
            assert_eq!(engine.get(&key).unwrap().as_deref(), Some(value.as_slice()));
            model.insert(key, value);
        }
        Operation::Delete(key) => {
            engine.delete(&key).unwrap();
            assert!(!engine.has(&key).unwrap());
            model.remove(&key);
        }
        Operation::Flush => engine.flush().unwrap(),
        Operation::Reopen => {
            engine.close().unwrap();
            engine = reopen(directory);
        }
        Operation::Scan(prefix, budget) => assert_eq!(scan(&engine, &prefix, budget), expected(model, &prefix)),
    }
    engine
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn engine_agrees_with_an_ordered_map(operations in vec(operation(), 1..120)) {
        let directory = tempfile::tempdir().unwrap();
        let mut model = Model::new();
        let mut engine = Engine::open(directory.path(), CACHE_SIZE).unwrap();
        for operation in operations {
            engine = apply(engine, &mut model, directory.path(), operation);
        }
        engine.close().unwrap();
        let engine = reopen(directory.path());
        prop_assert_eq!(scan(&engine, &[], 4096), expected(&model, &[]));
        for (key, value) in &model {
            let found = engine.get(key).unwrap();
            prop_assert_eq!(found.as_deref(), Some(value.as_slice()));
            prop_assert!(engine.has(key).unwrap());
        }
    }
}
