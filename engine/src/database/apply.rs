//! Applies the commits of another database, each at its version: a replica is made of them.

use super::Database;
use super::payload::Operation;
use super::restore::RestoredEntry;
use super::write::At;
use crate::disk::Disk;
use crate::failure::{Failure, FailureKind};
use crate::version::Version;

impl<D: Disk> Database<D> {
    /// Applies whole commits: the entries of all, by version and then by key, as [`Database::commits`] finds them. Each commit
    /// becomes visible at once, and is durable as one of [`Database::commit`]. Then `until` is the newest version: the other
    /// database has no more commits up to it. Nothing is applied if the versions are not above all before, or not in order.
    /// After another failure, the commits before it are applied.
    pub fn apply(&mut self, entries: &[RestoredEntry<'_>], until: Version, now_ms: u64) -> Result<Version, Failure> {
        let store = self.committing()?;
        let newest = store.clock.newest();
        let is_rising =
            entries.is_sorted_by(|one, next| (one.version, one.operation.key) < (next.version, next.operation.key));
        let follows = entries.first().is_none_or(|first| first.version > newest);
        if !is_rising || !follows || until < entries.last().map_or(newest, |last| last.version) {
            return Err(Failure::new(
                FailureKind::InvalidRequest,
                "the commits do not follow the newest version in order",
            ));
        }
        for commit in entries.chunk_by(|one, next| one.version == next.version) {
            store.keep_pace(now_ms)?;
            let operations: Vec<Operation<'_>> = commit.iter().map(|entry| entry.operation).collect();
            let version = commit.first().map_or(until, |entry| entry.version);
            store.commit_distinct(&operations, &[], At::Version(version))?;
        }
        store.clock.committed(until);
        Ok(until)
    }
}
