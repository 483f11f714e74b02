//! Commits. A commit is written to the log and to the active memtable, and nowhere else.

use super::Database;
use super::payload::{self, Operation};
use super::store::Store;
use super::times::UNKNOWN_MS;
use super::value_log::LargeValue;
use crate::abbreviation::Common;
use crate::disk::Disk;
use crate::entry::{Entry, Value};
use crate::expiry::Expiry;
use crate::failure::{Failure, FailureKind};
use crate::version::Version;

/// A put whose value comes in pieces.
pub(super) struct LargePut {
    key: Vec<u8>,
    version: Version,
    expires: Option<Expiry>,
    value: LargeValue,
    /// Whether it is an entry of a backup. Then it is no commit of its own.
    is_restored: bool,
}

/// The version of a commit.
#[derive(Clone, Copy)]
pub(super) enum At {
    /// The next one, at this time.
    Now(u64),
    /// That of a commit of another database, whose time is not known here.
    Version(Version),
}

/// A put whose value comes later.
pub(super) struct NewLargePut<'a> {
    pub key: &'a [u8],
    pub length: usize,
    pub expires: Option<Expiry>,
    /// The version of the entry.
    pub version: Version,
    /// The version of its record in the log.
    pub record_version: Version,
}

impl<D: Disk> Database<D> {
    /// Commits all operations or none; returns their version. If a key comes twice, its last operation counts.
    /// The commit is visible at once, and durable after the next [`Database::sync`].
    pub fn commit(&mut self, operations: &[Operation<'_>], now_ms: u64) -> Result<Version, Failure> {
        let store = self.committing()?;
        store.keep_pace(now_ms)?;
        match operations {
            [] => Ok(store.clock.newest()),
            [_] => store.commit_distinct(operations, &[], At::Now(now_ms)),
            _ => store.commit_distinct(&last_of_each_key(operations), &[], At::Now(now_ms)),
        }
    }

    /// Begins a put whose value of `length` bytes comes in pieces. Any other write before its end cancels it.
    pub fn begin_put(
        &mut self,
        key: &[u8],
        length: usize,
        expires: Option<Expiry>,
        now_ms: u64,
    ) -> Result<(), Failure> {
        let store = self.committing()?;
        store.keep_pace(now_ms)?;
        if !store.values.keeps(length) {
            return Err(Failure::new(
                FailureKind::InvalidRequest,
                "a value that is put in pieces must stay in the log",
            ));
        }
        store.memtables.reserve(key.len(), 1)?;
        let version = store.next_version(now_ms)?;
        let put = NewLargePut { key, length, expires, version, record_version: version };
        let put = store.begin_large(&put, &payload::operations_head(), false)?;
        self.begin_pieces(put);
        Ok(())
    }

    /// Adds a piece to the value of the put that was begun.
    pub fn extend_put(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let (put, store) = self.putting()?;
        store.values.extend_value(&mut put.value, bytes)
    }

    /// Commits the put that was begun, with all its pieces; returns its version. The put is over then, even after a failure.
    pub fn finish_put(&mut self) -> Result<Version, Failure> {
        let (put, store) = self.putting()?;
        let finished = store.finish_large(put);
        if finished.is_ok() {
            drop(self.end_pieces());
        } else {
            self.abort_put();
        }
        finished
    }
}

impl<D: Disk> Store<D> {
    /// Commits operations of different keys, in their order. Those that `is_operand` marks
    /// have encoded operands as their values.
    pub fn commit_distinct(
        &mut self,
        operations: &[Operation<'_>],
        is_operand: &[bool],
        at: At,
    ) -> Result<Version, Failure> {
        let kept = operations.iter().map(|operation| self.values.kept_size_of(operation)).sum();
        self.memtables.reserve(kept, operations.len())?;
        let mut prepared = self.values.prepare(operations.iter());
        let version = match at {
            At::Now(ms) => self.next_version(ms)?,
            At::Version(version) => {
                self.say_time(UNKNOWN_MS)?;
                version
            }
        };
        let mut position = self.values.begin(version, &payload::operations_head(), prepared.size)?;
        for (index, operation) in operations.iter().enumerate() {
            let &Operation { key, value, expires } = operation;
            if let Some(bytes) = value {
                self.counters.put(key.len() + bytes.len());
            } else {
                self.counters.delete();
            }
            let value = match value {
                Some(operand) if is_operand.get(index) == Some(&true) => {
                    self.values.add_operand(&mut position, (key, operand, expires))?;
                    Value::Operand(operand)
                }
                _ => self.values.add(&mut position, &[], operation, &mut prepared)?,
            };
            self.finds.written(key, operation.value.is_some());
            self.memtables.insert(&Entry { key, version, expires, value })?;
        }
        self.values.finish()?;
        self.clock.committed(version);
        self.counters.commit();
        Ok(version)
    }

    /// Begins the record of a value that comes in pieces, with `start` before its operation.
    pub fn begin_large(&mut self, put: &NewLargePut<'_>, start: &[u8], is_restored: bool) -> Result<LargePut, Failure> {
        let &NewLargePut { key, length, expires, version, record_version } = put;
        let value = self.values.begin_value(record_version, start, (key, length, expires))?;
        Ok(LargePut { key: key.to_vec(), version, expires, value, is_restored })
    }

    fn finish_large(&mut self, put: &LargePut) -> Result<Version, Failure> {
        let value = self.values.finish_value(&put.value)?;
        self.finds.written(&put.key, true);
        self.memtables.insert(&Entry { key: &put.key, version: put.version, expires: put.expires, value })?;
        if !put.is_restored {
            self.clock.committed(put.version);
            self.counters.commit();
        }
        self.counters.put(put.key.len() + put.value.length());
        Ok(put.version)
    }

    /// The version of the next commit. It counts as used once the commit is done. The log says the time if that is due.
    fn next_version(&mut self, now_ms: u64) -> Result<Version, Failure> {
        if let Some(due) = self.clock.due() {
            self.values.append(due.version, &payload::encode_reservation(due.last))?;
            let at = self.values.end();
            self.values.begin_sync()?;
            self.clock.reserve(due, at);
        }
        if let Some(at) = self.clock.awaited() {
            self.values.ensure_durable(at)?;
        }
        self.say_time(now_ms)?;
        Ok(self.clock.next())
    }

    /// Writes the time of the next commits into the log, if that is due. The record has the version before them: if a crash leaves it
    /// without the next one, nothing says that this was committed.
    #[inline(never)]
    fn say_time(&mut self, ms: u64) -> Result<(), Failure> {
        if self.checkpointer.times().is_due(ms) {
            let newest = self.clock.newest();
            self.values.append(newest, &payload::encode_time(ms))?;
            self.checkpointer.times_mut().begin(newest.next(), ms);
        }
        Ok(())
    }
}

/// An operation with the start of its key as an integer, and its index.
pub(super) type Ordered<'o, 'a> = (u64, usize, &'o Operation<'a>);

/// The operations in the order of the keys. Of one key the last one comes first. Most of the order is that of integers: comparing bytes is slow in WebAssembly.
#[inline(never)]
pub(super) fn in_order<'o, 'a>(operations: &'o [Operation<'a>]) -> Vec<Ordered<'o, 'a>> {
    let mut common = Common::default();
    for operation in operations {
        common.admit(operation.key);
    }
    let mut order: Vec<Ordered<'o, 'a>> =
        operations.iter().enumerate().map(|(i, each)| (common.abbreviate(each.key), i, each)).collect();
    order.sort_by(|(a, i, left), (b, j, right)| a.cmp(b).then_with(|| left.key.cmp(right.key)).then_with(|| j.cmp(i)));
    order
}

fn last_of_each_key<'a>(operations: &[Operation<'a>]) -> Vec<Operation<'a>> {
    let mut order = in_order(operations);
    order.dedup_by(|(a, _, left), (b, _, right)| a == b && left.key == right.key);
    order.into_iter().map(|(_, _, operation)| *operation).collect()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::{Operation, last_of_each_key};

    proptest! {
        #[test]
        fn the_last_operation_of_each_key_stays_in_the_order_of_the_keys(
            shared in vec(any::<u8>(), 0..12),
            tails in vec(vec(0..3_u8, 0..11), 0..100),
        ) {
            let keys: Vec<Vec<u8>> = tails.iter().map(|tail| [&shared[..], tail].concat()).collect();
            let values: Vec<[u8; 8]> = (0..keys.len() as u64).map(u64::to_le_bytes).collect();
            let operations: Vec<Operation<'_>> =
                keys.iter().zip(&values).map(|(key, value)| Operation { key, value: Some(value), expires: None }).collect();
            let expected: std::collections::BTreeMap<&[u8], Operation<'_>> =
                operations.iter().map(|operation| (operation.key, *operation)).collect();
            prop_assert_eq!(last_of_each_key(&operations), expected.into_values().collect::<Vec<_>>());
        }
    }
}
