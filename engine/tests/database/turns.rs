//! A worker and the thread of the store merge the parts of a memtable in turn.

use luge_engine::compression::Compression;
use luge_engine::database::payload::Operation;
use luge_engine::database::{Database, Disks, Options};
use luge_engine::disk::MemoryDisk;
use luge_engine::index::Index;
use luge_engine::version::Version;
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

fn put(database: &mut Database<MemoryDisk>, key: u64) {
    let key = key.to_be_bytes();
    database.commit(&[Operation { key: &key, value: Some(&[7; 100]), expires: None }], 0).unwrap();
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
        3 => Just(Turn::StepAlone),
        1 => Just(Turn::Die),
    ]
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn every_key_is_found_whoever_merges_it(
        seed in 1..u64::MAX, turns in proptest::collection::vec(turn(), 1..60), rising in any::<bool>(),
    ) {
        let disks = Disks { log: MemoryDisk::default(), upper: MemoryDisk::default(), bottom: MemoryDisk::default() };
        let mut worker = Worker::beside(&disks);
        let mut database = Database::with_index(&Index::temporary().unwrap(), disks, OPTIONS).unwrap();
        database.run_jobs(true);
        let (mut random, mut keys) = (seed, Vec::new());
        for i in 0..3000_u64 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            // Some keys come close together: many of them go into one gap between two blocks.
            let key = if rising && i % 3 != 0 { (random % 8) << 56 | i } else { random };
            put(&mut database, key);
            keys.push(key);
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
        for key in keys {
            let found = database.get(&key.to_be_bytes(), Version::NEWEST, 0, &mut Vec::new()).unwrap();
            prop_assert!(found.is_some(), "the key {} is lost", key);
        }
    }
}
