//! The versions at which open snapshots read.

use std::collections::BTreeMap;

use crate::version::Version;

/// The open snapshots: their versions, and since when each is open.
#[derive(Debug, Default)]
pub(super) struct Snapshots(BTreeMap<Version, Vec<u64>>);

impl Snapshots {
    /// Opens a snapshot at `version`.
    pub fn open(&mut self, version: Version, now_ms: u64) {
        self.0.entry(version).or_default().push(now_ms);
    }

    /// Closes one snapshot at `version`; says whether there was one.
    pub fn close(&mut self, version: Version) -> bool {
        let Some(opened) = self.0.get_mut(&version) else { return false };
        opened.pop();
        if opened.is_empty() {
            self.0.remove(&version);
        }
        true
    }

    /// Whether one is open at `version`.
    pub fn contains(&self, version: Version) -> bool {
        self.0.contains_key(&version)
    }

    /// The versions, in rising order.
    pub fn versions(&self) -> Vec<Version> {
        self.0.keys().copied().collect()
    }

    /// How many are open.
    pub fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// Since when the oldest is open, in milliseconds since 1970.
    pub fn oldest_ms(&self) -> Option<u64> {
        self.0.values().flatten().min().copied()
    }
}
