//! A plain ordered map of all versions that were ever committed: the model.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use luge_engine::database::{Database, Newest};
use luge_engine::disk::MemoryDisk;
use luge_engine::expiry::Expiry;
use luge_engine::version::Version;
use proptest::collection::vec;
use proptest::prelude::*;

/// What a commit wrote under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// `None` deletes the key.
    pub value: Option<Vec<u8>>,
    /// 0 for never.
    pub expires_ms: u64,
}

impl Written {
    pub fn is_gone(&self, now_ms: u64) -> bool {
        self.value.is_none() || (self.expires_ms > 0 && self.expires_ms <= now_ms)
    }
}

/// A version and what it wrote.
pub type Commit = (Version, Vec<(Vec<u8>, Written)>);

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// Few letters, so that keys meet each other, and share prefixes.
pub fn key() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![Just(b'a'), Just(b'b'), Just(0xff)], 1..5)
}

/// A key, a version of it, and the value.
pub type Change = (Vec<u8>, Version, Option<Vec<u8>>);

/// All versions of all keys that a list of commits makes.
#[derive(Default)]
pub struct History(BTreeMap<(Vec<u8>, Reverse<Version>), Written>);

impl History {
    /// The history that commits make; where one has a key twice, the last one counts.
    pub fn of(commits: &[Commit]) -> Self {
        let entries = commits.iter().flat_map(|(version, writes)| {
            writes.iter().map(|(key, written)| ((key.clone(), Reverse(*version)), written.clone()))
        });
        Self(entries.collect())
    }

    /// All keys, each once.
    pub fn keys(&self) -> BTreeSet<&[u8]> {
        self.0.keys().map(|(key, _)| key.as_slice()).collect()
    }

    /// What a reader at a version and a time finds: version and value.
    pub fn get(&self, key: &[u8], version: Version, now_ms: u64) -> Option<(Version, Vec<u8>)> {
        let ((found, Reverse(version)), written) = self.0.range((key.to_vec(), Reverse(version))..).next()?;
        let alive = found == key && !written.is_gone(now_ms);
        written.value.clone().filter(|_| alive).map(|value| (*version, value))
    }

    /// All entries, or those from a key on and before another one.
    pub fn scan(&self, between: Option<(&[u8], &[u8])>, version: Version, now_ms: u64) -> Vec<Pair> {
        self.keys()
            .into_iter()
            .filter(|key| between.is_none_or(|(lower, upper)| (lower..upper).contains(key)))
            .filter_map(|key| Some((key.to_vec(), self.get(key, version, now_ms)?.1)))
            .collect()
    }

    /// What was committed after a version: by key, newest first, without the values of what is gone.
    pub fn changes(&self, since: Version, now_ms: u64) -> Vec<Change> {
        let after = self.0.iter().filter(|((_, Reverse(version)), _)| *version > since);
        after
            .map(|((key, Reverse(version)), written)| {
                (key.clone(), *version, written.value.clone().filter(|_| !written.is_gone(now_ms)))
            })
            .collect()
    }

    /// The highest versions that `whole_from` and `changes_from` may have: those that versions behind the kept ones make, and where
    /// one is kept those that are gone.
    pub fn highest_losses(&self, versions_to_keep: usize, now_ms: u64) -> (Version, Version) {
        let (mut whole_from, mut changes_from) = (Version::NONE, Version::NONE);
        for key in self.keys() {
            let all = self.versions(key);
            if let Some((lost, _)) = all.get(versions_to_keep) {
                whole_from = whole_from.max(all[versions_to_keep - 1].0);
                changes_from = changes_from.max(*lost);
            }
            if versions_to_keep == 1 && all[0].1.is_gone(now_ms) {
                changes_from = changes_from.max(all[0].0);
            }
        }
        (whole_from, changes_from)
    }

    /// The versions of a key, newest first.
    fn versions(&self, key: &[u8]) -> Vec<(Version, &Written)> {
        self.0
            .range((key.to_vec(), Reverse(Version::NEWEST))..)
            .take_while(|((found, _), _)| found == key)
            .map(|((_, Reverse(version)), written)| (*version, written))
            .collect()
    }

    /// Whether a list of a key's versions can be what is left of this history: it has the newest versions, as many as are
    /// kept, unless only one is and it is gone; and nothing that never was.
    pub fn explains(&self, key: &[u8], listed: &[KeyVersion], versions_to_keep: usize, now_ms: u64) -> bool {
        let all = self.versions(key);
        let mut expected: Vec<_> = all.iter().take(versions_to_keep).collect();
        if versions_to_keep == 1 {
            expected.retain(|(_, written)| !written.is_gone(now_ms));
        }
        listed.len() >= expected.len()
            && listed.is_sorted_by(|a, b| a.version > b.version)
            && listed.iter().zip(expected).all(|(found, (version, _))| found.version == *version)
            && listed.iter().all(|found| {
                let known = all.iter().find(|(version, _)| *version == found.version);
                known.is_some_and(|(_, written)| {
                    let value = written.value.as_ref().filter(|_| !written.is_gone(now_ms));
                    (found.value.as_ref(), found.expires_ms) == (value, written.expires_ms)
                })
            })
    }
}

/// One version of a key, as a database lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyVersion {
    pub version: Version,
    pub expires_ms: u64,
    /// `None` for what is gone.
    pub value: Option<Vec<u8>>,
}

/// The versions of a key, in pages of two.
pub fn versions(database: &mut Database<MemoryDisk>, key: &[u8], now_ms: u64) -> Vec<KeyVersion> {
    let mut listed = Vec::new();
    let mut next = Some((Version::NEWEST, 0));
    while let Some(from) = next {
        let before = listed.len();
        let visit = |entry: &luge_engine::entry::Entry<'_>, newest: Newest<'_>| {
            if listed.len() == before + 2 {
                return Ok(false);
            }
            let value = if let Newest::Value(value) = newest { Some(value.to_vec()) } else { None };
            listed.push(KeyVersion { version: entry.version, expires_ms: Expiry::number_of(entry.expires), value });
            Ok(true)
        };
        next = database.versions(key, from, u32::MAX, now_ms, visit).unwrap();
    }
    listed
}
