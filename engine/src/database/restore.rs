//! Restore: entries of a backup, each with the version of its commit.
//!
//! All records of a restore have the restored version. Only the last record marks it as complete. Until then no
//! checkpoint covers that version, so recovery reads the records again. The caller then restores the same entries again
//! from the start. Entries that already exist are left as they are.

use super::Database;
use super::mode::Restoring;
use super::payload::{self, Operation};
use super::store::Store;
use super::write::NewLargePut;
use crate::disk::Disk;
use crate::entry::Entry;
use crate::expiry::Expiry;
use crate::failure::{Failure, FailureKind};
use crate::memtable::Memtable;
use crate::table::Level;
use crate::version::Version;

/// An entry of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestoredEntry<'a> {
    /// The version of its commit.
    pub version: Version,
    /// The operation of that commit.
    pub operation: Operation<'a>,
}

impl<D: Disk> Database<D> {
    /// Begins to restore `version`, or begins again. The version must be above every commit. Until
    /// [`Database::end_restore`], nothing may be read or committed. The history before `version` is lost.
    pub fn begin_restore(&mut self, version: Version) -> Result<(), Failure> {
        let store = self.committing()?;
        let last = store.values.last_version();
        if version == Version::NONE || version < last {
            let message = format!("version {version} is below the log's version {last}");
            return Err(Failure::new(FailureKind::InvalidRequest, message));
        }
        store.take_jobs_back();
        let has_blocks = Level::ALL.iter().any(|level| store.table.live_bytes(*level) > 0);
        let is_first = !has_blocks && store.memtables.newest_first().all(Memtable::is_empty);
        // A checkpoint in progress covers the complete state before the restore, and no more.
        store.clock.begin_restore(version);
        store.memtables.end_history(version);
        store.finds.forget_gaps();
        store.table.end_history_before(version)?;
        self.set_restoring(Some(Restoring { version, is_first }));
        Ok(())
    }

    /// Restores entries. A restore may have at most one entry per key. The version of an entry must be at most the
    /// restored version, and above the existing versions of its key.
    pub fn restore(&mut self, entries: &[RestoredEntry<'_>], now_ms: u64) -> Result<(), Failure> {
        let (restoring, store) = self.restoring()?;
        store.keep_pace(now_ms)?;
        store.restore(restoring, entries)
    }

    /// Begins to restore an entry whose value of `length` bytes comes in parts, as with [`Database::begin_put`].
    /// Returns whether the caller must send the value. It must not if the entry already exists.
    pub fn begin_restored_put(
        &mut self,
        key: &[u8],
        length: usize,
        expires: Option<Expiry>,
        version: Version,
        now_ms: u64,
    ) -> Result<bool, Failure> {
        let (Restoring { version: record_version, is_first }, store) = self.restoring()?;
        store.keep_pace(now_ms)?;
        if !is_first && store.has_exactly(key, version)? {
            return Ok(false);
        }
        store.memtables.reserve(key.len(), 1)?;
        store.checkpointer.times_mut().forget(version);
        let start = [&payload::restored_head(false)[..], &payload::restored_version(version)].concat();
        let put = NewLargePut { key, length, expires, version, record_version };
        let put = store.begin_large(&put, &start, true)?;
        self.begin_pieces(put);
        Ok(true)
    }

    /// Ends the restore. The restored version is complete and the newest one. Durable after the next
    /// [`Database::sync`].
    pub fn end_restore(&mut self) -> Result<(), Failure> {
        let (Restoring { version, .. }, store) = self.restoring()?;
        store.values.append(version, &payload::restored_head(true))?;
        store.clock.committed(version);
        self.set_restoring(None);
        Ok(())
    }
}

impl<D: Disk> Store<D> {
    fn restore(&mut self, restoring: Restoring, entries: &[RestoredEntry<'_>]) -> Result<(), Failure> {
        let mut missing = Vec::with_capacity(entries.len());
        for entry in entries {
            if restoring.is_first || !self.has_exactly(entry.operation.key, entry.version)? {
                missing.push((entry, payload::restored_version(entry.version)));
            }
        }
        let versions: usize = missing.iter().map(|(_, version)| version.len()).sum();
        let kept = missing.iter().map(|(entry, _)| self.values.kept_size_of(&entry.operation)).sum();
        self.memtables.reserve(kept, missing.len())?;
        let mut prepared = self.values.prepare(missing.iter().map(|(entry, _)| &entry.operation));
        let size = prepared.size + versions;
        let mut position = self.values.begin(restoring.version, &payload::restored_head(false), size)?;
        for (RestoredEntry { version, operation }, version_bytes) in missing {
            let value = self.values.add(&mut position, &version_bytes, operation, &mut prepared)?;
            let (key, expires) = (operation.key, operation.expires);
            self.finds.written(key, false);
            self.checkpointer.times_mut().forget(*version);
            self.memtables.insert(&Entry { key, version: *version, expires, value })?;
        }
        self.values.finish()
    }

    fn has_exactly(&self, key: &[u8], version: Version) -> Result<bool, Failure> {
        for memtable in self.memtables.newest_first() {
            if memtable.get(key, version).is_some_and(|entry| entry.version == version) {
                return Ok(true);
            }
        }
        Ok(self.table.get(key, version, |found| found.version == version)? == Some(true))
    }
}
