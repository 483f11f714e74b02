//! A worker and the thread of the store merge the parts of a memtable in turn.

use std::collections::BTreeMap;

use luge_engine::compression::Compression;
use luge_engine::database::payload::Operation;
use luge_engine::database::{Database, Disks, Options};
use luge_engine::disk::MemoryDisk;
use luge_engine::index::Index;
use luge_engine::version::Version;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::cases;
use crate::check::verify;
use crate::worker::Worker;

const OPTIONS: Options = Options {
    cache_size: 1 << 20,
    write_buffer_size: 64 << 10,
    segment_size: 32 << 10,
    block_size: 1000,
    logged_size: 4096,
    versions_to_keep: 1,
    read_only: false,
    compression: Compression::None,
};

/// Sets a key to a text that has the number `i`; every eighth time it deletes the key. Returns whether it exists then.
fn write(database: &mut Database<MemoryDisk>, key: u64, i: u64) -> bool {
    let (key, value) = (key.to_be_bytes(), format!("{i:0100}"));
    let value = Some(value.as_bytes()).filter(|_| i % 8 != 7);
    database.commit(&[Operation { key: &key, value, expires: None }], 0).unwrap();
    value.is_some()
}

/// Who acts next.
#[derive(Clone, Copy, Debug)]
enum Turn {
    Take,
    Work,
    Answer,
    Step,
    /// A step without the worker, as when a job cannot be made just now.
    StepAlone,
    Die,
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        6 => Just(Turn::Take),
        6 => Just(Turn::Work),
        6 => Just(Turn::Answer),
        6 => Just(Turn::Step),
        6 => Just(Turn::StepAlone),
        1 => Just(Turn::Die),
    ]
}

proptest! {
    #![proptest_config(cases(48))]

    #[test]
    fn every_key_has_its_value_whoever_merges_it(
        seed in 1..u64::MAX, turns in vec(turn(), 1..60), rising in prop::bool::weighted(0.8), bits in 8..64_u32,
    ) {
        let disks = Disks { log: MemoryDisk::default(), upper: MemoryDisk::default(), bottom: MemoryDisk::default() };
        let mut worker = Worker::beside(&disks);
        let mut database = Database::with_index(&Index::temporary().unwrap(), disks, OPTIONS).unwrap();
        database.run_jobs(true);
        let (mut random, mut known) = (seed, BTreeMap::new());
        for i in 0..3000_u64 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            // Some keys come close together: many of them go into one gap between two blocks.
            let key = if rising && i % 8 != 0 { (random % 4) << 56 | i } else { random >> (64 - bits) };
            let exists = write(&mut database, key, i);
            known.insert(key, exists.then(|| format!("{i:0100}")));
            match turns[i as usize % turns.len()] {
                Turn::Take => drop(worker.take(&mut database, 0)),
                Turn::Work if worker.work().is_err() => worker.die(&mut database),
                Turn::Work => {}
                Turn::Answer => worker.answer(&mut database),
                Turn::Step => drop(database.step(0).unwrap()),
                Turn::StepAlone => {
                    database.run_jobs(false);
                    database.step(0).unwrap();
                    database.run_jobs(true);
                }
                Turn::Die => worker.die(&mut database),
            }
        }
        prop_assert_eq!(verify(&mut database).len(), 0);
        for (key, value) in known {
            let mut bytes = Vec::new();
            let found = database.get(&key.to_be_bytes(), Version::NEWEST, 0, &mut bytes).unwrap();
            prop_assert_eq!(found.map(|_| String::from_utf8(bytes).unwrap()), value, "the value of {}", key);
        }
    }
}
