//! One trial of sled itself: `bench_native_sled WORKLOAD ENTRIES DIRECTORY SECONDS` prints what scripts/bench/trial.ts prints
//! for the others. Keys, values and orders are those of scripts/bench/data.ts; a workload that is not here is no outcome.

use std::error::Error;
use std::time::Instant;

const HOT_KEYS: usize = 1000;
const STRIDE: usize = 64;
const BATCH: usize = 1000;
const PREFIX_ENTRIES: usize = 100;

type Failure = Box<dyn Error>;

/// mulberry32, as in data.ts.
struct Numbers(u32);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x6d2b_79f5);
        let state = self.0;
        let mut mixed = (state ^ (state >> 15)).wrapping_mul(state | 1);
        mixed ^= mixed.wrapping_add((mixed ^ (mixed >> 7)).wrapping_mul(mixed | 61));
        f64::from(mixed ^ (mixed >> 14)) / 4_294_967_296.0
    }
}

fn shuffled(count: usize, seed: u32) -> Vec<usize> {
    let mut random = Numbers(seed);
    let mut numbers: Vec<usize> = (0..count).collect();
    for i in (1..count).rev() {
        numbers.swap(i, (random.next() * (i as f64 + 1.0)) as usize);
    }
    numbers
}

fn key_of(i: usize) -> String {
    format!("k{i:011}")
}

fn values() -> Vec<Vec<u8>> {
    let mut random = Numbers(100);
    (0..1024)
        .map(|_| (0..100).map(|_| (random.next() * 256.0) as u8).collect())
        .collect()
}

struct Outcome {
    operations: usize,
    seconds: f64,
}

/// Calls with 0, 1, 2, … for so many seconds, at most `most` times.
fn count(
    seconds: f64,
    most: usize,
    mut call: impl FnMut(usize) -> Result<(), Failure>,
) -> Result<Outcome, Failure> {
    let started = Instant::now();
    let mut operations = 0;
    while operations < most && started.elapsed().as_secs_f64() < seconds {
        for _ in 0..STRIDE.min(most - operations) {
            call(operations)?;
            operations += 1;
        }
    }
    Ok(Outcome {
        operations,
        seconds: started.elapsed().as_secs_f64(),
    })
}

fn load(tree: &sled::Db, entries: usize, sorted: bool, batch: usize) -> Result<Outcome, Failure> {
    let numbers = if sorted {
        (0..entries).collect()
    } else {
        shuffled(entries, 1)
    };
    let keys: Vec<String> = numbers.into_iter().map(key_of).collect();
    let values = values();
    let started = Instant::now();
    if batch == 1 {
        for (i, key) in keys.iter().enumerate() {
            tree.insert(key.as_bytes(), values[i % values.len()].as_slice())?;
        }
    } else {
        for (part, keys) in keys.chunks(batch).enumerate() {
            let mut together = sled::Batch::default();
            for (i, key) in keys.iter().enumerate() {
                together.insert(
                    key.as_bytes(),
                    values[(part * batch + i) % values.len()].as_slice(),
                );
            }
            tree.apply_batch(together)?;
        }
    }
    tree.flush()?;
    Ok(Outcome {
        operations: entries,
        seconds: started.elapsed().as_secs_f64(),
    })
}

fn get(tree: &sled::Db, key: &str) -> Result<(), Failure> {
    // Copied, as JavaScript gets bytes of its own.
    let value = tree.get(key.as_bytes())?.map(|value| value.to_vec());
    if value.map(|value| value.len()) == Some(100) {
        Ok(())
    } else {
        Err(format!("no value of {key}").into())
    }
}

fn hot(tree: &sled::Db, entries: usize, seconds: f64) -> Result<Outcome, Failure> {
    let keys: Vec<String> = shuffled(entries, 5)
        .into_iter()
        .take(HOT_KEYS)
        .map(key_of)
        .collect();
    for key in &keys {
        get(tree, key)?;
    }
    count(seconds, usize::MAX, |i| get(tree, &keys[i % keys.len()]))
}

fn each_once(tree: &sled::Db, entries: usize, seed: u32, seconds: f64) -> Result<Outcome, Failure> {
    let keys: Vec<String> = shuffled(entries, seed).into_iter().map(key_of).collect();
    count(seconds, keys.len(), |i| get(tree, &keys[i]))
}

fn bytes_of(
    entries: impl Iterator<Item = sled::Result<(sled::IVec, sled::IVec)>>,
) -> Result<usize, Failure> {
    let mut bytes = 0;
    for entry in entries {
        let (key, value) = entry?;
        bytes += String::from_utf8(key.to_vec())?.len() + value.to_vec().len();
    }
    Ok(bytes)
}

fn scan(tree: &sled::Db, entries: usize) -> Result<Outcome, Failure> {
    let started = Instant::now();
    if bytes_of(tree.iter())? != entries * 112 {
        return Err("the scan missed entries".into());
    }
    Ok(Outcome {
        operations: entries,
        seconds: started.elapsed().as_secs_f64(),
    })
}

fn scan_prefixes(tree: &sled::Db, entries: usize, seconds: f64) -> Result<Outcome, Failure> {
    let mut random = Numbers(13);
    let Outcome {
        operations,
        seconds,
    } = count(seconds, usize::MAX, |_| {
        let number =
            (random.next() * entries as f64 / PREFIX_ENTRIES as f64) as usize * PREFIX_ENTRIES;
        let prefix = &key_of(number)[..10];
        if bytes_of(tree.scan_prefix(prefix))? == PREFIX_ENTRIES * 112 {
            Ok(())
        } else {
            Err(prefix.into())
        }
    })?;
    Ok(Outcome {
        operations: operations * PREFIX_ENTRIES,
        seconds,
    })
}

fn durable(tree: &sled::Db, entries: usize, seconds: f64) -> Result<Outcome, Failure> {
    let keys: Vec<String> = shuffled(entries, 3).into_iter().map(key_of).collect();
    let values = values();
    count(seconds, keys.len(), |i| {
        tree.insert(keys[i].as_bytes(), values[i % values.len()].as_slice())?;
        tree.flush()?;
        Ok(())
    })
}

fn run(
    tree: &sled::Db,
    workload: &str,
    entries: usize,
    seconds: f64,
) -> Result<Option<Outcome>, Failure> {
    let size = format!("-{}", workload.rsplit('-').next().unwrap_or_default());
    Ok(Some(
        match workload.strip_suffix(&size).unwrap_or(workload) {
            "prepare" => load(tree, entries, false, BATCH)?,
            "load-random-1" => load(tree, entries, false, 1)?,
            "load-random-1000" => load(tree, entries, false, BATCH)?,
            "load-sorted-1" => load(tree, entries, true, 1)?,
            "load-sorted-1000" => load(tree, entries, true, BATCH)?,
            "get-hot-sync" => hot(tree, entries, seconds)?,
            "get-sync" => each_once(tree, entries, 9, seconds)?,
            "get-many" => each_once(tree, entries, 11, seconds)?,
            "scan" => scan(tree, entries)?,
            "scan-prefix" => scan_prefixes(tree, entries, seconds)?,
            "durable-1" if workload == "durable-1-sync" => durable(tree, entries, seconds)?,
            _ => return Ok(None),
        },
    ))
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [workload, entries, directory, seconds] = arguments.as_slice() else {
        return Err("Expected a workload, a number of entries, a directory and seconds".into());
    };
    let tree = sled::Config::new()
        .path(format!("{directory}/sled"))
        .open()?;
    match run(&tree, workload, entries.parse()?, seconds.parse()?)? {
        Some(Outcome {
            operations,
            seconds,
        }) => {
            println!("outcome {{\"operations\":{operations},\"seconds\":{seconds}}}");
        }
        None => println!("outcome null"),
    }
    Ok(())
}
