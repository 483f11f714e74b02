//! Which versions of a key stay.

use crate::entry::{Entry, Value};
use crate::version::Version;

/// The rules that decide which versions stay when the table is rewritten.
#[derive(Clone, Debug)]
pub struct Retention {
    /// How many of the newest versions of a key stay, including deletions; above 0.
    pub versions_to_keep: usize,
    /// The versions that open snapshots read at, in rising order.
    pub snapshots: Vec<Version>,
    /// Tombstones and expired versions after this version stay.
    pub held: Option<Version>,
    /// The present time, in milliseconds since 1970. An entry that expires at or before it has expired.
    pub now_ms: u64,
    /// Whether no older entries exist below these.
    pub is_bottom: bool,
}

/// The versions from which the history is complete, in three respects. 0 if nothing was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistoryLeft {
    /// A read at this version or a newer one finds the same as ever.
    pub whole_from: Version,
    /// No change after this version is missing.
    pub changes_from: Version,
    /// For each key that changed after this version, its newest change is there.
    pub newest_from: Version,
}

impl HistoryLeft {
    /// The history after a version is complete, and the history before it is missing.
    #[must_use]
    pub fn after(version: Version) -> Self {
        Self { whole_from: version, changes_from: version, newest_from: version }
    }

    /// The remaining history after both losses.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            whole_from: self.whole_from.max(other.whole_from),
            changes_from: self.changes_from.max(other.changes_from),
            newest_from: self.newest_from.max(other.newest_from),
        }
    }
}

impl Retention {
    /// Whether decisions by `self`, made when `newest` was the newest version, also hold for `present`. A snapshot or an
    /// increment that began later may need an older version.
    #[must_use]
    pub fn serves(&self, present: &Self, newest: Version) -> bool {
        let is_served = |snapshot: &Version| *snapshot >= newest || self.snapshots.binary_search(snapshot).is_ok();
        let is_held = |held: Version| held >= newest || self.held.is_some_and(|own| own <= held);
        present.snapshots.iter().all(is_served) && present.held.is_none_or(is_held)
    }

    /// Decides for each version of one key, newest first, whether it stays.
    ///
    /// The newest `versions_to_keep` versions stay, including deleted and expired ones. Each version that a snapshot
    /// sees stays, too. At the bottom there is nothing below the oldest version that stays. A deleted or expired
    /// version there, other than the newest ones, means the same as no version, so it is removed. If only one version
    /// is kept, there is no history: then this rule also applies to the newest version.
    ///
    /// Returns the remaining history of the key.
    pub fn select(&self, versions: &[Entry<'_>], stays: &mut Vec<bool>) -> HistoryLeft {
        self.mark(versions, stays);
        let mut left = HistoryLeft::default();
        let mut shows_below = !self.is_bottom;
        let mut newer = versions.iter().rev().skip(1);
        for (entry, stay) in versions.iter().zip(stays.iter()).rev() {
            let next = newer.next();
            if *stay {
                shows_below = true;
                continue;
            }
            left.changes_from = entry.version;
            // A reader before the next newer version finds an older one, or nothing.
            if shows_below || !entry.is_gone(self.now_ms) {
                left.whole_from = next.unwrap_or(entry).version;
            }
            if next.is_none() {
                left.newest_from = entry.version;
            }
        }
        left
    }

    /// Which versions of one key, newest first, stay above the bottom. If fewer snapshots are open later, fewer stay.
    #[must_use]
    pub fn keeps(&self, versions: &[Version]) -> Vec<bool> {
        let mut newer = None;
        let stays = versions.iter().enumerate().map(|(i, version)| {
            let is_seen = self.is_seen(*version, newer.replace(*version));
            i < self.versions_to_keep || is_seen
        });
        stays.collect()
    }

    /// The stored form of a version that stays. Nobody reads an expired value, so it becomes a deletion.
    #[must_use]
    pub fn stripped<'a>(&self, entry: &Entry<'a>) -> Entry<'a> {
        Entry { value: if entry.is_gone(self.now_ms) { Value::Deleted } else { entry.value }, ..*entry }
    }

    fn mark(&self, versions: &[Entry<'_>], stays: &mut Vec<bool>) {
        stays.clear();
        let mut newer = None;
        for (i, entry) in versions.iter().enumerate() {
            stays.push(i < self.versions_to_keep || self.is_seen(entry.version, newer));
            newer = Some(entry.version);
        }
        if !self.is_bottom {
            return;
        }
        let counted = if self.versions_to_keep > 1 { self.versions_to_keep } else { 0 };
        for (entry, stay) in versions.iter().zip(stays.iter_mut()).skip(counted).rev() {
            let is_held = self.held.is_some_and(|held| entry.version > held);
            if *stay && (is_held || !entry.is_gone(self.now_ms)) {
                break;
            }
            *stay = false;
        }
    }

    /// Whether a snapshot reads at or after `version`, and before the next newer one.
    fn is_seen(&self, version: Version, newer: Option<Version>) -> bool {
        let next = self.snapshots.partition_point(|snapshot| *snapshot < version);
        self.snapshots.get(next).is_some_and(|snapshot| newer.is_none_or(|newer| *snapshot < newer))
    }
}

#[cfg(test)]
mod tests {
    use super::{HistoryLeft, Retention};
    use crate::entry::{Entry, Value};
    use crate::version::Version;

    const VALUE: Value<'_> = Value::Inline(b"value");
    const GONE: Value<'_> = Value::Deleted;

    fn left(whole_from: u64, changes_from: u64, newest_from: u64) -> HistoryLeft {
        HistoryLeft {
            whole_from: Version::of(whole_from),
            changes_from: Version::of(changes_from),
            newest_from: Version::of(newest_from),
        }
    }

    /// The versions that stay, and the remaining history, of one key with versions from `values.len()` down to 1.
    fn select(retention: &Retention, values: &[Value<'_>]) -> (Vec<u64>, HistoryLeft) {
        let versions: Vec<Entry<'_>> = values
            .iter()
            .zip((1..=values.len() as u64).rev())
            .map(|(value, version)| Entry { key: b"key", version: Version::of(version), expires: None, value: *value })
            .collect();
        let mut stays = Vec::new();
        let left = retention.select(&versions, &mut stays);
        let stay = versions.iter().zip(stays).filter(|(_, stay)| *stay).map(|(entry, _)| entry.version.get());
        (stay.collect(), left)
    }

    #[test]
    fn versions_go_by_their_number_and_what_is_gone_where_nothing_is_below() {
        let one = Retention { versions_to_keep: 1, snapshots: Vec::new(), held: None, now_ms: 0, is_bottom: true };
        let three = Retention { versions_to_keep: 3, ..one.clone() };
        assert_eq!(select(&one, &[VALUE]), (vec![1], left(0, 0, 0)));
        assert_eq!(select(&one, &[VALUE, VALUE]), (vec![2], left(2, 1, 0)));
        // A reader at any version still finds nothing.
        assert_eq!(select(&one, &[GONE]), (vec![], left(0, 1, 1)));
        assert_eq!(select(&one, &[GONE, GONE]), (vec![], left(0, 2, 2)));
        assert_eq!(select(&one, &[VALUE, GONE]), (vec![2], left(0, 1, 0)));
        assert_eq!(select(&one, &[GONE, VALUE]), (vec![], left(2, 2, 2)));
        assert_eq!(select(&one, &[GONE, GONE, VALUE]), (vec![], left(2, 3, 3)));
        // Above the bottom there may be older entries below.
        let upper = Retention { is_bottom: false, ..one.clone() };
        assert_eq!(select(&upper, &[GONE, GONE]), (vec![2], left(2, 1, 0)));
        // A snapshot sees version 1, so the deletion above it matters.
        let seen = Retention { snapshots: vec![Version::of(1)], ..one.clone() };
        assert_eq!(select(&seen, &[GONE, GONE, VALUE]), (vec![3, 1], left(3, 2, 0)));
        assert_eq!(select(&seen, &[GONE, GONE]), (vec![], left(0, 2, 2)));
        let held = Retention { held: Some(Version::of(1)), ..one };
        assert_eq!(select(&held, &[GONE, GONE]), (vec![2], left(0, 1, 0)));
        assert_eq!(select(&three, &[GONE, GONE, GONE]), (vec![3, 2, 1], left(0, 0, 0)));
        assert_eq!(select(&three, &[GONE, VALUE, GONE, GONE, VALUE]), (vec![5, 4, 3], left(2, 2, 0)));
    }
}
