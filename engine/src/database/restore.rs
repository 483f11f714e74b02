//! Restoring: entries of a backup, each with the version of its commit.
//!
//! All records of a restore have the version that is restored, and only the last one says that it is whole. Until then no
//! checkpoint covers that version, so that recovery reads them again; and whoever restores does so again, from the start, with
//! the same entries: what is there already is left as it is.

use super::Database;
use super::payload::{self, Operation, VALUE_CHECKSUM_SIZE};
use super::write::NewLargePut;
use crate::disk::Disk;
use crate::entry::{Entry, Value};
use crate::failure::Failure;
use crate::status::Status;

/// An entry of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestoredEntry<'a> {
    /// The version of its commit.
    pub version: u64,
    /// What that commit did.
    pub operation: Operation<'a>,
}

impl<D: Disk> Database<D> {
    /// Begins to restore `version`, which must be above every commit, or begins again. Until [`Database::end_restore`] nothing
    /// may be read or committed; history before `version` is gone.
    pub fn begin_restore(&mut self, version: u64) -> Result<(), Failure> {
        self.assert_writable()?;
        self.abort_put();
        if version == 0 || version < self.log.last_version() {
            let message = format!("version {version} is below the log's version {}", self.log.last_version());
            return Err(Failure::new(Status::InvalidRequest, message));
        }
        // A checkpoint on the way holds whole what was before, and no more.
        self.version = self.version.min(version - 1);
        self.reserved = version;
        self.tabled = self.tabled.max(version);
        self.restoring = Some(version);
        self.gaps.clear();
        self.table.end_history_before(version)
    }

    /// Restores entries: at most one of a key in the whole restore, with versions up to the one that is restored and above
    /// those that the key has.
    pub fn restore(&mut self, entries: &[RestoredEntry<'_>], now_ms: u64) -> Result<(), Failure> {
        let target = self.target()?;
        self.abort_put();
        self.keep_pace(now_ms)?;
        let mut missing = Vec::with_capacity(entries.len());
        for entry in entries {
            if !self.has_exactly(entry.operation.key, entry.version)? {
                missing.push((entry, payload::restored_version(entry.version)));
            }
        }
        let logged_size = self.options.logged_size;
        let size = missing
            .iter()
            .map(|(entry, version)| version.len() + payload::operation_size(&entry.operation, logged_size));
        let size = size.sum::<usize>();
        let memory = missing.iter().map(|(entry, _)| {
            entry.operation.key.len() + entry.operation.value.map_or(0, <[u8]>::len).min(logged_size)
        });
        self.active.reserve(memory.sum(), missing.len())?;
        let head = payload::restored_head(false);
        let mut position = self.log.begin(target, head.len() + size)?;
        self.log.extend(&head)?;
        position.offset += head.len() as u64;
        for (RestoredEntry { version, operation }, version_bytes) in missing {
            let head = payload::operation_head(operation, logged_size);
            for bytes in [version_bytes.as_slice(), head.bytes(), operation.key] {
                self.log.extend(bytes)?;
                position.offset += bytes.len() as u64;
            }
            let mut value = operation.value.map_or(Value::Deleted, Value::Inline);
            if let Some(bytes) = operation.value {
                self.log.extend(bytes)?;
                if head.is_logged {
                    self.log.extend(&payload::value_checksum(bytes))?;
                    value = Value::Logged { position: position.packed(), length: bytes.len() as u32 };
                    position.offset += VALUE_CHECKSUM_SIZE as u64;
                }
                position.offset += bytes.len() as u64;
            }
            self.cache.remove(operation.key);
            let (key, expires_ms) = (operation.key, operation.expires_ms);
            self.active.insert(&Entry { key, version: *version, expires_ms, value })?;
        }
        self.log.finish()
    }

    /// Begins to restore an entry whose value of `length` bytes comes in pieces, as that of [`Database::begin_put`] does.
    /// Says whether it is to come: it is not when it is there already.
    pub fn begin_restored_put(
        &mut self,
        key: &[u8],
        length: usize,
        expires_ms: u64,
        version: u64,
        now_ms: u64,
    ) -> Result<bool, Failure> {
        let record_version = self.target()?;
        self.abort_put();
        self.keep_pace(now_ms)?;
        if self.has_exactly(key, version)? {
            return Ok(false);
        }
        self.active.reserve(key.len(), 1)?;
        let start = [&payload::restored_head(false)[..], &payload::restored_version(version)].concat();
        self.begin_large(&NewLargePut { key, length, expires_ms, version, record_version }, &start, true)?;
        Ok(true)
    }

    /// Ends the restore: the version that is restored is whole, and the newest one. Durable after the next [`Database::sync`].
    pub fn end_restore(&mut self) -> Result<(), Failure> {
        let version = self.target()?;
        self.abort_put();
        self.log.append(version, &payload::restored_head(true))?;
        self.version = version;
        self.restoring = None;
        Ok(())
    }

    fn target(&self) -> Result<u64, Failure> {
        self.restoring.ok_or_else(|| Failure::new(Status::InvalidRequest, "no restore was begun"))
    }

    fn has_exactly(&self, key: &[u8], version: u64) -> Result<bool, Failure> {
        let sealed = self.sealed.as_ref().map(|sealed| &sealed.memtable);
        for memtable in std::iter::once(&self.active).chain(sealed) {
            if memtable.get(key, version).is_some_and(|entry| entry.version == version) {
                return Ok(true);
            }
        }
        Ok(self.table.get(key, version, |found| found.version == version)? == Some(true))
    }
}
