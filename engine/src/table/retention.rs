//! Which versions of a key stay.

use crate::entry::Entry;

/// What decides over a version when the table is rewritten.
#[derive(Clone, Debug)]
pub struct Retention {
    /// How many of the newest versions of a key stay, deletions counted; above 0.
    pub versions_to_keep: usize,
    /// The versions that open snapshots read at, in rising order.
    pub snapshots: Vec<u64>,
    /// The present time, in milliseconds since 1970: what expires at or before it is gone.
    pub now_ms: u64,
    /// Whether there is nothing older than what is looked at.
    pub is_bottom: bool,
}

impl Retention {
    /// Says of each version of one key, newest first, whether it stays.
    ///
    /// The newest ones stay, and each that a snapshot sees. At the bottom there is nothing below the oldest that stays, so
    /// that deleted and expired versions at that end say no more than their absence would, and go.
    ///
    /// Returns from which version on the history of the key is still whole: a read as of that version or a newer one finds
    /// what it always found, and no change after it is missing. 0 when nothing goes.
    pub fn select(&self, versions: &[Entry<'_>], stays: &mut Vec<bool>) -> u64 {
        self.mark(versions, stays);
        let first_to_go = stays.iter().position(|stay| !stay);
        let newer = first_to_go.and_then(|first| first.checked_sub(1)).or(first_to_go);
        newer.and_then(|newer| versions.get(newer)).map_or(0, |entry| entry.version)
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
            if *stay && !entry.is_gone(self.now_ms) {
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
