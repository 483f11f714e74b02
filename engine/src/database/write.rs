//! Commits: to the log and to the active memtable, and nowhere else.

use xxhash_rust::xxh64::Xxh64;

use super::Database;
use super::payload::{self, Operation, VALUE_CHECKSUM_SIZE};
use crate::disk::Disk;
use crate::entry::{Entry, Value};
use crate::failure::Failure;
use crate::log::Position;
use crate::status::Status;

/// Versions are reserved ahead in the log by this many, so that none is used twice, also after a crash that lost commits.
const RESERVED_VERSIONS: u64 = 1 << 20;

/// A put whose value comes in pieces.
pub(super) struct LargePut {
    key: Vec<u8>,
    version: u64,
    expires_ms: u64,
    /// Where the value stands.
    position: Position,
    length: usize,
    hasher: Box<Xxh64>,
    /// Whether it is of a backup: then it is no commit of its own.
    is_restored: bool,
}

/// What is known of a put before its value comes.
pub(super) struct NewLargePut<'a> {
    pub key: &'a [u8],
    pub length: usize,
    pub expires_ms: u64,
    /// The version of the entry.
    pub version: u64,
    /// The version of its record in the log.
    pub record_version: u64,
}

impl<D: Disk> Database<D> {
    /// Commits operations, all or none of them; returns their version. Where a key comes twice, the last one counts.
    /// Visible at once; durable after the next [`Database::sync`].
    pub fn commit(&mut self, operations: &[Operation<'_>], now_ms: u64) -> Result<u64, Failure> {
        self.assert_writable()?;
        // One that was begun and given up, by a host that ran out of memory.
        self.abort_put();
        self.keep_pace(now_ms)?;
        match operations {
            [] => Ok(self.version),
            [_] => self.commit_distinct(operations),
            _ => self.commit_distinct(&last_of_each_key(operations)),
        }
    }

    fn commit_distinct(&mut self, operations: &[Operation<'_>]) -> Result<u64, Failure> {
        let logged_size = self.options.logged_size;
        let kept =
            |operation: &Operation<'_>| operation.key.len() + operation.value.map_or(0, <[u8]>::len).min(logged_size);
        self.active.reserve(operations.iter().map(kept).sum(), operations.len())?;
        let size = operations.iter().map(|operation| payload::operation_size(operation, logged_size)).sum::<usize>();
        let version = self.next_version()?;
        let mut position = self.log.begin(version, size + 1)?;
        self.log.extend(&payload::operations_head())?;
        position.offset += 1;
        for operation in operations {
            let head = payload::operation_head(operation, logged_size);
            self.log.extend(head.bytes())?;
            self.log.extend(operation.key)?;
            position.offset += (head.bytes().len() + operation.key.len()) as u64;
            let mut value = operation.value.map_or(Value::Deleted, Value::Inline);
            if let Some(bytes) = operation.value {
                self.log.extend(bytes)?;
                if head.is_logged {
                    self.log.extend(&payload::value_checksum(bytes))?;
                    value = Value::Logged { position: position.packed(), length: bytes.len() as u32 };
                    position.offset += VALUE_CHECKSUM_SIZE as u64;
                }
                position.offset += bytes.len() as u64;
                self.gaps.part(operation.key);
                self.counters.puts += 1;
                self.counters.put_bytes += (operation.key.len() + bytes.len()) as u64;
            } else {
                self.counters.deletes += 1;
            }
            self.cache.remove(operation.key);
            self.active.insert(&Entry { key: operation.key, version, expires_ms: operation.expires_ms, value })?;
        }
        self.log.finish()?;
        self.version = version;
        self.counters.commits += 1;
        Ok(version)
    }

    /// Begins a put whose value of `length` bytes comes in pieces. Whatever writes before its end gives it up.
    pub fn begin_put(&mut self, key: &[u8], length: usize, expires_ms: u64, now_ms: u64) -> Result<(), Failure> {
        self.assert_writable()?;
        self.abort_put();
        self.keep_pace(now_ms)?;
        if length < self.options.logged_size {
            return Err(Failure::new(Status::InvalidRequest, "a value that is put in pieces must stay in the log"));
        }
        self.active.reserve(key.len(), 1)?;
        let version = self.next_version()?;
        let put = NewLargePut { key, length, expires_ms, version, record_version: version };
        self.begin_large(&put, &payload::operations_head(), false)
    }

    /// Begins the record of a value that comes in pieces, with `start` in front of its operation.
    pub(super) fn begin_large(
        &mut self,
        put: &NewLargePut<'_>,
        start: &[u8],
        is_restored: bool,
    ) -> Result<(), Failure> {
        let &NewLargePut { key, length, expires_ms, version, record_version } = put;
        let head = payload::large_put_head(key, length, expires_ms);
        let start = [start, head.bytes(), key].concat();
        let mut position = self.log.begin(record_version, start.len() + length + VALUE_CHECKSUM_SIZE)?;
        position.offset += start.len() as u64;
        self.log.extend(&start)?;
        let (key, hasher) = (key.to_vec(), Box::new(Xxh64::new(0)));
        self.large_put = Some(LargePut { key, version, expires_ms, position, length, hasher, is_restored });
        Ok(())
    }

    /// Adds a piece to the value of the put that was begun.
    pub fn extend_put(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let Some(put) = &mut self.large_put else { return Err(no_put()) };
        put.hasher.update(bytes);
        self.log.extend(bytes)
    }

    /// Commits the put that was begun; returns its version.
    pub fn finish_put(&mut self) -> Result<u64, Failure> {
        let Some(put) = self.large_put.take() else { return Err(no_put()) };
        self.log.extend(&put.hasher.digest().to_le_bytes())?;
        self.log.finish()?;
        let value = Value::Logged { position: put.position.packed(), length: put.length as u32 };
        self.cache.remove(&put.key);
        self.gaps.part(&put.key);
        self.active.insert(&Entry { key: &put.key, version: put.version, expires_ms: put.expires_ms, value })?;
        if !put.is_restored {
            self.version = put.version;
            self.counters.commits += 1;
        }
        self.counters.puts += 1;
        self.counters.put_bytes += (put.key.len() + put.length) as u64;
        Ok(put.version)
    }

    /// Forgets the put that was begun, if there is one.
    pub fn abort_put(&mut self) {
        if self.large_put.take().is_some() {
            self.log.abort();
        }
    }

    /// A version for the next commit; it is used once the commit is done. The next range is reserved long before its first
    /// version is used: a host that syncs later has done so by then. Not so the first range of a life: the host must wait.
    pub(super) fn next_version(&mut self) -> Result<u64, Failure> {
        if self.version + RESERVED_VERSIONS / 2 >= self.reserved {
            self.version += 1;
            self.reserved = self.version + RESERVED_VERSIONS;
            self.log.append(self.version, &payload::encode_reservation(self.reserved))?;
            self.log.sync()?;
        }
        Ok(self.version + 1)
    }

    pub(super) fn assert_writable(&self) -> Result<(), Failure> {
        if self.options.read_only {
            return Err(Failure::new(Status::InvalidRequest, "the database is open for reading only"));
        }
        Ok(())
    }
}

fn no_put() -> Failure {
    Failure::new(Status::InvalidRequest, "no put was begun")
}

fn last_of_each_key<'a>(operations: &[Operation<'a>]) -> Vec<Operation<'a>> {
    let mut sorted = operations.to_vec();
    sorted.reverse();
    sorted.sort_by_key(|operation| operation.key);
    sorted.dedup_by_key(|operation| operation.key);
    sorted
}
