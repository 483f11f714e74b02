//! Which versions of a key stay.

use crate::entry::Entry;

/// What decides over a version when the table is rewritten.
#[derive(Clone, Debug)]
pub struct Retention {
    /// How many of the newest versions of a key stay, deletions counted; above 0.
    pub versions_to_keep: usize,
    /// The versions that open snapshots read at, in rising order.
    pub snapshots: Vec<u64>,
    /// What says that a key is gone stays when it came after this version.
    pub held: Option<u64>,
    /// The present time, in milliseconds since 1970: what expires at or before it is gone.
    pub now_ms: u64,
    /// Whether there is nothing older than what is looked at.
    pub is_bottom: bool,
}

/// From which versions on a history is whole, in two respects. 0 where nothing went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistoryLeft {
    /// A read as of this version or a newer one finds what it always found, and no change after it is missing.
    pub whole_from: u64,
    /// Of each key that changed after this version the newest change is there.
    pub newest_from: u64,
}

impl HistoryLeft {
    /// What is left when both happened.
    pub fn max(self, other: Self) -> Self {
        Self { whole_from: self.whole_from.max(other.whole_from), newest_from: self.newest_from.max(other.newest_from) }
    }
}

impl Retention {
    /// Says of each version of one key, newest first, whether it stays.
    ///
    /// The newest ones stay, and each that a snapshot sees. At the bottom there is nothing below the oldest that stays, so
    /// that deleted and expired versions at that end say no more than their absence would, and go.
    ///
    /// Returns what of the history of the key is left.
    pub fn select(&self, versions: &[Entry<'_>], stays: &mut Vec<bool>) -> HistoryLeft {
        self.mark(versions, stays);
        let Some(first_to_go) = stays.iter().position(|stay| !stay) else { return HistoryLeft::default() };
        let version_of = |index: usize| versions.get(index).map_or(0, |entry| entry.version);
        HistoryLeft {
            whole_from: version_of(first_to_go.saturating_sub(1)),
            newest_from: if first_to_go == 0 { version_of(0) } else { 0 },
        }
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
        for (entry, stay) in versions.iter().zip(stays.iter_mut()).rev() {
            let is_held = self.held.is_some_and(|held| entry.version > held);
            if *stay && (is_held || !entry.is_gone(self.now_ms)) {
                break;
            }
            *stay = false;
        }
    }

    /// Whether a snapshot reads at `version` or behind it, and before the next newer one.
    fn is_seen(&self, version: u64, newer: Option<u64>) -> bool {
        let next = self.snapshots.partition_point(|snapshot| *snapshot < version);
        self.snapshots.get(next).is_some_and(|snapshot| newer.is_none_or(|newer| *snapshot < newer))
    }
}
