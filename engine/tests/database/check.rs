//! Compares a database with a history.

use luge_engine::cursor::Range;
use luge_engine::database::{Budget, Database, GoOn, Verification, Visited, Walked};
use luge_engine::disk::MemoryDisk;
use luge_engine::entry::Boundary;
use luge_engine::table::BlockDamage;

use crate::history::{Change, History, Pair};
use luge_engine::version::Version;

/// All entries, or those from a key on and before another one, in either direction.
pub fn scan(
    database: &mut Database<MemoryDisk>,
    between: Option<(&[u8], &[u8])>,
    reverse: bool,
    version: Version,
    now_ms: u64,
) -> Vec<Pair> {
    let (lower, upper) = match between {
        Some((lower, upper)) => (Boundary::Before(lower), Boundary::Before(upper)),
        None => (Boundary::Outermost, Boundary::Outermost),
    };
    collect(database, Range { lower, upper, reverse, version, now_ms })
}

fn collect(database: &mut Database<MemoryDisk>, range: Range<'_>) -> Vec<Pair> {
    let whole = walk(database, range, u32::MAX);
    // One that looks at a few entries at a time finds the same.
    assert_eq!(walk(database, range, 25), whole);
    whole
}

/// A walk over a whole range, so many visits a call.
pub fn walk(database: &mut Database<MemoryDisk>, range: Range<'_>, visits: u32) -> Vec<Pair> {
    let (mut entries, mut behind) = (Vec::new(), None);
    loop {
        let rest = rest_of(range, behind.as_deref());
        let walked = database
            .scan(rest, true, visits, |entry, value| {
                entries.push((entry.key.to_vec(), value.to_vec()));
                Ok(true)
            })
            .unwrap();
        match walked {
            Walked::End => return entries,
            Walked::Paused(key) => behind = Some(key),
            Walked::Full => panic!("a walk was full"),
        }
    }
}

/// What is left of a range behind a key, in its direction.
pub fn rest_of<'a>(range: Range<'a>, behind: Option<&'a [u8]>) -> Range<'a> {
    match behind {
        None => range,
        Some(key) if range.reverse => Range { upper: Boundary::Before(key), ..range },
        Some(key) => Range { lower: Boundary::Behind(key), ..range },
    }
}

/// What a verification of everything finds.
pub fn verify(database: &mut Database<MemoryDisk>) -> Vec<BlockDamage> {
    let mut verification = Verification::default();
    let mut damages = Vec::new();
    while database.verify_step(&mut verification).unwrap() {
        damages.append(&mut verification.damages);
    }
    damages.append(&mut verification.damages);
    damages
}

/// Everything that can be read at a version must be as in the history.
pub fn assert_agrees(
    database: &mut Database<MemoryDisk>,
    history: &History,
    version: Version,
    now_ms: u64,
    between: (&[u8], &[u8]),
) {
    for between in [None, Some(between)] {
        let expected = history.scan(between, version, now_ms);
        assert_eq!(scan(database, between, false, version, now_ms), expected);
        let mut reversed = scan(database, between, true, version, now_ms);
        reversed.reverse();
        assert_eq!(reversed, expected);
    }
    let (key, _) = between;
    let whole = history.scan(None, version, now_ms);
    let behind = Range { lower: Boundary::Behind(key), upper: Boundary::Outermost, reverse: false, version, now_ms };
    assert!(collect(database, behind).iter().eq(whole.iter().filter(|(found, _)| found.as_slice() > key)));
    let up_to = Range { lower: Boundary::Outermost, upper: Boundary::Behind(key), reverse: true, version, now_ms };
    assert!(collect(database, up_to).iter().eq(whole.iter().rev().filter(|(found, _)| found.as_slice() <= key)));
    let mut value = Vec::new();
    for key in history.keys() {
        let found = database.get(key, version, now_ms, &mut value).unwrap();
        let found = found.map(|read| (read.version, read_whole(database, read.stream, &value)));
        let expected = history.get(key, version, now_ms);
        assert_eq!(found, expected, "key {key:?} at {version}");
        assert_eq!(database.version_of(key, version, now_ms).unwrap(), expected.map(|(version, _)| version));
    }
}

/// A value that a read found, all of it.
pub fn read_whole(
    database: &mut Database<MemoryDisk>,
    stream: Option<luge_engine::database::ValueStream>,
    value: &[u8],
) -> Vec<u8> {
    let Some(mut stream) = stream else { return value.to_vec() };
    let (mut whole, mut part) = (Vec::new(), Vec::new());
    while whole.len() < stream.length() {
        database.read_part(&mut stream, 1000, &mut part).unwrap();
        whole.extend_from_slice(&part);
    }
    whole
}

/// The changes in a range after a version. In steps of every size they are the same.
pub fn changes(database: &mut Database<MemoryDisk>, range: Range<'_>, since: Version) -> Vec<Change> {
    let [whole, small] = [Budget::NONE, Budget { visits: 3, bytes: 100 }].map(|budget| {
        let mut found = Vec::new();
        let mut rest = range;
        let mut next: Option<GoOn>;
        loop {
            let result = database.changes(rest, since, budget, |entry| {
                found.push((entry.key.to_vec(), entry.version, entry.is_gone(range.now_ms)));
                Ok(())
            });
            next = result.unwrap();
            let Some(GoOn { key, version }) = &next else { break };
            rest = Range { lower: Boundary::At(key.clone().leak(), *version), ..range };
        }
        found
    });
    assert_eq!(whole, small);
    let read = whole.into_iter().map(|(key, version, is_gone)| {
        let mut value = Vec::new();
        let read = database.get(&key, version, range.now_ms, &mut value).unwrap();
        assert_eq!(read.as_ref().map(|read| read.version), if is_gone { None } else { Some(version) });
        let value = read.map(|read| read_whole(database, read.stream, &value));
        (key, version, value)
    });
    read.collect()
}

/// Of each key in a range that changed after a version the newest version, in steps of every size.
pub fn newest(database: &mut Database<MemoryDisk>, range: Range<'_>, since: Version) -> Vec<(Vec<u8>, Version)> {
    let [whole, small] = [u32::MAX, 3].map(|visits| {
        let mut found = Vec::new();
        let mut rest = range;
        loop {
            let next = database.newest(rest, since, u32::MAX, visits, |entry, _| {
                found.push((entry.key.to_vec(), entry.version));
                Ok(Visited::GoOn)
            });
            let Some(GoOn { key, version }) = next.unwrap() else { break found };
            rest = Range { lower: Boundary::At(key.leak(), version), ..range };
        }
    });
    assert_eq!(whole, small);
    whole
}

/// Compares the same changes in the order of the commits, where they are in memory.
fn assert_commits_agree(database: &mut Database<MemoryDisk>, range: Range<'_>, since: Version, changes: &[Change]) {
    let small = Budget { visits: 3, bytes: 100 };
    for (with_values, budget) in [(true, Budget::NONE), (true, small), (false, Budget::NONE), (false, small)] {
        let mut found = Vec::new();
        let mut from = GoOn { key: Vec::new(), version: since.next() };
        loop {
            let next = database.commits(range, (from.version, &from.key), with_values, budget, |entry, value| {
                found.push((entry.key.to_vec(), entry.version, value.map(<[u8]>::to_vec)));
                Ok(())
            });
            let Some(next) = next.unwrap() else { return };
            let Some(next) = next else { break };
            from = next;
        }
        assert!(found.is_sorted_by(|a, b| (a.1, &a.0) < (b.1, &b.0)));
        found.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(&a.1)));
        let without = |value: &Option<Vec<u8>>| value.as_ref().map(|_| Vec::new());
        let expected = changes.iter().map(|(key, version, value)| {
            (key.clone(), *version, if with_values { value.clone() } else { without(value) })
        });
        assert_eq!(found, expected.collect::<Vec<_>>());
    }
}

/// Compares all changes after a version, of all keys and of those between two.
pub fn assert_changes_agree(
    database: &mut Database<MemoryDisk>,
    history: &History,
    since: Version,
    now_ms: u64,
    between: (&[u8], &[u8]),
) {
    let (lower, upper) = between;
    let bounds = [
        (Boundary::Outermost, Boundary::Outermost),
        (Boundary::Before(lower), Boundary::Before(upper)),
        (Boundary::Before(lower), Boundary::Behind(lower)),
    ];
    for (lower, upper) in bounds {
        let range = Range { lower, upper, reverse: false, version: Version::NEWEST, now_ms };
        let found = changes(database, range, since);
        assert_commits_agree(database, range, since, &found);
        let begins = |key: &[u8]| lower.key().is_none_or(|lower| lower <= key);
        let ends = |key: &[u8]| match upper {
            Boundary::Outermost => false,
            Boundary::Before(upper) => upper <= key,
            Boundary::At(upper, _) | Boundary::Behind(upper) => upper < key,
        };
        let mut expected = history.changes(since, now_ms);
        expected.retain(|(key, _, _)| begins(key) && !ends(key));
        assert_eq!(found, expected, "after {since}");
        let mut keys: Vec<_> = expected.iter().map(|(key, version, _)| (key.clone(), *version)).collect();
        keys.dedup_by(|b, a| a.0 == b.0);
        assert_eq!(newest(database, range, since), keys, "the newest after {since}");
        assert_eq!(database.changed(range, since).unwrap(), !expected.is_empty());
    }
}
